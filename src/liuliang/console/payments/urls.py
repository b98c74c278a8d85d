"""Addresses of this area; names are in the console namespace."""

from __future__ import annotations

from django.urls import path

from liuliang.console.payments import accounts, refusals

refusals.install()

urlpatterns = [
    path("", accounts.accounts, name="payment-accounts"),
    path("<str:adapter>/", accounts.account, name="payment-account"),
    path("<str:adapter>/check/", accounts.check, name="check-payment-account"),
    path("<str:adapter>/switch/", accounts.switch, name="switch-payment-account"),
]

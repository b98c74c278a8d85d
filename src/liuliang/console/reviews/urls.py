"""Addresses of this area; names are in the console namespace."""

from __future__ import annotations

from django.urls import path

from liuliang.console.reviews import page, refusals

refusals.install()

urlpatterns = [
    path("", page.reviews, name="reviews"),
    path("subscribe/", page.begin, name="subscribe-review"),
    path("unsubscribe/", page.end, name="unsubscribe-review"),
]

"""Addresses of this area; names are in the console namespace."""

from __future__ import annotations

from django.urls import path

from liuliang.console.alerts import detail, editor, listing, mailing, refusals

refusals.install()

urlpatterns = [
    path("", listing.listing, name="alerts"),
    path("new/", editor.new, name="new-alert"),
    path("mail/", mailing.settings, name="alert-mail"),
    path("mail/test/", mailing.test, name="test-mail"),
    path("firings/<str:firing>/take/", detail.take, name="take-firing"),
    path("<str:alert>/", detail.alert, name="alert"),
    path("<str:alert>/edit/", editor.edit, name="edit-alert"),
    path("<str:alert>/mute/", detail.mute, name="mute-alert"),
    path("<str:alert>/resume/", detail.resume, name="resume-alert"),
    path("<str:alert>/delete/", detail.remove, name="delete-alert"),
]

"""Addresses of imports."""

from __future__ import annotations

from django.urls import path

from liuliang.console.imports import mending, refusals, views

refusals.install()

urlpatterns = [
    path("", views.imports, name="imports"),
    path("upload/", views.upload, name="import-upload"),
    path("<str:given>/", views.show, name="import"),
    path("<str:given>/card/", views.card, name="import-card"),
    path("<str:given>/examine/", views.examine, name="import-examine"),
    path("<str:given>/start/", views.start, name="import-start"),
    path("<str:given>/cancel/", views.cancel, name="import-cancel"),
    path("<str:given>/problems/", mending.problems, name="import-problems"),
]

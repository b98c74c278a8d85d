"""Addresses of the frame: include them as ``path("", include("liuliang.ui.urls"))``."""

from __future__ import annotations

from django.urls import path

from liuliang.ui import views

app_name = "ui"
urlpatterns = [
    path("static/liuliang/<str:name>", views.asset, name="asset"),
    path("language/", views.language, name="language"),
    # Browsers ask for it beside whatever they show that names no icon: a picture, a download, an error.
    path("favicon.ico", views.favicon, name="favicon"),
]

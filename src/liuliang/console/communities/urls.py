"""Addresses of this area; names are in the console namespace."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("<str:community>/", include("liuliang.console.communities.dashboard_urls")),
]

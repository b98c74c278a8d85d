"""Addresses of this area; names are in the console namespace."""

from __future__ import annotations

from django.urls import path

from liuliang.console.health import deciding, group, listing, refusals

refusals.install()

urlpatterns = [
    path("", listing.listing, name="health"),
    path("weights/", deciding.weigh, name="health-weights"),
    path("<str:community>/", group.group, name="community-health"),
    path("<str:community>/stage/", deciding.stage, name="community-stage"),
]

"""Addresses of this area; names are in the console namespace."""

from __future__ import annotations

from django.urls import path

from liuliang.console.capacity import deciding, groups, listing, refusals

refusals.install()

urlpatterns = [
    path("", listing.people, name="capacity"),
    path("groups/", groups.groups, name="capacity-groups"),
    path("limits/", deciding.change, name="capacity-limits"),
    path("<str:colleague>/", deciding.change_own, name="colleague-capacity"),
]

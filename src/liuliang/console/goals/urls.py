"""Addresses of this area; names are in the console namespace."""

from __future__ import annotations

from django.urls import path

from liuliang.console.goals import listing, refusals

refusals.install()

urlpatterns = [
    path("", listing.listing, name="goals"),
    path("new/", listing.new, name="new-goal"),
    path("of/<str:community>/", listing.of_community, name="community-goals"),
    path("<str:goal>/delete/", listing.remove, name="delete-goal"),
]

"""Addresses of this area; names are in the console namespace."""

from __future__ import annotations

from django.urls import path

from liuliang.console.families import editing, family, invitations, listing, refusals

refusals.install()

urlpatterns = [
    path("", listing.families, name="families"),
    path("new/", editing.new, name="new-family"),
    path("invitations/<str:invitation>/end/", invitations.end, name="end-family-invitation"),
    path("<str:family>/", family.family, name="family"),
    path("<str:family>/edit/", editing.edit, name="edit-family"),
    path("<str:family>/dissolve/", editing.dissolve, name="dissolve-family"),
    path("<str:family>/invite/", family.ask, name="invite-to-tier"),
    path("<str:family>/invitations/", invitations.listed, name="family-invitations"),
]

"""Addresses of this area; names are in the console namespace."""

from __future__ import annotations

from django.urls import include, path

from liuliang.console.communities import circle, editing, listing, refusals

refusals.install()

urlpatterns = [
    path("", listing.communities, name="communities"),
    path("new/", editing.new, name="new-community"),
    path("circles/<str:circle>/", circle.circle, name="circle"),
    path("circles/<str:circle>/change/", circle.change, name="change-circle"),
    path("circles/<str:circle>/add/", circle.add, name="add-to-circle"),
    path("circles/<str:circle>/take/", circle.take, name="take-from-circle"),
    path("circles/<str:circle>/disband/", circle.disband, name="disband-circle"),
    path("circles/<str:circle>/restore/", circle.restore, name="restore-circle"),
    path("<str:community>/plan/", editing.plan, name="community-plan"),
    path("<str:community>/plan/blueprint/", editing.blueprint, name="community-blueprint"),
    path("<str:community>/plan/identity/", editing.identity, name="community-identity"),
    path("<str:community>/edit/", editing.edit, name="community-edit"),
    path("<str:community>/transform/", editing.transform, name="community-transform"),
    path("<str:community>/move/", editing.move, name="community-move"),
    path("<str:community>/archive/", editing.archive, name="community-archive"),
    path("<str:community>/restore/", editing.restore, name="community-restore"),
    path("<str:community>/", include("liuliang.console.communities.dashboard_urls")),
]

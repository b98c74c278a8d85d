"""Addresses of this area; names are in the console namespace."""

from __future__ import annotations

from django.urls import path

from liuliang.console.partners import editing, listing, partner, refusals, settlements

refusals.install()

urlpatterns = [
    path("", listing.partners, name="partners"),
    path("new/", editing.new, name="new-partner"),
    path("claim/", editing.claim, name="claim-order-for-partner"),
    path("plans/", listing.plans, name="partner-plans"),
    path("plans/new/", editing.new_plan, name="new-partner-plan"),
    path("plans/<str:partner_plan>/stop/", editing.stop, name="stop-partner-plan"),
    path("materials/new/", editing.new_material, name="new-partner-material"),
    path("materials/<str:material>/", editing.material, name="partner-material"),
    path("settlements/", settlements.settlements, name="settlements"),
    path("settlements/new/", settlements.new, name="new-settlement"),
    path("settlements/<str:settlement>/", settlements.settlement, name="settlement"),
    path("settlements/<str:settlement>/export/", settlements.export, name="export-settlement"),
    path("settlements/<str:settlement>/confirm/", settlements.confirm, name="confirm-settlement"),
    path("settlements/<str:settlement>/cancel/", settlements.cancel, name="cancel-settlement"),
    path("<str:partner>/", partner.partner, name="partner"),
    path("<str:partner>/edit/", editing.edit, name="edit-partner"),
    path("<str:partner>/bind/", editing.bind, name="bind-to-partner"),
]

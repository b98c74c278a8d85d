"""Addresses of this area; names are in the console namespace."""

from __future__ import annotations

from django.urls import path

from liuliang.console.partners import editing, listing, materials, partner, ranking, refusals, settlements, training

refusals.install()

urlpatterns = [
    path("", listing.partners, name="partners"),
    path("new/", editing.new, name="new-partner"),
    path("claim/", editing.claim, name="claim-order-for-partner"),
    path("plans/", listing.plans, name="partner-plans"),
    path("plans/new/", editing.new_plan, name="new-partner-plan"),
    path("plans/<str:partner_plan>/stop/", editing.stop, name="stop-partner-plan"),
    path("ranking/", ranking.ranking, name="partner-ranking"),
    path("materials/", materials.materials, name="partner-materials"),
    path("materials/new/", materials.new_material, name="new-partner-material"),
    path("materials/<str:material>/", materials.edit_material, name="partner-material"),
    path("materials/<str:material>/picture.jpg", materials.picture, name="partner-material-picture"),
    path("training/", training.training, name="partner-training"),
    path("training/new/", training.new_item, name="new-partner-training"),
    path("training/<str:training_item>/", training.edit_item, name="edit-partner-training"),
    path("settlements/", settlements.settlements, name="settlements"),
    path("settlements/new/", settlements.new, name="new-settlement"),
    path("settlements/<str:settlement>/", settlements.settlement, name="settlement"),
    path("settlements/<str:settlement>/export/", settlements.export, name="export-settlement"),
    path("settlements/<str:settlement>/confirm/", settlements.confirm, name="confirm-settlement"),
    path("settlements/<str:settlement>/cancel/", settlements.cancel, name="cancel-settlement"),
    path("<str:partner>/", partner.partner, name="partner"),
    path("<str:partner>/edit/", editing.edit, name="edit-partner"),
    path("<str:partner>/bind/", editing.bind, name="bind-to-partner"),
    path("<str:partner>/materials/<str:material>/poster.png", materials.poster, name="partner-poster"),
    path("<str:partner>/training/<str:training_item>/done/", training.note, name="note-partner-training"),
    path("<str:partner>/training/<str:training_item>/undo/", training.take_back, name="take-back-partner-training"),
]

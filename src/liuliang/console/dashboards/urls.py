"""Addresses of this area; names are in the console namespace."""

from __future__ import annotations

from django.urls import path

from liuliang.console.dashboards import arranging, board, cards, listing, putting, refusals

refusals.install()

urlpatterns = [
    path("", listing.dashboards, name="dashboards"),
    path("new/", listing.new_dashboard, name="new-dashboard"),
    path("put/", putting.put, name="put-card"),
    path("cards/<str:card>/", cards.card, name="card"),
    path("cards/<str:own_card>/edit/", cards.edit_card, name="edit-card"),
    path("cards/<str:own_card>/move/", arranging.move, name="move-card"),
    path("cards/<str:own_card>/width/", arranging.widen, name="widen-card"),
    path("cards/<str:own_card>/copy/", arranging.copy, name="copy-card"),
    path("cards/<str:own_card>/remove/", arranging.remove, name="remove-card"),
    path("cards/<str:own_card>/restore/", arranging.restore, name="restore-card"),
    path("<str:dashboard>/", board.dashboard, name="dashboard"),
    path("<str:dashboard>/copy/", board.copy, name="copy-dashboard"),
    path("<str:own_dashboard>/settings/", board.settings, name="dashboard-settings"),
    path("<str:own_dashboard>/share/", board.share, name="share-dashboard"),
    path("<str:own_dashboard>/delete/", board.remove, name="delete-dashboard"),
    path("<str:own_dashboard>/cards/new/", cards.new_card, name="new-card"),
]

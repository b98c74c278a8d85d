"""Addresses of this area; names are in the console namespace."""

from __future__ import annotations

from django.urls import path

from liuliang.console.overview import views

urlpatterns = [
    path("", views.overview, name="overview"),
    path("sold/", views.sold, name="overview-sold"),
    path("attention/", views.attention, name="attention"),
]

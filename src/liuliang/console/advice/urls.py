"""Addresses of this area; names are in the console namespace."""

from __future__ import annotations

from django.urls import path

from liuliang.console.advice import views

urlpatterns = [
    path("", views.advice, name="advice"),
    path("people/<str:pattern>/", views.people, name="advice-people"),
    path("lost/", views.lost, name="advice-lost"),
    path("hours/", views.hours, name="advice-hours"),
]

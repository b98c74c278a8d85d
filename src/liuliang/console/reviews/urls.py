"""Addresses of this area; names are in the console namespace."""

from __future__ import annotations

from django.urls import path

from liuliang.console.reviews import page

urlpatterns = [path("", page.reviews, name="reviews")]

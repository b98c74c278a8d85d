"""Addresses of this area; names are in the console namespace."""

from __future__ import annotations

from django.urls import path

from liuliang.console.winback import board, editing, refusals, taking

refusals.install()

urlpatterns = [
    path("", board.winback, name="winback"),
    path("rules/", editing.rules, name="winback-rules"),
    path("cycle/", editing.cycle, name="winback-cycle"),
    path("segment/", taking.segment, name="winback-segment"),
    path("export/", taking.export, name="winback-export"),
]

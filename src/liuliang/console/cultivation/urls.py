"""Addresses of this area; names are in the console namespace."""

from __future__ import annotations

from django.urls import path

from liuliang.console.cultivation import candidates, refusals

refusals.install()

urlpatterns = [
    path("", candidates.candidates, name="candidates"),
    path("<str:candidate_kind>/criteria/", candidates.criteria, name="candidate-criteria"),
    path("<str:candidate_kind>/add/", candidates.add, name="add-candidates"),
    path("<str:candidacy>/move/", candidates.move, name="move-candidate"),
]

"""Addresses of this area; names are in the console namespace."""

from __future__ import annotations

from django.urls import path

from liuliang.console.segments import detail, editor, keep, layers, listing, refusals

refusals.install()

urlpatterns = [
    path("", listing.segments, name="segments"),
    path("new/", editor.new, name="new-segment"),
    path("keep/", keep.keep_chosen, name="members-keep"),
    path("layers/", layers.layers, name="layers"),
    path("layers/<str:dimension>/rules/", layers.rules, name="layer-rules"),
    path("layers/correct/<str:member>/<str:dimension>/", layers.correct, name="correct-layer"),
    path("<str:segment>/", detail.segment, name="segment"),
    path("<str:segment>/edit/", editor.edit, name="edit-segment"),
    path("<str:segment>/why/", detail.why, name="segment-why"),
    path("<str:segment>/delete/", detail.remove, name="delete-segment"),
]

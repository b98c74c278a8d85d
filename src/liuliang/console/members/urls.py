"""Addresses of this area; names are in the console namespace."""

from __future__ import annotations

from django.urls import path

from liuliang.console.analysis import predictions
from liuliang.console.members import editing, member, proposals, refusals, surveys, tags, views

refusals.install()

urlpatterns = [
    path("", views.members, name="members"),
    path("search/", views.search, name="search"),
    path("tag/", views.tag_chosen, name="members-tag"),
    path("untag/", views.untag_chosen, name="members-untag"),
    path("tags/", tags.tags, name="tags"),
    path("tags/groups/new/", tags.new_group, name="new-tag-group"),
    path("tags/groups/<int:group_id>/", tags.group, name="tag-group"),
    path("tags/groups/<int:group_id>/delete/", tags.remove_group, name="delete-tag-group"),
    path("tags/groups/<int:group_id>/new/", tags.new_tag, name="new-tag"),
    path("tags/<int:tag_id>/", tags.tag, name="tag"),
    path("tags/<int:tag_id>/delete/", tags.remove_tag, name="delete-tag"),
    path("fields/new/", tags.new_field, name="new-field"),
    path("fields/<int:field_id>/", tags.field, name="field"),
    path("fields/<int:field_id>/delete/", tags.remove_field, name="delete-field"),
    path("proposals/", proposals.listed, name="proposals"),
    path("proposals/<int:proposal_id>/accept/", proposals.accept, name="accept-proposal"),
    path("proposals/<int:proposal_id>/reject/", proposals.reject, name="reject-proposal"),
    path("proposals/<int:proposal_id>/undo/", proposals.undo, name="undo-proposal"),
    path("<str:member>/", member.member, name="member"),
    path("<str:member>/forecast/", predictions.of_member, name="member-forecast"),
    path("<str:member>/timeline/", member.timeline, name="member-timeline"),
    path("<str:member>/field/<str:key>/", editing.field, name="member-field"),
    path("<str:member>/field/<str:key>/edit/", editing.attribute, name="member-attribute"),
    path("<str:member>/tag/", editing.tag, name="member-tag"),
    path("<str:member>/untag/<int:tag_id>/", editing.untag, name="member-untag"),
    path("<str:member>/retag/<int:tag_id>/", editing.retag, name="member-retag"),
    path("<str:member>/needs/", editing.needs, name="member-needs"),
    path("<str:member>/answers/", surveys.answer, name="member-answer"),
    path("<str:member>/notes/", editing.note, name="member-note"),
    path("<str:member>/notes/<int:note_id>/delete/", editing.remove_note, name="member-delete-note"),
    path("<str:member>/merge/", editing.merge, name="member-merge"),
    path("<str:member>/split/<int:merge_id>/", editing.split, name="member-split"),
    path("<str:member>/erase/", editing.erase, name="member-erase"),
]

"""The editor: a rule put together by clicking, with the count and a few of the people beside it."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from liuliang.accounts.permissions import MEMBERS_VIEW, ORDERS_VIEW, PERMISSIONS, POINTS_VIEW, SEGMENTS_EDIT
from liuliang.analytics.acts import needed_for
from liuliang.console import errors
from liuliang.console.doors import StaffRequest, page
from liuliang.console.leading import lead_to
from liuliang.console.members.listing import member_url, shown_name
from liuliang.console.segments.drafts import Draft, change, draft_of, filled_rule_of, judge, read_draft, rule_of, show
from liuliang.console.segments.widgets import Offers
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access
from liuliang.people.models import Community
from liuliang.segments.base import conditions
from liuliang.segments.models import Segment
from liuliang.segments.naming import StoredNames
from liuliang.segments.patterns import PATTERNS
from liuliang.segments.queries import Trial, sample, try_rule, visible
from liuliang.segments.rules import Rule, leaves, read_rule
from liuliang.segments.services import change_segment, create_segment

PART = "console/segments/builder.html"
INVALID = 422
SAVE = "save"
"""The button that saves; every other post of the form only shows what the draft means."""

_START = {"all": [{"if": "membership"}]}


@page(permission=SEGMENTS_EDIT, methods=("GET", "POST"))
def new(request: StaffRequest) -> HttpResponse:
    """Put a new segment together."""
    if request.method == "GET":
        told = _blank(request, request.GET.get("in", ""))
        pattern = PATTERNS.get(request.GET.get("like", ""))
        if pattern is None:
            return _page(request, told, draft_of(read_rule(_START)), None)
        told |= {"name": str(pattern.title), "description": str(pattern.todo)}
        return _page(request, told, draft_of(pattern.rule), None)
    told = _told(request, None)
    draft = read_draft(request.POST)
    change(draft, request.POST)
    if SAVE not in request.POST:
        return _page(request, told, draft, None)
    try:
        made = create_segment(
            told["name"],
            _ready(request.access, draft, told["place"]),
            community=told["place"],
            at=clock.now(),
            is_dynamic=told["is_dynamic"],
            description=told["description"],
        )
    except Refused as refused:
        return _page(request, told, draft, None, problem=errors.sentence(refused))
    messages.success(request, _("人群已建好。"))
    return _gone_to(request, made)


@page(permission=SEGMENTS_EDIT, methods=("GET", "POST"))
def edit(request: StaffRequest, segment: Segment) -> HttpResponse:
    """Change a segment."""
    if request.method == "GET":
        told: dict[str, Any] = {
            "name": segment.name,
            "description": segment.description,
            "is_dynamic": segment.is_dynamic,
            "place": segment.community,
        }
        draft = draft_of(read_rule(segment.rule)) if segment.rule else None
        return _page(request, told, draft, segment)
    told = _told(request, segment)
    draft = read_draft(request.POST) if segment.rule else None
    if draft is not None:
        change(draft, request.POST)
    if SAVE not in request.POST:
        return _page(request, told, draft, segment)
    try:
        changed = change_segment(
            segment,
            name=told["name"],
            rule=_ready(request.access, draft, segment.community) if draft else None,
            at=clock.now(),
            is_dynamic=told["is_dynamic"] and draft is not None,
            description=told["description"],
        )
    except Refused as refused:
        return _page(request, told, draft, segment, problem=errors.sentence(refused))
    messages.success(request, _("人群已更新。"))
    return _gone_to(request, changed)


def _page(
    request: StaffRequest,
    told: dict[str, Any],
    draft: Draft | None,
    segment: Segment | None,
    *,
    problem: str = "",
) -> HttpResponse:
    offers = Offers(request.access)
    trial, refusal = _tried(request.access, draft, told["place"])
    if draft is not None:
        show(draft, offers, trial)
    names = StoredNames()
    context = {
        "told": told,
        "segment": segment,
        "draft": draft,
        "problem": problem,
        "refusal": refusal,
        "trial": trial,
        "is_part": draft is not None and any(part.is_open for part in draft.walk()),
        "sample": [(shown_name(one), member_url(one), one) for one in sample(trial.members)] if trial else [],
        "impossible": [leaf.condition.sentence(leaf.config, names) for leaf in trial.impossible] if trial else [],
        "conditions": _offered(request.access),
        "places": place_options(request.access),
        "may_be_everywhere": request.access.may_everywhere(SEGMENTS_EDIT),
        "url": reverse("console:edit-segment", args=[segment.public_id]) if segment else reverse("console:new-segment"),
    }
    if request.htmx:
        return render(request, PART, context)
    return render(request, "console/segments/editor.html", context, status=INVALID if problem else 200)


def _tried(access: Access, draft: Draft | None, place: Community | None) -> tuple[Trial | None, str]:
    if draft is None:
        return None, ""
    try:
        judge(draft)
        rule = filled_rule_of(draft)
        if rule is None:
            return None, ""
        _check_reach(access, rule, place)
        return try_rule(rule, community=place.pk if place else None, at=clock.now()), ""
    except Refused as refused:
        return None, errors.sentence(refused)


def _ready(access: Access, draft: Draft, place: Community | None) -> Rule:
    judge(draft)
    rule = rule_of(draft)
    if rule is None:
        raise Refused("segment.rule_incomplete")
    _check_reach(access, rule, place)
    return rule


def _check_reach(access: Access, rule: Rule, place: Community | None) -> None:
    """Refuse segments one may not see, and conditions about what one may not see in the branch, such as orders or points."""
    named = {segment for leaf in leaves(rule) for segment in leaf.refs.segments}
    if named - set(visible(access, MEMBERS_VIEW).filter(pk__in=named).values_list("pk", flat=True)):
        raise Refused("segment.segment_gone")
    if any(leaf.refs.layers for leaf in leaves(rule)) and not access.may_everywhere(MEMBERS_VIEW):
        raise Refused("segment.layers_hidden")
    hidden = hidden_from(access, rule, place)
    if ORDERS_VIEW in hidden:
        raise Refused("segment.trade_hidden")
    if POINTS_VIEW in hidden:
        raise Refused("segment.points_hidden")
    for permission in sorted(hidden):
        raise Refused("segment.kind_hidden", permission=str(PERMISSIONS[permission].title))


def hidden_from(access: Access, rule: Rule, place: Community | None) -> set[str]:
    """Return the permissions that a rule's sets and facts need and somebody lacks in a branch, or everywhere."""
    may = partial(access.may, community=place) if place else access.may_everywhere
    return {permission for permission in _needed_by(rule) if not may(permission)}


def speaks_of_trade(rule: Rule) -> bool:
    """Tell whether a rule's sets and facts tell of orders."""
    return ORDERS_VIEW in _needed_by(rule)


def _needed_by(rule: Rule) -> set[str]:
    needed = {MEMBERS_VIEW}
    for leaf in leaves(rule):
        kinds = leaf.refs.kinds | leaf.condition.kinds(leaf.config)
        needed |= {leaf.condition.permission} - {""}
        needed |= set(needed_for(kinds))
    return needed


def _offered(access: Access) -> dict[str, list[Any]]:
    grouped: dict[str, list[Any]] = {}
    for condition in conditions():
        if not condition.permission or access.may(condition.permission):
            grouped.setdefault(str(condition.group), []).append(condition)
    return grouped


def place_options(access: Access) -> list[tuple[str, str]]:
    """Return the branches where somebody may make segments, as a tree."""
    rows = list(access.communities(SEGMENTS_EDIT).order_by("name").values_list("id", "public_id", "name", "path"))
    names = {row[0]: row[2] for row in rows}
    rows.sort(key=lambda row: [(names.get(step, ""), step) for step in row[3]])
    return [(public_id, "\u3000" * (len(names.keys() & set(path)) - 1) + name) for _id, public_id, name, path in rows]


def _blank(request: StaffRequest, public_id: str) -> dict[str, Any]:
    return {"name": "", "description": "", "is_dynamic": True, "place": chosen_place(request.access, public_id)}


def _told(request: StaffRequest, segment: Segment | None) -> dict[str, Any]:
    posted: QueryDict = request.POST
    place = segment.community if segment else chosen_place(request.access, posted.get("place", ""))
    return {
        "name": posted.get("name", "").strip(),
        "description": posted.get("description", "").strip(),
        "is_dynamic": posted.get("kept", "dynamic") == "dynamic",
        "place": place,
    }


def chosen_place(access: Access, public_id: str) -> Community | None:
    """Return the branch that was chosen; everywhere for those who may, else the first branch they may edit."""
    allowed = access.communities(SEGMENTS_EDIT)
    chosen = allowed.filter(public_id=public_id).first() if public_id else None
    if chosen is not None or access.may_everywhere(SEGMENTS_EDIT):
        return chosen
    return get_object_or_404(allowed.order_by("path", "id")[:1])


def _gone_to(request: StaffRequest, segment: Segment) -> HttpResponse:
    address = reverse("console:segment", args=[segment.public_id])
    return lead_to(request, address)

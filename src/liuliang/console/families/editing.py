"""Planning a family: its tiers from the top, who belongs in each, and their groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from liuliang.accounts.permissions import COMMUNITIES_EDIT, MEMBERS_VIEW
from liuliang.console import errors
from liuliang.console.doors import StaffRequest, page
from liuliang.console.families.ground import may_look
from liuliang.console.families.listing import FOLDER
from liuliang.console.segments.editor import hidden_from
from liuliang.families.belonging import Look, look_through, refs_of, tiers_of
from liuliang.families.models import Family, Tier
from liuliang.families.services import (
    INVITATION_LIMIT,
    LONGEST_WAIT,
    MOST_TIERS,
    NewTier,
    change_family,
    dissolve_family,
    make_family,
)
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access
from liuliang.segments.layering import dimensions
from liuliang.segments.queries import visible
from liuliang.segments.rules import Rule, Some, read_rule

INVALID = 422
USUAL_WAIT = 7


@dataclass(slots=True)
class Row:
    """A tier as the form holds it. ``who`` are choices of `_people`, ``groups`` public ids of communities."""

    name: str = ""
    who: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    invites: bool = True
    invitation: str = ""
    known: str = ""

    @property
    def says_something(self) -> bool:
        """Tell whether the row is meant as a tier."""
        return bool(self.name or self.who or self.groups)


def _ready_made() -> list[Row]:
    """Return the tiers that a new family starts with: of a brand that knows nothing but who talks."""
    return [
        Row(_("核心"), {"layer:activity:core"}),
        Row(_("活跃"), {"layer:activity:active"}),
        Row(_("新人"), {"layer:activity:new"}),
        Row(_("普通"), invites=False),
    ]


@page(permission=COMMUNITIES_EDIT, methods=("GET", "POST"))
def new(request: StaffRequest) -> HttpResponse:
    """Make a family, after a look at who would belong where."""
    return _edit(request, None)


@page(permission=COMMUNITIES_EDIT, methods=("GET", "POST"))
def edit(request: StaffRequest, family: Family) -> HttpResponse:
    """Change a family, after a look at who would belong where."""
    return _edit(request, family)


@page(permission=COMMUNITIES_EDIT, methods=("POST",))
def dissolve(request: StaffRequest, family: Family) -> HttpResponse:
    """Let a family be none any more."""
    dissolve_family(family, at=clock.now())
    messages.success(request, _("家族“{name}”已解散，群和群里的人都没有动。").format(name=family.name))
    return redirect("console:families")


def _edit(request: StaffRequest, family: Family | None) -> HttpResponse:
    access = request.access
    may_see = access.may_everywhere(MEMBERS_VIEW) and access.may_everywhere(COMMUNITIES_EDIT)
    if not may_see or (family is not None and not may_look(access, tiers_of(family))):
        return render(request, f"{FOLDER}/edit.html", {"family": family, "may_see": False})
    posted = request.POST if request.method == "POST" else None
    if posted is not None:
        name, steady, rows = posted.get("name", "").strip(), posted.get("steady_days", "").strip(), _read(posted)
    elif family is not None:
        name, steady, rows = family.name, str(family.steady_days), [_kept(tier) for tier in tiers_of(family)]
    else:
        name, steady, rows = "", str(USUAL_WAIT), _ready_made()
    problem, look = "", None
    if posted is not None:
        try:
            days = _days(steady)
            told = [_meant(access, row) for row in rows]
            if "save" in posted:
                kept = _save(family, name, told, days)
                messages.success(request, _("家族已保存。"))
                return redirect("console:family", kept.public_id)
            look = _tried(family, name, told, days)
        except Refused as refusal:
            problem = errors.sentence(refusal)
    people, groups = _people(access), _groups(access)
    context = {
        "family": family,
        "may_see": True,
        "name": name,
        "steady": steady,
        "longest": LONGEST_WAIT,
        "limit": INVITATION_LIMIT,
        "rows": [
            (
                number,
                row,
                [(title, [(value, words, value in row.who) for value, words in choices]) for title, choices in people],
                [(value, words, value in row.groups) for value, words in groups],
                sorted(words for value, words in groups if value in row.groups),
                [words for _title, choices in people for value, words in choices if value in row.who],
            )
            for number, row in enumerate([*rows, *[Row()] * (len(rows) < MOST_TIERS)])
        ],
        "problem": problem,
        "look": look,
    }
    return render(request, f"{FOLDER}/edit.html", context, status=INVALID if problem else 200)


def _save(family: Family | None, name: str, told: Sequence[NewTier], days: int) -> Family:
    if family is None:
        return make_family(name, told, steady_days=days, at=clock.now())
    change_family(family, name, told, steady_days=days, at=clock.now())
    return family


def _tried(family: Family | None, name: str, told: Sequence[NewTier], days: int) -> Look:
    """Return how the family would stand. It is made for that, and nothing of it is kept."""
    with transaction.atomic():
        look = look_through(_save(family, name, told, days), at=clock.now())
        transaction.set_rollback(True)
    return look


def _days(text: str) -> int:
    if not text.isdecimal() or int(text[:6]) > LONGEST_WAIT:
        raise Refused("family.steady", most=LONGEST_WAIT)
    return int(text)


def _read(posted: QueryDict) -> list[Row]:
    """Return the tiers of the form that say something, in their order."""
    rows = [
        Row(
            posted.get(f"name-{number}", "").strip(),
            set(posted.getlist(f"who-{number}")),
            set(posted.getlist(f"groups-{number}")),
            posted.get(f"invites-{number}") == "1",
            posted.get(f"invitation-{number}", "").strip(),
            posted.get(f"known-{number}", ""),
        )
        for number in range(MOST_TIERS)
    ]
    return [row for row in rows if row.says_something]


def _kept(tier: Tier) -> Row:
    refs = refs_of([tier])
    who = {f"layer:{dimension}:{layer}" for dimension, layer in refs.layers} | {
        f"segment:{each}" for each in refs.segments
    }
    groups = set(tier.tier_groups.values_list("community__public_id", flat=True))
    return Row(tier.name, who, groups, tier.invites, tier.invitation, str(tier.pk))


def _meant(access: Access, row: Row) -> NewTier:
    """Return the tier that a row means.

    Raises:
        Refused: ``family.group_gone``, ``family.who_gone``, or ``family.for_everybody``.
    """
    groups = list(
        access.communities(COMMUNITIES_EDIT)
        .filter(public_id__in=row.groups, is_group=True)
        .values_list("pk", flat=True)
    )
    if len(groups) < len(row.groups):
        raise Refused("family.group_gone")
    rule = _rule(access, row)
    if rule is not None and hidden_from(access, rule, None):
        raise Refused("family.for_everybody")
    known = int(row.known) if row.known.isdecimal() and len(row.known) < 18 else None
    return NewTier(row.name, rule, groups, row.invites, row.invitation, known)


def _rule(access: Access, row: Row) -> Rule | None:
    offered = {value for _title, choices in _people(access) for value, _words in choices}
    if row.who - offered:
        raise Refused("family.who_gone")
    layers: dict[str, list[str]] = {}
    parts: list[dict[str, Any]] = []
    for value in sorted(row.who):
        kind, _mark, rest = value.partition(":")
        if kind == "layer":
            dimension, _mark, layer = rest.partition(":")
            layers.setdefault(dimension, []).append(layer)
        else:
            parts.append({"if": "segment", "segment": int(rest)})
    parts = [*({"if": "layer", "dimension": key, "layers": some} for key, some in layers.items()), *parts]
    rule = read_rule({"any": parts}) if parts else None
    return rule.parts[0] if isinstance(rule, Some) and len(rule.parts) == 1 else rule


def _people(access: Access) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return who can be said to belong in a tier: layers by dimension, and segments."""
    found = [
        (str(one.title), [(f"layer:{one.key}:{key}", str(layer.title)) for key, layer in one.layers.items()])
        for one in dimensions()
        if not one.permission or access.may_everywhere(one.permission)
    ]
    segments = visible(access, MEMBERS_VIEW).order_by("name").values_list("pk", "name")
    return [*found, (_("人群"), [(f"segment:{pk}", name) for pk, name in segments])]


def _groups(access: Access) -> list[tuple[str, str]]:
    groups = access.communities(COMMUNITIES_EDIT).filter(is_group=True, archived_at=None)
    return list(groups.order_by("name").values_list("public_id", "name"))

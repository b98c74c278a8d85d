"""Levels: how many stand where, what growth and rights each has, and the ladder to change with a preview of who moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from liuliang.accounts.permissions import MEMBERS_VIEW, POINTS_MANAGE, POINTS_VIEW
from liuliang.console import errors
from liuliang.console.doors import StaffRequest, page
from liuliang.console.members.listing import shown_name
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.loyalty.accounts import GROWTH
from liuliang.loyalty.changing import change_ladder
from liuliang.loyalty.leveling import NewLevel, rises, who_would_fall
from liuliang.loyalty.levels import MONTHS, Move
from liuliang.loyalty.models import EarningRule, Level, MemberLevel
from liuliang.loyalty.validity import today
from liuliang.people.access import Access
from liuliang.people.models import Member

INVALID = 422
SPARE = 2
"""Empty lines that the form offers below the levels there are."""

MOST = 20
NAMED = 12
"""Members who are named of those who would fall."""

_FIELDS = ("key", "name", "threshold", "keep", "rights")


@dataclass(frozen=True, slots=True)
class Rung:
    """A level as it is drawn: how many members stand on it, and its bar in thousandths."""

    level: Level
    members: int
    width: int


@dataclass(frozen=True, slots=True)
class Falling:
    """Somebody who would step down as things stand."""

    member: Member
    name: str
    before: str
    after: str
    earned: str
    needed: str


@page(permission=POINTS_VIEW)
def levels(request: StaffRequest) -> HttpResponse:
    """Show the levels and who is about to fall."""
    rungs = list(Level.objects.order_by("threshold"))
    sizes = dict(MemberLevel.objects.values_list("level").annotate(Count("member")).order_by())
    most = max(sizes.values(), default=0) or 1
    names = {level.key: level.name for level in rungs}
    context = {
        "rungs": [Rung(level, sizes.get(level.pk, 0), round(1000 * sizes.get(level.pk, 0) / most)) for level in rungs],
        "months": MONTHS,
        "due": MemberLevel.objects.filter(review_on__lte=today(clock.now()) + timedelta(days=7))[:10_000].count(),
        "falling": _falling(request.access, who_would_fall(limit=200), names) if rungs else [],
        "growth_rules": EarningRule.objects.filter(unit=GROWTH, is_active=True).count(),
        "may_manage": request.access.may_everywhere(POINTS_MANAGE),
    }
    return render(request, "console/rewards/levels.html", context)


@page(permission=POINTS_MANAGE, methods=("GET", "POST"))
def edit_levels(request: StaffRequest) -> HttpResponse:
    """Change the ladder, after a look at who would move."""
    posted = request.POST if request.method == "POST" else None
    rows = _read(posted) if posted is not None else _kept()
    problem = ""
    moves: list[tuple[str, str, int]] | None = None
    falling: list[Falling] = []
    if posted is not None:
        try:
            meant = _meant(rows)
            names = {level.key: level.name for level in meant}
            if "save" in posted:
                change_ladder(meant)
                messages.success(request, _("等级已保存。够格的成员正在升级，保级下一次评定时看。"))
                return redirect("console:levels")
            moves = [(names.get(before, ""), names[after], count) for before, after, count in rises(meant)]
            falling = _falling(request.access, who_would_fall(levels=meant, limit=200), names)
        except Refused as refusal:
            problem = errors.sentence(refusal)
    spare: list[dict[str, str]] = [dict.fromkeys(_FIELDS, "") for _number in range(SPARE)]
    context = {
        "rows": [*rows, *spare][:MOST],
        "problem": problem,
        "moves": moves,
        "falling": falling,
        "months": MONTHS,
    }
    return render(request, "console/rewards/levels_edit.html", context, status=INVALID if problem else 200)


def _kept() -> list[dict[str, str]]:
    return [
        {
            "key": level.key, "name": level.name, "threshold": str(level.threshold), "keep": str(level.keep),
            "rights": "\n".join(level.rights),
        }
        for level in Level.objects.order_by("threshold")
    ]  # fmt: skip


def _read(posted: QueryDict) -> list[dict[str, str]]:
    """Return the lines of the form that say something."""
    columns = [posted.getlist(f"level_{name}") for name in _FIELDS]
    rows = [dict(zip(_FIELDS, row, strict=True)) for row in zip(*columns, strict=False)]
    return [row for row in rows if row["name"].strip() or row["threshold"].strip()][:MOST]


def _meant(rows: Sequence[Mapping[str, str]]) -> list[NewLevel]:
    """Return the levels that the form means.

    Raises:
        Refused: ``level.none``, ``level.number``.
    """
    if not rows:
        raise Refused("level.none")
    return [
        NewLevel(
            row["key"] or f"level-{uuid4().hex[:10]}",
            row["name"].strip()[:60],
            _number(row["threshold"], row["name"]),
            _number(row["keep"] or "0", row["name"]),
            tuple(line.strip()[:100] for line in row["rights"].splitlines() if line.strip())[:20],
        )
        for row in rows
    ]


def _number(text: str, name: str) -> int:
    digits = text.strip().replace(",", "")
    if not digits.isdecimal() or len(digits) > 15:
        raise Refused("level.number", name=name)
    return int(digits)


def _falling(access: Access, moves: Mapping[int, Move], names: Mapping[str, Any]) -> list[Falling]:
    people = access.members(MEMBERS_VIEW).in_bulk(list(moves)[:NAMED])
    return [
        Falling(
            people[member], shown_name(people[member]), str(names.get(move.before, move.before)),
            str(names.get(move.after, move.after)), f"{move.growth:,}", f"{move.needed:,}",
        )
        for member, move in list(moves.items())[:NAMED]
        if member in people
    ]  # fmt: skip

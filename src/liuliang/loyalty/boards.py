"""Leaderboards: who earned or did most in a period, everywhere or in a community, from the lake, and for all time from the ledger.

Whoever is a robot or was erased has no place, and equal amounts share one.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from liuliang.lake.queries import query
from liuliang.loyalty import queries
from liuliang.loyalty.behaviours import behaviour
from liuliang.loyalty.queries import Ranked
from liuliang.loyalty.validity import add_months, day_begins
from liuliang.people.models import Member

SPARE = 50
"""Rows read beyond those asked for, in place of those who have no place."""


@dataclass(frozen=True, slots=True)
class Span:
    """The days of a board, both included; ``first`` None is from the beginning."""

    first: date | None
    last: date


def span_of(period: str, today: date) -> Span:
    """Return the days of ``week`` (from Monday), ``month``, ``quarter``, ``year`` or ``all``, up to today."""
    starts = {
        "week": today - timedelta(days=today.weekday()),
        "month": today.replace(day=1),
        "quarter": add_months(today.replace(day=1), -((today.month - 1) % 3)),
        "year": today.replace(month=1, day=1),
    }
    return Span(starts.get(period), today)


def points_board(span: Span, communities: Collection[int] | None = None, *, limit: int = 100) -> list[Ranked]:
    """Return who earned most points in the days, less what was taken back of rewards in them.

    Args:
        span: the days, of the points' time zone.
        communities: only what was earned there; None for everywhere.
        limit: rows at most.
    """
    if span.first is None and communities is None:
        return queries.board("earned", limit=limit)
    within, values = _within(span, communities)
    rows = query(
        "SELECT member, sum(if(kind = 'points.earned', value, -value - JSONExtractInt(data, 'owed'))) AS amount FROM {events}"
        f" WHERE kind IN ('points.earned', 'points.reversed') AND member != 0{within}"
        " GROUP BY member HAVING amount > 0 ORDER BY amount DESC, member LIMIT {rows:UInt32}",
        {**values, "rows": limit + SPARE},
    ).rows
    return _placed(rows, limit)


def times_board(key: str, span: Span, communities: Collection[int] | None = None, *, limit: int = 100) -> list[Ranked]:
    """Return who did something most often in the days. Arguments as for `points_board`; ``key`` is the behaviour.

    Raises:
        Refused: ``rule.behaviour``.
    """
    found = behaviour(key)
    earner, others = ("other", " AND member != other") if found.earner else ("member", "")
    within, values = _within(span, communities)
    rows = query(
        f"SELECT {earner}, toInt64(count()) AS amount FROM {{events}} WHERE kind IN {{kinds:Array(String)}}"
        f" AND {earner} != 0{others}{within} GROUP BY {earner} ORDER BY amount DESC, {earner} LIMIT {{rows:UInt32}}",
        {**values, "kinds": list(found.kinds), "rows": limit + SPARE},
    ).rows
    return _placed(rows, limit)


def _within(span: Span, communities: Collection[int] | None) -> tuple[str, dict[str, Any]]:
    condition = " AND occurred_at < {until:DateTime64(3, 'UTC')}"
    values: dict[str, Any] = {"until": day_begins(span.last + timedelta(days=1))}
    if span.first is not None:
        condition += " AND occurred_at >= {since:DateTime64(3, 'UTC')}"
        values["since"] = day_begins(span.first)
    if communities is not None:
        condition += " AND community IN {communities:Array(UInt32)}"
        values["communities"] = sorted(communities)
    return condition, values


def _placed(rows: list[tuple[Any, ...]], limit: int) -> list[Ranked]:
    known = Member.objects.filter(id__in=[row[0] for row in rows], erased_at=None, is_bot=False)
    shown = set(known.values_list("id", flat=True))
    found: list[Ranked] = []
    for place, (member, amount) in enumerate([row for row in rows if row[0] in shown][:limit], start=1):
        same = bool(found) and found[-1].amount == amount
        found.append(Ranked(found[-1].place if same else place, member, amount))
    return found

"""What health is told from: what each of any number of communities did in the four weeks up to a day, and before.

One statement over the days of members and one over replies answer for a thousand communities as for one, and for several
days at once: a trend is the same statement with more days to end on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from liuliang.analytics.joining import local_day_of
from liuliang.analytics.periods import Period
from liuliang.analytics.remembering import remembered
from liuliang.analytics.scopes import Scope
from liuliang.lake.queries import query

WEEK = timedelta(days=7)
WINDOW = 28
"""Days that a health speaks of: whole weeks, so that every weekday is in it equally often."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What happened in one community in the `WINDOW` days up to ``end`` (now) and in as many before them (before).

    ``stayed`` spoke in both, ``steady`` in at least two of the four weeks now. ``days`` had a message, on ``lively`` ones
    at least two people spoke. ``buyers`` paid, in the community or, where the order belongs to none, having spoken there;
    ``again`` of them had also paid before. ``ties`` are pairs of people of whom one replied to the other, ``mutual`` those
    where both did. ``joined_since`` and ``left_since`` happened after ``end``.
    """

    end: date
    messages: int = 0
    messages_before: int = 0
    spoke: int = 0
    spoke_before: int = 0
    stayed: int = 0
    steady: int = 0
    days: int = 0
    days_before: int = 0
    lively: int = 0
    joined: int = 0
    left: int = 0
    joined_since: int = 0
    left_since: int = 0
    active: int = 0
    buyers: int = 0
    again: int = 0
    ties: int = 0
    mutual: int = 0
    last_spoke: date | None = field(default=None, kw_only=True)

    @property
    def spoke_either(self) -> int:
        """Return how many spoke now or before."""
        return self.spoke + self.spoke_before - self.stayed


def ends(last: date, weeks: int) -> tuple[date, ...]:
    """Return the ``weeks`` days, a week apart, that windows up to ``last`` end on; the latest first."""
    return tuple(last - WEEK * number for number in range(weeks))


def window(end: date) -> Period:
    """Return the days that the health of a day speaks of."""
    return Period(end - timedelta(days=WINDOW - 1), end)


@remembered
def signals(scope: Scope, last_days: Sequence[date], upto: date) -> Mapping[tuple[int, date], Signals]:
    """Return what happened in each community, by its id and the day the window ends on.

    Args:
        scope: the communities.
        last_days: the days that windows end on.
        upto: the day up to which joins and leaves after a window are counted.

    Communities in which nothing happened are left out.
    """
    days, values = days_statement(scope, last_days, upto)
    ties, tie_values = ties_statement(scope, last_days)
    replied = {
        (int(community), end): (int(pairs), int(mutual))
        for community, end, pairs, mutual in query(ties, tie_values).rows
    }
    found: dict[tuple[int, date], Signals] = {}
    for community, end, *counts, last_spoke in query(days, values).rows:
        key = int(community), end
        numbers = [int(count) for count in (*counts, *replied.get(key, (0, 0)))]
        found[key] = Signals(end, *numbers, last_spoke=last_spoke if last_spoke.year > 1970 else None)
    return found


def days_statement(scope: Scope, last_days: Sequence[date], upto: date) -> tuple[str, dict[str, Any]]:
    """Return the statement of all that is told from days, with its parameters."""
    among, values = scope.condition()
    people, _same = scope.people()
    values = {
        **values,
        "since": (min(last_days) - timedelta(days=2 * WINDOW - 1)).isoformat(),
        "upto": max(upto, *last_days).isoformat(),
        "ends": [end.isoformat() for end in last_days],
    }
    within = "day >= {since:Date} AND day <= {upto:Date}"
    by_day = (
        "SELECT community, day, sumIf(count, kind = 'message.sent') AS said,"
        " groupBitmapStateIf(member, kind = 'message.sent') AS spoke,"
        " groupBitmapStateIf(member, kind = 'order.paid') AS paid,"
        " groupBitmapStateIf(member, kind = 'member.joined') AS came,"
        " groupBitmapStateIf(member, kind = 'member.left') AS went,"
        " bitmapCardinality(spoke) AS heads FROM {member_day}"
        " WHERE kind IN ('message.sent', 'order.paid', 'member.joined', 'member.left')"
        f" AND {among} AND {within} GROUP BY community, day"
    )
    placed = (
        "SELECT community, day, said, spoke, paid, came, went, heads, ending, dateDiff('day', day, ending) AS age,"
        " if(age < 0, -1, intDiv(age, 7)) AS week, week >= 0 AND week < 4 AS is_now, week >= 4 AS is_before"
        f" FROM ({by_day}) ARRAY JOIN {{ends:Array(Date)}} AS ending WHERE week < 8"
    )
    weeks = ", ".join(f"groupBitmapMergeStateIf(spoke, week = {week}) AS week_{week}" for week in range(4))
    folded = (
        f"SELECT community, ending, sumIf(said, is_now) AS said_now, sumIf(said, is_before) AS said_before, {weeks},"
        " groupBitmapMergeStateIf(spoke, is_before) AS before,"
        " countIf(is_now AND heads > 0) AS days, countIf(is_before AND heads > 0) AS days_before,"
        " countIf(is_now AND heads > 1) AS lively,"
        " groupBitmapMergeIf(came, is_now) AS joined, groupBitmapMergeIf(went, is_now) AS gone,"
        " groupBitmapMergeIf(came, week < 0) AS joined_since, groupBitmapMergeIf(went, week < 0) AS gone_since,"
        " groupBitmapMergeStateIf(paid, is_now) AS bought, groupBitmapMergeStateIf(paid, is_before) AS bought_before,"
        f" maxIf(day, heads > 0 AND age >= 0) AS last_spoke FROM ({placed}) GROUP BY community, ending"
    )
    # Orders that belong to no community count where their buyer spoke.
    loose = (
        "SELECT ending, groupBitmapStateIf(member, age < 28) AS loose, groupBitmapStateIf(member, age >= 28) AS loose_before"
        " FROM (SELECT member, ending, dateDiff('day', day, ending) AS age FROM {member_day}"
        " ARRAY JOIN {ends:Array(Date)} AS ending"
        f" WHERE kind = 'order.paid' AND community = 0 AND {within}{people} AND age >= 0 AND age < 56) GROUP BY ending"
    )
    twice = (
        "bitmapOr(bitmapAnd(week_0, week_1), bitmapOr(bitmapAnd(bitmapOr(week_0, week_1), week_2),"
        " bitmapAnd(bitmapOr(bitmapOr(week_0, week_1), week_2), week_3)))"
    )
    sql = (
        "SELECT community, ending, said_now, said_before, bitmapCardinality(now), bitmapCardinality(before),"
        f" bitmapAndCardinality(now, before), bitmapCardinality({twice}), days, days_before, lively,"
        " joined, gone, joined_since, gone_since, bitmapCardinality(bitmapOr(now, bought)), bitmapCardinality(buyers),"
        " bitmapAndCardinality(buyers, bitmapOr(bought_before, loose_before)), last_spoke FROM ("
        " SELECT *, bitmapOr(bitmapOr(week_0, week_1), bitmapOr(week_2, week_3)) AS now,"
        " bitmapOr(bought, bitmapAnd(now, loose)) AS buyers"
        f" FROM ({folded}) AS folded LEFT JOIN ({loose}) AS loosely USING (ending))"
    )
    return sql, values


def ties_statement(scope: Scope, last_days: Sequence[date]) -> tuple[str, dict[str, Any]]:
    """Return the statement of who replied to whom, with its parameters."""
    span = Period(min(last_days) - timedelta(days=WINDOW - 1), max(last_days))
    during, values = scope.during(span)
    people = "" if not scope.robots else " AND other NOT IN {robots:Array(UInt32)}"
    sql = (
        "SELECT community, ending, count(), countIf(ways = 2) FROM ("
        " SELECT community, ending, least(member, other) AS one, greatest(member, other) AS two, uniqExact(member) AS ways FROM ("
        f"  SELECT community, member, other, {local_day_of(scope, 'occurred_at')} AS day FROM {{events}}"
        f"  WHERE kind = 'message.sent' AND other != 0 AND other != member{people} AND {during}"
        f" ) ARRAY JOIN {{ends:Array(Date)}} AS ending WHERE day <= ending AND dateDiff('day', day, ending) < {WINDOW}"
        " GROUP BY community, ending, one, two) GROUP BY community, ending"
    )
    return sql, {**values, "ends": [end.isoformat() for end in last_days]}

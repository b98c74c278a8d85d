"""What health is told from: what each of any number of communities did in the four weeks up to a day, and before.

Three statements (people, days, replies) answer for a thousand communities as for one, and for several windows at once: a
trend is the same statements with more windows.
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
    where both did.
    """

    end: date
    messages: int = 0
    messages_before: int = 0
    days: int = 0
    days_before: int = 0
    lively: int = 0
    spoke: int = 0
    spoke_before: int = 0
    stayed: int = 0
    steady: int = 0
    joined: int = 0
    left: int = 0
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
def signals(scope: Scope, last: date, weeks: int = 1) -> Mapping[tuple[int, date], Signals]:
    """Return what happened in each community, by its id and the day the window ends on.

    Args:
        scope: the communities.
        last: the last day of the latest window.
        weeks: how many windows, each ending a week before the other.

    Communities in which nothing happened are left out.
    """
    days = ends(last, weeks)
    people = {
        _key(row, days): [int(each) for each in row[2:]] for row in query(*people_statement(scope, last, weeks)).rows
    }
    talk = {_key(row, days): row[2:] for row in query(*talk_statement(scope, last, weeks)).rows}
    ties = {(int(row[0]), row[1]): (int(row[2]), int(row[3])) for row in query(*ties_statement(scope, days)).rows}
    found: dict[tuple[int, date], Signals] = {}
    for key, counts in people.items():
        spoken = talk.get(key, (0, 0, 0, 0, 0, None))
        numbers = [*(int(each) for each in spoken[:5]), *counts, *ties.get(key, (0, 0))]
        found[key] = Signals(key[1], *numbers, last_spoke=spoken[5] if spoken[0] or spoken[1] else None)
    return found


def _key(row: tuple[Any, ...], days: Sequence[date]) -> tuple[int, date]:
    return int(row[0]), days[int(row[1])]


def people_statement(scope: Scope, last: date, weeks: int) -> tuple[str, dict[str, Any]]:
    """Return the statement of all that is told from who did something in which week, with its parameters.

    What somebody did is one number a kind, a bit for each week: bit 0 for the week that ends on ``last``, bit 1 for the one
    before. Windows are masks of such bits, so one pass serves any number of them.
    """
    among, values = scope.condition()
    people, _same = scope.people()
    place = "intDiv(dateDiff('day', day, {last:Date}), 7)"
    within = "day >= {first:Date} AND day <= {last:Date}"
    bit = f"bitShiftLeft(toUInt64(1), {place})"
    kinds = {"spoke": "message.sent", "paid": "order.paid", "came": "member.joined", "went": "member.left"}
    masks = ", ".join(f"groupBitOr(if(kind = '{kind}', {bit}, 0)) AS {name}" for name, kind in kinds.items())
    by_person = (
        f"SELECT community, member, {masks} FROM {{member_day}} WHERE kind IN {tuple(kinds.values())} AND {among} AND {within}"
        " GROUP BY community, member"
    )
    # Orders that belong to no community count where their buyer spoke.
    loose = (
        f"SELECT member, groupBitOr({bit}) AS loose FROM {{member_day}}"
        f" WHERE kind = 'order.paid' AND community = 0 AND {within}{people} GROUP BY member"
    )
    told = (
        "SELECT community, back, bitAnd(spoke, now) AS spoke_now, bitAnd(spoke, before) != 0 AS has_spoken,"
        " bitAnd(paid, now) != 0 AS has_paid, has_paid OR (spoke_now != 0 AND bitAnd(loose, now) != 0) AS is_buyer,"
        " bitAnd(bitOr(paid, loose), before) != 0 AS has_bought, bitAnd(came, now) != 0 AS has_come,"
        " bitAnd(went, now) != 0 AS has_gone"
        " FROM (SELECT community, member, spoke, paid, came, went, loose, back, bitShiftLeft(toUInt64(15), back) AS now,"
        " bitShiftLeft(toUInt64(15), back + 4) AS before"
        f" FROM ({by_person}) AS people LEFT JOIN ({loose}) AS orders USING (member)"
        " ARRAY JOIN range({weeks:UInt8}) AS back)"
    )
    sql = (
        "SELECT community, back, countIf(spoke_now != 0), countIf(has_spoken), countIf(spoke_now != 0 AND has_spoken),"
        " countIf(bitCount(spoke_now) > 1), countIf(has_come), countIf(has_gone),"
        " countIf(spoke_now != 0 OR has_paid), countIf(is_buyer), countIf(is_buyer AND has_bought)"
        f" FROM ({told}) GROUP BY community, back"
    )
    return sql, {**values, **_days(last, weeks), "weeks": weeks}


def talk_statement(scope: Scope, last: date, weeks: int) -> tuple[str, dict[str, Any]]:
    """Return the statement of all that is told from days with words, with its parameters."""
    among, values = scope.condition()
    # Two people spoke on a day where the smallest and the largest of their numbers differ.
    by_day = (
        "SELECT community, day, sum(count) AS said, min(member) != max(member) AS is_lively FROM {member_day}"
        f" WHERE kind = 'message.sent' AND {among} AND day >= {{first:Date}} AND day <= {{last:Date}} GROUP BY community, day"
    )
    placed = (
        "SELECT community, day, said, is_lively, back, dateDiff('day', day, {last:Date}) - 7 * back AS age,"
        f" age < {WINDOW} AS is_now FROM ({by_day}) ARRAY JOIN range({{weeks:UInt8}}) AS back"
        f" WHERE age >= 0 AND age < {2 * WINDOW}"
    )
    sql = (
        "SELECT community, back, sumIf(said, is_now), sumIf(said, NOT is_now), countIf(is_now), countIf(NOT is_now),"
        f" countIf(is_now AND is_lively), max(day) FROM ({placed}) GROUP BY community, back"
    )
    return sql, {**values, **_days(last, weeks), "weeks": weeks}


def _days(last: date, weeks: int) -> dict[str, str]:
    """Return the days that ``weeks`` windows and the windows before them lie in."""
    return {"first": (last - WEEK * (weeks - 1) - timedelta(days=2 * WINDOW - 1)).isoformat(), "last": last.isoformat()}


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

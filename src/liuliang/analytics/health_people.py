"""The people behind a part of health: who makes its share, and who is missing from it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

from django.db import connection

from liuliang.analytics.presence import one_community
from liuliang.analytics.scopes import Scope
from liuliang.analytics.signals import WINDOW
from liuliang.lake.queries import query

Side = Literal["in", "out"]

_PAID = "(paid OR (spoke AND paid_elsewhere))"
_CONDITIONS: dict[tuple[str, Side], str] = {
    ("growth", "in"): "came",
    ("growth", "out"): "went",
    ("participation", "in"): "spoke",
    ("depth", "in"): "weeks >= 2",
    ("depth", "out"): "weeks = 1",
    ("retention", "in"): "spoke AND spoke_before",
    ("retention", "out"): "spoke_before AND NOT spoke",
    ("conversion", "in"): _PAID,
    ("conversion", "out"): f"(spoke OR paid) AND NOT {_PAID}",
}


def names_people(part: str, side: Side) -> bool:
    """Tell whether somebody is behind a side of a part by name; behind days and pairs nobody is."""
    return (part, side) in _CONDITIONS or (part, side) == ("participation", "out")


def people_behind(scope: Scope, last: date, part: str, side: Side) -> tuple[int, ...]:
    """Return the members of one community on one side of a part, of the window that ends on ``last``.

    Those missing from participation are all who are there now and did not speak.

    Raises:
        ValueError: the scope is not one community, or nobody is behind that side.
    """
    _zone, community = one_community(scope)
    if not names_people(part, side):
        raise ValueError(f"nobody is behind {part} {side}")
    if (part, side) == ("participation", "out"):
        return _present_without(community, scope, people_behind(scope, last, part, "in"))
    among, values = scope.condition()
    people, _same = scope.people()
    values = {
        **values,
        "last": last.isoformat(),
        "first": (last - timedelta(days=2 * WINDOW - 1)).isoformat(),
        "begin": (last - timedelta(days=WINDOW - 1)).isoformat(),
    }
    within = "day >= {first:Date} AND day <= {last:Date}"
    now = "day >= {begin:Date}"
    rows = query(
        "SELECT member FROM (SELECT member,"
        f" countIf(kind = 'message.sent' AND {now}) > 0 AS spoke,"
        f" countIf(kind = 'message.sent' AND NOT ({now})) > 0 AS spoke_before,"
        f" uniqExactIf(intDiv(dateDiff('day', day, {{last:Date}}), 7), kind = 'message.sent' AND {now}) AS weeks,"
        f" countIf(kind = 'member.joined' AND {now}) > 0 AS came, countIf(kind = 'member.left' AND {now}) > 0 AS went,"
        f" countIf(kind = 'order.paid' AND {now}) > 0 AS paid,"
        " member IN (SELECT member FROM {member_day} WHERE kind = 'order.paid' AND community = 0"
        f" AND {now} AND day <= {{last:Date}}{people}) AS paid_elsewhere"
        f" FROM {{member_day}} WHERE {among} AND {within} GROUP BY member) WHERE {_CONDITIONS[part, side]} ORDER BY member",
        values,
    ).rows
    return tuple(int(row[0]) for row in rows)


def _present_without(community: int, scope: Scope, spoke: tuple[int, ...]) -> tuple[int, ...]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT member_id FROM people_membership WHERE community_id = %s AND is_present"
            " AND NOT member_id = ANY(%s) ORDER BY member_id",
            [community, [*spoke, *scope.robots]],
        )
        return tuple(row[0] for row in cursor.fetchall())

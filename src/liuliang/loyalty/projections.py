"""What moved and when it ends, by day: folds of the ledger's events, for reports that must not read every entry."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import connection

from liuliang.kernel.projections import Projection
from liuliang.kernel.readers import Window
from liuliang.people.folding import MemberTable

KINDS = (
    "points.earned", "points.spent", "points.refunded", "points.expired", "points.deducted", "points.reversed",
    "points.debt_paid",
)  # fmt: skip

_DAYS = """
INSERT INTO loyalty_pointsday AS known (day, kind, rule, community, times, amount)
SELECT (e.occurred_at AT TIME ZONE %s)::date, e.kind, coalesce((e.data->>'rule')::bigint, 0), coalesce(e.community, 0),
    count(*), sum((e.data->>'amount')::bigint + coalesce((e.data->>'owed')::bigint, 0))
FROM kernel_event e WHERE {where}
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
ON CONFLICT (day, kind, rule, community) DO UPDATE SET
    times = known.times + excluded.times, amount = known.amount + excluded.amount
"""

_ENDINGS = """
INSERT INTO loyalty_pointsending AS known (ends_on, amount)
SELECT nullif(ending->>0, '')::date,
    sum((ending->>1)::bigint * CASE WHEN e.kind IN ('points.earned', 'points.refunded') THEN 1 ELSE -1 END)
FROM kernel_event e CROSS JOIN jsonb_array_elements(e.data->'endings') AS ending WHERE {where}
GROUP BY 1 ORDER BY 1
ON CONFLICT (ends_on) DO UPDATE SET amount = known.amount + excluded.amount
"""


_STANDING = """
INSERT INTO loyalty_standing AS known (member_id, points, growth, earned)
SELECT coalesce(m.canonical_id, m.id),
    sum(CASE WHEN e.kind IN ('points.earned', 'points.refunded') THEN 1 WHEN e.kind LIKE 'points.%%' THEN -1 ELSE 0 END
        * (e.data->>'amount')::bigint),
    sum(CASE e.kind WHEN 'growth.earned' THEN 1 WHEN 'growth.reversed' THEN -1 ELSE 0 END * (e.data->>'amount')::bigint),
    sum(CASE e.kind WHEN 'points.earned' THEN (e.data->>'amount')::bigint
        WHEN 'points.reversed' THEN -(e.data->>'amount')::bigint - (e.data->>'owed')::bigint ELSE 0 END)
FROM kernel_event e JOIN people_member m ON m.id = e.member WHERE %s
GROUP BY 1 ORDER BY 1
ON CONFLICT (member_id) DO UPDATE SET points = known.points + excluded.points, growth = known.growth + excluded.growth,
    earned = known.earned + excluded.earned
"""


class StandingProjection(MemberTable):
    """Fold into `Standing` what every person has."""

    name = "loyalty.standing"
    kinds = (*KINDS, "growth.earned", "growth.reversed")
    table = "loyalty_standing"
    folds = (_STANDING,)


class PointsDayProjection(Projection):
    """Fold into `PointsDay` what moved on each local day of the installation, by kind, rule and community."""

    name = "loyalty.points_day"
    kinds = KINDS
    table: ClassVar[str] = "loyalty_pointsday"

    def apply(self, window: Window) -> None:
        """Fold the window."""
        condition, params = window.where()
        with connection.cursor() as cursor:
            cursor.execute(_DAYS.format(where=condition), [settings.TIME_ZONE, *params])


class PointsEndingProjection(Projection):
    """Fold into `PointsEnding` how many points end with each day."""

    name = "loyalty.points_ending"
    kinds = KINDS
    table: ClassVar[str] = "loyalty_pointsending"

    def apply(self, window: Window) -> None:
        """Fold the window."""
        condition, params = window.where()
        with connection.cursor() as cursor:
            cursor.execute(_ENDINGS.format(where=condition), params)

"""What asking people over led to: who came, who is still there, who spoke."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import connection

from liuliang.families.models import Family


@dataclass(frozen=True, slots=True)
class Result:
    """What the invitations of a tier led to; those that were withdrawn do not count.

    ``stayed`` are, of those who arrived, still in a group of the tier, ``spoke`` have said something there since. ``days`` is
    the median of what it took them to come.
    """

    asked: int = 0
    waiting: int = 0
    arrived: int = 0
    declined: int = 0
    stayed: int = 0
    spoke: int = 0
    days: float | None = None


def results(family: Family) -> Mapping[int, Result]:
    """Return by tier what asking over led to; erased people count still, without being named."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.tier_id, count(*), count(*) FILTER (WHERE i.state = 'invited'),"
            " count(*) FILTER (WHERE i.state = 'arrived'), count(*) FILTER (WHERE i.state = 'declined'),"
            " count(*) FILTER (WHERE i.state = 'arrived' AND s.is_there),"
            " count(*) FILTER (WHERE i.state = 'arrived' AND s.spoke_at >= i.ended_at),"
            " percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM i.ended_at - i.invited_at) / 86400)"
            " FILTER (WHERE i.state = 'arrived')"
            " FROM families_invitation i JOIN people_member m ON m.id = i.member_id"
            " LEFT JOIN LATERAL (SELECT bool_or(p.is_present) AS is_there, max(p.last_spoke_at) AS spoke_at"
            " FROM people_membership p JOIN families_tiergroup g ON g.community_id = p.community_id"
            " WHERE p.member_id = coalesce(m.canonical_id, m.id) AND g.tier_id = i.tier_id) s ON true"
            " WHERE i.family_id = %s AND i.state <> 'withdrawn' GROUP BY i.tier_id",
            [family.pk],
        )
        return {row[0]: Result(*row[1:]) for row in cursor.fetchall()}

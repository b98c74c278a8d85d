"""What bringing people in has cost: entered by staff for days, a way of joining and a community, and spread over its days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from liuliang.analytics.base import Asked, Statement
from liuliang.analytics.counting import answer

Spent = Mapping[tuple[str, date], float]


def spent(asked: Asked) -> Spent:
    """Return what was spent in minor units, by part and first day of the bucket; parts on which nothing was are left out.

    Money has no segment: narrowed to some people, nothing can be said.
    """
    if asked.scope.population is not None:
        return {}
    return {(str(part), start): float(amount) for part, start, amount in answer(spent_statement(asked))}


def spent_statement(asked: Asked) -> Statement:
    """Return how to sum up costs: each counts for the days it shares with a bucket, of all its days.

    What was spent for all communities counts for the whole, and by way of joining, only where everything is asked about.
    """
    part = {
        "": "''",
        "how": "c.how",
        "community": "c.community_id::text",
        "type": "(SELECT t.type FROM unnest(%(typed)s::int[], %(types)s::text[]) AS t (id, type) WHERE t.id = c.community_id)",
    }[asked.split]
    place = "c.community_id = ANY(%(communities)s)"
    if asked.scope.is_everything and asked.split in {"", "how"}:
        place = f"({place} OR c.community_id IS NULL)"
    if asked.split == "how":
        place += " AND c.how <> ''"
    values = {
        "communities": list(asked.scope.communities),
        "starts": [bucket.first for bucket in asked.buckets],
        "ends": [bucket.last for bucket in asked.buckets],
        "typed": [community for community, _type in asked.types],
        "types": [type_ for _community, type_ in asked.types],
    }
    shared = "(least(c.last_day, b.last) - greatest(c.first_day, b.start) + 1)"
    return Statement(
        f"SELECT {part} AS part, b.start, sum(c.amount::numeric * {shared} / (c.last_day - c.first_day + 1))"
        " FROM analytics_channelcost c JOIN unnest(%(starts)s::date[], %(ends)s::date[]) AS b (start, last)"
        f" ON c.first_day <= b.last AND c.last_day >= b.start WHERE {place} GROUP BY 1, 2",
        values,
        "records",
    )

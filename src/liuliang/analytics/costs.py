"""What bringing people in has cost: entered by staff for days, a way of joining and a community, and spread over its days.

What is not entered is not known, which is not nothing: money is held against those alone who came on the days, in the
communities and by the ways that it was entered for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from liuliang.analytics.base import Asked, Statement
from liuliang.analytics.counting import Rows, answer, days_of, split, starting
from liuliang.analytics.remembering import remembered

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
    place, chosen = _counted(asked)
    values = {
        **chosen,
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


def covered(asked: Asked) -> Rows:
    """Return how many members in a community came at a cost, by part and first day of the bucket, as `spent` has it."""
    return _covered(asked, _costs(asked))


def covered_statement(asked: Asked) -> Statement:
    """Return how to count the members in a community who came at a cost."""
    return _tell(asked, _costs(asked), "uniqExact(community, member)", grouped=True)


def covered_people(asked: Asked) -> Statement:
    """Return how to name those who came at a cost, by bucket: rows of part, first day, community and member."""
    return _tell(asked, _costs(asked), "community, member", grouped=False)


def covered_days(asked: Asked) -> Rows:
    """Return who came at a cost in the period: rows of part, member and the first day they came on."""
    joins, values = _joins(asked, _costs(asked))
    return answer(Statement(f"SELECT part, member, min(day) FROM {joins} GROUP BY part, member", values))


Costs = tuple[tuple[int, str, date, date], ...]
"""Costs by community (0 for all of them), way of joining (empty for all), first and last day."""


@remembered
def _covered(asked: Asked, costs: Costs) -> Rows:
    return answer(_tell(asked, costs, "uniqExact(community, member)", grouped=True))


def _tell(asked: Asked, costs: Costs, columns: str, *, grouped: bool) -> Statement:
    joins, values = _joins(asked, costs)
    ending = " GROUP BY part, start" if grouped else ""
    distinct = "" if grouped else "DISTINCT "
    return Statement(f"SELECT {distinct}part, {starting(asked.step)} AS start, {columns} FROM {joins}{ending}", values)


def _joins(asked: Asked, costs: Costs) -> tuple[str, dict[str, Any]]:
    """Return the relation of joins at a cost: part, day, community and member; and its parameters."""
    by_way, values = days_of(replace(asked, split="how"), ["member.joined"], asked.period)
    columns = "day, community, member"
    relation = (
        f"SELECT part AS way, {columns} FROM {by_way} WHERE arrayExists((place, how, begin, end) ->"
        " (place = 0 OR place = community) AND (how = '' OR how = way) AND day >= begin AND day <= end,"
        " {cost_places:Array(UInt32)}, {cost_ways:Array(String)}, {cost_begins:Array(Date)}, {cost_ends:Array(Date)})"
    )
    values |= {
        "cost_places": [place for place, _how, _first, _last in costs],
        "cost_ways": [how for _place, how, _first, _last in costs],
        "cost_begins": [first.isoformat() for _place, _how, first, _last in costs],
        "cost_ends": [last.isoformat() for _place, _how, _first, last in costs],
    }
    if asked.split == "how":
        return f"(SELECT way AS part, {columns} FROM ({relation}))", values
    return split(asked, relation, columns, values)


def _costs(asked: Asked) -> Costs:
    place, values = _counted(asked)
    rows = answer(
        Statement(
            "SELECT DISTINCT coalesce(c.community_id, 0), c.how, c.first_day, c.last_day FROM analytics_channelcost c"
            f" WHERE {place} AND c.first_day <= %(last)s AND c.last_day >= %(first)s ORDER BY 1, 2, 3, 4",
            {**values, "first": asked.period.first, "last": asked.period.last},
            "records",
        )
    )
    return tuple((int(community), str(how), first, last) for community, how, first, last in rows)


def _counted(asked: Asked) -> tuple[str, dict[str, Any]]:
    """Return the SQL of the costs that count in what is asked, and its parameters."""
    place = "c.community_id = ANY(%(communities)s)"
    if asked.scope.is_everything and asked.split in {"", "how"}:
        place = f"({place} OR c.community_id IS NULL)"
    if asked.split == "how":
        place += " AND c.how <> ''"
    return place, {"communities": list(asked.scope.communities)}

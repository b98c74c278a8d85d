"""How metrics of money are counted: paid orders with the part and the bucket they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from liuliang.analytics.base import Asked, Reading, Statement
from liuliang.analytics.counting import Teller, answer, divided, named
from liuliang.analytics.levels import present_at_end
from liuliang.analytics.orders import ALL, ATTRIBUTED, BUYER, CURRENCY, PERSON
from liuliang.commerce.services import UNPAID


def paid_orders(asked: Asked) -> tuple[str, dict[str, Any]]:
    """Return the relation of paid orders (id, part, day, start, zone, amount, buyer) within the period, and its parameters.

    Of the whole, an order counts once, on the day it is in the asker's time zone; of a part, once, on its community's day. The
    money of a robot counts, but it is no buyer.
    """
    return _orders(asked, "o.currency = %(currency)s")


def orders_of_any_currency(asked: Asked) -> tuple[str, dict[str, Any]]:
    """Return the same with the orders of other currencies, whose amounts are not to be added up, and the column ``is_counted``."""
    return _orders(asked, "true")


def _orders(asked: Asked, condition: str) -> tuple[str, dict[str, Any]]:
    scope, period = asked.scope, asked.period
    zones = {zone for zone, _ids in scope.zones} | {asked.timezone}
    edges = [period.instants(zone) for zone in sorted(zones)]
    values: dict[str, Any] = {
        "begin": min(begin for begin, _end in edges),
        "end": max(end for _begin, end in edges),
        "unpaid": sorted(UNPAID),
        "currency": CURRENCY,
        "zone": asked.timezone,
        "robots": list(scope.robots),
        "first": period.first,
        "last": period.last,
    }
    part, zone, more = "''", "%(zone)s", ""
    if asked.split:
        places = [(each, zone, dict(asked.types).get(each, "")) for zone, ids in scope.zones for each in ids]
        values |= {
            "places": [each for each, _zone, _type in places],
            "place_zones": [zone for _each, zone, _type in places],
            "place_types": [type_ for _each, _zone, type_ in places],
        }
        part = "z.community::text" if asked.split == "community" else "z.type"
        zone = "z.zone"
        more = (
            " JOIN unnest(%(places)s::int[], %(place_zones)s::text[], %(place_types)s::text[]) AS z (community, zone, type)"
            " ON z.community = o.place"
        )
    source = ALL
    if asked.split or not scope.is_everything:
        values["communities"] = list(scope.communities)
        source = ATTRIBUTED + more
    source += f" WHERE {condition}"
    if scope.population is not None:
        source += f" AND {BUYER} = ANY(%(population)s)"
        values["population"] = list(scope.population.ids)
    start = {
        "whole": "%(first)s::date",
        "day": "day",
        "week": "greatest(date_trunc('week', day)::date, %(first)s::date)",
        "month": "greatest(date_trunc('month', day)::date, %(first)s::date)",
    }[asked.step]
    return (
        (
            f"(SELECT id, part, day, {start} AS start, zone, amount, is_counted, buyer FROM ("
            f"SELECT DISTINCT ON (o.id, part) o.id, {part} AS part, (o.at AT TIME ZONE {zone})::date AS day, {zone}::text AS zone,"
            f" o.amount, o.currency = %(currency)s AS is_counted, {PERSON} AS buyer FROM {source} ORDER BY o.id, part, day) AS paid"
            " WHERE day BETWEEN %(first)s AND %(last)s) AS paid"
        ),
        values,
    )


def by_order(measure: str) -> Teller:
    """Return how to count paid orders: ``measure`` is an aggregate over the orders of a bucket."""

    def tell(asked: Asked) -> Statement:
        orders, values = paid_orders(asked)
        return Statement(f"SELECT part, start, {measure} FROM {orders} GROUP BY part, start", values, "records")

    return tell


def paid_by_person(asked: Asked) -> Statement:
    """Return how to sum up what each buyer paid, and its square; an order of nobody known is of a buyer of its own."""
    orders, values = paid_orders(asked)
    return Statement(
        "SELECT part, start, sum(amount), sum(amount::numeric * amount) FROM (SELECT part, start, sum(amount) AS amount"
        f" FROM {orders} GROUP BY part, start, coalesce(buyer, -id)) AS paid GROUP BY part, start",
        values,
        "records",
    )


def paid_by_each(asked: Asked, counted: Mapping[tuple[str, date], int]) -> list[Reading]:
    """Return what was paid, of as many as were ``counted`` by part and first day; its interval is of how much people differ."""
    paid = {(row[0], row[1]): (float(row[2]), float(row[3])) for row in answer(paid_by_person(asked))}
    found: list[Reading] = []
    for (part, start), of in counted.items():
        amount, squares = paid.get((part, start), (0.0, 0.0))
        found.append(divided(part, start, amount, of, squares=squares))
    return found


def paying(asked: Asked) -> Statement:
    """Return how to name who paid in each bucket."""
    orders, values = paid_orders(asked)
    return Statement(
        f"SELECT DISTINCT part, start, buyer AS member FROM {orders} WHERE buyer IS NOT NULL", values, "records"
    )


def those_there_who_paid(asked: Asked, part: str, start: date) -> tuple[int, ...]:
    """Return who is there at the end of a bucket and paid in it, in order."""
    return tuple(sorted(_there(asked, part, start).intersection(named(paying(asked), part, start))))


def those_there_who_paid_nothing(asked: Asked, part: str, start: date) -> tuple[int, ...]:
    """Return who is there at the end of a bucket and did not pay in it, in order."""
    return tuple(sorted(_there(asked, part, start).difference(named(paying(asked), part, start))))


def _there(asked: Asked, part: str, start: date) -> set[int]:
    return {member for _community, member in present_at_end(asked, part, start)}

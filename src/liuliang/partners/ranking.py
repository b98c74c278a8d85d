"""Who brought most in a period: partners with their orders, sales, buyers and commission, and their places by any of these."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, get_args

from django.db import connection

from liuliang.partners.models import Partner
from liuliang.partners.queries import CURRENCY

Measure = Literal["sales", "orders", "buyers", "earned"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
"""What partners can be ranked by, the usual one first."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What a partner brought in a period in one currency.

    ``orders``, ``buyers`` (persons) and ``sales`` (paid less refunded, minor units) are of orders they brought themselves,
    ``earned`` (minor units) is the commission of both levels that they kept. An order counts on its own day.
    """

    orders: int = 0
    buyers: int = 0
    sales: int = 0
    earned: int = 0


@dataclass(frozen=True, slots=True)
class Ranked:
    """A partner with what they brought; ``place`` counts from 1, equals share one, and who brought nothing has none."""

    partner: Partner
    orders: int
    buyers: int
    sales: int
    earned: int
    place: int | None = None


def brought(begin: datetime, end: datetime) -> Mapping[str, Mapping[int, Brought]]:
    """Return by currency what each partner brought from ``begin`` until just before ``end``, in one read of the period."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.currency, c.partner_id, count(*) FILTER (WHERE c.level = 1),"
            " count(DISTINCT coalesce(m.canonical_id, m.id)) FILTER (WHERE c.level = 1),"
            " coalesce(sum(c.base - c.refunded) FILTER (WHERE c.level = 1), 0)::bigint,"
            " sum(c.given - c.taken_back)::bigint"
            " FROM partners_commission c JOIN commerce_order o ON o.id = c.order_id"
            " LEFT JOIN people_member m ON m.id = o.member_id"
            " WHERE c.at >= %s AND c.at < %s AND c.replaced_at IS NULL GROUP BY 1, 2",
            [begin, end],
        )
        rows = cursor.fetchall()
    found: defaultdict[str, dict[int, Brought]] = defaultdict(dict)
    for currency, partner, *numbers in rows:
        found[currency][partner] = Brought(*numbers)
    return found


def currencies(found: Mapping[str, object]) -> list[str]:
    """Return the currencies in which something was brought, the usual one first."""
    return sorted(found, key=lambda one: (one != CURRENCY, one))


def ranked(partners: Iterable[Partner], found: Mapping[int, Brought], by: Measure) -> list[Ranked]:
    """Return partners with their places by a measure: those who are active, and others who brought something."""
    shown = ((one, found.get(one.pk, Brought())) for one in partners if one.is_active or one.pk in found)
    rows = [Ranked(one, told.orders, told.buyers, told.sales, told.earned) for one, told in shown]
    # From the largest down, so that a place is one more than how many brought more.
    values = sorted(-getattr(row, by) for row in rows)
    return [replace(row, place=bisect_left(values, -getattr(row, by)) + 1) if getattr(row, by) else row for row in rows]

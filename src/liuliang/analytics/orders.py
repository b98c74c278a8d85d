"""What members bought: by day, by community, by product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from liuliang.analytics import noise
from liuliang.analytics.definitions import Definition
from liuliang.analytics.noise import Comparison
from liuliang.analytics.periods import Period
from liuliang.analytics.presence import one_community
from liuliang.analytics.remembering import remembered_of_records
from liuliang.analytics.scopes import Scope
from liuliang.commerce.services import UNPAID

CURRENCY = "CNY"

NOWHERE = 0
"""In place of a community: where people buy who are in none."""

GMV = Definition(
    "gmv",
    _("成交额"),
    _(
        "期内付款的人民币订单金额合计，后来退款的也算在内（退款另列）。未付款、已取消的订单不算；其他币种不换算，只列出笔数。"
    ),
)
OF_MEMBERS = Definition(
    "orders",
    _("成员买了什么"),
    _(
        "导入时指定了社群的订单只算给那个社群；没有指定的，算给买家下单时所在的每一个社群（没有进群记录的成员当作一直在），所以各群相加可能大于总数。"
    ),
)


@dataclass(frozen=True, slots=True)
class DayOfOrders:
    """What was paid on one local day, in minor units of `CURRENCY`."""

    day: date
    amount: int = 0
    orders: int = 0
    refunded: int = 0


@dataclass(frozen=True, slots=True)
class Sales:
    """A period and the one before by day. ``others`` is (currency, orders) of this period's orders in other currencies."""

    now: tuple[DayOfOrders, ...]
    before: tuple[DayOfOrders, ...]
    others: tuple[tuple[str, int], ...] = ()

    @property
    def amount(self) -> int:
        """Return what was paid in the period."""
        return sum(day.amount for day in self.now)

    @property
    def orders(self) -> int:
        """Return how many orders were paid in the period."""
        return sum(day.orders for day in self.now)

    @property
    def refunded(self) -> int:
        """Return what went back, of the period's orders, up to now."""
        return sum(day.refunded for day in self.now)

    @property
    def mean_amount(self) -> float:
        """Return what an order of either period was worth on average; 0 without orders."""
        days = self.now + self.before
        orders = sum(day.orders for day in days)
        return sum(day.amount for day in days) / orders if orders else 0.0

    @property
    def change(self) -> Comparison:
        """Return how what was paid compares with the period before, held against how much it differs from day to day."""
        return noise.compare_counts(
            [day.amount for day in self.now], [day.amount for day in self.before], unit=self.mean_amount
        )


@dataclass(frozen=True, slots=True)
class Product:
    """A product by what was paid for it."""

    name: str
    amount: int
    orders: int
    buyers: int


@dataclass(frozen=True, slots=True)
class Buyer:
    """A member by what they paid in the period."""

    member: int
    public_id: str
    name: str
    amount: int
    orders: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Basket:
    """What a community's members bought in the period.

    ``again`` is how many of the buyers bought twice in the period or had bought before it.
    """

    buyers: int
    again: int
    products: tuple[Product, ...]
    top_buyers: tuple[Buyer, ...]


_WHEN = "o.at >= %(begin)s AND o.at < %(end)s AND NOT o.status = ANY(%(unpaid)s)"
_BUYERS = "LEFT JOIN people_member p ON p.id = o.member_id"

BUYER = "coalesce(p.canonical_id, p.id)"
"""Who an order is of, by the buyer's record ``p``."""

PERSON = f"CASE WHEN {BUYER} = ANY(%(robots)s) THEN NULL ELSE {BUYER} END"
"""The same; of a robot's order nobody."""

_IN_NO_COMMUNITY = f"o.community_id IS NULL AND {_WHEN}"
_WAS_IN = "(m.first_joined_at IS NULL OR m.first_seen_at <= o.at) AND (m.is_present OR m.last_left_at > o.at)"
"""Whether the membership ``m`` held when ``o`` was placed."""

# Who an order counts for: the community it names, else every community its buyer was in when it was placed. The way leads from
# the communities through their members to what those bought: a community's page must not walk through everybody's orders.
ATTRIBUTED = f"""(
    SELECT o.*, o.community_id AS place FROM commerce_order o WHERE o.community_id = ANY(%(communities)s) AND {_WHEN}
    UNION ALL
    SELECT o.*, m.community_id FROM (
        SELECT m.*, m.member_id AS record FROM people_membership m WHERE m.community_id = ANY(%(communities)s)
        UNION ALL
        SELECT m.*, r.id FROM people_membership m JOIN people_member r ON r.canonical_id = m.member_id
        WHERE m.community_id = ANY(%(communities)s)
    ) m
    JOIN commerce_order o ON o.member_id = m.record AND {_IN_NO_COMMUNITY} AND {_WAS_IN}
) o {_BUYERS}"""
"""Paid orders ``o`` of the communities, each with the ``place`` it counts for, and the buyer's record ``p``; one that counts for
several comes once for each."""

EVERYWHERE = f"""(
    SELECT o.*, o.community_id AS place FROM commerce_order o WHERE o.community_id IS NOT NULL AND {_WHEN}
    UNION ALL
    SELECT o.*, m.community_id FROM commerce_order o
    LEFT JOIN people_member r ON r.id = o.member_id AND r.canonical_id IS NOT NULL
    LEFT JOIN people_membership m ON m.member_id = coalesce(r.canonical_id, o.member_id) AND {_WAS_IN}
    WHERE {_IN_NO_COMMUNITY}
) o {_BUYERS}"""
"""As `ATTRIBUTED`, of all communities: here the way leads from the orders of the period, which are then the fewest. What counts
for none comes too, without a place."""

ALL = f"(SELECT o.* FROM commerce_order o WHERE {_WHEN}) o {_BUYERS}"
"""Every paid order ``o``, of members or not, with the buyer's record ``p``."""


@remembered_of_records
def sales(scope: Scope, period: Period, timezone: str) -> Sales:
    """Return what was paid by day in ``timezone``; of a restricted scope, what its members paid, each order once."""
    begin, end = period.with_previous.instants(timezone)
    values: dict[str, Any] = {"begin": begin, "end": end, "unpaid": sorted(UNPAID), "zone": timezone}
    # An order may count for several communities of the scope; the total has it once.
    source = ALL
    if not scope.is_everything:
        values["communities"] = list(scope.communities)
        source = f"(SELECT DISTINCT o.id, o.at, o.amount, o.refunded, o.currency FROM {ATTRIBUTED}) o"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (o.at AT TIME ZONE %(zone)s)::date, o.currency, sum(o.amount), count(*), sum(o.refunded)"
            f" FROM {source} GROUP BY 1, 2",
            values,
        )
        rows = cursor.fetchall()
    known = {
        day: DayOfOrders(day, int(amount), count, int(back))
        for day, code, amount, count, back in rows
        if code == CURRENCY
    }
    others: dict[str, int] = {}
    for day, code, _amount, count, _back in rows:
        if code != CURRENCY and day in period:
            others[code] = others.get(code, 0) + count
    return Sales(
        tuple(known.get(day, DayOfOrders(day)) for day in period.days),
        tuple(known.get(day, DayOfOrders(day)) for day in period.previous.days),
        tuple(sorted(others.items())),
    )


@remembered_of_records
def paid_by_community(scope: Scope, period: Period, timezone: str) -> Mapping[int, int]:
    """Return what each community's members paid, on each community's own days; those who bought nothing are left out.

    Of a scope that is everything, `NOWHERE` has what was paid on the days of ``timezone`` by people who were in none.
    """
    found: dict[int, int] = {}
    zones = dict(scope.zones)
    if scope.is_everything:
        zones.setdefault(timezone, ())
    for zone, communities in zones.items():
        begin, end = period.instants(zone)
        values: dict[str, Any] = {
            "begin": begin,
            "end": end,
            "unpaid": sorted(UNPAID),
            "communities": list(communities),
            "currency": CURRENCY,
            "nowhere": NOWHERE,
            "is_asked": zone == timezone,
        }
        source = EVERYWHERE if scope.is_everything else ATTRIBUTED
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT coalesce(o.place, %(nowhere)s), sum(o.amount) FROM {source} WHERE o.currency = %(currency)s"
                " AND (o.place = ANY(%(communities)s) OR o.place IS NULL AND %(is_asked)s) GROUP BY 1",
                values,
            )
            found |= {place: int(amount) for place, amount in cursor.fetchall()}
    return found


def basket(scope: Scope, period: Period, *, top: int = 10) -> Basket:
    """Return who of one community bought what in ``period``.

    Raises:
        ValueError: the scope is not one community.
    """
    timezone, community = one_community(scope)
    begin, end = period.instants(timezone)
    values: dict[str, Any] = {
        "begin": begin,
        "end": end,
        "unpaid": sorted(UNPAID),
        "communities": [community],
        "currency": CURRENCY,
        "top": top,
        "robots": list(scope.robots),
    }
    mine = (
        f"WITH theirs AS (SELECT o.*, {PERSON} AS buyer FROM {ATTRIBUTED}),"
        " mine AS (SELECT * FROM theirs WHERE currency = %(currency)s)"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"{mine}, buyers AS (SELECT buyer, sum(amount) AS amount, count(*) AS orders, max(at) AS last_at"
            " FROM mine WHERE buyer IS NOT NULL GROUP BY buyer)"
            " SELECT b.buyer, p.public_id, p.name, b.amount, b.orders, b.last_at, count(*) OVER (),"
            " count(*) FILTER (WHERE b.orders > 1 OR k.first_order_at < %(begin)s"
            " OR b.buyer IN (SELECT buyer FROM theirs WHERE currency != %(currency)s)) OVER ()"
            " FROM buyers b JOIN people_member p ON p.id = b.buyer LEFT JOIN commerce_buyer k ON k.member_id = b.buyer"
            " ORDER BY b.amount DESC, b.buyer LIMIT %(top)s",
            values,
        )
        people = cursor.fetchall()
        cursor.execute(
            f"{mine} SELECT product, sum(amount), count(*), count(DISTINCT buyer) FROM mine"
            " GROUP BY product ORDER BY 2 DESC, 1 LIMIT %(top)s",
            values,
        )
        products = tuple(
            Product(name, int(amount), orders, buyers) for name, amount, orders, buyers in cursor.fetchall()
        )
    return Basket(
        people[0][6] if people else 0,
        people[0][7] if people else 0,
        products,
        tuple(Buyer(row[0], row[1], row[2], int(row[3]), row[4], row[5]) for row in people),
    )

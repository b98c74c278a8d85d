"""What the lake tells of repurchase: products with their intervals and last purchases, and what every buyer paid."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from liuliang.lake.queries import query, query_numbers
from liuliang.segments.base import Context
from liuliang.segments.parameters import Parameters
from liuliang.segments.purchases import orders_sql, purchases_sql
from liuliang.winback.cycles import THIN, Learned, learn
from liuliang.winback.models import ListRules, ProductCycle
from liuliang.winback.rules import Rules

MOST = 50
"""Products that the lists speak of, those with the most buyers: a segment of all of them stays one that can be read."""

BEST = 0.8
"""The share of buyers below those whose spending is high."""


@dataclass(frozen=True, slots=True)
class Product:
    """A product as it was bought.

    ``votes`` are the typical days between purchases, ``last`` the days since the last purchase, both with the number of
    buyers. ``usual`` is the median paid for an order of it alone, in CNY minor units. ``by_hand`` is the cycle that staff set.
    """

    name: str
    buyers: int
    votes: Mapping[int, int]
    last: Mapping[int, int]
    usual: int
    learned: Learned | None
    by_hand: int | None

    @property
    def cycle(self) -> int | None:
        """Return the cycle in force: the one set by hand, else the learned one."""
        return self.by_hand or (self.learned.days if self.learned else None)

    @property
    def again(self) -> int:
        """Return how many bought it on more than one day."""
        return sum(self.votes.values())

    @property
    def lacking(self) -> int:
        """Return how many more must have bought it again before its cycle can be learned."""
        return max(0, THIN - self.again)

    def between(self, window: tuple[int, int]) -> int:
        """Return how many last bought it within this window of days ago."""
        return sum(count for ago, count in self.last.items() if window[0] <= ago <= window[1])


def rules() -> Rules:
    """Return the rules in force."""
    row = ListRules.objects.filter(id=1).first()
    return Rules(**row.config) if row else Rules()


def products(context: Context) -> list[Product]:
    """Return the products with the most buyers, what has a cycle first."""
    most: dict[str, int] = dict(_asked(context, _MOST))
    set_by_hand = dict(ProductCycle.objects.filter(product__in=most).values_list("product", "days"))
    votes, last = _counted(context, _VOTES), _counted(context, _LAST)
    usual = {name: int(amount) for name, amount in _asked(context, _USUAL)}
    found = [
        Product(name, buyers, votes[name], last[name], usual.get(name, 0), learn(votes[name]), set_by_hand.get(name))
        for name, buyers in most.items()
    ]
    return sorted(found, key=lambda one: (one.cycle is None, -one.buyers, one.name))


_MOST = (
    f"SELECT product, toInt64(count()) AS n FROM ({{purchases}}) GROUP BY product ORDER BY n DESC, product LIMIT {MOST}"
)
_VOTES = (
    "SELECT product, gaps[intDiv(length(gaps) + 1, 2)] AS vote, toInt64(count()) FROM (SELECT product,"
    " arraySort(arrayMap((near, far) -> toInt64(far - near), arrayPopBack(agos), arrayPopFront(agos))) AS gaps"
    " FROM ({purchases}) WHERE length(agos) > 1) GROUP BY product, vote"
)
_LAST = "SELECT product, toInt64(agos[1]) AS ago, toInt64(count()) FROM ({purchases}) GROUP BY product, ago"
_USUAL = (
    "SELECT trimBoth(products), toInt64(quantileExactLow(0.5)(paid - back)) FROM ({orders})"
    " WHERE position(products, '、') = 0 AND currency IN ('', 'CNY') GROUP BY trimBoth(products)"
)


def _counted(context: Context, statement: str) -> dict[str, dict[int, int]]:
    found: defaultdict[str, dict[int, int]] = defaultdict(dict)
    for name, days, count in _asked(context, statement):
        found[name][int(days)] = int(count)
    return found


def _asked(context: Context, statement: str) -> list[tuple[Any, ...]]:
    parameters = Parameters()
    for name, told in (("{purchases}", purchases_sql), ("{orders}", orders_sql)):
        if name in statement:
            statement = statement.replace(name, told(context, parameters))
    return query(statement, parameters.values).rows


@dataclass(frozen=True, slots=True)
class Buyers:
    """Everybody who bought: days since the last order, orders, what they paid in all and in their last year (CNY minor units)."""

    member: NDArray[np.int64]
    ago: NDArray[np.int64]
    orders: NDArray[np.int64]
    paid: NDArray[np.int64]
    year: NDArray[np.int64]

    @property
    def high_amount(self) -> int:
        """Return what the best fifth of buyers paid at the least; 1 where nobody paid."""
        if not len(self.paid):
            return 1
        return max(1, int(np.sort(self.paid)[int(BEST * (len(self.paid) - 1))]))


def buyers(context: Context) -> Buyers:
    """Return everybody who bought. Their last year is the 365 days up to and with their last order."""
    parameters = Parameters()
    orders = orders_sql(context, parameters)
    statement = (
        "SELECT toInt64(member), toInt64(arrayMin(one -> one.1, told)), toInt64(length(told)),"
        " toInt64(arraySum(one -> one.2, told)),"
        " toInt64(arraySum(one -> if(one.1 < arrayMin(each -> each.1, told) + 365, one.2, 0), told))"
        " FROM (SELECT member, groupArray((toInt64(ago), if(currency IN ('', 'CNY'), toInt64(paid) - toInt64(back), 0)))"
        f" AS told FROM ({orders}) WHERE ago >= 0 GROUP BY member)"
    )
    return Buyers(*query_numbers(statement, parameters.values, columns=5))


@dataclass(frozen=True, slots=True)
class Purchase:
    """A member's purchases of a product: days since the last one, and on how many days they bought it."""

    member: int
    product: str
    ago: int
    times: int


def purchases(context: Context, among: BitMap) -> Iterator[Purchase]:
    """Iterate over what these members bought, product by product."""
    parameters = Parameters()
    statement = (
        f"SELECT member, product, agos[1], length(agos) FROM ({purchases_sql(context, parameters)})"
        f" WHERE member IN {parameters.numbers(among)} ORDER BY member, product"
    )
    for row in query(statement, parameters.values).rows:
        yield Purchase(*row)

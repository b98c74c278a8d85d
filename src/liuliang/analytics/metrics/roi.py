"""What was earned for what was spent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import ORDERS_VIEW
from liuliang.analytics.base import Asked, Reading, Side, Statement, Words, metrics
from liuliang.analytics.costs import covered, covered_days, covered_statement, spent, spent_statement
from liuliang.analytics.counting import answer, named
from liuliang.analytics.definitions import Definition
from liuliang.analytics.selling import paid_orders


@dataclass(frozen=True, kw_only=True)
class Roi(Words):
    """What those paid who came at a cost, less what was spent, of what was spent."""

    @property
    def sides(self) -> tuple[Side, ...]:
        """Return those of them who paid."""
        return (Side("paid", _("由花费带来、付了款的人")),)

    def statements(self, asked: Asked) -> tuple[Statement, ...]:
        """Return what was spent, who came at it, and what they paid."""
        return (spent_statement(asked), covered_statement(asked), _paid(asked))

    def read(self, asked: Asked) -> Sequence[Reading]:
        """Return the quotient where something was spent."""
        costs = spent(asked)
        if not costs:
            return ()
        paid = {(str(part), start): float(amount) for part, start, amount in answer(_paid(asked))}
        came = {(str(part), start): int(number) for part, start, number in covered(asked)}
        everybody = {(each.part, each.start): int(each.value or 0) for each in metrics()["joined"].read(asked)}
        return [
            Reading(key[0], key[1], (paid.get(key, 0.0) - amount) / amount, count=paid.get(key, 0.0),
                    of=came.get(key, 0), among=everybody.get(key, 0))
            for key, amount in sorted(costs.items())
        ]  # fmt: skip

    def people(self, asked: Asked, part: str, start: date, side: str = "") -> tuple[int, ...]:
        """Return those who paid in one bucket."""
        if side not in {"", "paid"}:
            raise ValueError(f"nobody is behind {self.key} {side}")
        orders, values = _orders(asked)
        paying = Statement(f"SELECT DISTINCT part, start, buyer AS member FROM {orders}", values, "records")
        return named(paying, part, start)


def _paid(asked: Asked) -> Statement:
    orders, values = _orders(asked)
    return Statement(f"SELECT part, start, sum(amount) FROM {orders} GROUP BY part, start", values, "records")


def _orders(asked: Asked) -> tuple[str, dict[str, Any]]:
    """Return the relation of orders of those who had come at a cost in the period, and its parameters."""
    orders, values = paid_orders(asked)
    came = covered_days(asked)
    values |= {
        "came_parts": [str(part) for part, _member, _day in came],
        "came_members": [int(member) for _part, member, _day in came],
        "came_days": [day for _part, _member, day in came],
    }
    arrays = "%(came_parts)s::text[], %(came_members)s::int[], %(came_days)s::date[]"
    brought = (
        f"(SELECT paid.* FROM {orders} JOIN unnest({arrays}) AS came (part, member, day)"
        " ON came.part = paid.part AND came.member = paid.buyer AND came.day <= paid.day) AS brought"
    )
    return brought, values


METRIC = Roi(
    definition=Definition(
        "roi",
        _("投入产出 ROI"),
        _(
            "（成交额 − 期内登记的获客花费）÷ 花费。成交额只算花费带来的人付的：期内在登记了花费的那些天、那些群、用那种方式进群的人，"
            "进群当天起在期内付的；期末以后再付的不算，所以期越短越偏低。没有登记花费的不列。"
            "不分社群的花费只算在全部社群的合计里。"
        ),
    ),
    stage="revenue",
    style="percent",
    dimensions=("community", "type"),
    permission=ORDERS_VIEW,
)

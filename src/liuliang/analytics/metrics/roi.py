"""What was earned for what was spent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import ORDERS_VIEW
from liuliang.analytics.base import Asked, Reading, Side, Statement, Words, metrics
from liuliang.analytics.costs import spent, spent_statement
from liuliang.analytics.definitions import Definition


@dataclass(frozen=True, kw_only=True)
class Roi(Words):
    """Money paid, less what was spent, of what was spent."""

    @property
    def sides(self) -> tuple[Side, ...]:
        """Return those who paid."""
        return (Side("paid", _("付了款的人")),)

    def statements(self, asked: Asked) -> tuple[Statement, ...]:
        """Return what was spent, and what was paid."""
        return (spent_statement(asked), *metrics()["gmv"].statements(asked))

    def read(self, asked: Asked) -> Sequence[Reading]:
        """Return the quotient where something was spent."""
        paid = {(each.part, each.start): each.value or 0.0 for each in metrics()["gmv"].read(asked)}
        return [
            Reading(part, start, (paid.get((part, start), 0.0) - amount) / amount, count=paid.get((part, start), 0.0))
            for (part, start), amount in sorted(spent(asked).items())
        ]

    def people(self, asked: Asked, part: str, start: date, side: str = "") -> tuple[int, ...]:
        """Return those who paid in one bucket."""
        if side not in {"", "paid"}:
            raise ValueError(f"nobody is behind {self.key} {side}")
        return metrics()["buyers"].people(asked, part, start)


METRIC = Roi(
    definition=Definition(
        "roi",
        _("投入产出 ROI"),
        _(
            "（期内成交额 − 期内登记的获客花费）÷ 花费。成交额是期内所有成员付的，不只是新来的人付的；没有登记花费的不列。"
            "不分社群的花费只算在全部社群的合计里。"
        ),
    ),
    stage="revenue",
    style="percent",
    dimensions=("community", "type"),
    permission=ORDERS_VIEW,
)

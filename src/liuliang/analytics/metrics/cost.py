"""What was spent on bringing people in."""

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
class Cost(Words):
    """Costs as they were entered, each spread over its days."""

    @property
    def sides(self) -> tuple[Side, ...]:
        """Return those who came at it."""
        return (Side("came", _("登记了花费的进群的人"), is_by_place=True),)

    def statements(self, asked: Asked) -> tuple[Statement, ...]:
        """Return what was spent."""
        return (spent_statement(asked),)

    def read(self, asked: Asked) -> Sequence[Reading]:
        """Return what was spent; where nothing was entered nothing is said, which is not the same as nothing spent."""
        return [Reading(part, start, amount, count=amount) for (part, start), amount in sorted(spent(asked).items())]

    def people(self, asked: Asked, part: str, start: date, side: str = "") -> tuple[int, ...]:
        """Return those who came at a cost in one bucket."""
        return metrics()["cac"].people(asked, part, start, side)


METRIC = Cost(
    definition=Definition(
        "cost",
        _("获客花费"),
        _(
            "登记在期内的获客花费，一笔平摊到它的每一天，只算落在期内的部分；没有登记的不算成零。"
            "不分社群的花费只算在全部社群的合计里，没写进群方式的不算在任何一种方式里；按人群看时没有花费可算。"
        ),
        good="down",
    ),
    stage="revenue",
    style="money",
    permission=ORDERS_VIEW,
)

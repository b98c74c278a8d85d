"""Money for each member."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import ORDERS_VIEW
from liuliang.analytics.base import Asked, Reading, Side, Statement, Words
from liuliang.analytics.counting import named
from liuliang.analytics.definitions import Definition
from liuliang.analytics.levels import level_statements, levels
from liuliang.analytics.selling import paid_by_each, paid_by_person, paying, those_there_who_paid_nothing


@dataclass(frozen=True, kw_only=True)
class Arpu(Words):
    """What members paid, of those who are there at the end."""

    @property
    def sides(self) -> tuple[Side, ...]:
        """Return who paid, and who is there and did not."""
        return (Side("paid", _("付了款的人")), Side("others", _("在群没付款的人")))

    def statements(self, asked: Asked) -> tuple[Statement, ...]:
        """Return what each buyer paid, summed up, and who is there."""
        return (paid_by_person(asked), *level_statements(asked))

    def read(self, asked: Asked) -> Sequence[Reading]:
        """Return the mean of all members, those who paid nothing included; its interval comes from how much people differ."""
        return paid_by_each(asked, {(each.part, each.start): each.members for each in levels(asked)})

    def people(self, asked: Asked, part: str, start: date, side: str = "") -> tuple[int, ...]:
        """Return the members on one side of one value."""
        if side not in {"", "paid", "others"}:
            raise ValueError(f"nobody is behind {self.key} {side}")
        return (
            those_there_who_paid_nothing(asked, part, start) if side == "others" else named(paying(asked), part, start)
        )


METRIC = Arpu(
    definition=Definition(
        "arpu",
        _("人均成交 ARPU"),
        _("期内成交额 ÷ 期末群成员（人·群），没买过的人也算在分母里。区间来自每个人付了多少之间的差别。"),
    ),
    stage="revenue",
    style="money",
    dimensions=("community", "type"),
    permission=ORDERS_VIEW,
)

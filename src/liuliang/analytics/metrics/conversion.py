"""Who pays, of who is there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import ORDERS_VIEW
from liuliang.analytics.base import Asked, Reading, Side, Statement, Words
from liuliang.analytics.counting import answer, divided
from liuliang.analytics.definitions import Definition
from liuliang.analytics.heads import ends, head_statements
from liuliang.analytics.remembering import remembered_of_records
from liuliang.analytics.selling import paying, those_there_who_paid, those_there_who_paid_nothing


@dataclass(frozen=True, kw_only=True)
class Conversion(Words):
    """People who paid, of those who are there at the end: who left, or never was there, counts on neither side."""

    @property
    def sides(self) -> tuple[Side, ...]:
        """Return who is there and paid, and who is there and did not."""
        return (Side("paid", _("在群付了款的人"), "count"), Side("others", _("在群没付款的人")))

    def statements(self, asked: Asked) -> tuple[Statement, ...]:
        """Return who paid, and who is there."""
        return (paying(asked), *head_statements(asked))

    def read(self, asked: Asked) -> Sequence[Reading]:
        """Return the share."""
        return tuple(divided(part, start, paid, of) for (part, start), (paid, of) in _converted(asked).items())

    def people(self, asked: Asked, part: str, start: date, side: str = "") -> tuple[int, ...]:
        """Return the members on one side of one value."""
        if side not in {"", "paid", "others"}:
            raise ValueError(f"nobody is behind {self.key} {side}")
        those = those_there_who_paid_nothing if side == "others" else those_there_who_paid
        return those(asked, part, start)


@remembered_of_records
def _converted(asked: Asked) -> Mapping[tuple[str, date], tuple[int, int]]:
    """Return how many paid of how many people who were in each part at the end of every bucket."""
    paid: defaultdict[tuple[str, date], set[int]] = defaultdict(set)
    for part, start, member in answer(paying(asked)):
        paid[part, start].add(member)
    found = {(end.part, end.start): (end.among(paid[end.part, end.start]), end.people) for end in ends(asked)}
    return dict(sorted(found.items()))


METRIC = Conversion(
    definition=Definition(
        "conversion",
        _("成交转化率"),
        _(
            "期末在群的人里，期内至少付过一笔人民币订单的占多少，在几个群里的人只算一次。付过款又退群的、从来不在群里的买家，两边都不算。"
            "期越长，付过的人越多，和别的期比时天数要一样。机器人不算。"
        ),
    ),
    stage="revenue",
    style="percent",
    dimensions=("community", "type"),
    permission=ORDERS_VIEW,
)

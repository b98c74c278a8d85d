"""Who pays, of who is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import ORDERS_VIEW
from liuliang.analytics.base import Asked, Reading, Side, Statement, Words, metrics
from liuliang.analytics.counting import divided, named
from liuliang.analytics.definitions import Definition
from liuliang.analytics.levels import head_statements, heads, present_at_end
from liuliang.analytics.selling import paying


@dataclass(frozen=True, kw_only=True)
class Conversion(Words):
    """People who paid, of those who are there at the end."""

    @property
    def sides(self) -> tuple[Side, ...]:
        """Return who paid, and who is there and did not; who paid and left makes these more than the rest of the share."""
        return (Side("paid", _("付了款的人"), "count"), Side("others", _("在群没付款的人")))

    def statements(self, asked: Asked) -> tuple[Statement, ...]:
        """Return who paid, and who is there."""
        return (*metrics()["buyers"].statements(asked), *head_statements(asked))

    def read(self, asked: Asked) -> Sequence[Reading]:
        """Return the share; people who paid and are not there cannot push it over 1."""
        paid = {(each.part, each.start): int(each.value or 0) for each in metrics()["buyers"].read(asked)}
        return tuple(
            divided(part, start, min(paid.get((part, start), 0), of), of) for (part, start), of in heads(asked).items()
        )

    def people(self, asked: Asked, part: str, start: date, side: str = "") -> tuple[int, ...]:
        """Return the members on one side of one value."""
        if side not in {"", "paid", "others"}:
            raise ValueError(f"nobody is behind {self.key} {side}")
        paid = named(paying(asked), part, start)
        if side != "others":
            return paid
        return tuple(sorted({member for _community, member in present_at_end(asked, part, start)}.difference(paid)))


METRIC = Conversion(
    definition=Definition(
        "conversion",
        _("成交转化率"),
        _(
            "期内至少付过一笔人民币订单的人 ÷ 期末在群的人，在几个群里的人只算一次。期内付过款又退群的人也算付过，所以最多显示 100%。"
            "期越长，付过的人越多，和别的期比时天数要一样。机器人不算。"
        ),
    ),
    stage="revenue",
    style="percent",
    dimensions=("community", "type"),
    permission=ORDERS_VIEW,
)

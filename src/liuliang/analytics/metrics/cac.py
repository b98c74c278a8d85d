"""What one who came has cost."""

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
class Cac(Words):
    """What was spent, of those who came."""

    @property
    def sides(self) -> tuple[Side, ...]:
        """Return those who came."""
        return (Side("came", _("进群的人"), "of", is_by_place=True),)

    def statements(self, asked: Asked) -> tuple[Statement, ...]:
        """Return what was spent, and who came."""
        return (spent_statement(asked), *metrics()["joined"].statements(asked))

    def read(self, asked: Asked) -> Sequence[Reading]:
        """Return the quotient where something was spent; nothing to divide by where nobody came."""
        came = {(each.part, each.start): int(each.value or 0) for each in metrics()["joined"].read(asked)}
        return [
            Reading(part, start, amount / came[part, start] if came.get((part, start)) else None, count=amount,
                    of=came.get((part, start), 0))
            for (part, start), amount in sorted(spent(asked).items())
        ]  # fmt: skip

    def people(self, asked: Asked, part: str, start: date, side: str = "") -> tuple[int, ...]:
        """Return those who came in one bucket."""
        if side not in {"", "came"}:
            raise ValueError(f"nobody is behind {self.key} {side}")
        return metrics()["joined"].people(asked, part, start)


METRIC = Cac(
    definition=Definition(
        "cac",
        _("获客成本 CAC"),
        _(
            "期内登记的获客花费 ÷ 期内进群的“人·群”。一笔花费平摊到它的每一天，只算落在期内的部分；没有登记花费的不算成零，而是不列。"
            "不分社群的花费只算在全部社群的合计里。"
        ),
        good="down",
    ),
    stage="revenue",
    style="money",
    permission=ORDERS_VIEW,
)

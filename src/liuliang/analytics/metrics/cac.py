"""What one who came has cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import ORDERS_VIEW
from liuliang.analytics.base import Asked, Reading, Side, Statement, Words, metrics
from liuliang.analytics.costs import covered, covered_people, covered_statement, spent, spent_statement
from liuliang.analytics.counting import named
from liuliang.analytics.definitions import Definition


@dataclass(frozen=True, kw_only=True)
class Cac(Words):
    """What was spent, of those who came at it."""

    @property
    def sides(self) -> tuple[Side, ...]:
        """Return those who came at a cost."""
        return (Side("came", _("登记了花费的进群的人"), "of", is_by_place=True),)

    def statements(self, asked: Asked) -> tuple[Statement, ...]:
        """Return what was spent, and who came at it."""
        return (spent_statement(asked), covered_statement(asked))

    def read(self, asked: Asked) -> Sequence[Reading]:
        """Return the quotient where something was spent; nothing to divide by where nobody came at it."""
        costs = spent(asked)
        if not costs:
            return ()
        came = {(str(part), start): int(number) for part, start, number in covered(asked)}
        everybody = {(each.part, each.start): int(each.value or 0) for each in metrics()["joined"].read(asked)}
        return [
            Reading(key[0], key[1], amount / came[key] if came.get(key) else None, count=amount, of=came.get(key, 0),
                    among=everybody.get(key, 0))
            for key, amount in sorted(costs.items())
        ]  # fmt: skip

    def people(self, asked: Asked, part: str, start: date, side: str = "") -> tuple[int, ...]:
        """Return those who came at a cost in one bucket."""
        if side not in {"", "came"}:
            raise ValueError(f"nobody is behind {self.key} {side}")
        return named(covered_people(asked), part, start)


METRIC = Cac(
    definition=Definition(
        "cac",
        _("获客成本 CAC"),
        _(
            "期内登记的获客花费 ÷ 由它带来的“人·群”：在登记了花费的那些天、那些群、用那种方式进群的。一笔花费平摊到它的每一天，只算落在期内的部分；"
            "没有登记花费的不算成零，人和钱都不算在内。"
            "不分社群的花费只算在全部社群的合计里。"
        ),
        good="down",
    ),
    stage="revenue",
    style="money",
    permission=ORDERS_VIEW,
)

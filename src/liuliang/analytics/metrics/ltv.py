"""What a member is worth until they fall silent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import ORDERS_VIEW
from liuliang.analytics.base import Asked, Reading, Side, Statement, Words, metrics
from liuliang.analytics.definitions import Definition
from liuliang.analytics.heads import head_statements, heads
from liuliang.analytics.selling import paid_by_each, paid_by_person

_MONTH = 30


@dataclass(frozen=True, kw_only=True)
class Ltv(Words):
    """What members pay in a month, of the share that falls silent in a month."""

    @property
    def sides(self) -> tuple[Side, ...]:
        """Return who paid, and who fell silent: what it is reckoned from."""
        return (Side("paid", _("付了款的人")), Side("lost", _("流失的人")))

    def statements(self, asked: Asked) -> tuple[Statement, ...]:
        """Return what members paid, and who fell silent."""
        return (paid_by_person(asked), *head_statements(asked), *metrics()["churn"].statements(asked))

    def read(self, asked: Asked) -> Sequence[Reading]:
        """Return the quotient; the interval takes both ends of each, so it is rather too wide than too narrow."""
        lost = {(each.part, each.start): each for each in metrics()["churn"].read(asked)}
        days = {bucket.first: len(bucket) for bucket in asked.buckets}
        found: list[Reading] = []
        for paid in paid_by_each(asked, heads(asked)):
            churn = lost.get((paid.part, paid.start))
            if paid.value is None or churn is None or not churn.value:
                continue
            month = _MONTH / days[paid.start]
            low = paid.low * month / churn.high if paid.low is not None and churn.high else None
            high = paid.high * month / churn.low if paid.high is not None and churn.low else None
            known = low is not None and high is not None
            found.append(
                Reading(
                    paid.part, paid.start, paid.value * month / churn.value,
                    low if known else None, high if known else None, of=churn.of,
                )
            )  # fmt: skip
        return found

    def people(self, asked: Asked, part: str, start: date, side: str = "") -> tuple[int, ...]:
        """Return the members on one side of one value."""
        if side not in {"", "paid", "lost"}:
            raise ValueError(f"nobody is behind {self.key} {side}")
        return metrics()["churn" if side == "lost" else "buyers"].people(asked, part, start)


METRIC = Ltv(
    definition=Definition(
        "ltv",
        _("生命周期价值 LTV"),
        _(
            "估算：期内成交额 ÷ 期末在群的人，折成 30 天，再 ÷ 30 天流失率，等于一个人在沉默以前平均会付多少，假定付款和流失都照现在这样下去。"
            "在几个群里的人只算一次，和流失率一样，所以和按“人·群”算的人均成交不同。没有人流失时算不出。"
            "区间把两者各自的 95% 区间的两端相除，宁宽勿窄。"
        ),
    ),
    stage="revenue",
    style="money",
    dimensions=("community", "type"),
    permission=ORDERS_VIEW,
)

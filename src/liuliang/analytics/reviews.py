"""复盘: what changed in a week or a month, by how much beyond the usual, and which groups and members explain it.

Each metric is compared with as many days before, by the rules of `noise`; what is believed there is a change on every page.
Changes are then taken apart: what adds up over groups into the groups that
differ most in the direction of the whole, shares and medians into what each group adds (`contributions`), messages and money into
members too. Of what people do or fail to do, those are named. That explains where a change is, not why.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from django.utils.translation import gettext_lazy as _

from liuliang.analytics.base import Asked, Metric, Statement, metrics
from liuliang.analytics.comparing import Compared, compared
from liuliang.analytics.contributions import Contribution, contributions
from liuliang.analytics.counting import Rows, answer
from liuliang.analytics.definitions import Definition
from liuliang.analytics.periods import ONE_DAY, Period
from liuliang.analytics.remembering import remembered
from liuliang.analytics.scopes import Population, Scope, between
from liuliang.analytics.selling import paid_orders
from liuliang.lake.queries import query

Unit = Literal["week", "month"]

KEYS = (
    "members", "joined", "left", "speakers", "messages", "rate", "activation", "churn", "invites", "nps", "response_time",
    "gmv", "orders", "buyers",
)  # fmt: skip
"""What is reviewed, in the order it is told."""

ASKED_FOR = frozenset({"nps"})
"""Metrics of what members are asked by some brands only: where nobody was, nothing is told of them."""

BY_MEMBER = frozenset({"messages", "gmv"})
"""Metrics behind which members differ by how much, not only by whether."""

SIDES: Mapping[str, tuple[str, str]] = {
    "joined": ("came", ""),
    "left": ("went", ""),
    "invites": ("invited", ""),
    "rate": ("spoke", "silent"),
    "activation": ("spoke", "silent"),
    "churn": ("lost", "stayed"),
    "nps": ("promoters", "detractors"),
    "response_time": ("waiting", ""),
    "buyers": ("paid", ""),
}
"""Who is behind a metric that rose, and behind one that fell: a side of it; where it fell for lack of people there is nobody."""

WORTH_TELLING = 0.1
"""Share of the whole change that a group must add to be named."""

MOST = 5
"""Groups and members named behind one change."""

REVIEW = Definition(
    "review",
    _("复盘"),
    _(
        "这一期与紧挨着的、同样多天的上一期相比。每个指标按自己的波动给出变化的 95% 区间；群成员这样一直在涨的，比的是这一期的增减和上一期的增减。"
        "碰巧变成这样的可能不到百分之一才算变化，和总览、AARRR 是同一条规则。不算变化的里面，区间里连减半或翻倍都有，或者单看像是变了的，"
        "是说不准；其余才是和平常一样。群和成员列的是与总变化同方向、相差最多的几个：说的是变化在哪里，不是为什么。"
        "比率和中位数拆成每个群带来多少：群里自己变了多少（按两期平均的人数占比），加上人往高的或低的群里挪了多少（Kitagawa 分解）。"
    ),
)


@dataclass(frozen=True, slots=True)
class Part:
    """A group or a member behind a change: what it was before, and what it is now; of what grows all the time the ``usual`` growth."""

    id: int
    before: float
    now: float
    usual: float = 0.0

    @property
    def difference(self) -> float:
        """Return how much more it is than it would be as usual."""
        return self.now - self.before - self.usual


@dataclass(frozen=True, slots=True)
class Finding:
    """A metric with its change; ``is_real`` when it is believed. ``groups`` and ``members`` explain it, most first.

    ``groups`` hold what adds up, ``rates`` what groups add to a share or a median. ``people`` are the first few of the
    ``side`` of the metric that its change is of.
    """

    found: Compared
    is_real: bool
    groups: tuple[Part, ...] = ()
    members: tuple[Part, ...] = ()
    rates: tuple[Contribution, ...] = ()
    side: str = ""
    people: tuple[int, ...] = ()

    @property
    def is_unsure(self) -> bool:
        """Tell that the record cannot say whether it changed, which is not the same as that it did not."""
        change = self.found.comparison
        return not self.is_real and (change is None or change.is_open or not change.is_noise)


def period_of(unit: Unit, day: date) -> Period:
    """Return the week (from Monday) or the month that a day lies in."""
    if unit == "week":
        first = day - timedelta(days=day.weekday())
        return Period(first, first + timedelta(days=6))
    first = day.replace(day=1)
    return Period(first, (first + timedelta(days=31)).replace(day=1) - ONE_DAY)


def latest_period(unit: Unit, last: date) -> Period:
    """Return the latest week or month that is over on ``last``; the one that lies around it where none is."""
    around = period_of(unit, last)
    return around if around.last <= last else period_of(unit, around.first - ONE_DAY)


def review(asked_of: Mapping[str, Asked], *, is_comparable: bool) -> Sequence[Finding]:
    """Return the findings of a period.

    Args:
        asked_of: for each key of `KEYS` that may be seen, the question with the groups where it may.
        is_comparable: whether the log reaches back over the period before.
    """
    found = [compared(metrics()[key], asked_of[key], is_comparable=is_comparable) for key in KEYS if key in asked_of]
    return [
        _explained(each, asked_of[each.metric.key], is_real=each.comparison is not None and each.comparison.is_believed)
        for each in found
        if each.metric.key not in ASKED_FOR or each.now is not None or each.before is not None
    ]


def _explained(found: Compared, asked: Asked, *, is_real: bool) -> Finding:
    if not is_real or found.comparison is None:
        return Finding(found, is_real)
    is_up = found.comparison.difference > found.comparison.usual
    metric = found.metric
    groups: tuple[Part, ...] = ()
    if metric.style in {"count", "money"} and len(asked.scope.communities) > 1 and "community" in metric.dimensions:
        periods = [asked.period, asked.period.previous, asked.period.previous.previous]
        now, before, earlier = (
            _by_community(metric, replace(asked, period=period)) if place < 2 or found.comparison.usual else {}
            for place, period in enumerate(periods)
        )
        parts = [
            Part(
                key,
                before.get(key, 0.0),
                now.get(key, 0.0),
                before.get(key, 0.0) - earlier.get(key, 0.0) if found.comparison.usual else 0.0,
            )
            for key in now.keys() | before.keys()
        ]
        groups = _most(parts, is_up=is_up)
    members: tuple[Part, ...] = ()
    if metric.key in BY_MEMBER:
        members = movers(asked, metric.key, is_up=is_up)
    side = SIDES.get(metric.key, ("", ""))[0 if is_up else 1]
    people = _foremost(asked, metric.people(asked, "", asked.period.first, side)) if side else ()
    return Finding(found, is_real, groups, members, _rates(metric, asked, is_up=is_up), side, people)


def _rates(metric: Metric, asked: Asked, *, is_up: bool) -> tuple[Contribution, ...]:
    """Return the groups that add most to the change of a share or a median, in its direction."""
    if metric.style in {"count", "money"} or len(asked.scope.communities) < 2 or "community" not in metric.dimensions:
        return ()
    before, now = (
        {
            int(each.part): (each.value, each.of)
            for each in metric.read(replace(asked, split="community", period=period))
            if each.part.isdecimal() and each.value is not None and each.of
        }
        for period in (asked.period.previous, asked.period)
    )
    found = contributions(before, now)
    least = WORTH_TELLING * abs(math.fsum(each.difference for each in found))
    along = [each for each in found if (each.difference > 0) == is_up and abs(each.difference) > least]
    return tuple(sorted(along, key=lambda each: (-abs(each.difference), each.id))[:MOST])


def _foremost(asked: Asked, people: Sequence[int]) -> tuple[int, ...]:
    """Return a few of some people: those who had most to say in both periods first."""
    if not people:
        return ()
    heard = [member for member, _before, _now in _speakers(asked.scope.among(Population.of(people)), asked.period)]
    silent = sorted(set(people).difference(heard))
    return tuple([*heard, *silent][:MOST])


def _by_community(metric: Metric, asked: Asked) -> Mapping[int, float]:
    found = metric.read(replace(asked, split="community"))
    return {int(each.part): each.value or 0.0 for each in found if each.part.isdecimal()}


def _most(parts: Sequence[Part], *, is_up: bool) -> tuple[Part, ...]:
    """Return the parts that differ most in one direction."""
    along = [each for each in parts if (each.difference > 0) == is_up and each.difference]
    return tuple(sorted(along, key=lambda each: (-abs(each.difference), each.id))[:MOST])


def movers(asked: Asked, key: str, *, is_up: bool) -> tuple[Part, ...]:
    """Return the members whose messages (or payments, of ``gmv``) differ most from the period before, in one direction."""
    order = "DESC" if is_up else "ASC"
    if key == "messages":
        rows = _shifts(asked.scope, asked.period, order)
    else:
        orders, values = paid_orders(replace(asked, period=asked.period.with_previous, step="day", split=""))
        told = "sum(amount) FILTER (WHERE start {} %(period_first)s)"
        rows = answer(
            Statement(
                f"SELECT buyer, coalesce(before, 0), coalesce(now, 0) FROM (SELECT buyer, {told.format('<')} AS before,"
                f" {told.format('>=')} AS now FROM {orders} WHERE buyer IS NOT NULL GROUP BY buyer) AS b"
                f" ORDER BY coalesce(now, 0) - coalesce(before, 0) {order}, buyer LIMIT %(most)s",
                {**values, "period_first": asked.period.first, "most": MOST},
                "records",
            )
        )
    return _most([Part(int(member), float(before), float(now)) for member, before, now in rows], is_up=is_up)


@remembered
def _shifts(scope: Scope, period: Period, order: str) -> Rows:
    return _said(scope, period, f"toInt64(now) - toInt64(before) {order}")


@remembered
def _speakers(scope: Scope, period: Period) -> Rows:
    return _said(scope, period, "before + now DESC")


def _said(scope: Scope, period: Period, order: str) -> Rows:
    among, values = scope.condition()
    within, days = between(period.with_previous)
    now = "day >= {begin:Date}"
    return query(
        f"SELECT member, sumIf(count, NOT ({now})) AS before, sumIf(count, {now}) AS now FROM {{member_day}}"
        f" WHERE kind = 'message.sent' AND {among} AND {within} GROUP BY member"
        f" ORDER BY {order}, member LIMIT {{most:UInt32}}",
        {**values, **days, "begin": period.first.isoformat(), "most": MOST},
    ).rows

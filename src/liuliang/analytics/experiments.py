"""What giving a coupon did: those who were given one beside those who, by lot, were not.

Everybody of either arm counts, whether or not they used it or got it at all (they may have had theirs already): only so are
both arms alike but for the lot. Money is what was paid, so that what the coupon took off is taken off already.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from django.db import connection
from django.utils.translation import gettext_lazy as _
from numpy.typing import NDArray
from pyroaring import BitMap

from liuliang.analytics import noise
from liuliang.analytics.definitions import Definition
from liuliang.analytics.forecasts.habits import habits
from liuliang.analytics.forecasts.histories import Numbers
from liuliang.analytics.forecasts.uplift import Mask, Uplift, Withheld, whom_it_moves
from liuliang.analytics.noise import Comparison
from liuliang.analytics.remembering import remembered_of_records
from liuliang.analytics.scopes import Scope
from liuliang.commerce.models import CouponRun
from liuliang.commerce.services import UNPAID
from liuliang.kernel.clock import local_day

WINDOW = timedelta(days=30)
"""How long after the run has begun orders count."""

DETECTED = 0.05
"""A difference of shares that a good experiment would notice."""

EXPERIMENT = Definition(
    "experiment",
    _("发券有没有用"),
    _(
        "发的时候随机留出一部分人不发，作对照。从开始发起 30 天，两边各有多少人付过款、平均每人付了多少（减去退款；券减掉的钱已经不在里面），一比就是券带来的。"
        "分到哪边就算哪边，不管后来有没有拿到、用没用：只有这样两边才只差在“发没发”；有人没按分的来，会单独说有多少人。"
        "到期才下结论：天天看、看到有差别就停，碰巧看错的远不止百分之一。全额退款的、券全抵了的订单，机器人、注销的人不算；后来合并、两边都占的人不算。"
        "差别的 95% 区间不含零、碰巧的可能不到百分之一，才说有用或反而更少。"
    ),
)
WHOM = Definition(
    "uplift",
    _("对谁有用"),
    _(
        "用逻辑回归分别从两边的人学：发了会不会买，不发会不会买，两个概率之差就是券能推动他多少（T-learner）。看的是发券以前 12 周做过什么。"
        "分五份轮流学，谁都不由见过他的模型来估。再按估计从高到低分成人数相同的三份，每份里发了的和没发的真实一比。简单规则是对谁都一样有用；"
        "第一份的真实差别比最后一份大、而且不是碰巧，才算知道对谁更有用。"
    ),
)


@dataclass(frozen=True, slots=True)
class Arm:
    """One side: its people, how many of them paid for an order, how many orders, and the money with the sum of its squares.

    ``had`` is how many of them had the coupon by the end, however they came by it.
    """

    people: int
    buyers: int
    orders: int
    money: float
    squares: float
    had: int = 0

    @property
    def share(self) -> float | None:
        """Return the share that paid for an order."""
        return self.buyers / self.people if self.people else None

    @property
    def each(self) -> float | None:
        """Return what was paid on average, in minor units."""
        return self.money / self.people if self.people else None


@dataclass(frozen=True, slots=True)
class Effect:
    """Both sides of a run, how many were left out, and the time in which orders counted."""

    given: Arm
    held: Arm
    left_out: int
    begin: datetime
    end: datetime
    is_over: bool

    @property
    def buyers(self) -> Comparison | None:
        """Return how many more of a hundred paid, of those who were given one."""
        return noise.compare_shares(self.given.buyers, self.given.people, self.held.buyers, self.held.people)

    @property
    def money(self) -> Comparison | None:
        """Return how much more they paid each; None where it cannot be told how much people differ."""
        told = []
        for arm in (self.given, self.held):
            ends = noise.mean_interval(arm.money, arm.squares, arm.people)
            if ends is None or arm.each is None:
                return None
            told.append((arm.each, *ends))
        return noise.compare_estimates(*told)

    @property
    def needed(self) -> int:
        """Return how many people either side would need for a difference of `DETECTED` to be noticed four times in five."""
        share = (self.given.buyers + self.held.buyers + 1) / (self.given.people + self.held.people + 2)
        return math.ceil(2 * share * (1 - share) * ((2.5758 + 0.8416) / DETECTED) ** 2)


@dataclass(frozen=True)
class _Sides:
    """Who counts: persons, whether they were given one, whether they had one, how many orders they paid for, and how much."""

    person: Numbers
    is_given: Mask
    has_had: Mask
    orders: Numbers
    money: Numbers
    left_out: int


def window_of(run: CouponRun, now: datetime) -> datetime:
    """Return up to when orders count by now; to the hour, so that what is asked again is asked the same."""
    return min(run.created_at + WINDOW, max(run.created_at, now.replace(minute=0, second=0, microsecond=0)))


def is_over(run: CouponRun, until: datetime) -> bool:
    """Tell whether all the time in which orders count has passed by then."""
    return until >= run.created_at + WINDOW


@remembered_of_records
def effect(run: int, until: datetime) -> Effect:
    """Return what a run did up to ``until`` (`window_of`)."""
    row = CouponRun.objects.select_related("template").get(pk=run)
    sides = _sides(row, until)
    given, held = (_arm(sides, arm) for arm in (sides.is_given, ~sides.is_given))
    return Effect(given, held, sides.left_out, row.created_at, until, is_over(row, until))


@remembered_of_records
def uplift(run: int, until: datetime, scope: Scope, timezone: str) -> Uplift | Withheld:
    """Return whom a run moves, learnt from what they did in the communities of ``scope`` before it."""
    return _uplift(run, until, scope, timezone)[1]


def members_in_part(run: int, until: datetime, scope: Scope, timezone: str, part: int) -> tuple[int, ...]:
    """Return the people of both sides whom a run is foretold to move most (0), less, or least."""
    sides, found = _uplift(run, until, scope, timezone)
    return tuple(sides.person[found.place == part].tolist()) if isinstance(found, Uplift) else ()


def members_of_side(run: int, until: datetime, *, is_given: bool) -> tuple[int, ...]:
    """Return the people of one side who paid for an order."""
    sides = _sides(CouponRun.objects.select_related("template").get(pk=run), until)
    return tuple(sides.person[(sides.is_given == is_given) & (sides.orders > 0)].tolist())


def _uplift(run: int, until: datetime, scope: Scope, timezone: str) -> tuple[_Sides, Uplift | Withheld]:
    row = CouponRun.objects.select_related("template").get(pk=run)
    sides = _sides(row, until)
    before = local_day(row.created_at, timezone) - timedelta(days=1)
    known = habits(scope, before, with_orders=True).of(sides.person)
    return sides, whom_it_moves(known, sides.orders > 0, sides.is_given)


def _sides(run: CouponRun, until: datetime) -> _Sides:
    """Return who counts on which side, each person once, and what they paid."""
    given, held = (BitMap.deserialize(bytes(each)) if each else BitMap() for each in (run.members, run.held))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.id, coalesce(c.id, m.id) FROM people_member m LEFT JOIN people_member c ON c.id = m.canonical_id"
            " WHERE m.id = ANY(%s) AND m.erased_at IS NULL AND c.erased_at IS NULL"
            " AND NOT m.is_bot AND NOT coalesce(c.is_bot, false)",
            [list(given | held)],
        )
        records, persons = _columns(cursor.fetchall(), 2)
        cursor.execute(
            "SELECT coalesce(m.canonical_id, m.id), count(*),"
            " coalesce(sum(o.amount - o.refunded) FILTER (WHERE o.currency = %(currency)s), 0)::bigint"
            " FROM commerce_order o JOIN people_member m ON m.id = o.member_id"
            " WHERE o.at >= %(begin)s AND o.at < %(end)s AND o.status <> ALL(%(unpaid)s)"
            # What the coupon paid for altogether is no payment: only those who have one can order so.
            " AND o.amount > o.refunded GROUP BY 1 ORDER BY 1",
            {
                "currency": run.template.currency, "begin": run.created_at, "end": until, "unpaid": sorted(UNPAID),
            },
        )  # fmt: skip
        buyers, orders, money = _columns(cursor.fetchall(), 3)
        cursor.execute(
            "SELECT DISTINCT coalesce(m.canonical_id, m.id) FROM commerce_coupon c JOIN people_member m ON m.id = c.member_id"
            " WHERE c.template_id = %s AND c.given_at < %s",
            [run.template_id, until],
        )
        (holders,) = _columns(cursor.fetchall(), 1)
    is_given = np.isin(records, given.to_array())
    on_both = np.intersect1d(persons[is_given], persons[~is_given])
    person, first = np.unique(persons, return_index=True)
    counts = ~np.isin(person, on_both)
    person, first = person[counts], first[counts]
    did = np.isin(person, buyers)
    place = np.searchsorted(buyers, person[did])
    bought, paid = np.zeros((2, len(person)), np.int64)
    bought[did], paid[did] = orders[place], money[place]
    left_out = len(given) + len(held) - len(person)
    return _Sides(person, is_given[first], np.isin(person, holders), bought, paid, left_out)


def _columns(rows: list[tuple[int, ...]], width: int) -> list[NDArray[np.int64]]:
    return list(np.array(rows, np.int64).reshape(-1, width).T)


def _arm(sides: _Sides, who: Mask) -> Arm:
    money = sides.money[who].astype(np.float64)
    return Arm(
        int(who.sum()), int((sides.orders[who] > 0).sum()), int(sides.orders[who].sum()), float(money.sum()),
        float((money * money).sum()), int(sides.has_had[who].sum()),
    )  # fmt: skip

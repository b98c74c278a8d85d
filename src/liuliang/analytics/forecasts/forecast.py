"""Who will probably buy or speak in the next days, how far that can be relied on, and who is about to be lost.

A model is fitted to what everybody did up to now, and another learns from it. Both, made of what was known one horizon ago, are
held against what then happened (`backtesting`): the better one foretells who comes, and where neither is better than a simple
rule, it says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
from django.utils.translation import gettext_lazy as _
from numpy.typing import NDArray

from liuliang.analytics.definitions import Definition
from liuliang.analytics.forecasts import buying, spending
from liuliang.analytics.forecasts.backtesting import Backtest, backtest, times_of
from liuliang.analytics.forecasts.buying import Buying, Column
from liuliang.analytics.forecasts.habits import known_at
from liuliang.analytics.forecasts.histories import EPOCH, Question, Told, day_of, days_known, read
from liuliang.analytics.forecasts.learning import Learned, learn
from liuliang.analytics.forecasts.spending import Spending
from liuliang.analytics.remembering import remembered

HORIZONS = (30, 60, 90)
FEWEST_PEOPLE = 100
FEWEST_AGAIN = 30
TESTS = 3
"""Horizons of history that a test takes: one to learn the simple rule from, one to learn it on, one to hold back."""

TIED = 0.3
"""A correlation of how often with how much beyond which the value of a person is told with a warning."""

Group = Literal["once", "kept", "wavering", "fading", "gone"]
GROUPS: tuple[Group, ...] = ("kept", "wavering", "fading", "gone", "once")
_EDGES = (0.8, 0.5, 0.2)

AT_RISK = ("wavering", "fading")
"""The groups of whom something can still be saved."""

FORECAST = Definition(
    "forecast",
    _("预测"),
    _(
        "一个人有过活动的每一天算一次（同一天买几单、说几句都是一次）。用 BG/NBD 模型（Fader、Hardie、Lee，2005）拟合每个人的次数、"
        "最近一次和认识多久：活跃的人按各自的快慢随机地来，每来一次之后都可能从此不来。“会不会来”另外用逻辑回归从大家最近 12 周做的事里学，"
        "回测里明显比 BG/NBD 准才用它；至少要 200 个人、来和没来的各 50 个才学。金额用 Gamma-Gamma 模型（2013）按每次花多少估计，"
        "多买几次的人更信他自己，只买一次的更信大家。全额退款的日子不算买过；其他币种算次数、不算金额。机器人不算。"
        "“还活跃”的概率对只来过一次的人无法判断，他们单列一组，看下一期会来的概率。"
    ),
)
BACKTEST = Definition(
    "backtest",
    _("回测"),
    _(
        "把最后一段时间藏起来，只用之前的数据重新拟合、重新学，预测这一段，再和真实发生的比。简单规则是：上一段来过的人和没来过的人，"
        "各按前一轮的比例和次数估。概率误差是 Brier 分数（预测概率与 0/1 结果之差的平方的平均），次数误差是每人次数的均方根误差，都是越小越好。"
        "“更准”指两种误差逐人之差的 95% 区间不含零。"
        "预测的区间一头是模型说的数，另一头是它乘上回测里“真实 ÷ 预测”的比；人数两头再各放宽 95% 的偶然波动。差两成以上，数字旁边标“偏低”或“偏高”。"
    ),
)


@dataclass(frozen=True, slots=True)
class Withheld:
    """Why nothing is foretold: ``history`` in days, ``people``, or people who came ``again``; what is needed, what is there."""

    reason: Literal["nobody", "history", "people", "again"]
    needed: int = 0
    found: int = 0


@dataclass(frozen=True, slots=True)
class Fitted:
    """The models as of now, with their test; of speaking there is no money."""

    model: Buying
    learned: Learned | None
    """What foretells who comes; None where BG/NBD does."""
    money: Spending | None
    tie: float
    test: Backtest


@dataclass(frozen=True)
class Outlook:
    """What is foretold of each person. Columns of equal length; money is CNY minor units, zero where it is not told."""

    told: Told
    alive: Column
    acts_within: Column
    expected: Column
    value: Column

    @property
    def groups(self) -> NDArray[np.int64]:
        """Return each person's group as its place in `GROUPS`."""
        high, middle, low = _EDGES
        return np.select(
            [self.told.acts < 2, self.alive >= high, self.alive >= middle, self.alive >= low], [4, 0, 1, 2], 3
        ).astype(np.int64)

    @property
    def at_stake(self) -> Column:
        """Return what each would bring, if they were still active, that is expected to be lost; acts where no money is told."""
        worth = self.value if self.value.any() else self.expected
        return worth * (1 - self.alive) / np.maximum(self.alive, 1e-9) * (self.told.acts > 1)


@dataclass(frozen=True, slots=True)
class Share:
    """A group: its people, how many of them are expected to act, how often, what they bring, what is at stake."""

    group: Group
    people: int
    acting: float
    expected: float
    value: float
    at_stake: float


@dataclass(frozen=True, slots=True)
class Risk:
    """Somebody who is about to be lost."""

    member: int
    last: date
    acts: int
    money: int
    alive: float
    acts_within: float
    at_stake: float

    @property
    def stays_away(self) -> float:
        """Return the probability that they do not act in the horizon."""
        return 1 - self.acts_within


@dataclass(frozen=True, slots=True)
class Report:
    """Everything the page tells."""

    people: int
    fitted: Fitted
    shares: tuple[Share, ...]
    risks: tuple[Risk, ...]
    acting: float
    spread: float
    """The standard deviation that chance alone gives ``acting``."""
    expected: float
    value: float

    @property
    def acting_range(self) -> tuple[float, float]:
        """Return between which numbers of people the truth will lie, if the model errs no more than it did in the test.

        One end is what the model says, the other that number times the ratio of the test; each is as much wider as chance
        alone makes it, with 95 %.
        """
        half = 1.96 * self.spread
        low, high = widened(self.acting, self.fitted.test.people_ratio)
        return max(0.0, low - half), min(float(self.people), high + half)


def widened(value: float, ratio: float) -> tuple[float, float]:
    """Return a foretold number and what it is when the test's error is made again, the lesser first."""
    return min(value, value * ratio), max(value, value * ratio)


@remembered
def fitted(question: Question) -> Fitted | Withheld:
    """Fit and test the models, or say why the data is too thin for that."""
    told = read(question)
    refusal = _too_thin(question, told)
    if refusal is not None:
        return refusal
    today = (question.last_day - EPOCH).days
    now, _place = buying.group(told.acts - 1, told.last - told.first, today - told.first)
    paying = told.money_acts > 0
    money, tie = None, 0.0
    if question.subject == "buying" and paying.sum() >= FEWEST_PEOPLE:
        times, mean = _spent(told)
        found = spending.fit(times[paying], mean[paying])
        money = found if found.has_mean else None
        tie = spending.tie(times[paying], mean[paying])
    test = backtest(question, told)
    learned = None
    if test.uses_learned:
        then = known_at(question, told, 1)
        learned = learn(then.table, then.did)
    return Fitted(buying.fit(now), learned, money, tie, test)


@remembered
def report(question: Question, most_risks: int = 20) -> Report | Withheld:
    """Return what the page tells of everybody."""
    known = fitted(question)
    if isinstance(known, Withheld):
        return known
    seen = outlook(question, known)
    groups, stake = seen.groups, seen.at_stake
    endangered = np.isin(groups, [GROUPS.index(group) for group in AT_RISK])
    order = np.flatnonzero(endangered)
    order = order[np.lexsort((seen.told.member[order], -stake[order]))][:most_risks]
    return Report(
        people=len(seen.told),
        fitted=known,
        shares=tuple(_share(seen, groups == place, group, stake) for place, group in enumerate(GROUPS)),
        risks=tuple(_risk(seen, int(place), stake) for place in order),
        acting=float(seen.acts_within.sum()),
        spread=float(np.sqrt((seen.acts_within * (1 - seen.acts_within)).sum())),
        expected=float(seen.expected.sum()),
        value=float(seen.value.sum()),
    )


def outlook(question: Question, known: Fitted, members: tuple[int, ...] | None = None) -> Outlook:
    """Return what is foretold of everybody, or of some members."""
    told = read(question, members)
    today = (question.last_day - EPOCH).days
    groups, place = buying.group(told.acts - 1, told.last - told.first, today - told.first)
    model = known.model
    alive = model.alive(groups)[place]
    chance = model.acts_within(groups, question.horizon)[place]
    expected = model.expected(groups, question.horizon)[place]
    if known.learned is not None:
        learned = known.learned.chance(known_at(question, told, 0, is_of_few=members is not None).table)
        expected = times_of(learned, chance, expected)
        # Whoever comes is active.
        chance, alive = learned, np.maximum(alive, learned)
    value = np.zeros(len(told))
    if known.money is not None:
        value = expected * known.money.expected(*_spent(told))
    return Outlook(told, alive, chance, expected, value)


def members_in(question: Question, groups: tuple[str, ...]) -> tuple[int, ...]:
    """Return the members of some groups."""
    known = fitted(question)
    if isinstance(known, Withheld):
        return ()
    seen = outlook(question, known)
    wanted = np.isin(seen.groups, [GROUPS.index(group) for group in GROUPS if group in groups])
    return tuple(seen.told.member[wanted].tolist())


def _too_thin(question: Question, told: Told) -> Withheld | None:
    """Return what is missing for a fit and a test of it."""
    if not len(told):
        return Withheld("nobody")
    needed = TESTS * question.horizon
    if (days := days_known(told, question.last_day)) < needed:
        return Withheld("history", needed, days)
    if (people := int((told.acts_at_cut > 0).sum())) < FEWEST_PEOPLE:
        return Withheld("people", FEWEST_PEOPLE, people)
    if (again := int((told.acts_at_cut > 1).sum())) < FEWEST_AGAIN:
        return Withheld("again", FEWEST_AGAIN, again)
    return None


def _spent(told: Told) -> tuple[Column, Column]:
    times = told.money_acts.astype(np.float64)
    return times, told.money / np.maximum(times, 1)


def _share(seen: Outlook, who: NDArray[np.bool_], group: Group, stake: Column) -> Share:
    return Share(
        group,
        int(who.sum()),
        float(seen.acts_within[who].sum()),
        float(seen.expected[who].sum()),
        float(seen.value[who].sum()),
        float(stake[who].sum()),
    )


def _risk(seen: Outlook, place: int, stake: Column) -> Risk:
    told = seen.told
    return Risk(
        member=int(told.member[place]),
        last=day_of(int(told.last[place])),
        acts=int(told.acts[place]),
        money=int(told.money[place]),
        alive=float(seen.alive[place]),
        acts_within=float(seen.acts_within[place]),
        at_stake=float(stake[place]),
    )

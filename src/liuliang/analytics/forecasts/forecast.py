"""Who will probably buy or speak in the next days, how far that can be relied on, and who is about to be lost.

A model is fitted to what everybody did up to now. The same model, fitted to what was known one horizon ago, is held
against what then happened, beside the simple rule that anybody could use: of those who acted in the last horizon, and of
those who did not, as many act in the next one as last time. Where the model is not better than that, it says so.
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
from liuliang.analytics.forecasts.buying import Buying, Column
from liuliang.analytics.forecasts.histories import EPOCH, Question, Told, day_of, days_known, read
from liuliang.analytics.forecasts.spending import Spending
from liuliang.analytics.noise import wilson
from liuliang.analytics.remembering import remembered

HORIZONS = (30, 60, 90)
FEWEST_PEOPLE = 100
FEWEST_AGAIN = 30
TESTS = 3
"""Horizons of history that a test takes: one to learn the simple rule from, one to learn it on, one to hold back."""

BINS = 10
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
        "最近一次和认识多久：活跃的人按各自的快慢随机地来，每来一次之后都可能从此不来。金额用 Gamma-Gamma 模型（2013）按每次花多少估计，"
        "多买几次的人更信他自己，只买一次的更信大家。全额退款的日子不算买过；其他币种算次数、不算金额。机器人不算。"
        "“还活跃”的概率对只来过一次的人无法判断，他们单列一组，看下一期会来的概率。"
    ),
)
BACKTEST = Definition(
    "backtest",
    _("回测"),
    _(
        "把最后一段时间藏起来，只用之前的数据重新拟合，预测这一段，再和真实发生的比。简单规则是：上一段来过的人和没来过的人，"
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
class Bin:
    """People of like probability in the test: how many, what was foretold of them on average, how many really did."""

    people: int
    low: float
    high: float
    foretold: float
    acted: int

    @property
    def share(self) -> float:
        """Return the share of those who did."""
        return self.acted / self.people

    @property
    def interval(self) -> tuple[float, float]:
        """Return the share's 95% interval."""
        return wilson(self.acted, self.people) or (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Errors:
    """An error of the model and of the simple rule, and the 95% interval of how much larger the rule's is."""

    model: float
    simple: float
    low: float
    high: float

    @property
    def verdict(self) -> Literal["better", "worse", "even"]:
        """Tell whether the model beats the rule beyond chance."""
        if self.low > 0:
            return "better"
        return "worse" if self.high < 0 else "even"


@dataclass(frozen=True, slots=True)
class Backtest:
    """What the model, fitted one horizon ago, foretold of it, and what happened."""

    people: int
    chance: Errors
    """Of the probability to act at all: Brier scores."""
    times: Errors
    """Of how often: root mean squared errors."""
    foretold: float
    simple: float
    happened: int
    foretold_people: float
    happened_people: int
    bins: tuple[Bin, ...]

    @property
    def times_ratio(self) -> float:
        """Return how many times happened for each that was foretold; 1 where that cannot be told."""
        return self.happened / self.foretold if self.happened and self.foretold else 1.0

    @property
    def people_ratio(self) -> float:
        """Return how many people acted for each that was foretold; 1 where that cannot be told."""
        return self.happened_people / self.foretold_people if self.happened_people and self.foretold_people else 1.0

    @property
    def is_better(self) -> bool:
        """Tell whether the model is worth more than the simple rule in either respect, and worse in none."""
        verdicts = {self.chance.verdict, self.times.verdict}
        return "better" in verdicts and "worse" not in verdicts


@dataclass(frozen=True, slots=True)
class Fitted:
    """The models as of now, with their test; of speaking there is no money."""

    model: Buying
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
    return Fitted(buying.fit(now), money, tie, _tested(question, told))


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
    expected = model.expected(groups, question.horizon)[place]
    value = np.zeros(len(told))
    if known.money is not None:
        value = expected * known.money.expected(*_spent(told))
    return Outlook(
        told, model.alive(groups)[place], model.acts_within(groups, question.horizon)[place], expected, value
    )


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


def _tested(question: Question, told: Told) -> Backtest:
    """Hold a model of the past against what happened after the cut."""
    known = told.acts_at_cut > 0
    cut = (question.last_day - EPOCH).days - question.horizon
    acts, first, last = told.acts_at_cut[known], told.first[known], told.last_at_cut[known]
    groups, place = buying.group(acts - 1, last - first, cut - first)
    model = buying.fit(groups)
    chance = model.acts_within(groups, question.horizon)[place]
    times = model.expected(groups, question.horizon)[place]
    happened = told.acts[known] - acts
    simple_chance, simple_times = _simple(told, known)
    did = happened > 0
    return Backtest(
        people=int(known.sum()),
        chance=_errors((chance - did) ** 2, (simple_chance - did) ** 2, is_root=False),
        times=_errors((times - happened) ** 2, (simple_times - happened) ** 2, is_root=True),
        foretold=float(times.sum()),
        simple=float(simple_times.sum()),
        happened=int(happened.sum()),
        foretold_people=float(chance.sum()),
        happened_people=int(did.sum()),
        bins=_binned(chance, did),
    )


def _simple(told: Told, known: NDArray[np.bool_]) -> tuple[Column, Column]:
    """Return what the simple rule foretells: of those who acted lately and those who did not, what became of them last time."""
    earlier = known & (told.acts_at_cut > told.acts_before_cut)
    chance, times = np.zeros(len(told)), np.zeros(len(told))
    for was_active in (True, False):
        before = earlier & ((told.acts_earlier > 0) == was_active)
        now = known & ((told.acts_before_cut > 0) == was_active)
        source = before if before.any() else earlier
        if source.any():
            chance[now] = (told.acts_before_cut[source] > 0).mean()
            times[now] = told.acts_before_cut[source].mean()
    return chance[known], times[known]


def _errors(model: Column, simple: Column, *, is_root: bool) -> Errors:
    """Compare squared errors person by person; the interval is of the difference of their means."""
    difference = simple - model
    centre = float(difference.mean())
    half = 1.96 * float(difference.std()) / max(len(difference), 1) ** 0.5
    power = 0.5 if is_root else 1.0
    return Errors(float(model.mean()) ** power, float(simple.mean()) ** power, centre - half, centre + half)


def _binned(chance: Column, did: NDArray[np.bool_]) -> tuple[Bin, ...]:
    order = np.argsort(chance, kind="stable")
    parts = [part for part in np.array_split(order, min(BINS, max(1, len(order) // 20))) if len(part)]
    return tuple(
        Bin(
            len(part),
            float(chance[part[0]]),
            float(chance[part[-1]]),
            float(chance[part].mean()),
            int(did[part].sum()),
        )
        for part in parts
    )


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

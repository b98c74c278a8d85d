"""The protocol of a metric, what is asked of it, and the registry of metrics.

A metric is one file in `liuliang.analytics.metrics` that ends with ``METRIC = …``: a key, its words, a unit, the
dimensions it can be split by, and the statement that counts it. Other packages offer theirs through the entry-point
group of that name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, Literal, Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from liuliang.analytics.definitions import Definition
from liuliang.analytics.periods import ONE_DAY, Period
from liuliang.analytics.scopes import Scope
from liuliang.kernel.clock import local_day
from liuliang.kernel.registry import Registry

Step = Literal["whole", "day", "week", "month"]
Style = Literal["count", "money", "percent", "duration", "ratio", "mean"]

SMALL = 30
"""Shares and means of fewer than this are marked as small: their interval says so too, but people look at the number."""

SIGNED = frozenset({"net", "nps", "roi"})
"""Metrics that can be below nothing."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to know of a metric.

    ``until`` is the end of what the log knows: of what comes later, nothing is counted as not having happened.
    ``timezone`` is that of the days of events outside any community. ``types`` says of which type each community is.
    """

    scope: Scope
    period: Period
    until: datetime
    timezone: str
    step: Step = "whole"
    split: str = ""
    types: tuple[tuple[int, str], ...] = ()

    @property
    def starts(self) -> tuple[date, ...]:
        """Return the first day of every bucket."""
        if self.step == "whole":
            return (self.period.first,)
        return tuple(sorted({start_of(day, self.step, self.period.first) for day in self.period.days}))

    @property
    def buckets(self) -> tuple[Period, ...]:
        """Return the days of every bucket."""
        starts = self.starts
        ends = [start - ONE_DAY for start in starts[1:]] + [self.period.last]
        return tuple(Period(start, end) for start, end in zip(starts, ends, strict=True))

    @property
    def last_day(self) -> date:
        """Return the last local day that is over in every community, as far as the log knows."""
        zones = [zone for zone, _ids in self.scope.zones] or [self.timezone]
        return min(local_day(self.until, zone) for zone in zones) - ONE_DAY


@dataclass(frozen=True, slots=True)
class Statement:
    """A query with its values, and which store answers it."""

    sql: str
    values: dict[str, Any]
    store: Literal["lake", "records"] = "lake"


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of a metric: of a part (a community's id, a type, a way of joining; empty for the whole) in one bucket.

    ``value`` is None where there is nothing to divide by. ``low`` and ``high`` are the 95% interval of a share or a mean;
    ``count`` of ``of`` is what was divided. ``among`` is of how many ``of`` are all of whom anything is known, where it is not
    known of everybody. Of a ``balance`` are so many people for and against, of ``of``.
    """

    part: str
    start: date
    value: float | None
    low: float | None = None
    high: float | None = None
    count: float | None = None
    of: int | None = None
    among: int | None = None
    balance: tuple[int, int] | None = None

    @property
    def is_small(self) -> bool:
        """Tell whether this is a share or mean of very few."""
        return self.of is not None and self.of < SMALL


@dataclass(frozen=True, slots=True)
class Side:
    """Some of the people behind a metric: those it counts, or those of whom it counts them and who are not among them.

    ``number`` is what of a reading says how many they are: its value, the ``count`` of a share, what it is shared by
    (``of``), or the ``rest`` of that, of a balance those ``for``, ``against`` or ``neither``; empty where the number is of something else, such as messages or money. ``is_by_place``
    tells that the number is of members in a community, so that a list of people may be shorter.
    """

    key: str
    title: str | Promise
    number: Literal["value", "count", "of", "rest", "for", "against", "neither", ""] = ""
    is_by_place: bool = False

    def size(self, reading: Reading) -> int | None:
        """Return how many a reading says they are; None where its number is of something else or there is none."""
        amount: float | None
        of, count, balance = reading.of, reading.count, reading.balance
        match self.number:
            case "rest":
                amount = of - count if of is not None and count is not None else None
            case "for" | "against" | "neither":
                ups, downs = balance or (0, 0)
                amount = (
                    {"for": ups, "against": downs, "neither": (of or 0) - ups - downs}[self.number] if balance else None
                )
            case _:
                amount = {"value": reading.value, "count": count, "of": of, "": None}[self.number]
        return None if amount is None else round(amount)


@dataclass(frozen=True, slots=True)
class Dimension:
    """What a metric can be split by."""

    key: str
    title: str | Promise
    counted: str | Promise


DIMENSIONS = {
    dimension.key: dimension
    for dimension in (
        Dimension("community", _("社群"), _("每个群各算各的，一个人在几个群里就在每个群里各算一次。")),
        Dimension("type", _("社群类型"), _("按社群的类型合在一起，同一类型的几个群里的同一个人只算一次。")),
        Dimension(
            "how",
            _("进群方式"),
            _(
                "按第一次进这个群的方式：邀请、扫码、链接、搜索、建群；没有进群记录或记录没写的算“不详”。次日、7 日、30 日留存说的是新来这个品牌的人，"
                "按第一次进来（不论哪个群）的方式，所以各方式合起来就是总数。"
            ),
        ),
    )
}


class Metric(Protocol):
    """One measurable thing."""

    @property
    def key(self) -> str:
        """Stable name, used in addresses and saved things."""
        ...

    @property
    def definition(self) -> Definition:
        """The metric in words."""
        ...

    @property
    def style(self) -> Style:
        """How its values are written: money is minor units, durations seconds, percentages ratios, means of whole things."""
        ...

    @property
    def stage(self) -> str:
        """Which part of the story it belongs to: a key of `STAGES`."""
        ...

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Keys of `DIMENSIONS` it can be split by."""
        ...

    @property
    def permission(self) -> str:
        """What one needs besides seeing figures, empty for nothing."""
        ...

    @property
    def waits(self) -> int:
        """Days that somebody must have been there before they are counted; 0 where nobody has to wait."""
        ...

    @property
    def sides(self) -> tuple[Side, ...]:
        """Who is behind a value, those it counts first; nothing where it is not about people."""
        ...

    def statements(self, asked: Asked) -> tuple[Statement, ...]:
        """Return the queries that count it."""
        ...

    def read(self, asked: Asked) -> Sequence[Reading]:
        """Return its values; parts and buckets in which nothing happened may be left out."""
        ...

    def people(self, asked: Asked, part: str, start: date, side: str = "") -> tuple[int, ...]:
        """Return the members on one side of one value, each once, in order; without ``side`` those on the first.

        Raises:
            ValueError: the metric has no such side.
        """
        ...


STAGES = {
    "size": _("谁在群里，谁来谁走"),
    "activity": _("谁在说话"),
    "retention": _("谁留了下来"),
    "referral": _("谁带来了人，谁愿意推荐"),
    "revenue": _("谁买了什么"),
    "service": _("提问有没有人答"),
}
"""The parts of the story, in the order they are told."""

ORDER = (
    *("members", "joined", "left", "net"),
    *("speakers", "rate", "messages", "dau", "wau", "mau", "stickiness", "active"),
    *("activation", "retention_1", "retention_7", "retention_30", "churn"),
    *("invites", "k_factor", "nps"),
    *("gmv", "orders", "buyers", "conversion", "arpu", "repurchase", "ltv", "cost", "cac", "roi"),
)
"""Which metric of a stage is asked for first; those that are not named follow by their keys."""


@dataclass(frozen=True)
class Words:
    """What all metrics have in common; a base for the ways to count that `counting` and `selling` offer."""

    definition: Definition
    stage: str
    style: Style = "count"
    dimensions: tuple[str, ...] = field(default=("community", "type", "how"))
    permission: str = ""
    waits: int = 0

    @property
    def key(self) -> str:
        """Return the metric's stable name."""
        return self.definition.key

    @property
    def sides(self) -> tuple[Side, ...]:
        """Return nothing: a metric says itself who is behind it."""
        return ()

    def people(self, asked: Asked, part: str, start: date, side: str = "") -> tuple[int, ...]:
        """Return nobody: there is no side to ask for."""
        del asked, part, start
        raise ValueError(f"nobody is behind {self.key} {side}".rstrip())


@cache
def metrics() -> Registry[Metric]:
    """Return every metric: the files of this package's folder and the ``liuliang.analytics.metrics`` entry points."""
    return Registry.discover("liuliang.analytics.metrics", attribute="METRIC")


def metrics_of(stage: str) -> list[Metric]:
    """Return the metrics of a stage in the order in which people ask for them."""
    known = [metric for metric in metrics() if metric.stage == stage]
    return sorted(
        known, key=lambda metric: (ORDER.index(metric.key) if metric.key in ORDER else len(ORDER), metric.key)
    )


def start_of(day: date, step: Step, first: date) -> date:
    """Return the first day of the bucket that ``day`` falls into: weeks begin on Monday, none before ``first``."""
    if step == "week":
        return max(first, day - timedelta(days=day.weekday()))
    if step == "month":
        return max(first, day.replace(day=1))
    return day if step == "day" else first

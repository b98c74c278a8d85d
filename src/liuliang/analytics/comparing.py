"""How any metric of a period compares with the period before, by the rules of `noise`."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

from liuliang.analytics import noise
from liuliang.analytics.base import Asked, Metric, Reading, metrics
from liuliang.analytics.noise import Comparison
from liuliang.analytics.overview import speakers_change
from liuliang.analytics.periods import ONE_DAY, Period
from liuliang.analytics.traffic import activity

_SUMMED = frozenset({"messages", "joined", "left", "net", "invites", "gmv", "orders", "cost"})
"""Metrics whose whole is the sum of its days, but for those who are counted once in a bucket."""

_ROLLING = frozenset({"mau", "wau"})
"""Metrics that look back beyond the period: neighbouring values share most of their days, and nothing is compared."""

_DECIDED = frozenset({"cost", "cac"})
"""Metrics of money that somebody decided to spend: chance has no part in it that their days could tell of."""

_LENGTHENING = frozenset({"repurchase"})
"""Metrics that look back to the record's beginning. The later period looks back further and is larger for that alone."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A metric in a period and in the one before; ``comparison`` is None where nothing can be said."""

    metric: Metric
    now: Reading | None
    before: Reading | None
    comparison: Comparison | None


def is_summed(metric: Metric) -> bool:
    """Tell whether the days of a metric add up to its whole."""
    return metric.key in _SUMMED


def compared(metric: Metric, asked: Asked, *, is_comparable: bool = True) -> Compared:
    """Return a metric beside the period before.

    Counts take their noise from how much their days differ; shares from how many they are of; means and medians from the
    intervals they come with; a level is held against how it changed in the period before. The overview judges by the same
    rules, so that a figure has one colour everywhere.
    """
    now = next(iter(metric.read(asked)), None)
    if not is_comparable:
        return Compared(metric, now, None, None)
    earlier = replace(asked, period=asked.period.previous)
    before = next(iter(metric.read(earlier)), None)
    return Compared(metric, now, before, _comparison(metric, asked, now, before))


def _comparison(metric: Metric, asked: Asked, now: Reading | None, before: Reading | None) -> Comparison | None:
    if metric.key in _ROLLING | _LENGTHENING:
        return None
    if metric.key in {"arpu", "ltv"}:
        return _of_money(metric, asked, now, before)
    if metric.key in {"members", "speakers"}:
        return (
            _of_level(metric, asked)
            if metric.key == "members"
            else speakers_change(activity(asked.scope, asked.period))
        )
    if metric.style in {"count", "money"} and metric.key not in _DECIDED:
        days, days_before = daily(metric, asked), daily(metric, replace(asked, period=asked.period.previous))
        if metric.key == "net":
            return noise.compare_days(days, days_before)
        unit = _mean_order(asked) if metric.style == "money" else 1.0
        return noise.compare_counts(days, days_before, unit=unit, totals=(_value(now), _value(before)))
    return (
        difference(now, before, in_points=metric.style == "percent") if now is not None and before is not None else None
    )


def difference(now: Reading, before: Reading, *, in_points: bool) -> Comparison | None:
    """Return how two readings with intervals differ; None where one has no value or no interval.

    Shares differ in points, by how many of how many they are, and so do balances, by their intervals; everything else by its ratio.
    """
    if in_points and now.count is not None and before.count is not None and now.low is not None:
        return noise.compare_shares(int(now.count), now.of or 0, int(before.count), before.of or 0)
    ends = [(each.value, each.low, each.high) for each in (now, before)]
    known = [
        (value, low, high) for value, low, high in ends if value is not None and low is not None and high is not None
    ]
    if len(known) < 2:
        return None
    # A balance of two shares may be below nothing, where a ratio means nothing.
    return noise.compare_estimates(*known) if in_points else noise.compare_amounts(*known)


def daily(metric: Metric, asked: Asked) -> list[float]:
    """Return a metric's values by day; days without a value are 0."""
    found = {each.start: each.value or 0.0 for each in metric.read(replace(asked, step="day", split=""))}
    return [found.get(day, 0.0) for day in asked.period.days]


def _value(reading: Reading | None) -> float:
    return (reading.value or 0.0) if reading is not None else 0.0


def _of_level(metric: Metric, asked: Asked) -> Comparison:
    """Compare a level by what each day of both periods changed; the first of them by the level of the day before."""
    period = asked.period.with_previous
    levels = daily(metric, replace(asked, period=Period(period.first - ONE_DAY, period.last)))
    changes = [after - earlier for earlier, after in pairwise(levels)]
    return noise.compare_level(changes[len(asked.period) :], changes[: len(asked.period)], levels[-1])


def _of_money(metric: Metric, asked: Asked, now: Reading | None, before: Reading | None) -> Comparison | None:
    """Compare money for each member: it can be told from chance no better than the money itself.

    Members are counted, so what was paid on a day, divided by them, has the noise of the days. What else a metric divides by
    (the share that fell silent) has noise of its own, which is in its interval; the two are independent and add up squared.
    """
    if now is None or before is None or now.value is None or before.value is None:
        return None
    gmv = metrics()["gmv"]
    days, days_before = daily(gmv, asked), daily(gmv, replace(asked, period=asked.period.previous))
    paid, paid_before = math.fsum(days), math.fsum(days_before)
    if not paid or not paid_before:
        return None
    each, each_before = now.value / paid, before.value / paid_before
    unit = _mean_order(asked) * (each + each_before) / 2
    scaled, scaled_before = [day * each for day in days], [day * each_before for day in days_before]
    found = noise.compare_counts(scaled, scaled_before, unit=unit, totals=(now.value, before.value))
    if metric.key == "arpu":
        return found
    own = difference(now, before, in_points=False)
    if own is None:
        return None
    (low, high), by = _together(found, own), math.log(now.value / before.value)
    least, most = (before.value * math.expm1(end) for end in (low, high))
    return Comparison(now.value, before.value, least, most, noise.surprise_of(by, low, high))


def _together(*found: Comparison) -> tuple[float, float]:
    """Return the ends of the logarithm of a ratio in which the noise of independent comparisons adds up squared."""
    by = math.log(found[0].now / found[0].before)
    ends = [(_logarithm(each.low / each.before), _logarithm(each.high / each.before)) for each in found]
    return by - math.hypot(*(by - low for low, _high in ends)), by + math.hypot(*(high - by for _low, high in ends))


def _logarithm(change: float) -> float:
    return math.log1p(change) if change > -1 else -math.inf


def _mean_order(asked: Asked) -> float:
    """Return what an order of both periods was worth on average: the size of one happening where money is counted."""
    both = replace(asked, period=asked.period.with_previous, step="whole", split="")
    paid, orders = (_value(next(iter(metrics()[key].read(both)), None)) for key in ("gmv", "orders"))
    return paid / orders if orders else 1.0

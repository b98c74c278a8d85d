"""目标: how far a number is on its way to where it should be when a period ends, and whether it will get there.

What adds up day by day (messages, joins, money) is forecast from the days so far, with an interval that holds the noise of
the days to come and of the mean of those gone by. A level (members) is forecast from its daily changes. Shares and means
are what they are now, with their own interval. Of people who are counted once in the whole period nothing is forecast:
how many of those to come are new cannot be told from the days. Nor is it of what grows with the days it is of, such as the
share of those who paid: what it is so far is surely less than it will be.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean, variance
from typing import Literal

from liuliang.analytics import noise
from liuliang.analytics.base import Asked, Metric
from liuliang.analytics.comparing import daily, is_summed
from liuliang.analytics.periods import ONE_DAY, Period

State = Literal["not_begun", "unknown", "reached", "on_course", "open", "behind", "missed"]

LEVEL = "members"

_GATHERING = frozenset({"rate", "conversion", "arpu", "repurchase", "roi"})
"""Shares and means that grow with the days they are of: of the first days they say nothing of the whole."""

_ENTERED = frozenset({"cost"})
"""What is known only where staff entered it: nothing entered is not nothing."""

_FEWEST_DAYS = 3
"""Days from which on the rest of a period is forecast."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """Where a number will be when its period ends, with the 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How a goal stands. ``expected`` is where the number should be by now, None where that cannot be said.

    ``elapsed`` of ``days`` are over. ``start`` is the level that a level's goal starts from, else 0.
    """

    target: float
    value: float | None
    expected: float | None
    forecast: Forecast | None
    state: State
    elapsed: int
    days: int
    start: float = 0.0

    @property
    def share(self) -> float | None:
        """Return how much of the way is done; None where there is no way."""
        way = self.target - self.start
        return (self.value - self.start) / way if self.value is not None and way else None


def follow(metric: Metric, asked: Asked, target: float) -> Progress:
    """Return how a metric stands on its way to ``target`` at the end of the asked period."""
    days = len(asked.period)
    known = min(asked.period.last, asked.last_day)
    if known < asked.period.first:
        return Progress(target, None, None, None, "not_begun", 0, days)
    sofar = replace(asked, period=Period(asked.period.first, known), step="whole", split="")
    elapsed = len(sofar.period)
    reading = next(iter(metric.read(sofar)), None)
    value = reading.value if reading is not None else None
    is_summable = is_summed(metric)
    if value is None and (is_summable or metric.style == "count") and metric.key not in _ENTERED:
        value = 0.0
    if value is None:
        return Progress(target, None, None, None, "unknown", elapsed, days)
    forecast, expected, start = None, None, 0.0
    if is_summable:
        forecast = forecast_sum(daily(metric, sofar), days - elapsed)
        expected = target * elapsed / days
    elif metric.key == LEVEL:
        start, changes = _changes(metric, sofar)
        ahead = forecast_sum(changes, days - elapsed)
        forecast = Forecast(start + ahead.value, start + ahead.low, start + ahead.high) if ahead is not None else None
        expected = start + (target - start) * elapsed / days
    elif metric.key not in _GATHERING and reading is not None and reading.low is not None and reading.high is not None:
        forecast = Forecast(value, reading.low, reading.high)
    is_kept = is_summable and metric.definition.good != "down"
    state = state_of(
        value, target, forecast, is_over=elapsed == days, is_ceiling=metric.definition.good == "down", is_kept=is_kept
    )
    return Progress(target, value, expected, forecast, state, elapsed, days, start)


def state_of(
    value: float, target: float, forecast: Forecast | None, *, is_over: bool, is_ceiling: bool, is_kept: bool
) -> State:
    """Return how a goal stands.

    Args:
        value: the number so far.
        target: what it should be.
        forecast: where it will be.
        is_over: whether the period is.
        is_ceiling: whether less is better.
        is_kept: whether what is reached once cannot be lost again.
    """
    if is_over:
        return "reached" if (value <= target if is_ceiling else value >= target) else "missed"
    if is_kept and value >= target:
        return "reached"
    if forecast is None:
        return "open"
    if is_ceiling:
        return "on_course" if forecast.high <= target else "behind" if forecast.low > target else "open"
    return "on_course" if forecast.low >= target else "behind" if forecast.high < target else "open"


def forecast_sum(days: Sequence[float], to_come: int) -> Forecast | None:
    """Return the sum of all days when ``to_come`` more are like those gone by; None while too few are.

    The variance is that of the days to come and of the mean they are forecast from, never less than Poisson's.
    """
    total = math.fsum(days)
    if to_come == 0:
        return Forecast(total, total, total)
    if len(days) < _FEWEST_DAYS:
        return None
    mean = fmean(days)
    spread = max(variance(days), abs(mean))
    half = noise.student_quantile((1 + noise.CONFIDENCE) / 2, len(days) - 1) * math.sqrt(
        spread * to_come * (1 + to_come / len(days))
    )
    value = total + mean * to_come
    return Forecast(value, value - half, value + half)


def _changes(metric: Metric, sofar: Asked) -> tuple[float, list[float]]:
    """Return the level that a period started from, and the change of each of its days."""
    first = sofar.period.first
    before = daily(metric, replace(sofar, period=Period(first - ONE_DAY, sofar.period.last)))
    return before[0], [after - earlier for earlier, after in itertools.pairwise(before)]

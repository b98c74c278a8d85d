"""Whether a day fires: one rule for the days that are over, for those of the preview, and for the day that goes on.

A threshold is compared with the value. "Unusual" is a day outside the interval of one more day like the same weekdays of the
weeks before: Student's, of how much those days differ (`noise.compare_day`; of what cannot be below nothing,
`noise.compare_count_of_day`), never narrower than what chance alone does to a day: a count of independent happenings varies by
itself (Poisson), and a share has the interval it comes with. Weeks that were no usual ones themselves (a sale, a standstill) are left out, at most a
quarter of them: one peak would otherwise hide every fall of the weeks after it; when a quarter is not enough, what was unusual
has become usual. Where several communities are looked at each by itself,
`noise.discoveries` decides which to believe, so that fifty groups do not ring fifty times as often as one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from statistics import median
from typing import Literal

from liuliang.alerting.rules import FEWEST_PEOPLE, FEWEST_WEEKS, Condition
from liuliang.analytics import noise
from liuliang.analytics.noise import Comparison

State = Literal["fired", "quiet", "short", "thin", "nothing"]
"""``short``: too few weeks are known. ``thin``: of too few people. ``nothing``: the metric has no value on this day."""

WEEK = timedelta(days=7)

NO_USUAL_DAY = 0.9999
"""The confidence of the interval outside of which a week is none to compare with. Tried on counts, bell curves and skewed ones of 4
to 26 weeks: false alarms stay what they are without it."""


@dataclass(frozen=True, slots=True)
class Point:
    """A metric on one day.

    ``people`` is of how many a share or a median is; None for what is counted. ``happenings`` is how many independent things
    the value is made of (messages; of money the orders), None where it comes with the standard ``error`` of its own.
    ``is_signed`` says that it can be below nothing.
    """

    value: float
    people: int | None = None
    happenings: float | None = None
    error: float = 0.0
    is_signed: bool = False


Series = Mapping[date, Point]
"""The days of one community (or of all together) on which a metric has a value."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is found of a day. ``expected`` with ``low`` and ``high`` is what it was to be, of "unusual" only."""

    day: date
    state: State
    value: float | None = None
    expected: float | None = None
    low: float | None = None
    high: float | None = None
    weeks: int = 0
    surprise: float = 1.0

    @property
    def is_fired(self) -> bool:
        """Tell whether the condition holds."""
        return self.state == "fired"


def judge(condition: Condition, series: Series, day: date, *, is_over: bool = True) -> Verdict:
    """Judge one day of one community.

    A day that is not over can only be too high.
    """
    point = series.get(day)
    if point is None:
        return Verdict(day, "nothing")
    if point.people is not None and point.people < FEWEST_PEOPLE:
        return Verdict(day, "thin", point.value)
    if condition.kind == "unusual":
        return _unusual(condition, series, day, point, is_over=is_over)
    threshold = condition.threshold or 0.0
    if condition.kind == "above":
        return Verdict(day, "fired" if point.value > threshold else "quiet", point.value)
    return Verdict(day, "fired" if is_over and point.value < threshold else "quiet", point.value)


def judge_all(
    condition: Condition, told: Mapping[int | None, Series], day: date, *, is_over: bool = True
) -> dict[int | None, Verdict]:
    """Judge one day of every community that is looked at by itself; which of the unusual ones to believe, is decided together."""
    found = {key: judge(condition, series, day, is_over=is_over) for key, series in told.items()}
    if condition.kind != "unusual":
        return found
    judged = [key for key, each in found.items() if each.state in {"fired", "quiet"}]
    if not judged:
        return found
    surprises = [found[key].surprise if found[key].is_fired else 1.0 for key in judged]
    believed = noise.discoveries(surprises, false_share=1 - condition.confidence)
    for key, is_real in zip(judged, believed, strict=True):
        if found[key].is_fired and not is_real:
            found[key] = replace(found[key], state="quiet")
    return found


def _unusual(condition: Condition, series: Series, day: date, point: Point, *, is_over: bool) -> Verdict:
    before = (series.get(day - WEEK * back) for back in range(1, condition.weeks + 1))
    like = [each for each in before if each is not None and (each.people is None or each.people >= FEWEST_PEOPLE)]
    if len(like) < FEWEST_WEEKS:
        return Verdict(day, "short", point.value, weeks=len(like))
    like = usual_of(like)
    compared = _compared(point, like, condition.confidence)
    is_wanted = condition.direction != "down" if compared.difference > 0 else condition.direction != "up" and is_over
    return Verdict(
        day,
        "fired" if is_wanted and not compared.is_noise else "quiet",
        point.value,
        compared.before,
        point.value - compared.high,
        point.value - compared.low,
        len(like),
        compared.surprise,
    )


def usual_of(like: Sequence[Point]) -> list[Point]:
    """Return days without those that are far outside of what the others say, at most a quarter of them and never below four.

    The farthest from the median are held together against the rest, so that two of a kind do not hide each other.
    """
    middle = median(each.value for each in like)
    nearest = sorted(like, key=lambda each: abs(each.value - middle))
    for count in range(min(len(like) // 4, len(like) - FEWEST_WEEKS), 0, -1):
        rest, far = nearest[:-count], nearest[-count:]
        if not any(_compared(each, rest, NO_USUAL_DAY).is_noise for each in far):
            return rest
    return list(like)


def _compared(point: Point, like: Sequence[Point], confidence: float) -> Comparison:
    """Return a day beside days like it, by the rule for what it counts."""
    values = [each.value for each in like]
    if point.happenings is None:
        return noise.compare_day(point.value, values, floor=point.error**2, confidence=confidence)
    unit = _unit([*like, point])
    if point.is_signed:
        # With one happening added, so that weeks of nothing do not make the first one a sensation.
        floor = (math.fsum(map(abs, values)) + unit) / len(like) * unit
        return noise.compare_day(point.value, values, floor=floor, confidence=confidence)
    return noise.compare_count_of_day(point.value, values, unit=unit, confidence=confidence)


def _unit(points: Sequence[Point]) -> float:
    """Return how much one independent happening is worth."""
    happened = math.fsum(each.happenings or 0.0 for each in points)
    return math.fsum(abs(each.value) for each in points) / happened if happened else 1.0

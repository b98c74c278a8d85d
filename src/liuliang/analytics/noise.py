"""Whether a change is more than chance: one rule for every figure.

A figure of this period is compared with the same figure of the period before, which is as long. Nothing is called a
change unless the 95 % interval of the difference leaves zero out. How wide that interval is comes from the data:

- **Counts per day** (messages, joins, money): the days of both periods are compared with the mean of their own period
  and their own weekday; what is left is how much ordinary days differ. Days that pull their neighbours along (a lively
  evening goes on the next day) count for less than independent ones: the variance is widened by (1+r)/(1-r), r being the
  correlation of a day with the day before. It is never taken smaller than that of independent happenings (Poisson).
- **One day** beside the days it is like (the same weekday of the weeks before): Student's interval of one more such day.
- **People counted once** (speakers): somebody who spoke in both periods changes nothing; those who spoke in one of them
  only could as well have spoken in the other (McNemar 1947). It is never taken smaller, in proportion, than what the
  days of the same figure say.
- **Estimates** that come with an interval of their own (scores, medians): the interval of the difference is recovered from
  the two (MOVER; Zou and Donner 2008).
- **Shares** (who stayed, who speaks): two binomial proportions with one success and one failure added to each (Agresti
  and Caffo 2000), which holds for small groups and for shares of 0 and 100 %.

Where many communities are looked at, some leave their interval by chance alone; `discoveries` keeps the share of false
alarms among what is shown below a bound (Benjamini and Hochberg 1995).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist, fmean

import scipy  # its parts load when they are first named

_NORMAL = NormalDist()
CONFIDENCE = 0.95
_STRONGEST_TIE = 0.8
"""Correlation of neighbouring days is not believed beyond this: short series would make it anything."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A figure beside the same figure of the period before.

    ``low`` and ``high`` are the interval of the difference ``now - before``, in the figure's own unit: of 95 % unless told. ``surprise``
    is the probability of a difference at least as large if nothing had changed.
    """

    now: float
    before: float
    low: float
    high: float
    surprise: float

    @property
    def difference(self) -> float:
        """Return how much more it is than before."""
        return self.now - self.before

    @property
    def is_noise(self) -> bool:
        """Tell whether the interval holds zero."""
        return self.low <= 0 <= self.high


def compare_days(
    now: Sequence[float],
    before: Sequence[float],
    *,
    unit: float = 1.0,
    totals: tuple[float, float] | None = None,
) -> Comparison:
    """Compare the sums of two equally long series of days, ``before`` directly followed by ``now``.

    Args:
        now: one value a day.
        before: one value a day, as many.
        unit: the size of one independent happening in the figure's unit, for the lower bound of the noise: 1 for
            counts, about one order's worth for money.
        totals: the figure of both periods, where it is not quite the sum of its days: whoever came on two days came once.

    Raises:
        ValueError: the series are of different length.
    """
    if len(now) != len(before):
        raise ValueError(f"{len(now)} days are compared with {len(before)}")
    total_now, total_before = totals or (math.fsum(now), math.fsum(before))
    happenings = (abs(total_now) + abs(total_before)) * unit
    variance, freedom = _day_variance(now, before)
    spread = math.sqrt(max(2 * len(now) * variance, happenings))
    return _compared(total_now, total_before, spread, freedom)


def compare_day(
    value: float, like: Sequence[float], *, floor: float = 0.0, confidence: float = CONFIDENCE
) -> Comparison:
    """Compare one day with days that are like it, such as the same weekday of the weeks before.

    The interval is that of one more day of the same kind: Student's, of the days' own variance and of their mean's.

    Args:
        value: of the day.
        like: of the days it is like, at least two.
        floor: what the variance of one day is never taken to be smaller than.
        confidence: of the interval.

    Raises:
        ValueError: fewer than two days.
    """
    count = len(like)
    if count < 2:
        raise ValueError(f"one day is compared with {count}")
    mean = fmean(like)
    variance = math.fsum((each - mean) ** 2 for each in like) / (count - 1)
    spread = math.sqrt(max(variance, floor) * (1 + 1 / count))
    return _compared(value, mean, spread, count - 1, confidence)


def compare_people(
    now: int, before: int, either: int, *, days_now: Sequence[float] = (), days_before: Sequence[float] = ()
) -> Comparison:
    """Compare how many people did something in two periods.

    Args:
        now: people in this period.
        before: people in the one before.
        either: people in one of them or both.
        days_now: people by day, for how much ordinary days differ.
        days_before: the same of the period before.
    """
    in_one_only = 2 * either - now - before
    variance, freedom = float(in_one_only), math.inf
    if days_now and len(days_now) == len(days_before):
        by_day, freedom = _day_variance(days_now, days_before)
        level = (math.fsum(days_now) + math.fsum(days_before)) / 2
        if level > 0:
            relative = math.sqrt(2 * len(days_now) * by_day) / level
            variance = max(variance, (relative * (now + before) / 2) ** 2)
    return _compared(now, before, math.sqrt(variance), freedom)


def compare_shares(now: int, of_now: int, before: int, of_before: int) -> Comparison | None:
    """Compare two shares, such as 80 of 100 with 60 of 90; None where either is a share of nothing."""
    if of_now <= 0 or of_before <= 0:
        return None
    share_now, share_before = now / of_now, before / of_before
    n, m = of_now + 2, of_before + 2
    p, q = (now + 1) / n, (before + 1) / m
    spread = math.sqrt(p * (1 - p) / n + q * (1 - q) / m)
    half = _NORMAL.inv_cdf((1 + CONFIDENCE) / 2) * spread
    centre = p - q
    return Comparison(
        share_now, share_before, centre - half, centre + half, surprise=2 * _NORMAL.cdf(-abs(centre) / spread)
    )


def compare_estimates(now: tuple[float, float, float], before: tuple[float, float, float]) -> Comparison:
    """Compare two estimates, each with the low and the high end of its own 95 % interval, independent of each other.

    Source: Zou and Donner 2008, Construction of confidence limits about effect measures: a general approach.
    """
    difference = now[0] - before[0]
    low = difference - math.hypot(now[0] - now[1], before[2] - before[0])
    high = difference + math.hypot(now[2] - now[0], before[0] - before[1])
    return Comparison(now[0], before[0], low, high, surprise_of(difference, low, high))


def surprise_of(difference: float, low: float, high: float) -> float:
    """Return the surprise of a difference with a 95 % interval, by how many half widths towards zero it lies from it."""
    half = difference - low if difference > 0 else high - difference
    if half <= 0:
        return 0.0 if difference else 1.0
    return 2 * _NORMAL.cdf(-abs(difference) / half * _NORMAL.inv_cdf((1 + CONFIDENCE) / 2))


def wilson(successes: int, trials: int) -> tuple[float, float] | None:
    """Return the 95 % interval of a share (Wilson 1927), which holds for small groups too; None for a share of nothing."""
    if trials <= 0:
        return None
    z = _NORMAL.inv_cdf((1 + CONFIDENCE) / 2)
    share = successes / trials
    centre = share + z * z / (2 * trials)
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    low = 0.0 if successes == 0 else max(0.0, (centre - half) / scale)
    high = 1.0 if successes == trials else min(1.0, (centre + half) / scale)
    return low, high


def rate_interval(count: int, exposure: float) -> tuple[float, float] | None:
    """Return the 95 % interval of a rate of happenings (Poisson) per unit of ``exposure``; None without any exposure.

    The score interval, the limit of Wilson's where a share is rare: it holds for few happenings, and for none.
    """
    if exposure <= 0:
        return None
    z = _NORMAL.inv_cdf((1 + CONFIDENCE) / 2)
    centre, half = count + z * z / 2, z * math.sqrt(count + z * z / 4)
    return (max(0.0, centre - half) if count else 0.0) / exposure, (centre + half) / exposure


def mean_interval(total: float, squares: float, count: int) -> tuple[float, float] | None:
    """Return the 95 % interval of a mean, given the sum and the sum of squares of ``count`` values.

    None for fewer than two, and where all are alike: nothing is known of how much others would differ.
    """
    if count < 2:
        return None
    mean = total / count
    variance = (squares - count * mean * mean) / (count - 1)
    if variance <= 0:
        return None
    half = student_quantile((1 + CONFIDENCE) / 2, count - 1) * math.sqrt(variance / count)
    return mean - half, mean + half


def compare_flow(net: Sequence[float], level_now: float) -> Comparison:
    """Compare a level (members) with what it was before the daily ``net`` flows that led to it.

    The level itself is counted, not sampled; what may be chance is whether the flows of the days add up to anything but
    zero, given how much they differ from day to day.
    """
    total = math.fsum(net)
    count = len(net)
    mean = total / count if count else 0.0
    variance = math.fsum((value - mean) ** 2 for value in net) / (count - 1) if count > 1 else 0.0
    tie = _tie([[value - mean for value in net]])
    spread = math.sqrt(max(count * variance * tie, abs(total)))
    return _compared(level_now, level_now - total, spread, max(count - 1, 1))


def discoveries(surprises: Sequence[float], *, false_share: float = 0.05) -> list[bool]:
    """Tell which of many findings to believe, so that at most ``false_share`` of the believed are expected to be chance.

    Benjamini and Hochberg's step-up rule: with the surprises in ascending order, believe all up to the last one that is
    at most rank / count * false_share.
    """
    bound = -1.0
    for rank, surprise in enumerate(sorted(surprises), start=1):
        if surprise <= rank / len(surprises) * false_share:
            bound = surprise
    return [surprise <= bound for surprise in surprises]


def _compared(now: float, before: float, spread: float, freedom: float, confidence: float = CONFIDENCE) -> Comparison:
    difference = now - before
    if spread == 0:
        return Comparison(now, before, difference, difference, surprise=1.0 if difference == 0 else 0.0)
    half = student_quantile((1 + confidence) / 2, freedom) * spread
    return Comparison(
        now, before, difference - half, difference + half, surprise=_student_surprise(difference / spread, freedom)
    )


def _day_variance(now: Sequence[float], before: Sequence[float]) -> tuple[float, float]:
    """Return how much ordinary days differ (variance of one day, widened for ties between neighbours) and its freedom."""
    count = len(now)
    means = (fmean(before), fmean(now)) if count else (0.0, 0.0)
    rest = [[value - means[0] for value in before], [value - means[1] for value in now]]
    whole = rest[0] + rest[1]
    weekdays = 1
    if count >= 7:
        # Both periods share one pattern of weekdays; it costs six degrees of freedom.
        weekdays = 7
        pattern = [fmean(whole[place::7]) for place in range(7)]
        whole = [value - pattern[place % 7] for place, value in enumerate(whole)]
        rest = [whole[:count], whole[count:]]
    freedom = 2 * count - 1 - weekdays
    if freedom < 1:
        return 0.0, 1.0
    return math.fsum(value * value for value in whole) / freedom * _tie(rest), float(freedom)


def _tie(runs: Sequence[Sequence[float]]) -> float:
    """Return by how much ties between neighbouring days widen the variance of a sum; 1 when there are none."""
    power = math.fsum(value * value for run in runs for value in run)
    if power == 0:
        return 1.0
    shared = math.fsum(run[place] * run[place + 1] for run in runs for place in range(len(run) - 1))
    correlation = min(max(shared / power, 0.0), _STRONGEST_TIE)
    return (1 + correlation) / (1 - correlation)


@lru_cache(maxsize=512)
def student_quantile(probability: float, freedom: float) -> float:
    """Return the quantile of Student's t; infinite ``freedom`` is the normal one."""
    return _NORMAL.inv_cdf(probability) if math.isinf(freedom) else float(scipy.special.stdtrit(freedom, probability))


def _student_surprise(value: float, freedom: float) -> float:
    """Return the probability of a value of Student's t at least as far from zero."""
    return 2 * (_NORMAL.cdf(-abs(value)) if math.isinf(freedom) else float(scipy.special.stdtr(freedom, -abs(value))))

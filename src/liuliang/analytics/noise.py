"""Whether a change is more than chance: one rule for every figure.

A figure of this period is compared with the same figure of the period before, which is as long. Nothing is called a
change unless the 95 % interval of the difference leaves zero out. How wide that interval is comes from the data:

- **Counts per day** (messages, joins, money): what is compared is their ratio, which cannot be below nothing. Given both
  periods together, the share that falls into the later one is a binomial proportion, of as many happenings as are worth
  an independent one each: days are held against what their own period and their own weekday let expect, and by how much
  more than independent happenings (Poisson) they differ, each counts for less (a quasi-Poisson model; McCullagh and
  Nelder 1989, section 6.2). Wilson's interval of that share, with Student's quantile, is that of the ratio. Days that
  pull their neighbours along (a lively evening goes on the next day) count for less than independent ones: their variance
  is widened by (1+r)/(1-r), r being the correlation of a day with the day before.
- **What can be below nothing** (joins less leaves): the same by differences, with the variance of the days.
- **A level** (members): what it grew by, beside what it grew by in the period before. Steady growth is no news.
- **One day** beside the days it is like (the same weekday of the weeks before): Student's interval of one more such day, for
  counts and money of their square roots.
- **People counted once** (speakers): somebody who spoke in both periods changes nothing; those who spoke in one of them
  only could as well have spoken in the other (McNemar 1947). It is never taken smaller, in proportion, than what the
  days of the same figure say.
- **Estimates** that come with an interval of their own (scores, medians): the interval of the difference is recovered from
  the two (MOVER; Zou and Donner 2008); of what cannot be below nothing, that of the ratio from the two logarithms.
- **Shares** (who stayed, who speaks): two binomial proportions with one success and one failure added to each (Agresti
  and Caffo 2000), which holds for small groups and for shares of 0 and 100 %.

Where many figures are looked at, some leave their interval by chance alone. A change is believed from a surprise of one in a
hundred on (`BELIEVED`), which is one rule for a figure on every page; of many communities, `discoveries` keeps the share of
false alarms among what is shown below a bound (Benjamini and Hochberg 1995).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import NormalDist, fmean

import scipy  # its parts load when they are first named

_NORMAL = NormalDist()
CONFIDENCE = 0.95

BELIEVED = 0.01
"""How surprising a change must be to be called one. The pages show the same twenty figures: at one in twenty each, somebody who
looks at them every week would be told of a change by chance every week."""

_LARGEST = 100.0
"""Logarithms of ratios from here on say no more than that there is no upper end."""

_STRONGEST_TIE = 0.8
"""Correlation of neighbouring days is not believed beyond this: short series would make it anything."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A figure beside the same figure of the period before.

    ``low`` and ``high`` are the interval of the difference ``now - before``, in the figure's own unit: of 95 % unless told. ``surprise``
    is the probability of a difference at least as far from the ``usual`` one if nothing had changed. The usual difference is
    none but for what grows or shrinks all the time.
    """

    now: float
    before: float
    low: float
    high: float
    surprise: float
    usual: float = 0.0

    @property
    def difference(self) -> float:
        """Return how much more it is than before."""
        return self.now - self.before

    @property
    def is_noise(self) -> bool:
        """Tell whether the interval holds the usual difference."""
        return self.low <= self.usual <= self.high

    @property
    def is_believed(self) -> bool:
        """Tell whether it is called a change, wherever it is shown."""
        return not self.is_noise and self.surprise <= BELIEVED

    @property
    def is_open(self) -> bool:
        """Tell that nothing can be said: it could as well have halved as stayed, or doubled."""
        return self.is_noise and (self.low < -abs(self.before) / 2 or self.high > abs(self.before))


def compare_counts(
    now: Sequence[float],
    before: Sequence[float],
    *,
    unit: float = 1.0,
    totals: tuple[float, float] | None = None,
) -> Comparison:
    """Compare the sums of two equally long series of days of what cannot be below nothing, by their ratio.

    Args:
        now: one value a day.
        before: one value a day, as many, directly before.
        unit: the size of one independent happening in the figure's unit, for the lower bound of the noise: 1 for
            counts, about one order's worth for money.
        totals: the figure of both periods, where it is not quite the sum of its days: whoever came on two days came once.

    Raises:
        ValueError: the series are of different length.
    """
    _refuse_unequal(now, before)
    total_now, total_before = totals or (math.fsum(now), math.fsum(before))
    worth, freedom = _worth(now, before, unit)
    return _by_ratio(total_now, total_before, min(worth, (total_now + total_before) / unit), freedom)


def compare_days(now: Sequence[float], before: Sequence[float]) -> Comparison:
    """Compare the sums of two equally long series of days of what can be below nothing, ``before`` directly before.

    Raises:
        ValueError: the series are of different length.
    """
    _refuse_unequal(now, before)
    total_now, total_before = math.fsum(now), math.fsum(before)
    spread, freedom = _spread(now, before)
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


def compare_count_of_day(
    value: float, like: Sequence[float], *, unit: float = 1.0, confidence: float = CONFIDENCE
) -> Comparison:
    """Compare one day of what cannot be below nothing with days that are like it, by their square roots.

    Roots of counts (with three eighths of a happening added, Anscombe 1948) vary alike whether they are small or large, so that
    one lively day among those it is held against does not make a day of nothing an ordinary one.

    Args:
        value: of the day.
        like: of the days it is like, at least two.
        unit: the size of one independent happening: 1 for counts, about one order's worth for money.
        confidence: of the interval.

    Raises:
        ValueError: fewer than two days.
    """
    added = unit * 3 / 8
    now, *others = (math.sqrt(each + added) for each in (value, *like))
    roots = compare_day(now, others, floor=unit / 4, confidence=confidence)
    least, most = max(0.0, now - roots.high) ** 2 - added, (now - roots.low) ** 2 - added
    return Comparison(value, fmean(like), value - most, value - max(0.0, least), roots.surprise)


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
    # Given who came in one of the periods only, a fair coin says in which.
    worth, freedom = (now + before) ** 2 / in_one_only if in_one_only else math.inf, math.inf
    if days_now and len(days_now) == len(days_before):
        by_day, freedom_of_days = _worth(days_now, days_before, 1.0)
        if by_day:
            worth, freedom = min(worth, by_day), freedom_of_days
    return _by_ratio(now, before, worth, freedom)


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


def compare_amounts(now: tuple[float, float, float], before: tuple[float, float, float]) -> Comparison:
    """Compare two estimates of what cannot be below nothing, such as durations: as `compare_estimates`, by their ratio."""
    found = compare_estimates(now, before)
    if min(now[0], before[0]) <= 0:
        return replace(found, low=max(found.low, -before[0]))
    ratio = math.log(now[0] / before[0])
    low = ratio - math.hypot(_falls(now), _rises(before))
    high = ratio + math.hypot(_rises(now), _falls(before))
    least, most = (before[0] * math.expm1(end) if end < _LARGEST else math.inf for end in (low, high))
    return Comparison(now[0], before[0], least, most, surprise_of(ratio, low, high))


def _falls(estimate: tuple[float, float, float]) -> float:
    """Return how far the low end of an estimate lies from it, in logarithms."""
    return math.log(estimate[0] / estimate[1]) if estimate[1] > 0 else math.inf


def _rises(estimate: tuple[float, float, float]) -> float:
    return math.log(estimate[2] / estimate[0])


def surprise_of(difference: float, low: float, high: float) -> float:
    """Return the surprise of a difference with a 95 % interval, by how many half widths towards zero it lies from it."""
    half = difference - low if difference > 0 else high - difference
    if half <= 0:
        return 0.0 if difference else 1.0
    return 2 * _NORMAL.cdf(-abs(difference) / half * _NORMAL.inv_cdf((1 + CONFIDENCE) / 2))


def wilson(successes: float, trials: int) -> tuple[float, float] | None:
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


def balance_interval(ups: int, downs: int, trials: int) -> tuple[float, float] | None:
    """Return the 95 % interval of the share of ``ups`` less that of ``downs`` among the same trials; None for none.

    One up and one down are added, so that it holds for few trials too, and where all of them are alike.

    Source: Bonett and Price 2012, Adjusted Wald confidence interval for a difference of binomial proportions based on paired
    data; a difference of two shares of one multinomial sample is the same thing.
    """
    if trials <= 0:
        return None
    up, down = (ups + 1) / (trials + 2), (downs + 1) / (trials + 2)
    half = _NORMAL.inv_cdf((1 + CONFIDENCE) / 2) * math.sqrt((up + down - (up - down) ** 2) / (trials + 2))
    return max(-1.0, up - down - half), min(1.0, up - down + half)


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


def compare_level(net: Sequence[float], net_before: Sequence[float], level_now: float) -> Comparison:
    """Compare a level (members) with what it was before the daily ``net`` flows that led to it.

    The level is counted, not sampled, and what grows every week is news only where it grows otherwise than before: its
    ``usual`` difference is what the flows of the period before, ``net_before``, came to, and how much days differ decides.

    Raises:
        ValueError: the series are of different length.
    """
    _refuse_unequal(net, net_before)
    total, usual = math.fsum(net), math.fsum(net_before)
    spread, freedom = _spread(net, net_before)
    found = _compared(total, usual, spread, freedom)
    return Comparison(
        level_now, level_now - total, found.low + usual, found.high + usual, surprise=found.surprise, usual=usual
    )


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


def _by_ratio(now: float, before: float, worth: float, freedom: float) -> Comparison:
    """Compare two sums that are together worth so many independent happenings, by the share that falls into the later."""
    both = now + before
    if both <= 0:
        return Comparison(now, before, now - before, now - before, surprise=1.0)
    if worth <= 0:
        return Comparison(now, before, -before, math.inf, surprise=1.0)
    if math.isinf(worth):
        return _compared(now, before, 0.0, freedom)
    quantile, share = student_quantile((1 + CONFIDENCE) / 2, freedom), now / both
    fewer = quantile * quantile / worth
    centre = (share + fewer / 2) / (1 + fewer)
    half = math.sqrt(fewer * share * (1 - share) + fewer * fewer / 4) / (1 + fewer)
    # An end that rounding puts beside the value is the value.
    low, high = max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))
    if before > 0:
        least, most = (before * (end / (1 - end) - 1) if end < 1 else math.inf for end in (low, high))
        least, most = min(least, now - before), max(most, now - before)
    else:
        # Nothing has no ratio: the two share what both have together.
        least, most = (both * (2 * end - 1) for end in (low, high))
    surprise = _student_surprise((now - before) / both * math.sqrt(worth), freedom)
    return Comparison(now, before, least, most, surprise)


def _worth(now: Sequence[float], before: Sequence[float], unit: float) -> tuple[float, float]:
    """Return how many independent happenings the days of both periods are worth together, and the freedom of that estimate.

    A day is expected to have its period's mean times its weekday's factor, which both periods share; where one of them had
    nothing or is shorter than a week, just the mean.
    """
    count, whole = len(now), [*before, *now]
    sums = math.fsum(before), math.fsum(now)
    if sums[0] + sums[1] <= 0:
        return 0.0, 1.0
    expected = [total / count for total in sums for _day in range(count)]
    fitted = sum(total > 0 for total in sums)
    if count >= 7 and min(sums) > 0:
        factors = [math.fsum(whole[day::7]) / math.fsum(expected[day::7]) for day in range(7)]
        expected = [value * factors[place % 7] for place, value in enumerate(expected)]
        fitted = 1 + sum(factor > 0 for factor in factors)
    rest = [
        (value - usual) / math.sqrt(usual) if usual > 0 else 0.0 for value, usual in zip(whole, expected, strict=True)
    ]
    freedom = sum(usual > 0 for usual in expected) - fitted
    if freedom < 1:
        return (sums[0] + sums[1]) / unit, 1.0
    widened = _tie([rest[:count], rest[count:]]) / freedom
    return (sums[0] + sums[1]) / max(unit, math.fsum(value * value for value in rest) * widened), float(freedom)


def _refuse_unequal(now: Sequence[float], before: Sequence[float]) -> None:
    if len(now) != len(before):
        raise ValueError(f"{len(now)} days are compared with {len(before)}")


def _spread(now: Sequence[float], before: Sequence[float]) -> tuple[float, float]:
    """Return the standard error of the difference of two sums of days, and its freedom; never less than of happenings (Poisson)."""
    variance, freedom = _day_variance(now, before)
    return math.sqrt(max(2 * len(now) * variance, abs(math.fsum(now)) + abs(math.fsum(before)))), freedom


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

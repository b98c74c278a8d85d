"""When a day is unusual, computed once more in the plainest way, by scipy."""

from __future__ import annotations

from statistics import mean, median, variance

from scipy.stats import t as student


def interval(like: list[float], confidence: float) -> tuple[float, float]:
    """Return the interval of one more such day, by scipy: of the roots of counts, which vary by a quarter where chance alone is at work."""
    roots = [(value + 3 / 8) ** 0.5 for value in like]
    spread = max(variance(roots), 0.25) * (1 + 1 / len(like))
    half = student.ppf((1 + confidence) / 2, len(like) - 1) * spread**0.5
    return max(0, max(0, mean(roots) - half) ** 2 - 3 / 8), (mean(roots) + half) ** 2 - 3 / 8


def without_odd_weeks(like: list[float]) -> list[float]:
    """Return the weeks without up to a quarter that lie outside 99.99 % of the others: plainly, by trying every number."""
    middle = sorted(like, key=lambda value: abs(value - median(like)))
    for odd in range(min(len(like) // 4, len(like) - 4), 0, -1):
        rest = middle[: len(like) - odd]
        low, high = interval(rest, 0.9999)
        if all(value < low or value > high for value in middle[len(like) - odd :]):
            return rest
    return like

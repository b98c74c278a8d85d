"""The BG/NBD model: how often somebody will come back, and whether they still will at all.

Fader, Hardie, Lee, "Counting Your Customers" the Easy Way, Marketing Science 24 (2005). While somebody is active they act
at random at a rate of their own (gamma distributed with ``r`` and ``alpha``), and after each act they may become inactive
for good with a probability of their own (beta distributed with ``a`` and ``b``). What it needs of a person is three
numbers: how many acts after the first (``x``), when the last of them was (``recency``), and how long they have been known
(``age``), both counted from the first act in one unit of time, whatever it is.

Everything here is arithmetic on columns; people with the same three numbers are worked out once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy  # its parts load when they are first named
from numpy.typing import NDArray

Column = NDArray[np.float64]
Vector = np.ndarray[tuple[int], np.dtype[np.float64]]
Table = NDArray[np.float64]
"""A row for each person, a column for each thing that is told of them."""

NODES = 48
"""Places at which the chance of becoming inactive is integrated over; the error is below a millionth."""

MOST_GROUPS = 100_000
"""Different histories that a fit looks at; beyond, days are taken as weeks, then as months."""

ROUGH = 5_000
"""Different histories on which the maximum is looked for at first."""

_COARSER = (1, 7, 30, 90)
_BOUNDS = (-8.0, 9.0)
"""Of the logarithms of the parameters, times being in units of the mean age."""

_STARTS = ((1.0, 1.0, 1.0, 1.0), (0.25, 0.2, 0.8, 2.5))


@dataclass(frozen=True)
class Histories:
    """Columns of equal length: acts after the first, when the last of them was, how long known, and how many such people."""

    x: Column
    recency: Column
    age: Column
    people: Column

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, slots=True)
class Buying:
    """A fitted model. ``alpha`` is in the unit of time of the histories."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float

    def alive(self, told: Histories) -> Column:
        """Return the probability that each is still active; 1 for those who acted once, of whom the model cannot tell."""
        ratio = np.log(self.alpha + told.age) - np.log(self.alpha + told.recency)
        odds = np.log(self.a) - np.log(self.b + np.maximum(told.x, 1) - 1) + (self.r + told.x) * ratio
        return np.where(told.x > 0, scipy.special.expit(-odds), 1.0)

    def acts_within(self, told: Histories, ahead: float) -> Column:
        """Return the probability that each acts at least once in the next ``ahead``.

        Of who is active, the rate is gamma distributed with r + x and alpha + age.
        """
        return self.alive(told) * -np.expm1(-(self.r + told.x) * np.log1p(ahead / (self.alpha + told.age)))

    def expected(self, told: Histories, ahead: float) -> Column:
        """Return how many acts are expected of each in the next ``ahead``.

        The mean of (1 - exp(-rate p ahead)) / p over the rate in closed form and over p by quadrature on its quantiles. The
        formula of the paper has a hypergeometric function that overflows for busy people and a pole at a = 1.
        """
        nodes, weights = scipy.special.roots_legendre(NODES)
        counts, place = np.unique(told.x, return_inverse=True)
        leaving = scipy.special.betaincinv(self.a, self.b + counts[:, None], (nodes + 1) / 2)
        found = np.empty(len(told))
        for start in range(0, len(told), 20_000):
            part = slice(start, start + 20_000)
            p = np.maximum(leaving[place[part]], 1e-12)
            share = p * (ahead / (self.alpha + told.age[part]))[:, None]
            each = -np.expm1(-(self.r + told.x[part])[:, None] * np.log1p(share)) / p
            found[part] = each @ weights / 2
        return self.alive(told) * found


def group(
    x: NDArray[np.int64], recency: NDArray[np.int64], age: NDArray[np.int64]
) -> tuple[Histories, NDArray[np.intp]]:
    """Return the different histories with how many people have each, and which of them each person has."""
    most = int(age.max(initial=0)) + 1
    keys, place, people = np.unique((x * most + recency) * most + age, return_inverse=True, return_counts=True)
    rest, ages = np.divmod(keys, most)
    counts, last = np.divmod(rest, most)
    columns = (column.astype(np.float64) for column in (counts, last, ages, people))
    return Histories(*columns), place


def fit(told: Histories) -> Buying:
    """Return the model under which these histories are most likely.

    Raises:
        ValueError: there is nobody, or nobody's age is above zero.
    """
    unit = float(np.average(told.age, weights=told.people)) if len(told) else 0.0
    if unit <= 0:
        raise ValueError("nothing to fit")
    # Where the maximum lies is found on few histories, and then made exact on many from there.
    rough = min((_climb(_fewer(told, ROUGH), unit, start) for start in _STARTS), key=lambda tried: tried[1])
    scaled, whole = _fewer(told, MOST_GROUPS), float(told.people.sum())
    best, cost = _climb(scaled, unit, rough[0])
    r, alpha, a, b = (float(value) for value in best)
    # Back in the unit of the histories: each act has a density in time.
    acts = float((scaled.x * scaled.people).sum())
    return Buying(r, alpha * unit, a, b, -cost * whole - acts * float(np.log(unit)))


def _climb(told: Histories, unit: float, start: tuple[float, ...]) -> tuple[tuple[float, ...], float]:
    """Return the parameters to which the likelihood rises from ``start``, times in ``unit``, and the cost per person there."""
    scaled = Histories(told.x, told.recency / unit, told.age / unit, told.people)
    whole = float(scaled.people.sum())

    def cost(logs: Vector) -> tuple[float, Column]:
        value, slope = _log_likelihood(np.exp(logs), scaled)
        return -value / whole, -slope * np.exp(logs) / whole

    found = scipy.optimize.minimize(
        cost,
        np.log(start),
        jac=True,
        method="L-BFGS-B",
        bounds=[_BOUNDS] * 4,
        options={"maxiter": 500, "ftol": 1e-11, "gtol": 1e-7},
    )
    return tuple(np.exp(found.x).tolist()), float(found.fun)


def _fewer(told: Histories, most: int) -> Histories:
    """Return histories that are at most so many, if days, weeks, months or quarters make them that few."""
    fewer = told
    for step in _COARSER:
        if len(fewer) <= most:
            break
        rounded = [np.round(column / step).astype(np.int64) for column in (told.recency, told.age)]
        merged, place = group(told.x.astype(np.int64), *rounded)
        people = np.bincount(place, weights=told.people).astype(np.float64)
        fewer = Histories(merged.x, merged.recency * step, merged.age * step, people)
    return fewer


def _log_likelihood(parameters: Column, told: Histories) -> tuple[float, Column]:
    """Return the log-likelihood and its slope along r, alpha, a and b (equation 6 of the paper, in logarithms)."""
    r, alpha, a, b = parameters
    x, people = told.x, told.people
    later = np.log(alpha + told.age)
    earlier = np.log(alpha + told.recency)
    stayed = -(r + x) * later
    again = x > 0
    went = np.where(again, np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * earlier, -np.inf)
    both = np.logaddexp(stayed, went)
    of_stayed, of_went = np.exp(stayed - both), np.exp(went - both)
    gammaln, psi = scipy.special.gammaln, scipy.special.digamma
    value = (
        gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        + gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x) + both
    )  # fmt: skip
    slopes = (
        psi(r + x) - psi(r) + np.log(alpha) - of_stayed * later - of_went * earlier,
        r / alpha - (r + x) * (of_stayed / (alpha + told.age) + of_went / (alpha + told.recency)),
        psi(a + b) - psi(a + b + x) + of_went / a,
        psi(a + b) + psi(b + x) - psi(b) - psi(a + b + x) - of_went / (b + np.maximum(x, 1) - 1),
    )
    return float(value @ people), np.array([float(slope @ people) for slope in slopes])

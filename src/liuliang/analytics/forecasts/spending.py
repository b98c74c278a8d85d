"""The Gamma-Gamma model: how much somebody spends each time.

Fader, Hardie, "The Gamma-Gamma Model of Monetary Value" (2013): what a person spends varies around a mean of their own,
and the means of people are spread too. Somebody of whom much is known is believed; of whom little, they are drawn towards
what everybody spends. The model takes how much to be independent of how often; `tie` says whether it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy  # its parts load when they are first named
from numpy.typing import NDArray

Column = NDArray[np.float64]
Vector = np.ndarray[tuple[int], np.dtype[np.float64]]

MOST_PEOPLE = 100_000
"""People a fit looks at, spread evenly over all of them."""

_BOUNDS = (-8.0, 12.0)


@dataclass(frozen=True, slots=True)
class Spending:
    """A fitted model; ``v`` is in the unit of the money."""

    p: float
    q: float
    v: float

    @property
    def has_mean(self) -> bool:
        """Tell whether people's means have a mean; with a heavier tail no value can be told."""
        return self.q > 1

    def expected(self, times: Column, mean: Column) -> Column:
        """Return what each will spend at a time, given how often and how much on average so far; 0 times is nobody known."""
        return self.p * (self.v + times * mean) / (self.p * times + self.q - 1)


def fit(times: Column, mean: Column) -> Spending:
    """Return the model under which these means are most likely.

    Args:
        times: how often each spent, at least once.
        mean: how much on average, above zero.

    Raises:
        ValueError: there is nobody.
    """
    if not len(times):
        raise ValueError("nothing to fit")
    step = max(1, len(times) // MOST_PEOPLE)
    x, unit = times[::step], float(mean.mean())
    z = mean[::step] / unit

    def cost(logs: Vector) -> tuple[float, Column]:
        p, q, v = np.exp(logs)
        total = np.log(x * z + v)
        gammaln, psi = scipy.special.gammaln, scipy.special.digamma
        value = (
            gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(v)
            + (p * x - 1) * np.log(z) + p * x * np.log(x) - (p * x + q) * total
        )  # fmt: skip
        slopes = np.array([
            (x * (psi(p * x + q) - psi(p * x) + np.log(z) + np.log(x) - total)).mean(),
            (psi(p * x + q) - psi(q) + np.log(v) - total).mean(),
            (q / v - (p * x + q) / (x * z + v)).mean(),
        ])  # fmt: skip
        return -float(value.mean()), -slopes * np.array([p, q, v])

    found = scipy.optimize.minimize(
        cost,
        np.log([2.0, 3.0, 2.0]),
        jac=True,
        method="L-BFGS-B",
        bounds=[_BOUNDS] * 3,
        options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-9},
    )
    p, q, v = (float(value) for value in np.exp(found.x))
    return Spending(p, q, v * unit)


def tie(times: Column, mean: Column) -> float:
    """Return the correlation of how often with how much; 0 where one of them does not vary."""
    if len(times) < 3 or times.std() == 0 or mean.std() == 0:
        return 0.0
    return float(np.corrcoef(times, mean)[0, 1])

"""A model that is learnt: from what everybody did lately, whether they did something in the days that followed.

A logistic regression on logarithms, by scikit-learn. Trees that are boosted were no better on the sample brand (they know
more, and learn it from few people) and ten times slower on many; the regression's probabilities also come as they are
meant, without another model to correct them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy  # its parts load when they are first named
from numpy.typing import NDArray

from liuliang.analytics.forecasts.buying import Column, Table

FEWEST = 200
"""People from whom something is learnt at all."""

FEWEST_EACH = 50
"""Of them so many at least did, and as many did not."""

MOST = 100_000
"""People that are learnt from unless told otherwise; beyond, as many evenly chosen ones."""


@dataclass(frozen=True)
class Learned:
    """What was learnt: the place, spread and weight of each logarithm, and where it all begins."""

    centre: Column
    spread: Column
    weights: Column
    base: float

    def chance(self, told: Table) -> Column:
        """Return the probability that each of these people does it."""
        scaled = (np.log1p(told) - self.centre) / self.spread
        chance: Column = scipy.special.expit(self.base + scaled @ self.weights)
        return chance


def learn(told: Table, did: NDArray[np.bool_], most: int = MOST) -> Learned | None:
    """Learn from people, ``most`` of them, and whether they did it; None where they are too few, or too few of either kind."""
    done = int(did.sum())
    if len(did) < FEWEST or min(done, len(did) - done) < FEWEST_EACH:
        return None
    # Loaded by whoever learns: it takes more memory than the rest of a process, and most of them never do.
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    chosen = np.linspace(0, len(did) - 1, min(len(did), most)).astype(np.intp)
    scaler = StandardScaler()
    scaled = scaler.fit_transform(np.log1p(told[chosen]))
    model = LogisticRegression(max_iter=1_000).fit(scaled, did[chosen])
    return Learned(scaler.mean_, scaler.scale_, model.coef_[0], float(model.intercept_[0]))

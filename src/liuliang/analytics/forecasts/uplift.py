"""Whom a treatment moves: learnt from those who got it and those who, by lot, did not.

Two models learn who does something, one from either (a T-learner, Künzel and others 2019): the difference of what they say of
somebody is what the treatment would do to them. Nobody is judged by a model that saw them, so that what is foretold can be
held against what happened: people are put into three equal parts by it, and each part's treated are held against its own
untreated. The simple rule is that everybody is moved as much; the models are better where the first part is moved more than
the last one, beyond chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from liuliang.analytics import noise
from liuliang.analytics.forecasts.buying import Column, Table
from liuliang.analytics.forecasts.learning import FEWEST, FEWEST_EACH, learn
from liuliang.analytics.noise import Comparison

FOLDS = 5
PARTS = 3
MOST = 20_000
"""People that each of the ten models learns from: a few numbers are not told better by more, and somebody waits for them."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Part:
    """People who are foretold to be moved about as much: how many of either arm did it, of how many."""

    treated: int
    of_treated: int
    untreated: int
    of_untreated: int
    foretold: float

    @property
    def change(self) -> Comparison | None:
        """Return how much more of the treated did it, in points."""
        return noise.compare_shares(self.treated, self.of_treated, self.untreated, self.of_untreated)


@dataclass(frozen=True)
class Uplift:
    """The parts, those moved most first, and ``place``: which of them each person is in."""

    parts: tuple[Part, ...]
    place: NDArray[np.int64]

    @property
    def contrast(self) -> Comparison | None:
        """Return how much more the first part is moved than the last, in points."""
        first, last = self.parts[0].change, self.parts[-1].change
        if first is None or last is None:
            return None
        return noise.compare_estimates(
            (first.difference, first.low, first.high), (last.difference, last.low, last.high)
        )

    @property
    def is_better(self) -> bool:
        """Tell whether it is known whom it moves more: the simple rule of one effect for all is beaten."""
        contrast = self.contrast
        return contrast is not None and contrast.is_believed and contrast.difference > 0


@dataclass(frozen=True, slots=True)
class Withheld:
    """Why it is not told whom it moves: the smaller arm has so few ``people``, or so few of an arm ``did`` it or did not."""

    people: int
    did: int
    needed_people: int
    needed_did: int


def whom_it_moves(table: Table, did: Mask, is_treated: Mask) -> Uplift | Withheld:
    """Learn from both arms whom the treatment moves, and hold that against what happened.

    Args:
        table: what was known of everybody before it, a row a person.
        did: who did what it is for.
        is_treated: who got it; the others were left out by lot.
    """
    # By turns within each arm and outcome, so that each fold has its share of all of them.
    fold = np.empty(len(did), np.int64)
    dice = np.random.default_rng(0)
    for treated in (True, False):
        for done in (True, False):
            group = np.flatnonzero((is_treated == treated) & (did == done))
            fold[dice.permutation(group)] = np.arange(len(group)) % FOLDS
    foretold = np.zeros(len(did))
    for number in range(FOLDS):
        held = fold == number
        models = [learn(table[~held & arm], did[~held & arm], MOST) for arm in (is_treated, ~is_treated)]
        with_it, without = models
        if with_it is None or without is None:
            return _too_few(did, is_treated)
        foretold[held] = with_it.chance(table[held]) - without.chance(table[held])
    return _parted(foretold, did, is_treated)


def _parted(foretold: Column, did: Mask, is_treated: Mask) -> Uplift:
    order = np.argsort(-foretold, kind="stable")
    place = np.empty(len(did), np.int64)
    parts = []
    for number, part in enumerate(np.array_split(order, PARTS)):
        place[part] = number
        treated, done = is_treated[part], did[part]
        parts.append(
            Part(
                int(done[treated].sum()), int(treated.sum()), int(done[~treated].sum()), int((~treated).sum()),
                float(foretold[part].mean()),
            )
        )  # fmt: skip
    return Uplift(tuple(parts), place)


def _too_few(did: Mask, is_treated: Mask) -> Withheld:
    arms = (did[is_treated], did[~is_treated])
    fewest = min(int(min(arm.sum(), len(arm) - arm.sum())) for arm in arms)
    # Four folds of five are learnt from.
    needed_people, needed_did = (-(-each * FOLDS // (FOLDS - 1)) for each in (FEWEST, FEWEST_EACH))
    return Withheld(min(len(arm) for arm in arms), fewest, needed_people, needed_did)

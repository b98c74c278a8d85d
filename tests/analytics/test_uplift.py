"""Whom a treatment moves: found where it is so, and not called so where it is chance."""

from __future__ import annotations

import numpy as np
import pytest

from liuliang.analytics.forecasts.uplift import PARTS, Uplift, Withheld, whom_it_moves


def _people(number, *, moved, seed):
    """People with two numbers, half of them treated; ``moved`` tells by how much the treatment moves whom."""
    dice = np.random.default_rng(seed)
    told = np.column_stack([dice.poisson(3, number), dice.integers(0, 84, number)]).astype(float)
    is_treated = dice.random(number) < 0.5
    chance = 0.15 + 0.1 * (told[:, 0] > 3)
    did = dice.random(number) < chance + is_treated * moved(told)
    return told, did, is_treated


def _recent(told):
    return 0.3 * (told[:, 1] < 28)


def test_those_who_are_moved_are_found():
    told, did, is_treated = _people(6_000, moved=_recent, seed=1)
    found = whom_it_moves(told, did, is_treated)
    assert isinstance(found, Uplift)
    assert found.is_better
    moved = told[:, 1] < 28
    # A third of the people are moved, and the first third is nearly all of them.
    assert moved[found.place == 0].mean() > 0.8
    assert moved[found.place == PARTS - 1].mean() < 0.1
    first, _middle, last = found.parts
    assert first.change.difference == pytest.approx(0.27, abs=0.08)
    assert last.change.difference == pytest.approx(0.0, abs=0.08)


def test_every_part_counts_its_own_people():
    told, did, is_treated = _people(2_000, moved=_recent, seed=2)
    found = whom_it_moves(told, did, is_treated)
    for number, part in enumerate(found.parts):
        here = found.place == number
        assert part.of_treated == (here & is_treated).sum()
        assert part.treated == (here & is_treated & did).sum()
        assert part.of_untreated == (here & ~is_treated).sum()
        assert part.untreated == (here & ~is_treated & did).sum()
    assert sum(part.of_treated + part.of_untreated for part in found.parts) == 2_000
    foretold = [part.foretold for part in found.parts]
    assert foretold == sorted(foretold, reverse=True)


@pytest.mark.parametrize("effect", [0.0, 0.2])
def test_where_all_are_moved_alike_it_is_hardly_ever_called_known_whom(effect):
    known = 0
    for seed in range(60):
        told, did, is_treated = _people(1_500, moved=lambda told: np.full(len(told), effect), seed=100 + seed)
        known += whom_it_moves(told, did, is_treated).is_better
    # One in two hundred is called so by chance (one in a hundred, either way): more than three of sixty would be a fault.
    assert known <= 3


def test_too_few_are_withheld_with_what_is_missing():
    told, did, is_treated = _people(300, moved=_recent, seed=3)
    found = whom_it_moves(told, did, is_treated)
    assert found == Withheld(
        int(min(is_treated.sum(), (~is_treated).sum())),
        int(
            min(
                (did & is_treated).sum(),
                (did & ~is_treated).sum(),
                (~did & is_treated).sum(),
                (~did & ~is_treated).sum(),
            )
        ),
        250,
        63,
    )


def test_those_who_are_just_enough_are_learnt_from():
    told = np.zeros((502, 1))
    is_treated = np.arange(502) % 2 == 0
    did = np.arange(502) < 130
    assert isinstance(whom_it_moves(told, did, is_treated), Uplift)

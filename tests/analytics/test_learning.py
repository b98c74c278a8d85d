"""What is learnt from people of whom the truth is known, and from too few of them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from liuliang.analytics.forecasts.learning import FEWEST, FEWEST_EACH, learn


def _people(number, seed=1):
    """People with three numbers, of which two tell whether they do it; with their true probability, and whether they did."""
    dice = np.random.default_rng(seed)
    told = np.column_stack([dice.poisson(3, number), dice.integers(0, 84, number), dice.poisson(9, number)]).astype(
        float
    )
    truth = 1 / (1 + np.exp(-(1.4 * np.log1p(told[:, 0]) - 1.1 * np.log1p(told[:, 1]) + 1.0)))
    return told, truth, dice.random(number) < truth


def test_the_truth_is_found():
    told, truth, did = _people(20_000)
    found = learn(told, did)
    assert np.abs(found.chance(told) - truth).mean() < 0.01
    weights = found.weights / found.spread
    assert weights == pytest.approx([1.4, -1.1, 0.0], abs=0.1)


def test_it_says_what_the_library_says():
    told, _truth, did = _people(1_000)
    pipeline = make_pipeline(FunctionTransformer(np.log1p), StandardScaler(), LogisticRegression(max_iter=1_000))
    wanted = pipeline.fit(told, did).predict_proba(told)[:, 1]
    assert learn(told, did).chance(told) == pytest.approx(wanted, rel=1e-9)


def test_of_very_many_as_many_are_taken_evenly():
    told, truth, did = (each[np.argsort(_people(30_000)[1])] for each in _people(30_000))
    found = learn(told, did, 3_000)
    assert np.abs(found.chance(told) - truth).mean() < 0.03


@pytest.mark.parametrize(
    ("people", "done"),
    [(FEWEST - 1, FEWEST_EACH), (FEWEST, FEWEST_EACH - 1), (FEWEST, FEWEST - FEWEST_EACH + 1), (0, 0)],
)
def test_from_too_few_nothing_is_learnt(people, done):
    told, _truth, _did = _people(FEWEST)
    assert learn(told[:people], np.arange(people) < done) is None


def test_from_just_enough_something_is_learnt():
    told, _truth, _did = _people(FEWEST)
    assert learn(told, np.arange(FEWEST) < FEWEST_EACH) is not None


def test_a_column_that_never_differs_does_no_harm():
    told, _truth, did = _people(500)
    found = learn(np.column_stack([told, np.zeros(500)]), did)
    assert np.isfinite(found.chance(np.column_stack([told, np.ones(500)]))).all()

"""The scaffolding of benchmarks."""

from __future__ import annotations

import json

import pytest

from liuliang.bench.report import Goal, finish, measure


def test_contenders_take_turns_and_the_warm_up_is_not_counted():
    calls: list[str] = []
    medians = measure({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, rounds=2)
    assert calls == ["a", "b", "b", "a", "a", "b"]
    assert set(medians) == {"a", "b"}


def test_the_last_line_is_json_and_a_missed_goal_is_said(capsys: pytest.CaptureFixture[str]):
    assert not finish("thing", {"ratio": 0.4, "rate": 123_456.7}, {"ratio": Goal(at_least=0.5)})
    last = capsys.readouterr().out.splitlines()[-1]
    assert json.loads(last) == {
        "bench": "thing",
        "figures": {"ratio": 0.4, "rate": 123457},
        "goals": {"ratio": {"at_least": 0.5}},
        "holds": False,
    }


def test_goals_that_are_kept_hold():
    assert finish("thing", {"ms": 10.0}, {"ms": Goal(at_most=10.0)})


def test_a_goal_without_its_figure_is_a_mistake():
    with pytest.raises(KeyError):
        finish("thing", {}, {"ms": Goal(at_most=1)})

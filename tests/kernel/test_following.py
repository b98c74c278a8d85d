from __future__ import annotations

import threading

import pytest

from liuliang.kernel import following


@pytest.fixture
def upkeep(monkeypatch):
    monkeypatch.setattr(following, "UPKEEP", 0.0)
    monkeypatch.setattr(following, "_upkeep", {})
    return following.register_upkeep


@pytest.mark.django_db(transaction=True)
def test_upkeep_that_fails_is_tried_again_and_keeps_nothing_from_being_done(upkeep):
    stopping = threading.Event()
    rounds = []

    def fail() -> None:
        rounds.append("failed")
        raise RuntimeError

    def work() -> None:
        rounds.append("done")
        if rounds.count("done") == 2:
            stopping.set()

    upkeep("failing", fail)
    upkeep("working", work)
    following.keep_up(stopping)
    assert rounds == ["failed", "done", "failed", "done"]


def test_the_lake_s_upkeep_is_the_follower_s():
    assert "lake" in following._upkeep

from __future__ import annotations

import threading
import time

import pytest

from liuliang.kernel import following
from liuliang.kernel.log import append
from liuliang.kernel.readers import Mark, Reader, Window


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


class Builder(Reader):
    """Builds on another reader, which has come to ``other``; None for nobody."""

    name = "test.builder"
    shards = 1

    def __init__(self) -> None:
        self.other: Mark | None = Mark()
        self.steps = 0

    def apply(self, window: Window) -> None:
        self.steps += 1

    def limit(self) -> Mark | None:
        return self.other


class Impatient(threading.Event):
    """Notes how long it is waited for, and never waits. Let go after so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times
        self.waited: list[float] = []
        self.then = lambda count: None

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.waited.append(timeout)
        self.then(len(self.waited))
        if len(self.waited) == self.times:
            self.set()
        return self.is_set()


def test_who_waits_for_another_reader_looks_again_soon(transactional_db, make_fact, monkeypatch):
    append([make_fact(1)])
    builder, stopping = Builder(), Impatient(5)
    # So that every look is a fresh one.
    monkeypatch.setattr(following, "BEHIND", -1.0)

    def come(count: int) -> None:
        if count == 3:
            builder.other = following.readers.horizon()

    stopping.then = come
    following.follow(builder, following.Lookout(), stopping, alone=True)
    assert stopping.waited == [following.BEHIND] * 5
    assert builder.steps == 1


def test_who_builds_on_nobody_waits_until_there_is_more_to_do(transactional_db, make_fact):
    append([make_fact(1)])
    builder, stopping = Builder(), Impatient(3)
    builder.other = None
    following.follow(builder, following.Lookout(), stopping, alone=True)
    assert stopping.waited == pytest.approx([following.IDLE] * 3, abs=0.3)
    assert builder.steps == 1


def test_a_long_step_is_part_of_the_wait(transactional_db, make_fact, monkeypatch):
    append([make_fact(1)])
    builder, stopping = Builder(), Impatient(2)
    builder.other = None
    monkeypatch.setattr(following, "IDLE", 2.0)
    monkeypatch.setattr(builder, "apply", lambda _window: time.sleep(0.5))
    following.follow(builder, following.Lookout(), stopping, alone=True)
    first, second = stopping.waited
    assert first == 2.0
    assert second <= 1.5

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future

import pytest
from django.core.cache import cache

from liuliang.analytics import remembering
from liuliang.analytics.remembering import remembered, remembered_of_records
from liuliang.kernel.readers import Mark
from liuliang.people.projections import MembershipProjection


@pytest.fixture
def lake(monkeypatch):
    cache.clear()
    state = {"fingerprint": "first", "clock": 0.0}
    monkeypatch.setattr(remembering.queries, "fingerprint", lambda: state["fingerprint"])
    monkeypatch.setattr(remembering.time, "monotonic", lambda: state["clock"])
    yield state
    cache.clear()


@pytest.fixture
def counting(lake):
    calls = []

    @remembered
    def slow(argument: int) -> int:
        calls.append(argument)
        lake["clock"] += 0.5
        return argument * 2

    return slow, calls


def test_an_unchanged_lake_is_asked_once(counting, lake):
    slow, calls = counting

    assert [slow(3), slow(3), slow(4)] == [6, 6, 8]
    lake["clock"] += 3_000
    assert slow(3) == 6
    assert calls == [3, 4]


def test_a_costly_answer_serves_twenty_times_as_long_as_it_took_and_no_longer(counting, lake):
    slow, calls = counting
    slow(3)
    lake["fingerprint"] = "second"

    lake["clock"] += 9  # the answer took half a second, so ten are allowed from its beginning
    slow(3)
    assert calls == [3]
    lake["clock"] += 1
    slow(3)
    assert calls == [3, 3]


def test_an_answer_is_made_of_nothing_older_than_itself(counting, lake):
    part, calls = counting

    @remembered
    def whole(argument: int) -> int:
        return part(3) + argument

    assert whole(1) == 7
    lake["fingerprint"] = "second"
    lake["clock"] += 1
    part(3)
    assert calls == [3], "asked by itself, it may be a little old"
    assert whole(2) == 8
    assert calls == [3, 3]
    part(3)
    assert calls == [3, 3]


def test_answers_begun_together_are_computed_beside_each_other_and_kept(lake, monkeypatch):
    monkeypatch.setattr(remembering.queries, "take_snapshot", lambda: None)
    both = threading.Barrier(2, timeout=10)
    calls = []

    @remembered
    def slow(argument: int) -> int:
        both.wait()
        calls.append(argument)
        return argument * 2

    answers = [slow.begin(1), slow.begin(2)]
    assert [answer() for answer in answers] == [2, 4]
    assert [slow.begin(1)(), slow(2)] == [2, 4], "known ones are asked of nobody"
    assert sorted(calls) == [1, 2]


def test_an_answer_that_had_to_wait_for_its_turn_is_as_old_as_the_state_it_is_of(lake, monkeypatch):
    monkeypatch.setattr(remembering.queries, "take_snapshot", lambda: None)
    waiting: list[Callable[[], object]] = []

    class Busy:
        def submit(self, work):
            coming = Future()
            waiting.append(lambda: coming.set_result(work()))
            return coming

    monkeypatch.setattr(remembering.queries, "_threads", Busy)
    calls = []

    @remembered
    def slow() -> None:
        calls.append(1)
        lake["clock"] += 2

    answer = slow.begin()
    lake["clock"] += 39
    waiting[0]()
    answer()
    lake["fingerprint"] = "second"
    slow()
    assert len(calls) == 2, "two seconds allow forty, which it has waited and been computed"


def test_an_answer_may_begin_with_others_however_many_are_asked(lake, monkeypatch):
    monkeypatch.setattr(remembering.queries, "take_snapshot", lambda: None)

    @remembered
    def part(argument: int) -> int:
        return argument

    @remembered
    def whole(argument: int) -> int:
        return part.begin(argument)() + part.begin(argument + 1)()

    numbers = range(0, 4 * remembering.queries._threads()._max_workers, 2)
    answers = [whole.begin(number) for number in numbers]
    assert [answer() for answer in answers] == [2 * number + 1 for number in numbers]


def test_what_an_answer_fails_with_comes_to_who_waits_for_it(lake, monkeypatch):
    monkeypatch.setattr(remembering.queries, "take_snapshot", lambda: None)

    @remembered
    def failing() -> None:
        raise LookupError("gone")

    answer = failing.begin()
    with pytest.raises(LookupError, match="gone"):
        answer()


def test_no_answer_outlives_a_minute_once_the_lake_has_changed(lake):
    calls = []

    @remembered
    def very_slow() -> None:
        calls.append(1)
        lake["clock"] += 100

    very_slow()
    lake["fingerprint"] = "second"
    very_slow()
    assert len(calls) == 2


def test_an_answer_about_records_is_asked_again_once_their_projection_has_followed(lake, monkeypatch):
    calls = []
    standing = {MembershipProjection.name: Mark(1, 1)}
    monkeypatch.setattr(remembering.readers, "standing", lambda: standing)

    @remembered_of_records
    def count() -> int:
        calls.append(1)
        return len(calls)

    assert [count(), count()] == [1, 1]
    lake["clock"] += 1
    lake["fingerprint"] = "second"
    assert count() == 2
    lake["clock"] += 1
    standing[MembershipProjection.name] = Mark(1, 2)
    assert [count(), count()] == [3, 3]

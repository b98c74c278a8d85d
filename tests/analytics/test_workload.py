"""What groups take, held against a plain count of the simulated world; and whether carrying too much shows."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from statistics import median_low

import pytest

from liuliang.analytics.traffic import coverage
from liuliang.analytics.workload import Asking, Side, verdicts, workload
from liuliang.kernel import clock
from liuliang.people.questions import is_question

ANN, BEN = 101, 102
DAY = 86_400


def plain_waits(messages):
    """Return when each question was asked and how long it waited (None: no answer within a day), read line by line."""
    found = []
    asked = defaultdict(list)
    for at, person, text in messages:
        for other in [other for other in asked if other != person and not is_question(text)]:
            found += _questions(asked.pop(other), at)
        if is_question(text):
            asked[person].append(at)
    for times in asked.values():
        found += _questions(times, None)
    return found


def _questions(times, answered_at):
    """Return the questions among what one person asked until an answer came: one for a day, from its first sentence on."""
    first = None
    found = []
    for at in times:
        if first is None or at - first > DAY:
            first = at
            found.append((at, None if answered_at is None or answered_at - at > DAY else answered_at - at))
    return found


@pytest.fixture
def told_work(simulated):
    known = coverage(simulated.scope)
    keys = list(simulated.communities)
    charged = {simulated.communities[key].id: ({ANN}, {ANN}, {ANN, BEN}, set())[n % 4] for n, key in enumerate(keys)}
    return simulated, charged, workload(simulated.scope, known, charged, today=known.last + timedelta(days=1))


def test_the_numbers_are_those_of_a_plain_count(told_work):
    simulated, charged, found = told_work
    zone = {each.id: each.timezone for each in simulated.communities.values()}
    said = defaultdict(list)
    for message in sorted(simulated.world.messages, key=lambda each: each.at):
        said[simulated.communities[message.community].id].append((message.at, message.person, message.text))
    by_person = defaultdict(list)
    assert len(found.period) == 28
    assert found.days == 28
    for group, messages in said.items():
        begin, end = (instant.timestamp() for instant in found.period.instants(zone[group]))
        assert found.messages.get(group, 0) == sum(begin <= at < end for at, _person, _text in messages)
        # Only what is said from the period's first day on is read: what was asked before it is no part of a question in it.
        waits = [wait for at, wait in plain_waits([each for each in messages if begin <= each[0]]) if at < end]
        _assert_like(found.by_group.get(group, Asking()), waits)
        for staff in charged[group]:
            by_person[staff] += waits
    for staff, waits in by_person.items():
        _assert_like(found.by_person[staff], waits)
    assert sum(each.questions for each in found.by_person.values()) > 50


def _assert_like(found, waits):
    answered = [wait for wait in waits if wait is not None]
    assert found.questions == len(waits)
    assert found.unanswered == len(waits) - len(answered)
    assert found.median == (pytest.approx(median_low(answered), abs=0.001) if answered else None)


def test_every_question_had_its_day(told, at, only):
    group, ann, ben = told.community(), told.member("安"), told.member("本")
    now = clock.now()
    told.says(ann, group, now - timedelta(days=40))
    told.says(ann, group, now - timedelta(days=1, hours=1), "在吗？")
    told.says(ben, group, now - timedelta(hours=1), "在")
    told.settle()

    found = workload(only(group), coverage(only(group)), {}, today=clock.local_day(now, group.timezone))

    assert found.period.last == clock.local_day(now, group.timezone) - timedelta(days=2)
    assert found.by_person == {}


def side(is_over, share, median=60.0, questions=100):
    return Side(is_over, Asking(questions, round(questions * share), median))


def test_a_clear_difference_is_told_and_its_direction():
    people = [side(True, 0.5 + n / 100, 3_600 + n) for n in range(6)] + [
        side(False, 0.1 + n / 100, 60 + n) for n in range(6)
    ]

    share, median = verdicts(people)

    assert share.is_told
    assert share.comparison.difference > 0
    assert median.is_told
    assert (median.over, median.within) == (6, 6)


def test_chance_is_not_called_a_difference():
    people = [side(True, 0.3), side(True, 0.1), side(True, 0.5), side(False, 0.2), side(False, 0.4), side(False, 0.05)]

    assert not any(each.is_told for each in verdicts(people))


@pytest.mark.parametrize("people", [[], [side(True, 0.9)], [side(True, 0.9), side(True, 0.8), side(False, 0.1)]])
def test_of_one_person_on_a_side_nothing_can_be_told(people):
    assert all(each.comparison is None for each in verdicts(people))


def test_who_was_asked_a_few_times_is_no_evidence():
    people = [side(n % 2 == 0, n / 10, questions=9) for n in range(8)]

    share, _median = verdicts(people)

    assert (share.over, share.within, share.comparison) == (0, 0, None)

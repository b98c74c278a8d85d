"""Circles: planted ones are found with their leaders, chance makes none, and weeks are counted as they were."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from liuliang.analytics.circles import FEWEST_PEOPLE, Week, circles, divide, find_circles, weeks
from liuliang.analytics.circles import _Graph as Graph
from liuliang.analytics.periods import Period
from liuliang.analytics.ties import Talk, Ties, count_ties
from liuliang.simulator import simulate

MARCH = Period(date(2026, 3, 1), date(2026, 3, 14))
MORNING = datetime(2026, 3, 3, 1, tzinfo=UTC)


def _ties(people, edges):
    columns = np.array(sorted(edges), dtype=np.int64).reshape(-1, 3).T
    nothing = np.zeros(people, dtype=np.int64)
    return Ties(np.arange(people, dtype=np.int64) + 1, nothing, nothing, *columns)


def _drawn(seed, sizes, inside, outside):
    """Draw ties between people in planted circles: likely inside, rare outside. Everybody's circle comes with them."""
    random = np.random.default_rng(seed)
    home = np.repeat(np.arange(len(sizes)), sizes)
    people = len(home)
    edges = [
        (one, other, int(random.integers(3, 20)))
        for one in range(people)
        for other in range(one + 1, people)
        if random.random() < (inside if home[one] == home[other] else outside)
    ]
    return _ties(people, edges), home


@pytest.mark.parametrize("seed", range(6))
def test_planted_circles_are_found_with_just_their_people(seed):
    ties, home = _drawn(seed, (8, 9, 10, 11, 12), 0.85, 0.02)
    found = find_circles(ties).found
    planted = {frozenset((np.flatnonzero(home == circle) + 1).tolist()) for circle in range(5)}
    assert {frozenset(each.members) for each in found} == planted
    for each in found:
        assert each.inside > each.chance
        assert each.leader == each.members[0]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("likely", [0.05, 0.1, 0.3])
def test_ties_at_random_make_no_circle(seed, likely):
    ties, _home = _drawn(seed, (50,), likely, 0)
    assert find_circles(ties).found == ()


def test_the_same_ties_make_the_same_circles():
    ties, _home = _drawn(1, (8, 9, 10), 0.7, 0.05)
    assert find_circles(ties) == find_circles(ties)


def test_a_group_with_few_who_talk_is_said_to_be_too_small_to_tell():
    ties, _home = _drawn(1, (7, 7), 1, 0)
    found = find_circles(ties)
    assert found.people == 14 < FEWEST_PEOPLE
    assert not found.is_telling
    assert found.found == ()
    assert not find_circles(_ties(3, [])).is_telling


def test_those_who_keep_to_themselves_in_the_sample_brand_are_found_and_nobody_else_is():
    world = simulate(ending=date(2026, 11, 23))
    (large, small) = world.circles
    staff = [each.key + 1 for each in world.people if each.is_staff]
    for community in world.communities:
        said = [
            each for each in world.messages
            if each.community == community.key and each.at >= world.exported_at - 90 * 86_400
        ]  # fmt: skip
        who = {each.id: each.person + 1 for each in said}
        talk = Talk(
            np.array([each.person + 1 for each in said], np.int64),
            np.array([who.get(each.reply_to, 0) for each in said], np.int64),
            np.array([each.at * 1000 for each in said], np.int64),
            np.zeros(len(said), bool),
            np.zeros((3, 0), np.int64),
        )
        found = find_circles(count_ties(talk), staff).found
        if community.key != large.community:
            assert not found, community.slug
            continue
        # The smaller one keeps to itself as well, but no more than so few may by chance.
        assert small.community == community.key
        (one,) = found
        assert set(one.members) == {person + 1 for person in large.people}
        assert one.leader == large.people[0] + 1


def test_who_talks_with_everybody_can_be_left_out():
    ties, home = _drawn(2, (8, 8, 8), 0.8, 0.01)
    host = len(home)
    edges = [*zip(ties.one.tolist(), ties.other.tolist(), ties.weight.tolist(), strict=True)]
    with_host = _ties(host + 1, [*edges, *((each, host, 40) for each in range(host))])
    found = find_circles(with_host, [host + 1])
    assert len(found.found) == 3
    assert all(host + 1 not in each.members for each in found.found)
    assert found.people == 24


def test_everybody_with_everybody_is_the_group_and_no_circle():
    ties, _home = _drawn(1, (20,), 1, 0)
    assert find_circles(ties).found == ()


def test_the_leader_is_who_most_of_the_ties_inside_go_through():
    # A star of four with a ring around it has its middle in most; three such, each with one tie to the next.
    edges = []
    for star in range(4):
        first = star * 5
        edges += [(first, first + leaf, 10) for leaf in range(1, 5)]
        edges += [(first + leaf, first + leaf + 1, 3) for leaf in range(1, 4)]
        edges += [(first + 1, first + 4, 3)]
        edges += [(first + 4, (first + 5) % 20, 1)] if star < 3 else [(0, first + 4, 1)]
    found = find_circles(_ties(20, edges)).found
    assert [each.leader for each in sorted(found, key=lambda each: each.leader)] == [1, 6, 11, 16]
    for each in found:
        assert each.led == pytest.approx(40 / 52, abs=1e-4)
        assert each.ties == 8
        assert len(each.members) == 5


def test_two_cliques_with_one_tie_between_are_two_parts():
    pairs = [(one + base, other + base) for base in (0, 4) for one in range(4) for other in range(one + 1, 4)] + [
        (3, 4)
    ]
    one, other = np.array(pairs, dtype=np.int64).T
    label = divide(Graph(8, one, other, np.full(len(pairs), 5, dtype=np.int64)))
    assert label.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    empty = np.zeros(0, dtype=np.int64)
    assert divide(Graph(3, empty, empty, empty)).tolist() == [0, 1, 2]


def test_circles_and_their_weeks_are_read_from_what_was_said(told, only):
    group = told.community()
    people = [told.member(f"人{number}") for number in range(20)]
    for circle in range(4):
        five = people[circle * 5 : circle * 5 + 5]
        for turn, one in enumerate(five):
            for step, other in enumerate(five):
                if one != other:
                    told.says(one, group, MORNING + timedelta(minutes=99 * turn + 7 * step), reply_member=other.id)
    told.says(people[0], group, MORNING + timedelta(days=8))
    told.settle()
    found = circles(only(group), MARCH)
    assert {frozenset(each.members) for each in found.found} == {
        frozenset(each.id for each in people[start : start + 5]) for start in range(0, 20, 5)
    }
    told_weeks = weeks(only(group), MARCH, tuple(each.id for each in people[:5]), people[0].id)
    assert told_weeks == (
        Week(date(2026, 3, 1), date(2026, 3, 7), speakers=5, messages=20, ties=10, leader=4),
        Week(date(2026, 3, 8), date(2026, 3, 14), speakers=1, messages=1, ties=0, leader=1),
    )

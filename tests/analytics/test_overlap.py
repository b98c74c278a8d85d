from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from liuliang.analytics import overlap as story
from liuliang.analytics.overlap import Pair, members_in, members_in_both, overlap
from liuliang.analytics.scopes import Population, Scope
from liuliang.kernel import clock
from liuliang.people.erasure import erase_member
from liuliang.people.merging import merge_members
from liuliang.people.models import Membership


def test_who_is_in_several_is_told_by_hand(told, at, only):
    tea, books, hikes = told.community("茶"), told.community("书"), told.community("山")
    robot = told.member("小助手", is_bot=True)
    both = [told.member(f"两{n}") for n in range(6)]
    gone, erased, first, second, everywhere, alone = (told.member() for _ in range(6))
    for member in (*both, gone, erased, everywhere, robot):
        told.joins(member, tea, at(2026, 1, 5, 9))
        told.joins(member, books, at(2026, 1, 6, 9))
    told.joins(everywhere, hikes, at(2026, 1, 7, 9))
    told.joins(alone, hikes, at(2026, 1, 7, 9))
    # Two records of one person.
    told.joins(first, tea, at(2026, 1, 8, 9))
    told.joins(second, books, at(2026, 1, 8, 9))
    told.leaves(gone, books, at(2026, 1, 9, 9))
    told.settle()
    merge_members(second.id, first.id, at=clock.now())
    erase_member(erased.id, at=clock.now())
    told.settle()
    scope = Scope.of([(each.id, each.timezone) for each in (tea, books, hikes)], robots=[robot.id])

    found = overlap(scope)

    # In one: gone and alone. In two: six and the merged one. In three: everywhere.
    assert found.people_in == (2, 7, 1, 0)
    assert (found.people, found.in_several, found.share) == (10, 8, 0.8)
    assert found.members == {tea.id: 9, books.id: 8, hikes.id: 2}
    assert found.pairs == (Pair(tea.id, books.id, 9, 8, 8),)
    assert found.pairs_in_all == 1
    pair = found.pairs[0]
    assert (pair.of_smaller, pair.of_one, pair.of_other, pair.jaccard) == (1.0, 8 / 9, 1.0, 8 / 9)
    assert members_in_both(scope, books.id, tea.id) == tuple(sorted(each.id for each in (*both, first, everywhere)))
    assert members_in(scope, 3) == (everywhere.id,)
    assert members_in(scope, 1) == (gone.id, alone.id)
    # Nothing is told of what is not in the scope, nor of others than those asked about.
    assert overlap(only(tea)).pairs == ()
    assert members_in_both(scope.only([tea.id]), tea.id, books.id) == ()
    assert overlap(scope.among(Population.of([alone.id]))).people_in == (1, 0, 0, 0)


def test_nothing_is_an_answer_too(told, only):
    found = overlap(only(told.community()))

    assert (found.people, found.share, found.pairs, found.pairs_in_all) == (0, None, (), 0)


def test_overlap_equals_a_plain_count_of_the_invented_brand(simulated, monkeypatch):
    monkeypatch.setattr(story, "FEWEST_SHARED", 1)
    places: dict[int, set[int]] = {}
    for community, member in Membership.objects.filter(is_present=True).values_list("community_id", "member_id"):
        places.setdefault(member, set()).add(community)
    expected = Counter(pair for each in places.values() for pair in combinations(sorted(each), 2))

    found = overlap(simulated.scope)

    counts = Counter(min(len(each), 4) for each in places.values())
    assert found.people_in == tuple(counts[n] for n in (1, 2, 3, 4))
    assert {(pair.one, pair.other): pair.both for pair in found.pairs} == expected
    assert [pair.both for pair in found.pairs] == sorted(expected.values(), reverse=True)
    for pair in found.pairs:
        assert len(members_in_both(simulated.scope, pair.one, pair.other)) == pair.both
    for number, count in enumerate(found.people_in, start=1):
        assert len(members_in(simulated.scope, number)) == count


def test_the_number_of_questions_does_not_grow_with_the_communities(simulated):
    for scope in (simulated.scope, simulated.one(next(iter(simulated.communities)))):
        with CaptureQueriesContext(
            connection,
        ) as captured:
            overlap.compute(scope)
        assert len(captured) == 3


@pytest.mark.parametrize("fewest", [1, 10_000])
def test_pairs_that_share_few_are_left_out(simulated, monkeypatch, fewest):
    monkeypatch.setattr(story, "FEWEST_SHARED", fewest)

    assert bool(overlap.compute(simulated.scope).pairs) == (fewest == 1)

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from liuliang.analytics import speakers
from liuliang.analytics.hours import hours
from liuliang.analytics.periods import Period
from liuliang.analytics.presence import presence, silence
from liuliang.analytics.scopes import Scope
from liuliang.analytics.speakers import Concentration, concentrated
from liuliang.simulator import truth


def gini_by_definition(counts: list[int]) -> float:
    """Return half the mean difference of all pairs, relative to the mean."""
    size, total = len(counts), sum(counts)
    return sum(abs(x - y) for x in counts for y in counts) / (2 * size * total)


@given(st.lists(st.integers(1, 500), min_size=1, max_size=40))
def test_concentration_is_what_its_definition_says(counts):
    found = concentrated(Counter(counts))

    tenth = max(1, len(counts) // 10)
    assert found.speakers == len(counts)
    assert found.top_people == tenth
    assert found.top_messages == sum(sorted(counts, reverse=True)[:tenth])
    assert abs(found.gini - gini_by_definition(counts)) < 1e-9


def test_equals_have_no_concentration_and_nobody_has_none():
    assert concentrated({7: 30}) == Concentration(30, 210, 3, 21, 0.0)
    assert concentrated({}) == Concentration(0, 0, 0, 0, None)
    assert concentrated({}).top_share is None


def test_the_invented_brand_s_speakers_are_those_it_has(simulated):
    world = simulated.world
    whole = Period(world.starting, world.starting + timedelta(days=world.days))
    for key in simulated.communities:
        top = speakers.top_speakers(simulated.one(key), whole, 10)
        spread = speakers.concentration(simulated.one(key), whole)

        wanted = truth.top_speakers(world, key)
        assert [(each.member, each.messages) for each in top] == [
            (simulated.members[who].id, said) for who, said in wanted
        ]
        assert spread.messages == len(truth.messages_of(world, key))
        days = truth.speakers_per_day(world, key)
        assert top[0].days == sum(wanted[0][0] in spoke for spoke in days.values())


def test_the_invented_brand_talks_when_it_talks(simulated):
    world = simulated.world
    whole = Period(world.starting, world.starting + timedelta(days=world.days - 1))
    for key in simulated.communities:
        found = hours(simulated.one(key), whole)

        assert [list(row) for row in found.messages] == truth.heat_map(world, key)
        assert sum(found.weekdays) == len(whole)


def test_the_invented_brand_s_silent_members_are_those_it_has(simulated):
    world = simulated.world
    last_day = world.starting + timedelta(days=world.days - 1)
    fortnight = Period(last_day - timedelta(days=13), last_day)
    standing = presence(simulated.scope)
    for key, community in simulated.communities.items():
        found = silence(simulated.one(key), fortnight, examples=1_000)

        # Whoever came before the file begins and never said a word is in no file.
        unseen = {join.person for join in world.joins if join.community == key and not join.is_told}
        begin = int(fortnight.instants(community.timezone)[0].timestamp())
        never = truth.never_spoke(world, key) - unseen
        quiet = truth.silent_since(world, key, begin) - (truth.never_spoke(world, key) & unseen)
        assert found.never_spoke == len(never)
        assert found.fell_silent == len(quiet - never)
        assert {each.member for each in found.examples} == {simulated.members[who].id for who in quiet}
        assert found.members == standing[community.id].members


def test_a_robot_neither_speaks_nor_lurks(told, at):
    here = told.community()
    person, robot = told.member(), told.member("小助手", is_bot=True)
    for who in (person, robot):
        told.joins(who, here, at(2026, 3, 1, 9))
    told.says(robot, here, at(2026, 3, 2, 9))
    told.settle()
    scope = Scope.of([(here.id, here.timezone)], robots=[robot.id])
    week = Period(date(2026, 3, 2), date(2026, 3, 8))

    found = silence(scope, week)

    assert (found.spoke, found.fell_silent, found.never_spoke) == (0, 0, 1)
    assert speakers.top_speakers(scope, week) == ()
    assert hours(scope, week).busiest is None

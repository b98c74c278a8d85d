from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuliang.analytics.attention import attention, binomial_tail, messages_by_day, silence_of
from liuliang.analytics.base import Asked, metrics
from liuliang.analytics.comparing import compared
from liuliang.analytics.overview import CommunityFigures, levels, overview
from liuliang.analytics.periods import Period
from liuliang.analytics.traffic import Coverage, Flow, Flows, Talk, coverage
from liuliang.simulator import truth

WEEK = Period(date(2026, 3, 2), date(2026, 3, 8))


@given(st.lists(st.integers(-20, 20), min_size=1, max_size=50))
def test_levels_lead_to_the_last_one_by_their_flows(net):
    last = 1_000 + sum(net)

    found = levels(last, net)

    assert found[-1] == last
    assert [after - before for before, after in zip((1_000, *found), found, strict=False)] == net


def test_the_totals_are_the_sums_of_the_communities(simulated):
    world = simulated.world
    scope, known = simulated.scope, coverage(simulated.scope)
    today = world.starting + timedelta(days=world.days)
    period = Period(today - timedelta(days=30), today - timedelta(days=1))

    found = overview(scope, period, today=today, known=known)

    totals = found.totals
    assert totals.members == sum(each.members for each in found.communities)
    assert totals.joined == sum(each.flows.now.joined for each in found.communities)
    assert totals.messages == sum(each.talk.messages for each in found.communities)
    assert totals.members_by_day[-1] == totals.members
    assert set(totals.changes) == {"members", "joined", "left", "kept", "speakers", "rate", "messages"}
    for each in found.communities:
        key = next(key for key, community in simulated.communities.items() if community.id == each.community)
        # Whoever came before the file begins and never said a word is in no file.
        untold = {join.person for join in world.joins if join.community == key and not join.is_told}
        silent = truth.never_spoke(world, key) & untold
        assert each.members == len(truth.members_on(world, key, period.last) - silent)
        assert 0 <= each.rate <= 1


def test_a_figure_changes_by_as_much_on_the_overview_as_in_a_review(simulated):
    scope, today = simulated.scope, simulated.world.starting + timedelta(days=simulated.world.days)
    for days in (7, 30):
        period = Period(today - timedelta(days=days), today - timedelta(days=1))
        board = overview(scope, period, today=today, known=coverage(scope)).totals.changes
        asked = Asked(scope, period, datetime.fromtimestamp(simulated.world.exported_at, UTC), "Asia/Shanghai")

        for key in ("members", "joined", "left", "speakers", "rate", "messages"):
            told = compared(metrics()[key], asked).comparison
            for one in ("now", "before", "low", "high", "surprise", "usual"):
                assert getattr(told, one) == pytest.approx(getattr(board[key], one)), (key, one)


def test_a_period_in_the_past_has_the_members_of_its_end(told, at, only):
    here = told.community()
    early, late, gone = told.member(), told.member(), told.member()
    told.joins(early, here, at(2026, 2, 1, 9))
    told.joins(gone, here, at(2026, 2, 1, 9))
    told.leaves(gone, here, at(2026, 3, 12, 9))
    told.joins(late, here, at(2026, 3, 12, 9))
    told.settle()

    found = overview(only(here), WEEK, today=date(2026, 3, 20), known=None)

    assert found.totals.members == 2
    # Nothing is known of how far the log reaches back, so nothing is called a change.
    assert found.totals.changes == {}


def test_whoever_came_twice_in_a_period_is_compared_as_the_one_who_is_shown(told, at, only):
    here = told.community()
    first, other = told.member(), told.member()
    told.says(told.member(), here, at(2026, 1, 1, 9))
    for day in (23, 25):
        told.joins(first, here, at(2026, 2, day, 9))
        told.leaves(first, here, at(2026, 2, day, 18))
    told.joins(other, here, at(2026, 3, 3, 9))
    told.settle()

    known = Coverage(date(2026, 1, 1), date(2026, 3, 8))
    found = overview(only(here), WEEK, today=date(2026, 3, 9), known=known).totals

    assert (found.changes["joined"].before, found.changes["joined"].now) == (1, 1)
    assert (found.changes["left"].before, found.changes["left"].now) == (1, 0)


def test_a_scope_of_nothing_is_all_zero(told):
    from liuliang.analytics.scopes import Scope

    found = overview(
        Scope(()),
        WEEK,
        today=date(2026, 3, 20),
        known=Coverage(date(2026, 1, 1), WEEK.last),
    )

    assert (found.communities, found.totals.members, found.totals.rate) == ((), 0, None)


def figures(community: int, *, members: int = 50, left: int = 0, left_before: int = 0) -> CommunityFigures:
    flows = Flows(now=Flow(left=left), before=Flow(left=left_before))
    return CommunityFigures(community, members, members, Talk(), flows, None)


def test_only_a_silence_unlike_the_community_is_shown():
    lively = [9, 8, 7, 9, 8, 0, 9, 8, 7, 8, 9]
    assert silence_of(1, [*lively, 0, 0, 0]).days == 3
    assert silence_of(1, [*lively, 0, 0]) is None
    # A community with a message a week is used to three days of silence.
    assert silence_of(1, [1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]) is None
    assert silence_of(1, [0, 0, 0, 0]) is None


def test_what_needs_a_person_is_found_and_the_rest_left_alone():
    steady = tuple([20, 22, 19, 21, 20, 18, 20] * 4)
    by_day = {
        1: steady,
        2: (*steady[:14], *[3, 2, 4, 3, 2, 3, 4] * 2),
        3: (*steady[:24], 0, 0, 0, 0),
        4: (*steady[:14], *[60, 66, 58, 61, 59, 63, 60] * 2),
    }
    period = Period(date(2026, 3, 2), date(2026, 3, 15))
    people = [figures(1, left=3, left_before=2), figures(2), figures(3), figures(4, left=40, left_before=9), figures(5)]

    found = attention(by_day, people, period, is_comparable=True)
    unknown = attention(by_day, people, period, is_comparable=False)

    assert [each.community for each in found.fallen] == [2]
    assert [each.community for each in found.risen] == [4]
    assert [(each.community, each.days) for each in found.quiet] == [(3, 4)]
    assert [(each.community, each.left, each.left_before) for each in found.leaving] == [(4, 40, 9)]
    assert found.dormant == (5,)
    assert (unknown.fallen, unknown.risen, unknown.leaving, unknown.dormant) == ((), (), (), ())
    assert [each.community for each in unknown.quiet] == [3]


@given(st.integers(1, 700).flatmap(lambda trials: st.tuples(st.just(trials), st.integers(0, trials))))
def test_the_tail_of_a_fair_coin_is_exact(throws):
    trials, heads = throws

    ways = sum(math.comb(trials, count) for count in range(heads, trials + 1))
    assert binomial_tail(heads, trials) == pytest.approx(ways / 2**trials, rel=1e-9)


def test_messages_by_day_are_those_of_the_log(simulated):
    world = simulated.world
    period = Period(world.starting, world.starting + timedelta(days=40))

    found = messages_by_day(simulated.scope, period)

    for key, community in simulated.communities.items():
        days = truth.messages_per_day(world, key)
        assert found[community.id] == tuple(days[day] for day in period.days)

"""Health against a plain computation over the invented brand, by hand, and its rules over everything hypothesis invents."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuliang.accounts.models import AuditEntry
from liuliang.analytics.base import Asked
from liuliang.analytics.checkups import Looked, checkups, trend
from liuliang.analytics.health import HEALTHY, PARTS, READY_WEIGHTS, compare, health, lifts
from liuliang.analytics.health_people import names_people, people_behind
from liuliang.analytics.levels import levels
from liuliang.analytics.lifecycle import STAGES, propose
from liuliang.analytics.models import HealthWeights, StageChoice
from liuliang.analytics.periods import Period
from liuliang.analytics.services import set_stage, set_weights, take_back_stage
from liuliang.analytics.signals import WINDOW, Signals, ends, signals
from liuliang.console.health.words import lift_words
from liuliang.kernel.errors import Refused
from liuliang.simulator import truth
from telling import ENDING

LAST = date(2026, 3, 29)
DAY = timedelta(days=1)

counts = st.integers(0, 400)


@st.composite
def heard(draw) -> Signals:
    """Return signals that could be: parts are never more than their whole."""
    spoke, before = draw(counts), draw(counts)
    days, ties = draw(st.integers(0, 28)) if spoke else 0, draw(counts)
    active = spoke + draw(st.integers(0, 20))
    return Signals(
        LAST,
        spoke=spoke,
        spoke_before=before,
        stayed=draw(st.integers(0, min(spoke, before))),
        steady=draw(st.integers(0, spoke)),
        days=days,
        days_before=draw(st.integers(0, 28)) if before else 0,
        lively=draw(st.integers(0, days)),
        joined=draw(counts),
        left=draw(counts),
        active=active,
        buyers=draw(st.integers(0, active)),
        last_spoke=LAST - draw(st.integers(0, 27)) * DAY if spoke else (LAST - 40 * DAY if before else None),
        ties=ties,
        mutual=draw(st.integers(0, ties)),
    )


@given(heard(), st.integers(0, 1000), st.fixed_dictionaries({key: st.integers(0, 100) for key in PARTS}))
def test_a_score_is_the_weighted_mean_of_what_is_known_and_lies_within_its_interval(seen, members, weights):
    found = health(seen, members, weights)

    known = [(weights[each.part.key], each.points) for each in found.parts if each.points is not None]
    whole = sum(weight for weight, _points in known)
    if found.score is None:
        assert not whole or not (seen.spoke or seen.spoke_before or seen.last_spoke)
        return
    assert found.score == pytest.approx(sum(weight * points for weight, points in known) / whole)
    assert 0 <= found.low <= found.score + 1e-9 <= found.high + 2e-9 <= 100 + 3e-9
    assert found.grade != "good" or found.low >= HEALTHY


@given(heard(), st.integers(1, 400))
def test_reaching_what_would_raise_a_group_raises_it_by_about_what_was_said(seen, members):
    found = health(seen, members, READY_WEIGHTS)

    told = lifts(found, [])

    ranks = [(one.graded.of < 10, -one.gain) for one in told]
    assert ranks == sorted(ranks)
    for one in told:
        assert not one.is_of_peers
        assert (one.graded.count + one.missing) / one.graded.of >= one.goal - 1e-9
        assert (one.graded.count + one.missing - 1) / one.graded.of < one.goal
        assert 0 < one.gain <= 100 - found.score + 1e-6


def test_nothing_is_said_of_a_group_in_which_nobody_was_ever_heard():
    found = health(Signals(LAST, joined=40), 40, READY_WEIGHTS)

    assert found.score is None
    assert found.grade == "unsure"
    assert lifts(found, []) == ()


def test_a_handful_of_people_is_neither_green_nor_red():
    splendid = Signals(LAST, spoke=3, spoke_before=3, stayed=3, steady=3, days=4, lively=4, last_spoke=LAST)
    wretched = Signals(LAST, spoke=1, spoke_before=3, stayed=0, steady=0, days=1, lively=0, last_spoke=LAST)

    assert health(splendid, 3, READY_WEIGHTS).score > HEALTHY
    assert health(splendid, 3, READY_WEIGHTS).grade != "good"
    assert health(wretched, 6, READY_WEIGHTS).grade != "poor"
    difference = compare(health(wretched, 6, READY_WEIGHTS), health(splendid, 3, READY_WEIGHTS))
    assert difference.difference < 0


def test_many_people_who_do_well_are_green_and_a_fall_of_theirs_is_no_noise():
    well = Signals(
        LAST,
        spoke=300,
        spoke_before=300,
        stayed=270,
        steady=250,
        days=28,
        lively=28,
        joined=60,
        left=10,
        last_spoke=LAST,
    )
    badly = replace(well, spoke=60, stayed=50, steady=10, lively=9, joined=5, left=80)

    assert health(well, 600, READY_WEIGHTS).grade == "good"
    assert health(badly, 520, READY_WEIGHTS).grade == "poor"
    assert not compare(health(badly, 520, READY_WEIGHTS), health(well, 600, READY_WEIGHTS)).is_noise


def test_with_enough_peers_the_goal_is_their_best_quarter():
    groups = [
        health(Signals(LAST, spoke=spoke, days=10, lively=10, last_spoke=LAST), 100, {"participation": 1})
        for spoke in (4, 8, 12, 16, 36)
    ]

    (lift,) = lifts(groups[0], groups)

    assert lift.is_of_peers
    assert lift.goal == pytest.approx(0.16)
    assert lift.missing == 12
    assert lift.gain == pytest.approx((16 - 4) / 60 * 100)


def plain(simulated, key: int, last: date) -> dict[str, object]:
    """Return the signals of one community by going through everything that happened, one by one."""
    world = simulated.world
    local = {}

    def age(at: int) -> int:
        day = local.setdefault((key, at), truth.local_day(world, key, at))
        return (last - day).days

    said = [(age(each.at), each.person) for each in world.messages if each.community == key]
    now, before = {p for a, p in said if 0 <= a < 28}, {p for a, p in said if 28 <= a < 56}
    weeks, days = defaultdict(set), defaultdict(set)
    for a, person in said:
        if 0 <= a < 28:
            weeks[person].add(a // 7)
            days[a].add(person)
    paid: dict[bool, set[int]] = {True: set(), False: set()}
    for order in world.orders:
        if order.person is None or order.status == "已取消":
            continue
        # Orders of the world belong to no community; their days are those of the installation.
        a = (last - truth.local_day(world, min(simulated.communities), order.at)).days
        if 0 <= a < 56:
            paid[a < 28].add(order.person)
    buyers = now & paid[True]
    return {
        "messages": sum(0 <= a < 28 for a, _p in said),
        "spoke": len(now),
        "spoke_before": len(before),
        "stayed": len(now & before),
        "steady": sum(len(each) >= 2 for each in weeks.values()),
        "days": len(days),
        "lively": sum(len(each) >= 2 for each in days.values()),
        "joined": len({e.person for e in world.joins if e.community == key and e.is_told and 0 <= age(e.at) < 28}),
        "left": len({e.person for e in world.leaves if e.community == key and 0 <= age(e.at) < 28}),
        "buyers": len(buyers),
        "again": len(buyers & paid[False]),
    }


def test_signals_are_what_going_through_the_world_one_by_one_gives(simulated):
    last = ENDING - DAY
    found = signals(simulated.scope, last, 3)

    for end in ends(last, 3):
        for key, community in simulated.communities.items():
            seen = found[community.id, end]
            expected = plain(simulated, key, end)
            assert {name: getattr(seen, name) for name in expected} == expected, (key, end)


def test_replies_tie_people_and_both_ways_are_mutual(told, at, only):
    here = told.community()
    ming, hong, li = (told.member(name) for name in ("小明", "小红", "小李"))
    told.says(ming, here, at(2026, 3, 3, 9), "谁去？")
    told.says(hong, here, at(2026, 3, 3, 10), "我", reply_member=ming.id)
    told.says(ming, here, at(2026, 3, 4, 9), "好", reply_member=hong.id)
    told.says(li, here, at(2026, 3, 5, 9), "也带我", reply_member=ming.id)
    told.says(li, here, at(2026, 3, 5, 9, 5), "自言自语", reply_member=li.id)
    told.says(hong, here, at(2026, 1, 5, 9), "很久以前", reply_member=li.id)
    told.settle()

    seen = signals(only(here), date(2026, 3, 10))[here.id, date(2026, 3, 10)]

    assert (seen.ties, seen.mutual) == (2, 1)
    assert seen.last_spoke == date(2026, 3, 5)
    assert (seen.days, seen.lively) == (3, 1)


def test_the_trend_ends_with_the_checkup_and_its_people_are_those_counted(simulated):
    looked = Looked(simulated.scope, ENDING - DAY, ENDING, frozenset(simulated.scope.communities))
    found = checkups(looked)

    weeks = trend(looked, simulated.scope.communities, 5)

    for key, community in simulated.communities.items():
        assert weeks[community.id][-1] == found[community.id].health
        assert len(weeks[community.id]) == 5
        for graded in found[community.id].health.parts:
            if graded.points is None:
                continue
            expected = {"in": graded.count, "out": graded.of - graded.count}
            for side, count in expected.items():
                # Who left may still come back: who came and went in one window is on both sides of growth.
                if names_people(graded.part.key, side) and graded.part.key != "participation":
                    behind = people_behind(simulated.one(key), looked.last, graded.part.key, side)
                    assert len(behind) == count, (key, graded.part.key, side)


def test_members_are_those_of_the_metric_whoever_came_and_went_since(told, at, only):
    group = told.community()
    back, gone, again = (told.member() for _ in range(3))
    told.joins(back, group, at(2026, 3, 1, 9))
    told.says(back, group, at(2026, 3, 1, 9))
    # One leaves and is seen speaking afterwards, one comes and goes, one comes, goes and comes again.
    told.leaves(back, group, at(2026, 3, 10, 9))
    told.says(back, group, at(2026, 3, 10, 10))
    told.joins(gone, group, at(2026, 3, 10, 9))
    told.leaves(gone, group, at(2026, 3, 10, 10))
    for hour in (9, 11):
        told.joins(again, group, at(2026, 3, 10, hour))
    told.leaves(again, group, at(2026, 3, 10, 10))
    told.settle()
    scope, last, today = only(group), date(2026, 3, 9), date(2026, 3, 10)

    found = checkups(Looked(scope, last, today, frozenset()))[group.id].health

    asked = Asked(scope, Period(last, last), at(2026, 3, 10, 12), group.timezone)
    assert found.members == 1 == levels(asked)[0].members


def test_orders_that_may_not_be_seen_are_in_no_score(simulated):
    everything = frozenset(simulated.scope.communities)
    seen = checkups(Looked(simulated.scope, ENDING - DAY, ENDING, everything))
    hidden = checkups(Looked(simulated.scope, ENDING - DAY, ENDING, frozenset()))

    assert any(each.health.parts[-1].points is not None for each in seen.values())
    assert all(each.health.parts[-1].points is None for each in hidden.values())


def staged(**seen: object) -> str:
    members = seen.pop("members", 100)
    began = seen.pop("began", LAST - 200 * DAY)
    told = Signals(LAST, **{"last_spoke": LAST, "days": 28, "days_before": 28, **seen})
    return propose(told, members, began=began, has_spoken=seen.pop("has_spoken", True)).code


def test_stages_follow_what_happened():
    assert staged(spoke=9, began=LAST - 10 * DAY) == "young"
    assert staged(spoke=4, spoke_before=5) == "few"
    assert staged(spoke=0, spoke_before=0, last_spoke=None) == "dead"
    assert staged(spoke=20, spoke_before=30, stayed=15, last_spoke=LAST - 9 * DAY, days=19) == "silent"
    assert staged(spoke=4, spoke_before=40, stayed=3) == "fading"
    assert staged(spoke=50, spoke_before=50, stayed=30, active=50, buyers=8) == "buying"
    assert staged(spoke=50, spoke_before=50, stayed=30, active=50, joined=30, left=2) == "growing"
    assert staged(spoke=50, spoke_before=50, stayed=30, active=50, joined=3, left=2) == "talking"
    assert propose(Signals(LAST), 0, began=None, has_spoken=False).code == "nothing"


def test_a_small_group_that_talks_now_and_then_is_not_called_dying():
    quiet = {"days": 3, "days_before": 3, "last_spoke": LAST - 8 * DAY}

    assert staged(spoke=6, spoke_before=7, stayed=5, members=20, **quiet) == "talking"
    assert staged(spoke=5, spoke_before=10, stayed=5, members=20) == "talking"


def test_a_group_that_was_last_heard_before_it_began_here_has_a_stage():
    seen = Signals(LAST, spoke=1, spoke_before=1, last_spoke=LAST - 9 * DAY)
    assert propose(seen, 0, began=LAST - 7 * DAY, has_spoken=True).stage in STAGES


@given(heard(), st.integers(0, 500), st.integers(0, 400), st.booleans())
def test_every_group_has_a_stage(seen, members, age, has_spoken):
    found = propose(seen, members, began=LAST - age * DAY, has_spoken=has_spoken)

    assert found.stage in STAGES


def test_what_rests_on_two_people_is_not_the_first_thing_to_do():
    """Growth is 0 of 2, which would raise the score most of all if it were more."""
    seen = Signals(LAST, spoke=40, spoke_before=40, stayed=34, steady=30, days=28, lively=26, left=2, last_spoke=LAST)
    found = health(seen, 80, {**READY_WEIGHTS, "growth": 40})

    told = lifts(found, [])

    assert max(told, key=lambda one: one.gain).graded.part.key == "growth"
    assert [one.graded.part.key for one in told if one.is_small] == ["growth"]
    assert told[-1].graded.part.key == "growth"
    assert "小样本" in lift_words(told[-1])
    assert "小样本" not in lift_words(told[0])


def test_a_past_day_is_looked_at_as_it_was_then(told, at, only):
    lively, mute = told.community("热闹群"), told.community("还没开口的群")
    people = [told.member() for _ in range(12)]
    for each in people:
        told.joins(each, lively, at(2026, 1, 5, 9))
        told.joins(each, mute, at(2026, 2, 20, 9))
        for back in range(40):
            told.says(each, lively, at(2026, 3, 1, 9) - back * DAY)
    told.settle()
    scope = only(lively, mute)
    then = checkups(Looked(scope, date(2026, 3, 1), date(2026, 3, 2), frozenset()))

    told.says(people[0], mute, at(2026, 4, 20, 9))
    told.leaves(people[1], lively, at(2026, 4, 20, 9))
    told.settle()
    now = checkups(Looked(scope, date(2026, 3, 1), date(2026, 4, 21), frozenset()))

    for community in (lively, mute):
        assert now[community.id].proposal == then[community.id].proposal
        assert now[community.id].health.parts == then[community.id].health.parts
        assert now[community.id].health.members == 12
    assert then[mute.id].stage == "cold"
    assert checkups(Looked(scope, date(2026, 4, 20), date(2026, 4, 21), frozenset()))[lively.id].stage == "dying"


def test_weights_are_changed_for_everybody_and_the_log_says_so(db, at):
    set_weights({**READY_WEIGHTS, "conversion": 0}, at=at(2026, 3, 1))

    assert HealthWeights.objects.get().weights["conversion"] == 0
    assert AuditEntry.objects.get().changes == {"转化": [10, 0]}
    for wrong in ({}, {"growth": 101}, {"growth": -1}):
        with pytest.raises(Refused):
            set_weights(wrong, at=at(2026, 3, 2))
    assert AuditEntry.objects.count() == 1


def test_a_stage_by_hand_holds_until_it_is_taken_back(told, at, only):
    here, speaker = told.community(), told.member()
    told.says(speaker, here, at(2026, 3, 8, 9))
    told.settle()
    looked = Looked(only(here), date(2026, 3, 9), date(2026, 3, 10), frozenset())
    assert checkups(looked)[here.id].stage == "cold"

    set_stage(here, "conversion", reason="卖得很好", at=at(2026, 3, 10))

    assert checkups(looked)[here.id].stage == "conversion"
    assert checkups(looked)[here.id].proposal.stage == "cold"
    take_back_stage(here)
    assert not StageChoice.objects.exists()
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "community.staged",
        "community.unstaged",
    ]
    with pytest.raises(Refused):
        set_stage(here, "heaven", at=at(2026, 3, 10))


def test_a_window_is_whole_weeks():
    assert WINDOW % 7 == 0
    assert sum(READY_WEIGHTS.values()) == 100


def test_who_came_where_it_is_tomorrow_already_was_no_member_before(told, at, only):
    here, ahead = told.community(), told.community("奥克兰", "Pacific/Auckland")
    early, late = told.member(), told.member()
    told.joins(early, ahead, at(2026, 3, 3))
    # It is the twentieth in Shanghai, and the twenty-first in Auckland.
    told.joins(late, ahead, at(2026, 3, 20, 21))
    told.settle()

    seen = checkups(Looked(only(here, ahead), date(2026, 3, 19), date(2026, 3, 20), frozenset()))

    assert seen[ahead.id].health.members == 1

"""The social graph: ties as a plain loop counts them, roles by hand, and what would go with one person."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liuliang.analytics.conversation import ANSWER_WITHIN
from liuliang.analytics.network import network
from liuliang.analytics.periods import Period
from liuliang.analytics.ties import FOLLOW, REPLY, SOON, TIED, Talk, count_ties, first_answerers, read_talk
from liuliang.people.merging import merge_members

MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))
MORNING = datetime(2026, 3, 3, 1, tzinfo=UTC)


def _talk(rows):
    """Rows are (member, answers, minute, asks)."""
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    return Talk(columns[0], columns[1], columns[2] * 60_000, columns[3] > 0, np.zeros((3, 0), dtype=np.int64))


def _plain_ties(rows):
    """The same by a plain loop."""
    found = Counter()
    for place, (member, answers, minute, _asks) in enumerate(rows):
        if answers:
            if answers != member and answers in {row[0] for row in rows}:
                found[frozenset((member, answers))] += REPLY
        elif place and rows[place - 1][0] != member and minute - rows[place - 1][2] <= SOON.total_seconds() / 60:
            found[frozenset((member, rows[place - 1][0]))] += FOLLOW
    return {tuple(sorted(pair)): weight for pair, weight in found.items() if weight >= TIED}


def _plain_answerers(rows):
    found = set()
    for place, (asker, _answers, minute, asks) in enumerate(rows):
        if not asks:
            continue
        for later, (member, answers, then, also_asks) in enumerate(rows[place + 1 :], start=place + 1):
            if then - minute > ANSWER_WITHIN.total_seconds() / 60:
                break
            if member != asker and (answers == asker or not also_asks):
                found.add((asker, later))
                break
    return sorted(rows[later][0] for _asker, later in found)


talks = st.lists(
    st.tuples(
        st.integers(1, 5), st.integers(0, 5), st.one_of(st.integers(0, 30), st.integers(0, 4_000)), st.booleans()
    ),
    max_size=40,
).map(lambda rows: sorted(((who, whom, minute, int(asks)) for who, whom, minute, asks in rows), key=lambda row: row[2]))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(talks)
def test_ties_and_answers_are_those_of_a_plain_loop(rows):
    talk = _talk(rows)
    ties = count_ties(talk)
    ids = ties.member.tolist()
    found = {
        (ids[one], ids[other]): weight
        for one, other, weight in zip(ties.one.tolist(), ties.other.tolist(), ties.weight.tolist(), strict=True)
    }
    assert found == _plain_ties(rows)
    assert sorted(first_answerers(talk).tolist()) == _plain_answerers(rows)
    assert ties.answered.sum() == len(_plain_answerers(rows))
    assert ties.said.sum() == len(rows)


def test_replies_mentions_and_following_make_a_tie_as_people_are_now(told, at, only):
    group = told.community()
    ann, bob, cat, dan, bot = (told.member(name) for name in ("安", "波", "猫", "丹", "机"))
    told.says(ann, group, at(2026, 3, 5, 9, 0), "早")
    told.says(bob, group, at(2026, 3, 5, 9, 30), "早啊", reply_member=ann.id, reply_to="1")
    told.says(cat, group, at(2026, 3, 5, 12, 0), "@丹 在吗", mentions=(dan.id,))
    told.says(dan, group, at(2026, 3, 5, 12, 1), "在")
    told.says(ann, group, at(2026, 3, 5, 18, 0), "晚上好")
    told.says(ann, group, at(2026, 3, 6, 9, 0), "收回的", reply_member=cat.id, is_recalled=True)
    told.says(bot, group, at(2026, 3, 6, 9, 1), "播报", reply_member=ann.id)
    told.settle()
    ties = count_ties(read_talk(only(group), MARCH))
    pairs = {
        (int(ties.member[one]), int(ties.member[other])): int(weight)
        for one, other, weight in zip(ties.one, ties.other, ties.weight, strict=True)
    }
    # A mention counts two and following within minutes one: together a tie.
    assert pairs == {(ann.id, bob.id): 3, (cat.id, dan.id): 3, (ann.id, bot.id): 3}
    merge_members(dan.id, ann.id, at=at(2026, 3, 7, 9))
    told.settle()
    merged = count_ties(read_talk(only(group), MARCH))
    assert dan.id not in merged.member.tolist()
    assert {int(merged.member[place]) for place in (*merged.one, *merged.other)} == {ann.id, bob.id, cat.id, bot.id}


def _replies(told, group, who, whom, *, times=1):
    for turn in range(times):
        told.says(who, group, MORNING + timedelta(minutes=11 * turn), reply_member=whom.id)


def test_roles_are_found_by_hand_in_two_circles_held_together_by_one(told, at, only):
    group = told.community()
    left = [told.member(f"左{number}") for number in range(4)]
    right = [told.member(f"右{number}") for number in range(4)]
    host, lonely, silent, gone = (told.member(name) for name in ("主", "独", "静", "走"))
    for each in (*left, *right, host, lonely, silent, gone):
        told.joins(each, group, at(2026, 2, 1, 9))
    told.leaves(gone, group, at(2026, 2, 5, 9))
    for circle in (left, right):
        for one in circle:
            for other in circle:
                if one is not other:
                    _replies(told, group, one, other)
    _replies(told, group, host, left[0], times=3)
    _replies(told, group, host, right[0], times=3)
    told.says(lonely, group, at(2026, 3, 20, 4), "有人吗")
    told.settle()
    found = network(only(group), MARCH)
    assert found.people == 9
    assert host.id in found.roles["bridge"]
    assert set(found.roles["unheard"]) == {lonely.id}
    assert set(found.roles["silent"]) == {silent.id}
    worst = {each.member: each for each in found.without}
    assert worst[host.id].cut_off == 4
    assert worst[host.id].is_fragile
    assert worst[left[1].id].cut_off == 0
    assert worst[host.id].ties == pytest.approx(18 / found.weight)
    assert found.weakest is not None
    assert found.weakest.member == host.id
    linked = set(found.roles["core"]) | set(found.roles["bridge"]) | set(found.roles["linked"])
    assert len(linked) == found.people
    assert {node.member for node in found.nodes} == linked


def test_a_group_without_talk_has_no_graph_and_breaks_nothing(told, only):
    group = told.community()
    told.settle()
    found = network(only(group), MARCH)
    assert (found.people, found.ties, found.nodes, found.weakest) == (0, 0, (), None)
    assert all(not members for members in found.roles.values())


def test_of_very_many_people_the_strongest_part_is_drawn_and_the_rest_counted(told, at, only):
    group = told.community()
    people = [told.member(f"{number}") for number in range(300)]
    dice = random.Random(5)
    for _turn in range(1_500):
        one, other = dice.sample(people, 2)
        when = at(2026, 3, 1, 0) + timedelta(minutes=dice.randrange(40_000))
        told.says(one, group, when, reply_member=other.id)
    told.settle()
    found = network(only(group), MARCH)
    assert found.people > 200
    assert len(found.nodes) == 120
    assert len(found.links) <= 360
    assert {place for link in found.links for place in link[:2]} <= set(range(120))
    assert all(-2 <= node.x <= 2 and -2 <= node.y <= 2 for node in found.nodes)

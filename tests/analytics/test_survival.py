"""How long people stay, against plain counting and a published example."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from liuliang.analytics.noise import wilson
from liuliang.analytics.periods import Period
from liuliang.analytics.scopes import Population
from liuliang.analytics.survival import FEWEST_AT_RISK, Question, _curve, _Sample, members_behind, survival
from liuliang.people.communities import archive_community
from telling import local, scope_of

NOW = local(2026, 3, 10, 12)


def _question(*groups, **more) -> Question:
    period = Period(date(2026, 1, 1), date(2026, 3, 9))
    return Question(scope_of(*groups), period, NOW, **more)


def _plainly(stays: list[tuple[int, bool]], after: int) -> float:
    """Return the share still there after so many days, by the definition: day by day, of those who were followed."""
    share = 1.0
    for day in range(after):
        followed = [one for one in stays if one[0] >= day]
        went = [one for one in followed if one == (day, True)]
        share *= 1 - len(went) / len(followed) if followed else 1
    return share


def test_the_published_remission_times_give_the_published_curve():
    """Freireich et al. 1963, Blood 21:699, the 21 patients on 6-MP; weeks, as in Lawless 2003, table 1.2 and example 3.2.1."""
    weeks = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    went = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    curve = _curve("", _Sample(np.array(weeks), np.array(went, bool)), 0)
    known = {7: 0.857, 8: 0.807, 11: 0.753}
    assert {weeks: round(curve.points[weeks].share, 3) for weeks in known} == known
    assert (curve.people, curve.gone, curve.points[11].at_risk) == (21, 9, 14)
    assert curve.points[-1].at_risk >= FEWEST_AT_RISK
    assert curve.median is None


def test_who_left_who_came_back_and_who_is_still_there_are_told_apart(told):
    group, other = told.community("一群"), told.community("二群")
    days = {"走了": 5, "也走了": 5, "早走": 0, "回来了": None, "还在": None, "换了群": None}
    people = {name: told.member(name) for name in [*days, "早就在", "从前来的", "机器人"]}
    began = NOW - timedelta(days=20)
    for name, stayed in days.items():
        told.joins(people[name], group, began)
        if stayed is not None:
            told.leaves(people[name], group, began + timedelta(days=stayed, hours=3))
    told.leaves(people["回来了"], group, began + timedelta(days=2))
    told.joins(people["回来了"], group, began + timedelta(days=9))
    told.joins(people["换了群"], other, began + timedelta(days=1))
    told.leaves(people["换了群"], group, began + timedelta(days=3))
    told.says(people["早就在"], group, began - timedelta(days=30))
    told.joins(people["早就在"], group, began)
    told.joins(people["从前来的"], group, local(2025, 12, 31, 12))
    told.settle()
    (curve,) = survival(_question(group, other))
    assert (curve.people, curve.gone) == (6, 3)
    gone = members_behind(_question(group, other), "", is_gone=True)
    assert set(gone) == {people[name].id for name in ("走了", "也走了", "早走")}
    assert members_behind(_question(group, other), "", is_gone=True, within=5) == (people["早走"].id,)
    here = members_behind(_question(group, other), "", is_gone=False)
    assert set(here) == {people[name].id for name in ("回来了", "还在", "换了群")}
    # Of the first group alone, whoever went over to the second is gone; and each group is a part of its own.
    assert people["换了群"].id in members_behind(_question(group), "", is_gone=True)
    parts = {each.part: (each.people, each.gone) for each in survival(_question(group, other, split="community"))}
    assert parts == {str(group.id): (6, 4), str(other.id): (1, 0)}
    only = Population.of([people["走了"].id])
    (narrowed,) = survival(replace(_question(group), scope=scope_of(group).among(only)))
    assert (narrowed.people, narrowed.gone) == (1, 1)


def test_the_curve_is_what_counting_day_by_day_gives(told):
    group = told.community()
    rng, stays = np.random.default_rng(7), []
    for number in range(80):
        one, came = told.member(f"人{number}"), int(rng.integers(1, 60))
        told.joins(one, group, NOW - timedelta(days=came, hours=1))
        stayed = int(rng.exponential(20))
        if stayed < came:
            told.leaves(one, group, NOW - timedelta(days=came - stayed))
        stays.append((min(stayed, came), stayed < came))
    told.settle()
    (curve,) = survival(_question(group))
    assert len(curve.points) > 20
    for point in curve.points:
        assert point.share == pytest.approx(_plainly(stays, point.days))
        known = [(days, gone) for days, gone in stays if days >= point.days or (days, gone) == (point.days - 1, True)]
        assert point.at_risk == len(known)
        assert point.low <= point.share <= point.high
    assert curve.median == next(point.days for point in curve.points if _plainly(stays, point.days) <= 0.5)


def test_where_nobody_leaves_the_interval_still_says_how_many_were_seen(told):
    group = told.community()
    for number in range(12):
        told.joins(told.member(f"人{number}"), group, NOW - timedelta(days=9, hours=1))
    told.settle()
    (curve,) = survival(_question(group))
    last = curve.after(9)
    assert last is not None
    assert (last.share, last.at_risk, last.low) == (1.0, 12, wilson(12, 12)[0])
    assert curve.after(10) is None


def test_silence_ends_a_stay_with_the_last_words_after_thirty_days_of_it(told):
    group = told.community()
    lively, quiet, mute, fresh = (told.member(name) for name in ("爱说", "不说了", "没说过", "刚来"))
    began = NOW - timedelta(days=60)
    for each in (lively, quiet, mute):
        told.joins(each, group, began)
    told.joins(fresh, group, NOW - timedelta(days=3))
    told.says(lively, group, NOW - timedelta(days=29))
    told.says(quiet, group, began + timedelta(days=20, hours=1))
    told.settle()
    question = _question(group, end="silent")
    assert set(members_behind(question, "", is_gone=True)) == {quiet.id, mute.id}
    assert members_behind(question, "", is_gone=True, within=20) == (mute.id,)
    (curve,) = survival(question)
    # Of who came less than thirty days ago it cannot be known yet; the others are followed up to then.
    assert (curve.people, curve.gone) == (3, 2)
    assert survival(replace(question, period=Period(date(2026, 3, 1), date(2026, 3, 9)))) == ()


def test_parts_are_told_to_differ_only_beyond_chance(told):
    rng = np.random.default_rng(3)
    group, alike, short = (told.community(name) for name in ("甲", "乙", "短命群"))
    for place, typical in ((group, 30), (alike, 30), (short, 6)):
        for number in range(60):
            one, came = told.member(f"{place.name}{number}"), int(rng.integers(20, 60))
            told.joins(one, place, NOW - timedelta(days=came, hours=1))
            stayed = int(rng.exponential(typical))
            if stayed < came:
                told.leaves(one, place, NOW - timedelta(days=came - stayed))
    told.settle()
    found = {each.part: each.differs for each in survival(_question(group, alike, short, split="community"))}
    assert found[str(short.id)] == -1
    assert -1 not in {found[str(group.id)], found[str(alike.id)]}
    two = survival(_question(group, alike, split="community"))
    assert {each.differs for each in two} == {0}
    assert survival(replace(_question(group), period=Period(date(2024, 1, 1), date(2024, 1, 2)))) == ()


def test_in_a_closed_group_nobody_stays_or_falls_silent_any_more(told):
    """A group of a week, whose people all stayed until it was closed, and some of whom are in another one too."""
    brief, other = told.community("快闪群"), told.community("长群")
    began = NOW - timedelta(days=60)
    for number in range(24):
        one = told.member(f"人{number}")
        told.joins(one, brief, began)
        for day in range(7):
            told.says(one, brief, began + timedelta(days=day, hours=1))
        if number < 12:
            told.joins(one, other, began + timedelta(hours=1))
            told.says(one, other, NOW - timedelta(days=1))
    told.settle()
    archive_community(brief.id, at=began + timedelta(days=7, hours=2))
    (alone,) = survival(_question(brief))
    assert (alone.people, alone.gone, len(alone.points) - 1) == (24, 0, 7)
    # Whether the last words in it would have been the last is not known.
    assert survival(_question(brief, end="silent")) == ()
    both = survival(_question(brief, other))[0]
    assert (both.gone, both.after(7).at_risk, both.after(30).at_risk) == (0, 24, 12)
    assert [(each.people, each.gone) for each in survival(_question(brief, other, end="silent"))] == [(12, 0)]

"""The people behind every metric: as many as its number says, whatever it is split by, and who they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from liuliang.analytics.base import Asked, Metric, Reading, Side, metrics
from liuliang.analytics.overview import overview
from liuliang.analytics.periods import Period
from liuliang.analytics.services import enter_cost
from liuliang.people.merging import merge_members
from liuliang.people.models import Membership

ZONE = "Asia/Shanghai"
WEEK = Period(date(2026, 3, 2), date(2026, 3, 8))
DAY = timedelta(days=1)

THE_SAME = {
    ("messages", "spoke"): ("speakers", "spoke"),
    ("net", "came"): ("joined", "came"),
    ("net", "went"): ("left", "went"),
    ("dau", "active"): ("active", "active"),
    ("stickiness", "active"): ("mau", "active"),
    ("gmv", "paid"): ("buyers", "paid"),
    ("orders", "paid"): ("buyers", "paid"),
    ("arpu", "paid"): ("buyers", "paid"),
    ("ltv", "paid"): ("buyers", "paid"),
    ("ltv", "lost"): ("churn", "lost"),
    ("cost", "came"): ("cac", "came"),
}
"""Sides whose number is of something else, and the side of a metric that counts the same people."""

BY_THEMSELVES = {
    ("rate", "silent"),
    ("arpu", "others"),
    ("conversion", "others"),
    ("k_factor", "bringers"),
    ("k_factor", "others"),
    ("response_time", "answered"),
    ("response_time", "waiting"),
    ("roi", "paid"),
}
"""Sides whose number is of something else and that have tests of their own."""


@pytest.fixture
def asked(simulated) -> Asked:
    start = simulated.world.starting
    period = Period(start + 30 * DAY, start + 59 * DAY)
    until = datetime.fromtimestamp(simulated.world.exported_at, UTC)
    for community in simulated.communities.values():
        enter_cost(community=community, how="", first_day=period.first, last_day=period.last, amount=100_00, at=until)
    types = tuple((simulated.communities[each.key].id, each.type) for each in simulated.world.communities)
    return Asked(simulated.scope, period, until, ZONE, types=types)


def sides() -> Iterator[tuple[Metric, Side]]:
    for metric in metrics():
        for side in metric.sides:
            yield metric, side


def places(metric: Metric, side: Side, asked: Asked, reading: Reading) -> int:
    """Return how many members in a community are behind a reading of the whole: the people of each community."""
    by_community = replace(asked, split="community")
    return sum(
        len(metric.people(by_community, str(community), reading.start, side.key))
        for community in asked.scope.communities
    )


def agree(asked: Asked) -> set[tuple[str, str]]:
    """Hold every list against its number, and return the sides of which somebody was counted."""
    seen = set()
    for metric, side in sides():
        for split in ("", *metric.dimensions):
            for step in ("whole", "week"):
                question = replace(asked, split=split, step=step)
                for reading in metric.read(question)[:6]:
                    where = (metric.key, side.key, split, step, reading)
                    people = metric.people(question, reading.part, reading.start, side.key)
                    assert list(people) == sorted(set(people)), where
                    size = side.size(reading)
                    if size is None:
                        continue
                    if size:
                        seen.add((metric.key, side.key))
                    if not side.is_by_place or split == "community":
                        assert len(people) == size, where
                        continue
                    assert len(people) <= size, where
                    assert bool(people) == bool(size), where
                    if not split:
                        assert places(metric, side, question, reading) == size, where
    return seen


def test_every_metric_says_who_is_behind_it_and_asks_for_nobody_else(asked):
    for metric in metrics():
        assert metric.sides, metric.key
        assert len({side.key for side in metric.sides}) == len(metric.sides)
        first = metric.sides[0].key
        assert metric.people(asked, "", asked.period.first) == metric.people(asked, "", asked.period.first, first)
        with pytest.raises(ValueError, match="nobody is behind"):
            metric.people(asked, "", asked.period.first, "somebody")
        for side in metric.sides:
            assert str(side.title)
            assert metric.people(asked, "nowhere", asked.period.first, side.key) == ()
            assert metric.people(asked, "", date(1999, 1, 1), side.key) == ()


def test_every_list_is_as_long_as_its_number_says(asked):
    counted = {(metric.key, side.key) for metric, side in sides() if side.number}

    assert agree(asked) == counted


def test_it_still_is_when_people_have_been_merged(asked, told, simulated):
    people = [simulated.members[key] for key in sorted(simulated.members)]
    for record, person in zip(people[:40], people[40:80], strict=True):
        merge_members(record.id, person.id, at=datetime.fromtimestamp(simulated.world.exported_at, UTC))
    told.settle()

    agree(asked)


def test_of_messages_money_and_means_the_list_is_who_made_them(asked):
    others = {(metric.key, side.key) for metric, side in sides() if not side.number}
    assert others == THE_SAME.keys() | BY_THEMSELVES
    for step, split in (("whole", ""), ("week", ""), ("whole", "community")):
        question = replace(asked, step=step, split=split)
        for (key, side), (like, like_side) in THE_SAME.items():
            for reading in metrics()[like].read(question)[:4]:
                where = (key, side, step, reading)
                mine = metrics()[key].people(question, reading.part, reading.start, side)
                assert mine == metrics()[like].people(question, reading.part, reading.start, like_side), where


def test_those_who_said_or_paid_nothing_are_the_members_without_those_who_did(asked):
    for community in asked.scope.communities:
        question = replace(asked, split="community")
        there, silent, poor, unconverted, spoke, paid = (
            set(metrics()[key].people(question, str(community), asked.period.first, side))
            for key, side in (
                *(("members", "there"), ("rate", "silent"), ("arpu", "others"), ("conversion", "others")),
                *(("speakers", "spoke"), ("buyers", "paid")),
            )
        )
        assert silent == there - spoke
        assert poor == unconverted == there - paid
        assert silent
        assert poor


def test_those_who_brought_somebody_and_those_who_did_not_are_all_who_had_the_time(asked):
    k = metrics()["k_factor"]
    (reading,) = k.read(asked)
    bringers, others = (
        sum(
            len(k.people(replace(asked, split="community"), str(community), reading.start, side))
            for community in asked.scope.communities
        )
        for side in ("bringers", "others")
    )
    assert bringers
    assert bringers + others == reading.of


def test_who_is_there_now_is_who_was_there_at_the_end_of_a_period_that_ends_now(asked, simulated):
    today = datetime.fromtimestamp(simulated.world.exported_at, UTC).date()
    question = replace(asked, period=Period(today - 6 * DAY, today), split="community")
    for community in asked.scope.communities:
        there = Membership.objects.filter(community=community, is_present=True)
        expected = set(there.exclude(member__in=asked.scope.robots).values_list("member_id", flat=True))
        assert set(metrics()["members"].people(question, str(community), question.period.first)) == expected


def test_who_was_there_is_told_by_what_came_after(told, at, only):
    here = told.community()
    stays, comes, goes, returns = (told.member() for _ in range(4))
    for member in (stays, goes, returns):
        told.joins(member, here, at(2026, 3, 3))
    told.leaves(goes, here, at(2026, 3, 9))
    told.leaves(returns, here, at(2026, 3, 10))
    told.joins(returns, here, at(2026, 3, 11))
    told.joins(comes, here, at(2026, 3, 12))
    told.settle()
    asked = Asked(only(here), WEEK, datetime(2026, 3, 20, tzinfo=UTC), ZONE)

    (reading,) = metrics()["members"].read(asked)
    found = metrics()["members"].people(asked, "", WEEK.first)

    assert found == tuple(sorted((stays.id, goes.id, returns.id)))
    assert reading.value == 3


def test_who_comes_again_without_having_left_counts_once(told, at, only):
    here = told.community()
    person, record, restless = (told.member() for _ in range(3))
    told.joins(person, here, at(2026, 3, 3))
    told.joins(record, here, at(2026, 3, 5))
    for day in (4, 10, 12):
        told.joins(restless, here, at(2026, 3, day))
        told.leaves(restless, here, at(2026, 3, day + 1))
    told.settle()
    merge_members(record.id, person.id, at=at(2026, 3, 9))
    told.settle()
    asked = Asked(only(here), WEEK, datetime(2026, 3, 20, tzinfo=UTC), ZONE, step="day")

    days = {reading.start.day: reading.value for reading in metrics()["members"].read(asked)}
    lists = {day.day: len(metrics()["members"].people(asked, "", day)) for day in WEEK.days}

    assert days == lists
    assert [lists[day] for day in (3, 4, 6, 8)] == [0, 1, 1, 1]


def test_who_left_and_is_heard_again_without_joining_counts_once(told, at, only):
    here = told.community()
    quiet, back = told.member(), told.member()
    for member in (quiet, back):
        told.joins(member, here, at(2026, 2, 20))
    told.leaves(back, here, at(2026, 3, 10))
    told.says(back, here, at(2026, 3, 12))
    told.settle()
    until = datetime(2026, 3, 20, tzinfo=UTC)

    for period in (WEEK, Period(WEEK.last + DAY, WEEK.last + 7 * DAY)):
        asked = Asked(only(here), period, until, ZONE, step="day")
        days = {reading.start: reading.value for reading in metrics()["members"].read(asked)}
        assert days == {day: len(metrics()["members"].people(asked, "", day)) for day in period.days}
        board = overview(only(here), period, today=until.date(), known=None).totals
        assert board.members == days[period.last] == 2


def test_who_asked_is_behind_the_time_that_questions_wait(told, at, only):
    here = told.community()
    lucky, unlucky, helper = (told.member() for _ in range(3))
    told.says(lucky, here, at(2026, 3, 2, 9), "几点开门？")
    told.says(helper, here, at(2026, 3, 2, 9, 10), "十点")
    told.says(unlucky, here, at(2026, 3, 4, 9), "周末呢？")
    told.settle()
    asked = Asked(only(here), WEEK, datetime(2026, 3, 20, tzinfo=UTC), ZONE)

    response = metrics()["response_time"]
    assert response.people(asked, "", WEEK.first) == (lucky.id,)
    assert response.people(asked, "", WEEK.first, "waiting") == (unlucky.id,)


def test_who_came_where_it_is_tomorrow_already_was_not_there_before(told, at, only):
    here, ahead = told.community(), told.community("奥克兰", "Pacific/Auckland")
    early, late = told.member(), told.member()
    told.joins(early, ahead, at(2026, 3, 3))
    # It is the twentieth in Shanghai, and the twenty-first in Auckland.
    told.joins(late, ahead, at(2026, 3, 20, 21))
    told.settle()
    until, today = at(2026, 3, 20, 22), date(2026, 3, 20)

    for period in (WEEK, Period(date(2026, 3, 13), date(2026, 3, 19)), Period(date(2026, 3, 14), today)):
        asked = Asked(only(here, ahead), period, until, ZONE)
        (reading,) = metrics()["members"].read(asked)
        assert reading.value == 1
        assert metrics()["members"].people(asked, "", period.first) == (early.id,)
        assert overview(only(here, ahead), period, today=today, known=None).totals.members == 1


def test_who_came_within_the_hour_since_it_was_asked_was_not_there_before(told, at, only):
    delhi = told.community("德里群", "Asia/Kolkata")
    early, late = told.member(), told.member()
    told.joins(early, delhi, at(2026, 3, 3))
    # Ten past midnight in Delhi: the last full hour in UTC was at half past eleven.
    told.joins(late, delhi, datetime(2026, 3, 8, 18, 40, tzinfo=UTC))
    told.settle()
    asked = Asked(only(delhi), WEEK, datetime(2026, 3, 8, 18, tzinfo=UTC), "Asia/Kolkata")

    (reading,) = metrics()["members"].read(asked)

    assert reading.value == 1
    assert metrics()["members"].people(asked, "", WEEK.first) == (early.id,)

"""净推荐值 against a plain computation over the invented brand, and by hand."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from liuliang.analytics.base import Asked, metrics
from liuliang.analytics.comparing import compared
from liuliang.analytics.periods import Period
from liuliang.analytics.scopes import Population
from liuliang.people.merging import merge_members
from liuliang.simulator import surveys, truth

ZONE = "Asia/Shanghai"
WEEK = Period(date(2026, 3, 2), date(2026, 3, 8))
UNTIL = datetime(2026, 3, 20, tzinfo=UTC)
SIDES = {"promoter": "promoters", "passive": "passives", "detractor": "detractors"}


def nps(asked: Asked) -> dict[tuple[str, date], tuple[float, int]]:
    return {(each.part, each.start): (each.value, each.of) for each in metrics()["nps"].read(asked)}


def behind(asked: Asked, part: str = "") -> tuple[set[int], set[int], set[int]]:
    promoters, passives, detractors = (
        set(metrics()["nps"].people(asked, part, asked.period.first, side)) for side in SIDES.values()
    )
    return promoters, passives, detractors


def balance(scores: list[int]) -> float:
    return (sum(score >= 9 for score in scores) - sum(score <= 6 for score in scores)) / len(scores)


@pytest.fixture
def asked(simulated) -> Asked:
    start = simulated.world.starting
    period = Period(start + timedelta(days=5), start + timedelta(days=69))
    until = datetime.fromtimestamp(simulated.world.exported_at, UTC)
    types = tuple((simulated.communities[each.key].id, each.type) for each in simulated.world.communities)
    return Asked(simulated.scope, period, until, ZONE, types=types)


def test_it_is_that_of_plain_python_for_any_period(asked, simulated):
    world, seen = simulated.world, 0
    for step in ("whole", "week", "month"):
        question = replace(asked, step=step)
        found = nps(question)
        for bucket in question.buckets:
            groups = truth_groups(world, bucket)
            said = sum(map(len, groups.values()))
            if not said:
                assert ("", bucket.first) not in found
                continue
            seen += 1
            value, of = found["", bucket.first]
            assert of == said
            assert value == pytest.approx((len(groups["promoter"]) - len(groups["detractor"])) / said)
            for name, side in SIDES.items():
                people = metrics()["nps"].people(question, "", bucket.first, side)
                assert set(people) == {simulated.members[key].id for key in groups[name]}
    assert seen > 5


def truth_groups(world, period):
    return surveys.groups(world, period.first, period.last)


def test_an_answer_of_no_group_counts_for_those_its_member_was_in(asked, simulated):
    world = simulated.world
    moves: defaultdict[tuple[int, int], list[tuple[int, str]]] = defaultdict(list)
    for name, things in (("in", [each for each in world.joins if each.is_told]), ("out", world.leaves)):
        for thing in things:
            moves[thing.community, thing.person].append((thing.at, name))
    for message in world.messages:
        moves[message.community, message.person].append((message.at, "said"))

    def was_there(key: int, person: int, at: int) -> bool:
        mine = sorted(moves[key, person])
        came = any(name == "in" for _at, name in mine)
        before = [name for moment, name in mine if moment <= at and name != "said"]
        return bool(mine) and (not came or mine[0][0] <= at) and before[-1:] != ["out"]

    parts = nps(replace(asked, split="community"))
    by_type = nps(replace(asked, split="type"))
    for type_ in {each.type for each in world.communities}:
        keys = [each.key for each in world.communities if each.type == type_]
        for places, found in (([key], parts) for key in keys):
            last = {
                answer.person: answer.score
                for answer in surveys.answers(world)
                if truth.local_day(world, 0, answer.at) in asked.period
                and any(was_there(key, answer.person, answer.at) for key in places)
            }
            part = str(simulated.communities[places[0]].id)
            assert found.get((part, asked.period.first)) == (
                (pytest.approx(balance(list(last.values()))), len(last)) if last else None
            )
            alone = nps(replace(asked, scope=simulated.one(places[0])))
            assert alone.get(("", asked.period.first)) == found.get((part, asked.period.first))
        merged = {
            answer.person: answer.score
            for answer in surveys.answers(world)
            if truth.local_day(world, 0, answer.at) in asked.period
            and any(was_there(key, answer.person, answer.at) for key in keys)
        }
        assert by_type[type_, asked.period.first] == (pytest.approx(balance(list(merged.values()))), len(merged))


def test_told_by_hand(told, at, only):
    here, there = told.community(), told.community("别的群")
    people = [told.member(f"成员{number}") for number in range(6)]
    one, two, three, four, five, robot = people
    for member in people:
        told.joins(member, here, at(2026, 3, 1))
    told.answers(one, at(2026, 3, 2, 9), 3, here)
    told.answers(one, at(2026, 3, 4, 9), 10, here)  # the last one counts
    told.answers(two, at(2026, 3, 8, 23, 59), 9, here)
    told.answers(three, at(2026, 3, 3, 9), 8)  # in no group: counts where they are
    told.answers(four, at(2026, 3, 3, 9), 6, there)  # asked elsewhere
    told.answers(five, at(2026, 3, 9, 0, 1), 0, here)  # the day after
    told.answers(robot, at(2026, 3, 3, 9), 10, here)
    told.settle()
    scope = replace(only(here), robots=(robot.id,))
    asked = Asked(scope, WEEK, UNTIL, ZONE, types=((here.id, "interest"), (there.id, "interest")))

    assert nps(asked) == {("", WEEK.first): (pytest.approx(2 / 3), 3)}
    assert behind(asked) == ({one.id, two.id}, {three.id}, set())
    days = {start.day: value for (_part, start), value in nps(replace(asked, step="day")).items()}
    assert days == {2: (-1.0, 1), 3: (0.0, 1), 4: (1.0, 1), 8: (1.0, 1)}
    both = replace(asked, scope=replace(only(here, there), robots=(robot.id,)), split="type")
    assert nps(both) == {("interest", WEEK.first): (pytest.approx(1 / 4), 4)}
    assert nps(replace(asked, split="how")) == {("unknown", WEEK.first): (pytest.approx(2 / 3), 3)}
    some = replace(asked, scope=asked.scope.among(Population.of([two.id, three.id])))
    assert nps(some) == {("", WEEK.first): (0.5, 2)}

    merge_members(three.id, one.id, at=at(2026, 3, 10))
    told.settle()
    assert nps(asked) == {("", WEEK.first): (1.0, 2)}


def test_who_is_in_no_group_counts_for_all_together_alone(told, at, only):
    here = told.community()
    gone, customer, later, speaker = (told.member() for _ in range(4))
    told.joins(gone, here, at(2026, 2, 1))
    told.leaves(gone, here, at(2026, 3, 1))
    told.joins(later, here, at(2026, 3, 7))
    told.says(speaker, here, at(2026, 3, 7))  # nobody saw them come: they were always there
    for member in (gone, customer, later, speaker):
        told.answers(member, at(2026, 3, 3), 9)
    told.settle()
    everything = Asked(replace(only(here), is_everything=True), WEEK, UNTIL, ZONE)

    assert nps(everything)["", WEEK.first] == (1.0, 4)
    assert nps(replace(everything, split="community")) == {(str(here.id), WEEK.first): (1.0, 1)}
    assert behind(replace(everything, scope=only(here)))[0] == {speaker.id}


def test_days_are_those_of_the_group(told, at, only):
    here, ahead = told.community(), told.community("奥克兰", "Pacific/Auckland")
    one, two = told.member(), told.member()
    told.says(two, ahead, at(2026, 3, 1))
    told.answers(one, at(2026, 3, 8, 20), 9, here)
    told.answers(two, at(2026, 3, 8, 20), 0)  # Monday already where they are
    told.settle()
    asked = Asked(only(here, ahead), WEEK, UNTIL, ZONE, split="community")
    assert nps(asked) == {(str(here.id), WEEK.first): (1.0, 1)}


def test_few_answers_are_marked_and_their_interval_is_wide(told, at, only):
    here = told.community()
    for number in range(3):
        told.answers(told.member(), at(2026, 3, 3 + number), 10, here)
    told.answers(told.member(), at(2026, 2, 25), 2, here)
    told.settle()
    asked = Asked(only(here), WEEK, UNTIL, ZONE)

    (reading,) = metrics()["nps"].read(asked)
    assert reading.is_small
    assert (reading.value, reading.high) == (1.0, 1.0)
    assert reading.low < 0.1
    change = compared(metrics()["nps"], asked).comparison
    assert change is not None
    assert (change.now, change.before) == (1.0, -1.0)
    assert change.low <= 2.0 <= change.high

from __future__ import annotations

import math
import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import pytest

from liuliang.analytics.base import SMALL, Asked
from liuliang.analytics.diversion import (
    BANDS,
    LATE_BANDS,
    WINDOW,
    Effect,
    Sums,
    diversion_statement,
    diversions,
    judged,
    movers,
    pooled,
)
from liuliang.analytics.periods import Period
from liuliang.kernel import clock
from liuliang.people.erasure import erase_member
from liuliang.people.merging import merge_members

FIRST = date(2026, 2, 1)
MONTH = Period(FIRST, FIRST + timedelta(days=27))
UNTIL = datetime(2026, 4, 20, tzinfo=UTC)


def asks(scope, period=MONTH, until=UNTIL) -> Asked:
    return Asked(scope, period, until, "Asia/Shanghai")


def band(days: set[int], at: int) -> tuple[int, int]:
    had = sum(day in days for day in range(at - WINDOW, at))
    late = sum(day in days for day in range(at - 7, at))
    return sum(each <= had for each in BANDS), sum(each <= late for each in LATE_BANDS)


def change(days: set[int], at: int) -> tuple[int, int]:
    return sum(day in days for day in range(at - WINDOW, at)), sum(
        day in days for day in range(at + 1, at + 1 + WINDOW)
    )


def plainly(days: list[set[int]], joins: dict[int, int]) -> Sums:
    """Do by hand what the statement does: ``days`` on which each spoke at home, and who joined the other community when."""
    strata = defaultdict(lambda: ([], []))
    for at in set(joins.values()):
        for person, mine in enumerate(days):
            had, has = change(mine, at)
            if not had:
                continue
            key = (at, *band(mine, at))
            if joins.get(person) == at:
                strata[key][0].append((person, had, has))
            elif person not in joins or abs(joins[person] - at) > WINDOW:
                strata[key][1].append((person, has - had))
    people, residuals, squares, before, after = 0, 0.0, 0.0, 0, 0
    lent = defaultdict(float)
    for ours, theirs in strata.values():
        n = len(theirs)
        if not ours or n < 2:
            continue
        mean = sum(value for _person, value in theirs) / n
        for _person, had, has in ours:
            people, before, after = people + 1, before + had, after + has
            residuals += has - had - mean
            squares += (has - had - mean) ** 2
        for person, value in theirs:
            lent[person] += len(ours) * (value - mean) / math.sqrt(n * (n - 1))
    return Sums(people, residuals, squares, sum(each**2 for each in lent.values()), before, after)


def invented(dice: random.Random, *, people=400, effect=0.0, pull=6.0) -> tuple[list[set[int]], dict[int, int]]:
    """Invent people who speak in spells, and who join another community while they are lively; ``effect`` is the share it takes."""
    days, joins = [], {}
    for person in range(people):
        rate, spell, mine = dice.betavariate(1, 3), dice.random() < 0.6, set()
        for day in range(120):
            if dice.random() < 0.06:
                spell = not spell
            rate_today = rate if spell else rate / 5
            if person in joins and day > joins[person]:
                rate_today *= 1 - effect
            if dice.random() < rate_today:
                mine.add(day)
            lively = sum(each in mine for each in range(day - 6, day + 1))
            if person not in joins and 28 <= day < 80 and dice.random() < 0.0008 * (1 + pull * lively / 3):
                joins[person] = day
        days.append(mine)
    return days, joins


def test_who_joins_while_lively_is_not_called_taken():
    """A placebo: joining does nothing, and its interval holds nothing in about 95 of 100; their own past alone would mislead."""
    dice, held, naive, means = random.Random(7), 0, 0, []
    rounds = 150
    for _round in range(rounds):
        days, joins = invented(dice)
        found = pooled(plainly(days, joins))
        held += found.low <= 0 <= found.high
        naive += found.after < found.before
        means.append(found.difference)
    assert 0.9 <= held / rounds <= 0.99
    assert naive / rounds > 0.8
    assert abs(sum(means) / rounds) < 0.4


def test_what_was_taken_is_found():
    dice = random.Random(11)
    found = [pooled(plainly(*invented(dice, people=800, effect=0.5))) for _round in range(20)]
    assert sum(each.high < 0 for each in found) >= 18
    assert all(judged([each]) == ("taken",) for each in found if each.surprise < 0.01)


def test_the_lake_counts_as_the_plain_computation(told, at, only):
    dice = random.Random(3)
    days, joins = invented(dice, people=160, effect=0.6, pull=14.0)
    here, there = told.community("老群"), told.community("新群")
    robot = told.member(is_bot=True)
    members = [told.member(f"人{number}") for number in range(len(days))]
    twin = told.member("人0 的小号")
    begin = at(2026, 1, 4, 9)
    for person, member in enumerate(members):
        told.joins(member, here, at(2025, 11, 1, 9))
        for day in days[person]:
            told.says(twin if person == 0 and day % 2 else member, here, begin + timedelta(days=day))
        if person in joins:
            told.joins(member, there, begin + timedelta(days=joins[person], hours=3))
    # A robot and an erased person tell nothing.
    lost = told.member("删掉的人")
    for odd in (robot, lost):
        told.joins(odd, here, at(2025, 11, 1, 9))
        told.joins(odd, there, begin + timedelta(days=40))
        for day in range(120):
            told.says(odd, here, begin + timedelta(days=day))
    told.settle()
    merge_members(twin.id, members[0].id, at=clock.now())
    erase_member(lost.id, at=clock.now())
    told.settle()
    period = Period(date(2026, 2, 1), date(2026, 3, 31))
    scope = only(here, there)
    scope = type(scope)(scope.zones, robots=(robot.id,))

    found = diversions(asks(scope, period, datetime(2026, 5, 20, tzinfo=UTC)))

    one = next(each for each in found if (each.home, each.new) == (here.id, there.id))
    expected = pooled(plainly(days, joins))
    assert one.effect.people == expected.people >= 15
    for name in ("before", "after", "difference", "low", "high", "surprise"):
        assert getattr(one.effect, name) == pytest.approx(getattr(expected, name)), name
    assert one.joined == sum(change(days[person], when)[0] > 0 for person, when in joins.items())
    asked = asks(scope, period, datetime(2026, 5, 20, tzinfo=UTC))
    behind = movers(asked, here.id, there.id)
    assert len(behind) == one.effect.people
    assert set(behind) <= {members[person].id for person in joins}
    assert movers(asked, there.id, here.id) == ()


def test_few_say_nothing_and_small_losses_are_no_loss():
    def effect(people: int, difference: float, half: float) -> Effect:
        surprise = 0.5 if abs(difference) < half else 0.0001
        return Effect(people, 10, 10 + difference, difference, difference - half, difference + half, surprise)

    found = judged(
        [effect(SMALL - 1, -5, 1), effect(90, -5, 1), effect(90, 3, 1), effect(90, 0.1, 0.5), effect(90, -1, 3)]
    )

    assert found == ("", "taken", "lifted", "kept", "")
    assert judged([]) == ()
    with pytest.raises(ValueError, match="1 differ"):
        pooled(Sums(1, 1.0, 1.0, 0.0, 3.0, 4.0))


def test_nothing_is_asked_before_anybody_was_there_for_a_whole_window(told, only):
    group = only(told.community())

    assert diversion_statement(asks(group, until=datetime(2026, 2, 20, tzinfo=UTC))) is None
    assert diversions(asks(group, until=datetime(2026, 2, 20, tzinfo=UTC))) == ()
    assert diversions(asks(group)) == ()

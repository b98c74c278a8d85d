from __future__ import annotations

from datetime import date, timedelta

import pytest

from liuliang.analytics.hours import WEEKS, best_hours

LAST = date(2026, 3, 9)


def test_the_best_hours_are_those_in_which_most_people_speak(told, at, only):
    here, abroad = told.community(), told.community("海外群", timezone="America/New_York")
    people = [told.member(str(number)) for number in range(3)]
    for week in range(WEEKS):
        tuesday = date(2026, 3, 3) - timedelta(days=7 * week)
        for who in people:
            told.says(who, here, at(tuesday.year, tuesday.month, tuesday.day, 20))
        # One person who talks much is one person.
        for minute in range(5):
            told.says(people[0], here, at(tuesday.year, tuesday.month, tuesday.day, 9, minute))
    told.says(people[0], abroad, at(2026, 3, 3, 9))
    # Before the eight weeks.
    for who in people:
        told.says(who, here, at(2025, 12, 1, 12))
    told.settle()

    found = best_hours(only(here), LAST)[here.id]

    assert [(slot.weekday, slot.hour, slot.lively_days, slot.speakers) for slot in found] == [
        (1, 20, 8, 3.0),
        (1, 9, 8, 1.0),
    ]
    # Thirty-two times somebody spoke in an hour, of 1,344 hours.
    assert found[0].times == pytest.approx(3 / (32 / (7 * 24 * WEEKS)))


def test_hours_are_of_each_communitys_own_day(told, at, only):
    abroad = told.community("海外群", timezone="America/New_York")
    for _person in range(3):
        told.says(told.member(), abroad, at(2026, 3, 4, 9))
    told.settle()

    (slot,) = best_hours(only(abroad), LAST)[abroad.id]

    assert (slot.weekday, slot.hour) == (1, 20)
    assert not slot.is_habit


def test_one_lively_evening_is_no_habit(told, at, only):
    """Ten spoke on two Tuesdays at eight; two on five Thursdays at nine."""
    here = told.community()
    people = [told.member(str(number)) for number in range(10)]
    for week in range(2):
        for who in people:
            told.says(who, here, at(2026, 3, 3, 20) - timedelta(days=7 * week))
    for week in range(5):
        for who in people[:2]:
            told.says(who, here, at(2026, 3, 5, 21) - timedelta(days=7 * week))
    told.settle()

    (slot,) = best_hours(only(here), LAST)[here.id]

    assert (slot.weekday, slot.hour, slot.lively_days, slot.is_habit) == (3, 21, 5, True)


def test_hours_that_are_all_alike_are_not_told(told, at, only):
    here = told.community()
    for number in range(7 * 24):
        told.says(told.member(), here, at(2026, 3, 2, 0) + timedelta(hours=number))
    told.settle()

    assert best_hours(only(here), date(2026, 3, 8)) == {here.id: ()}

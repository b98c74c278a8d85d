from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liuliang.subscriptions.models import Plan
from liuliang.subscriptions.plans import is_member_day
from liuliang.subscriptions.terms import Stretch, first_of, kept_days, last_of, shorten

MARCH = date(2026, 3, 1)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("first", "unit", "length", "last"),
    [
        (date(2026, 3, 5), "month", 1, date(2026, 4, 4)),
        (date(2026, 3, 5), "month", 12, date(2027, 3, 4)),
        (date(2026, 1, 31), "month", 1, date(2026, 2, 27)),
        (date(2028, 2, 29), "month", 12, date(2029, 2, 27)),
        (date(2026, 3, 1), "day", 1, date(2026, 3, 1)),
        (date(2026, 12, 31), "day", 30, date(2027, 1, 29)),
    ],
)
def test_a_term_ends_with_the_day_before_the_same_day(first, unit, length, last):
    assert last_of(first, unit, length) == last


def test_a_renewal_begins_after_the_end_and_a_late_one_today():
    assert first_of([], MARCH) == MARCH
    assert first_of([date(2026, 3, 10)], MARCH) == date(2026, 3, 11)
    assert first_of([MARCH], MARCH) == date(2026, 3, 2)
    assert first_of([date(2026, 2, 28)], MARCH) == MARCH


@pytest.mark.parametrize(("refunded", "kept"), [(0, 30), (1, 30), (5_000, 15), (4_999, 16), (9_999, 1), (10_000, 0)])
def test_what_is_left_is_in_proportion_and_rounded_up(refunded, kept):
    assert kept_days(30, 10_000, refunded) == kept


@pytest.mark.parametrize(
    ("kind", "number", "days"),
    [("month", 8, {8}), ("month", 31, {28}), ("week", 1, {2, 9, 16, 23}), ("", 8, set())],
)
def test_a_member_day_comes_every_month_or_week(kind, number, days):
    plan = Plan(day_kind=kind, day_number=number)
    assert {day for day in range(1, 29) if is_member_day(plan, date(2026, 2, day))} == days


purchases = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 60)), min_size=1, max_size=6)


@settings(deadline=None)
@given(purchases, st.data())
def test_after_any_shortening_the_days_are_those_of_a_plain_calendar(bought, data):
    """Each day belongs to one stretch at the most; a shortened one keeps its first days and what was had, and the rest follows."""
    today, stretches, ends = MARCH, [], []
    for key, (later, days) in enumerate(bought):
        today += later * DAY
        first = first_of(ends, today)
        ends.append(first + (days - 1) * DAY)
        stretches.append(Stretch(key, first, ends[-1]))
    key = data.draw(st.integers(0, len(stretches) - 1))
    kept = data.draw(st.integers(0, stretches[key].days))
    day = today + data.draw(st.integers(0, 60)) * DAY
    # The plain model: a list of days for each stretch, taken and moved one by one.
    calendar = [[each.first + n * DAY for n in range(each.days)] for each in stretches]
    had = {day_ for days in calendar for day_ in days if day_ < day}
    expected = [list(days) for days in calendar]
    expected[key] = [one for n, one in enumerate(calendar[key]) if n < kept or one < day]
    for later in range(key + 1, len(expected)):
        if calendar[later][0] > day:
            taken = [one for days in expected[:later] for one in days]
            start = max([day, *(one + DAY for one in taken)])
            expected[later] = [start + n * DAY for n in range(len(calendar[later]))]
    found = shorten(stretches, key, kept, day)
    assert [[each.first + n * DAY for n in range(each.days)] for each in found] == expected
    flat = [one for days in expected for one in days]
    assert len(flat) == len(set(flat))
    assert had <= set(flat)

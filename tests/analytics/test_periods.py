from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuliang.analytics.periods import Period, latest

DATES = st.dates(date(1990, 1, 1), date(2050, 1, 1))
ZONES = st.sampled_from(["Asia/Shanghai", "America/New_York", "Europe/Lisbon", "Pacific/Apia", "Asia/Kathmandu", "UTC"])


@given(DATES, st.integers(0, 400))
def test_the_previous_period_is_as_long_and_ends_the_day_before(first, length):
    period = Period(first, first + timedelta(days=length))

    assert len(period.previous) == len(period) == len(period.days)
    assert period.previous.last + timedelta(days=1) == period.first
    assert len(period.with_previous) == 2 * len(period)
    assert period.first in period
    assert period.previous.last not in period


@given(DATES, ZONES)
def test_days_leave_no_gap_and_do_not_overlap(day, zone):
    _begin, end = Period(day, day).instants(zone)
    begin, _end = Period(day + timedelta(days=1), day + timedelta(days=1)).instants(zone)

    assert end == begin


def test_a_day_with_a_clock_change_has_23_hours():
    begin, end = Period(date(2026, 3, 8), date(2026, 3, 8)).instants("America/New_York")

    assert begin == datetime(2026, 3, 8, 5, tzinfo=UTC)
    assert end - begin == timedelta(hours=23)


def test_a_period_does_not_run_backwards():
    with pytest.raises(ValueError, match="back"):
        Period(date(2026, 3, 2), date(2026, 3, 1))


TODAY = date(2026, 3, 10)


@pytest.mark.parametrize(
    ("first_known", "last_known", "last"),
    [
        (date(2026, 1, 1), TODAY, date(2026, 3, 9)),  # today is not over
        (date(2026, 1, 1), date(2026, 3, 9), date(2026, 3, 9)),
        (date(2025, 1, 1), date(2025, 6, 30), date(2025, 6, 30)),  # an old export
        (TODAY, TODAY, TODAY),  # all there is
        (None, None, date(2026, 3, 9)),
    ],
)
def test_the_usual_period_ends_with_the_last_whole_day_there_is(first_known, last_known, last):
    found = latest(7, today=TODAY, first_known=first_known, last_known=last_known)

    assert found == Period(last - timedelta(days=6), last)

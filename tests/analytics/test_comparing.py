from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from liuliang.analytics.base import Asked, metrics
from liuliang.analytics.comparing import compared
from liuliang.analytics.periods import Period

WEEK = Period(date(2026, 3, 9), date(2026, 3, 15))
UNTIL = datetime(2026, 3, 20, tzinfo=UTC)


@pytest.mark.parametrize("answered", [1, 2, 5, 6])
def test_a_few_answers_have_no_interval_and_are_no_change(told, at, only, answered):
    here = told.community()
    asker, helper = told.member(), told.member()
    for week, wait in ((2, 10), (9, 20)):
        for day in range(answered):
            told.says(asker, here, at(2026, 3, week + day, 9), "几点开门？")
            told.says(helper, here, at(2026, 3, week + day, 9, wait + day), "十点")
    told.settle()
    asked = Asked(only(here), WEEK, UNTIL, "Asia/Shanghai")

    found = compared(metrics()["response_time"], asked)

    assert found.now.of == found.before.of == answered
    if answered < 6:
        # The longest of five waits is shorter than the median more often than one time in twenty, on either side.
        assert (found.now.low, found.now.high, found.comparison) == (None, None, None)
    else:
        assert (found.now.low, found.now.high) == (20 * 60, 25 * 60)
        assert not found.comparison.is_noise


def test_a_gain_beside_as_large_a_loss_has_the_noise_of_its_days(told, at, only):
    here = told.community()
    people = [told.member() for _ in range(12)]
    restless = told.member()
    for member in (*people[:6], restless):
        told.joins(member, here, at(2026, 2, 20))
    for day, member in enumerate(people[:5]):
        told.leaves(member, here, at(2026, 3, 2 + day, 9))
    for day, member in enumerate(people[6:11]):
        told.joins(member, here, at(2026, 3, 9 + day, 9))
    # Came on two days and once in the week: the days add up to one more than the whole.
    told.leaves(restless, here, at(2026, 3, 9, 12))
    for day in (10, 11):
        told.joins(restless, here, at(2026, 3, day, 12))
    told.settle()

    found = compared(metrics()["net"], Asked(only(here), WEEK, UNTIL, "Asia/Shanghai"))

    assert (found.now.value, found.before.value) == (5, -5)
    assert found.comparison.low < 9
    assert found.comparison.high > 11

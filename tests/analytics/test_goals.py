"""Goals: how they stand, what is forecast, and that a forecast holds as often as it says."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuliang.accounts.models import AuditEntry
from liuliang.analytics.base import Asked, metrics
from liuliang.analytics.goals import Forecast, follow, forecast_sum, state_of
from liuliang.analytics.models import Goal
from liuliang.analytics.periods import Period
from liuliang.analytics.services import delete_goal, enter_cost, set_goal
from liuliang.kernel.errors import Refused

MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))
DAY = timedelta(days=1)


def asked(scope, day: int) -> Asked:
    """Ask about March when its first ``day`` days are over."""
    return Asked(scope, MARCH, datetime(2026, 3, 1, tzinfo=UTC) + day * DAY, "Asia/Shanghai")


@given(st.lists(st.integers(0, 500), min_size=3, max_size=40), st.integers(1, 40))
def test_a_forecast_goes_on_like_the_days_so_far(days, to_come):
    found = forecast_sum(days, to_come)

    assert found.low <= found.value <= found.high
    assert found.value == pytest.approx(sum(days) / len(days) * (len(days) + to_come))
    assert forecast_sum(days, 0) == Forecast(sum(days), sum(days), sum(days))


def test_nothing_is_forecast_from_two_days():
    assert forecast_sum([3, 4], 5) is None


def test_a_forecast_holds_as_often_as_it_says():
    dice = random.Random(7)
    held = 0
    for _trial in range(600):
        days = [sum(dice.random() < 0.3 for _one in range(60)) for _day in range(30)]
        found = forecast_sum(days[:12], 18)
        held += found.low <= sum(days) <= found.high
    assert 0.93 <= held / 600 <= 0.99


def test_states_say_neither_yes_nor_no_within_the_noise():
    def state(value, forecast, **more):
        return state_of(value, 100, forecast, **{"is_over": False, "is_ceiling": False, "is_kept": True, **more})

    assert state(40, Forecast(120, 105, 135)) == "on_course"
    assert state(40, Forecast(98, 80, 116)) == "open"
    assert state(40, Forecast(60, 50, 70)) == "behind"
    assert state(101, Forecast(60, 50, 70)) == "reached"
    assert state(101, None, is_over=True) == "reached"
    assert state(99, None, is_over=True) == "missed"
    assert state(99, None) == "open"
    assert state(99, Forecast(99, 90, 98), is_ceiling=True, is_kept=False) == "on_course"
    assert state(99, Forecast(120, 105, 135), is_ceiling=True, is_kept=False) == "behind"
    assert state(99, None, is_ceiling=True, is_kept=False, is_over=True) == "reached"


def test_messages_are_followed_day_by_day(told, at, only):
    here, ming = told.community(), told.member("小明")
    for day in range(1, 11):
        for minute in range(10):
            told.says(ming, here, at(2026, 3, day, 9, minute))
    told.settle()
    question = asked(only(here), 10)

    found = follow(metrics()["messages"], question, 310)

    assert (found.value, found.expected, found.elapsed, found.days) == (100, pytest.approx(100), 10, 31)
    assert found.forecast.value == pytest.approx(310)
    assert found.state == "open"
    assert follow(metrics()["messages"], question, 90).state == "reached"
    assert follow(metrics()["messages"], question, 100_000).state == "behind"
    assert follow(metrics()["messages"], asked(only(here), 0), 310).state == "not_begun"
    assert follow(metrics()["speakers"], question, 5).state == "open"
    assert follow(metrics()["speakers"], question, 5).forecast is None


def test_members_are_a_level_on_its_way_from_where_it_was(told, at, only):
    here = told.community()
    for day in (-20, -20, -20, -20, 1, 2, 3, 4, 5, 6):
        told.joins(told.member(), here, at(2026, 3, 1, 9) + (day - 1) * DAY)
    told.settle()

    found = follow(metrics()["members"], asked(only(here), 6), 35)

    assert (found.start, found.value) == (4, 10)
    assert found.expected == pytest.approx(4 + 31 * 6 / 31)
    assert found.share == pytest.approx(6 / 31)
    assert found.forecast.value == pytest.approx(35)


@pytest.mark.parametrize(("key", "target"), [("conversion", 0.25), ("rate", 0.25), ("arpu", 250)])
def test_what_grows_with_the_days_is_not_called_lost_before_they_are_over(told, at, only, key, target):
    """One of a hundred members pays and speaks a day, each for the first time: at the end thirty-one have."""
    here, people = told.community(), [told.member() for _ in range(100)]
    for place, member in enumerate(people):
        told.joins(member, here, at(2026, 2, 1, 9))
        if place < 31:
            told.says(member, here, at(2026, 3, place + 1, 9))
            told.buys(member, at(2026, 3, place + 1, 9), 1_000)
    told.settle()

    states = [follow(metrics()[key], asked(only(here), day), target).state for day in (5, 15, 31)]

    assert states == ["open", "open", "reached"]
    assert follow(metrics()[key], asked(only(here), 5), target).forecast is None


def test_a_cost_that_nobody_entered_is_no_goal_reached(told, at, only):
    here = told.community()
    told.joins(told.member(), here, at(2026, 3, 1, 9))
    told.settle()

    assert follow(metrics()["cost"], asked(only(here), 31), 50_000).state == "unknown"

    given = {"community": here, "how": "", "first_day": MARCH.first, "last_day": MARCH.last, "at": at(2026, 3, 1)}
    enter_cost(**given, amount=62_000)
    assert follow(metrics()["cost"], asked(only(here), 10), 50_000).state == "behind"
    assert follow(metrics()["cost"], asked(only(here), 31), 62_000).state == "reached"


def test_goals_are_set_changed_and_taken_away_in_the_log(told, at):
    here = told.community()
    given = {"community": here, "metric": "gmv", "first_day": MARCH.first, "last_day": MARCH.last, "at": at(2026, 3, 1)}
    set_goal(target=100_000, **given)
    goal = set_goal(target=200_000, **given)

    assert Goal.objects.get().target == 200_000
    delete_goal(goal)
    assert not Goal.objects.exists()
    actions = AuditEntry.objects.order_by("id").values_list("action", flat=True)
    assert list(actions) == ["goal.set", "goal.set", "goal.deleted"]
    for wrong in ({"target": 0}, {"target": float("nan")}, {"metric": "luck"}, {"last_day": date(2026, 2, 1)}):
        with pytest.raises(Refused):
            set_goal(**{"target": 1, **given, **wrong})

"""Judging a day: the rule by hand, against an independent computation, and that it rings as seldom as it says."""

from __future__ import annotations

import random
from datetime import date, timedelta
from statistics import mean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plainly import interval, without_odd_weeks
from scipy.stats import t as student

from liuliang.alerting.judging import Point, judge, judge_all
from liuliang.alerting.rules import Condition, check, read_condition
from liuliang.analytics.base import metrics
from liuliang.kernel.errors import Refused

DAY = date(2026, 3, 10)
WEEK = timedelta(days=7)


def weeks(values: list[float], **more) -> dict[date, Point]:
    """Return the same weekday of consecutive weeks, the last of which is `DAY`."""
    back = len(values) - 1
    return {DAY - WEEK * (back - at): Point(value, happenings=abs(value), **more) for at, value in enumerate(values)}


def test_a_threshold_is_passed_and_not_reached():
    assert judge(Condition("below", 5), weeks([4]), DAY).is_fired
    assert not judge(Condition("below", 5), weeks([5]), DAY).is_fired
    assert judge(Condition("above", 5), weeks([6]), DAY).is_fired
    assert not judge(Condition("above", 5), weeks([5]), DAY).is_fired
    assert judge(Condition("above", 5), {}, DAY).state == "nothing"


def test_an_unusual_day_by_hand():
    """Eight Tuesdays of 90 to 110 have the mean 100; their roots vary by less than the quarter that chance gives them."""
    tuesdays = [90, 110, 90, 110, 100, 100, 100, 100]
    asks = Condition("unusual", direction="down", sensitivity="usual", weeks=8)

    found = judge(asks, weeks([*tuesdays, 60]), DAY)

    root = (2 * 90.375**0.5 + 2 * 110.375**0.5 + 4 * 100.375**0.5) / 8
    half = student.ppf(0.995, 7) * (0.25 * (1 + 1 / 8)) ** 0.5
    assert (found.expected, found.weeks) == (100, 8)
    assert found.high == pytest.approx((root + half) ** 2 - 0.375, rel=1e-6)
    assert found.low == pytest.approx((root - half) ** 2 - 0.375, rel=1e-6)
    assert found.is_fired
    assert 60 < found.low < 70
    assert not judge(asks, weeks([*tuesdays, 70]), DAY).is_fired
    assert not judge(asks, weeks([*tuesdays, 400]), DAY).is_fired
    assert judge(Condition("unusual", direction="up"), weeks([*tuesdays, 400]), DAY).is_fired


@given(
    st.lists(st.integers(0, 500), min_size=5, max_size=27),
    st.sampled_from(["either", "up", "down"]),
    st.sampled_from(["rare", "usual", "keen"]),
    st.sampled_from([4, 8, 12, 26]),
)
def test_any_day_is_judged_as_plain_python_does(values, direction, sensitivity, count):
    asks = Condition("unusual", direction=direction, sensitivity=sensitivity, weeks=count)

    found = judge(asks, weeks(values), DAY)

    *before, now = values
    like = without_odd_weeks(before[-count:])
    low, high = interval(like, {"rare": 0.999, "usual": 0.99, "keen": 0.95}[sensitivity])
    is_out = now < low or now > high
    is_wanted = direction == "either" or (now > mean(like)) == (direction == "up")
    assert found.is_fired == (is_out and is_wanted)
    assert found.expected == pytest.approx(mean(like))
    assert (found.low, found.high) == (pytest.approx(low, rel=1e-4), pytest.approx(high, rel=1e-4))


def test_too_little_history_and_too_few_people_are_said_and_not_judged():
    asks = Condition("unusual")

    assert judge(asks, weeks([9, 9, 9, 0]), DAY).state == "short"
    assert judge(asks, weeks([9, 9, 9, 9, 0]), DAY).state in {"quiet", "fired"}
    assert judge(Condition("below", 0.5), {DAY: Point(0.1, people=9)}, DAY).state == "thin"
    assert judge(Condition("below", 0.5), {DAY: Point(0.1, people=10)}, DAY).state == "fired"


def test_the_first_message_after_weeks_of_nothing_is_no_sensation():
    asks = Condition("unusual", direction="up")

    assert not judge(asks, weeks([0] * 8 + [1]), DAY).is_fired
    assert judge(asks, weeks([0] * 8 + [9]), DAY).is_fired


def test_a_peak_does_not_hide_the_falls_of_the_weeks_after_it():
    tuesdays = [100, 95, 105, 900, 100, 98, 102, 100]
    asks = Condition("unusual", direction="down")

    found = judge(asks, weeks([*tuesdays, 20]), DAY)

    assert found.is_fired
    assert (found.expected, found.weeks) == (100, 7)
    twice = judge(asks, weeks([100, 95, 105, 900, 880, 98, 102, 100, 20]), DAY)
    assert (twice.is_fired, twice.weeks) == (True, 6)


def test_a_day_of_nothing_rings_in_a_group_that_grows_by_leaps():
    tuesdays = [1_200, 1_400, 1_500, 1_700, 1_900, 2_100, 2_300, 3_900]

    found = judge(Condition("unusual", direction="down"), weeks([*tuesdays, 0]), DAY)

    assert found.is_fired
    assert 0 < found.low < min(tuesdays)
    assert found.high > max(tuesdays)


def test_what_can_be_below_nothing_is_judged_by_its_differences():
    net = [Point(value, happenings=abs(value), is_signed=True) for value in (3, -2, 4, 0, 1, -1, 2, 1, -40)]
    told = {DAY - WEEK * (8 - at): point for at, point in enumerate(net)}

    found = judge(Condition("unusual", direction="down"), told, DAY)

    assert found.is_fired
    assert found.low < 0


def test_what_stays_unusual_becomes_usual():
    """After a step from 100 to 300 it rings for the first weeks, then the new level is the usual one."""
    steps = [*[100] * 8, *[300] * 8]
    asks = Condition("unusual", weeks=8)

    rings = [judge(asks, weeks(steps[: 9 + place]), DAY).is_fired for place in range(8)]

    assert rings[:2] == [True, True]
    assert not any(rings[4:])


def test_money_varies_by_orders_and_not_by_cents():
    """Two orders of 100 yuan where there is usually one are no event, though 10,000 more cents are."""
    told = {DAY - WEEK * back: Point(10_000, happenings=1) for back in range(1, 9)}

    assert not judge(Condition("unusual"), {**told, DAY: Point(20_000, happenings=2)}, DAY).is_fired
    assert judge(Condition("unusual"), {**told, DAY: Point(90_000, happenings=9)}, DAY).is_fired


def test_a_quiet_group_does_not_ring_whenever_nobody_speaks():
    dice = np.random.default_rng(7)
    asks = Condition("unusual", direction="down", weeks=26)
    trials = 1000
    rings = sum(judge(asks, weeks(dice.poisson(3, 27).tolist()), DAY).is_fired for _trial in range(trials))
    assert rings / trials <= 0.01 + 2 * (0.01 / trials) ** 0.5


@pytest.mark.parametrize(("sensitivity", "most"), [("usual", 0.01), ("keen", 0.05)])
def test_an_ordinary_group_rings_as_seldom_as_it_says(sensitivity, most):
    dice = random.Random(11)
    asks = Condition("unusual", sensitivity=sensitivity)
    trials = 3000
    rings = sum(
        judge(asks, weeks([sum(dice.random() < 0.4 for _ in range(50)) for _week in range(9)]), DAY).is_fired
        for _trial in range(trials)
    )
    assert rings / trials <= most + 2 * (most / trials) ** 0.5


def test_fifty_ordinary_groups_do_not_ring_fifty_times_as_often():
    dice = random.Random(5)
    asks = Condition("unusual", sensitivity="keen")

    def group() -> dict[date, Point]:
        return weeks([dice.gauss(1000, 40) for _week in range(9)])

    days = 60
    ringing = sum(
        any(each.is_fired for each in judge_all(asks, {key: group() for key in range(50)}, DAY).values())
        for _day in range(days)
    )
    assert ringing / days <= 0.15
    fallen = {key: group() for key in range(50)} | {7: weeks([1000, 990, 1010, 1005, 995, 1000, 1002, 998, 200])}
    assert judge_all(asks, fallen, DAY)[7].is_fired


@given(
    st.lists(st.lists(st.integers(0, 60), min_size=9, max_size=9), min_size=1, max_size=8),
    st.lists(st.floats(0, 1), min_size=8, max_size=8),
    st.sampled_from(["either", "up", "down"]),
)
def test_whatever_rings_before_the_day_is_over_rings_when_it_is(groups, shares, direction):
    asks = Condition("unusual", direction=direction, sensitivity="keen")
    whole = {key: weeks(values) for key, values in enumerate(groups)}
    sofar = {
        key: weeks([*values[:-1], int(values[-1] * share)])
        for (key, values), share in zip(enumerate(groups), shares, strict=False)
    }

    early = judge_all(asks, sofar, DAY, is_over=False)
    late = judge_all(asks, whole, DAY)

    for key, each in early.items():
        assert not each.is_fired or late[key].is_fired
        assert not each.is_fired or each.value > each.expected


def test_conditions_that_make_no_sense_are_refused_with_a_reason():
    def refused(condition: Condition, metric: str) -> str:
        with pytest.raises(Refused) as refusal:
            check(condition, metrics()[metric])
        return refusal.value.code

    assert refused(Condition("unusual"), "members") == "alert.level"
    assert refused(Condition("unusual", weeks=3), "messages") == "alert.weeks"
    assert refused(Condition("below", None), "messages") == "alert.threshold"
    assert refused(Condition("below", float("nan")), "messages") == "alert.threshold"
    assert refused(Condition("below", 0), "messages") == "alert.never_below"
    assert refused(Condition("above", 1), "rate") == "alert.never_above"
    check(Condition("below", -3), metrics()["net"])
    check(Condition("above", 1.5), metrics()["roi"])


def test_a_condition_is_read_as_it_was_written():
    for each in (Condition("above", 2.5), Condition("unusual", None, "down", "rare", 12)):
        assert read_condition(each.written) == each
    assert read_condition({"kind": "nonsense"}) == Condition("unusual")

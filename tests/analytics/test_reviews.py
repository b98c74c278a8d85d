"""Reviews: what is compared with what, which changes are believed, and who explains them."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuliang.analytics.base import Asked, metrics
from liuliang.analytics.comparing import compared, daily, difference
from liuliang.analytics.periods import Period
from liuliang.analytics.reviews import KEYS, latest_period, movers, period_of, review
from liuliang.analytics.scopes import Scope
from telling import ENDING

ZONE = "Asia/Shanghai"
THIS = Period(date(2026, 3, 9), date(2026, 3, 15))
DAY = timedelta(days=1)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.sampled_from(("week", "month")))
def test_every_day_lies_in_one_period_and_the_latest_is_over(day, unit):
    found, latest = period_of(unit, day), latest_period(unit, day)

    assert day in found
    assert latest.last <= day
    assert (day - latest.last).days <= 31
    assert period_of(unit, found.last + DAY).first == found.last + DAY
    assert (unit == "month") or (len(found), found.first.weekday()) == (7, 0)


def everything(scope: Scope, period: Period, until: datetime) -> dict[str, Asked]:
    return {key: Asked(scope, period, until, ZONE) for key in KEYS}


def test_an_unchanged_brand_has_next_to_nothing_to_say(simulated):
    period = Period(ENDING - 14 * DAY, ENDING - DAY)
    until = datetime(2026, 3, 1, 16, tzinfo=UTC)

    found = review(everything(simulated.scope, period, until), is_comparable=True)

    assert [each.found.metric.key for each in found] == list(KEYS)
    for each in found:
        if each.found.comparison is not None:
            assert each.found.comparison.low <= each.found.comparison.difference <= each.found.comparison.high
    silent = review(everything(simulated.scope, period, until), is_comparable=False)
    assert not any(each.is_real for each in silent)


def test_a_fall_is_found_and_the_group_and_the_member_behind_it_are_named(told, at):
    dice = random.Random(3)
    loud, calm = told.community("热闹群"), told.community("安静群")
    star, others = told.member("话痨"), [told.member(f"成员{number}") for number in range(6)]
    for back in range(14):
        noon = at(2026, 3, 15, 12) - back * DAY
        is_before = back >= 7
        for minute in range(dice.randint(35, 45) if is_before else dice.randint(0, 3)):
            told.says(star, loud, noon + timedelta(minutes=minute))
        for number, each in enumerate(others):
            for minute in range(dice.randint(2, 4)):
                told.says(each, calm, noon + timedelta(minutes=10 * number + minute))
    told.settle()
    scope = Scope.of([(loud.id, ZONE), (calm.id, ZONE)], is_everything=True)
    asked = everything(scope, THIS, datetime(2026, 3, 16, tzinfo=UTC))

    found = {each.found.metric.key: each for each in review(asked, is_comparable=True)}

    messages = found["messages"]
    assert messages.is_real
    assert messages.found.comparison.difference < 0
    assert messages.groups[0].id == loud.id
    assert messages.members[0].id == star.id
    assert messages.members[0].difference == messages.groups[0].difference
    assert not found["joined"].is_real
    assert movers(asked["messages"], "messages", is_up=True)[0].id != star.id


def test_members_who_grow_as_every_week_are_no_news_and_a_group_that_grows_otherwise_is(told, at):
    """The group of old grows by 3 a day in all four weeks; the new one by 1 a day, and by 9 in the last week."""
    old, new = told.community("老群"), told.community("新群")
    for back in range(28):
        noon = at(2026, 3, 15, 12) - back * DAY
        for _number in range(3):
            told.joins(told.member(), old, noon)
        for _number in range(9 if back < 7 else 1):
            told.joins(told.member(), new, noon)
    told.settle()
    until = datetime(2026, 3, 16, tzinfo=UTC)
    both = Scope.of([(old.id, ZONE), (new.id, ZONE)], is_everything=True)

    def members_in(period: Period):
        found = review(everything(both, period, until), is_comparable=True)
        return next(each for each in found if each.found.metric.key == "members")

    steady, grown = members_in(THIS.previous), members_in(THIS)

    assert (steady.found.comparison.before, steady.found.comparison.now) == (4 * 14, 4 * 21)
    assert steady.found.comparison.usual == 4 * 7
    assert not steady.is_real
    assert not steady.is_unsure
    assert grown.is_real
    (part,) = grown.groups
    assert (part.id, part.before, part.now, part.usual, part.difference) == (new.id, 21, 84, 7, 56)


def test_a_rate_that_fell_names_the_group_it_fell_in_and_who_did_not_begin(told, at):
    """Of 40 newcomers 36 spoke in the week before, of 40 now 8; in the other group nothing changed. Seven days later all is known."""
    bad, good = told.community("变差的群"), told.community("照旧的群")
    weeks, silent, gone = {14: (36, 20), 7: (8, 20)}, [], []
    for back, (spoke, others) in weeks.items():
        noon = at(2026, 3, 22, 12) - back * DAY
        for number in range(40):
            newcomer = told.member()
            told.joins(newcomer, bad, noon - number % 5 * DAY)
            if number < spoke:
                told.says(newcomer, bad, noon - number % 5 * DAY + timedelta(minutes=5))
            elif back == 7:
                silent.append(newcomer.id)
        for number in range(others):
            newcomer = told.member()
            told.joins(newcomer, good, noon - number % 5 * DAY)
            if number < others // 2:
                told.says(newcomer, good, noon - number % 5 * DAY + timedelta(minutes=5))
            elif back == 7:
                silent.append(newcomer.id)
    for number in range(60):
        leaver = told.member()
        told.joins(leaver, bad, at(2026, 1, 5, 9))
        told.leaves(leaver, bad, at(2026, 3, 15, 20) - number % 7 * DAY)
        gone.append(leaver)
    told.says(gone[-1], bad, at(2026, 3, 3, 20))
    told.settle()
    scope = Scope.of([(bad.id, ZONE), (good.id, ZONE)], is_everything=True)

    asked = everything(scope, THIS, datetime(2026, 3, 30, tzinfo=UTC))
    found = {each.found.metric.key: each for each in review(asked, is_comparable=True)}

    activation = found["activation"]
    assert activation.is_real
    (rate,) = activation.rates
    assert (rate.id, rate.before, rate.now, rate.size_before, rate.size_now) == (bad.id, 0.9, 0.2, 40, 40)
    # 40 of 60 in both weeks: nothing but the group's own fall.
    assert (rate.within, rate.mix) == (pytest.approx(-0.7 * 40 / 60), pytest.approx(0))
    assert rate.difference == pytest.approx(activation.found.comparison.difference)
    assert (activation.side, len(activation.people)) == ("silent", 5)
    assert set(activation.people) <= set(silent)
    left = found["left"]
    assert left.is_real
    assert (left.side, left.people[0], left.groups[0].id) == ("went", gone[-1].id, bad.id)
    assert set(left.people) <= {each.id for each in gone}


def test_where_the_record_is_too_short_nothing_is_called_as_usual(told, at, only):
    """Two large orders on one day, and one the week before."""
    here, buyer, talker = told.community(), told.member(), told.member()
    told.joins(buyer, here, at(2026, 2, 1, 9))
    told.buys(buyer, at(2026, 3, 4, 20), 40_000)
    for minute in range(2):
        told.buys(buyer, at(2026, 3, 12, 20, minute), 60_000)
    for back in range(14):
        for minute in range(40):
            told.says(talker, here, at(2026, 3, 15, 12, minute) - back * DAY)
    told.settle()

    found = review(everything(only(here), THIS, datetime(2026, 3, 16, tzinfo=UTC)), is_comparable=True)

    by_key = {each.found.metric.key: each for each in found}
    assert by_key["gmv"].is_unsure
    assert by_key["gmv"].found.comparison.low >= -40_000
    assert not by_key["messages"].is_unsure
    assert not by_key["messages"].is_real
    assert by_key["activation"].is_unsure  # nobody came


def test_buyers_who_paid_less_are_named_whatever_group_their_orders_belong_to(told, at, only):
    here, ming, hong = told.community(), told.member("小明"), told.member("小红")
    for each in (ming, hong):
        told.joins(each, here, at(2026, 2, 1, 9))
    told.buys(ming, at(2026, 3, 4, 9), 50_000)
    told.buys(hong, at(2026, 3, 4, 9), 10_000)
    told.buys(hong, at(2026, 3, 11, 9), 30_000)
    told.settle()
    asked = Asked(only(here), THIS, datetime(2026, 3, 16, tzinfo=UTC), ZONE)

    (down,) = movers(asked, "gmv", is_up=False)
    (up,) = movers(asked, "gmv", is_up=True)

    assert (down.id, down.before, down.now) == (ming.id, 50_000, 0)
    assert (up.id, up.difference) == (hong.id, 20_000)


def test_money_for_each_member_is_no_surer_than_the_money(told, at, only):
    here = told.community()
    people = [told.member() for _ in range(40)]
    for each in people:
        told.joins(each, here, at(2026, 1, 5, 9))
        told.says(each, here, at(2026, 3, 1, 9))
    # One evening of the week everybody buys: each pays alike, but the days do not.
    for each in people:
        told.buys(each, at(2026, 3, 5, 20), 10_000)
        told.buys(each, at(2026, 3, 12, 20), 30_000)
    told.settle()
    asked = Asked(only(here), THIS, datetime(2026, 3, 16, tzinfo=UTC), ZONE)

    paid, each_paid = compared(metrics()["gmv"], asked), compared(metrics()["arpu"], asked)

    assert paid.comparison.is_noise == each_paid.comparison.is_noise
    assert each_paid.comparison.surprise == pytest.approx(paid.comparison.surprise)
    assert each_paid.comparison.difference == pytest.approx(paid.comparison.difference / 40)


def test_the_worth_of_a_member_is_no_surer_than_what_they_pay(simulated):
    asked = Asked(simulated.scope, Period(ENDING - 14 * DAY, ENDING - DAY), datetime(2026, 3, 1, 16, tzinfo=UTC), ZONE)
    arpu, ltv = (compared(metrics()[key], asked).comparison for key in ("arpu", "ltv"))
    own = difference(compared(metrics()["ltv"], asked).now, compared(metrics()["ltv"], asked).before, in_points=False)

    assert ltv.high - ltv.low > own.high - own.low
    assert arpu.low < arpu.difference < arpu.high


def test_every_metric_that_can_be_compared_is(simulated):
    asked = Asked(simulated.scope, Period(ENDING - 14 * DAY, ENDING - DAY), datetime(2026, 3, 1, 16, tzinfo=UTC), ZONE)
    for metric in metrics():
        found = compared(metric, asked)
        if metric.key in {"wau", "mau", "repurchase"}:
            assert found.comparison is None
        elif metric.style == "count":
            assert found.comparison.low <= found.comparison.difference <= found.comparison.high
        if metric.key in {"messages", "gmv", "orders"}:
            assert sum(daily(metric, asked)) == pytest.approx(found.now.value)

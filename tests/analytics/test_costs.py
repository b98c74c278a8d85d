"""Costs are spread over their days, and what they bring is per head and per yuan."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from liuliang.accounts.models import AuditEntry
from liuliang.analytics.base import Asked, metrics
from liuliang.analytics.costs import spent
from liuliang.analytics.models import ChannelCost
from liuliang.analytics.periods import Period
from liuliang.analytics.scopes import Population, Scope
from liuliang.analytics.services import delete_cost, enter_cost
from liuliang.kernel.errors import Refused

ZONE = "Asia/Shanghai"
WEEK = Period(date(2026, 3, 2), date(2026, 3, 8))


@pytest.fixture
def asked(told, at):
    """Two groups, four who joined in the week (three by code into the first), and money spent on them."""
    here, there = told.community("甲群"), told.community("乙群")
    for number in range(3):
        member = told.member()
        told.joins(member, here, at(2026, 3, 3, 9, number))
        told.says(member, here, at(2026, 3, 4, 9, number))
    told.joins(told.member(), there, at(2026, 3, 5, 9))
    told.buys(told.member(), at(2026, 3, 6, 9), 90_000, community=here)
    told.settle()
    enter_cost(
        community=here,
        how="code",
        first_day=date(2026, 3, 5),
        last_day=date(2026, 3, 14),
        amount=10_000,
        at=at(2026, 3, 5),
    )
    enter_cost(
        community=None, how="", first_day=date(2026, 3, 8), last_day=date(2026, 3, 8), amount=6_000, at=at(2026, 3, 5)
    )
    scope = Scope.of([(here.id, ZONE), (there.id, ZONE)], is_everything=True)
    types = ((here.id, "interest"), (there.id, "interest"))
    return Asked(scope, WEEK, datetime(2026, 3, 20, tzinfo=UTC), ZONE, types=types)


def test_a_cost_counts_for_the_days_it_shares_with_the_period(asked):
    first, second = asked.scope.communities
    start = WEEK.first

    # Four of ten days, and the whole of what was spent for everybody.
    assert spent(asked) == {("", start): pytest.approx(4_000 + 6_000)}
    assert spent(replace(asked, split="community")) == {(str(first), start): pytest.approx(4_000)}
    assert spent(replace(asked, split="how")) == {("code", start): pytest.approx(4_000)}
    assert spent(replace(asked, split="type")) == {("interest", start): pytest.approx(4_000)}
    assert spent(replace(asked, scope=asked.scope.only([first]))) == {("", start): pytest.approx(4_000)}
    assert spent(replace(asked, scope=asked.scope.only([second]))) == {}
    by_day = spent(replace(asked, step="day"))
    assert by_day["", date(2026, 3, 8)] == pytest.approx(7_000)
    assert sum(by_day.values()) == pytest.approx(10_000)


def test_costs_are_divided_by_who_came_and_by_what_was_spent(asked):
    (cac,) = metrics()["cac"].read(asked)
    (roi,) = metrics()["roi"].read(asked)

    assert (cac.value, cac.of) == (pytest.approx(2_500), 4)
    assert roi.value == pytest.approx((90_000 - 10_000) / 10_000)
    nobody = replace(asked, scope=asked.scope.among(Population.of(())))
    assert metrics()["cac"].read(nobody) == []


def test_without_a_cost_there_is_no_cost_of_anybody(asked):
    ChannelCost.objects.all().delete()

    assert metrics()["cac"].read(asked) == []
    assert metrics()["roi"].read(asked) == []


def test_entering_and_taking_back_is_in_the_log_and_nonsense_is_refused(asked, at):
    delete_cost(ChannelCost.objects.first())

    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "cost.entered", "cost.entered", "cost.deleted",
    ]  # fmt: skip
    given = {"community": None, "how": "", "first_day": WEEK.first, "last_day": WEEK.last, "at": at(2026, 3, 5)}
    for wrong in ({"amount": 0}, {"amount": 10**18}, {"amount": 5, "last_day": date(2026, 3, 1)}):
        with pytest.raises(Refused):
            enter_cost(**{**given, **wrong})


def test_the_value_of_a_life_is_a_month_of_payments_over_the_share_that_falls_silent(simulated):
    period = Period(date(2026, 1, 25), date(2026, 2, 23))
    asked = Asked(simulated.scope, period, datetime(2026, 3, 1, tzinfo=UTC), ZONE)
    (arpu,), (churn,), (ltv,) = (metrics()[key].read(asked) for key in ("arpu", "churn", "ltv"))

    assert ltv.value == pytest.approx(arpu.value / churn.value)
    assert ltv.low <= ltv.value <= ltv.high

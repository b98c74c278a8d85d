"""Costs are spread over their days, and what they bring is per head and per yuan."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from liuliang.accounts.models import AuditEntry
from liuliang.analytics.base import Asked, metrics
from liuliang.analytics.costs import spent
from liuliang.analytics.heads import heads
from liuliang.analytics.levels import present_at_end
from liuliang.analytics.models import ChannelCost
from liuliang.analytics.periods import Period
from liuliang.analytics.scopes import Population, Scope
from liuliang.analytics.services import delete_cost, enter_cost
from liuliang.kernel.errors import Refused
from liuliang.people.events import MemberJoined

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


def test_a_cost_is_divided_by_those_alone_who_came_at_it_and_they_alone_pay_it_back(told, at):
    """By code into the first group money was spent on 3 to 5 March; into the second for all ways on the 6th; else on nothing."""
    here, there = told.community("甲群"), told.community("乙群")
    joins = [
        # community, way, day of March, what they paid on which day
        (here, "code", 3, {4: 5_000}), (here, "code", 5, {5: 1_000, 12: 9_000}), (here, "code", 6, {7: 70_000}),
        (here, "invite", 4, {5: 80_000}), (there, "invite", 6, {6: 2_000}), (there, "code", 6, {}), (there, "code", 7, {}),
    ]  # fmt: skip
    for community, how, day, payments in joins:
        member = told.member()
        told.happened(MemberJoined(how=how), at(2026, 3, day, 9), member, community)
        for paid_on, amount in payments.items():
            told.buys(member, at(2026, 3, paid_on, 20), amount, community=community)
    # Who had bought before they came at a cost does not pay it back with that.
    early = told.member()
    told.buys(early, at(2026, 3, 2, 9), 40_000, community=here)
    told.happened(MemberJoined(how="code"), at(2026, 3, 3, 9), early, here)
    told.settle()
    for community, how, first, last, amount in ((here, "code", 3, 5, 1_200), (there, "", 6, 6, 500)):
        enter_cost(
            community=community, how=how, first_day=date(2026, 3, first), last_day=date(2026, 3, last), amount=amount,
            at=at(2026, 3, 9),
        )  # fmt: skip
    scope = Scope.of([(here.id, ZONE), (there.id, ZONE)], is_everything=True)
    asked = Asked(scope, WEEK, datetime(2026, 3, 20, tzinfo=UTC), ZONE)

    def told_by(key: str, **more: object) -> dict[str, tuple[float, int, int]]:
        found = metrics()[key].read(replace(asked, **more))
        return {each.part: (pytest.approx(each.value), each.of, each.among) for each in found}

    # 1,200 brought three into the first group, 500 two into the second; eight came in all.
    assert told_by("cac") == {"": (1_700 / 5, 5, 8)}
    assert told_by("cac", split="community") == {str(here.id): (400, 3, 5), str(there.id): (250, 2, 3)}
    assert told_by("cac", split="how") == {"code": (400, 3, 6)}
    by_day = {each.start.day: (each.value, each.of) for each in metrics()["cac"].read(replace(asked, step="day"))}
    assert by_day == {3: (200, 2), 4: (None, 0), 5: (400, 1), 6: (250, 2)}
    # 5,000 and 1,000 in the week, and 2,000 in the other group.
    assert told_by("roi") == {"": ((8_000 - 1_700) / 1_700, 5, 8)}
    assert told_by("roi", split="community") == {
        str(here.id): ((6_000 - 1_200) / 1_200, 3, 5), str(there.id): ((2_000 - 500) / 500, 2, 3)
    }  # fmt: skip
    # What was spent is told whoever came; a day on which nothing was entered is left out.
    assert told_by("cost") == {"": (1_700, None, None)}
    assert told_by("cost", split="community") == {str(here.id): (1_200, None, None), str(there.id): (500, None, None)}
    assert told_by("cost", split="how") == {"code": (1_200, None, None)}
    spent_on = {each.start.day: each.value for each in metrics()["cost"].read(replace(asked, step="day"))}
    assert spent_on == {3: 400, 4: 400, 5: 400, 6: 500}
    assert len(metrics()["roi"].people(asked, "", WEEK.first)) == 3
    assert len(metrics()["cac"].people(asked, "", WEEK.first)) == 5
    nobody = replace(asked, scope=asked.scope.among(Population.of(())))
    assert list(metrics()["cac"].read(nobody)) == []
    assert list(metrics()["cost"].read(nobody)) == []


def test_without_a_cost_there_is_no_cost_of_anybody(asked):
    ChannelCost.objects.all().delete()

    assert list(metrics()["cac"].read(asked)) == []
    assert list(metrics()["roi"].read(asked)) == []
    assert list(metrics()["cost"].read(asked)) == []


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
    (gmv,), (churn,), (ltv,) = (metrics()[key].read(asked) for key in ("gmv", "churn", "ltv"))

    # Who falls silent is a person, so what is paid is of persons too, in however many groups they are.
    pairs = present_at_end(asked, "", period.first)
    people = {member for _community, member in pairs}
    assert len(people) < len(pairs)
    assert ltv.value == pytest.approx(gmv.value / len(people) / churn.value)
    assert ltv.low <= ltv.value <= ltv.high


def test_heads_are_those_present_at_the_end_of_every_bucket_each_once(simulated):
    types = tuple((each.id, "a" if key % 2 else "b") for key, each in simulated.communities.items())
    period = Period(date(2026, 1, 20), date(2026, 2, 23))
    for split in ("", "type", "community"):
        asked = Asked(simulated.scope, period, datetime(2026, 3, 1, tzinfo=UTC), ZONE, "week", split, types)
        found = heads(asked)
        assert found
        for (part, start), count in found.items():
            assert count == len({member for _community, member in present_at_end(asked, part, start)}), (part, start)


def test_heads_are_of_the_groups_there_were_when_it_was_asked(told, at):
    tea = told.community("茶")
    told.joins(told.member(), tea, at(2026, 1, 5, 9))
    scope = Scope.of([(tea.id, tea.timezone)], is_everything=True)
    new = told.community("新建的群")
    for leaves in (False, True):
        member = told.member()
        told.joins(member, new, at(2026, 1, 5, 10))
        if leaves:
            told.leaves(member, new, at(2026, 1, 12, 10))
    told.settle()
    period = Period(date(2026, 1, 5), date(2026, 1, 11))
    for split in ("", "community"):
        asked = Asked(scope, period, at(2026, 1, 14, 9), ZONE, "week", split)
        assert set(heads(asked).values()) == {1}

"""Paid memberships sold as orders: bought, renewed, refunded, given away, over; and what they do to prices and points."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liuliang.accounts.models import AuditEntry
from liuliang.commerce.models import Order, OrderLine
from liuliang.commerce.plan_selling import change_plan_on_sale, sell_plan
from liuliang.commerce.products import add_offer
from liuliang.commerce.quoting import Sale, quote
from liuliang.commerce.refunding import RefundWanted, refund_order
from liuliang.commerce.selling import pay_order, place_order
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.kernel.models import LoggedEvent
from liuliang.kernel.readers import catch_up
from liuliang.loyalty.earning import write_rule
from liuliang.loyalty.models import EarningRule
from liuliang.loyalty.queries import balance_of
from liuliang.loyalty.reactions import EarningReaction
from liuliang.people.merging import merge_members
from liuliang.subscriptions.models import Plan, Subscription, Term
from liuliang.subscriptions.plans import PlanTerms
from liuliang.subscriptions.queries import plans_on, subscriptions_of
from liuliang.subscriptions.reactions import MemberDayReaction
from liuliang.subscriptions.subscribing import Grant, expire_due, give, take_back

DAY = timedelta(days=1)


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


def make_plan(amount: int = 30_000, **told) -> Plan:
    return sell_plan(
        PlanTerms("年卡", **{"unit": "day", "length": 30, **told}), amount=amount, community=None, at=clock.now()
    )


def buy(plan: Plan, member: int, at: datetime, count: int = 1) -> Order:
    sale = Sale(member, ((plan.variant.pk, count),))
    order = place_order(sale, key=f"k{Order.objects.count()}", at=at, until=at + timedelta(hours=1))
    return pay_order(order.pk, how="offline", reference="", at=at)


def refund(order: Order, amount: int, at: datetime) -> None:
    key = f"r{order.refunds.count()}"
    refund_order(order.pk, RefundWanted(amount, "CNY", key, "", at))


def days_of(member: int) -> tuple[date, date, str]:
    row = subscriptions_of(member)[0]
    return row.starts_on, row.ends_on, row.state


@pytest.mark.usefixtures("ledger")
def test_buying_starts_today_and_renewing_goes_on_from_the_end(make_member, at):
    plan, member = make_plan(), make_member()
    buy(plan, member, at)
    assert days_of(member) == (date(2026, 3, 1), date(2026, 3, 30), "active")
    buy(plan, member, at + 5 * DAY, count=2)
    assert days_of(member) == (date(2026, 3, 1), date(2026, 5, 29), "active")
    kinds = list(
        LoggedEvent.objects.filter(kind__startswith="subscription.").order_by("position").values_list("kind", "member")
    )
    assert kinds == [("subscription.started", member), ("subscription.renewed", member)]
    assert plans_on(member, date(2026, 5, 29)) == [plan]
    assert plans_on(member, date(2026, 5, 30)) == plans_on(member, date(2026, 2, 28)) == []


@pytest.mark.usefixtures("ledger")
def test_a_day_is_that_of_the_brand(make_member, at):
    plan, member = make_plan(length=1), make_member()
    # Half an hour before and after midnight in Shanghai.
    buy(plan, member, datetime(2026, 3, 1, 15, 30, tzinfo=UTC))
    assert days_of(member)[:2] == (date(2026, 3, 1), date(2026, 3, 1))
    assert expire_due(at=datetime(2026, 3, 1, 15, 59, tzinfo=UTC)) == 0
    assert expire_due(at=datetime(2026, 3, 1, 16, 0, tzinfo=UTC)) == 1
    event = LoggedEvent.objects.get(kind="subscription.expired")
    assert (event.member, event.occurred_at, event.data["ends_on"]) == (
        member,
        datetime(2026, 3, 1, 16, tzinfo=UTC),
        "2026-03-01",
    )
    assert expire_due(at=at + DAY) == 0
    buy(plan, member, at + 9 * DAY)
    assert days_of(member) == (date(2026, 3, 10), date(2026, 3, 10), "active")


@pytest.mark.usefixtures("ledger")
def test_a_refund_shortens_and_all_of_it_ends(make_member, at):
    plan, member = make_plan(), make_member()
    first, second = buy(plan, member, at), buy(plan, member, at)
    refund(first, 15_000, at + 3 * DAY)
    assert days_of(member) == (date(2026, 3, 1), date(2026, 4, 14), "active")
    refund(second, 30_000, at + 3 * DAY)
    assert days_of(member) == (date(2026, 3, 1), date(2026, 3, 15), "active")
    refund(first, 15_000, at + 3 * DAY)
    assert days_of(member) == (date(2026, 3, 1), date(2026, 3, 3), "ended")
    assert plans_on(member, date(2026, 3, 4)) == []
    told = LoggedEvent.objects.filter(kind="subscription.shortened").order_by("position")
    assert [event.data["days"] for event in told] == [15, 30, 12]


@pytest.mark.usefixtures("ledger")
def test_a_membership_is_an_order_of_its_own(make_variant, make_member, at):
    plan, member = make_plan(), make_member()
    with pytest.raises(Refused, match=r"order\.plan_alone"):
        quote(Sale(member, ((plan.variant.pk, 1), (make_variant().pk, 1))), at=at)
    change_plan_on_sale(plan.pk, PlanTerms("年卡", unit="day", length=30, is_active=False), amount=20_000, at=at)
    with pytest.raises(Refused, match=r"order\.off_sale"):
        quote(Sale(member, ((plan.variant.pk, 1),)), at=at)


@pytest.mark.usefixtures("ledger")
def test_a_gift_needs_a_reason_and_can_be_taken_back(make_member, at):
    plan, member = make_plan(), make_member()
    with pytest.raises(Refused, match=r"subscription\.reason"):
        give(Grant(member, plan, "gift:1", how="gift"), at=at)
    term = give(Grant(member, plan, "gift:1", how="gift", reason="客诉补偿"), at=at)
    assert give(Grant(member, plan, "gift:1", how="gift", reason="客诉补偿"), at=at) == term
    assert days_of(member)[1] == date(2026, 3, 30)
    assert "客诉" not in str(list(AuditEntry.objects.values_list("changes", flat=True)))
    buy(plan, member, at)
    take_back(term.pk, at=at + 4 * DAY)
    assert days_of(member) == (date(2026, 3, 1), date(2026, 4, 3), "active")
    with pytest.raises(Refused, match=r"subscription\.not_gift"):
        take_back(Term.objects.get(how="order").pk, at=at)


@pytest.mark.usefixtures("ledger")
def test_members_pay_their_price_from_the_first_day_to_the_last(make_variant, make_member, at):
    plan, other, member = make_plan(), make_plan(), make_member()
    variant = make_variant(10_000)
    add_offer(variant.pk, amount=7_000, at=at, plan=plan.pk)
    add_offer(variant.pk, amount=1_000, at=at, plan=other.pk)
    sale = Sale(member, ((variant.pk, 1),))
    assert quote(sale, at=at).total == 10_000
    buy(plan, member, at)
    assert (quote(sale, at=at).total, quote(sale, at=at).lines[0].priced.why) == (7_000, ("plan",))
    assert [quote(sale, at=at + days * DAY).total for days in (29, 30)] == [7_000, 10_000]


@pytest.mark.usefixtures("ledger")
def test_on_member_day_everything_but_membership_costs_less(make_variant, make_member, at):
    plan, member = make_plan(day_kind="month", day_number=8, day_off=12), make_member()
    variant = make_variant(9_999)
    buy(plan, member, at)
    sale = Sale(member, ((variant.pk, 2),))
    before, on_it = quote(sale, at=at), quote(sale, at=at + 7 * DAY)
    assert (before.total, on_it.total) == (2 * 9_999, 2 * (9_999 - 1_199))
    assert on_it.lines[0].priced.why == ("member_day",)
    assert quote(Sale(member, ((plan.variant.pk, 1),)), at=at + 7 * DAY).total == 30_000
    add_offer(variant.pk, amount=5_000, at=at, plan=plan.pk)
    assert quote(sale, at=at + 7 * DAY).total == 10_000


@pytest.mark.usefixtures("ledger")
def test_two_purchases_at_once_are_one_after_the_other(transactional_db, make_member, at_once, at):
    plan, member = make_plan(), make_member()
    orders = []
    for number in range(6):
        sale = Sale(member, ((plan.variant.pk, 1),))
        orders.append(place_order(sale, key=f"p{number}", at=at, until=at + timedelta(hours=1)))
    at_once([lambda each=each: pay_order(each.pk, how="offline", reference="", at=at) and None for each in orders], 6)
    assert days_of(member)[:2] == (date(2026, 3, 1), date(2026, 3, 1) + 179 * DAY)
    terms = list(Term.objects.order_by("first").values_list("first", "last"))
    assert all(after[0] == before[1] + DAY for before, after in pairwise(terms))


@pytest.mark.usefixtures("ledger")
def test_whoever_turns_out_to_be_one_person_has_what_both_had(make_member, at):
    plan, one, two = make_plan(), make_member(), make_member()
    buy(plan, one, at)
    merge_members(two, one, at=at, reason="")
    assert plans_on(one, date(2026, 3, 5)) == [plan]
    buy(plan, two, at)
    assert max(row.ends_on for row in subscriptions_of(one)) == date(2026, 4, 29)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(1, 25)),
        st.tuples(st.just("buy"), st.integers(1, 3)),
        st.tuples(st.just("refund"), st.tuples(st.integers(0, 9), st.integers(1, 100))),
    ),
    min_size=1,
    max_size=12,
)


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_any_history_is_that_of_a_plain_calendar(make_member, steps):
    """Buy, wait and refund at random; a list of single days says who is a member when."""
    plan, member = make_plan(10_000), make_member()
    today = date(2026, 3, 1)
    calendar: list[list[date]] = []
    orders: list[tuple[Order, int]] = []
    refunded: dict[int, int] = {}
    for kind, told in steps:
        if kind == "wait":
            today += told * DAY
            expire_due(at=noon(today))
        elif kind == "buy":
            ends = [days[-1] for days in calendar if days and days[-1] >= today]
            first = max(ends) + DAY if ends else today
            calendar.append([first + n * DAY for n in range(30 * told)])
            orders.append((buy(plan, member, noon(today), told), 30 * told))
        elif orders:
            number = told[0] % len(orders)
            order, length = orders[number]
            amount = min(order.amount * told[1] // 100, order.amount - refunded.get(number, 0))
            if not amount:
                continue
            refund(order, amount, noon(today))
            refunded[number] = refunded.get(number, 0) + amount
            left = order.amount - refunded[number]
            kept = -(-length * left // order.amount)
            calendar[number] = [one for n, one in enumerate(calendar[number]) if n < kept or one < today]
            for later in range(number + 1, len(calendar)):
                if calendar[later] and calendar[later][0] > today:
                    taken = [one for days in calendar[:later] for one in days]
                    start = max([today, *(one + DAY for one in taken)])
                    calendar[later] = [start + n * DAY for n in range(len(calendar[later]))]
        had = {one for days in calendar for one in days}
        for offset in range(-3, 130, 7):
            day = today + offset * DAY
            if offset >= 0:
                assert bool(plans_on(member, day)) == (day in had), (day, steps)
    if calendar and any(calendar):
        row = Subscription.objects.get(member=member)
        assert row.ends_on == max(one for days in calendar for one in days)
        assert (row.state == "active") == (row.ends_on >= today)
    Term.objects.all().delete()
    Subscription.objects.all().delete()


def follow() -> None:
    for one in (EarningReaction(), MemberDayReaction()):
        catch_up(one)


@pytest.mark.django_db(transaction=True)
def test_points_of_the_member_day_come_and_go_with_what_they_were_added_to(make_variant, make_member):
    start = datetime(2026, 3, 8, 4, tzinfo=UTC)
    with time_machine.travel(start, tick=False):
        plan, member, stranger = make_plan(day_kind="month", day_number=8, day_points=50), make_member(), make_member()
        variant = make_variant(10_000, quantity=None)
        rule = EarningRule(title="下单", behaviour="order", low=1, high=1, per=100, starts_at=start)
        write_rule(rule, at=start)
        follow()
        buy(plan, member, start)
        for who in (member, stranger):
            order = place_order(Sale(who, ((variant.pk, 1),)), key=f"b{who}", at=start, until=start + DAY)
            pay_order(order.pk, how="offline", reference="", at=start)
        follow()
        gained = {who: balance_of(who).available for who in (member, stranger)}
        assert gained == {member: 450 + 150, stranger: 100}
        order = Order.objects.get(lines__variant=variant, member=member)
        refund_order(order.pk, RefundWanted(10_000, "CNY", "x", "", start))
        follow()
        # What is left are the points of the membership itself, with the half that its day added.
        assert balance_of(member).available == 300 + 150
    assert OrderLine.objects.count() == 3

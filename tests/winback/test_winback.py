"""Cycles, due lists and lost buyers, against what plain Python says of the same purchases."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import median_low
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuliang.accounts.models import AuditEntry
from liuliang.commerce.events import OrderClaimed, OrderRefunded
from liuliang.commerce.models import Order
from liuliang.kernel.errors import Refused
from liuliang.people.models import Member
from liuliang.segments.evaluating import context_of
from liuliang.segments.queries import members_of as members_of_segment
from liuliang.segments.services import create_segment
from liuliang.simulator.world import World
from liuliang.winback.cycles import THIN, learn
from liuliang.winback.lists import KEYS, Ground, due_by_week, lists, members_of, rule_of
from liuliang.winback.models import ListRules, ProductCycle
from liuliang.winback.queries import Product, buyers, products, purchases, rules
from liuliang.winback.rules import Rules
from liuliang.winback.services import change_rules, set_cycle
from telling import Simulated, Told, local, tell_world

ZONE = ZoneInfo("Asia/Shanghai")
NOW = local(2026, 6, 1, 12)


def ground_at(at: datetime, community: int | None = None) -> Ground:
    context = context_of(community, at)
    return Ground(context, rules(), products(context), buyers(context))


def bought(
    told: Told, member: Member, days_ago: int, product: str = "挂耳", amount: int = 5_000, **more: object
) -> Order:
    return told.buys(member, NOW - timedelta(days=days_ago), amount, product=product, **more)


def test_a_cycle_is_the_median_of_the_buyers_medians_and_withheld_when_thin():
    assert learn({20: THIN - 1}) is None
    known = learn({10: 10, 20: 15, 90: 10})
    assert known is not None
    assert (known.days, known.basis) == (20, 35)
    assert known.low <= known.days <= known.high


@given(st.lists(st.integers(1, 400), min_size=THIN, max_size=200))
def test_a_cycle_is_what_sorting_all_votes_says(votes):
    known = learn(Counter(votes))
    assert known is not None
    assert known.days == median_low(votes)
    assert min(votes) <= known.low <= known.days <= known.high <= max(votes)


def test_a_few_purchases_counted_by_hand(told):
    often, once, back, both, lost = (told.member(name) for name in ("常买", "买一次", "退了", "两样", "走了"))
    for days in (40, 30, 8):
        bought(told, often, days)
    bought(told, once, 10)
    gone = bought(told, back, 9)
    told.happened(OrderRefunded(order=gone.pk, amount=5_000), NOW - timedelta(days=9), back, None)
    bought(told, both, 12, "挂耳、 滤纸")
    bought(told, lost, 70, "豆子", 90_000)
    told.settle()
    set_cycle("挂耳", 10, at=NOW)
    ground = ground_at(NOW)
    ear, *_rest = ground.products
    assert ear.name == "挂耳", "what has a cycle comes first"
    assert (ear.buyers, ear.votes, ear.last) == (3, {10: 1}, {8: 1, 10: 1, 12: 1}), "the gaps are 10 and 22"
    assert (ear.learned, ear.cycle, ear.lacking) == (None, 10, THIN - 1)
    assert {one.name for one in ground.products} == {"挂耳", "滤纸", "豆子"}
    by_key = {one.key: one for one in lists(ground)}
    assert set(by_key["due"].members) == {often.pk, once.pk, both.pk}, "8 to 12 days after"
    assert by_key["due"].at_stake == 3 * 5_000
    assert set(by_key["recent"].members) == {lost.pk}
    assert by_key["recent"].at_stake == 90_000
    assert set(by_key["valued"].members) == {lost.pk}
    assert due_by_week(ear, ground.rules)[:3] == (1, 2, 0), "12 days ago is over; 0 and 2 days are left of the others"
    told_of = {(one.product, one.ago, one.times) for one in purchases(ground.context, by_key["due"].members)}
    assert told_of == {("挂耳", 8, 3), ("挂耳", 10, 1), ("挂耳", 12, 1), ("滤纸", 12, 1)}


def test_an_order_claimed_later_is_a_purchase_of_who_claimed_it(told):
    member = told.member()
    told.happened(OrderClaimed(7, 3_000, 0, "CNY", "挂耳"), NOW - timedelta(days=5), member, None)
    told.happened(OrderClaimed(8, 3_000, 3_000, "CNY", "滤纸"), NOW - timedelta(days=5), member, None)
    told.settle()
    assert [(one.name, one.last) for one in ground_at(NOW).products] == [("挂耳", {5: 1})]


@pytest.mark.timeout(300)
def test_every_figure_is_what_plain_python_says_of_the_simulated_brand(told, world):
    simulated = tell_world(told, world)
    rows = list(Order.objects.order_by("id"))
    for order, row in zip(world.orders, rows, strict=True):
        if order.refunded and row.member is not None and row.status == "paid":
            told.happened(OrderRefunded(order=row.pk, amount=order.refunded), row.at, row.member, None)
    told.settle()
    at = datetime.fromtimestamp(max(order.at for order in world.orders), ZONE) + timedelta(days=20)
    today = at.date()
    days, kept = _purchases(world, simulated.members, today)
    ground = ground_at(at)

    for one in ground.products:
        mine = {member: seen for (member, product), seen in days.items() if product == one.name}
        assert one.buyers == len(mine)
        assert one.last == Counter(min(seen) for seen in mine.values())
        votes = []
        for seen in mine.values():
            nearest = sorted(seen)
            if len(nearest) > 1:
                votes.append(median_low([far - near for near, far in pairwise(nearest)]))
        assert one.votes == Counter(votes)
        assert (one.learned is None) == (len(votes) < THIN)
        if one.learned is not None:
            assert one.learned.days == median_low(votes)
    assert any(one.learned for one in ground.products), "the world is large enough to learn from"

    expected = _lists(ground, days, kept, simulated, today)
    for one in lists(ground):
        assert set(one.members) == expected[one.key], one.key
        assert members_of(one.rule, ground.context) == one.members
        if one.rule is not None:
            segment = create_segment(one.key, one.rule, community=None, at=at)
            assert members_of_segment(segment) == one.members, "a segment of the list is the list"


def _purchases(world: World, members: dict[int, Member], today: date):
    days, kept = defaultdict(set), defaultdict(list)
    for order in world.orders:
        if order.person is None or order.status == "已取消":
            continue
        if order.amount > 0 and order.refunded >= order.amount:
            continue
        ago = (today - datetime.fromtimestamp(order.at, ZONE).date()).days
        member = members[order.person].pk
        days[member, order.product].add(ago)
        kept[member].append((ago, order.amount - order.refunded))
    return days, kept


def _lists(ground: Ground, days, kept, simulated: Simulated, today: date):
    """Return who belongs on each list. Lost is told by any order, also one that went back; what was paid by what stayed."""
    world, members = simulated.world, simulated.members
    set_rules, cycles = ground.rules, {one.name: one.cycle for one in ground.products if one.cycle}
    due, overdue, last = set(), set(), {}
    for (member, product), seen in days.items():
        if product not in cycles:
            continue
        cycle, ago = cycles[product], min(seen)
        if cycle * 80 // 100 <= ago <= max(1, cycle * 125 // 100):
            due.add(member)
        if max(1, cycle * 125 // 100) < ago <= cycle * 3:
            overdue.add(member)
    for order in world.orders:
        if order.person is not None and order.status != "已取消":
            member = members[order.person].pk
            ago = (today - datetime.fromtimestamp(order.at, ZONE).date()).days
            last[member] = min(ago, last.get(member, ago))
    paid = {member: sum(amount for _ago, amount in told) for member, told in kept.items()}
    best = sorted(paid.values())[int(0.8 * (len(paid) - 1))]
    assert ground.high_amount == best
    lost = {member for member, ago in last.items() if ago >= set_rules.lost_days}
    long = {member for member, ago in last.items() if ago >= set_rules.long_days}
    recent = lost - long
    return {
        "due": due,
        "overdue": overdue,
        "recent": recent,
        "long": long,
        "valued": {member for member in lost if paid.get(member, 0) >= best},
    }


def test_a_branch_sees_only_its_own_orders(told):
    here, there = told.community("甲群"), told.community("乙群")
    member = told.member()
    for group in (here, there):
        told.joins(member, group, NOW - timedelta(days=50))
    bought(told, member, 10, "挂耳", community=here)
    bought(told, member, 5, "滤纸", community=there)
    told.settle()
    assert [one.name for one in ground_at(NOW, here.pk).products] == ["挂耳"]
    assert list(ground_at(NOW, there.pk).buyers.ago) == [5]


def test_money_at_stake_is_that_of_the_people_on_the_list(told):
    """Robots and erased people are on no list; a web shop's order is a branch's where its buyer is one of its people."""
    group, elsewhere = told.community("这里"), told.community("那里")
    here, there, robot, erased = (
        told.member(name, is_bot=name == "机器人") for name in ("在", "不在", "机器人", "已抹除")
    )
    for member, place in ((here, group), (there, elsewhere), (robot, group), (erased, group)):
        told.joins(member, place, NOW - timedelta(days=90))
        bought(told, member, 10)
        bought(told, member, 80, "豆子", 90_000)
    told.settle()
    Member.objects.filter(pk=erased.pk).update(erased_at=NOW)
    set_cycle("挂耳", 10, at=NOW)
    for community, people in ((None, {here.pk, there.pk}), (group.pk, {here.pk})):
        ground = ground_at(NOW, community)
        by_key = {one.key: one for one in lists(ground)}
        assert set(by_key["due"].members) == people
        assert by_key["due"].at_stake == 5_000 * len(people)
        assert {one.buyers for one in ground.products} == {len(people)}
        assert set(ground.buyers.member.tolist()) == people


def test_without_a_cycle_there_is_no_rule_and_nobody_is_due(told):
    bought(told, told.member(), 10)
    told.settle()
    ground = ground_at(NOW)
    assert rule_of("due", ground) is None
    assert [len(one.members) for one in lists(ground)] == [0] * len(KEYS)


@pytest.mark.django_db
def test_a_cycle_is_set_changed_and_given_up_with_a_trace():
    set_cycle("挂耳", 30, at=NOW)
    set_cycle("挂耳", 30, at=NOW)
    set_cycle("挂耳", 25, at=NOW)
    assert ProductCycle.objects.get().days == 25
    set_cycle("挂耳", None, at=NOW)
    set_cycle("挂耳", None, at=NOW)
    assert not ProductCycle.objects.exists()
    told = list(AuditEntry.objects.order_by("id").values_list("action", "changes"))
    assert told == [
        ("winback.cycle_set", {"days": [None, 30]}),
        ("winback.cycle_set", {"days": [30, 25]}),
        ("winback.cycle_dropped", {"days": [25, None]}),
    ]
    for wrong in (0, -3, 100_000):
        with pytest.raises(Refused, match=r"winback\.cycle"):
            set_cycle("挂耳", wrong, at=NOW)


@pytest.mark.django_db
def test_rules_that_contradict_themselves_are_refused_and_change_nothing():
    for wrong in (Rules(early=130), Rules(lost_days=120), Rules(long_days=9_999), Rules(high_amount=0)):
        with pytest.raises(Refused, match="winback"):
            change_rules(wrong, at=NOW)
    assert not ListRules.objects.exists()
    change_rules(Rules(lost_days=30), at=NOW)
    assert rules() == Rules(lost_days=30)


def test_windows_follow_on_each_other():
    set_rules = Rules()
    for cycle in range(1, 400):
        due, overdue = set_rules.due(cycle), set_rules.overdue(cycle)
        assert due[0] <= due[1] < overdue[0] <= overdue[1]


def test_who_is_counted_by_week_is_due_or_overdue_or_not_yet():
    one = Product("挂耳", 3, {}, {5: 1, 30: 1, 90: 1, 400: 1}, 0, None, 30)
    weeks = due_by_week(one, Rules())
    assert weeks == (1, 1, 0, 0, 1, 0, 0, 0, 0), "90 days are overdue, 400 are over, 30 runs out today, 5 in 25 days"

"""What giving a coupon did, held against plain counting and against a known truth."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from pyroaring import BitMap

from liuliang.analytics import noise
from liuliang.analytics.experiments import Arm, Effect, effect, members_in_part, members_of_side, uplift, window_of
from liuliang.analytics.forecasts.uplift import Uplift, Withheld
from liuliang.commerce.coupons import NewTemplate, create_template
from liuliang.commerce.models import CouponRun, Order
from liuliang.people.merging import merge_members
from liuliang.people.models import Member

ZONE = "Asia/Shanghai"
DAY = timedelta(days=1)


@pytest.fixture
def begun(at):
    return at(2026, 2, 2, 9)


@pytest.fixture
def make_run(begun):
    def make(given, held):
        template = create_template(
            NewTemplate(
                name="开学券", kind="amount", off=1_000, starts_at=begun, ends_at=begun + 90 * DAY, total=10_000, most=None,
                threshold=0, currency="CNY", products=(), days=None, per_person=1, is_stacking=False, community=None,
            ),
            at=begun,
        )  # fmt: skip
        return CouponRun.objects.create(
            template=template, title="新客", members=BitMap(given).serialize(), size=len(given),
            held=BitMap(held).serialize(), held_size=len(held), created_at=begun,
        )  # fmt: skip

    return make


def test_both_sides_are_counted_as_by_hand(told, begun, make_run):
    people = {name: told.member(name) for name in ("甲", "乙", "丙", "丁", "戊", "己", "庚")}
    robot = told.member("机器人", is_bot=True)
    gone = told.member("注销")
    run = make_run(
        [people[name].id for name in "甲乙丙丁"] + [robot.id], [people[name].id for name in "戊己庚"] + [gone.id]
    )
    told.buys(people["甲"], begun + DAY, 3_000)
    told.buys(people["甲"], begun + 2 * DAY, 2_000, refunded=500)
    told.buys(people["乙"], begun - DAY, 9_000)
    told.buys(people["乙"], begun + 31 * DAY, 9_000)
    told.buys(people["丙"], begun + DAY, 4_000, refunded=4_000)
    told.buys(people["丁"], begun + DAY, 4_000, currency="USD")
    told.buys(people["戊"], begun + DAY, 1_000)
    told.buys(people["己"], begun + DAY, 1_000, status="unpaid")
    told.buys(robot, begun + DAY, 70_000)
    told.buys(None, begun + DAY, 70_000)
    Member.objects.filter(pk=gone.pk).update(erased_at=begun + DAY)
    told.settle()

    found = effect(run.pk, begun + 30 * DAY)

    # The dollars of one count as an order and not as money.
    assert found == Effect(
        Arm(4, 2, 3, 4_500.0, 4_500.0**2), Arm(3, 1, 1, 1_000.0, 1_000.0**2), 2, begun, begun + 30 * DAY, is_over=True
    )
    assert found.buyers == noise.compare_shares(2, 4, 1, 3)
    assert members_of_side(run.pk, begun + 30 * DAY, is_given=True) == (people["甲"].id, people["丁"].id)
    assert members_of_side(run.pk, begun + 30 * DAY, is_given=False) == (people["戊"].id,)
    # Who turns out to be one person on both sides is on neither, on one side counts once.
    merge_members(people["甲"].id, people["乙"].id, at=begun + 5 * DAY)
    merge_members(people["戊"].id, people["丁"].id, at=begun + 5 * DAY)
    told.settle()
    found = effect(run.pk, begun + 30 * DAY)
    assert (found.given.people, found.given.buyers, found.held.people, found.left_out) == (2, 1, 2, 5)


def test_an_order_that_the_coupon_paid_for_altogether_is_no_payment(told, begun, make_run):
    given, held = ([told.member() for _ in range(3)] for _side in range(2))
    run = make_run([each.id for each in given], [each.id for each in held])
    told.buys(given[0], begun + DAY, 0)
    told.buys(given[1], begun + DAY, 1)
    told.buys(held[0], begun + DAY, 1_000)
    told.settle()

    found = effect(run.pk, begun + 30 * DAY)

    assert (found.given.buyers, found.given.orders, found.held.buyers) == (1, 1, 1)


def test_orders_count_up_to_now_by_the_hour_and_for_thirty_days(make_run, begun, told):
    run = make_run([told.member().id], [told.member().id])
    assert window_of(run, begun + timedelta(minutes=20)) == begun
    assert window_of(run, begun + timedelta(hours=5, minutes=59)) == begun + timedelta(hours=5)
    assert window_of(run, begun + 300 * DAY) == begun + 30 * DAY
    assert not effect(run.pk, begun + 29 * DAY).is_over


def test_the_interval_of_the_effect_holds_the_truth_and_nothing_is_hardly_ever_called_something():
    dice = np.random.default_rng(4)
    inside = wrong = 0
    for truth in (0.0, 0.06):
        for _ in range(500):
            sides = [(int(dice.binomial(900, 0.2 + truth)), 900), (int(dice.binomial(300, 0.2)), 300)]
            arms = [Arm(of, did, did, 0.0, 0.0) for did, of in sides]
            found = Effect(*arms, 0, None, None, is_over=True).buyers
            inside += found.low <= truth <= found.high
            wrong += truth == 0.0 and found.is_believed
    assert 930 <= inside <= 975
    assert wrong <= 15


def test_enough_people_notice_a_difference_of_five_points_four_times_in_five():
    asked = Effect(Arm(100, 20, 20, 0, 0), Arm(100, 20, 20, 0, 0), 0, None, None, is_over=True)
    dice = np.random.default_rng(5)
    n = asked.needed
    noticed = sum(
        noise.compare_shares(int(dice.binomial(n, 0.25)), n, int(dice.binomial(n, 0.2)), n).is_believed
        for _ in range(400)
    )
    assert 0.7 <= noticed / 400 <= 0.9


def test_whom_it_moves_is_learnt_from_the_days_before_and_each_part_names_its_people(told, begun, make_run, only):
    """Who spoke in the two weeks before buys if given a coupon; nobody else is moved by it."""
    group = told.community()
    members = Member.objects.bulk_create([Member(name=f"成员{n}", created_at=begun) for n in range(1_500)])
    dice = np.random.default_rng(6)
    given, held, orders = [], [], []
    for place, member in enumerate(members):
        is_lively, is_given = place % 3 == 0, bool(dice.random() < 0.5)
        if is_lively:
            told.says(member, group, begun - timedelta(days=int(dice.integers(1, 14))))
        # What they say afterwards is no reason to have given it.
        told.says(member, group, begun + DAY)
        (given if is_given else held).append(member.id)
        if dice.random() < (0.6 if is_lively and is_given else 0.2):
            orders.append(
                Order(source="shop", number=f"o{place}", member=member, at=begun + 2 * DAY, amount=5_000, status="paid")
            )
    Order.objects.bulk_create(orders)
    told.settle()
    run, until, scope = make_run(given, held), begun + 30 * DAY, only(group)

    found = uplift(run.pk, until, scope, ZONE)

    assert isinstance(found, Uplift)
    assert found.is_better
    lively = {member.id for place, member in enumerate(members) if place % 3 == 0}
    first = members_in_part(run.pk, until, scope, ZONE, 0)
    assert len(lively.intersection(first)) / len(first) > 0.9
    everybody = [member for part in range(3) for member in members_in_part(run.pk, until, scope, ZONE, part)]
    assert sorted(everybody) == [member.id for member in members]


def test_few_people_are_no_reason_to_say_whom_it_moves(told, begun, make_run, only):
    group = told.community()
    ids = [told.member().id for _ in range(20)]
    told.settle()
    run = make_run(ids[:10], ids[10:])
    assert uplift(run.pk, begun + 30 * DAY, only(group), ZONE) == Withheld(10, 0, 250, 63)
    assert members_in_part(run.pk, begun + 30 * DAY, only(group), ZONE, 0) == ()
    assert effect(run.pk, begun + 30 * DAY).money is None

"""Commission from payment to settlement, against a model in plain Python, by histories of any order, and by many at once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crowds import begin_and_wait
from liuliang.commerce.coupons import give_coupon
from liuliang.commerce.models import Order
from liuliang.commerce.products import add_variant, create_product
from liuliang.commerce.quoting import Sale
from liuliang.commerce.refunding import RefundWanted, refund_order
from liuliang.commerce.selling import pay_order, place_order
from liuliang.kernel.errors import Refused
from liuliang.kernel.log import append
from liuliang.kernel.models import LoggedEvent
from liuliang.kernel.readers import catch_up, readers
from liuliang.loyalty.ledger import faults
from liuliang.partners.commissions import available, lock_partners, release, settle_orders
from liuliang.partners.models import Binding, Commission, OrderClaim, Partner, Settlement
from liuliang.partners.queries import with_results
from liuliang.partners.reactions import CommissionReaction
from liuliang.partners.services import bind_member, claim_order
from liuliang.partners.settling import cancel_settlement, confirm_settlement, due_currencies, make_settlement
from liuliang.people.erasure import erase_member
from liuliang.people.merging import merge_members
from liuliang.people.models import Member

from .conftest import AT

DAY = timedelta(days=1)


def standing_of(partner: Partner, currency: str = "CNY") -> dict[str, int]:
    kinds = ("awaiting", "commission", "settling", "debt")
    return {kind: amount for kind in kinds if (amount := available(partner, kind, currency))}


def refund(order: Order, amount: int) -> None:
    order.refunded += amount
    order.status = "refunded" if order.refunded == order.amount else "paid"
    order.save()
    settle_orders([order.pk], at=AT)


def paid_for(partner: Partner, make_member, make_order, amount: int = 10_000) -> Order:
    order = make_order(make_member(), amount)
    claim_order(order.pk, partner.code, at=AT)
    return order


def test_a_paid_order_earns_what_the_plan_says_once_however_often_it_is_told(
    ledger, make_partner, make_member, make_order
):
    partner = make_partner()
    order = paid_for(partner, make_member, make_order, 10_005)
    for _time in range(3):
        settle_orders([order.pk], at=AT)
    assert standing_of(partner) == {"awaiting": 1_000}, "ten percent, rounded down"
    assert LoggedEvent.objects.filter(kind="commission.given").count() == 1


def test_a_refund_takes_back_in_proportion_and_all_of_it_in_the_end(ledger, make_partner, make_member, make_order):
    partner = make_partner()
    order = paid_for(partner, make_member, make_order, 9_999)
    refund(order, 3_333)
    assert standing_of(partner) == {"awaiting": 666}, "a tenth of 6666"
    settle_orders([order.pk], at=AT)
    refund(order, 6_666)
    assert standing_of(partner) == {}
    commission = Commission.objects.get()
    assert (commission.given, commission.taken_back, commission.owed) == (999, 999, 0)


def test_commission_is_held_until_the_window_ends(ledger, make_plan, make_partner, make_member, make_order):
    partner = make_partner(make_plan(1_000, window_days=15))
    paid_for(partner, make_member, make_order)
    assert release(at=AT + 14 * DAY) == 0
    with pytest.raises(Refused, match=r"settlement\.nothing"):
        make_settlement("CNY", at=AT + 14 * DAY)
    assert release(at=AT + 15 * DAY) == 1
    assert release(at=AT + 15 * DAY) == 0
    assert standing_of(partner) == {"commission": 1_000}
    assert due_currencies() == ["CNY"]


def test_a_refund_after_settlement_is_owed_and_the_next_sheet_takes_it_off(
    ledger, make_partner, make_member, make_order
):
    partner = make_partner()
    first = paid_for(partner, make_member, make_order, 10_000)
    release(at=AT + 30 * DAY)
    sheet = make_settlement("CNY", at=AT)
    confirm_settlement(sheet, reference="银行回单 7", at=AT)
    confirm_settlement(sheet, reference="又一次", at=AT)
    assert standing_of(partner) == {}
    refund(first, 4_000)
    assert standing_of(partner) == {"debt": 400}
    paid_for(partner, make_member, make_order, 7_000)
    release(at=AT + 30 * DAY)
    line = make_settlement("CNY", at=AT).lines.get()
    assert (line.earned, line.debt, line.amount) == (700, 400, 300)
    assert standing_of(partner) == {"settling": 300}
    assert LoggedEvent.objects.filter(kind="commission.paid").count() == 1


def test_a_debt_larger_than_what_was_earned_leaves_the_rest_owed(ledger, make_partner, make_member, make_order):
    partner = make_partner()
    first = paid_for(partner, make_member, make_order, 10_000)
    release(at=AT + 30 * DAY)
    confirm_settlement(make_settlement("CNY", at=AT), reference="", at=AT)
    refund(first, 10_000)
    paid_for(partner, make_member, make_order, 3_000)
    release(at=AT + 30 * DAY)
    line = make_settlement("CNY", at=AT).lines.get()
    assert (line.earned, line.debt, line.amount) == (300, 300, 0)
    assert standing_of(partner) == {"debt": 700}


def test_a_sheet_that_is_given_up_puts_everything_back(ledger, make_partner, make_member, make_order):
    partner = make_partner()
    first = paid_for(partner, make_member, make_order, 10_000)
    release(at=AT + 30 * DAY)
    confirm_settlement(make_settlement("CNY", at=AT), reference="", at=AT)
    refund(first, 5_000)
    paid_for(partner, make_member, make_order, 20_000)
    release(at=AT + 30 * DAY)
    sheet = make_settlement("CNY", at=AT)
    for _time in range(2):
        cancel_settlement(sheet, at=AT)
    assert standing_of(partner) == {"commission": 2_000, "debt": 500}
    with pytest.raises(Refused, match=r"settlement\.cancelled"):
        confirm_settlement(sheet, reference="", at=AT)
    again = make_settlement("CNY", at=AT)
    assert again.total == 1_500
    confirm_settlement(again, reference="", at=AT)
    with pytest.raises(Refused, match=r"settlement\.paid"):
        cancel_settlement(again, at=AT)


def test_who_brought_the_partner_in_earns_the_second_level_and_nobody_above(
    ledger, make_plan, make_partner, make_member, make_order
):
    plan = make_plan(1_000, 300)
    above = make_partner(plan)
    partner = make_partner(plan, parent=above)
    order = paid_for(partner, make_member, make_order, 10_000)
    assert (standing_of(partner), standing_of(above)) == ({"awaiting": 1_000}, {"awaiting": 300})
    refund(order, 5_000)
    assert (standing_of(partner), standing_of(above)) == ({"awaiting": 500}, {"awaiting": 150})


def test_a_bound_members_order_earns_while_the_binding_holds(ledger, make_plan, make_partner, make_member, make_order):
    partner, other = make_partner(make_plan(1_000, binding_days=30)), make_partner()
    member = make_member()
    bind_member(member.pk, partner, how="staff", at=AT)
    with pytest.raises(Refused) as refused:
        bind_member(member.pk, other, how="staff", at=AT + 29 * DAY)
    assert refused.value.data["name"] == partner.name
    for days in (-1, 29, 30):
        settle_orders([make_order(member, at=AT + days * DAY).pk], at=AT)
    assert Commission.objects.get().order.at == AT + 29 * DAY
    bind_member(member.pk, other, how="staff", at=AT + 30 * DAY)
    settle_orders([make_order(member, at=AT + 30 * DAY).pk], at=AT)
    assert standing_of(other) == {"awaiting": 1_000}


def test_nobody_earns_from_what_they_buy_themselves(ledger, make_partner, make_member, make_order):
    member = make_member()
    partner = make_partner(member=member.pk)
    with pytest.raises(Refused, match=r"partner\.own"):
        bind_member(member.pk, partner, how="staff", at=AT)
    with pytest.raises(Refused, match=r"partner\.own"):
        claim_order(make_order(member).pk, partner.code, at=AT)


def test_a_code_noted_by_staff_goes_before_a_binding_and_only_before_anybody_is_paid(
    ledger, make_partner, make_member, make_order
):
    bound, noted = make_partner(), make_partner()
    member = make_member()
    bind_member(member.pk, bound, how="staff", at=AT)
    order = make_order(member, status="unpaid")
    claim_order(order.pk, bound.code, at=AT)
    # A slip is corrected as long as nobody earned by it.
    claim_order(order.pk, noted.code.lower(), at=AT)
    assert not Commission.objects.exists(), "no money has moved"
    Order.objects.filter(pk=order.pk).update(status="paid")
    settle_orders([order.pk], at=AT)
    assert standing_of(noted) == {"awaiting": 1_000}
    # What waits moves on with a correction, and back: nobody keeps what is another's, and none is given twice.
    for partner, other in ((bound, noted), (noted, bound)):
        claim_order(order.pk, partner.code, at=AT)
        assert (standing_of(partner), standing_of(other)) == ({"awaiting": 1_000}, {})
        assert [
            row.orders for row in with_results(Partner.objects.filter(pk__in=[partner.pk, other.pk]).order_by("pk"))
        ] == [
            int(partner.pk == min(partner.pk, other.pk)),
            int(partner.pk == max(partner.pk, other.pk)),
        ]
    refund(Order.objects.get(pk=order.pk), 5_000)
    assert (standing_of(noted), standing_of(bound)) == ({"awaiting": 500}, {})
    claim_order(order.pk, bound.code, at=AT)
    assert (standing_of(noted), standing_of(bound)) == ({}, {"awaiting": 500})
    assert Commission.objects.filter(replaced_at=None).count() == 1
    release(at=AT + 1_000 * DAY)
    with pytest.raises(Refused, match=r"partner\.order_settled"):
        claim_order(order.pk, noted.code, at=AT)
    assert (standing_of(noted), standing_of(bound)) == ({}, {"commission": 500})
    assert faults() == []
    with pytest.raises(Refused, match=r"partner\.code_unknown"):
        claim_order(order.pk, "NOBODY99", at=AT)


def test_an_order_that_can_earn_nothing_is_nobody_s(ledger, make_partner, make_member, make_order):
    partner, member = make_partner(), make_member()
    order = make_order(member)
    Order.objects.filter(pk=order.pk).update(refunded=order.amount, status="refunded")
    with pytest.raises(Refused, match=r"partner\.order_refunded"):
        claim_order(order.pk, partner.code, at=AT)
    Partner.objects.update(joined_at=AT + DAY)
    with pytest.raises(Refused, match=r"partner\.order_early"):
        claim_order(make_order(member).pk, partner.code, at=AT)
    assert not OrderClaim.objects.exists()


def test_who_is_not_active_or_was_not_there_yet_earns_nothing(ledger, make_partner, make_member, make_order):
    partner = make_partner()
    member = make_member()
    bind_member(member.pk, partner, how="staff", at=AT)
    Partner.objects.update(is_active=False)
    settle_orders([make_order(member).pk], at=AT)
    Partner.objects.update(is_active=True, joined_at=AT + DAY)
    settle_orders([make_order(member).pk], at=AT)
    assert not Commission.objects.exists()


def test_the_log_binds_whom_a_partner_invites_and_pays_for_what_they_buy(told, make_partner):
    group = told.community()
    shop, guest = told.member("店长"), told.member("客人")
    partner = make_partner(member=shop.pk)
    told.settle()
    told.joins(guest, group, AT, inviter=shop)
    order = told.buys(guest, AT + DAY, 20_000, product="挂耳")
    told.buys(told.member("别人"), AT + DAY, 20_000)
    told.settle()
    commission = Commission.objects.get()
    assert (commission.order_id, commission.how, commission.given) == (order.pk, "binding", 2_000)
    assert Binding.objects.get().how == "invite"
    for reader in readers():
        catch_up(reader)
    assert standing_of(partner) == {"awaiting": 2_000}


def test_an_erased_partner_keeps_sums_and_no_name(told, make_partner, make_order, make_member):
    shop, guest = told.member("店长"), told.member("客人")
    partner = make_partner(member=shop.pk)
    bind_member(guest.pk, partner, how="staff", at=AT)
    settle_orders([make_order(guest).pk], at=AT)
    told.settle()
    erase_member(shop.pk, at=AT)
    erase_member(guest.pk, at=AT)
    told.settle()
    partner.refresh_from_db()
    assert (partner.name, partner.is_active) == (partner.code, False)
    assert not Binding.objects.exists()
    assert standing_of(partner) == {"awaiting": 1_000}


def test_a_merged_members_binding_holds_for_all_their_records(ledger, make_partner, make_member, make_order):
    partner = make_partner()
    one, other = make_member("一"), make_member("二")
    bind_member(one.pk, partner, how="staff", at=AT)
    merge_members(other.pk, one.pk, at=AT)
    settle_orders([make_order(other, at=AT + DAY).pk], at=AT)
    assert standing_of(partner) == {"awaiting": 1_000}


def test_an_order_made_here_with_a_partners_coupon_is_theirs(ledger, make_partner, make_member):
    from liuliang.commerce.coupons import NewTemplate, create_template

    template = create_template(NewTemplate("导购券", "amount", 1_000, AT, AT + 30 * DAY, 10), at=AT)
    partner = make_partner(coupon=template)
    member = make_member()
    coupon = give_coupon(template, member.pk, how="hand", cause="x", at=AT)
    product = create_product("挂耳", at=AT)
    variant = add_variant(product.pk, code="G1", amount=9_900, at=AT, quantity=5)
    order = place_order(Sale(member.pk, ((variant.pk, 1),), coupons=(coupon.pk,)), key="k", at=AT, until=AT + DAY)
    settle_orders([order.pk], at=AT)
    assert not Commission.objects.exists()
    pay_order(order.pk, how="offline", reference="", at=AT)
    settle_orders([order.pk], at=AT)
    assert standing_of(partner) == {"awaiting": 890}, "a tenth of what was paid after the coupon"
    refund_order(order.pk, RefundWanted(8_900, "CNY", "r", "", AT))
    settle_orders([order.pk], at=AT)
    assert standing_of(partner) == {}
    assert Commission.objects.get().how == "coupon"


@dataclass
class Told:
    """The same rules in plain Python: balances by partner, and what each order gave whom."""

    rates: list[int]
    parents: list[int | None]
    second: int
    balances: defaultdict[tuple[int, str], int] = field(default_factory=lambda: defaultdict(int))
    orders: list[dict] = field(default_factory=list)
    sheet: dict[int, tuple[int, int]] | None = None

    def shares(self, order: dict) -> list[tuple[int, int]]:
        who = order["partner"]
        shares = [(who, self.rates[who])]
        if self.parents[who] is not None:
            shares.append((self.parents[who], self.second))
        return shares

    def pay(self, partner: int, amount: int) -> None:
        order = {"partner": partner, "amount": amount, "refunded": 0, "is_released": False}
        self.orders.append(order)
        for who, rate in self.shares(order):
            self.balances[who, "awaiting"] += amount * rate // 10_000

    def refund(self, number: int, amount: int) -> int:
        order = self.orders[number]
        amount = min(amount, order["amount"] - order["refunded"])
        before = order["amount"] - order["refunded"]
        for who, rate in self.shares(order):
            back = before * rate // 10_000 - (before - amount) * rate // 10_000
            place = "commission" if order["is_released"] else "awaiting"
            there = min(back, self.balances[who, place])
            self.balances[who, place] -= there
            self.balances[who, "debt"] += back - there
        order["refunded"] += amount
        return amount

    def release(self) -> None:
        for order in self.orders:
            if order["is_released"]:
                continue
            order["is_released"] = True
            for who, rate in self.shares(order):
                kept = (order["amount"] - order["refunded"]) * rate // 10_000
                self.balances[who, "awaiting"] -= kept
                self.balances[who, "commission"] += kept

    def settle(self) -> None:
        lines = {}
        for who in range(len(self.rates)):
            earned = self.balances[who, "commission"]
            if earned:
                debt = min(earned, self.balances[who, "debt"])
                self.balances[who, "commission"] = 0
                self.balances[who, "debt"] -= debt
                self.balances[who, "settling"] += earned - debt
                lines[who] = (earned - debt, debt)
        self.sheet = lines or None

    def close(self, *, is_paid: bool) -> None:
        for who, (amount, debt) in (self.sheet or {}).items():
            self.balances[who, "settling"] -= amount
            if is_paid:
                self.balances[who, "paid"] += amount
            else:
                self.balances[who, "commission"] += amount + debt
                self.balances[who, "debt"] += debt
        self.sheet = None


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("pay"), st.integers(0, 2), st.integers(0, 5_003)),
        st.tuples(st.just("refund"), st.integers(0, 9), st.integers(1, 4_001)),
        st.tuples(st.just("release")),
        st.tuples(st.just("settle")),
        st.tuples(st.just("paid")),
        st.tuples(st.just("cancel")),
        st.tuples(st.just("again"), st.integers(0, 9)),
    ),
    max_size=25,
)


class Machine:
    """Does each step both here and in the model."""

    def __init__(self, partners: list[Partner], make_order) -> None:
        self.partners, self.make_order = partners, make_order
        self.model = Told([1_000] * 3, [None, 0, None], 333)
        self.orders: list[Order] = []
        self.sheet: Settlement | None = None

    def pay(self, partner: int, amount: int) -> None:
        order = self.make_order(None, amount)
        claim_order(order.pk, self.partners[partner].code, at=AT)
        self.orders.append(order)
        self.model.pay(partner, amount)

    def refund(self, number: int, amount: int) -> None:
        if number < len(self.orders) and (back := self.model.refund(number, amount)):
            refund(self.orders[number], back)

    def again(self, number: int) -> None:
        if number < len(self.orders):
            settle_orders([self.orders[number].pk], at=AT)

    def release(self) -> None:
        release(at=AT + 99 * DAY)
        self.model.release()

    def settle(self) -> None:
        if self.sheet is not None:
            return
        self.model.settle()
        if self.model.sheet is None:
            with pytest.raises(Refused, match=r"settlement\.nothing"), transaction.atomic():
                make_settlement("CNY", at=AT)
            return
        self.sheet = make_settlement("CNY", at=AT)
        told_of = {line.partner_id: (line.amount, line.debt) for line in self.sheet.lines.all()}
        assert told_of == {self.partners[who].pk: line for who, line in self.model.sheet.items()}

    def paid(self) -> None:
        if self.sheet is not None:
            confirm_settlement(self.sheet, reference="", at=AT)
            self.model.close(is_paid=True)
            self.sheet = None

    def cancel(self) -> None:
        if self.sheet is not None:
            cancel_settlement(self.sheet, at=AT)
            self.model.close(is_paid=False)
            self.sheet = None


@given(steps=STEPS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_history_ends_as_the_model_says(db, make_plan, make_partner, make_order, steps):
    with transaction.atomic():
        plan = make_plan(1_000, 333)
        partners = [make_partner(plan)]
        partners += [make_partner(plan, parent=partners[0]), make_partner(plan)]
        machine = Machine(partners, make_order)
        for name, *told in steps:
            getattr(machine, name)(*told)
        for who, partner in enumerate(partners):
            balances = machine.model.balances
            expected = {kind: amount for (each, kind), amount in balances.items() if each == who and amount}
            expected.pop("paid", None)
            assert standing_of(partner) == expected
        assert faults() == []
        transaction.set_rollback(True)


def test_many_at_once_give_each_order_once_and_lose_nothing(shared_ledger, make_partner, make_order, at_once):
    partners = [make_partner(), make_partner()]
    orders = [make_order(None, 1_000) for _number in range(12)]
    for number, order in enumerate(orders):
        Order.objects.filter(pk=order.pk).update(status="unpaid")
        claim_order(order.pk, partners[number % 2].code, at=AT)
    Order.objects.update(status="paid")

    def back(order: Order):
        def run() -> None:
            Order.objects.filter(pk=order.pk).update(refunded=500)
            settle_orders([order.pk], at=AT)

        return run

    jobs = [lambda order=order: settle_orders([order.pk], at=AT) for order in orders for _time in range(3)]
    jobs += [back(order) for order in orders[:6]]
    jobs += [lambda: release(at=AT + 99 * DAY)] * 4
    results = at_once(jobs, 8)
    assert [one for one in results if isinstance(one, Exception)] == []
    for order in orders:
        settle_orders([order.pk], at=AT)
    release(at=AT + 99 * DAY)
    assert [standing_of(partner) for partner in partners] == [{"commission": 450}] * 2
    assert Commission.objects.count() == 12


def test_two_who_make_sheets_at_once_pay_everything_once(shared_ledger, make_partner, make_member, make_order, at_once):
    partners = [make_partner() for _number in range(5)]
    for partner in partners:
        paid_for(partner, make_member, make_order)
    release(at=AT + 99 * DAY)
    results = at_once([lambda: make_settlement("CNY", at=AT)] * 6, 6)
    made = [one for one in results if isinstance(one, Settlement)]
    assert all(one.code == "settlement.nothing" for one in results if not isinstance(one, Settlement))
    assert sum(sheet.total for sheet in made) == 5_000
    at_once([lambda sheet=sheet: confirm_settlement(sheet, reference="", at=AT) for sheet in made] * 4, 4)
    assert all(standing_of(partner) == {} for partner in partners)


def test_two_partners_who_bind_one_member_at_once_get_them_once(shared_ledger, make_partner, make_member, at_once):
    partners, member = [make_partner() for _number in range(4)], make_member()
    results = at_once([lambda one=one: bind_member(member.pk, one, how="staff", at=AT) for one in partners], 4)
    assert sum(isinstance(one, Binding) for one in results) == 1
    assert Binding.objects.count() == 1
    assert Member.objects.filter(pk=member.pk).exists()


def test_orders_that_are_settled_together_wait_for_nobody_in_a_circle(
    shared_ledger, make_partner, make_member, make_order
):
    first, second = make_partner(), make_partner()
    for partner in (second, first):
        member = make_member()
        bind_member(member.pk, partner, how="staff", at=AT)
        make_order(member)
    orders = list(Order.objects.order_by("pk").values_list("pk", flat=True))
    with transaction.atomic():
        lock_partners([first.pk])
        settle = begin_and_wait(lambda: settle_orders(orders, at=AT))
        lock_partners([second.pk])
    settle()
    assert [standing_of(partner) for partner in (first, second)] == [{"awaiting": 1_000}] * 2


def test_binding_and_settling_wait_in_no_circle_for_who_refunds_what_a_member_bought(told, make_partner):
    group = told.community()
    shop, guest = told.member("店长"), told.member("客人")
    make_partner(member=shop.pk)
    told.settle()
    told.joins(guest, group, AT, inviter=shop)
    order = told.buys(guest, AT + DAY, 20_000)
    append(told.facts)
    with transaction.atomic():
        Order.objects.select_for_update().get(pk=order.pk)
        follow = begin_and_wait(lambda: catch_up(CommissionReaction()))
        # As giving back the money of a paid membership does.
        Member.objects.select_for_update(no_key=True).get(pk=guest.pk)
    follow()
    assert Commission.objects.get().how == "binding"

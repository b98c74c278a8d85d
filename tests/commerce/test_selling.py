from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liuliang.commerce.coupons import give_coupon, usable, withdraw_coupon
from liuliang.commerce.models import Buyer, Coupon, Order, OrderLine
from liuliang.commerce.products import add_offer, change_variant
from liuliang.commerce.projections import BuyerProjection
from liuliang.commerce.queries import brought, sold
from liuliang.commerce.quoting import Sale, quote
from liuliang.commerce.refunding import RefundWanted, refund_order
from liuliang.commerce.selling import close_order, pay_order, place_order, time_out_orders
from liuliang.commerce.services import NewOrder, record_orders
from liuliang.kernel.errors import Refused
from liuliang.kernel.models import LoggedEvent
from liuliang.kernel.readers import catch_up
from liuliang.loyalty.holds import time_out
from liuliang.loyalty.stock import remaining
from liuliang.people.identities import Known
from liuliang.people.merging import merge_members

HOUR = timedelta(hours=1)


def place(sale: Sale, at, key: str = "k") -> Order:
    return place_order(sale, key=key, at=at, until=at + HOUR)


def pay(order: Order, at) -> Order:
    return pay_order(order.pk, how="offline", reference="", at=at)


def refund(order: Order, amount: int, at, key: str = "r", **told) -> Order:
    wanted = {"currency": "CNY", "key": key, "reason": "不合适", "at": at, **told}
    return refund_order(order.pk, RefundWanted(amount, **wanted))


def stands(variant) -> tuple[int, int, int]:
    left = remaining(variant.stock_id)
    return left.free, left.reserved, left.gone


@pytest.mark.usefixtures("ledger")
def test_an_order_reserves_then_takes(make_variant, make_member, at):
    variant, member = make_variant(9_900, quantity=5), make_member()
    order = place(Sale(member, ((variant.pk, 2),)), at)
    assert (order.status, order.amount, stands(variant)) == ("unpaid", 19_800, (3, 2, 0))
    assert not LoggedEvent.objects.filter(kind="order.paid").exists()
    order = pay(order, at + HOUR / 2)
    assert (order.status, stands(variant)) == ("paid", (3, 0, 2))
    event = LoggedEvent.objects.get(kind="order.paid")
    assert (event.member, event.data["amount"], event.occurred_at) == (member, 19_800, at + HOUR / 2)
    assert pay(order, at + HOUR / 2).paid_at == at + HOUR / 2
    assert LoggedEvent.objects.filter(kind="order.paid").count() == 1


@pytest.mark.usefixtures("ledger")
def test_the_same_form_is_one_order(make_variant, make_member, at):
    variant, member = make_variant(quantity=5), make_member()
    sale = Sale(member, ((variant.pk, 1),))
    assert place(sale, at) == place(sale, at)
    assert stands(variant) == (4, 1, 0)
    with pytest.raises(Refused, match=r"idempotency\.body"):
        place(Sale(member, ((variant.pk, 2),)), at)


@pytest.mark.usefixtures("ledger")
def test_price_and_coupon_are_applied_and_kept_with_the_order(
    make_variant, make_member, make_template, make_community, at
):
    group = make_community("群")
    variant, member = make_variant(9_900), make_member(group)
    add_offer(variant.pk, amount=8_000, at=at, communities=[group.id])
    coupon = give_coupon(make_template(1_000, threshold=8_000), member, how="hand", cause="x", at=at)
    waiting = place(Sale(member, ((variant.pk, 1),), (coupon.pk,), community=group.id, play="拼团"), at)
    # While it waits in an order it is not offered for another one.
    assert usable(member, at=at) == []
    order = pay(waiting, at)
    line = OrderLine.objects.get()
    assert (order.amount, order.discount, line.amount, line.listed, line.why) == (
        7_000,
        1_000,
        8_000,
        9_900,
        ["community"],
    )
    assert (order.community_id, order.play) == (group.id, "拼团")
    coupon.refresh_from_db()
    assert coupon.used_at == at
    assert usable(member, at=at) == []
    told = brought(coupon.template_id)
    assert (told.given, told.used, told.orders, told.gmv, told.cost) == (1, 1, 1, 7_000, 1_000)
    assert sold(variant.product_id).paid == 7_000
    change_variant(variant.pk, code=variant.code, name="", amount=12_000, per_person=None, is_active=True, at=at)
    order.refresh_from_db()
    assert order.amount == 7_000


@pytest.mark.usefixtures("ledger")
def test_one_coupon_pays_for_one_order(make_variant, make_member, make_template, at):
    variant, member = make_variant(), make_member()
    coupon = give_coupon(make_template(), member, how="hand", cause="x", at=at)
    first = place(Sale(member, ((variant.pk, 1),), (coupon.pk,)), at)
    assert place(Sale(member, ((variant.pk, 1),), (coupon.pk,)), at) == first
    with pytest.raises(Refused, match=r"coupon\.not_yours"):
        place(Sale(member, ((variant.pk, 1),), (coupon.pk,)), at, "other")
    assert stands(variant) == (9, 1, 0)
    close_order(first.pk, at=at)
    assert stands(variant) == (10, 0, 0)
    second = pay(place(Sale(member, ((variant.pk, 1),), (coupon.pk,)), at, "third"), at)
    assert second.discount == 1_000
    with pytest.raises(Refused, match=r"coupon\.not_yours"):
        place(Sale(member, ((variant.pk, 1),), (coupon.pk,)), at, "fourth")


@pytest.mark.usefixtures("ledger")
def test_a_use_that_was_undone_counts_no_more_when_the_coupon_is_used_again(
    make_variant, make_member, make_template, at
):
    variant, member = make_variant(), make_member()
    coupon = give_coupon(make_template(), member, how="hand", cause="x", at=at)
    first = pay(place(Sale(member, ((variant.pk, 1),), (coupon.pk,)), at), at)
    refund_order(first.pk, RefundWanted(first.amount, first.currency, "all", "", at))
    second = pay(place(Sale(member, ((variant.pk, 1),), (coupon.pk,)), at, "again"), at)
    told = brought(coupon.template_id)
    assert (told.given, told.used, told.orders, told.gmv, told.cost) == (1, 1, 1, second.amount, second.discount)


@pytest.mark.usefixtures("ledger")
def test_somebody_elses_coupon_is_not_taken(make_variant, make_member, make_template, at):
    coupon = give_coupon(make_template(), make_member(), how="hand", cause="x", at=at)
    with pytest.raises(Refused, match=r"coupon\.not_yours"):
        place(Sale(make_member(), ((make_variant().pk, 1),), (coupon.pk,)), at)


@pytest.mark.usefixtures("ledger")
def test_what_cannot_be_sold_is_refused_and_leaves_nothing(make_variant, make_member, at):
    member, some, few = make_member(), make_variant(quantity=5), make_variant(quantity=5, per_person=1)
    dollars, stopped = make_variant(currency="USD"), make_variant()
    change_variant(stopped.pk, code=stopped.code, name="", amount=1, per_person=None, is_active=False, at=at)
    for lines, code in (
        (((some.pk, 1), (few.pk, 2)), "order.limit"),
        (((some.pk, 6),), "order.sold_out"),
        (((some.pk, 1), (dollars.pk, 1)), "order.currency"),
        (((stopped.pk, 1),), "order.off_sale"),
        ((), "order.lines"),
        (((some.pk, 1), (some.pk, 1)), "order.lines"),
        (((some.pk, 0),), "order.quantity"),
        (((10**9, 1),), "order.off_sale"),
    ):
        with pytest.raises(Refused) as refused, transaction.atomic():
            place(Sale(member, lines), at)
        assert refused.value.code == code
    assert stands(some) == (5, 0, 0)
    assert not Order.objects.exists()


@pytest.mark.usefixtures("ledger")
def test_an_order_nobody_pays_times_out_whoever_comes_first(make_variant, make_member, make_template, at):
    variant, member = make_variant(quantity=5), make_member()
    coupon = give_coupon(make_template(), member, how="hand", cause="x", at=at)
    first = place(Sale(member, ((variant.pk, 1),), (coupon.pk,)), at, "a")
    with pytest.raises(Refused, match=r"order\.late"):
        pay(first, at + HOUR)
    assert time_out(at=at + HOUR) == 2
    assert time_out_orders(at=at + HOUR) == 1
    second = place(Sale(member, ((variant.pk, 1),)), at, "b")
    assert time_out_orders(at=at + HOUR) == 1
    assert time_out(at=at + HOUR) == 0
    assert stands(variant) == (5, 0, 0)
    assert usable(member, at=at) == [coupon]
    for order in (first, second):
        with pytest.raises(Refused, match=r"order\.closed"):
            pay(order, at)
    assert not LoggedEvent.objects.filter(kind__startswith="order.").exists()


@pytest.mark.usefixtures("ledger")
def test_an_order_that_a_coupon_paid_for_is_taken_back_once_with_coupon_and_items(
    make_variant, make_member, make_template, at
):
    member, variant = make_member(), make_variant(1_000)
    coupon = give_coupon(make_template(1_000), member, how="hand", cause="x", at=at)
    order = pay(place(Sale(member, ((variant.pk, 1),), (coupon.pk,)), at), at)
    assert (order.amount, order.status) == (0, "paid")
    with pytest.raises(Refused, match=r"refund\.amount"):
        refund(order, 1, at)
    line = OrderLine.objects.get(order=order).pk
    assert refund(order, 0, at, back={line: 1}).status == "refunded"
    assert refund(order, 0, at, back={line: 1}).status == "refunded", "the same again"
    assert usable(member, at=at) == [coupon]
    variant.refresh_from_db()
    assert remaining(variant.stock_id).free == 10
    with pytest.raises(Refused, match=r"refund\.amount"):
        refund(order, 0, at, "once more")


@pytest.mark.usefixtures("ledger")
def test_a_refund_is_never_larger_than_what_was_paid(make_variant, make_member, at):
    variant, member = make_variant(9_900), make_member()
    order = place(Sale(member, ((variant.pk, 1),)), at)
    with pytest.raises(Refused, match=r"order\.unpaid"):
        refund(order, 1, at)
    pay(order, at)
    for amount in (0, -1, 9_901):
        with pytest.raises(Refused, match=r"refund\.amount"):
            refund(order, amount, at)
    with pytest.raises(Refused, match=r"refund\.currency"):
        refund(order, 100, at, currency="USD")
    assert refund(order, 4_000, at).status == "paid"
    assert refund(order, 4_000, at).refunded == 4_000
    with pytest.raises(Refused, match=r"refund\.amount"):
        refund(order, 5_901, at, "s")
    assert refund(order, 5_900, at, "s").status == "refunded"
    assert list(LoggedEvent.objects.filter(kind="order.refunded").values_list("data__amount", flat=True)) == [
        4_000,
        5_900,
    ]


@pytest.mark.usefixtures("ledger")
def test_items_come_back_as_far_as_they_were_bought_and_coupons_with_all_the_money(
    make_variant, make_member, make_template, at
):
    variant, member = make_variant(5_000, quantity=5), make_member()
    coupon = give_coupon(make_template(), member, how="hand", cause="x", at=at)
    order = pay(place(Sale(member, ((variant.pk, 3),), (coupon.pk,)), at), at)
    line = OrderLine.objects.get().pk
    with pytest.raises(Refused, match=r"refund\.items"):
        refund(order, 1, at, back={line: 4})
    with pytest.raises(Refused, match=r"refund\.items"):
        refund(order, 1, at, back={line + 1: 1})
    refund(order, 4_000, at, "one", back={line: 1})
    assert stands(variant)[0] == 3
    assert usable(member, at=at) == []
    refund(order, 10_000, at, "rest", back={line: 2})
    assert stands(variant)[0] == 5
    assert usable(member, at=at) == [coupon]
    assert place(Sale(member, ((variant.pk, 1),), (coupon.pk,)), at, "again").discount == 1_000


def test_an_order_made_here_and_one_of_a_file_tell_the_log_the_same(transactional_db, make_variant, make_member, at):
    variant, member = make_variant(9_900), make_member()
    order = pay(place(Sale(member, ((variant.pk, 1),)), at), at)
    refund(order, 900, at + HOUR)
    told = NewOrder("1", at, Known("买家", (("phone", "+8613800000001"),)), 9_900, refunded=900, product=order.product)
    record_orders([told], source="shop", community=None, at=at)
    kinds = ("order.paid", "order.refunded")
    here, there = (
        [
            (event.kind, event.occurred_at, {key: value for key, value in event.data.items() if key != "order"})
            for event in LoggedEvent.objects.filter(source=source, kind__in=kinds).order_by("position")
        ]
        for source in ("order:liuliang", "order:shop")
    )
    assert here == there
    assert len(here) == 2
    catch_up(BuyerProjection())
    assert set(Buyer.objects.values_list("orders", "paid", "refunded")) == {(1, 9_900, 900)}
    with pytest.raises(Refused, match=r"order\.imported"):
        refund(Order.objects.get(source="shop"), 1, at)


@pytest.mark.usefixtures("shared_ledger")
def test_a_crowd_of_orders_for_two_things_sells_each_item_once_and_nobody_waits_for_ever(
    make_variant, make_member, at_once, at
):
    one, two = make_variant(quantity=40), make_variant(quantity=30)
    members = [make_member() for _number in range(100)]

    def buy(number: int, member: int) -> str:
        lines = ((one.pk, 1), (two.pk, 1)) if number % 2 else ((two.pk, 1), (one.pk, 1))
        order = place(Sale(member, lines), at, f"k{number}")
        return pay(order, at).status if number % 3 else close_order(order.pk, at=at).status

    results = at_once([lambda n=n, m=m: buy(n, m) for n, m in enumerate(members)], 40)
    outcomes = Counter(each.code if isinstance(each, Refused) else each for each in results)
    assert set(outcomes) <= {"paid", "cancelled", "order.sold_out"}, outcomes
    paid = outcomes["paid"]
    assert paid <= 30
    assert (stands(one), stands(two)) == ((40 - paid, 0, paid), (30 - paid, 0, paid))
    assert Order.objects.filter(status="paid").count() == LoggedEvent.objects.filter(kind="order.paid").count() == paid


@pytest.mark.usefixtures("shared_ledger")
def test_many_who_pay_refund_and_close_one_order_at_once_do_each_once(make_variant, make_member, at_once, at):
    variant = make_variant(10_000, quantity=10)
    order = place(Sale(make_member(), ((variant.pk, 1),)), at)
    results = at_once(
        [lambda: pay(order, at).status for _number in range(10)]
        + [lambda: close_order(order.pk, at=at).status for _number in range(10)],
        20,
    )
    order.refresh_from_db()
    assert order.status in {"paid", "cancelled"}
    assert LoggedEvent.objects.filter(kind="order.paid").count() == (order.status == "paid")
    assert not [each for each in results if not isinstance(each, str | Refused)]
    second = pay(place(Sale(order.member_id, ((variant.pk, 1),)), at, "second"), at)
    results = at_once([lambda n=n: refund(second, 3_000, at, f"r{n}").refunded for n in range(12)], 12)
    assert Counter(isinstance(each, Refused) for each in results) == {True: 9, False: 3}
    second.refresh_from_db()
    assert second.refunded == 9_000


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    amounts=st.lists(st.integers(1, 20_000), min_size=1, max_size=3),
    quantities=st.lists(st.integers(1, 3), min_size=3, max_size=3),
    off=st.integers(1, 30_000),
)
def test_what_is_paid_is_what_the_lines_cost(
    *, ledger, make_variant, make_member, make_template, at, amounts, quantities, off
):
    with transaction.atomic():
        member = make_member()
        lines = [(make_variant(amount).pk, quantity) for amount, quantity in zip(amounts, quantities, strict=False)]
        coupon = give_coupon(make_template(off), member, how="hand", cause=f"{member}", at=at)
        told = quote(Sale(member, tuple(lines), (coupon.pk,)), at=at)
        order = pay(place(Sale(member, tuple(lines), (coupon.pk,)), at, f"{member}"), at)
        before = sum(amount * quantity for amount, quantity in zip(amounts, quantities, strict=False))
        assert order.amount == told.total == max(0, before - off)
        assert sum(line.total for line in order.lines.all()) == order.amount
        assert order.amount + order.discount == before
        assert Coupon.objects.get(pk=coupon.pk).used_at == at
        transaction.set_rollback(True)


@pytest.mark.usefixtures("ledger")
def test_a_refund_that_comes_with_a_used_key_and_another_amount_is_refused(make_variant, make_member, at):
    order = pay(place(Sale(make_member(), ((make_variant(9_900).pk, 1),)), at), at)
    for _turn in range(2):
        assert refund(order, 100, at).refunded == 100
    with pytest.raises(Refused, match=r"idempotency\.body"):
        refund(order, 200, at)


@pytest.mark.usefixtures("shared_ledger")
def test_a_coupon_that_is_withdrawn_while_its_order_is_paid_waits_for_nobody_in_a_circle(
    make_variant, make_member, make_template, at_once, at
):
    for number in range(15):
        member, variant = make_member(), make_variant()
        coupon = give_coupon(make_template(), member, how="hand", cause=f"x{number}", at=at)
        order = place(Sale(member, ((variant.pk, 1),), (coupon.pk,)), at, f"order {number}")
        results = at_once(
            [
                lambda order=order: pay(order, at).status,
                *[lambda coupon=coupon: withdraw_coupon(coupon.pk, at=at)] * 3,
            ],
            4,
        )
        told = [each.code if isinstance(each, Refused) else each for each in results]
        assert told == ["paid", "coupon.used", "coupon.used", "coupon.used"]


@pytest.mark.usefixtures("ledger")
def test_what_a_product_brought_is_less_what_went_back(make_variant, make_member, at):
    variant, other = make_variant(3_000), make_variant(1_000)
    both = pay(place(Sale(make_member(), ((variant.pk, 2), (other.pk, 4))), at), at)
    whole = pay(place(Sale(make_member(), ((variant.pk, 3),)), at, "second"), at)
    # A fifth of the first order: each product bears a fifth of its own.
    refund_order(both.pk, RefundWanted(2_000, "CNY", "a", "", at))
    refund_order(whole.pk, RefundWanted(4_000, "CNY", "b", "", at))
    told = sold(variant.product_id)
    assert (told.orders, told.returned, told.items, told.paid, told.refunded) == (2, 0, 5, 15_000, 5_200)
    refund_order(whole.pk, RefundWanted(5_000, "CNY", "c", "", at))
    told = sold(variant.product_id)
    assert (told.orders, told.buyers, told.returned, told.items) == (1, 1, 1, 2)
    assert (told.paid, told.refunded, told.kept) == (15_000, 10_200, 4_800)
    assert sold(other.product_id).kept == 3_200


@pytest.mark.usefixtures("ledger")
def test_several_records_of_a_person_are_one_buyer(make_variant, make_member, make_template, at):
    variant, template, records = make_variant(), make_template(), [make_member(), make_member()]
    for member in records:
        coupon = give_coupon(template, member, how="hand", cause=str(member), at=at)
        pay(place(Sale(member, ((variant.pk, 1),), (coupon.pk,)), at, str(member)), at)
    assert (sold(variant.product_id).buyers, brought(template.pk).buyers) == (2, 2)
    merge_members(*records, at=at)
    assert (sold(variant.product_id).buyers, brought(template.pk).buyers) == (1, 1)

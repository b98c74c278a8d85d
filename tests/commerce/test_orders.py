from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liuliang.commerce.models import Buyer, Order
from liuliang.commerce.projections import BuyerProjection
from liuliang.commerce.refunding import RefundWanted, refund_imported
from liuliang.commerce.services import NewOrder, record_orders
from liuliang.kernel.models import LoggedEvent
from liuliang.kernel.projections import rebuild
from liuliang.kernel.readers import catch_up
from liuliang.people.identities import Known
from liuliang.people.merging import merge_members, split_member
from liuliang.people.models import Member, MergeProposal

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOBODY = Known()


def someone(number: int) -> Known:
    return Known(f"买家{number}", (("phone", f"1380013{number:04}"),))


def order(number: int, amount: int = 9900, **told) -> NewOrder:
    told = {"buyer": someone(number), "product": "咖啡豆", **told}
    return NewOrder(str(number), AT + timedelta(hours=number), amount=amount, **told)


def record(*orders: NewOrder, source: str = "shop"):
    return record_orders(orders, source=source, community=None, at=AT)


def logged(kind: str) -> list[int]:
    return list(LoggedEvent.objects.filter(kind=kind).order_by("position").values_list("data__amount", flat=True))


@pytest.mark.django_db
def test_the_same_order_counts_once_however_often_it_is_imported():
    assert record(order(1), order(2)).added == 2
    assert record(order(2), order(1)) == replace(record(order(1)), added=0, changed=0)
    assert logged("order.paid") == [9900, 9900]
    assert Order.objects.count() == 2


@pytest.mark.django_db
def test_one_number_in_two_shops_is_two_orders():
    record(order(1))
    record(order(1), source="other")
    assert len(logged("order.paid")) == 2


@pytest.mark.django_db
def test_an_order_that_cost_nothing_and_was_taken_back_stays_so_whatever_is_told_of_it_later():
    record(order(1, amount=0))
    (row,) = Order.objects.all()
    refund_imported(row.pk, RefundWanted(0, "CNY", "key", "", AT))
    assert record(order(1, amount=0)).changed == 0
    row.refresh_from_db()
    assert row.status == "refunded"


@pytest.mark.django_db
@pytest.mark.parametrize("before", [(), ("paid",), ("unpaid",)])
def test_an_order_that_cost_nothing_is_taken_back_when_its_source_says_so_and_once(before):
    for status in (*before, "refunded", "refunded", "paid"):
        record(order(1, 0, status=status))
    assert Order.objects.get().status == "refunded"
    assert (logged("order.paid"), logged("order.refunded")) == ([0], [0])


@pytest.mark.django_db
def test_a_refund_that_grows_is_logged_by_what_it_adds():
    record(order(1, refunded=1000))
    record(order(1, refunded=1000))
    record(order(1, refunded=4000))
    record(order(1, refunded=2500))
    record(order(1, status="refunded"))
    assert logged("order.refunded") == [1000, 3000, 5900]
    assert (Order.objects.get().refunded, Order.objects.get().status) == (9900, "refunded")


@pytest.mark.django_db
def test_an_unpaid_order_counts_when_it_is_paid():
    record(order(1, status="unpaid"))
    assert logged("order.paid") == []
    record(order(1, amount=8800))
    record(order(1, amount=8800, status="unpaid"))
    assert logged("order.paid") == [8800]
    assert Order.objects.get().status == "paid"


@pytest.mark.django_db
def test_a_cancelled_order_never_counts():
    record(order(1, status="cancelled"))
    assert (logged("order.paid"), Order.objects.get().status) == ([], "cancelled")


@pytest.mark.django_db
def test_an_amount_told_differently_later_is_reported_and_the_first_stands():
    record(order(1))
    assert record(order(1, amount=1)).conflicting == ("1",)
    assert Order.objects.get().amount == 9900


@pytest.mark.django_db
def test_amounts_are_exact_beyond_what_a_float_holds():
    record(order(1, amount=2**53 + 1))
    assert logged("order.paid") == [2**53 + 1]


@pytest.mark.django_db
def test_an_impossible_amount_is_a_programming_mistake_and_records_nothing():
    for wrong in (order(1, amount=-1), order(1, refunded=9901), order(1, refunded=-1)):
        with pytest.raises(ValueError, match="order 1"):
            record(order(2), wrong)
    assert not Order.objects.exists()


@pytest.mark.django_db
def test_two_buyers_named_for_one_order_are_proposed_as_one_person():
    record(order(1, buyer=Known("王芳", (("phone", "13900000001"),))))
    record(order(1, buyer=Known("芳芳", (("wxid", "wxid_f"),))))
    assert MergeProposal.objects.get().evidence == {"order": True}


def test_an_order_nobody_bought_is_claimed_by_the_buyer_named_later(transactional_db):
    record(order(1, buyer=NOBODY, refunded=900))
    catch_up(BuyerProjection())
    assert not Buyer.objects.exists()
    record(order(1, refunded=1000))
    record(order(1, refunded=1000))
    catch_up(BuyerProjection())
    buyer = Buyer.objects.get()
    assert (buyer.orders, buyer.paid, buyer.refunded, buyer.first_order_at) == (1, 9900, 1000, order(1).at)
    assert logged("order.paid") == [9900], "the money is not counted twice"


def test_imports_at_once_log_every_payment_and_refund_once(transactional_db):
    failures: list[Exception] = []

    def work(seed: int) -> None:
        try:
            for step in range(4):
                numbers = sorted(range(30), key=lambda n: (n * (seed * 2 + 3)) % 31)
                record(*(order(n, refunded=100 * ((n + step * seed) % 5)) for n in numbers))
        except Exception as error:  # noqa: BLE001 - shown below, in the test's own thread
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=[seed]) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(logged("order.paid")) == Order.objects.count() == 30
    assert sum(logged("order.refunded")) == sum(Order.objects.values_list("refunded", flat=True))


TOLD = st.builds(
    lambda number, buyer, refunded, status, currency: order(
        number,
        buyer=someone(buyer) if buyer else NOBODY,
        refunded=0 if status in {"unpaid", "cancelled"} else refunded,
        status=status,
        currency=currency,
    ),
    st.integers(1, 4),
    st.integers(0, 3),
    st.integers(0, 9900),
    st.sampled_from(["paid", "unpaid", "refunded", "cancelled"]),
    st.sampled_from(["CNY", "CNY", "USD"]),
)


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(batches=st.lists(st.lists(TOLD, max_size=5), max_size=6), folds=st.sets(st.integers(0, 5)))
def test_what_is_known_of_buyers_is_the_sum_over_their_orders(transactional_db, batches, folds):
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE people_member, commerce_order, kernel_event, kernel_cursor, lake_lakealias CASCADE")
    for number, batch in enumerate(batches):
        record(*batch)
        if number in folds:
            catch_up(BuyerProjection())
    people = list(Member.objects.order_by("id").values_list("id", flat=True))
    if len(people) > 1:
        merge_members(people[0], people[1], at=AT)
        if len(batches) % 2:
            split_member(people[0], at=AT)
    catch_up(BuyerProjection())
    expected: dict[int, list] = {}
    paid = Order.objects.filter(member__isnull=False).exclude(status__in=["unpaid", "cancelled"])
    for row in paid.select_related("member"):
        known = expected.setdefault(row.member.canonical_id or row.member_id, [0, 0, 0, row.at, row.at])
        yuan = row.currency == "CNY"
        known[:] = [
            known[0] + 1, known[1] + row.amount * yuan, known[2] + row.refunded * yuan,
            min(known[3], row.at), max(known[4], row.at),
        ]  # fmt: skip
    fields = ("orders", "paid", "refunded", "first_order_at", "last_order_at")

    def told() -> dict[int, list]:
        return {row[0]: list(row[1:]) for row in Buyer.objects.values_list("member_id", *fields)}

    assert told() == expected
    rebuild(BuyerProjection())
    catch_up(BuyerProjection())
    assert told() == expected

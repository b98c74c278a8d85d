from __future__ import annotations

import json

import pytest
from django.db import transaction
from systems import AT, batch, order

from liuliang.accounts.models import Staff
from liuliang.commerce.models import Order
from liuliang.commerce.services import NewOrder, record_orders
from liuliang.kernel.models import LoggedEvent
from liuliang.loyalty.models import IdempotencyKey
from liuliang.people.identities import Known
from liuliang.people.models import Identity, Member, Membership

PHONE = {"kind": "phone", "value": "139 0000 0001"}


def put(system, *orders, key="k", **told):
    return system.call("PUT", "orders", batch(*orders, **told), key=key)


def moved(number: str) -> list[tuple[str, int]]:
    """Return what the log says of an order's money."""
    rows = LoggedEvent.objects.filter(source="order:table", source_id__startswith=f"{number}:").order_by("position")
    return [(row.kind, row.data["amount"]) for row in rows]


def test_the_same_request_again_gives_the_same_answer_and_has_one_effect(ground):
    system = ground.system()
    first = put(system, order(), community=ground.group.public_id)
    again = put(system, order(), community=ground.group.public_id)
    assert first.content == again.content
    assert first.json() == {"added": 1, "changed": 0, "unchanged": 0, "conflicting": []}
    assert ("Idempotency-Replayed" in first, again["Idempotency-Replayed"]) == (False, "true")
    assert moved("N1") == [("order.paid", 9_900)]


def test_another_body_under_the_same_key_is_refused_and_changes_nothing(ground):
    system = ground.system()
    put(system, order())
    response = put(system, order("N2"))
    assert (response.status_code, response.json()["code"]) == (422, "idempotency.body")
    assert Order.objects.count() == 1
    assert put(ground.system(), order("N2")).status_code == 200, "keys of another system are other keys"


def test_the_same_order_sent_twice_counts_once(ground):
    system = ground.system()
    put(system, order(), key="a")
    assert put(system, order(), key="b").json() == {"added": 0, "changed": 0, "unchanged": 1, "conflicting": []}
    assert moved("N1") == [("order.paid", 9_900)]


def test_an_order_sent_in_pieces_comes_together(ground):
    """First unpaid and of nobody, then paid, then by whom, then some of it back, then all."""
    system = ground.system()
    put(system, order(status="unpaid", amount=9_000), key="1")
    assert moved("N1") == []
    put(system, order(), key="2")
    put(system, order(buyer={"name": "阿珍", "identities": [PHONE]}), key="3")
    put(system, order(refunded=4_000), key="4")
    put(system, order(refunded=4_000), key="5")
    put(system, order(status="refunded"), key="6")
    kinds = [("order.paid", 9_900), ("order.claimed", 9_900), ("order.refunded", 4_000), ("order.refunded", 5_900)]
    assert moved("N1") == kinds
    told = system.call("GET", "orders?number=N1").json()
    assert (told["status"], told["refunded"], told["member"]) == ("refunded", 9_900, ground.member.public_id)


def test_an_order_that_arrives_before_its_member_belongs_to_them_when_they_come(ground):
    system = ground.system()
    buyer = {"name": "新客", "identities": [{"kind": "email", "value": "New@Example.com"}]}
    put(system, order(buyer=buyer), community=ground.group.public_id)
    known = system.call("POST", "members/find", {"kind": "email", "value": "new@example.com"})
    assert Member.objects.filter(name="新客").count() == 1
    # They bought and are not in the group; who may everywhere finds them.
    assert known.json()["member"] == system.call("GET", "orders?number=N1").json()["member"]


def test_an_order_told_here_and_imported_as_a_spreadsheet_is_one(ground):
    put(ground.system(), order(), community=ground.group.public_id)
    record_orders([NewOrder("N1", AT, Known(), 9_900)], source="table", community=ground.group.pk, at=AT)
    assert Order.objects.count() == 1
    put(ground.system(), order(), source="taobao", key="other shop")
    assert Order.objects.count() == 2


def test_a_conflicting_amount_or_currency_is_told_and_the_first_stands(ground):
    system = ground.system()
    put(system, order(), order("N2"), key="a")
    told = put(system, order(amount=1), order("N2", currency="USD"), key="b").json()
    assert told["conflicting"] == ["N1", "N2"]
    assert set(Order.objects.values_list("amount", "currency")) == {(9_900, "CNY")}


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"amount": -1}, "/orders/0/amount"),
        ({"amount": 10**15}, "/orders/0/amount"),
        ({"amount": 10**40}, "/orders/0/amount"),
        ({"amount": 99.5}, "/orders/0/amount"),
        ({"amount": "99"}, "/orders/0/amount"),
        ({"amount": True}, "/orders/0/amount"),
        ({"refunded": 9_901}, "/orders/0"),
        ({"refunded": -1}, "/orders/0/refunded"),
        ({"currency": "cny"}, "/orders/0/currency"),
        ({"currency": "XAU"}, "/orders/0/currency"),
        ({"placed_at": "2026-02-28T20:00:00"}, "/orders/0/placed_at"),
        ({"placed_at": "1970-01-01T00:00:00Z"}, "/orders/0"),
        ({"placed_at": "yesterday"}, "/orders/0/placed_at"),
        ({"number": ""}, "/orders/0/number"),
        ({"number": "a\x00b"}, "/orders/0/number"),
        ({"number": "x" * 101}, "/orders/0/number"),
        ({"product": "a\x00"}, "/orders/0/product"),
        ({"quantity": 0}, "/orders/0/quantity"),
        ({"quantity": 2**31}, "/orders/0/quantity"),
        ({"status": "shipped"}, "/orders/0/status"),
        ({"buyer": {"identities": [{"kind": "phone", "value": "139****0001"}]}}, "/orders/0/buyer/identities/0/value"),
        ({"buyer": {"identities": [{"kind": "name", "value": "阿珍"}]}}, "/orders/0/buyer/identities/0/kind"),
        ({"totally": "else"}, "/orders/0/totally"),
    ],
)
def test_bad_figures_are_refused_and_said_where(wrong, pointer, ground):
    response = put(ground.system(), order("GOOD") | wrong, order("OTHER"))
    assert response.status_code == 422
    assert [one["pointer"] for one in response.json()["errors"]] == [pointer]
    assert not Order.objects.exists()


def test_a_batch_is_bounded_and_names_each_order_once(ground):
    system = ground.system()
    assert put(system).status_code == 422
    assert put(system, *(order(str(number)) for number in range(501))).status_code == 422
    assert put(system, order(), order()).json()["errors"][0]["detail"].endswith("N1")
    assert put(system, *(order(str(number)) for number in range(500))).json()["added"] == 500
    large = system.call("PUT", "orders", b" " * (1024 * 1024 + 1), key="k")
    assert (large.status_code, large.json()["code"]) == (413, "request.large")


def test_an_order_of_tomorrow_is_refused_with_the_whole_batch(ground):
    response = put(ground.system(), order(), order("N2", placed_at="2026-03-03T00:00:00+08:00"))
    assert (response.status_code, response.json()["code"]) == (422, "order.future")
    assert not Order.objects.exists()
    assert not IdempotencyKey.objects.exists(), "a refusal leaves no key: it may be tried again"


@pytest.mark.parametrize("source", ["liuliang", "mall"])
def test_nobody_writes_among_the_orders_that_are_made_here(source, ground):
    response = put(ground.system(), order(), source=source)
    assert (response.status_code, response.json()["code"]) == (422, "order.source")


def test_a_key_for_one_community_names_it_and_touches_no_order_of_another(ground):
    near, far = ground.system(where=ground.group), ground.system(where=ground.other)
    assert put(near, order()).json()["code"] == "order.community"
    assert put(near, order(), community=ground.other.public_id).json()["code"] == "community.unknown"
    assert put(near, order(), community=ground.group.public_id).status_code == 200
    taken = put(far, order("N0"), order(refunded=9_900), community=ground.other.public_id)
    assert (taken.status_code, taken.json()["code"]) == (404, "order.unknown")
    assert list(Order.objects.values_list("number", "refunded")) == [("N1", 0)]
    assert far.call("GET", "orders?number=N1").status_code == 404
    assert near.call("GET", "orders?number=N1").status_code == 200


def test_a_key_for_one_community_learns_and_changes_nothing_of_a_member_of_others(ground):
    theirs = {"kind": "phone", "value": "13900000088"}
    far, near = ground.system(where=ground.other), ground.system(where=ground.group)
    put(far, order("F1", buyer={"name": "小雨", "identities": [theirs]}), community=ground.other.public_id)
    member = Order.objects.get(number="F1").member
    Membership.objects.create(member=member, community=ground.other, first_seen_at=member.created_at)
    forged = {"name": "改名", "identities": [theirs, {"kind": "email", "value": "evil@example.com"}]}
    assert put(near, order("N2", buyer=forged), community=ground.group.public_id).status_code == 200
    member.refresh_from_db()
    assert member.name == "小雨"
    assert not Identity.objects.filter(kind="email").exists()
    assert Order.objects.get(number="N2").member == member
    assert near.call("GET", "orders?number=N2").json()["member"] is None
    assert far.call("GET", "orders?number=F1").json()["member"] == member.public_id


def test_a_system_merges_nobody_but_proposes_it(ground):
    buyer = {"name": "?", "identities": [PHONE, {"kind": "phone", "value": "13900000002"}]}
    put(ground.system(), order(buyer=buyer))
    assert not Member.objects.exclude(canonical=None).exists()


def refund(system, amount, key="r", **told):
    body = {"number": "N1", "amount": amount, "currency": "CNY", **told}
    return system.call("POST", "orders/refunds", body, key=key)


def test_a_refund_counts_once_for_its_key_and_never_beyond_what_was_paid(ground):
    system = ground.system()
    put(system, order())
    assert [refund(system, 4_000).json()["refunded"] for _again in range(2)] == [4_000, 4_000]
    too_much = refund(system, 6_000, key="s")
    assert (too_much.status_code, too_much.json()["code"]) == (422, "refund.amount")
    assert refund(system, 100, key="t", currency="USD").json()["code"] == "refund.currency"
    assert refund(system, 5_900, key="u").json()["status"] == "refunded"
    assert refund(system, 1, key="v").status_code == 422
    assert moved("N1") == [("order.paid", 9_900), ("order.refunded", 4_000), ("order.refunded", 5_900)]


def test_a_refund_told_as_it_happens_and_again_as_all_so_far_counts_once(ground):
    system = ground.system()
    put(system, order(), key="a")
    refund(system, 4_000)
    put(system, order(refunded=4_000), key="b")
    put(system, order(refunded=5_000), key="c")
    assert moved("N1") == [("order.paid", 9_900), ("order.refunded", 4_000), ("order.refunded", 1_000)]


def test_an_order_that_was_not_paid_has_nothing_to_go_back(ground):
    system = ground.system()
    put(system, order(status="unpaid"))
    assert (refund(system, 1).status_code, refund(system, 1).json()["code"]) == (409, "order.unpaid")
    assert refund(system, 1, number="N9").status_code == 404


def test_twenty_at_once_with_one_key_record_one_order(shared_ground, at_once):
    system = shared_ground.system()
    results = at_once([lambda: put(system, order(buyer={"identities": [PHONE]})) for _number in range(40)], 20)
    assert {json.dumps(each.json()) for each in results} == {json.dumps(results[0].json())}
    assert sum("Idempotency-Replayed" not in each for each in results) == 1
    assert moved("N1") == [("order.paid", 9_900)]


def test_twenty_at_once_with_keys_of_their_own_record_each_order_once(shared_ground, at_once):
    system = shared_ground.system()
    orders = [
        order(str(number), buyer={"identities": [{"kind": "qq", "value": str(number % 7)}]}) for number in range(30)
    ]

    def send(number: int):
        return put(system, *(orders if number % 2 else reversed(orders)), key=str(number))

    results = at_once([lambda number=number: send(number) for number in range(20)], 20)
    assert [each.status_code for each in results] == [200] * 20
    assert sum(each.json()["added"] for each in results) == 30
    assert LoggedEvent.objects.filter(kind="order.paid").count() == 30
    assert Member.objects.count() == 2 + 7


def test_what_is_undone_before_it_commits_leaves_neither_the_key_nor_the_effect(ground):
    system = ground.system()
    with transaction.atomic():
        put(system, order())
        transaction.set_rollback(True)
    assert not Order.objects.exists()
    assert not IdempotencyKey.objects.exists()
    assert put(system, order()).json()["added"] == 1


def test_what_an_order_came_from_is_told_once_and_stays(ground):
    system = ground.system()
    colleague = Staff.objects.create(email="atao@example.com", name="阿桃", created_at=AT)
    told = {"content": "手冲教程", "play": "拼团", "staff": "atao@example.com"}
    assert put(system, order(), key="1").status_code == 200
    assert put(system, order(**told), key="2").json()["changed"] == 1
    assert put(system, order(content="别的", staff="阿桃"), key="3").json()["unchanged"] == 1
    row = Order.objects.get()
    assert (row.content, row.play, row.staff) == ("手冲教程", "拼团", colleague)
    answer = system.call("GET", "orders?number=N1").json()
    assert (answer["content"], answer["play"], answer["staff"]) == ("手冲教程", "拼团", "阿桃")
    refused = put(system, order(), order("N2", staff="没这个人"), key="4")
    assert (refused.status_code, refused.json()["code"], Order.objects.count()) == (422, "order.staff", 1)


def test_one_wrong_order_of_a_batch_is_one_error(ground):
    told = put(ground.system(), order(amount=-5)).json()
    assert [one["pointer"] for one in told["errors"]] == ["/orders/0/amount"]
    assert [one["pointer"] for one in put(ground.system(), key="none").json()["errors"]] == ["/orders"]

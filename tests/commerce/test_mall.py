from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from django.db import transaction

from liuliang.commerce.coupons import give_coupon, usable
from liuliang.commerce.fulfilment import Parcel, finish, ship, ship_all, take_back
from liuliang.commerce.mall import (
    COUPON,
    DONE,
    GOODS,
    PRIVILEGE,
    REFUNDED,
    SERVICE,
    SHIPPED,
    WAITING,
    NewItem,
    Wanted,
    change_item,
    change_item_stock,
    create_item,
    redeem,
)
from liuliang.commerce.models import Buyer, MallItem, Order, Redemption
from liuliang.commerce.projections import BuyerProjection
from liuliang.commerce.quoting import Sale
from liuliang.commerce.reactions import ForgetAddresses
from liuliang.commerce.selling import place_order
from liuliang.kernel.errors import Refused
from liuliang.kernel.models import LoggedEvent
from liuliang.kernel.readers import catch_up
from liuliang.loyalty.models import Lot
from liuliang.loyalty.points import Reward, earn
from liuliang.loyalty.queries import balance_of
from liuliang.loyalty.stock import remaining
from liuliang.people.erasure import erase_member
from liuliang.people.models import Member

HOME = {"name": "小雨", "phone": "13800000001", "address": "人民路 1 号"}


@pytest.fixture
def rich(make_member, at):
    """A member with points in two lots: 60 that end at the year's end, 100 that never do."""

    def make(first: int = 60, second: int = 100) -> int:
        member = make_member()
        earn([Reward(member, first, f"a:{member}", date(2026, 12, 31)), Reward(member, second, f"b:{member}")], at=at)
        return member

    return make


@pytest.fixture
def make_item(at):
    def make(points: int = 50, kind: str = GOODS, quantity: int | None = 10, **told) -> MallItem:
        return create_item(NewItem("马克杯", kind, points, **told), at=at, quantity=quantity)

    return make


def get(item: MallItem, member: int, at, key: str = "k", **told) -> Redemption:
    return redeem(Wanted(item.pk, member, **{"address": HOME, **told}), key=key, at=at)


def points_of(member: int) -> int:
    return balance_of(member).available


def lots(member: int) -> list[tuple[date | None, int]]:
    return list(Lot.objects.filter(account__member=member).order_by("id").values_list("ends_on", "remaining"))


@pytest.mark.usefixtures("ledger")
def test_points_and_stock_go_once_for_a_form(make_item, rich, at):
    item, member = make_item(50), rich()
    first = get(item, member, at, quantity=2)
    assert get(item, member, at, quantity=2) == first
    assert (first.state, first.points, points_of(member)) == (WAITING, 100, 60)
    left = remaining(item.stock_id)
    assert (left.free, left.reserved, left.gone) == (8, 0, 2)
    assert lots(member) == [(date(2026, 12, 31), 0), (None, 60)]
    assert LoggedEvent.objects.filter(kind="mall.redeemed", member=member).count() == 1


@pytest.mark.usefixtures("ledger")
def test_what_is_taken_back_is_in_its_lots_again_with_the_end_it_had(make_item, rich, at):
    item, member = make_item(90), rich()
    row = get(item, member, at)
    take_back(row.pk, reason="碎了", into_stock=True, at=at)
    assert take_back(row.pk, reason="碎了", into_stock=True, at=at).state == REFUNDED
    assert (points_of(member), lots(member)) == (160, [(date(2026, 12, 31), 60), (None, 100)])
    assert remaining(item.stock_id).free == 10
    broken = get(item, member, at, "again")
    take_back(broken.pk, reason="", into_stock=False, at=at)
    assert (remaining(item.stock_id).free, points_of(member)) == (9, 160)


@pytest.mark.usefixtures("ledger")
def test_what_cannot_be_redeemed_is_refused_and_leaves_nothing(make_item, rich, at):
    member, goods = rich(), make_item(50, quantity=1, per_person=1)
    many, dear, paid = make_item(1, quantity=5, per_person=1), make_item(161), make_item(1, amount=100)
    stopped = make_item(1)
    told = {"name": "杯", "description": "", "points": 1, "amount": 0, "per_person": None}
    change_item(stopped.pk, **told, is_active=False)
    for item, asked, code in (
        (many, {"quantity": 2}, "mall.limit"),
        (many, {"quantity": 0}, "mall.quantity"),
        (dear, {}, "points.not_enough"),
        (goods, {"address": {"name": "小雨"}}, "mall.address"),
        (paid, {}, "order.way"),
        (stopped, {}, "mall.inactive"),
    ):
        with pytest.raises(Refused) as refused, transaction.atomic():
            get(item, member, at, **asked)
        assert refused.value.code == code
    get(goods, member, at)
    with pytest.raises(Refused) as refused, transaction.atomic():
        get(goods, rich(), at, "other")
    assert refused.value.code == "mall.sold_out"
    assert (Redemption.objects.count(), points_of(member), remaining(dear.stock_id).free) == (1, 110, 10)


@pytest.mark.usefixtures("ledger")
def test_an_item_must_make_sense(make_item, make_template, at):
    for told, code in (
        ({"points": 0}, "mall.price"),
        ({"points": 1, "amount": -1}, "mall.price"),
        ({"kind": "car"}, "mall.kind"),
        ({"kind": COUPON}, "mall.template"),
        ({"kind": GOODS, "template": make_template().pk}, "mall.template"),
        ({"per_person": 1, "quantity": None}, "stock.limit_uncounted"),
        ({"currency": "XXX"}, "product.currency"),
        ({"quantity": -1}, "stock.amount"),
    ):
        with pytest.raises(Refused) as refused:
            make_item(**told)
        assert refused.value.code == code


@pytest.mark.usefixtures("ledger")
def test_a_coupon_of_the_mall_is_the_members_and_goes_back_only_unused(
    make_item, make_template, make_variant, rich, at
):
    template, member, variant = make_template(per_person=5), rich(), make_variant()
    item = make_item(10, COUPON, None, template=template.pk)
    row = get(item, member, at)
    assert (row.state, usable(member, at=at)) == (DONE, [row.coupon])
    place_order(Sale(member, ((variant.pk, 1),), (row.coupon_id,)), key="o", at=at, until=at + timedelta(hours=1))
    with pytest.raises(Refused, match=r"coupon\.used"), transaction.atomic():
        take_back(row.pk, reason="", into_stock=True, at=at)
    assert points_of(member) == 150
    other = get(item, member, at, "other")
    take_back(other.pk, reason="", into_stock=True, at=at)
    assert (points_of(member), remaining(template.stock_id).free) == (150, 99)


def test_money_of_the_mall_is_an_order_like_others(transactional_db, make_item, rich, at):
    item, member = make_item(50, SERVICE, None, amount=990), rich()
    row = get(item, member, at, quantity=2, how="offline")
    order = Order.objects.get()
    assert (row.order, order.amount, order.status) == (order, 1_980, "paid")
    take_back(row.pk, reason="取消", into_stock=False, at=at)
    catch_up(BuyerProjection())
    assert Buyer.objects.values_list("orders", "paid", "refunded").get(member=member) == (1, 1_980, 1_980)
    assert points_of(member) == 160


@pytest.mark.usefixtures("ledger")
def test_goods_are_shipped_then_done_and_other_things_are_not_shipped(make_item, rich, at):
    row = get(make_item(10), rich(), at)
    with pytest.raises(Refused, match=r"mall\.tracking"):
        ship(row.pk, carrier="顺丰", tracking=" ", at=at)
    assert ship(row.pk, carrier="顺丰", tracking="SF1", at=at).state == SHIPPED
    later = ship(row.pk, carrier="顺丰", tracking="SF2", at=at + timedelta(days=1))
    assert (later.tracking, later.shipped_at) == ("SF2", at)
    assert finish(row.pk).state == finish(row.pk).state == DONE
    with pytest.raises(Refused, match=r"mall\.state"):
        ship(row.pk, carrier="", tracking="SF3", at=at)
    privilege = get(make_item(10, PRIVILEGE), rich(), at, "p", address={})
    assert privilege.state == DONE
    with pytest.raises(Refused, match=r"mall\.not_goods"):
        ship(privilege.pk, carrier="", tracking="x", at=at)


@pytest.mark.usefixtures("ledger")
def test_a_table_of_parcels_is_taken_in_as_a_whole(make_item, rich, at):
    item = make_item(10)
    first, second = get(item, rich(), at, "a"), get(item, rich(), at, "b")
    good = [Parcel(2, first.number, "顺丰", "SF1"), Parcel(3, second.number, "顺丰", "SF2")]
    for wrong, code in (
        (Parcel(4, "nothing", "", "x"), "mall.unknown"),
        (Parcel(4, second.number, "", ""), "mall.tracking"),
    ):
        with pytest.raises(Refused) as refused:
            ship_all([*good, wrong], among=Redemption.objects.all(), at=at)
        assert (refused.value.data["row"], refused.value.data["inner"].code) == (4, code)
    with pytest.raises(Refused, match=r"shipping\.row"):
        ship_all(good, among=Redemption.objects.none(), at=at)
    assert not Redemption.objects.filter(state=SHIPPED).exists()
    assert ship_all(good, among=Redemption.objects.filter(item=item), at=at) == 2
    assert set(Redemption.objects.values_list("state", "tracking")) == {(SHIPPED, "SF1"), (SHIPPED, "SF2")}


def test_the_address_of_an_erased_member_is_gone(transactional_db, make_item, rich, at):
    member = rich()
    catch_up(ForgetAddresses())
    row = get(make_item(10), member, at)
    erase_member(member, at=at)
    catch_up(ForgetAddresses())
    row.refresh_from_db()
    assert (row.address, row.points) == ({}, 10)


@pytest.mark.usefixtures("shared_ledger")
def test_a_crowd_gets_as_many_as_there_are_and_pays_for_what_it_gets(make_item, rich, at_once, at):
    item = make_item(50, quantity=20, per_person=1)
    change_item_stock(item.pk, by=5, key="more", reason="", at=at)
    members = [rich() for _number in range(60)]
    results = at_once([lambda m=m, n=n: get(item, m, at, f"{n}:{m}").state for n in range(2) for m in members], 40)
    outcomes = Counter(each.code if isinstance(each, Refused) else each for each in results)
    assert outcomes[WAITING] == 25
    assert set(outcomes) <= {WAITING, "mall.sold_out", "mall.limit"}, outcomes
    winners = set(Redemption.objects.values_list("member", flat=True))
    assert len(winners) == 25
    assert {points_of(member) for member in winners} == {110}
    assert {points_of(member) for member in set(members) - winners} == {160}


@pytest.mark.usefixtures("ledger")
def test_nothing_is_sold_given_or_sent_to_who_was_erased(make_item, make_template, make_variant, rich, at):
    member, item, template, variant = rich(), make_item(), make_template(), make_variant()
    Member.objects.filter(pk=member).update(erased_at=at)
    for tried in (
        lambda: get(item, member, at),
        lambda: give_coupon(template, member, how="segment", cause="run:1", at=at),
        lambda: place_order(Sale(member, ((variant.pk, 1),)), key="k", at=at, until=at + timedelta(hours=1)),
    ):
        with pytest.raises(Refused, match=r"member\.unknown"):
            tried()
    assert not Redemption.objects.exists()

from __future__ import annotations

from dataclasses import replace

import pytest

from liuliang.accounts.models import AuditEntry
from liuliang.commerce.models import Product, Variant
from liuliang.commerce.products import add_offer, add_variant, change_stock, change_variant, create_product
from liuliang.commerce.sheets import Row, bring_in
from liuliang.commerce.shoppers import prices_for, shopper_of
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.loyalty.leveling import NewLevel, set_ladder
from liuliang.loyalty.models import Level, MemberLevel
from liuliang.loyalty.movements import movements
from liuliang.loyalty.stock import remaining
from liuliang.people.models import Member

pytestmark = pytest.mark.usefixtures("ledger")


def pays(variant: Variant, member: int | None, quantity: int = 1) -> int:
    return prices_for(shopper_of(member, at=clock.now()), [(variant, quantity)])[0].amount


def test_a_community_price_is_for_its_members_and_those_below_it(make_variant, make_member, make_community, at):
    brand = make_community("品牌")
    group, other = make_community("群", brand), make_community("别处")
    variant = make_variant(9_900)
    add_offer(variant.pk, amount=8_000, at=at, communities=[brand.id])
    assert pays(variant, make_member(group)) == 8_000
    assert pays(variant, make_member(brand)) == 8_000
    assert pays(variant, make_member(other)) == 9_900
    assert pays(variant, make_member(group, has_left=True)) == 9_900
    assert pays(variant, None) == 9_900


def test_a_level_price_follows_the_ladder(make_variant, make_member, at):
    silver, gold = set_ladder([NewLevel("silver", "银卡", 100), NewLevel("gold", "金卡", 1_000)])
    variant, low, high = make_variant(9_900), make_member(), make_member()
    add_offer(variant.pk, amount=8_000, at=at, level=gold.pk)
    for member, level in ((low, silver), (high, gold)):
        MemberLevel.objects.create(member_id=member, level=level, since=at, review_on=at.date())
    assert [pays(variant, member) for member in (low, high)] == [9_900, 8_000]


def test_an_offer_must_be_lower_and_have_a_condition(make_variant, at):
    variant = make_variant(9_900)
    for told, code in (
        ({"amount": 9_900, "from_quantity": 2}, "offer.above"),
        ({"amount": 8_000}, "offer.conditions"),
        ({"amount": 8_000, "from_quantity": 0}, "offer.quantity"),
        ({"amount": 8_000, "level": 999}, "offer.level"),
    ):
        with pytest.raises(Refused) as refused:
            add_offer(variant.pk, at=at, **told)
        assert refused.value.code == code
    add_offer(variant.pk, amount=8_000, at=at, from_quantity=2)
    with pytest.raises(Refused, match=r"offer\.above"):
        change_variant(variant.pk, code="C1", name="", amount=8_000, per_person=None, is_active=True, at=at)


def test_stock_is_the_ledgers_and_its_history_is_told(make_variant, at):
    variant = make_variant(quantity=10)
    change_stock(variant.pk, by=5, key="a", reason="到货", at=at)
    change_stock(variant.pk, by=5, key="a", reason="到货", at=at)
    change_stock(variant.pk, by=-3, key="b", reason="破损", at=at)
    assert remaining(variant.stock_id).free == 12
    with pytest.raises(Refused, match=r"stock\.not_enough"):
        change_stock(variant.pk, by=-13, key="c", reason="", at=at)
    assert [(one.kind, one.amount) for one in movements(variant.stock_id)] == [
        ("withdrawn", -3), ("filled", 5), ("filled", 10),
    ]  # fmt: skip
    newest = movements(variant.stock_id, size=1)[0]
    assert [one.amount for one in movements(variant.stock_id, before=newest.transfer)] == [5, 10]


def test_what_never_ran_out_is_counted_from_its_first_delivery_on(make_variant, at):
    variant = make_variant(quantity=None)
    assert variant.stock_id is None
    change_stock(variant.pk, by=4, key="a", reason="", at=at)
    variant.refresh_from_db()
    assert remaining(variant.stock_id).free == 4


def test_a_limit_for_a_person_needs_something_that_is_counted(make_variant, at):
    with pytest.raises(Refused, match=r"stock\.limit_uncounted"):
        make_variant(quantity=None, per_person=1)
    variant = make_variant(quantity=None)
    told = {"code": variant.code, "name": "", "amount": 1, "is_active": True}
    with pytest.raises(Refused, match=r"stock\.limit_uncounted"):
        change_variant(variant.pk, **told, per_person=1, at=at)
    change_stock(variant.pk, by=4, key="a", reason="", at=at)
    assert change_variant(variant.pk, **told, per_person=1, at=at).per_person == 1


def test_a_code_names_one_variant(make_variant, at):
    variant = make_variant()
    with pytest.raises(Refused, match=r"variant\.code_taken"):
        add_variant(variant.product_id, code=f" {variant.code} ", amount=1, at=at)


def test_every_change_is_on_record(at):
    product = create_product("豆", at=at)
    variant = add_variant(product.pk, code="B", amount=100, at=at, quantity=3)
    change_stock(variant.pk, by=1, key="k", reason="盘点", at=at)
    add_offer(variant.pk, amount=90, at=at, from_quantity=2)
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "product.created", "product.variant_added", "product.stocked", "product.offer_added",
    ]  # fmt: skip


def test_a_table_adds_what_is_new_and_changes_what_is_known(at):
    rows = [
        Row(2, "咖啡豆", "C-250", 6_800, "250g", incoming=10),
        Row(3, "咖啡豆", "C-500", 12_800, "500g"),
        Row(4, "滤杯", "F", 9_900, is_on_sale=False),
    ]
    brought = bring_in(rows, community=None, key="one", at=at)
    assert (brought.products, brought.variants, brought.changed) == (2, 3, 0)
    again = bring_in([replace(rows[0], amount=5_800, incoming=5)], community=None, key="two", at=at)
    assert (again.products, again.variants, again.changed) == (0, 0, 1)
    variant = Variant.objects.get(code="C-250")
    assert (variant.amount, remaining(variant.stock_id).free) == (5_800, 15)
    assert Variant.objects.get(code="C-500").stock_id is None
    assert not Product.objects.get(name="滤杯").is_on_sale


def test_one_bad_row_leaves_nothing_of_the_table(at):
    rows = [Row(2, "咖啡豆", "A", 100), Row(3, "", "B", 100)]
    with pytest.raises(Refused) as refused:
        bring_in(rows, community=None, key="one", at=at)
    assert (refused.value.code, refused.value.data["number"]) == ("sheet.row", 3)
    assert refused.value.data["inner"].code == "product.name"
    assert not Product.objects.exists()


def test_a_level_that_a_price_asks_for_is_not_deleted(make_variant, at):
    (gold,) = set_ladder([NewLevel("gold", "黄金", 100)])
    add_offer(make_variant().pk, amount=1, at=at, level=gold.pk)
    with pytest.raises(Refused, match=r"level\.needed"):
        set_ladder([NewLevel("silver", "白银", 50)])
    assert list(Level.objects.values_list("key", "threshold")) == [("gold", 100)]


def test_a_merged_record_brings_its_member_price_along(make_variant, make_member, at):
    silver, gold = set_ladder([NewLevel("silver", "白银", 50), NewLevel("gold", "黄金", 100)])
    variant = make_variant(9_900)
    add_offer(variant.pk, amount=7_000, at=at, level=gold.pk)
    one, two = make_member(), make_member()
    MemberLevel.objects.create(member_id=one, level=gold, since=at, review_on=at.date())
    assert (pays(variant, one), pays(variant, two)) == (7_000, 9_900)
    Member.objects.filter(pk=one).update(canonical_id=two)
    assert pays(variant, two) == 7_000
    MemberLevel.objects.create(member_id=two, level=silver, since=at, review_on=at.date())
    assert pays(variant, two) == 7_000

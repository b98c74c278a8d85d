"""What the pages of the shop say and do, beyond what every page must."""

from __future__ import annotations

import io
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from python_calamine import CalamineWorkbook

from liuliang.accounts.models import Role
from liuliang.commerce.mall import NewItem, create_item
from liuliang.commerce.models import (
    CodeBatch,
    Coupon,
    CouponRule,
    CouponRun,
    Order,
    OrderLine,
    Product,
    Redemption,
    Variant,
)
from liuliang.console.choosing import people_named
from liuliang.kernel import clock
from liuliang.loyalty.points import Reward, earn
from liuliang.loyalty.stock import remaining
from liuliang.people.access import Access
from liuliang.people.models import Grant, Member, Membership
from liuliang.people.names import grams

pytestmark = pytest.mark.django_db
PART = {"HX-Request": "true", "HX-Target": "div#order-quote"}


@pytest.fixture
def owner(world):
    return world.sign_in(world.owner)


def variant_of(world) -> Variant:
    return world.product.variants.get()


def test_the_page_of_a_product_says_what_a_member_pays_and_why_a_stranger_does_not(world, owner, read):
    stranger = Member.objects.get(name="乙群小明")
    url = reverse("console:product-price", args=[world.product.public_id])
    assert "¥80.00" in read(owner.get(url, {"member": world.member.public_id}))
    text = read(owner.get(url, {"member": stranger.public_id}))
    assert "¥99.00" in text
    assert "不在这些社群里" in text
    Member.objects.filter(pk=world.member.pk).update(name_grams=grams(world.member.name))
    assert world.member.name in read(owner.get(url, {"q": "阿珍"}))


def test_a_workbook_of_products_comes_back_as_it_went_out(world, owner):
    sent = owner.post(reverse("console:export-products"))
    book = SimpleUploadedFile("商品.xlsx", b"".join(sent.streaming_content))
    variant = variant_of(world)
    before = (variant.amount, variant.name, remaining(variant.stock_id).free, Product.objects.count())
    told = {"file": book, "community": world.brand.public_id}
    assert owner.post(reverse("console:import-products"), told).status_code == 302
    variant.refresh_from_db()
    assert (variant.amount, variant.name, remaining(variant.stock_id).free, Product.objects.count()) == before


def test_what_is_no_workbook_is_refused_in_words(world, owner, read):
    told = {"file": SimpleUploadedFile("x.xlsx", b"not a workbook"), "community": ""}
    answer = owner.post(reverse("console:import-products"), told)
    assert answer.status_code == 422
    assert "notice-error" in read(answer)


def test_an_order_is_quoted_while_it_is_typed_and_placed_as_it_was_quoted(world, owner, read):
    before = set(Order.objects.values_list("pk", flat=True))
    coupon = Coupon.objects.get(member=world.member)
    told = {"member": world.member.public_id, f"quantity-{variant_of(world).pk}": "2", "coupon": coupon.pk}
    quoted = read(owner.get(reverse("console:new-order"), told, headers=PART))
    assert "¥150.00" in quoted
    assert "社群价" in quoted
    assert "<html" not in quoted
    where = {"community": world.group.public_id, "wait": "30", "key": "once"}
    for _turn in range(2):
        assert owner.post(reverse("console:new-order"), told | where).status_code == 302
    order = Order.objects.exclude(pk__in=before).get()
    assert (order.amount, order.discount, order.staff) == (15_000, 1_000, world.owner)
    assert OrderLine.objects.get(order=order).why == ["community"]


def test_what_cannot_be_ordered_is_said_in_the_form_and_nothing_is_made(world, owner, read):
    before = set(Order.objects.values_list("pk", flat=True))
    told = {"member": world.member.public_id, f"quantity-{variant_of(world).pk}": "10"}
    where = {"community": world.group.public_id, "wait": "30", "key": "k"}
    answer = owner.post(reverse("console:new-order"), told | where)
    assert answer.status_code == 422
    assert "库存不够" in read(answer)
    assert set(Order.objects.values_list("pk", flat=True)) == before


def test_staff_of_another_branch_cannot_sell_what_is_not_theirs(world):
    before = set(Order.objects.values_list("pk", flat=True))
    client = world.sign_in(world.staff["admin of 乙"])
    outsider = Member.objects.get(name="乙群小明")
    told = {"member": outsider.public_id, f"quantity-{variant_of(world).pk}": "1"}
    where = {"community": world.other.public_id, "wait": "30", "key": "k"}
    assert client.post(reverse("console:new-order"), told | where).status_code == 422
    assert set(Order.objects.values_list("pk", flat=True)) == before


def test_a_refund_larger_than_the_order_is_refused_in_the_dialog(world, owner, read):
    owner.post(reverse("console:pay-order", args=[world.order.pk]), {"how": "offline"})
    url = reverse("console:refund-order", args=[world.order.pk])
    assert owner.post(url, {"amount": "80.01", "key": "a"}).status_code == 422
    line = world.order.lines.get()
    assert owner.post(url, {"amount": "80", "key": "b", f"line-{line.pk}": "1"}).status_code == 302
    world.order.refresh_from_db()
    assert (world.order.status, remaining(variant_of(world).stock_id).free) == ("refunded", 10)


def test_codes_leave_once_and_wrong_ones_tell_nothing(world, owner, read):
    batch = world.template.batches.get()
    text = read(owner.post(reverse("console:export-codes", args=[world.template.public_id, batch.pk])))
    code = batch.codes.first().code
    assert f"{code[:4]}-{code[4:8]}-{code[8:]}" in text
    url = reverse("console:claim-code", args=[world.template.public_id])
    wrong = read(owner.post(url, {"code": "AAAA-BBBB-CCCC", "member": world.member.public_id}))
    assert "这个券码用不了" in wrong


def test_where_goods_go_is_shown_only_to_who_may_see_contacts(world, read):
    url = reverse("console:redemption", args=[world.redemption.number])
    assert "密云路" in read(world.sign_in(world.staff["service of 甲"]).get(url))
    assert "密云路" not in read(world.sign_in(world.staff["analyst of 甲"]).get(url))
    packer = world.staff["no role at all"]
    role = Role.objects.create(name="打包", permissions=["orders.view", "orders.edit", "members.view"])
    Grant.objects.create(staff=packer, role=role, community=world.brand)
    client = world.sign_in(packer)
    assert "密云路" not in read(client.get(url))
    assert client.post(reverse("console:export-shipping")).status_code == 403


def test_the_shipping_list_holds_what_waits_and_comes_back_with_numbers(world, owner):
    sent = owner.post(reverse("console:export-shipping"))
    assert io.BytesIO(b"".join(sent.streaming_content)).read(2) == b"PK"
    owner.post(reverse("console:ship-redemption", args=[world.redemption.number]), {"tracking": "SF1"})
    assert Redemption.objects.get().tracking == "SF1"
    assert owner.post(reverse("console:export-shipping")).status_code == 409


def test_lists_cost_as_many_queries_for_many_rows_as_for_one(world, owner, django_assert_max_num_queries):
    from liuliang.commerce.products import add_variant, create_product
    from liuliang.kernel import clock

    for number in range(12):
        product = create_product(f"茶 {number}", at=clock.now())
        add_variant(product.pk, code=f"T{number}", amount=100, at=clock.now(), quantity=3)
    for name in ("products", "coupons", "orders", "mall", "redemptions"):
        owner.get(reverse(f"console:{name}"))
        with django_assert_max_num_queries(16):
            owner.get(reverse(f"console:{name}"))


def test_a_form_that_is_sent_twice_makes_one_run_one_batch_and_one_rule(world, owner):
    kept = [CouponRun.objects.count(), CodeBatch.objects.count(), CouponRule.objects.count()]
    for name, told in (
        ("give-coupon-to-segment", {"segment": world.segment.public_id}),
        ("make-codes", {"title": "传单", "count": "3"}),
        ("new-coupon-rule", {"behaviour": "join", "community": world.group.public_id}),
    ):
        for _turn in range(2):
            url = reverse(f"console:{name}", args=[world.template.public_id])
            assert owner.post(url, told | {"key": "once"}).status_code == 302
    made = [CouponRun.objects.count(), CodeBatch.objects.count(), CouponRule.objects.count()]
    assert made == [count + 1 for count in kept]


def test_addresses_leave_only_for_whom_one_may_contact(world):
    packer = world.staff["no role at all"]
    may_ship = Role.objects.create(name="打包", permissions=["orders.view", "orders.edit", "members.view"])
    may_call = Role.objects.create(name="电话", permissions=["orders.view", "orders.edit", "members.contact"])
    Grant.objects.create(staff=packer, role=may_ship, community=world.brand)
    Grant.objects.create(staff=packer, role=may_call, community=world.other)
    answer = world.sign_in(packer).post(reverse("console:export-shipping"))
    assert answer.status_code == 409, "nothing waits for those one may contact"


def test_points_are_redeemed_only_for_members_where_one_may_take_orders(world):
    helper = world.staff["no role at all"]
    looks = Role.objects.create(name="看看", permissions=["members.view", "shop.view", "orders.view"])
    sells = Role.objects.create(name="卖货", permissions=["orders.view", "orders.edit", "members.view", "shop.view"])
    Grant.objects.create(staff=helper, role=looks, community=world.brand)
    Grant.objects.create(staff=helper, role=sells, community=world.other)
    item = create_item(NewItem("贴纸", "privilege", 30), at=world.order.at)
    told = {"member": world.member.public_id, "quantity": "1", "key": "x"}
    before = Redemption.objects.count()
    world.sign_in(helper).post(reverse("console:redeem-mall-item", args=[item.public_id]), told)
    assert Redemption.objects.count() == before
    outsider = Member.objects.get(name="乙群小明")
    earn([Reward(outsider.pk, 50, "gift")], at=world.order.at)
    answer = world.sign_in(helper).post(
        reverse("console:redeem-mall-item", args=[item.public_id]), told | {"member": outsider.public_id}
    )
    assert answer.status_code == 302


def test_the_mall_gives_only_coupons_that_one_may_give(world):
    keeper = world.staff["no role at all"]
    role = Role.objects.create(name="店长", permissions=["shop.view", "shop.edit"])
    Grant.objects.create(staff=keeper, role=role, community=world.brand)
    told = {
        "name": "白送券", "kind": "coupon", "points": "1", "currency": "CNY", "template": str(world.template.pk),
        "community": world.brand.public_id,
    }  # fmt: skip
    client, url = world.sign_in(keeper), reverse("console:new-mall-item")
    assert client.post(url, told).status_code == 422
    role.permissions = [*role.permissions, "coupons.give"]
    role.save()
    assert client.post(url, told).status_code == 302


def test_orders_in_yen_are_exported_as_yen(world, owner):
    Order.objects.filter(pk=world.order.pk).update(currency="JPY", amount=12_300)
    body = b"".join(owner.get(reverse("console:orders"), {"export": "csv"}).streaming_content).decode()
    assert "12300" in body.replace(",12300.0", ",12300")
    assert "123.0," not in body


def test_a_merged_members_parcel_is_still_sent_by_their_branch(world):
    packer = world.sign_in(world.staff["service of 甲"])
    twin = Member.objects.get(name="密友阿珍珍")
    Member.objects.filter(pk=world.member.pk).update(canonical=twin)
    url = reverse("console:redemption", args=[world.redemption.number])
    assert packer.get(url).status_code == 200


def test_what_brought_sales_leads_to_its_orders_and_is_noted_on_one(world, owner, read):
    yesterday = clock.now() - timedelta(days=1)
    Order.objects.filter(pk=world.order.pk).update(
        status="paid", content="手冲教程", amount=9_900, refunded=900, at=yesterday
    )
    page = reverse("console:order-origins")
    text = read(owner.get(page))
    assert "手冲教程" in text
    assert "¥90.00" in text
    body = b"".join(owner.get(page, {"export": "csv"}).streaming_content).decode()
    assert "手冲教程,90.00,1,1,CNY" in body
    book = CalamineWorkbook.from_filelike(io.BytesIO(b"".join(owner.get(page, {"export": "xlsx"}).streaming_content)))
    assert ["手冲教程", 90, 1, 1, "CNY"] in book.get_sheet_by_index(0).to_python()
    listed = read(owner.get(reverse("console:orders"), {"content": "手冲教程"}))
    assert world.order.number in listed
    assert world.order.number not in read(owner.get(reverse("console:orders"), {"content": "别的"}))
    told = {"content": "直播", "play": "拼团", "staff": str(world.owner.pk)}
    assert owner.post(reverse("console:note-origin", args=[world.order.pk]), told).status_code == 302
    world.order.refresh_from_db()
    assert (world.order.content, world.order.play, world.order.staff) == ("直播", "拼团", world.owner)
    assert "拼团" in read(owner.get(page, {"by": "play"}))


@pytest.mark.parametrize("by", ["content", "play", "staff", "community"])
def test_a_row_of_what_brought_sales_opens_the_orders_it_was_added_up_from(world, owner, read, by):
    yesterday = clock.now() - timedelta(days=1)
    Order.objects.update(status="cancelled")
    told = {"status": "paid", "at": yesterday, "currency": "CNY", "amount": 5_000, "refunded": 0}
    Order.objects.filter(pk=world.order.pk).update(**told, content="教程", play="拼团", staff=world.owner)
    Order.objects.create(source="table", number="无源一号", **told)
    rows = owner.get(reverse("console:order-origins"), {"by": by}).context["listing"].slice.rows
    assert len(rows) == 2
    page = owner.get(reverse("console:order-origins"), {"by": by}).context["listing"]
    for one in rows:
        listed = owner.get(page.listing.row_url(one)).context["listing"].slice.rows
        wanted = world.order.number if one.key else "无源一号"
        assert [each.number for each in listed] == [wanted]
        assert sum(each.amount - each.refunded for each in listed) == one.amount


def test_a_colleague_sees_what_the_orders_of_their_groups_brought_and_no_others(world, read):
    yesterday = clock.now() - timedelta(days=1)
    told = {"status": "paid", "at": yesterday, "amount": 5_000}
    Order.objects.create(source="table", number="甲一", community=world.group, content="甲的教程", **told)
    Order.objects.create(source="table", number="乙一", community=world.other, content="乙的教程", **told)
    text = read(world.sign_in(world.staff["service of 甲"]).get(reverse("console:order-origins")))
    assert "甲的教程" in text
    assert "乙的教程" not in text


def test_a_buyer_who_is_known_elsewhere_alone_is_not_named_by_their_order(world, owner, read):
    stranger = Member.objects.get(name="乙群小明")
    nobody = Member.objects.create(name="只买过的人", created_at=clock.now())
    told = {"source": "table", "at": clock.now(), "status": "paid", "amount": 100, "community": world.group}
    theirs = Order.objects.create(number="一", member=stranger, **told)
    Order.objects.create(number="二", member=nobody, **told)
    manager = world.sign_in(world.staff["community_owner of 甲"])
    for url in (reverse("console:orders"), reverse("console:order", args=[theirs.pk])):
        text = read(manager.get(url))
        assert "一位成员" in text
        assert stranger.name not in text
        assert stranger.name in read(owner.get(url))
    assert nobody.name in read(manager.get(reverse("console:orders")))
    assert (
        stranger.name not in b"".join(manager.get(f"{reverse('console:orders')}?export=csv").streaming_content).decode()
    )


def test_what_brought_sales_asks_as_few_questions_of_many_origins_as_of_one(world, owner):
    yesterday = clock.now() - timedelta(days=1)
    url = reverse("console:order-origins")
    asked = []
    for number in range(60):
        Order.objects.create(
            source="table", number=f"多{number}", at=yesterday, amount=number, content=f"内容{number}", status="paid"
        )
        if number in {0, 59}:
            owner.get(url)
            with CaptureQueriesContext(connection) as counted:
                owner.get(url)
            asked.append(len(counted))
    assert asked[0] == asked[1]
    assert asked[1] <= 16


def test_who_makes_more_codes_than_coupons_are_left_is_told(world, owner, read):
    url = reverse("console:make-codes", args=[world.template.public_id])
    # Of 100 one was given, and two codes are about.
    assert "现在还剩 99 张券，没领的券码有 2 个" in read(owner.get(url, headers={"hx-request": "true"}))
    enough = owner.post(url, {"title": "传单", "count": "97", "key": "a"}, follow=True)
    assert "注意" not in read(enough)
    more = owner.post(url, {"title": "传单", "count": "1", "key": "b"}, follow=True)
    assert "没领的券码有 100 个，券只剩 99 张" in read(more)


def test_namesakes_are_told_apart_by_their_groups(world, read):
    for place in (world.group, world.other):
        twin = Member.objects.create(name="蒋晓彤", name_grams=grams("蒋晓彤"), created_at=clock.now())
        Membership.objects.create(member=twin, community=place, first_seen_at=clock.now(), is_present=True)
    price = reverse("console:product-price", args=[world.product.public_id])
    redeem = reverse("console:redeem-mall-item", args=[world.item.public_id])
    for url in (price, redeem):
        text = read(world.sign_in(world.owner).get(url, {"q": "蒋晓彤"}, headers={"hx-request": "true"}))
        assert f'<span class="faint">{world.group.name}' in text
        assert f'<span class="faint">{world.other.name}' in text


def test_a_group_that_one_may_not_see_tells_nobody_apart(world):
    twin = Member.objects.create(name="蒋晓彤", name_grams=grams("蒋晓彤"), created_at=clock.now())
    for place in (world.group, world.other):
        Membership.objects.create(member=twin, community=place, first_seen_at=clock.now(), is_present=True)
    request = SimpleNamespace(access=Access(world.staff["admin of 乙"]))
    assert [found.groups for found in people_named(request, "蒋晓彤")] == [[world.other.name]]

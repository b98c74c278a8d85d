"""The pages of partners: refusals that name the law, results that equal the ledger, a sheet from making to payment."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from PIL import Image
from python_calamine import CalamineWorkbook

from liuliang.commerce.models import Order, Product
from liuliang.commerce.products import add_variant, create_product
from liuliang.kernel import clock
from liuliang.kernel.clock import local_day
from liuliang.partners.commissions import release, settle_orders
from liuliang.partners.models import Commission, Material, Partner, Plan, Settlement, TrainingItem
from liuliang.partners.services import bind_member, claim_order
from liuliang.people.blueprint import logo_from

PLAN = {"name": "门店导购", "rates": "8, 2", "window_days": 0, "binding_days": 90, "is_confirmed": "on"}


@pytest.fixture
def seller(told, browser):
    client = browser()
    client.post(reverse("console:new-partner-plan"), PLAN)
    plan = Plan.objects.get()
    client.post(reverse("console:new-partner"), {"name": "李店长", "kind": "assistant", "plan": plan.public_id})
    Partner.objects.update(joined_at=clock.now() - timedelta(days=30))
    buyer = told.member("阿珍")
    bind_member(buyer.pk, Partner.objects.get(), how="staff", at=clock.now() - timedelta(days=20))
    for amount in (10_000, 5_000):
        order = told.buys(buyer, clock.now() - timedelta(days=3), amount, product="挂耳")
        settle_orders([order.pk], at=clock.now())
    release(at=clock.now())
    return client


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"entry_fee": "998"}, "第七条第（二）项"),
        ({"per_head": "50"}, "第七条第（一）项"),
        ({"rates": "8, 2, 1"}, "第七条第（三）项"),
        ({"rates": "8, 2", "is_confirmed": ""}, "第七条第（三）项"),
        ({"rates": "百分之八"}, "佣金比例读不懂"),
    ],
)
def test_a_plan_beyond_the_law_is_refused_with_the_rule_that_forbids_it(told, browser, changed, sentence):
    answer = browser().post(reverse("console:new-partner-plan"), {**PLAN, **changed})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Plan.objects.exists()


def test_the_list_and_the_page_of_a_partner_say_what_was_brought_and_earned(seller):
    text = seller.get(reverse("console:partners")).content.decode()
    assert "李店长" in text
    assert "¥150.00" in text
    assert "¥12.00" in text
    partner = Partner.objects.get()
    text = seller.get(reverse("console:partner", args=[partner.public_id])).content.decode()
    assert partner.code in text
    assert "2 单，1 位买家" in text
    assert "阿珍" in text


def test_a_sheet_is_made_taken_along_and_paid_and_a_later_refund_is_owed(seller):
    seller.post(reverse("console:new-settlement"), {"currency": "CNY"})
    sheet = Settlement.objects.get()
    answer = seller.get(reverse("console:export-settlement", args=[sheet.public_id]))
    body = b"".join(answer.streaming_content)
    head, line = CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(0).to_python()
    assert (head[0], line[0], line[4]) == ("名字", "李店长", 12)
    seller.post(reverse("console:confirm-settlement", args=[sheet.public_id]), {"reference": "回单"})
    assert "已付" in seller.get(reverse("console:settlement", args=[sheet.public_id])).content.decode()
    order = Order.objects.order_by("id").first()
    Order.objects.filter(pk=order.pk).update(refunded=10_000, status="refunded")
    settle_orders([order.pk], at=clock.now())
    text = seller.get(reverse("console:partner", args=[Partner.objects.get().public_id])).content.decode()
    assert re.search(r"欠款</div><div class=\"figure-value\">¥8.00", text)
    assert seller.post(reverse("console:new-settlement"), {"currency": "CNY"}).status_code == 409


def test_what_is_held_is_said_with_the_days_on_which_it_can_be_settled(seller):
    assert "还在退款观察期" not in seller.get(reverse("console:settlements")).content.decode()
    first, second = Commission.objects.order_by("given")
    for commission, days in ((first, 3), (second, 9)):
        commission.released_at, commission.release_at = None, clock.now() + timedelta(days=days)
        commission.save()
    days = [local_day(clock.now() + timedelta(days=days), "Asia/Shanghai").isoformat() for days in (3, 9)]
    text = seller.get(reverse("console:settlements")).content.decode()
    assert f"还在退款观察期：¥12.00（1 人），最早的 {days[0]} 可以结算，最晚的 {days[1]}。" in text
    first.release_at = second.release_at
    first.save()
    text = seller.get(reverse("console:settlements")).content.decode()
    assert f"还在退款观察期：¥12.00（1 人），{days[1]} 可以结算。" in text


def test_pages_say_what_to_do_before_there_is_anybody(told, browser):
    client = browser()
    assert "先建佣金方案" in client.get(reverse("console:partners")).content.decode()
    assert "还没有结算单" in client.get(reverse("console:settlements")).content.decode()
    for name, words in {"ranking": "还没有可以排的人", "materials": "还没有素材", "training": "还没有培训"}.items():
        assert words in client.get(reverse(f"console:partner-{name}")).content.decode()
    assert "还没有方案" in client.get(reverse("console:partner-plans")).content.decode()


def made_material(client, make_picture, **more) -> Material:
    sent = io.BytesIO(make_picture(400, 300))
    sent.name = "杯子.jpg"
    form = {"title": "秋天的第一杯", "text": "我是{name}，报 {code} 有礼", "picture": sent, "is_active": "on", **more}
    answer = client.post(reverse("console:new-partner-material"), form)
    assert answer.status_code == 302, answer.content.decode()
    return Material.objects.get()


def test_a_material_is_written_once_and_each_partner_has_it_with_their_own_code(seller, make_picture):
    material, partner = made_material(seller, make_picture), Partner.objects.get()
    assert "秋天的第一杯" in seller.get(reverse("console:partner-materials")).content.decode()
    text = seller.get(reverse("console:partner", args=[partner.public_id])).content.decode()
    assert f"我是李店长，报 {partner.code} 有礼</textarea>" in text
    shown = seller.get(reverse("console:partner-material-picture", args=[material.pk]))
    assert shown.headers["Content-Type"] == "image/jpeg"
    poster = seller.get(reverse("console:partner-poster", args=[partner.public_id, material.pk]))
    assert poster.headers["Content-Disposition"].startswith("attachment")
    assert Image.open(io.BytesIO(poster.content)).format == "PNG"
    form = {"title": "秋天的第一杯", "text": "报 {code}", "remove_picture": "on"}
    seller.post(reverse("console:partner-material", args=[material.pk]), form)
    assert seller.get(reverse("console:partner-material-picture", args=[material.pk])).status_code == 404
    text = seller.get(reverse("console:partner", args=[partner.public_id])).content.decode()
    assert "</textarea>" not in text, "what is not in use is not sent on"


def test_a_product_stands_on_the_poster_with_its_lowest_price_and_its_picture(seller, make_picture):
    product = create_product("挂耳咖啡", at=clock.now(), picture=logo_from(make_picture(300, 300)))
    add_variant(product.pk, code="A", name="小盒", amount=3_900, at=clock.now())
    material = made_material(seller, make_picture, product=product.public_id, picture="")
    partner = Partner.objects.get()
    url = reverse("console:partner-poster", args=[partner.public_id, material.pk])
    drawn = seller.get(url).content
    assert Image.open(io.BytesIO(drawn)).getpixel((540, 200))[0] > 200, "the product's picture, which is red"
    add_variant(product.pk, code="B", name="大盒", amount=6_900, at=clock.now())
    assert seller.get(url).content != drawn, "“from” the lowest price, now that there are two"
    Product.objects.update(picture="data:image/png;base64,iVBORw0KGgo=", is_on_sale=False)
    assert seller.get(url).status_code == 200, "a picture that cannot be drawn is left out"
    form = seller.get(reverse("console:partner-material", args=[material.pk])).content.decode()
    assert "挂耳咖啡" in form, "what is no longer on sale stays chosen where it was"


def test_materials_come_a_page_at_a_time_and_those_out_of_use_stand_apart(seller):
    for number in range(50):
        is_active = number != 7
        Material.objects.create(title=f"第{number}篇", text="报 {code}", is_active=is_active, changed_at=clock.now())
    address = reverse("console:partner-materials")
    first = seller.get(address).content.decode()
    assert first.count('<article class="card material') == 48
    (after,) = re.findall(r'rel="next" href="([^"]+)"', first)
    second = seller.get(address + after).content.decode()
    assert "第0篇" in second
    assert second.count('<article class="card material') == 1
    assert 'rel="prev"' in second
    off = seller.get(address + "?state=off").content.decode()
    assert off.count('<article class="card material') == 1
    assert "第7篇" in off


@pytest.mark.parametrize(
    ("sent", "sentence"), [(b"<svg onload=alert(1)>", "不是能打开的"), (b"\0" * 2_200_000, "图片太大")]
)
def test_what_is_no_picture_is_refused_in_words_and_nothing_is_kept(told, browser, sent, sentence):
    file = io.BytesIO(sent)
    file.name = "图.jpg"
    form = {"title": "上新", "text": "报 {code}", "picture": file}
    answer = browser().post(reverse("console:new-partner-material"), form)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Material.objects.exists()


def test_a_partners_link_is_checked_kept_and_shown(seller):
    partner = Partner.objects.get()
    url, plan = reverse("console:edit-partner", args=[partner.public_id]), Plan.objects.get().public_id
    form = {"name": "李店长", "plan": plan, "is_active": "on"}
    answer = seller.post(url, {**form, "link": "javascript:alert(1)"})
    assert "手机打得开的网址" in answer.content.decode()
    seller.post(url, {**form, "link": "https://shop.example.cn/li"})
    text = seller.get(reverse("console:partner", args=[partner.public_id])).content.decode()
    assert 'href="https://shop.example.cn/li"' in text
    log = seller.get(reverse("console:audit")).content.decode()
    assert "修改合伙人" in log
    page = reverse("console:partner", args=[partner.public_id])
    assert re.search(rf'href="{page}"[^>]*>\s*李店长', log), "looked up, because the log itself does not keep names"


def test_training_is_written_ticked_off_and_counted_in_the_list(seller):
    for title in ("产品怎么讲", "什么话不能说"):
        seller.post(reverse("console:new-partner-training"), {"title": title, "is_active": "on"})
    partner, item = Partner.objects.get(), TrainingItem.objects.get(title="产品怎么讲")
    names = [partner.public_id, item.pk]
    text = seller.post(reverse("console:note-partner-training", args=names), follow=True).content.decode()
    assert "学完 1 / 2 项" in text
    assert "1 / 2" in seller.get(reverse("console:partners")).content.decode()
    assert "1 / 1 人" in seller.get(reverse("console:partner-training")).content.decode()
    text = seller.post(reverse("console:take-back-partner-training", args=names), follow=True).content.decode()
    assert "学完 0 / 2 项" in text


def test_the_ranking_of_a_period_is_sorted_narrowed_and_taken_along(seller):
    form = {"name": "周晓彤", "kind": "reseller", "plan": Plan.objects.get().public_id, "code": "XIAOZHOU"}
    seller.post(reverse("console:new-partner"), form)
    Partner.objects.update(joined_at=clock.now() - timedelta(days=90))
    for days, currency, amount in ((3, "CNY", 9_900), (3, "CNY", 100), (60, "CNY", 77_700), (3, "USD", 5_000)):
        order = Order.objects.create(
            source="shop", number=f"{days}-{currency}-{amount}", at=clock.now() - timedelta(days=days), amount=amount,
            currency=currency, status="paid",
        )  # fmt: skip
        claim_order(order.pk, "XIAOZHOU", at=clock.now())
    url = reverse("console:partner-ranking")
    assert rows_of(seller, url) == [(1, "李店长", 150.0, 2, 1, 12.0), (2, "周晓彤", 100.0, 2, 0, 8.0)]
    assert rows_of(seller, url, days="90")[0] == (1, "周晓彤", 877.0, 3, 0, 70.16)
    assert rows_of(seller, url, sort="orders")[0][0] == 1, "equals share a place, whichever way the list is sorted"
    assert [row[0] for row in rows_of(seller, url, sort="-orders")] == [1, 1]
    assert rows_of(seller, url, kind="reseller") == [(2, "周晓彤", 100.0, 2, 0, 8.0)], "the place among all"
    assert rows_of(seller, url, q="xiaozhou")[0][1] == "周晓彤"
    dollars = rows_of(seller, url, currency="USD")
    assert [(row[0], row[1], row[2]) for row in dollars] == [(1, "周晓彤", 50.0), ("", "李店长", 0)]
    text = seller.get(url, {"days": "90", "currency": "USD", "sort": "-earned"}).content.decode()
    assert "$50.00" in text
    assert "days=90&amp;currency=CNY" in text, "another currency of the same period"
    assert "sort=-earned&amp;currency=USD&amp;days=7" in text, "another period in the same currency"


def rows_of(client, url: str, **asked: str) -> list[tuple]:
    """Read the workbook: place, name, sales, orders, buyers, commission."""
    answer = client.get(url, {**asked, "export": "xlsx"})
    body = b"".join(answer.streaming_content)
    head, *lines = CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(0).to_python()
    places = [head.index(name) for name in ("名次", "名字", "带来成交", "带来订单", "带来买家", "佣金")]
    return [tuple(line[place] for place in places) for line in lines]


def test_who_introduced_somebody_is_chosen_by_name(seller):
    partner = Partner.objects.get()
    text = seller.get(reverse("console:new-partner")).content.decode()
    assert f"李店长 · {partner.code}" in text

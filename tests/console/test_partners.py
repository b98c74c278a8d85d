"""The pages of partners: refusals that name the law, results that equal the ledger, a sheet from making to payment."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from python_calamine import CalamineWorkbook

from liuliang.commerce.models import Order
from liuliang.kernel import clock
from liuliang.partners.commissions import release, settle_order
from liuliang.partners.models import Partner, Plan, Settlement
from liuliang.partners.services import bind_member

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
        settle_order(order.pk, at=clock.now())
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
    settle_order(order.pk, at=clock.now())
    text = seller.get(reverse("console:partner", args=[Partner.objects.get().public_id])).content.decode()
    assert re.search(r"欠款</div><div class=\"figure-value\">¥8.00", text)
    assert seller.post(reverse("console:new-settlement"), {"currency": "CNY"}).status_code == 409


def test_pages_say_what_to_do_before_there_is_anybody(told, browser):
    client = browser()
    assert "先建佣金方案" in client.get(reverse("console:partners")).content.decode()
    assert "还没有结算单" in client.get(reverse("console:settlements")).content.decode()
    assert "还没有方案" in client.get(reverse("console:partner-plans")).content.decode()

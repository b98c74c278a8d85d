"""Paying, refunding and returning through an adapter as staff see it, and the settings of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import reverse

sys.path.insert(0, str(Path(__file__).parent.parent))

import wechat_pay
from liuliang.commerce.models import Payment
from liuliang.commerce.payments import wechat

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(world):
    return world.sign_in(world.owner)


@pytest.fixture
def shop(settings) -> Iterator[wechat_pay.WeChatPay]:
    wechat._clients.cache_clear()
    with wechat_pay.serving(wechat_pay.WeChatPay()) as served:
        settings.WECHATPAY_URL = served.address
        yield served
    wechat._clients.cache_clear()


def test_a_code_is_shown_asked_about_and_refunded_in_part(world, owner, shop, read):
    Payment.objects.all().delete()
    page = reverse("console:order", args=[world.order.pk])
    assert "微信支付收款码" in read(owner.get(page))
    assert "data:image/svg+xml" in read(owner.post(reverse("console:payment-code", args=[world.order.pk, "wechatpay"])))
    payment = Payment.objects.get()
    standing = reverse("console:payment-standing", args=[world.order.pk, payment.pk])
    shop.pay(payment.number)
    assert "polls=1" in read(owner.get(standing))
    answer = owner.get(standing, {"polls": "2"}, headers={"HX-Request": "true"})
    assert answer["HX-Redirect"] == page
    shop.refunds_at_once = True
    refund = reverse("console:refund-order", args=[world.order.pk])
    assert "原路退回" in read(owner.get(refund))
    told = {"amount": "10", "how": "through", "reason": "少发", "key": "r"}
    assert owner.post(refund, told).status_code == 302
    world.order.refresh_from_db()
    assert (world.order.status, world.order.refunded) == ("paid", 1_000)
    assert "已退到" in read(owner.get(page))


def test_money_that_an_order_cannot_take_is_counted_listed_and_returned(world, owner, shop, read):
    payment = Payment.objects.get()
    shop.orders[payment.number] = wechat_pay.Order({"amount": {"total": payment.amount}}, "SUCCESS", "4200x")
    Payment.objects.update(state="stray", problem="double", received=payment.amount, reference="4200x")
    assert world.order.number in read(owner.get(reverse("console:orders"), {"stray": "1"}))
    page = reverse("console:order", args=[world.order.pk])
    assert "订单已经用别的方式付过" in read(owner.get(page))
    owner.post(reverse("console:return-payment", args=[world.order.pk, payment.pk]))
    assert shop.refunds
    assert "退款中" in read(owner.get(page))


def test_the_keys_are_checked_and_never_shown(world, owner, shop, read):
    page = reverse("console:payment-account", args=["wechatpay"])
    text = read(owner.get(page))
    assert wechat_pay.MCHID in text
    assert "BEGIN PRIVATE KEY" not in text
    assert wechat_pay.APIV3_KEY not in text
    assert "和微信支付通话" in read(owner.post(reverse("console:check-payment-account", args=["wechatpay"])))
    shop.signs_with = wechat_pay.MERCHANT_KEY
    assert "签名对不上" in read(owner.post(reverse("console:check-payment-account", args=["wechatpay"])))
    # A browser sends what was pasted into a field of several lines with carriage returns.
    pasted = {name: value.replace("\n", "\r\n") for name, value in wechat_pay.config().items()}
    assert "\r\n" in pasted["private_key"]
    assert owner.post(page, pasted).status_code == 302
    wrong = owner.post(page, wechat_pay.config(apiv3_key="short"))
    assert wrong.status_code == 422
    assert "32" in read(wrong)


def test_a_plan_that_makes_no_sense_says_so(world, owner, read):
    told = {"name": "卡", "amount": "9", "length": "1", "unit": "month", "day_kind": "week", "community": ""}
    answer = owner.post(reverse("console:new-plan"), told)
    assert answer.status_code == 422
    assert "会员日要选是哪一天" in read(answer)


def test_who_is_about_to_run_out_is_listed(world, owner, read):
    page = reverse("console:plans")
    assert "密友年卡" in read(owner.get(page))
    assert world.member.name not in read(owner.get(page, {"when": "soon"}))

"""Paying an order through an adapter: the code to show to the buyer, how it stands, and money the order could not take."""

from __future__ import annotations

from typing import Any

import segno
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _now

from liuliang.accounts.permissions import ORDERS_EDIT, ORDERS_VIEW
from liuliang.commerce import paying, refunding
from liuliang.commerce.base import NATIVE, PaymentAdapter
from liuliang.commerce.models import Order, Payment, PaymentRefund
from liuliang.console import errors
from liuliang.console.doors import StaffRequest, access_of, page
from liuliang.console.leading import lead_to
from liuliang.console.shop.orders import visible
from liuliang.console.shop.payment_words import title_of
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused

ASKS_AFTER = 3
"""Polls, three seconds apart, after which the page asks the adapter itself, so that it also works where no notice arrives."""


def strays(request: HttpRequest) -> int:
    """Return how many payments wait for somebody to give them back, for the sidebar; counting stops at a hundred."""
    access = access_of(request)
    if access is None or not access.may(ORDERS_VIEW):
        return 0
    return Payment.objects.filter(state="stray", order__in=visible(access, ORDERS_VIEW))[:100].count()


@page(permission=ORDERS_EDIT, methods=("POST",))
def show(request: StaffRequest, order: Order, adapter: PaymentAdapter) -> HttpResponse:
    """Show the code by which the buyer pays."""
    payment = paying.begin_payment(order.pk, adapter=adapter.key, way=NATIVE, at=clock.now())
    return render(request, "console/shop/payment_code.html", _code(order, payment))


@page(permission=ORDERS_EDIT)
def standing(request: StaffRequest, order: Order, payment_id: int) -> HttpResponse:
    """Say how a payment stands while its code is shown; go to the order when the money is there."""
    payment = order.payments.filter(pk=payment_id).first()
    if payment is None:
        return HttpResponse(status=404)
    polls = request.GET.get("polls", "")
    count = int(polls) + 1 if polls.isascii() and polls.isdecimal() and len(polls) < 6 else 1
    if payment.state == "open" and count % ASKS_AFTER == 0:
        try:
            payment = paying.ask(payment.pk, at=clock.now())
        except Refused:
            payment.refresh_from_db()
    if payment.state == "paid":
        messages.success(request, _now("钱到了，订单已付款。"))
    if payment.state != "open":
        return lead_to(request, reverse("console:order", args=[order.pk]))
    return render(request, "console/shop/payment_standing.html", {"order": order, "payment": payment, "polls": count})


@page(permission=ORDERS_EDIT, methods=("POST",))
def give_back(request: StaffRequest, order: Order, payment_id: int) -> HttpResponse:
    """Give back money that the order could not take."""
    payment = order.payments.filter(pk=payment_id).first()
    if payment is None:
        return HttpResponse(status=404)
    refund = refunding.ask_return(payment.pk, at=clock.now())
    say_back(request, refund)
    return redirect("console:order", order.pk)


def say_back(request: StaffRequest, refund: PaymentRefund) -> None:
    """Ask the adapter to give back at once, and say on the next page what came of it. What fails is asked for again later."""
    try:
        refund = refunding.send_back(refund.pk, at=clock.now())
    except Refused as refusal:
        messages.warning(request, errors.sentence(refusal))
        return
    if refund.state == "failed":
        messages.error(request, _now("没有退成：{why}").format(why=refund.problem))
    elif refund.state == "succeeded":
        messages.success(request, _now("钱已经退回去了。"))
    else:
        messages.success(request, _now("已经请对方退款，到账后这里会更新。"))


def _code(order: Order, payment: Payment) -> dict[str, Any]:
    picture = segno.make(payment.handle["url"], error="m", micro=False)
    return {
        "order": order,
        "payment": payment,
        "title": title_of(payment.adapter),
        "picture": picture.svg_data_uri(scale=6, border=4, dark="#000", light="#fff"),
        "polls": 0,
    }

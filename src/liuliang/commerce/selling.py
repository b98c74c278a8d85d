"""Orders made here: placed with everything reserved, then paid, closed, or timed out.

An order that is paid or refunded here tells the log the same as one that a file told (`liuliang.commerce.services`), so
that figures know one kind of order. As there, a refund carries the time of its order.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict
from datetime import datetime
from functools import partial

import msgspec
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.commerce.coupons import SOURCE, reserve_voucher
from liuliang.commerce.events import CouponUsed, OrderPaid, OrderRefunded
from liuliang.commerce.models import Coupon, Order, OrderCoupon, OrderLine, Payment, Variant
from liuliang.commerce.quoting import Line, Quote, Sale, quote
from liuliang.commerce.services import ORIGIN_LIMIT, order_fact
from liuliang.kernel.clock import local_day
from liuliang.kernel.errors import Refused
from liuliang.kernel.events import Fact
from liuliang.kernel.log import append
from liuliang.loyalty import stock
from liuliang.loyalty.idempotency import once
from liuliang.loyalty.validity import programme_zone
from liuliang.people.names import clean_name
from liuliang.subscriptions import subscribing
from liuliang.subscriptions.subscribing import Grant

PLACED = audit.action("order.placed", _("开单"))
PAID = audit.action("order.paid", _("确认收款"))
CLOSED = audit.action("order.closed", _("关闭订单"))

HERE = "liuliang"
"""The source of orders that were made here."""

WAYS = ("offline", "transfer", "wechat", "alipay", "free")
"""How money comes that staff confirm by hand."""

SWEEP = 200
_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def place_order(sale: Sale, *, key: str, at: datetime, until: datetime) -> Order:
    """Place an order: what it holds is reserved until it is paid, closed, or ``until`` has come.

    Args:
        sale: who wants what.
        key: of the form or request; the same again is the same order.
        at: now.
        until: when it times out if it is not paid.

    Raises:
        Refused: as `liuliang.commerce.quoting.quote`, ``order.until``, ``coupon.used``, ``stock.sold_out`` or ``stock.limit``
            with the name of what is missing, and as `liuliang.loyalty.idempotency.once`.
    """
    if until <= at:
        raise Refused("order.until")
    body = msgspec.json.encode(asdict(sale))
    answer = once(
        key, owner="commerce:order", body=body, at=at, effect=lambda: _place(sale, quote(sale, at=at), at, until)
    )
    return Order.objects.get(pk=answer.data)


def _place(sale: Sale, told: Quote, at: datetime, until: datetime) -> int:
    order = Order.objects.create(
        source=HERE, number=order_number(at), member_id=told.person, community_id=sale.community, at=at, until=until,
        amount=told.total, discount=told.discount.total, currency=told.currency, status="unpaid",
        product=clean_name("、".join(_name(line.variant) for line in told.lines))[:300],
        quantity=sum(line.quantity for line in told.lines), content=clean_name(sale.content)[:ORIGIN_LIMIT],
        play=clean_name(sale.play)[:ORIGIN_LIMIT], staff_id=sale.staff,
    )  # fmt: skip
    # Everybody reserves in the order of the things' names, so that two orders never wait for each other.
    steps = [(line.variant.thing, partial(_add_line, order, line, at, until)) for line in told.lines]
    steps += [
        (coupon.thing, partial(_add_coupon, order, coupon, told.discount.by_coupon[coupon.pk], at, until))
        for coupon in told.coupons
    ]
    for _thing, step in sorted(steps, key=lambda each: each[0]):
        step()
    audit.record(
        PLACED, order, name=order.number, community=order.community_id,
        changes={"amount": (None, order.amount), "currency": (None, order.currency)},
    )  # fmt: skip
    return int(order.pk)


def _add_line(order: Order, line: Line, at: datetime, until: datetime) -> None:
    variant, hold = line.variant, None
    if variant.stock_id is not None:
        try:
            hold = stock.reserve(
                variant.stock_id, variant.thing, _buyer(order), line.quantity, cause=f"order:{order.pk}:{variant.pk}",
                at=at, until=until, at_most=variant.per_person,
            ).hold  # fmt: skip
        except Refused as refusal:
            code = {"stock.sold_out": "order.sold_out", "stock.limit": "order.limit"}.get(refusal.code)
            if code is None:
                raise
            raise Refused(code, name=_name(variant), limit=variant.per_person) from None
    OrderLine.objects.create(
        order=order, variant=variant, quantity=line.quantity, listed=variant.amount, amount=line.priced.amount,
        discount=line.discount, why=list(line.priced.why), hold_id=hold,
    )  # fmt: skip


def _add_coupon(order: Order, coupon: Coupon, off: int, at: datetime, until: datetime) -> None:
    hold = reserve_voucher(coupon, cause=f"order:{order.pk}:{coupon.thing}", at=at, until=until)
    OrderCoupon.objects.create(order=order, coupon=coupon, discount=off, hold_id=hold)


@transaction.atomic
def pay_order(order: int, *, how: str, reference: str, at: datetime) -> Order:
    """Take note that an order's money has come, and let what it reserved go. Paying it again changes nothing.

    Args:
        order: the id.
        how: one of `WAYS`.
        reference: what the payment is called elsewhere.
        at: now.

    Raises:
        Refused: ``order.closed``, ``order.late``, ``order.imported``, ``order.way``.
    """
    row = locked_order(order)
    if how not in WAYS:
        raise Refused("order.way", how=how)
    if row.status in {"paid", "refunded"}:
        return row
    if row.status == "cancelled":
        raise Refused("order.closed")
    if row.until is None or at >= row.until:
        raise Refused("order.late", until=row.until)
    take_payment(row, how=how, reference=reference, at=at)
    return row


def take_payment(row: Order, *, how: str, reference: str, at: datetime) -> None:
    """Let an order be paid that is locked, unpaid and in time: what it reserved goes, and the log is told.

    Whoever could still pay it through an adapter is soon kept from it: the open payments are asked about at once.
    """
    for part in _parts(row):
        if part.hold_id is not None:
            part.taken = stock.redeem(part.hold_id, at=at).transfer
            part.save(update_fields=["taken"])
    row.status, row.at, row.paid_at, row.paid_how, row.reference = "paid", at, at, how, reference.strip()[:100]
    row.save(update_fields=["status", "at", "paid_at", "paid_how", "reference"])
    _end_payments(row, at)
    used = list(OrderCoupon.objects.filter(order=row).select_related("coupon__template"))
    Coupon.objects.filter(id__in=[each.coupon_id for each in used]).update(used_at=at)
    paid = OrderPaid(row.pk, row.amount, row.currency, row.product, row.quantity)
    append(
        [order_told(row, paid, "paid")]
        + [
            Fact(
                CouponUsed(
                    each.coupon_id, each.coupon.template_id, row.pk, each.discount, row.currency,
                    each.coupon.template.name,
                ),
                at, SOURCE, f"order:{row.pk}:coupon:{each.coupon_id}", row.member_id, row.community_id, _who_acts(),
            )
            for each in used
        ]
    )  # fmt: skip
    for line in OrderLine.objects.filter(order=row, variant__plan__isnull=False).select_related("variant__plan"):
        assert line.variant.plan is not None  # noqa: S101 - filtered above
        told = Grant(_buyer(row), line.variant.plan, granted_by(row), line.quantity, community=row.community_id)
        subscribing.grant(told, at=at)
    audit.record(
        PAID, row, name=row.number, community=row.community_id,
        changes={"amount": (None, row.amount), "how": (None, how), "reference": (None, row.reference)},
    )  # fmt: skip


@transaction.atomic
def close_order(order: int, *, at: datetime) -> Order:
    """Close an order that nobody paid, and give back what it reserved. Closing it again changes nothing.

    Raises:
        Refused: ``order.is_paid``, ``order.imported``.
    """
    row = locked_order(order)
    if row.status in {"paid", "refunded"}:
        raise Refused("order.is_paid")
    if row.status != "cancelled":
        _close(row, at)
        audit.record(
            CLOSED, row, name=row.number, community=row.community_id, changes={"status": ("unpaid", "cancelled")}
        )
    return row


def time_out_orders(*, at: datetime) -> int:
    """Close a batch of orders whose time is over; return how many. Each in a transaction of its own."""
    due = Order.objects.filter(status="unpaid", until__lte=at, source=HERE).order_by("until", "id")
    count = 0
    for number in list(due.values_list("id", flat=True)[:SWEEP]):
        with transaction.atomic():
            row = locked_order(number)
            if row.status == "unpaid":
                _close(row, at)
                count += 1
    return count


def _close(row: Order, at: datetime) -> None:
    for part in _parts(row):
        if part.hold_id is not None:
            stock.release(part.hold_id, at=at)
    row.status = "cancelled"
    row.save(update_fields=["status"])
    _end_payments(row, at)


def _end_payments(row: Order, at: datetime) -> None:
    Payment.objects.filter(order=row, state__in=["new", "open"]).update(ask_at=at)


def _parts(row: Order) -> list[OrderLine | OrderCoupon]:
    """Return what an order has reserved, in the order in which everybody takes things."""
    lines: list[tuple[str, OrderLine | OrderCoupon]] = [
        (line.variant.thing, line) for line in OrderLine.objects.filter(order=row).select_related("variant")
    ]
    lines += [(each.coupon.thing, each) for each in OrderCoupon.objects.filter(order=row).select_related("coupon")]
    return [part for _thing, part in sorted(lines, key=lambda each: each[0])]


def locked_order(order: int) -> Order:
    """Return an order made here, locked until the transaction ends.

    Raises:
        Refused: ``order.imported``.
    """
    row = Order.objects.select_for_update(of=("self",)).get(id=order)
    if row.source != HERE:
        raise Refused("order.imported")
    return row


def granted_by(order: Order) -> str:
    """Return what names an order as the cause of a paid membership."""
    return f"order:{order.pk}"


def _buyer(order: Order) -> int:
    assert order.member_id is not None  # noqa: S101 - orders made here have a buyer
    return order.member_id


def order_told(row: Order, payload: OrderPaid | OrderRefunded, what: str) -> Fact:
    """Return what the log is told of an order made here."""
    return order_fact(
        payload, what, source=row.source, number=row.number, at=row.at, member=row.member_id,
        community=row.community_id, actor=_who_acts(),
    )  # fmt: skip


def _who_acts() -> int | None:
    staff = audit.actor().staff
    return staff.pk if staff else None


def _name(variant: Variant) -> str:
    return f"{variant.product.name} {variant.name}".strip()


def order_number(at: datetime) -> str:
    """Return a number that can be read over the telephone: the day and eight letters."""
    day = local_day(at, programme_zone())
    return f"{day:%Y%m%d}" + "".join(secrets.choice(_LETTERS) for _letter in range(8))

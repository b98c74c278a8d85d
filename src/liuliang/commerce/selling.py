"""Orders made here: placed with everything reserved, then paid, closed, or timed out; and refunded in parts.

An order that is paid or refunded here tells the log the same as one that a file told (`liuliang.commerce.services`), so
that figures know one kind of order. As there, a refund carries the time of its order.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from functools import partial

import msgspec
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.commerce.coupons import SOURCE, reserve_voucher
from liuliang.commerce.events import CouponUsed, OrderPaid, OrderRefunded
from liuliang.commerce.models import Coupon, Order, OrderCoupon, OrderLine, OrderRefund, Variant
from liuliang.commerce.quoting import Line, Quote, Sale, quote
from liuliang.commerce.services import order_fact
from liuliang.kernel.clock import local_day
from liuliang.kernel.errors import Refused
from liuliang.kernel.events import Fact
from liuliang.kernel.log import append
from liuliang.loyalty import stock
from liuliang.loyalty.idempotency import once
from liuliang.loyalty.validity import programme_zone
from liuliang.people.names import clean_name

PLACED = audit.action("order.placed", _("开单"))
PAID = audit.action("order.paid", _("确认收款"))
CLOSED = audit.action("order.closed", _("关闭订单"))
REFUNDED = audit.action("order.refunded", _("订单退款"))

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
        quantity=sum(line.quantity for line in told.lines), content=clean_name(sale.content)[:120],
        play=clean_name(sale.play)[:120], staff_id=sale.staff,
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
        how: one of `WAYS`, or the key of a payment adapter.
        reference: what the payment is called elsewhere.
        at: now.

    Raises:
        Refused: ``order.closed``, ``order.late``, ``order.imported``, ``order.way``.
    """
    row = _locked(order)
    if how not in WAYS:
        raise Refused("order.way", how=how)
    if row.status in {"paid", "refunded"}:
        return row
    if row.status == "cancelled":
        raise Refused("order.closed")
    if row.until is None or at >= row.until:
        raise Refused("order.late", until=row.until)
    for part in _parts(row):
        if part.hold_id is not None:
            part.taken = stock.redeem(part.hold_id, at=at).transfer
            part.save(update_fields=["taken"])
    row.status, row.at, row.paid_at, row.paid_how, row.reference = "paid", at, at, how, reference.strip()[:100]
    row.save(update_fields=["status", "at", "paid_at", "paid_how", "reference"])
    used = list(OrderCoupon.objects.filter(order=row).select_related("coupon__template"))
    Coupon.objects.filter(id__in=[each.coupon_id for each in used]).update(used_at=at)
    paid = OrderPaid(row.pk, row.amount, row.currency, row.product, row.quantity)
    append(
        [_fact(row, paid, "paid")]
        + [
            Fact(
                CouponUsed(
                    each.coupon_id, each.coupon.template_id, row.pk, each.discount, row.currency,
                    each.coupon.template.name,
                ),
                at, SOURCE, f"order:{row.pk}:coupon:{each.coupon_id}", row.member_id, row.community_id, _actor(),
            )
            for each in used
        ]
    )  # fmt: skip
    audit.record(
        PAID, row, name=row.number, community=row.community_id,
        changes={"amount": (None, row.amount), "how": (None, how), "reference": (None, row.reference)},
    )  # fmt: skip
    return row


@transaction.atomic
def close_order(order: int, *, at: datetime) -> Order:
    """Close an order that nobody paid, and give back what it reserved. Closing it again changes nothing.

    Raises:
        Refused: ``order.is_paid``, ``order.imported``.
    """
    row = _locked(order)
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
            row = _locked(number)
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


@transaction.atomic
def refund_order(
    order: int,
    amount: int,
    *,
    currency: str,
    key: str,
    reason: str,
    at: datetime,
    back: Mapping[int, int] | None = None,
) -> Order:
    """Note that money went back for an order, wholly or in part. The same ``key`` and amount again changes nothing.

    Coupons come back to the buyer when all the money has gone back.

    Args:
        order: the id.
        amount: minor units.
        currency: of the amount; the order's own.
        key: of the form or request.
        reason: why, in words of the staff.
        at: now.
        back: by line id, how many of its items come back into the stock.

    Raises:
        Refused: ``order.unpaid``, ``order.imported``, ``refund.currency``, ``refund.amount`` with what is left, ``refund.items``,
            ``idempotency.body`` for a key that came with another amount.
    """
    row = _locked(order)
    known = row.refunds.filter(key=key).first()
    if known is not None:
        if known.amount != amount:
            raise Refused("idempotency.body")
        return row
    if row.status not in {"paid", "refunded"}:
        raise Refused("order.unpaid")
    if currency != row.currency:
        raise Refused("refund.currency", currency=row.currency)
    left = row.amount - row.refunded
    if not 1 <= amount <= left:
        raise Refused("refund.amount", left=left, currency=row.currency)
    _take_items_back(row, back or {}, key, at)
    OrderRefund.objects.create(
        order=row, key=key, amount=amount, reason=reason.strip()[:300], at=at, staff=audit.actor().staff
    )
    before = row.refunded
    row.refunded += amount
    row.status = "refunded" if row.refunded == row.amount else "paid"
    row.save(update_fields=["refunded", "status"])
    if row.status == "refunded":
        _give_coupons_back(row, at)
    append([_fact(row, OrderRefunded(row.pk, amount, row.currency), f"refunded:{row.refunded}")])
    audit.record(
        REFUNDED, row, name=row.number, community=row.community_id, changes={"refunded": (before, row.refunded)},
        personal={"reason"} if reason.strip() else (),
    )  # fmt: skip
    return row


def _take_items_back(row: Order, back: Mapping[int, int], key: str, at: datetime) -> None:
    lines = {line.pk: line for line in OrderLine.objects.filter(order=row, id__in=back).select_related("variant")}
    for number, line in sorted(lines.items(), key=lambda each: each[1].variant.thing):
        quantity = back[number]
        if not quantity:
            continue
        if not 1 <= quantity <= line.quantity - line.returned:
            raise Refused("refund.items", left=line.quantity - line.returned)
        if line.taken is not None:
            stock.give_back(line.taken, cause=f"order:{row.pk}:{line.pk}:back:{key}", at=at, quantity=quantity)
        line.returned += quantity
        line.save(update_fields=["returned"])
    if any(number not in lines and quantity for number, quantity in back.items()):
        raise Refused("refund.items", left=0)


def _give_coupons_back(row: Order, at: datetime) -> None:
    used = OrderCoupon.objects.filter(order=row, taken__isnull=False).select_related("coupon").order_by("coupon")
    for each in sorted(used, key=lambda one: one.coupon.thing):
        assert each.taken is not None  # noqa: S101 - filtered above
        stock.give_back(each.taken, cause=f"order:{row.pk}:{each.coupon.thing}:back", at=at)
        Coupon.objects.filter(pk=each.coupon_id).update(used_at=None)


def _parts(row: Order) -> list[OrderLine | OrderCoupon]:
    """Return what an order has reserved, in the order in which everybody takes things."""
    lines: list[tuple[str, OrderLine | OrderCoupon]] = [
        (line.variant.thing, line) for line in OrderLine.objects.filter(order=row).select_related("variant")
    ]
    lines += [(each.coupon.thing, each) for each in OrderCoupon.objects.filter(order=row).select_related("coupon")]
    return [part for _thing, part in sorted(lines, key=lambda each: each[0])]


def _locked(order: int) -> Order:
    row = Order.objects.select_for_update(of=("self",)).get(id=order)
    if row.source != HERE:
        raise Refused("order.imported")
    return row


def _buyer(order: Order) -> int:
    assert order.member_id is not None  # noqa: S101 - orders made here have a buyer
    return order.member_id


def _fact(row: Order, payload: OrderPaid | OrderRefunded, what: str) -> Fact:
    return order_fact(
        payload, what, source=row.source, number=row.number, at=row.at, member=row.member_id,
        community=row.community_id, actor=_actor(),
    )  # fmt: skip


def _actor() -> int | None:
    staff = audit.actor().staff
    return staff.pk if staff else None


def _name(variant: Variant) -> str:
    return f"{variant.product.name} {variant.name}".strip()


def order_number(at: datetime) -> str:
    """Return a number that can be read over the telephone: the day and eight letters."""
    day = local_day(at, programme_zone())
    return f"{day:%Y%m%d}" + "".join(secrets.choice(_LETTERS) for _letter in range(8))

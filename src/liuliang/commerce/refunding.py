"""Money that goes back: noted by hand, or through the adapter that brought it; in part or whole, never more than was paid.

What an adapter is asked for counts against what is left at once, and as refunded when it says that the money has gone. As with
payments, nothing is asked of anybody inside a transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.commerce.base import Back, BackStanding
from liuliang.commerce.events import OrderRefunded
from liuliang.commerce.mall import MALL
from liuliang.commerce.models import Coupon, Order, OrderCoupon, OrderLine, OrderRefund, Payment, PaymentRefund
from liuliang.commerce.payment_accounts import config_of, find_adapter, notices_at
from liuliang.commerce.selling import HERE, granted_by, locked_order, order_told
from liuliang.kernel.errors import Refused
from liuliang.kernel.log import append
from liuliang.loyalty import stock
from liuliang.subscriptions import subscribing

REFUNDED = audit.action("order.refunded", _("订单退款"))
ASKED = audit.action("order.refund_asked", _("发起原路退款"))
FAILED = audit.action("order.refund_failed", _("原路退款没有成功"))
RETURNED = audit.action("payment.returned", _("退回订单收不下的钱"))

WAITS = (60, 60, 300, 900, 3600, 21_600)
"""Seconds between asking how giving back stands; the last for ever after. Banks may take days."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RefundWanted:
    """Money that is to go back for an order, and what comes back for it.

    Attributes:
        amount: minor units.
        currency: of the amount; the order's own.
        key: of the form or request: the same one again, with the same amount, changes nothing.
        reason: why, in words of the staff.
        at: now.
        back: by line id, how many of its items come back into the stock, where they are at once.
    """

    amount: int
    currency: str
    key: str
    reason: str
    at: datetime
    back: Mapping[int, int] = field(default_factory=dict)


@transaction.atomic
def refund_order(order: int, wanted: RefundWanted) -> Order:
    """Note that money went back for an order by hand, wholly or in part.

    Coupons come back to the buyer when all the money has gone back; an order that cost nothing is taken back with 0.

    Raises:
        Refused: ``order.unpaid``, ``order.imported``, ``refund.currency``, ``refund.amount`` with what is left, ``refund.items``,
            ``idempotency.body`` for a key that came with another amount.
    """
    return _note(locked_order(order), wanted)


@transaction.atomic
def refund_imported(order: int, wanted: RefundWanted) -> Order:
    """Note that money went back for an order that another system tells of.

    What that system tells later, as all that went back so far, counts by what it adds to this.

    Raises:
        Refused: ``order.made_here``, and as `refund_order`.
    """
    row = Order.objects.select_for_update(of=("self",)).get(id=order)
    if row.source in {HERE, MALL}:
        raise Refused("order.made_here")
    return _note(row, wanted)


def _note(row: Order, wanted: RefundWanted) -> Order:
    known = row.refunds.filter(key=wanted.key).first()
    if known is not None:
        _check_same(known.amount, wanted)
        return row
    _count(row, _refund(row, wanted), wanted.at)
    return row


@transaction.atomic
def ask_refund(order: int, wanted: RefundWanted) -> PaymentRefund:
    """Have the adapter that brought an order's money give some of it back; `send_back` then asks it. Once for its ``key``.

    Raises:
        Refused: as `refund_order`, and ``refund.by_hand`` when the money did not come through an adapter.
    """
    row = locked_order(order)
    known = PaymentRefund.objects.filter(order_refund__order=row, order_refund__key=wanted.key).first()
    if known is not None:
        _check_same(known.amount, wanted)
        return known
    payment = Payment.objects.select_for_update(of=("self",)).filter(order=row, state="paid").first()
    if payment is None:
        raise Refused("refund.by_hand")
    if not 1 <= wanted.amount <= payment.received - payment.refunding - payment.refunded:
        left = min(_left(row), payment.received - payment.refunding - payment.refunded)
        raise Refused("refund.amount", left=left, currency=row.currency)
    refund = _refund(row, wanted)
    refund.state = "processing"
    refund.save(update_fields=["state"])
    row.refunding += wanted.amount
    row.save(update_fields=["refunding"])
    audit.record(
        ASKED, row, name=row.number, community=row.community_id, changes={"amount": (None, wanted.amount)},
        personal={"reason"} if refund.reason else (),
    )  # fmt: skip
    return _ask_back(payment, wanted.amount, wanted.at, refund)


@transaction.atomic
def ask_return(payment: int, *, at: datetime) -> PaymentRefund:
    """Have all of a stray payment given back; `send_back` then asks the adapter. While that is on its way it is the same again.

    Raises:
        Refused: ``payment.not_stray``.
    """
    order = Order.objects.select_for_update(of=("self",)).get(payments=payment)
    row = Payment.objects.select_for_update(of=("self",)).get(pk=payment)
    known = row.refunds.filter(state__in=["processing", "succeeded"]).first()
    if known is not None:
        return known
    if row.state != "stray":
        raise Refused("payment.not_stray")
    audit.record(
        RETURNED, order, name=order.number, community=order.community_id,
        changes={"payment": (None, row.number), "amount": (None, row.received)},
    )  # fmt: skip
    return _ask_back(row, row.received, at, None)


def _ask_back(payment: Payment, amount: int, at: datetime, refund: OrderRefund | None) -> PaymentRefund:
    payment.refunding += amount
    payment.save(update_fields=["refunding"])
    return PaymentRefund.objects.create(
        payment=payment, order_refund=refund, number=f"{payment.number}R{payment.refunds.count() + 1}", amount=amount,
        state="processing", begun_at=at, ask_at=at, staff=audit.actor().staff,
    )  # fmt: skip


def _check_same(amount: int, wanted: RefundWanted) -> None:
    if amount != wanted.amount:
        raise Refused("idempotency.body")


def _refund(row: Order, wanted: RefundWanted) -> OrderRefund:
    """Write down a refund for which there is room, and take the items back."""
    if row.status not in {"paid", "refunded"}:
        raise Refused("order.unpaid")
    if wanted.currency != row.currency:
        raise Refused("refund.currency", currency=row.currency)
    # An order that coupons paid for is taken back for nothing, once.
    least = 0 if row.amount == 0 and row.status == "paid" else 1
    if not least <= wanted.amount <= _left(row):
        raise Refused("refund.amount", left=_left(row), currency=row.currency)
    _take_items_back(row, wanted)
    return OrderRefund.objects.create(
        order=row, key=wanted.key, amount=wanted.amount, reason=wanted.reason.strip()[:300], at=wanted.at,
        staff=audit.actor().staff,
    )  # fmt: skip


def _left(row: Order) -> int:
    return row.amount - row.refunded - row.refunding


def _count(row: Order, refund: OrderRefund, at: datetime) -> None:
    """Count money that has gone back."""
    before = row.refunded
    row.refunded += refund.amount
    row.status = "refunded" if row.refunded == row.amount else "paid"
    row.save(update_fields=["refunded", "refunding", "status"])
    if row.status == "refunded":
        _give_coupons_back(row, at)
    subscribing.shorten(granted_by(row), paid=row.amount, refunded=row.refunded, at=at)
    append([order_told(row, OrderRefunded(row.pk, refund.amount, row.currency), f"refunded:{row.refunded}")])
    audit.record(
        REFUNDED, row, name=row.number, community=row.community_id, changes={"refunded": (before, row.refunded)},
        personal={"reason"} if refund.reason else (),
    )  # fmt: skip


def send_back(refund: int, *, at: datetime) -> PaymentRefund:
    """Ask the adapter to give money back, or how that stands if it was asked before.

    Raises:
        Refused: ``payment.unreachable``, and ``payment.provider`` where it refuses to say how it stands; it will be asked again.
            ``payment.account`` and ``secret.sealed``, as long as that lasts.
    """
    row = PaymentRefund.objects.select_related("payment__order", "order_refund").get(pk=refund)
    if row.state != "processing":
        return row
    waits = WAITS[min(row.asked, len(WAITS) - 1)]
    PaymentRefund.objects.filter(pk=refund).update(asked=row.asked + 1, ask_at=at + timedelta(seconds=waits))
    plugin = find_adapter(row.payment.adapter)
    config = config_of(plugin)
    back = Back(
        row.number, row.payment.number, row.amount, row.payment.received, row.payment.currency,
        row.order_refund.reason if row.order_refund else "", notices_at(plugin.key),
    )  # fmt: skip
    if row.asked:
        try:
            standing = plugin.query_back(config, row.number)
        except Refused as refusal:
            # Who is refused an answer knows nothing: the money may be on its way, and must not be given back a second time.
            if refusal.code != "payment.unknown":
                raise
        else:
            return settle_back(refund, standing, at=at)
    try:
        return settle_back(refund, plugin.give_back(config, back), at=at)
    except Refused as refusal:
        if refusal.code not in {"payment.provider", "payment.unknown"}:
            raise
        words = str(refusal.data.get("words", refusal.code))[:300]
        return settle_back(refund, BackStanding("failed", problem=words), at=at)


@transaction.atomic
def settle_back(refund: int, standing: BackStanding, *, at: datetime) -> PaymentRefund:
    """Let what was told of giving back have its effect, once. What failed may still succeed: the merchant mended it there."""
    order = Order.objects.select_for_update(of=("self",)).get(payments__refunds=refund)
    payment = Payment.objects.select_for_update(of=("self",)).get(refunds=refund)
    row = PaymentRefund.objects.select_for_update(of=("self",)).select_related("order_refund").get(pk=refund)
    if standing.state == "processing" or row.state in {"succeeded", standing.state}:
        return row
    if standing.state == "succeeded" and (standing.amount != row.amount or not _has_room(order, payment, row)):
        # More or less went than was asked for, or it went after it had been given back in another way: for people to see.
        row.problem, row.ask_at = "amount" if standing.amount != row.amount else "again", None
        row.save(update_fields=["problem", "ask_at"])
        _log.warning("giving back %s does not add up: %s", row.number, row.problem)
        return row
    was_processing = row.state == "processing"
    row.state, row.reference, row.problem = standing.state, standing.reference or row.reference, standing.problem
    row.settled_at, row.ask_at = at, None
    row.save(update_fields=["state", "reference", "problem", "settled_at", "ask_at"])
    payment.refunding -= row.amount if was_processing else 0
    payment.refunded += row.amount if row.state == "succeeded" else 0
    if payment.state == "stray" and payment.refunded == payment.received:
        payment.state = "returned"
    payment.save(update_fields=["refunding", "refunded", "state"])
    if row.order_refund is not None:
        _settle_order(order, row.order_refund, row.state, was_processing=was_processing, at=at)
    return row


def _has_room(order: Order, payment: Payment, row: PaymentRefund) -> bool:
    """Tell whether a refund still fits; one that is on its way has its room already."""
    if row.state == "processing":
        return True
    fits_order = row.order_refund is None or row.amount <= _left(order)
    return fits_order and row.amount <= payment.received - payment.refunding - payment.refunded


def _settle_order(row: Order, refund: OrderRefund, state: str, *, was_processing: bool, at: datetime) -> None:
    refund.state = state
    refund.save(update_fields=["state"])
    row.refunding -= refund.amount if was_processing else 0
    if state == "succeeded":
        _count(row, refund, at)
        return
    row.save(update_fields=["refunding"])
    audit.record(FAILED, row, name=row.number, community=row.community_id, changes={"amount": (None, refund.amount)})


def _take_items_back(row: Order, wanted: RefundWanted) -> None:
    lines = {
        line.pk: line for line in OrderLine.objects.filter(order=row, id__in=wanted.back).select_related("variant")
    }
    for number, line in sorted(lines.items(), key=lambda each: each[1].variant.thing):
        quantity = wanted.back[number]
        if not quantity:
            continue
        if not 1 <= quantity <= line.quantity - line.returned:
            raise Refused("refund.items", left=line.quantity - line.returned)
        if line.taken is not None:
            cause = f"order:{row.pk}:{line.pk}:back:{wanted.key}"
            stock.give_back(line.taken, cause=cause, at=wanted.at, quantity=quantity)
        line.returned += quantity
        line.save(update_fields=["returned"])
    if any(number not in lines and quantity for number, quantity in wanted.back.items()):
        raise Refused("refund.items", left=0)


def _give_coupons_back(row: Order, at: datetime) -> None:
    used = OrderCoupon.objects.filter(order=row, taken__isnull=False).select_related("coupon").order_by("coupon")
    for each in sorted(used, key=lambda one: one.coupon.thing):
        assert each.taken is not None  # noqa: S101 - filtered above
        stock.give_back(each.taken, cause=f"order:{row.pk}:{each.coupon.thing}:back", at=at)
        Coupon.objects.filter(pk=each.coupon_id).update(used_at=None)

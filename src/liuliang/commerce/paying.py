"""Orders paid through an adapter: begun, heard of or asked for, and settled once however often it is told.

Nothing is asked of anybody inside a transaction: an attempt is written down first, then asked about, and what comes back is
decided under the lock of the order. Money that the order cannot take (closed, late, paid already, another amount) is kept as
a stray payment, which staff give back.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.commerce.base import Asked, BackStanding, PaymentAdapter, Standing
from liuliang.commerce.models import Order, Payment, PaymentRefund
from liuliang.commerce.payment_accounts import config_of, find_adapter, is_open, notices_at
from liuliang.commerce.refunding import settle_back
from liuliang.commerce.selling import HERE, take_payment
from liuliang.kernel.errors import Refused

BEGUN = audit.action("payment.begun", _("发起在线收款"))
STRAYED = audit.action("payment.strayed", _("收到订单收不下的钱"))

MARGIN = timedelta(minutes=2)
"""How much earlier than the order a payment ends, so that one made at the last moment is heard of before the order times out."""

WAITS = (60, 60, 120, 300, 600, 1800)
"""Seconds between asking for a payment of which nothing was heard; the last for ever after."""

ENDED = frozenset({"paid", "stray", "returned"})
"""States in which the money has come."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Payer:
    """What an adapter may want to know of who pays: their id at the channel, and the address of their network."""

    id: str = ""
    address: str = ""


def begin_payment(order: int, *, adapter: str, way: str, at: datetime, payer: Payer | None = None) -> Payment:
    """Let an order be paid through an adapter. An attempt that is open for the same way is returned again.

    Raises:
        Refused: ``payment.adapter``, ``payment.account``, ``payment.way``, ``payment.currency``, ``payment.nothing``,
            ``order.closed``, ``order.is_paid``, ``order.late``, ``order.imported``; as the adapter refuses.
    """
    plugin = find_adapter(adapter)
    config = config_of(plugin)
    row = _attempt(order, plugin, way, at)
    if row.state == "open":
        return row
    who = payer or Payer()
    asked = Asked(
        row.number, way, row.amount, row.currency, row.order.product or row.order.number, row.until, notices_at(adapter),
        who.id, who.address,
    )  # fmt: skip
    try:
        handle = plugin.begin(config, asked)
    except Refused as refusal:
        if refusal.code != "payment.unreachable":
            words = str(refusal.data.get("words", refusal.code))[:300]
            Payment.objects.filter(pk=row.pk, state="new").update(state="failed", problem=words, ask_at=None)
        raise
    Payment.objects.filter(pk=row.pk, state="new").update(state="open", handle=handle)
    row.refresh_from_db()
    return row


@transaction.atomic
def _attempt(number: int, plugin: PaymentAdapter, way: str, at: datetime) -> Payment:
    order = Order.objects.select_for_update(of=("self",)).get(id=number)
    if order.source != HERE:
        raise Refused("order.imported")
    if order.status != "unpaid":
        raise Refused("order.closed" if order.status == "cancelled" else "order.is_paid")
    if not is_open(plugin.key):
        raise Refused("payment.account", adapter=str(plugin.title))
    if way not in plugin.ways:
        raise Refused("payment.way")
    if order.currency not in plugin.currencies:
        raise Refused("payment.currency", currency=order.currency)
    if order.amount == 0:
        raise Refused("payment.nothing")
    if order.until is None or order.until - at < MARGIN * 2:
        raise Refused("order.late", until=order.until)
    begun = order.payments.filter(adapter=plugin.key, way=way, state__in=["new", "open"], until__gt=at)
    known = begun.order_by("-id").first()
    if known is not None and known.amount == order.amount:
        return known
    row = Payment.objects.create(
        order=order, adapter=plugin.key, way=way, number=f"{order.number}P{order.payments.count() + 1}",
        amount=order.amount, currency=order.currency, state="new", begun_at=at, until=order.until - MARGIN,
        ask_at=at + timedelta(seconds=WAITS[0]),
    )  # fmt: skip
    audit.record(BEGUN, order, name=order.number, community=order.community_id, changes={"payment": (None, row.number)})
    return row


def receive(adapter: str, headers: Mapping[str, str], body: bytes, *, at: datetime) -> None:
    """Take in a notice: whoever sends it, it counts when its signature is right, and once.

    Args:
        adapter: the key.
        headers: of the request, with names in lower case.
        body: of the request, as it came.
        at: now.

    Raises:
        Refused: ``payment.adapter``, ``payment.account``, ``payment.signature``, ``payment.unknown``.
    """
    plugin = find_adapter(adapter)
    notice = plugin.read(config_of(plugin), headers, body, at=at)
    if notice is None:
        return
    if isinstance(notice.standing, BackStanding):
        refund = PaymentRefund.objects.filter(number=notice.number, payment__adapter=adapter).first()
        if refund is None:
            raise Refused("payment.unknown")
        settle_back(refund.pk, notice.standing, at=at)
        return
    payment = Payment.objects.filter(number=notice.number, adapter=adapter).first()
    if payment is None:
        raise Refused("payment.unknown")
    settle(payment.pk, notice.standing, at=at)


@transaction.atomic
def settle(payment: int, standing: Standing, *, at: datetime) -> Payment:
    """Let what was told of a payment have its effect, once."""
    order = Order.objects.select_for_update(of=("self",)).get(payments=payment)
    row = Payment.objects.select_for_update(of=("self",)).get(pk=payment)
    if row.state in ENDED or standing.state == "waiting":
        return row
    if standing.state == "closed":
        if row.state != "closed":
            row.state, row.settled_at, row.ask_at = "closed", at, None
            row.save(update_fields=["state", "settled_at", "ask_at"])
        return row
    row.received, row.reference, row.settled_at, row.ask_at = standing.amount, standing.reference, at, None
    row.problem = _problem(order, row, standing, at)
    row.state = "stray" if row.problem else "paid"
    row.save(update_fields=["received", "reference", "settled_at", "ask_at", "problem", "state"])
    if not row.problem:
        take_payment(order, how=row.adapter, reference=row.reference, at=at)
        return row
    _log.warning("the order of payment %s could not take its money: %s", row.number, row.problem)
    audit.record(
        STRAYED, order, name=order.number, community=order.community_id,
        changes={"payment": (None, row.number), "problem": (None, row.problem), "received": (None, row.received)},
    )  # fmt: skip
    return row


def _problem(order: Order, row: Payment, standing: Standing, at: datetime) -> str:
    """Return why an order cannot take what came: amount, closed, double or late; empty when it can."""
    if (standing.amount, standing.currency) != (row.amount, row.currency) or row.amount != order.amount:
        return "amount"
    if order.status != "unpaid":
        return "closed" if order.status == "cancelled" else "double"
    return "late" if order.until is None or at >= order.until else ""


def ask(payment: int, *, at: datetime) -> Payment:
    """Ask how a payment stands, and close it there when the order does not wait for it any more.

    Raises:
        Refused: ``payment.unreachable`` and as the adapter refuses; it will be asked again.
    """
    row = Payment.objects.select_related("order").get(pk=payment)
    if row.state in ENDED:
        return row
    waits = WAITS[min(row.asked, len(WAITS) - 1)]
    Payment.objects.filter(pk=payment).update(
        asked=row.asked + 1, ask_at=min(at + timedelta(seconds=waits), _end(row, at))
    )
    plugin = find_adapter(row.adapter)
    config = config_of(plugin)
    try:
        standing = plugin.query(config, row.number)
    except Refused as refusal:
        if refusal.code != "payment.unknown":
            raise
        # Never begun there; it may still be on its way, unless it can no longer be paid.
        standing = Standing("closed" if at >= row.until else "waiting")
    if standing.state == "waiting" and (row.order.status != "unpaid" or at >= row.until):
        plugin.close(config, row.number)
        standing = Standing("closed")
    return settle(payment, standing, at=at)


def _end(row: Payment, at: datetime) -> datetime:
    """Return when it is asked for the last time before the order times out; later on, whenever it is asked at all."""
    return row.until + timedelta(seconds=5) if at < row.until else at + timedelta(seconds=WAITS[-1])

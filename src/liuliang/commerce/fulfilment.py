"""What becomes of a redemption: shipped, done, or taken back with everything it cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.commerce.coupons import SOURCE, withdraw_coupon
from liuliang.commerce.events import MallRefunded, OrderRefunded
from liuliang.commerce.mall import DONE, GOODS, MALL, REFUNDED, SHIPPED, WAITING
from liuliang.commerce.models import Order, OrderRefund, Redemption
from liuliang.commerce.services import order_fact
from liuliang.kernel.errors import Refused
from liuliang.kernel.events import Fact
from liuliang.kernel.log import append
from liuliang.loyalty import refunds, stock
from liuliang.people.names import clean_name

SENT = audit.action("mall.shipped", _("礼品发货"))
FINISHED = audit.action("mall.finished", _("完成兑换"))
TAKEN_BACK = audit.action("mall.refunded", _("退回兑换"))
LIST_EXPORTED = audit.action("mall.shipping_exported", _("导出发货单"))

MOST_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Parcel:
    """A row of a carrier's table: its number there, the redemption's number, who carries it, and the tracking number."""

    row: int
    number: str
    carrier: str
    tracking: str


@transaction.atomic
def ship(redemption: int, *, carrier: str, tracking: str, at: datetime) -> Redemption:
    """Note that goods are on their way; again to correct what was noted.

    Raises:
        Refused: ``mall.not_goods``, ``mall.state``, ``mall.tracking``.
    """
    row = _locked(redemption)
    carrier, tracking = clean_name(carrier)[:40], clean_name(tracking)[:60]
    if row.item.kind != GOODS:
        raise Refused("mall.not_goods")
    if row.state not in {WAITING, SHIPPED}:
        raise Refused("mall.state")
    if not tracking:
        raise Refused("mall.tracking")
    changes = {"carrier": (row.carrier, carrier), "tracking": (row.tracking, tracking), "state": (row.state, SHIPPED)}
    row.carrier, row.tracking, row.state, row.shipped_at = carrier, tracking, SHIPPED, row.shipped_at or at
    row.save(update_fields=["carrier", "tracking", "state", "shipped_at"])
    audit.record(SENT, row, name=row.number, community=row.item.community_id, changes=changes)
    return row


@transaction.atomic
def ship_all(parcels: Sequence[Parcel], *, among: QuerySet[Redemption], at: datetime) -> int:
    """Note the parcels of a table, all of them or none; return how many.

    Args:
        parcels: the rows.
        among: the redemptions that may be shipped.
        at: now.

    Raises:
        Refused: ``sheet.rows``, ``shipping.row`` with the row's number and the refusal that is ``inner``.
    """
    if not 1 <= len(parcels) <= MOST_ROWS:
        raise Refused("sheet.rows", most=MOST_ROWS)
    ids = dict(among.filter(number__in=[parcel.number for parcel in parcels]).values_list("number", "id"))
    # In one order, so that two tables never wait for each other.
    for parcel in sorted(parcels, key=lambda each: ids.get(each.number, 0)):
        try:
            if parcel.number not in ids:
                raise Refused("mall.unknown")
            ship(ids[parcel.number], carrier=parcel.carrier, tracking=parcel.tracking, at=at)
        except Refused as refusal:
            raise Refused("shipping.row", row=parcel.row, number=parcel.number, inner=refusal) from refusal
    return len(parcels)


@transaction.atomic
def finish(redemption: int) -> Redemption:
    """Note that the member has it. Finishing it again changes nothing.

    Raises:
        Refused: ``mall.state`` when it was taken back.
    """
    row = _locked(redemption)
    if row.state == REFUNDED:
        raise Refused("mall.state")
    if row.state != DONE:
        before, row.state = row.state, DONE
        row.save(update_fields=["state"])
        audit.record(FINISHED, row, name=row.number, community=row.item.community_id, changes={"state": (before, DONE)})
    return row


@transaction.atomic
def take_back(redemption: int, *, reason: str, into_stock: bool, at: datetime) -> Redemption:
    """Take a redemption back: its points return to the lots they came from with the end they had, its money is refunded.

    Taking it back again changes nothing.

    Raises:
        Refused: ``coupon.used`` when the coupon it gave is used.
    """
    row = _locked(redemption)
    if row.state == REFUNDED:
        return row
    if into_stock and row.taken is not None:
        stock.give_back(row.taken, cause=f"redemption:{row.pk}:back", at=at)
    if row.coupon_id is not None:
        withdraw_coupon(row.coupon_id, at=at)
    if row.points:
        refunds.refund(f"redemption:{row.pk}", cause=f"redemption:{row.pk}:refund", at=at, actor=_actor())
    facts = [_money_back(row, reason, at)] if row.order_id is not None else []
    before, row.state = row.state, REFUNDED
    row.save(update_fields=["state"])
    told = MallRefunded(row.pk, row.item_id, row.quantity, row.points, row.item.name)
    append([*facts, Fact(told, at, SOURCE, f"mall:{row.pk}:refunded", row.member_id, None, _actor())])
    audit.record(
        TAKEN_BACK, row, name=row.number, community=row.item.community_id, changes={"state": (before, REFUNDED)},
        personal={"reason"} if reason.strip() else (),
    )  # fmt: skip
    return row


def _money_back(row: Redemption, reason: str, at: datetime) -> Fact:
    order = Order.objects.select_for_update(of=("self",)).get(redemption=row)
    OrderRefund.objects.create(
        order=order, key="mall", amount=order.amount, reason=reason.strip()[:300], at=at, staff=audit.actor().staff
    )
    order.refunded, order.status = order.amount, "refunded"
    order.save(update_fields=["refunded", "status"])
    told = OrderRefunded(order.pk, order.amount, order.currency)
    return order_fact(
        told, f"refunded:{order.amount}", source=MALL, number=order.number, at=order.at, member=order.member_id,
        community=order.community_id, actor=_actor(),
    )  # fmt: skip


@transaction.atomic
def note_export(redemption: Redemption, count: int) -> None:
    """Put on record that somebody takes a list with addresses away; ``redemption`` is its first."""
    audit.record(
        LIST_EXPORTED, redemption.item, name=redemption.item.name, community=redemption.item.community_id,
        changes={"count": (None, count)},
    )  # fmt: skip


def _locked(redemption: int) -> Redemption:
    return Redemption.objects.select_for_update(of=("self",)).select_related("item").get(id=redemption)


def _actor() -> int | None:
    staff = audit.actor().staff
    return staff.pk if staff else None

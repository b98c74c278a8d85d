"""Commission through the ledger: given when an order is paid, taken back as it is refunded, released when its window ends.

An order's commission is worked out from how the order stands, never from how often it was told: what is left is the rate on
what was paid less what went back, so that events may come twice, late, or in another order. Money moves from ``issue`` to a
partner's ``awaiting``, on release to ``commission``, onto a sheet to ``settling`` and when paid to ``payout``. A refund takes
from where the money stands; what is not there any more is owed (``debt``), and the next sheet takes it off.

Whoever changes a partner's accounts holds the partner's row, and an order's before; so all of it happens in one order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from liuliang.commerce.models import Order
from liuliang.commerce.services import UNPAID
from liuliang.kernel.errors import Refused
from liuliang.kernel.events import Event, Fact
from liuliang.kernel.log import append
from liuliang.loyalty.accounts import Address, open_account, standing
from liuliang.loyalty.ledger import Posting, Transfer, transfer
from liuliang.partners.attribution import Share, shares_of
from liuliang.partners.events import CommissionGiven, CommissionTakenBack
from liuliang.partners.models import Commission, Partner
from liuliang.partners.plans import commission_on

SOURCE = "partners"

SWEEP = 500
"""Commissions released in one go."""


def hold_orders(orders: Collection[int]) -> list[Order]:
    """Hold those of these orders that count until the transaction ends, and return them."""
    held = Order.objects.select_for_update(of=("self",)).filter(pk__in=orders).exclude(status__in=UNPAID)
    return list(held.order_by("pk"))


@transaction.atomic
def settle_orders(orders: Collection[int], *, at: datetime, is_anew: bool = False) -> None:
    """Bring orders' commissions in line with how the orders stand now. Again changes nothing.

    All orders and then all partners are held before the first is settled: one after the other, they would be taken in an
    order that is not everybody's. With ``is_anew`` what was given is first taken back whole, for the orders turned out to be
    another partner's.

    Raises:
        Refused: ``partner.order_settled`` when commission that is to be given anew is released already, and may be on a sheet.
    """
    rows = {row.pk: row for row in hold_orders(orders)}
    standing_ones = Commission.objects.filter(order__in=rows, replaced_at=None)
    known = list(standing_ones.values_list("order", "partner"))
    settled = set() if is_anew else {order for order, _partner in known}
    shares = {row.pk: shares_of(row) for row in rows.values() if row.pk not in settled}
    earning = [share.partner.pk for found in shares.values() for share in found]
    lock_partners([*(partner for _order, partner in known), *earning])
    told = standing_ones.select_related("partner").order_by("order", "level")
    if is_anew:
        for commission in told.all():
            _replace(commission, at)
    for number, found in shares.items():
        _give(rows[number], found, at)
    for commission in told.all():
        _take_back(commission, rows[commission.order_id], at)


@transaction.atomic
def release(*, at: datetime) -> int:
    """Release a batch of commissions whose refund window is over; return how many."""
    waiting = Commission.objects.filter(released_at=None, replaced_at=None)
    due = waiting.filter(release_at__lte=at).order_by("release_at", "id")
    ids = dict(due.values_list("id", "partner")[:SWEEP])
    lock_partners(ids.values())
    # Read again under the lock: a refund may have come, or another worker.
    found = list(waiting.filter(pk__in=ids).select_related("partner").order_by("id"))
    for commission in found:
        if commission.kept:
            move(
                commission.partner, "awaiting", "commission", commission.kept, commission.currency,
                cause=f"commission:{commission.pk}:released", kind="released", at=at,
            )  # fmt: skip
        commission.released_at = at
        commission.save(update_fields=["released_at"])
    return len(found)


def lock_partners(partners: Iterable[int]) -> None:
    """Hold partners' accounts until the transaction ends; everybody takes them in the order of their ids."""
    ids = sorted(set(partners))
    list(Partner.objects.select_for_update(no_key=True, of=("self",)).filter(pk__in=ids).order_by("pk"))


def address(partner: Partner, kind: str, currency: str) -> Address:
    """Return where a quantity of a partner stands; the house's for ``issue`` and ``payout``."""
    if kind in {"issue", "payout"}:
        return Address(currency, kind, "commission")
    return Address(currency, kind, partner.account_key)


def available(partner: Partner, kind: str, currency: str) -> int:
    """Return how much stands in a partner's account; of a debt, how much is owed."""
    balance = standing(open_account(address(partner, kind, currency))).balance
    return -balance if kind == "debt" else balance


def move(
    partner: Partner,
    source: str,
    target: str,
    amount: int,
    currency: str,
    *,
    cause: str,
    kind: str,
    at: datetime,
    part: int = 0,
    corrects: int | None = None,
) -> Posting:
    """Move commission between two of a partner's accounts (or the house's), once for its cause and part."""
    asked = Transfer(
        open_account(address(partner, source, currency)),
        open_account(address(partner, target, currency)),
        amount, kind, cause, part, corrects,
    )  # fmt: skip
    return transfer(asked, at=at)


def _give(order: Order, shares: Sequence[Share], at: datetime) -> None:
    """Give the commissions of an order that nobody has been paid for."""
    for share in shares:
        given = commission_on(order.amount, share.rate)
        commission = Commission.objects.create(
            order=order, partner=share.partner, level=share.level, how=share.how, rate=share.rate,
            currency=order.currency, base=order.amount, given=given, at=order.at,
            release_at=order.at + timedelta(days=share.partner.plan.window_days),
        )  # fmt: skip
        if given:
            posting = move(
                share.partner, "issue", "awaiting", given, order.currency,
                cause=f"commission:{commission.pk}:given", kind="commission", at=at,
            )  # fmt: skip
            commission.transfer = posting.transfer
            commission.save(update_fields=["transfer"])
            _tell(
                commission,
                CommissionGiven(commission.pk, share.partner.pk, order.pk, share.level, given, order.currency),
                "given", at,
            )  # fmt: skip


def _take_back(commission: Commission, order: Order, at: datetime) -> None:
    left = commission_on(commission.base - order.refunded, commission.rate)
    amount = commission.kept - left
    if commission.refunded == order.refunded and not amount:
        return
    owed = 0
    if amount > 0:
        owed = _return(commission, amount, f"commission:{commission.pk}:back:{order.refunded}", at)
        commission.taken_back += amount
        commission.owed += owed
    commission.refunded = order.refunded
    commission.save(update_fields=["refunded", "taken_back", "owed"])
    if amount > 0:
        told = CommissionTakenBack(
            commission.pk, commission.partner_id, commission.order_id, amount, owed, commission.currency
        )
        _tell(commission, told, f"back:{order.refunded}", at)


def _replace(commission: Commission, at: datetime) -> None:
    # Read under the lock of its partner: it may have been released while we waited for it.
    if commission.released_at is not None:
        raise Refused("partner.order_settled")
    amount = commission.kept
    if amount:
        _return(commission, amount, f"commission:{commission.pk}:replaced", at)
        told = CommissionTakenBack(
            commission.pk, commission.partner_id, commission.order_id, amount, 0, commission.currency
        )
        _tell(commission, told, "replaced", at)
    commission.taken_back += amount
    commission.replaced_at = at
    commission.save(update_fields=["taken_back", "replaced_at"])


def _return(commission: Commission, amount: int, cause: str, at: datetime) -> int:
    """Return commission to the house from where it stands; return how much of it is owed from now on."""
    partner, currency = commission.partner, commission.currency
    place = "awaiting" if commission.released_at is None else "commission"
    there = amount if place == "awaiting" else min(amount, available(partner, place, currency))
    if there:
        move(
            partner,
            place,
            "issue",
            there,
            currency,
            cause=cause,
            kind="taken_back",
            at=at,
            corrects=commission.transfer,
        )
    owed = amount - there
    if owed:
        move(
            partner, "debt", "issue", owed, currency, cause=cause, kind="owed", at=at, part=1,
            corrects=commission.transfer,
        )  # fmt: skip
    return owed


def _tell(commission: Commission, payload: Event, what: str, at: datetime) -> None:
    append([Fact(payload, at, SOURCE, f"commission:{commission.pk}:{what}", commission.partner.member_id)])

"""Settlement sheets: what stands for each partner, less what they owe, put on a sheet, paid by people, and confirmed."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.kernel.errors import Refused
from liuliang.kernel.events import Fact
from liuliang.kernel.log import append
from liuliang.partners.commissions import SOURCE, available, lock_partners, move
from liuliang.partners.events import CommissionPaid
from liuliang.partners.models import Partner, Settlement, SettlementLine

MADE = audit.action("settlement.made", _("做佣金结算单"))
PAID = audit.action("settlement.paid", _("确认佣金已付"))
CANCELLED = audit.action("settlement.cancelled", _("作废佣金结算单"))
EXPORTED = audit.action("settlement.exported", _("导出佣金结算单"))

OPEN, DONE, VOID = "open", "paid", "cancelled"


def due_currencies() -> list[str]:
    """Return the currencies in which some partner has something to be paid."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT unit FROM loyalty_account WHERE kind = 'commission' AND balance > 0 ORDER BY unit"
        )
        return [row[0] for row in cursor.fetchall()]


@transaction.atomic
def make_settlement(currency: str, *, at: datetime) -> Settlement:
    """Put what stands for every partner in a currency onto a sheet, their debts taken off.

    Whose debt takes all of it stands on the sheet with nothing to pay.

    Raises:
        Refused: ``settlement.nothing``.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key FROM loyalty_account WHERE unit = %s AND kind = 'commission' AND balance > 0", [currency]
        )
        ids = [int(row[0].removeprefix("partner:")) for row in cursor.fetchall()]
    lock_partners(ids)
    sheet = Settlement.objects.create(currency=currency, at=at, staff=audit.actor().staff)
    total = 0
    for partner in Partner.objects.filter(pk__in=ids).order_by("pk"):
        earned = available(partner, "commission", currency)
        if not earned:
            continue
        debt = min(earned, available(partner, "debt", currency))
        cause = f"settlement:{sheet.pk}:{partner.pk}"
        if debt:
            move(partner, "commission", "debt", debt, currency, cause=cause, kind="debt_paid", at=at)
        if earned - debt:
            move(
                partner, "commission", "settling", earned - debt, currency, cause=cause, kind="settling", at=at, part=1
            )
        SettlementLine.objects.create(settlement=sheet, partner=partner, earned=earned, debt=debt, amount=earned - debt)
        total += earned - debt
    if not sheet.lines.exists():
        raise Refused("settlement.nothing")
    sheet.total = total
    sheet.save(update_fields=["total"])
    audit.record(MADE, sheet, changes={"amount": (None, total), "currency": (None, currency)})
    return sheet


@transaction.atomic
def confirm_settlement(settlement: Settlement, *, reference: str, at: datetime) -> None:
    """Take note that a sheet was paid. Confirming it again changes nothing.

    Raises:
        Refused: ``settlement.cancelled``.
    """
    sheet = _locked(settlement)
    if sheet.state == DONE:
        return
    if sheet.state == VOID:
        raise Refused("settlement.cancelled")
    for line in _locked_lines(sheet):
        if not line.amount:
            continue
        cause = f"settlement:{sheet.pk}:{line.partner_id}:paid"
        move(line.partner, "settling", "payout", line.amount, sheet.currency, cause=cause, kind="paid", at=at)
        told = CommissionPaid(sheet.pk, line.partner_id, line.amount, sheet.currency)
        append([Fact(told, at, SOURCE, cause, line.partner.member_id)])
    _close(sheet, DONE, at)
    sheet.reference = reference.strip()[:100]
    sheet.save(update_fields=["state", "closed_at", "closed_by", "reference"])
    audit.record(PAID, sheet, changes={"amount": (None, sheet.total), "reference": (None, sheet.reference)})


@transaction.atomic
def cancel_settlement(settlement: Settlement, *, at: datetime) -> None:
    """Give a sheet up that was not paid: everything goes back to where it stood. Again changes nothing.

    Raises:
        Refused: ``settlement.paid``.
    """
    sheet = _locked(settlement)
    if sheet.state == VOID:
        return
    if sheet.state == DONE:
        raise Refused("settlement.paid")
    for line in _locked_lines(sheet):
        cause = f"settlement:{sheet.pk}:{line.partner_id}:cancelled"
        if line.amount:
            move(
                line.partner,
                "settling",
                "commission",
                line.amount,
                sheet.currency,
                cause=cause,
                kind="cancelled",
                at=at,
            )
        if line.debt:
            move(
                line.partner, "debt", "commission", line.debt, sheet.currency, cause=cause, kind="cancelled", at=at,
                part=1,
            )  # fmt: skip
    _close(sheet, VOID, at)
    sheet.save(update_fields=["state", "closed_at", "closed_by"])
    audit.record(CANCELLED, sheet, changes={"amount": (sheet.total, None)})


def _locked(settlement: Settlement) -> Settlement:
    return Settlement.objects.select_for_update(of=("self",)).get(pk=settlement.pk)


def _locked_lines(sheet: Settlement) -> list[SettlementLine]:
    """Return the lines of a sheet in the order of their partners, whose accounts are locked."""
    lines = list(sheet.lines.select_related("partner").order_by("partner"))
    lock_partners([line.partner_id for line in lines])
    return lines


def _close(sheet: Settlement, state: str, at: datetime) -> None:
    sheet.state, sheet.closed_at, sheet.closed_by = state, at, audit.actor().staff


@transaction.atomic
def note_export(sheet: Settlement) -> None:
    """Put on record that somebody takes a sheet along."""
    audit.record(EXPORTED, sheet, changes={"amount": (None, sheet.total)})

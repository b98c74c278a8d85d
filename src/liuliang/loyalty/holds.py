"""Holds: a quantity reserved now and posted, voided or timed out later, exactly one of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec
from django.db import connection, transaction

from liuliang.kernel.errors import Refused
from liuliang.loyalty import lots
from liuliang.loyalty.ledger import MOST, Posting
from liuliang.loyalty.models import Hold

SWEEP = 500
"""Holds that one call times out at the most."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """A hold by id, and whether this call made it or it was there for the same cause."""

    hold: int
    is_new: bool


def reserve(
    source: int,
    target: int,
    amount: int,
    *,
    kind: str,
    cause: str,
    at: datetime,
    until: datetime,
    ceiling: int | None = None,
) -> Reservation:
    """Reserve an amount on its way between two accounts.

    It counts as gone for the source's floor at once, and as come for ``ceiling``, the most that the target may have. The
    same cause again returns the same hold. The accounts stay locked until the transaction ends.

    Raises:
        Refused: ``ledger.floor``, ``ledger.ceiling``, ``ledger.amount``, ``ledger.unknown_account``,
            ``ledger.same_account`` or ``ledger.unit``.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT outcome, hold FROM loyalty_hold(%s, %s, %s, %s, %s, %s, %s, %s)",
            [source, target, min(max(amount, 0), MOST + 1), kind, cause, ceiling, at, until],
        )
        row = cursor.fetchone()
    return told(row, amount)


def told(row: tuple[str, int] | None, amount: int) -> Reservation:
    """Turn the answer of the database into a reservation, or refuse."""
    assert row is not None  # noqa: S101 - the function always answers one row
    outcome, hold = row
    if hold is None:
        raise Refused(f"ledger.{outcome}", amount=amount)
    return Reservation(hold, outcome == "held")


def post_hold(hold: int, *, at: datetime) -> Posting:
    """Let what was reserved move. Posting it again returns the same transfer.

    Raises:
        Refused: ``hold.voided``, ``hold.timed_out`` or ``hold.late`` when it ended before; ``hold.unknown``.
    """
    with transaction.atomic():
        outcome, made = _close(hold, "posted", at)
        if outcome == "closed":
            lots.use_held(hold, made)
            return Posting("posted", made)
    if outcome == "posted":
        return Posting("known", made)
    raise Refused(f"hold.{outcome}")


def void_hold(hold: int, *, at: datetime) -> bool:
    """Give back what was reserved; return whether this call did, or it was given back before.

    Raises:
        Refused: ``hold.posted`` when it has moved; ``hold.unknown``.
    """
    with transaction.atomic():
        outcome, _made = _close(hold, "voided", at)
        if outcome == "closed":
            lots.give_back_held(hold)
            return True
    if outcome in {"voided", "timed_out"}:
        return False
    raise Refused(f"hold.{outcome}")


def time_out(*, at: datetime) -> int:
    """Give back a batch of what was reserved until ``at`` or earlier; return how many holds that were.

    Each in a transaction of its own: several would lock accounts in an order that is not everybody's. Call it outside of
    one.
    """
    due = Hold.objects.filter(state="open", until__lte=at).order_by("until", "id").values_list("id", flat=True)[:SWEEP]
    count = 0
    for hold in list(due):
        with transaction.atomic():
            outcome, _made = _close(hold, "timed_out", at)
            if outcome == "closed":
                lots.give_back_held(hold)
                count += 1
    return count


def _close(hold: int, verdict: str, at: datetime) -> tuple[str, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT outcome, transfer FROM loyalty_close(%s, %s, %s)", [hold, verdict, at])
        row = cursor.fetchone()
    assert row is not None  # noqa: S101 - the function always answers one row
    return row[0], row[1]


def take_lots(hold: int) -> None:
    """Take what a hold reserved out of the purse's lots, in the transaction that reserved it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT source_id, amount FROM loyalty_hold WHERE id = %s", [hold])
        account, amount = cursor.fetchone() or (0, 0)
        taken = lots.take(account, amount)
        cursor.execute(
            "UPDATE loyalty_hold SET lots = %s::jsonb WHERE id = %s",
            [msgspec.json.encode([[each.lot, each.amount] for each in taken]).decode(), hold],
        )

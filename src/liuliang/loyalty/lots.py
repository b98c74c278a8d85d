"""Lots: every credit to a purse is a lot with its own last day; what ends first is spent first.

Of lots that end on the same day, or never, the oldest goes first. Lots are touched only in a transaction that holds the lock
of their account, which is why plain reads before the writes are safe here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import connection


@dataclass(frozen=True, slots=True)
class Taken:
    """So much from (or, where it is given back, to) a lot, and the lot's last day."""

    lot: int
    amount: int
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class NewLot:
    """A lot to be opened for a transfer that was just posted."""

    account: int
    transfer: int
    amount: int
    ends_on: date | None


def open_lots(new: Sequence[NewLot]) -> None:
    """Open lots for credits that were just posted."""
    if not new:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO loyalty_lot (account_id, transfer_id, amount, remaining, ends_on)"
            " SELECT account, transfer, amount, amount, ends_on"
            " FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::date[]) AS n (account, transfer, amount, ends_on)",
            [
                [each.account for each in new],
                [each.transfer for each in new],
                [each.amount for each in new],
                [each.ends_on for each in new],
            ],
        )


_TAKE = """
WITH standing AS (
    SELECT id, remaining, ends_on,
        sum(remaining) OVER (ORDER BY ends_on NULLS LAST, id ROWS UNBOUNDED PRECEDING) - remaining AS before
    FROM loyalty_lot WHERE account_id = %s AND remaining > 0
), taken AS (
    SELECT id, least(remaining, %s - before)::bigint AS amount FROM standing WHERE before < %s
)
UPDATE loyalty_lot l SET remaining = l.remaining - t.amount FROM taken t WHERE l.id = t.id
RETURNING l.id, t.amount, l.ends_on
"""


def take(account: int, amount: int) -> list[Taken]:
    """Take ``amount`` from the lots of an account, what ends first going first.

    Raises:
        RuntimeError: the lots hold less, which the ledger's floor does not allow.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [account, amount, amount])
        taken = [Taken(*row) for row in cursor.fetchall()]
    if sum(each.amount for each in taken) != amount:
        raise RuntimeError(f"the lots of account {account} do not hold {amount}")
    return sorted(taken, key=lambda each: (each.ends_on or date.max, each.lot))


def take_from(lot: int, amount: int) -> Taken:
    """Take ``amount`` from one lot, which must hold it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE loyalty_lot SET remaining = remaining - %s WHERE id = %s RETURNING id, %s::bigint, ends_on",
            [amount, lot, amount],
        )
        row = cursor.fetchone()
    assert row is not None  # noqa: S101 - lots are never deleted
    return Taken(*row)


def note_uses(transfer: int, taken: Sequence[Taken]) -> None:
    """Write down which lots a transfer took from; with negative amounts, to which it gave back."""
    if not taken:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO loyalty_lotuse (transfer_id, lot_id, amount) SELECT %s, lot, amount"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS u (lot, amount)",
            [transfer, [each.lot for each in taken], [each.amount for each in taken]],
        )


_USED = """
SELECT u.lot_id, sum(u.amount)::bigint, l.ends_on FROM loyalty_lotuse u JOIN loyalty_lot l ON l.id = u.lot_id
WHERE u.transfer_id = %s OR u.transfer_id IN (SELECT id FROM loyalty_transfer WHERE corrects_id = %s)
GROUP BY u.lot_id, l.ends_on HAVING sum(u.amount) > 0
ORDER BY l.ends_on DESC NULLS FIRST, u.lot_id DESC
"""


def give_back(spent: int, amount: int) -> list[Taken]:
    """Give ``amount`` of what the transfer ``spent`` took back to the same lots, with the last day they always had.

    Of a partial refund the lots that were taken last, which end latest, get theirs first.
    """
    with connection.cursor() as cursor:
        cursor.execute(_USED, [spent, spent])
        used = [Taken(*row) for row in cursor.fetchall()]
    back = []
    for each in used:
        part = min(amount, each.amount)
        if part:
            back.append(Taken(each.lot, -part, each.ends_on))
            amount -= part
    if amount:
        raise RuntimeError(f"transfer {spent} did not take what is to be given back")
    _restore([(each.lot, -each.amount) for each in back])
    return back


def use_held(hold: int, transfer: int) -> None:
    """Write down the lots of a hold as those of the transfer it became."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO loyalty_lotuse (transfer_id, lot_id, amount) SELECT %s, (pair->>0)::bigint, (pair->>1)::bigint"
            " FROM loyalty_hold h CROSS JOIN jsonb_array_elements(h.lots) AS pair WHERE h.id = %s",
            [transfer, hold],
        )


def give_back_held(hold: int) -> None:
    """Give the lots of a hold back what it took from them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (pair->>0)::bigint, (pair->>1)::bigint FROM loyalty_hold h"
            " CROSS JOIN jsonb_array_elements(h.lots) AS pair WHERE h.id = %s",
            [hold],
        )
        _restore(cursor.fetchall())


def _restore(pairs: Sequence[tuple[int, int]]) -> None:
    if not pairs:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE loyalty_lot l SET remaining = l.remaining + b.amount, restored = l.restored + 1"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS b (lot, amount) WHERE l.id = b.lot",
            [[lot for lot, _ in pairs], [amount for _, amount in pairs]],
        )

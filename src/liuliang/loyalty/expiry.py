"""Lots that end: with their last day, exact to the day of the brand's time zone, or with a season that is cleared."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction

from liuliang.kernel.log import append
from liuliang.loyalty.accounts import POINTS, Address, open_account
from liuliang.loyalty.events import PointsDeducted, PointsExpired
from liuliang.loyalty.ledger import Transfer, post
from liuliang.loyalty.purses import ending, fact_of
from liuliang.loyalty.validity import today

EXPIRY_BATCH = 250
"""Purses whose lots end in one transaction: some tens of milliseconds, so that nobody waits for long."""

_DUE = (
    "SELECT l.id, l.account_id, l.remaining, l.ends_on, l.restored, coalesce(m.canonical_id, m.id)"
    " FROM loyalty_lot l JOIN loyalty_account a ON a.id = l.account_id JOIN people_member m ON m.id = a.member_id"
)


@dataclass(frozen=True, slots=True)
class _Due:
    """A lot that is to end with all that remains of it."""

    lot: int
    account: int
    remaining: int
    ends_on: date | None
    restored: int
    member: int


def expire_purses(purses: Collection[int], *, at: datetime) -> int:
    """Expire what has ended of these purses, which the caller has locked; return how many lots that were."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"{_DUE} WHERE l.account_id = ANY(%s) AND l.remaining > 0 AND l.ends_on < %s"
            " ORDER BY l.account_id, l.ends_on, l.id",
            [list(purses), today(at)],
        )
        due = [_Due(*row) for row in cursor.fetchall()]
    _end(due, "expired", "expiry", at=at)
    return len(due)


def expire_due(*, at: datetime, limit: int = EXPIRY_BATCH) -> int:
    """Expire what has ended of up to ``limit`` purses in one transaction; return how many lots that were.

    Purses that somebody is using at this moment are passed over; the next call finds them.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM loyalty_account WHERE id IN (SELECT account_id FROM loyalty_lot WHERE remaining > 0"
            " AND ends_on < %s ORDER BY ends_on, id LIMIT %s) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED",
            [today(at), limit],
        )
        return expire_purses([row[0] for row in cursor.fetchall()], at=at)


def clear_earned_before(
    cutoff: datetime, *, season: str, at: datetime, after: int = 0, limit: int = EXPIRY_BATCH
) -> int | None:
    """Take what is left of points that were earned before ``cutoff`` from a batch of purses, by id, in one transaction.

    Args:
        cutoff: the end of the season.
        season: its name, in the cause of every entry; the same again takes nothing twice.
        at: now.
        after: the last purse of the batch before; 0 to begin.
        limit: purses at most.

    Returns:
        The last purse of this batch, None when none was left.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        # Everybody's turn comes, so a purse in use is waited for.
        cursor.execute(
            "SELECT id FROM loyalty_account WHERE unit = %s AND kind = 'member' AND member_id IS NOT NULL AND id > %s"
            " ORDER BY id LIMIT %s FOR NO KEY UPDATE",
            [POINTS, after, limit],
        )
        purses: list[int] = [row[0] for row in cursor.fetchall()]
        if not purses:
            return None
        cursor.execute(
            f"{_DUE} JOIN loyalty_transfer t ON t.id = l.transfer_id"
            " WHERE l.account_id = ANY(%s) AND l.remaining > 0 AND t.at < %s ORDER BY l.account_id, l.ends_on, l.id",
            [purses, cutoff],
        )
        _end([_Due(*row) for row in cursor.fetchall()], "deducted", "deduction", at=at, season=season)
        return purses[-1]


def earned_before(cutoff: datetime) -> tuple[int, int]:
    """Return how many purses hold points that were earned before ``cutoff``, and how many points those are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(DISTINCT l.account_id), coalesce(sum(l.remaining), 0)::bigint FROM loyalty_lot l"
            " JOIN loyalty_transfer t ON t.id = l.transfer_id WHERE l.remaining > 0 AND t.at < %s",
            [cutoff],
        )
        return cursor.fetchone() or (0, 0)


def _end(due: Sequence[_Due], kind: str, sink: str, *, at: datetime, season: str = "") -> None:
    if not due:
        return
    target = open_account(Address(POINTS, sink))
    # A lot that a refund restores after its end ends again: one more cause.
    first = f"season:{season}" if season else "expiry"
    asked = [
        Transfer(each.account, target, each.remaining, kind, f"{first}:{each.lot}:{each.restored}") for each in due
    ]
    postings = post(asked, at=at)
    made = [posting.made for posting in postings if posting.made is not None]
    if len(made) != len(due):
        raise RuntimeError(f"lots could not be ended: {[each.outcome for each in postings if not each.is_new]}")
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH taken AS (UPDATE loyalty_lot l SET remaining = 0 FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[])"
            "  AS w (transfer, lot, amount) WHERE l.id = w.lot RETURNING w.transfer, w.lot, w.amount)"
            " INSERT INTO loyalty_lotuse (transfer_id, lot_id, amount) SELECT transfer, lot, amount FROM taken",
            [made, [each.lot for each in due], [each.remaining for each in due]],
        )
    payload = PointsDeducted if season else PointsExpired
    append(
        [
            fact_of(
                payload(number, each.remaining, one.cause, ending(each.ends_on, each.remaining)),
                number,
                each.member,
                at,
            )
            for each, one, number in zip(due, asked, made, strict=True)
        ]
    )

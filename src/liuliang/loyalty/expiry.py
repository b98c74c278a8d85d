"""Expiry: points whose last day is over end, exact to the day of the brand's time zone."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import connection, transaction

from liuliang.kernel.log import append
from liuliang.loyalty.accounts import POINTS, Address, open_account
from liuliang.loyalty.events import PointsExpired
from liuliang.loyalty.ledger import Transfer, post
from liuliang.loyalty.purses import ending, fact_of
from liuliang.loyalty.validity import today


def expire_purses(purses: Collection[int], *, at: datetime) -> int:
    """Expire what has ended of these purses, which the caller has locked; return how many lots that were."""
    day = today(at)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT l.id, l.account_id, l.remaining, l.ends_on, l.restored, coalesce(m.canonical_id, m.id)"
            " FROM loyalty_lot l JOIN loyalty_account a ON a.id = l.account_id JOIN people_member m ON m.id = a.member_id"
            " WHERE l.account_id = ANY(%s) AND l.remaining > 0 AND l.ends_on < %s ORDER BY l.account_id, l.ends_on, l.id",
            [list(purses), day],
        )
        due = cursor.fetchall()
    if not due:
        return 0
    sink = open_account(Address(POINTS, "expiry"))
    asked = [
        # A lot that a refund restores after its end ends again: one more cause.
        Transfer(account, sink, remaining, "expired", f"expiry:{lot}:{restored}")
        for lot, account, remaining, _ends_on, restored, _member in due
    ]
    postings = post(asked, at=at)
    made = [posting.transfer for posting in postings if posting.is_new]
    if len(made) != len(due):
        raise RuntimeError(f"lots of {sorted(set(purses))} could not be expired: {postings}")
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH taken AS (UPDATE loyalty_lot l SET remaining = 0 FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[])"
            "  AS w (transfer, lot, amount) WHERE l.id = w.lot RETURNING w.transfer, w.lot, w.amount)"
            " INSERT INTO loyalty_lotuse (transfer_id, lot_id, amount) SELECT transfer, lot, amount FROM taken",
            [made, [row[0] for row in due], [row[2] for row in due]],
        )
    told = zip(asked, made, due, strict=True)
    append(
        [
            fact_of(PointsExpired(number, remaining, each.cause, ending(ends_on, remaining)), number, member, at)
            for each, number, (_lot, _account, remaining, ends_on, _restored, member) in told
            if number is not None
        ]
    )
    return len(due)


EXPIRY_BATCH = 250
"""Purses whose ended lots are expired in one transaction: some tens of milliseconds, so that nobody waits for long."""


def expire_due(*, at: datetime, limit: int = EXPIRY_BATCH) -> int:
    """Expire what has ended of up to ``limit`` purses in one transaction; return how many lots that were.

    Purses that somebody is using at this moment are passed over; the next call finds them.
    """
    day = today(at)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM loyalty_account WHERE id IN (SELECT account_id FROM loyalty_lot WHERE remaining > 0"
            " AND ends_on < %s ORDER BY ends_on, id LIMIT %s) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED",
            [day, limit],
        )
        return expire_purses([row[0] for row in cursor.fetchall()], at=at)

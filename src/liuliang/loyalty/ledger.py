"""Double entry: quantities move between accounts, never appear and never vanish.

A transfer takes an amount from one account and gives it to another of the same unit; so all balances of a unit sum to zero.
It has a cause that happens once: posting it again changes nothing. It is never changed; a mistake is corrected by a transfer
that takes it back. An account with a floor never falls below it, whoever posts at the same time: the check, the two balances and
the entry are one call of a function in the database that locks accounts in one order everywhere.

Everything here works in the caller's transaction, or in one of its own where there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from liuliang.kernel.errors import Refused

MOST = 10**15
"""The largest amount of one transfer. Sums of thousands of them still fit into 64 bits."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer to be posted, between accounts by id. A hot account is named by its head.

    ``kind`` is a word for reports; ``part`` tells transfers of one cause apart; ``corrects`` is a transfer that this one
    takes back in part or as a whole.
    """

    source: int
    target: int
    amount: int
    kind: str
    cause: str
    part: int = 0
    corrects: int | None = None
    community: int | None = None


@dataclass(frozen=True, slots=True)
class Posting:
    """What became of a transfer.

    ``outcome`` is ``posted``; ``known`` where the cause had happened before; or why not: ``amount``, ``unknown_account``,
    ``same_account``, ``unit``, ``floor`` (not enough there), ``corrected`` (more taken back than was given).
    ``transfer`` is the id where there is a transfer of this cause.
    """

    outcome: str
    transfer: int | None

    @property
    def is_new(self) -> bool:
        """Whether this call moved something."""
        return self.outcome == "posted"

    @property
    def made(self) -> int | None:
        """The transfer that this call made; None where nothing moved."""
        return self.transfer if self.is_new else None


def post(transfers: Sequence[Transfer], *, at: datetime, actor: int | None = None) -> list[Posting]:
    """Post transfers in their order, each by itself: one that is refused changes nothing and the next is tried.

    Args:
        transfers: up to some hundreds; all their accounts stay locked until the transaction ends.
        at: when it happens.
        actor: the staff member who does it, None for the system.
    """
    if not transfers:
        return []
    columns = list(zip(*map(_row, transfers), strict=True))
    if len(transfers) == 1:
        # The driver writes a number much faster than a list of one.
        statement, values = _ONE, [column[0] for column in columns]
    else:
        statement, values = _MANY, [list(column) for column in columns]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, actor, at])
        return [Posting(*row) for row in cursor.fetchall()]


_TYPES = ("bigint", "bigint", "bigint", "text", "text", "smallint", "bigint", "int")
_MANY = f"SELECT outcome, transfer FROM loyalty_post({', '.join(f'%s::{each}[]' for each in _TYPES)}, %s, %s)"
_ONE = f"SELECT outcome, transfer FROM loyalty_post({', '.join(f'ARRAY[%s]::{each}[]' for each in _TYPES)}, %s, %s)"


def _row(asked: Transfer) -> tuple[object, ...]:
    return (
        asked.source,
        asked.target,
        # Beyond 64 bits the driver could not even ask; refused all the same.
        min(max(asked.amount, 0), MOST + 1),
        asked.kind,
        asked.cause,
        asked.part,
        asked.corrects,
        asked.community,
    )


def transfer(asked: Transfer, *, at: datetime, actor: int | None = None) -> Posting:
    """Post one transfer, or refuse.

    Raises:
        Refused: ``ledger.floor``, ``ledger.amount``, ``ledger.unknown_account``, ``ledger.same_account``, ``ledger.unit``
            or ``ledger.corrected``.
    """
    (posting,) = post([asked], at=at, actor=actor)
    if posting.transfer is None:
        raise Refused(f"ledger.{posting.outcome}", amount=asked.amount)
    return posting


def take_back(
    transfer_id: int, *, cause: str, at: datetime, amount: int | None = None, actor: int | None = None
) -> Posting:
    """Correct a transfer by one in the other direction, wholly or by ``amount``.

    What was taken back before counts: together it is never more than was given.

    Raises:
        Refused: as `transfer`; ``ledger.unknown_transfer``.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT source_id, target_id, amount, community FROM loyalty_transfer WHERE id = %s", [transfer_id]
        )
        row = cursor.fetchone()
    if row is None:
        raise Refused("ledger.unknown_transfer")
    source, target, given, community = row
    back = Transfer(
        target,
        source,
        given if amount is None else amount,
        "correction",
        cause,
        corrects=transfer_id,
        community=community,
    )
    return transfer(back, at=at, actor=actor)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that must never be: which rule, and the unit, account, hold or lot that breaks it."""

    rule: str
    what: str


_FOLD = """
WITH moved AS (
    SELECT account, sum(amount) AS amount FROM (
        SELECT source_id AS account, -amount AS amount FROM loyalty_transfer
        UNION ALL SELECT target_id, amount FROM loyalty_transfer
    ) entry GROUP BY account
)
SELECT 'a balance is the sum of its entries', a.id::text FROM loyalty_account a
LEFT JOIN moved m ON m.account = a.id WHERE a.balance <> coalesce(m.amount, 0)
UNION ALL
SELECT 'the balances of a unit sum to zero', unit FROM loyalty_account GROUP BY unit HAVING sum(balance) <> 0
UNION ALL
SELECT 'no account is below its floor', id::text FROM loyalty_account WHERE balance - held < floor
UNION ALL
SELECT 'a transfer stays within its unit', t.id::text FROM loyalty_transfer t
JOIN loyalty_account s ON s.id = t.source_id JOIN loyalty_account g ON g.id = t.target_id WHERE s.unit <> g.unit
UNION ALL
SELECT 'what is held is the sum of open holds', a.id::text FROM loyalty_account a LEFT JOIN (
    SELECT source_id, sum(amount) AS amount FROM loyalty_hold WHERE state = 'open' GROUP BY source_id
) h ON h.source_id = a.id WHERE a.held <> coalesce(h.amount, 0)
UNION ALL
SELECT 'what is expected is the sum of open holds', a.id::text FROM loyalty_account a LEFT JOIN (
    SELECT target_id, sum(amount) AS amount FROM loyalty_hold WHERE state = 'open' GROUP BY target_id
) h ON h.target_id = a.id WHERE a.expected <> coalesce(h.amount, 0)
UNION ALL
SELECT 'no more is taken back than was given', t.id::text FROM loyalty_transfer t JOIN (
    SELECT corrects_id, sum(amount) AS amount FROM loyalty_transfer WHERE corrects_id IS NOT NULL GROUP BY corrects_id
) c ON c.corrects_id = t.id WHERE c.amount > t.amount
UNION ALL
SELECT 'the lots of a purse are what may be spent', a.id::text FROM loyalty_account a LEFT JOIN (
    SELECT account_id, sum(remaining) AS amount FROM loyalty_lot GROUP BY account_id
) l ON l.account_id = a.id
WHERE a.unit = 'points' AND a.kind = 'member' AND a.balance - a.held <> coalesce(l.amount, 0)
UNION ALL
SELECT 'what is gone from a lot is what was taken from it', l.id::text FROM loyalty_lot l LEFT JOIN (
    SELECT lot_id, sum(amount) AS amount FROM loyalty_lotuse GROUP BY lot_id
) u ON u.lot_id = l.id LEFT JOIN (
    SELECT (pair->>0)::bigint AS lot_id, sum((pair->>1)::bigint) AS amount
    FROM loyalty_hold h CROSS JOIN jsonb_array_elements(h.lots) AS pair WHERE h.state = 'open' GROUP BY 1
) h ON h.lot_id = l.id
WHERE l.amount - l.remaining <> coalesce(u.amount, 0) + coalesce(h.amount, 0)
"""


def faults() -> list[Fault]:
    """Check everything that must always hold, over the whole ledger; empty is good. Reads every entry."""
    with connection.cursor() as cursor:
        cursor.execute(_FOLD)
        return [Fault(*row) for row in cursor.fetchall()]

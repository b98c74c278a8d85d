"""Debts: what was spent of rewards that were taken back is owed, and paid by what comes in later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from liuliang.kernel.log import append
from liuliang.loyalty import lots
from liuliang.loyalty.events import PointsDebtPaid
from liuliang.loyalty.ledger import Transfer, transfer
from liuliang.loyalty.purses import endings, fact_of


@dataclass(frozen=True, slots=True)
class Income:
    """What just came into a person's purse."""

    person: int
    purse: int
    amount: int


def pay_debts(incomes: Sequence[Income], *, at: datetime) -> None:
    """Let what just came in pay what the persons owe, in the caller's transaction; never more than came in."""
    if not incomes:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT w.member, d.id FROM unnest(%s::int[]) AS w (member)"
            " JOIN people_member m ON m.id = w.member OR m.canonical_id = w.member"
            " JOIN loyalty_account d ON d.member_id = m.id AND d.unit = 'points' AND d.kind = 'debt' AND d.balance < 0"
            " ORDER BY d.id",
            [list({each.person for each in incomes})],
        )
        owing = cursor.fetchall()
    left: defaultdict[tuple[int, int], int] = defaultdict(int)
    for each in incomes:
        left[each.person, each.purse] += each.amount
    # A person of several records may owe by several of them: what has paid one debt does not pay the next.
    for person, debt in owing:
        for place in sorted(place for place in left if place[0] == person):
            left[place] -= _pay_debt(person, place[1], debt, left[place], at)


def _pay_debt(member: int, account: int, debt: int, income: int, at: datetime) -> int:
    """Pay a debt from a purse; return how much of ``income`` that took."""
    with connection.cursor() as cursor:
        # The debt is read again under its lock: somebody may have paid a part from another purse.
        cursor.execute(
            "SELECT id, balance, balance - held FROM loyalty_account WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE",
            [[account, debt]],
        )
        rows = {row[0]: row[1:] for row in cursor.fetchall()}
    amount: int = min(-rows[debt][0], rows[account][1], income)
    if amount < 1:
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM loyalty_transfer WHERE target_id = %s", [debt])
        (number,) = cursor.fetchone() or (0,)
    cause = f"debt:{debt}:{number + 1}"
    posting = transfer(Transfer(account, debt, amount, "debt_paid", cause), at=at)
    assert posting.transfer is not None  # noqa: S101 - the debt is locked, so its number is ours
    taken = lots.take(account, amount)
    lots.note_uses(posting.transfer, taken)
    told = PointsDebtPaid(posting.transfer, amount, cause, endings(taken))
    append([fact_of(told, posting.transfer, member, at)])
    return amount

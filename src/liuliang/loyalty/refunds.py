"""Refunds: what was spent goes back to the lots it came from, with the last day they always had."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction

from liuliang.kernel.errors import Refused
from liuliang.kernel.log import append
from liuliang.loyalty import lots
from liuliang.loyalty.debts import Income, pay_debts
from liuliang.loyalty.events import PointsRefunded
from liuliang.loyalty.ledger import Transfer, post
from liuliang.loyalty.purses import endings, fact_of, lock_purses, transfers_of


def refund(spent: str, *, cause: str, at: datetime, amount: int | None = None, actor: int | None = None) -> int:
    """Give back what the spending of cause ``spent`` took, wholly or in part, to the same lots with their original end.

    What was given back before counts. Points whose last day is over by now come back too, and end with the next expiry.

    Returns:
        The id of the first transfer; the same for the same ``cause`` again.

    Raises:
        Refused: ``points.unknown_spending``; ``points.over_refunded`` with ``left``.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT t.id, t.source_id, t.target_id, t.community, coalesce(m.canonical_id, m.id) FROM loyalty_transfer t"
                " JOIN loyalty_account a ON a.id = t.source_id JOIN people_member m ON m.id = a.member_id"
                " WHERE t.cause = %s AND t.kind IN ('spent', 'deducted') ORDER BY t.part",
                [spent],
            )
            parts = cursor.fetchall()
        if not parts:
            raise Refused("points.unknown_spending", cause=spent)
        person = parts[0][4]
        lock_purses(person)
        known = transfers_of(cause)
        if known:
            return known[0]
        left = _left_to_refund([part[0] for part in parts])
        wanted = sum(left.values()) if amount is None else amount
        if not 1 <= wanted <= sum(left.values()):
            raise Refused("points.over_refunded", left=sum(left.values()), amount=wanted)
        asked: list[Transfer] = []
        rest = wanted
        for number, source, target, community, _person in reversed(parts):
            share = min(rest, left[number])
            if share:
                asked.append(
                    Transfer(target, source, share, "refunded", cause, len(asked), corrects=number, community=community)
                )
                rest -= share
        postings = post(asked, at=at, actor=actor)
        back: list[lots.Taken] = []
        for each, posting in zip(asked, postings, strict=True):
            if not posting.is_new or posting.transfer is None or each.corrects is None:
                raise RuntimeError(f"the refund {cause} was not posted: {posting.outcome}")
            restored = lots.give_back(each.corrects, each.amount)
            lots.note_uses(posting.transfer, restored)
            back += restored
        first = postings[0].transfer
        assert first is not None  # noqa: S101 - checked above
        refunded = [lots.Taken(each.lot, -each.amount, each.ends_on) for each in back]
        told = PointsRefunded(first, wanted, cause, endings(refunded))
        append([fact_of(told, first, person, at, community=asked[0].community, actor=actor)])
        pay_debts([Income(person, each.target, each.amount) for each in asked], at=at)
        return first


def _left_to_refund(spendings: Sequence[int]) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.id, (t.amount - coalesce((SELECT sum(c.amount) FROM loyalty_transfer c WHERE c.corrects_id = t.id), 0))"
            "::bigint FROM loyalty_transfer t WHERE t.id = ANY(%s)",
            [list(spendings)],
        )
        return dict(cursor.fetchall())

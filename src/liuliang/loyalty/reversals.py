"""Reversals: a reward goes back when its cause is undone; what was spent of it becomes a debt, or is let go by rule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from liuliang.kernel.errors import Refused
from liuliang.kernel.log import append
from liuliang.loyalty import lots
from liuliang.loyalty.accounts import POINTS, Address, open_account
from liuliang.loyalty.events import PointsReversed
from liuliang.loyalty.ledger import Transfer, post
from liuliang.loyalty.purses import ending, fact_of, lock_purses, transfers_of


@dataclass(frozen=True, slots=True)
class Reversal:
    """What became of a reward that was taken back: what was still there, what is owed, what was let go."""

    taken: int = 0
    owed: int = 0
    forgiven: int = 0


@dataclass(frozen=True, slots=True)
class _Given:
    """A reward as it stands under the lock of its purse."""

    source: int
    purse: int
    person: int
    lot: lots.Taken
    left: int
    spent: int
    community: int | None


def reverse_reward(
    reward: int,
    *,
    cause: str,
    at: datetime,
    amount: int | None = None,
    is_forgiving: bool = False,
    rule: int = 0,
    budget: str = "",
) -> Reversal:
    """Take a reward back, wholly or by ``amount``.

    First goes what its own lot still holds. What the member has spent of it (or reserved) is owed, and future earnings pay
    it; with ``is_forgiving`` it is let go. What had ended before is gone and not owed. The same cause again changes nothing.

    Args:
        reward: the id of the transfer that gave it.
        cause: names the undoing for ever.
        at: when.
        amount: how much goes back, None for all that has not gone back yet; more than that is cut to it.
        is_forgiving: whether what was spent is let go.
        rule: the earning rule, for the event.
        budget: the budget that paid and gets it back, for the event.

    Raises:
        Refused: ``points.unknown_reward``.
    """
    with transaction.atomic():
        given = _given(reward)
        if transfers_of(cause):
            return Reversal()
        wanted = given.left if amount is None else min(amount, given.left)
        taken = min(wanted, given.lot.amount)
        spent = min(wanted - taken, given.spent)
        reversal = Reversal(taken, 0 if is_forgiving else spent, spent if is_forgiving else 0)
        if reversal == Reversal():
            return reversal
        asked = []
        if taken:
            asked.append(Transfer(given.purse, given.source, taken, "reversed", cause, 0, reward, given.community))
        if reversal.owed:
            debt = open_account(Address(POINTS, "debt", member=given.person))
            asked.append(Transfer(debt, given.source, reversal.owed, "owed", cause, 1, reward, given.community))
        postings = post(asked, at=at)
        if not all(posting.is_new for posting in postings):
            raise RuntimeError(f"the reversal {cause} was not posted: {postings}")
        if taken and postings[0].transfer is not None:
            lots.note_uses(postings[0].transfer, [lots.take_from(given.lot.lot, taken)])
        payload = PointsReversed(
            reward, taken, cause, rule, budget, reversal.owed, reversal.forgiven, ending(given.lot.ends_on, taken)
        )
        append([fact_of(payload, cause, given.person, at, community=given.community)])
        return reversal


def _given(reward: int) -> _Given:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(m.canonical_id, m.id) FROM loyalty_transfer t JOIN loyalty_lot l ON l.transfer_id = t.id"
            " JOIN loyalty_account a ON a.id = t.target_id JOIN people_member m ON m.id = a.member_id WHERE t.id = %s",
            [reward],
        )
        row = cursor.fetchone()
        if row is None:
            raise Refused("points.unknown_reward")
        lock_purses(row[0])
        cursor.execute(
            "SELECT t.source_id, t.target_id, l.id, l.remaining, l.ends_on,"
            " t.amount - coalesce((SELECT sum(c.amount) FROM loyalty_transfer c WHERE c.corrects_id = t.id), 0)::bigint,"
            # Gone from the lot, less what ended or went back, less what is owed for already: that was spent.
            " l.amount - l.remaining - coalesce((SELECT sum(u.amount) FROM loyalty_lotuse u JOIN loyalty_transfer x"
            "  ON x.id = u.transfer_id WHERE u.lot_id = l.id"
            "  AND (x.kind IN ('expired', 'reversed') OR x.kind = 'deducted' AND x.cause LIKE 'season:%%')), 0)::bigint"
            " - coalesce((SELECT sum(c.amount) FROM loyalty_transfer c WHERE c.corrects_id = t.id AND c.kind = 'owed'), 0)"
            "::bigint, t.community FROM loyalty_transfer t JOIN loyalty_lot l ON l.transfer_id = t.id WHERE t.id = %s",
            [reward],
        )
        source, purse, lot, remaining, ends_on, left, spent, place = cursor.fetchone() or (0, 0, 0, 0, None, 0, 0, None)
    return _Given(source, purse, row[0], lots.Taken(lot, remaining, ends_on), left, max(0, spent), place)

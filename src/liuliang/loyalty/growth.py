"""Growth: what levels are made of. It is earned like points, but never spent and never ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction

from liuliang.kernel.errors import Refused
from liuliang.kernel.log import append
from liuliang.loyalty.accounts import GROWTH, Address, open_accounts, purse
from liuliang.loyalty.events import GrowthEarned, GrowthReversed
from liuliang.loyalty.ledger import Posting, Transfer, post
from liuliang.loyalty.leveling import upgrade
from liuliang.loyalty.points import Reward
from liuliang.loyalty.purses import canonical_of, fact_of, transfers_of
from liuliang.loyalty.reversals import Reversal

ISSUE = Address(GROWTH, "issue")


def earn_growth(rewards: Sequence[Reward], *, at: datetime, actor: int | None = None) -> list[Posting]:
    """Give growth, each once for its cause; whoever reaches a level by it is on that level at once.

    Budgets and last days of the rewards do not count here. Outcomes are as in `liuliang.loyalty.points.earn`.
    """
    with transaction.atomic():
        person = canonical_of([each.member for each in rewards])
        found = open_accounts([ISSUE, *(purse(each, GROWTH) for each in person.values())])
        asked = [
            Transfer(
                found[ISSUE],
                found.get(purse(person.get(each.member, 0), GROWTH), 0),
                each.amount,
                "earned",
                each.cause,
                community=each.community,
            )
            for each in rewards
        ]
        postings = post(asked, at=at, actor=actor)
        fresh = [
            (reward, made)
            for reward, posting in zip(rewards, postings, strict=True)
            if (made := posting.made) is not None
        ]
        append(
            [
                fact_of(
                    GrowthEarned(made, reward.amount, reward.cause, reward.rule),
                    made, person[reward.member], at, community=reward.community, actor=actor,
                )
                for reward, made in fresh
            ]
        )  # fmt: skip
        upgrade({person[reward.member] for reward, _made in fresh}, at=at)
    return postings


def reverse_growth(reward: int, *, cause: str, at: datetime, amount: int | None = None, rule: int = 0) -> Reversal:
    """Take growth back, wholly or by ``amount``. A level that was reached by it stands until it is looked at again.

    Raises:
        Refused: ``growth.unknown_reward``.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        if transfers_of(cause):
            return Reversal()
        cursor.execute(
            "SELECT t.source_id, t.target_id, coalesce(m.canonical_id, m.id),"
            " t.amount - coalesce((SELECT sum(c.amount) FROM loyalty_transfer c WHERE c.corrects_id = t.id), 0)::bigint"
            " FROM loyalty_transfer t JOIN loyalty_account a ON a.id = t.target_id AND a.unit = %s"
            " JOIN people_member m ON m.id = a.member_id WHERE t.id = %s AND t.kind = 'earned'",
            [GROWTH, reward],
        )
        row = cursor.fetchone()
        if row is None:
            raise Refused("growth.unknown_reward")
        source, target, person, left = row
        back = left if amount is None else min(amount, left)
        if back < 1:
            return Reversal()
        (posting,) = post([Transfer(target, source, back, "reversed", cause, corrects=reward)], at=at)
        if posting.made is not None:
            append([fact_of(GrowthReversed(reward, back, cause, rule), posting.made, person, at)])
            return Reversal(taken=back)
        return Reversal()

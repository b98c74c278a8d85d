"""Points of members: earned into lots, spent from what ends first, refunded to where they came from.

A person may have several purses, one for each member record that was merged into them; merging moves nothing, so that it can
be undone. What is earned goes into the purse of the canonical record, what is spent is taken from all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction

from liuliang.kernel.errors import Refused
from liuliang.kernel.log import append
from liuliang.loyalty import lots
from liuliang.loyalty.accounts import POINTS, Address, open_account, open_accounts, purse
from liuliang.loyalty.debts import Income, pay_debts
from liuliang.loyalty.events import PointsDeducted, PointsEarned, PointsSpent
from liuliang.loyalty.expiry import expire_purses
from liuliang.loyalty.ledger import MOST, Posting, Transfer, post
from liuliang.loyalty.purses import canonical_of, ending, endings, fact_of, find_budgets, lock_purses, transfers_of


@dataclass(frozen=True, slots=True)
class Reward:
    """Points for a person, by any of their records.

    ``ends_on`` is the last local day on which they count, None for ever. ``budget`` is the key of the budget that pays,
    empty for none; ``rule`` the earning rule, 0 for none.
    """

    member: int
    amount: int
    cause: str
    ends_on: date | None = None
    rule: int = 0
    budget: str = ""
    community: int | None = None


def earn(rewards: Sequence[Reward], *, at: datetime, actor: int | None = None) -> list[Posting]:
    """Give rewards, each once for its cause and each by itself.

    An outcome is ``posted``, ``known`` (the cause was rewarded before) or a refusal, of which ``floor`` says that the
    budget does not have so much any more and ``unknown_account`` that there is no such member or budget. Points that come
    in pay what the person owes first.
    """
    with transaction.atomic():
        person = canonical_of([each.member for each in rewards])
        found = open_accounts(_addresses(rewards, person))
        unknown = 0
        transfers = [
            Transfer(
                found.get(_payer(each), unknown),
                found.get(purse(person.get(each.member, 0)), unknown),
                each.amount,
                "earned",
                each.cause,
                community=each.community,
            )
            for each in rewards
        ]
        postings = post(transfers, at=at, actor=actor)
        fresh = [
            (reward, asked, made)
            for reward, asked, posting in zip(rewards, transfers, postings, strict=True)
            if (made := posting.made) is not None
        ]
        lots.open_lots(
            [lots.NewLot(asked.target, made, reward.amount, reward.ends_on) for reward, asked, made in fresh]
        )
        append(
            [
                fact_of(
                    PointsEarned(
                        made, reward.amount, reward.cause, reward.rule, reward.budget,
                        ending(reward.ends_on, reward.amount),
                    ),
                    made, person[reward.member], at, community=reward.community, actor=actor,
                )
                for reward, _asked, made in fresh
            ]
        )  # fmt: skip
        pay_debts([Income(person[reward.member], asked.target, reward.amount) for reward, asked, _made in fresh], at=at)
    return postings


def _addresses(rewards: Sequence[Reward], person: dict[int, int]) -> Iterable[Address]:
    for each in rewards:
        if not each.budget:
            yield _payer(each)
        if each.member in person:
            yield purse(person[each.member])
    # Budgets are opened with what they hold, never by being asked for.
    yield from find_budgets({each.budget for each in rewards if each.budget})


def _payer(reward: Reward) -> Address:
    return Address(POINTS, "budget", reward.budget) if reward.budget else Address(POINTS, "issue")


def spend(
    member: int,
    amount: int,
    *,
    cause: str,
    at: datetime,
    community: int | None = None,
    kind: str = "spend",
    actor: int | None = None,
) -> int:
    """Spend a person's points, what ends first going first, and return the id of the (first) transfer.

    The same cause again changes nothing and returns the same id. Points whose last day is over are not spent, even where the job
    that expires them has not come to them yet.

    Args:
        member: any record of the person.
        amount: how many.
        cause: names why, for ever.
        at: when.
        community: where.
        kind: the kind of account that takes them: ``spend``, or ``deduction`` for what is taken away.
        actor: the staff member who does it.

    Raises:
        Refused: ``points.not_enough`` with ``available``; ``points.amount``; ``member.unknown``.
        ValueError: the cause is that of something else than a spending.
    """
    if not 1 <= amount <= MOST:
        raise Refused("points.amount", amount=amount)
    with transaction.atomic():
        person = canonical_of([member]).get(member)
        if person is None:
            raise Refused("member.unknown")
        purses = lock_purses(person)
        # Asked under the lock, for the same cause may just have been spent for by somebody else.
        known = transfers_of(cause, kinds=("spent", "deducted"))
        if known:
            return known[0]
        expire_purses(purses, at=at)
        shares = _shares(purses, amount)
        sink = open_account(Address(POINTS, kind))
        asked = [
            Transfer(
                account, sink, share, "deducted" if kind == "deduction" else "spent", cause, part, community=community
            )
            for part, (account, share) in enumerate(shares)
        ]
        postings = post(asked, at=at, actor=actor)
        taken: list[lots.Taken] = []
        for each, posting in zip(asked, postings, strict=True):
            if posting.outcome == "known":
                raise ValueError(f"the cause {cause!r} has happened as something else")
            if posting.transfer is None:
                raise Refused("points.not_enough", available=0, amount=amount)
            used = lots.take(each.source, each.amount)
            lots.note_uses(posting.transfer, used)
            taken += used
        first = postings[0].transfer
        assert first is not None  # noqa: S101 - every share was posted
        payload = PointsDeducted if kind == "deduction" else PointsSpent
        told = payload(first, amount, cause, endings(taken))
        append([fact_of(told, first, person, at, community=community, actor=actor)])
        return first


def _shares(purses: dict[int, int], amount: int) -> list[tuple[int, int]]:
    """Return how much each purse gives, so that over all of them what ends first goes first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, balance - held FROM loyalty_account WHERE id = ANY(%s) AND balance > held", [list(purses)]
        )
        available = dict(cursor.fetchall())
    together = sum(available.values())
    if together < amount:
        raise Refused("points.not_enough", available=together, amount=amount)
    if len(available) == 1:
        return [(next(iter(available)), amount)]
    shares: defaultdict[int, int] = defaultdict(int)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT account_id, remaining FROM loyalty_lot WHERE account_id = ANY(%s) AND remaining > 0"
            " ORDER BY ends_on NULLS LAST, id",
            [list(available)],
        )
        for account, remaining in cursor.fetchall():
            share = min(remaining, amount - sum(shares.values()))
            if share:
                shares[account] += share
    return sorted(shares.items())

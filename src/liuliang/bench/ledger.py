"""Transfers per second through the ledger's service, beside the bare statement that does the least that could be right.

The bare statement is one conditional update with the other account's and the entry in its CTEs, prepared, on a connection of the
driver's own, in the same tables with the same indexes. It knows no causes that happened before, no opposite locks, no units.

Where `LIULIANG_BENCH_PEER` names its Python, gamification-engine credits its people beside them: see `liuliang.bench.ledger_peer`.
"""

from __future__ import annotations

import contextlib
import itertools
import random
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

from django.db import connection

from liuliang.bench.crowds import Crowd
from liuliang.bench.ledger_peer import Peer, is_given
from liuliang.bench.report import Goal, finish, measure
from liuliang.kernel import clock
from liuliang.loyalty.ledger import Transfer, faults, post
from liuliang.loyalty.points import Reward, earn, spend
from liuliang.people.models import Member

CONNECTIONS = (1, 4, 16)
ACCOUNTS = 4_000
POOR = 5
"""One paying account in four holds so little that it runs empty while the clock runs, and refuses from then on."""

_BARE = """
WITH paid AS (
    UPDATE loyalty_account SET balance = balance - %(amount)s
    WHERE id = %(source)s AND balance - held - %(amount)s >= floor RETURNING id
), got AS (
    UPDATE loyalty_account SET balance = balance + %(amount)s WHERE id = %(target)s AND EXISTS (SELECT 1 FROM paid)
)
INSERT INTO loyalty_transfer (source_id, target_id, amount, kind, cause, part, at)
SELECT %(source)s, %(target)s, %(amount)s, 'bench', %(cause)s, 0, now() FROM paid RETURNING id
"""


def run(*, quick: bool) -> None:
    """Measure single transfers at 1, 4 and 16 connections, many in one call, and whole rewards and spendings."""
    rounds, count = (3, 400) if quick else (7, 2_000)
    figures: dict[str, float] = {}
    goals = {f"ratio at {size}": Goal(at_least=0.5) for size in CONNECTIONS}
    numbers = itertools.count()
    with contextlib.ExitStack() as stack:
        peer = stack.enter_context(Peer(max(CONNECTIONS))) if is_given() else None
        for size in CONNECTIONS:
            figures |= _single(size, rounds, count, numbers, peer)
        field = _Field("batches", numbers)
        seconds = measure({"many": lambda: field.many(count // 100)}, rounds)
        figures["transfers per second, 100 in a call"] = count / seconds["many"]
        if peer is not None:
            peer.check()
            # Each as fast as it can: the peer's own function for many values at once fails in its last version.
            best = max(figures[f"values of the peer per second, {size} connections"] for size in CONNECTIONS)
            figures["times the peer's best, 100 in a call"] = figures["transfers per second, 100 in a call"] / best
            goals["times the peer's best, 100 in a call"] = Goal(at_least=20)
    figures |= _rewards(rounds, count)
    wrong = faults()
    if wrong:
        raise RuntimeError(f"the ledger does not hold: {wrong[:5]}")
    finish("ledger", figures, goals)


def _single(size: int, rounds: int, count: int, numbers: itertools.count[int], peer: Peer | None) -> dict[str, float]:
    """Measure transfers one by one over so many connections, the contenders taking turns."""
    # The peer is slow; a tenth of the work tells its speed as well.
    few = count // 10
    with Crowd(size) as crowd:
        bare, service = _Field(f"bare:{size}", numbers), _Field(f"service:{size}", numbers)
        contenders = {
            "bare": lambda: crowd.share(bare.bare(crowd), count),
            "service": lambda: crowd.share(service.service(), count),
        }
        if peer is not None:
            contenders["peer"] = lambda: peer.increase(size, few)
        seconds = measure(contenders, rounds)
    figures = {
        f"transfers per second, {size} connections": count / seconds["service"],
        f"bare statements per second, {size} connections": count / seconds["bare"],
        f"ratio at {size}": seconds["bare"] / seconds["service"],
        f"refused of all at {size}, service": service.refused / service.tried,
        f"refused of all at {size}, bare": bare.refused / bare.tried,
    }
    if peer is not None:
        figures[f"values of the peer per second, {size} connections"] = few / seconds["peer"]
        figures[f"times the peer at {size}"] = (count / seconds["service"]) / (few / seconds["peer"])
    return figures


class _Field:
    """Paying and receiving accounts of one contender, in a unit of their own."""

    def __init__(self, unit: str, numbers: itertools.count[int]) -> None:
        self._numbers = numbers
        self._dice = random.Random(1)  # noqa: S311 - a choice of accounts
        self.tried = self.refused = 0
        half = ACCOUNTS // 2
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO loyalty_account (unit, kind, key, bucket, buckets, floor)"
                " SELECT %s, 'member', n::text, 0, 0, 0 FROM generate_series(1, %s) n RETURNING id",
                [unit, ACCOUNTS],
            )
            ids = sorted(row[0] for row in cursor.fetchall())
            cursor.execute(
                "INSERT INTO loyalty_account (unit, kind, key, bucket, buckets) VALUES (%s, 'issue', '', 0, 0) RETURNING id",
                [unit],
            )
            (issue,) = cursor.fetchone() or (0,)
        self.payers, self.receivers = ids[:half], ids[half:]
        at = clock.now()
        for place in range(0, half, 500):
            post(
                [
                    Transfer(issue, each, POOR if each % 4 == 0 else 10**6, "bench", f"{unit}:{each}")
                    for each in self.payers[place : place + 500]
                ],
                at=at,
            )
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE loyalty_account, loyalty_transfer")

    def _pair(self) -> tuple[int, int]:
        return self._dice.choice(self.payers), self._dice.choice(self.receivers)

    def bare(self, crowd: Crowd) -> Callable[[int], None]:
        """Return the work of one bare statement."""

        def work(_number: int) -> None:
            source, target = self._pair()
            values = {"source": source, "target": target, "amount": 2, "cause": f"rule:1:{uuid4()}"}
            row = crowd.raw.execute(_BARE, values, prepare=True).fetchone()
            self.tried += 1
            self.refused += row is None

        return work

    def service(self) -> Callable[[int], None]:
        """Return the work of one transfer through the service."""

        def work(_number: int) -> None:
            source, target = self._pair()
            (posting,) = post([Transfer(source, target, 2, "bench", f"rule:1:{uuid4()}")], at=clock.now())
            self.tried += 1
            self.refused += not posting.is_new

        return work

    def many(self, calls: int) -> None:
        """Post a hundred transfers in each call."""
        for _ in range(calls):
            asked = [Transfer(*self._pair(), 2, "bench", f"rule:1:{uuid4()}") for _ in range(100)]
            post(asked, at=clock.now())


def _rewards(rounds: int, count: int) -> dict[str, float]:
    """Measure whole rewards and spendings: transfer, lot, event, and one commit for all of it."""
    now = clock.now()
    members = [
        each.id for each in Member.objects.bulk_create(Member(name=f"成员{n}", created_at=now) for n in range(1_000))
    ]
    ends_on = (now + timedelta(days=365)).date()
    numbers = itertools.count()

    def reward() -> Reward:
        number = next(numbers)
        return Reward(members[number % len(members)], 10, f"bench:earn:{number}", ends_on)

    figures: dict[str, float] = {}
    with Crowd(4) as crowd:
        work = {
            "earn": lambda: crowd.share(lambda _number: earn([reward()], at=clock.now()), count // 4),
            "many": lambda: [earn([reward() for _ in range(100)], at=clock.now()) for _ in range(count // 100)],
        }
        seconds = measure(work, rounds)
        figures["rewards with lot and event per second, 4 connections"] = count // 4 / seconds["earn"]
        figures["rewards with lot and event per second, 100 in a call"] = count / seconds["many"]

        def buy(_number: int) -> None:
            number = next(numbers)
            spend(members[number % len(members)], 1, cause=f"bench:spend:{number}", at=clock.now())

        # Each member was rewarded at least once by now.
        seconds = measure({"spend": lambda: crowd.share(buy, count // 4)}, rounds)
        figures["spendings with lots and event per second, 4 connections"] = count // 4 / seconds["spend"]
    return figures

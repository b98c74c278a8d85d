"""Reservations of one hot item by many at once, beside one bare conditional update of one row."""

from __future__ import annotations

import itertools
from datetime import timedelta

from django.db import connection

from liuliang.bench.crowds import Crowd
from liuliang.bench.report import Goal, finish, measure
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.loyalty.ledger import faults
from liuliang.loyalty.stock import HOT_BUCKETS, Wanted, open_stock, remaining, reserve, reserve_many
from liuliang.people.models import Member

CONNECTIONS = 16
CALL = 100
PLENTY = 10**9

_BARE = "UPDATE bench_stock SET free = free - 1 WHERE id = %s AND free >= 1 RETURNING free"


def run(*, quick: bool) -> None:
    """Measure reservations per second, each with its hold, the member's limit and its own commit.

    The bare contender counts one row down and does nothing else, prepared, on a connection of the driver's own. The limit
    does the same with a row for each connection, where nobody waits for anybody: no buckets can be faster than that. One by one
    is how members take something, a hundred in a call is how a coupon goes to a segment; both are asked of one item by all
    connections at once.
    """
    rounds, count = (3, 800) if quick else (9, 3_000)
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_stock (id int PRIMARY KEY, free bigint NOT NULL)")
        cursor.execute("INSERT INTO bench_stock SELECT n, %s FROM generate_series(0, %s) n", [PLENTY, CONNECTIONS - 1])
    members = [
        each.id
        for each in Member.objects.bulk_create(
            (Member(name=f"成员{n}", created_at=now) for n in range((rounds + 1) * count * 3)), batch_size=5_000
        )
    ]
    until = now + timedelta(minutes=15)
    numbers = itertools.count()

    def count_down(row: int) -> None:
        crowd.raw.execute(_BARE, [row], prepare=True).fetchone()

    def reserving(stock: int, thing: str) -> None:
        number = next(numbers)
        reserve(
            stock,
            thing,
            members[number % len(members)],
            cause=f"{thing}:{number}",
            at=clock.now(),
            until=until,
            at_most=1,
        )

    def reserving_many(_number: int) -> None:
        wanted = [
            Wanted(members[number % len(members)], f"bench:hot:{number}") for number in itertools.islice(numbers, CALL)
        ]
        reserve_many(hot, "bench:hot", wanted, at=clock.now(), until=until, at_most=1)

    hot = open_stock("bench:hot", PLENTY, cause="bench:hot", at=now, buckets=HOT_BUCKETS)
    plain = open_stock("bench:plain", PLENTY, cause="bench:plain", at=now, buckets=0)
    with Crowd(CONNECTIONS) as crowd:
        contenders = {
            "bare": lambda: crowd.share(lambda _number: count_down(0), count),
            "limit": lambda: crowd.share(lambda number: count_down(number % CONNECTIONS), count),
            "hot": lambda: crowd.share(lambda _number: reserving(hot, "bench:hot"), count),
            "many": lambda: crowd.share(reserving_many, count // CALL),
            "plain": lambda: crowd.share(lambda _number: reserving(plain, "bench:plain"), count),
        }
        seconds = measure(contenders, rounds)
        figures = {
            "connections": CONNECTIONS,
            "buckets": HOT_BUCKETS,
            "reservations per second": count / seconds["hot"],
            f"reservations per second, {CALL} in a call": count // CALL * CALL / seconds["many"],
            "reservations per second without buckets": count / seconds["plain"],
            "bare updates per second": count / seconds["bare"],
            "bare updates per second, a row for each connection": count / seconds["limit"],
            "ratio, one by one": seconds["bare"] / seconds["hot"],
            f"ratio, {CALL} in a call": seconds["bare"] / count * (count // CALL * CALL) / seconds["many"],
            "ratio without anybody waiting": seconds["bare"] / seconds["limit"],
        }
        figures |= _until_empty(crowd, count, members)
    wrong = faults()
    if wrong:
        raise RuntimeError(f"the ledger does not hold: {wrong[:5]}")
    finish("stock", figures, {f"ratio, {CALL} in a call": Goal(at_least=2)})


def _until_empty(crowd: Crowd, count: int, members: list[int]) -> dict[str, float]:
    """Sell out half of what is asked for, and see that exactly that many were sold."""
    at = clock.now()
    stock = open_stock("bench:few", count // 2, cause="bench:few", at=at)
    refusals = itertools.count()

    def ask(number: int) -> None:
        try:
            reserve(stock, "bench:few", members[number], cause=f"few:{number}", at=at, until=at + timedelta(minutes=15))
        except Refused:
            next(refusals)

    seconds = measure({"ask": lambda: crowd.share(ask, count)}, 1, warm_up=0)
    left = remaining(stock)
    refused = next(refusals)
    if (left.free, left.reserved, refused) != (0, count // 2, count - count // 2):
        raise RuntimeError(f"{left} after {refused} refusals")
    return {"asked per second while it sells out": count / seconds["ask"]}

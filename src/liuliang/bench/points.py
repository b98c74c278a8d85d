"""Pages and jobs over a large ledger: a million members, twenty million entries.

The ledger is filled by SQL, as months of use would leave it; what is measured goes through the functions that pages and jobs call.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django.db import connection, connections

from liuliang.bench.report import Goal, finish
from liuliang.kernel import clock
from liuliang.loyalty.accounts import POINTS, Address, open_accounts
from liuliang.loyalty.expiry import expire_due
from liuliang.loyalty.points import Reward, earn
from liuliang.loyalty.queries import balance_of, board, entries, liability
from liuliang.loyalty.validity import today

EACH = 20
"""Entries of a member: fifteen earned, five spent."""

LIMIT = 300.0
BASE = 10_000
"""Ids of purses begin here, above those of the accounts of the house."""

_MEMBERS = """
INSERT INTO people_member (id, public_id, name, name_grams, attributes, needs, is_bot, created_at)
SELECT n, 'm' || n, '成员 ' || n, '{}', '{}', '{}', false, now() FROM generate_series(%(first)s, %(last)s) n
"""
_PURSES = """
INSERT INTO loyalty_account (id, unit, kind, key, member_id, bucket, buckets, balance, floor)
SELECT %(base)s + n, 'points', 'member', '', n, 0, 0, 50 + n %% 1000, 0 FROM generate_series(%(first)s, %(last)s) n
"""
# Every fourth entry is a spending of 20, the others earn 10.
_TRANSFERS = """
INSERT INTO loyalty_transfer (id, source_id, target_id, amount, kind, cause, part, at)
SELECT (k::bigint - 1) * %(members)s + n, CASE WHEN k %% 4 = 0 THEN %(base)s + n ELSE %(issue)s + n %% 16 END,
    CASE WHEN k %% 4 = 0 THEN %(spend)s + n %% 16 ELSE %(base)s + n END, CASE WHEN k %% 4 = 0 THEN 20 ELSE 10 END,
    CASE WHEN k %% 4 = 0 THEN 'spent' ELSE 'earned' END,
    CASE WHEN k %% 4 = 0 THEN 'mall:' ELSE 'rule:3:' END || to_char((k::bigint - 1) * %(members)s + n, 'FM000000000000'),
    0, now() - (20 - k) * interval '10 days'
FROM generate_series(%(first)s, %(last)s) n CROSS JOIN (SELECT %(k)s AS k) turn
"""
# The last earnings are what is left; one lot of the first members ended yesterday.
_LOTS = """
INSERT INTO loyalty_lot (account_id, transfer_id, amount, remaining, ends_on, restored)
SELECT %(base)s + n, (k::bigint - 1) * %(members)s + n, 10, 10,
    CASE WHEN k = 14 AND n <= %(ended)s THEN %(today)s::date - 1 ELSE %(today)s::date + n %% 365 END, 0
FROM generate_series(%(first)s, %(last)s) n CROSS JOIN unnest(ARRAY[14, 15, 17, 18, 19]) k
"""
_USES = """
INSERT INTO loyalty_lotuse (transfer_id, lot_id, amount)
SELECT (20::bigint - 1) * %(members)s + l.account_id - %(base)s, l.id, 10 FROM loyalty_lot l
WHERE l.transfer_id > 18::bigint * %(members)s
"""
_DAYS = """
INSERT INTO loyalty_pointsday (day, kind, rule, community, times, amount)
SELECT %(today)s::date - d, 'points.' || kind, rule, community, 100, 1000
FROM generate_series(0, 364) d, unnest(ARRAY['earned', 'spent', 'expired']) kind, generate_series(0, 9) rule,
    generate_series(0, 19) community
"""
_ENDINGS = """
INSERT INTO loyalty_pointsending (ends_on, amount)
SELECT ends_on, sum(remaining) FROM loyalty_lot WHERE remaining > 0 GROUP BY ends_on
"""
_INDEXES = (
    "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'loyalty_transfer' AND indexdef NOT LIKE '%UNIQUE%'"
)


def run(*, quick: bool) -> None:
    """Time the balance page, the board and the liability report, and expiry beside earning."""
    members, ended = (20_000, 2_000) if quick else (1_000_000, 100_000)
    _fill(members, ended)
    figures: dict[str, float] = {"members": members, "entries": members * EACH}
    day = today(clock.now())
    dice = random.Random(1)  # noqa: S311 - a choice of members

    def page() -> None:
        member = dice.randint(1, members)
        balance_of(member)
        entries(member)

    def older_page() -> None:
        member = dice.randint(1, members)
        first = entries(member, size=10)
        entries(member, before=first.before, size=10)

    rounds = 20 if quick else 60
    figures |= _timed("balance page", page, rounds)
    figures |= _timed("balance page, the second", older_page, rounds)
    figures |= _timed("board", lambda: board(limit=100), rounds)
    figures |= _timed("liability report, 30 days", lambda: liability(day - timedelta(days=29), day), rounds)
    figures |= _timed("liability report, 365 days", lambda: liability(day - timedelta(days=364), day), rounds)
    figures |= _expiry(members, ended)
    goals = {name: Goal(at_most=LIMIT) for name in figures if name.endswith("p95 ms") and "earning" not in name}
    goals["seconds to expire"] = Goal(at_most=60)
    goals["earning while lots expire, p95 ms"] = Goal(at_most=LIMIT)
    finish("points", figures, goals)


def _timed(name: str, work: Callable[[], object], rounds: int) -> dict[str, float]:
    work()
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        times.append((time.perf_counter() - started) * 1000)
    return {f"{name}, p95 ms": _p95(times)}


def _p95(times: list[float]) -> float:
    ordered = sorted(times)
    return ordered[-(-95 * len(ordered) // 100) - 1]


def _expiry(members: int, ended: int) -> dict[str, float]:
    """Expire all that ended, while one connection goes on earning for the same members."""
    dice = random.Random(2)  # noqa: S311 - a choice of members
    number = 0

    def one() -> float:
        nonlocal number
        number += 1
        started = time.perf_counter()
        earn([Reward(dice.randint(1, min(ended, members)), 5, f"bench:{number}")], at=clock.now())
        return (time.perf_counter() - started) * 1000

    alone = [one() for _ in range(200)]
    beside: list[float] = []
    done = threading.Event()

    def go_on() -> None:
        while not done.is_set():
            beside.append(one())
        connections.close_all()

    earning = threading.Thread(target=go_on)
    earning.start()
    started = time.perf_counter()
    expired = 0
    while expired < ended:
        expired += expire_due(at=clock.now())
    taken = time.perf_counter() - started
    done.set()
    earning.join()
    return {
        "lots that ended": expired,
        "seconds to expire": taken,
        "earning alone, p95 ms": _p95(alone),
        "earning while lots expire, p95 ms": _p95(beside),
        "rewards earned meanwhile": len(beside),
    }


def _fill(members: int, ended: int) -> None:
    house = open_accounts([Address(POINTS, kind) for kind in ("issue", "spend", "expiry")])
    day: date = today(clock.now())
    values: dict[str, Any] = {
        "members": members, "base": BASE, "ended": ended, "today": day,
        # The buckets stand right behind their heads.
        "issue": house[Address(POINTS, "issue")] + 1, "spend": house[Address(POINTS, "spend")] + 1,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_INDEXES)
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {name}")
        step = 250_000
        for first in range(1, members + 1, step):
            chunk = {**values, "first": first, "last": min(first + step - 1, members)}
            cursor.execute(_MEMBERS, chunk)
            cursor.execute(_PURSES, chunk)
        for k in range(1, EACH + 1):
            for first in range(1, members + 1, step):
                cursor.execute(_TRANSFERS, {**values, "k": k, "first": first, "last": min(first + step - 1, members)})
        for first in range(1, members + 1, step):
            cursor.execute(_LOTS, {**values, "first": first, "last": min(first + step - 1, members)})
        for statement in (_USES, _DAYS, _ENDINGS):
            cursor.execute(statement, values)
        for _name, definition in indexes:
            cursor.execute(definition)
        # A lot's worth for each purse, so that lots and balances agree where they are used.
        cursor.execute("UPDATE loyalty_account SET balance = 50 WHERE kind = 'member' AND member_id <= %s", [ended])
        for table in ("people_member", "loyalty_account", "loyalty_transfer"):
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
        cursor.execute("VACUUM ANALYZE people_member, loyalty_account, loyalty_transfer, loyalty_lot, loyalty_lotuse")

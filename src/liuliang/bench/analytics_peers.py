"""The same questions asked of the best that others have: ClickHouse's functions on its own tables, DuckDB, PostgreSQL, pandas.

Each peer holds the events in a flat table of its own, sorted or indexed as suits it, with the local day beside the instant.
Answers are lists of tuples of whole numbers, so that they can be compared to the last digit.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import connection

from liuliang.bench.analytics_data import ZONE, Log
from liuliang.lake import engine
from liuliang.lake.catalogue import read_files, root, take_snapshot
from liuliang.lake.tables import EVENT

Answer = list[tuple[Any, ...]]
Ask = Callable[[], Answer]

KIND = {
    "joined": "member.joined", "said": "message.sent", "checked": "bench.check_in", "opened": "bench.link_opened",
    "bought": "order.paid",
}  # fmt: skip
ONCE = (("joined", "said", "checked", "bought"), timedelta(days=30))
REPEATING = (("said", "opened", "checked", "bought"), timedelta(days=3))
FUNNELS = {"funnel, first step once": ONCE, "funnel, first step repeating": REPEATING}

DAU = "SELECT day, {distinct} FROM {table} WHERE kind IN ('message.sent', 'order.paid') GROUP BY day ORDER BY day"

RFM = """
SELECT r, f, m, count(*) FROM (SELECT member,
    CASE WHEN {age} <= 7 THEN 5 WHEN {age} <= 14 THEN 4 WHEN {age} <= 30 THEN 3 WHEN {age} <= 60 THEN 2 ELSE 1 END AS r,
    CASE WHEN {times} >= 5 THEN 5 ELSE {times} END AS f,
    CASE WHEN {paid} >= 40000 THEN 5 WHEN {paid} >= 20000 THEN 4 WHEN {paid} >= 10000 THEN 3 WHEN {paid} >= 5000 THEN 2 ELSE 1
    END AS m FROM {table} WHERE kind = 'order.paid' GROUP BY member) AS scored GROUP BY r, f, m ORDER BY r, f, m
"""

SEGMENT = """
SELECT count(*), sum(member) FROM (SELECT member FROM {table} WHERE kind IN ('bench.check_in', 'order.paid') AND day > {month}
    GROUP BY member HAVING sum(CASE WHEN kind = 'bench.check_in' AND day > {fortnight} THEN {one} ELSE 0 END) >= 5
    AND max(CASE WHEN kind = 'order.paid' THEN 1 ELSE 0 END) = 0) AS chosen
"""

# What `liuliang.analytics.signals` tells, from events alone: who spoke, came and paid in four weeks and the four before, in how
# many weeks, on how many days with company, and who replied to whom.
HEALTH = """
WITH recent AS (SELECT community, member, kind, other, {age} AS age FROM {table}
    WHERE kind IN ('message.sent', 'order.paid', 'member.joined') AND day > {first} AND day <= {last}),
person AS (SELECT community, member,
    sum(CASE WHEN kind = 'message.sent' AND age < 28 THEN 1 ELSE 0 END) AS n_said,
    sum(CASE WHEN kind = 'message.sent' AND age >= 28 THEN 1 ELSE 0 END) AS n_before,
    count(DISTINCT CASE WHEN kind = 'message.sent' AND age < 28 THEN floor(age / 7) END) AS n_weeks,
    max(CASE WHEN kind = 'member.joined' AND age < 28 THEN 1 ELSE 0 END) AS is_new,
    max(CASE WHEN kind = 'order.paid' AND age < 28 THEN 1 ELSE 0 END) AS is_buyer,
    max(CASE WHEN kind = 'order.paid' AND age >= 28 THEN 1 ELSE 0 END) AS was_buyer
    FROM recent GROUP BY community, member),
spoken AS (SELECT community, count(*) AS days, sum(CASE WHEN heads > 1 THEN 1 ELSE 0 END) AS lively FROM (
    SELECT community, age, count(DISTINCT member) AS heads FROM recent WHERE kind = 'message.sent' AND age < 28
    GROUP BY community, age) AS by_day GROUP BY community),
tied AS (SELECT community, count(*) AS ties, sum(CASE WHEN ways > 1 THEN 1 ELSE 0 END) AS mutual FROM (
    SELECT community, count(DISTINCT member) AS ways FROM recent
    WHERE kind = 'message.sent' AND age < 28 AND other != 0 AND other != member
    GROUP BY community, least(member, other), greatest(member, other)) AS pairs GROUP BY community),
counted AS (SELECT community, sum(n_said) AS said, sum(n_before) AS said_before,
    sum(CASE WHEN n_said > 0 THEN 1 ELSE 0 END) AS spoke, sum(CASE WHEN n_before > 0 THEN 1 ELSE 0 END) AS spoke_before,
    sum(CASE WHEN n_said > 0 AND n_before > 0 THEN 1 ELSE 0 END) AS stayed,
    sum(CASE WHEN n_weeks > 1 THEN 1 ELSE 0 END) AS steady, sum(is_new) AS came,
    sum(CASE WHEN n_said > 0 OR is_buyer > 0 THEN 1 ELSE 0 END) AS active, sum(is_buyer) AS buyers,
    sum(is_buyer * was_buyer) AS again FROM person GROUP BY community)
SELECT counted.community, said, said_before, spoke, spoke_before, stayed, steady, coalesce(days, 0), coalesce(lively, 0), came,
    active, buyers, again, coalesce(ties, 0), coalesce(mutual, 0)
FROM counted LEFT JOIN spoken ON spoken.community = counted.community LEFT JOIN tied ON tied.community = counted.community
ORDER BY counted.community
"""

INVITERS = """
SELECT inviter, count(*) AS brought, sum(CASE WHEN bought THEN 1 ELSE 0 END) FROM (
    SELECT j.other AS inviter, j.member, {bought} AS bought FROM {joins} j LEFT JOIN {orders} o ON o.member = j.member
    WHERE j.other != 0 GROUP BY j.other, j.member) AS invited GROUP BY inviter ORDER BY brought DESC, inviter LIMIT 20
"""


_FLAT = """
SELECT kind, member, community, (extract(epoch FROM occurred_at) * 1000)::bigint AS ms,
    (occurred_at AT TIME ZONE %s)::date AS day, coalesce((data->>'amount')::bigint, 0) AS value,
    coalesce((data->>'inviter')::int, 0) AS other
FROM kernel_event
"""


def own_tables(log: Log) -> dict[str, Ask]:
    """Ask ClickHouse's own functions over its own table, sorted by member and time."""
    client = engine.client()
    stored = read_files(EVENT, take_snapshot().files[EVENT.name])
    client.command("DROP TABLE IF EXISTS own_event")
    client.command(
        "CREATE TABLE own_event (kind LowCardinality(String), member UInt32, community UInt32, at DateTime64(3, 'UTC'),"
        " ms UInt64, day Date, value Int64, other UInt32) ENGINE = MergeTree ORDER BY (member, at)"
    )
    client.command(
        "INSERT INTO own_event SELECT kind, member, community, occurred_at, toUnixTimestamp64Milli(occurred_at),"
        f" toDate(occurred_at, '{ZONE}'), value, other FROM {stored}"
    )
    client.command("OPTIMIZE TABLE own_event FINAL")
    days = _days(log, "toDate('{day}')")
    age = f"dateDiff('day', max(day), toDate('{_last(log)}'))"
    asks = {
        "DAU, 90 days": DAU.format(table="own_event", distinct="uniqExact(member)"),
        "retention matrix": (
            "SELECT came, week, count() FROM (SELECT member, toMonday(minIf(day, kind = 'member.joined')) AS came,"
            " groupUniqArrayIf(toMonday(day), kind IN ('message.sent', 'order.paid')) AS weeks FROM own_event GROUP BY member)"
            " ARRAY JOIN weeks AS week GROUP BY came, week ORDER BY came, week"
        ),
        "RFM": RFM.format(table="own_event", age=age, times="count()", paid="sum(value)"),
        "segment": SEGMENT.format(table="own_event", one="1", **days),
        "top inviters": (
            "SELECT inviter, count() AS brought, countIf(arrayExists(at -> at >= came AND at < came + 2592000000, bought))"
            " FROM (SELECT member, maxIf(other, kind = 'member.joined') AS inviter, minIf(ms, kind = 'member.joined') AS came,"
            " groupArrayIf(ms, kind = 'order.paid') AS bought FROM own_event WHERE kind IN ('member.joined', 'order.paid')"
            " GROUP BY member) WHERE inviter != 0 GROUP BY inviter ORDER BY brought DESC, inviter LIMIT 20"
        ),
        "health of 1,000 groups": HEALTH.format(
            table="own_event",
            age=f"dateDiff('day', day, toDate('{_last(log)}'))",
            first=f"toDate('{_last(log) - timedelta(days=56)}')",
            last=f"toDate('{_last(log)}')",
        ),
    }
    for name, (steps, window) in FUNNELS.items():
        kinds = [KIND[step] for step in steps]
        fits = ", ".join(f"kind = '{kind}'" for kind in kinds)
        asks[name] = (
            f"SELECT level, count() FROM (SELECT member, windowFunnel({_ms(window)})(ms, {fits}) AS level FROM own_event"
            f" WHERE kind IN {tuple(kinds)} GROUP BY member) WHERE level > 0 GROUP BY level ORDER BY level"
        )
    return {name: _asking(lambda sql: client.query(sql).result_rows, sql) for name, sql in asks.items()}


def duckdb_tables(log: Log) -> dict[str, Ask]:
    """Ask DuckDB; its funnels are chains of as-of joins, which are several times as fast there as window functions."""
    duckdb = importlib.import_module("duckdb")
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    kinds = ", ".join(f"'{kind}'" for kind in sorted(KIND.values()))
    database.execute(f"CREATE TYPE kinds AS ENUM ({kinds})")
    now = take_snapshot()
    numbers = ", ".join(f"({now.kinds[kind]}, '{kind}')" for kind in KIND.values())
    database.execute(
        "CREATE TABLE events AS SELECT k.name::kinds AS kind, member, community, epoch_ms(occurred_at) AS ms,"
        " (occurred_at AT TIME ZONE 'UTC' + INTERVAL 8 HOUR)::DATE AS day, value, other FROM read_parquet($1) e"
        f" JOIN (VALUES {numbers}) k (number, name) ON k.number = e.kind ORDER BY k.name::kinds, member, ms",
        [[str(root() / path) for path in now.files[EVENT.name]]],
    )
    days = _days(log, "DATE '{day}'")
    asks = _shared("events", days, f"date_diff('day', max(day), DATE '{_last(log)}')")
    asks["health of 1,000 groups"] = _health(log, "events", "DATE '{day}'")
    asks["retention matrix"] = _matrix("events", "date_trunc('week', {day})::DATE")
    for name, (steps, window) in FUNNELS.items():
        first, *others = (KIND[step] for step in steps)
        parts = [f"s1 AS (SELECT member, ms, ms AS began FROM events WHERE kind = '{first}')"]
        parts += [
            f"s{place} AS (SELECT e.member, e.ms, s.began FROM events e ASOF JOIN s{place - 1} s ON e.member = s.member"
            f" AND e.ms >= s.ms WHERE e.kind = '{kind}' AND e.ms - s.began <= {_ms(window)})"
            for place, kind in enumerate(others, start=2)
        ]
        reached = ", ".join(f"(SELECT count(DISTINCT member) FROM s{place})" for place in range(1, len(steps) + 1))
        asks[name] = f"WITH {', '.join(parts)} SELECT {reached}"
    found = {name: _asking(lambda sql: database.execute(sql).fetchall(), sql) for name, sql in asks.items()}
    return found | {name: _from_reached(found[name]) for name in FUNNELS}


def postgres_log(log: Log) -> dict[str, Ask]:
    """Ask PostgreSQL of the log itself, where it is kept and with its own index: what there would be without a lake."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE INDEX kernel_event_member ON kernel_event (member, occurred_at) WHERE member IS NOT NULL"
        )
        cursor.execute(f"CREATE VIEW bench_log AS {_FLAT}", [ZONE])
        cursor.execute("VACUUM ANALYZE kernel_event")
    return _postgres_asks(log, "bench_log")


def postgres_tables(log: Log) -> dict[str, Ask]:
    """Ask PostgreSQL of a flat copy made for these very questions, with indexes that answer most of them alone."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE UNLOGGED TABLE bench_event AS {_FLAT}", [ZONE])
        cursor.execute("CREATE INDEX ON bench_event (kind, member, ms) INCLUDE (day, value, other)")
        cursor.execute("CREATE INDEX ON bench_event (kind, day) INCLUDE (member)")
        cursor.execute("VACUUM ANALYZE bench_event")
    return _postgres_asks(log, "bench_event")


def _postgres_asks(log: Log, table: str) -> dict[str, Ask]:
    """Return the questions in PostgreSQL's SQL; its funnels are nested window functions."""
    with connection.cursor() as cursor:
        cursor.execute("SET work_mem = '256MB'")
    days = _days(log, "date '{day}'")
    asks = _shared(table, days, f"date '{_last(log)}' - max(day)")
    asks["health of 1,000 groups"] = _health(log, table, "date '{day}'")
    asks["retention matrix"] = _matrix(table, "date_trunc('week', {day})::date")
    for name, (steps, window) in FUNNELS.items():
        kinds = [KIND[step] for step in steps]
        step = " ".join(f"WHEN '{kind}' THEN {place}" for place, kind in enumerate(kinds, start=1))
        over = "OVER (PARTITION BY member ORDER BY ms, step ROWS UNBOUNDED PRECEDING)"
        within = _ms(window)
        asks[name] = f"""
            WITH e AS (SELECT member, ms, CASE kind {step} END AS step FROM {table} WHERE kind IN {tuple(kinds)}),
            a AS (SELECT *, max(CASE WHEN step = 1 THEN ms END) {over} AS a1 FROM e),
            b AS (SELECT *, max(CASE WHEN step = 2 AND ms - a1 <= {within} THEN a1 END) {over} AS a2 FROM a),
            c AS (SELECT *, max(CASE WHEN step = 3 AND ms - a2 <= {within} THEN a2 END) {over} AS a3 FROM b)
            SELECT level, count(*) FROM (SELECT member, max(CASE WHEN step = 4 AND ms - a3 <= {within} THEN 4
                WHEN a3 IS NOT NULL THEN 3 WHEN a2 IS NOT NULL THEN 2 WHEN a1 IS NOT NULL THEN 1 ELSE 0 END) AS level
                FROM c GROUP BY member) AS reached WHERE level > 0 GROUP BY level ORDER BY level
        """

    def ask(sql: str) -> Answer:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            rows: Answer = cursor.fetchall()
            return rows

    return {name: _asking(ask, sql) for name, sql in asks.items()}


def _shared(table: str, days: dict[str, str], age: str) -> dict[str, str]:
    joins, orders = (f"(SELECT * FROM {table} WHERE kind = '{KIND[kind]}')" for kind in ("joined", "bought"))
    bought = "coalesce(bool_or(o.ms >= j.ms AND o.ms < j.ms + 2592000000), false)"
    return {
        "DAU, 90 days": DAU.format(table=table, distinct="count(DISTINCT member)"),
        "RFM": RFM.format(table=table, age=f"({age})", times="count(*)", paid="sum(value)"),
        "segment": SEGMENT.format(table=table, one="1", **days),
        "top inviters": INVITERS.format(joins=joins, orders=orders, bought=bought),
    }


def _health(log: Log, table: str, literal: str) -> str:
    last = literal.format(day=_last(log))
    first = literal.format(day=_last(log) - timedelta(days=56))
    return HEALTH.format(table=table, age=f"({last} - day)", first=first, last=last)


def _matrix(table: str, week: str) -> str:
    return (
        f"SELECT came, week, count(*) FROM (SELECT member, {week.format(day='min(day)')} AS came FROM {table}"
        " WHERE kind = 'member.joined' GROUP BY member) AS joined JOIN (SELECT DISTINCT member,"
        f" {week.format(day='day')} AS week FROM {table} WHERE kind IN ('message.sent', 'order.paid')) AS acts"
        " USING (member) GROUP BY came, week ORDER BY came, week"
    )


def _asking(ask: Callable[[str], Any], sql: str) -> Ask:
    return lambda: [tuple(row) for row in ask(sql)]


def _from_reached(ask: Ask) -> Ask:
    """Turn how many reached each step into how many got exactly so far."""

    def answer() -> Answer:
        (reached,) = ask()
        after = (*reached[1:], 0)
        return [
            (step, here - then) for step, (here, then) in enumerate(zip(reached, after, strict=True), 1) if here > then
        ]

    return answer


def _days(log: Log, literal: str) -> dict[str, str]:
    end = _last(log)
    return {
        "month": literal.format(day=end - timedelta(days=30)),
        "fortnight": literal.format(day=end - timedelta(days=14)),
    }


def _last(log: Log) -> Any:
    return (log.end + timedelta(hours=8) - timedelta(days=1)).date()


def _ms(window: timedelta) -> int:
    return int(window.total_seconds() * 1000)

"""The lake at ten million events: how fast it is sealed and merged, and how fast it answers beside its peers.

The peers are the best that one could do without the lake's freedom to be files: a table of ClickHouse's own in the same
process, and DuckDB's own table. Each holds the same rows in the same order, and must give the same answer.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import connection
from django.test.utils import override_settings

from liuliang.bench.report import Goal, finish, measure
from liuliang.kernel import clock, readers
from liuliang.lake import engine
from liuliang.lake.catalogue import read_files, root, take_snapshot
from liuliang.lake.compaction import QUIET, compact
from liuliang.lake.models import LakeFile
from liuliang.lake.queries import query
from liuliang.lake.sealer import Sealer
from liuliang.lake.tables import MEMBER_DAY

DAYS = 90
CHUNK = 500_000

# Most members are heard on few days, some on many, and on those between eight and midnight in Shanghai. On a day they are
# heard they say about ten things, so that one member in sixteen speaks on any day. A member is in one community.
_EVENTS = """
INSERT INTO kernel_event (id, kind, occurred_at, member, community, source, source_id, data)
SELECT gen_random_uuid(),
    CASE k WHEN 0 THEN 'member.joined' WHEN 1 THEN 'order.paid' ELSE 'message.sent' END,
    %(start)s::timestamptz + make_interval(
        days => (hashint4(m * 37 + floor(r1 * (1 + 30 * pow((hashint4(m) & 65535) / 65536.0, 6)))::int) & 1048575) %% %(days)s,
        secs => 57599 * r2),
    m, 1 + m %% 50, 'bench', n::text,
    CASE k WHEN 0 THEN jsonb_build_object('inviter', m / 2, 'how', 'code')
        WHEN 1 THEN jsonb_build_object('order', n, 'amount', (r2 * 20000)::int, 'currency', 'CNY', 'product', 'beans')
        ELSE jsonb_build_object('text', '今天的手冲豆子到了吗？第 ' || n || ' 单', 'type', 'text', 'links', '[]'::jsonb,
            'is_question', k %% 9 = 0, 'reply_to', '', 'reply_member', NULL) END
FROM (SELECT n, n %% 50 AS k, 1 + floor(%(members)s * pow(random(), 1.5))::int AS m, random() AS r1, random() AS r2
    FROM generate_series(%(first)s::int, %(last)s::int) n) made
"""

_DAU = "SELECT day, uniqExact(member) FROM {table} WHERE kind = 'message.sent' GROUP BY day ORDER BY day"


def run(quick: bool = False) -> bool:
    """Measure on an empty installation; ``quick`` takes 500,000 events instead of ten million.

    The files are measured even where a server is configured: its speed is its own affair.
    """
    events, members = (500_000, 20_000) if quick else (10_000_000, 200_000)
    with override_settings(CLICKHOUSE_URL=""):
        _fill(events, members)
        figures: dict[str, float] = {"events": events, "members": members}
        figures |= _seal(events) | _merge() | _answer(rounds=15)
        figures["peak_memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    goals = {
        "seal_events_per_second": Goal(at_least=150_000),
        "dau_90_days_ms": Goal(at_most=30),
        "dau_to_best_peer": Goal(at_most=3),
    }
    return finish("lake", figures, goals)


def _fill(events: int, members: int) -> None:
    # Whole past months, as after an import: nothing in them is still growing.
    start = clock.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS)
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.5)")
        for first in range(0, events, CHUNK):
            last = min(first + CHUNK, events) - 1
            cursor.execute(_EVENTS, {"start": start, "days": DAYS, "members": members, "first": first, "last": last})
        cursor.execute("ANALYZE kernel_event")


def _seal(events: int) -> dict[str, float]:
    engine.client()
    started = time.perf_counter()
    readers.catch_up(Sealer())
    taken = time.perf_counter() - started
    ((sealed,),) = query("SELECT count() FROM {events}").rows
    if sealed != events:
        msg = f"{sealed} of {events} events were sealed; a transaction elsewhere holds the log's readers back"
        raise RuntimeError(msg)
    return {"seal_events_per_second": events / taken}


def _merge() -> dict[str, float]:
    before = LakeFile.objects.filter(retired_at=None).count()
    # Upkeep as it comes minutes after the import, when the months are quiet.
    LakeFile.objects.update(created_at=clock.now() - 2 * QUIET)
    started = time.perf_counter()
    compact()
    taken = time.perf_counter() - started
    live = LakeFile.objects.filter(retired_at=None)
    rows = sum(live.values_list("rows", flat=True))
    stored = sum(live.filter(table="event").values_list("bytes", flat=True))
    held = sum(live.filter(table="event").values_list("rows", flat=True))
    return {
        "files_sealed": before,
        "files_merged": live.count(),
        "merge_rows_per_second": rows / taken,
        "bytes_per_event": stored / held,
    }


def _answer(rounds: int) -> dict[str, float]:
    ask: Callable[[], Any] = lambda: query(_DAU.replace("{table}", "{member_day}")).rows  # noqa: E731
    answer = ask()
    contenders: dict[str, Callable[[], Any]] = {"lake": ask, **_peers()}
    for name, contender in contenders.items():
        if [tuple(row) for row in contender()] != answer:
            msg = f"{name} gives another answer"
            raise RuntimeError(msg)
    medians = measure(contenders, rounds)
    extra = measure(
        {
            "from_events": lambda: query(
                _DAU.replace("{table}", "{events}").replace("day,", "toDate(occurred_at) AS day,")
            ),
            "overhead": lambda: query("SELECT count() FROM {member_day}"),
        },
        rounds,
    )
    ((rows,),) = query("SELECT count() FROM {member_day}").rows
    return {
        "member_day_rows": rows,
        "dau_mean": sum(count for _, count in answer) / len(answer),
        "dau_90_days_ms": medians["lake"] * 1000,
        **{f"dau_{name}_ms": medians[name] * 1000 for name in medians if name != "lake"},
        "dau_to_best_peer": medians["lake"] / min(taken for name, taken in medians.items() if name != "lake"),
        "dau_from_events_ms": extra["from_events"] * 1000,
        "overhead_ms": extra["overhead"] * 1000,
    }


def _peers() -> dict[str, Callable[[], Any]]:
    """Return the same question to the same rows in tables of the engine's own, and of DuckDB's where it is installed."""
    client = engine.client()
    stored = read_files(MEMBER_DAY, take_snapshot().files[MEMBER_DAY.name])
    order = ", ".join(MEMBER_DAY.order)
    schema = MEMBER_DAY.schema.replace("kind String", "kind LowCardinality(String)")
    client.command("DROP TABLE IF EXISTS bench_member_day")
    client.command(f"CREATE TABLE bench_member_day ({schema}) ENGINE = MergeTree ORDER BY ({order})")
    client.command(f"INSERT INTO bench_member_day SELECT * FROM {stored}")
    client.command("OPTIMIZE TABLE bench_member_day FINAL")
    question = _DAU.replace("{table}", "bench_member_day")
    peers: dict[str, Callable[[], Any]] = {"own_table": lambda: client.query(question).result_rows}
    try:
        import duckdb
    except ImportError:
        return peers
    database = duckdb.connect()
    now = take_snapshot()
    kinds = ", ".join(f"({number}, '{name}')" for name, number in now.kinds.items())
    database.execute(
        f"CREATE TABLE member_day AS SELECT k.name AS kind, d.* EXCLUDE (kind) FROM read_parquet($1) d"
        f" JOIN (VALUES {kinds}) k (number, name) ON k.number = d.kind ORDER BY k.name, day, community, member",
        [[str(root() / path) for path in now.files[MEMBER_DAY.name]]],
    )
    asked = "SELECT day, count(DISTINCT member) FROM member_day WHERE kind = 'message.sent' GROUP BY day ORDER BY day"
    peers["duckdb"] = lambda: database.execute(asked).fetchall()
    return peers

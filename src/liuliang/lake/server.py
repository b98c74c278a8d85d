"""The lake on a ClickHouse server: its tables, and how batches reach it exactly once.

A batch's span of the log is written down in the transaction that moves the cursor, and sent afterwards. Whatever fails in
between, it is sent again, with the same rows and the same deduplication token, and the server passes over what it has.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import connection, transaction
from uuid_utils import uuid7

from liuliang.kernel import clock
from liuliang.kernel.readers import Mark, Window
from liuliang.lake import catalogue, engine, zones
from liuliang.lake.extraction import ROW, ROW_SCHEMA, as_events, copy_rows
from liuliang.lake.identity import applied, is_stale
from liuliang.lake.models import LakeBatch
from liuliang.lake.tables import EVENT, MEMBER_DAY, Table, count_days, literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from liuliang.lake.catalogue import Pending

# A batch must arrive as one block a month, since the token speaks of blocks.
_ONE_BLOCK = {
    "input_format_parallel_parsing": 0,
    "max_insert_block_size": 10_000_000,
    "min_insert_block_size_rows": 10_000_000,
    "min_insert_block_size_bytes": 0,
    "max_insert_threads": 1,
    "max_threads": 1,
    "max_partitions_per_insert_block": 0,
}

_ARRIVAL = "liuliang_arrival"
"""Where the rows of a batch land as they come; the server itself makes them rows of the lake."""

_REMEMBERED = 10_000
"""How many blocks back the server knows a token; a batch that waits is always among the last few."""


def table_name(table: Table) -> str:
    """Return the server's name of a table of the lake."""
    return f"liuliang_{table.name}"


def _staging_name(table: Table) -> str:
    return f"{table_name(table)}_next"


def definitions() -> list[str]:
    """Return the statements that create what is missing on the server."""
    engines = {EVENT.name: "MergeTree", MEMBER_DAY.name: f"SummingMergeTree(({', '.join(MEMBER_DAY.sums)}))"}
    statements = []
    for table in (EVENT, MEMBER_DAY):
        columns = table.schema.replace("kind String", "kind LowCardinality(String)")
        if table is EVENT:
            columns += ", batch UInt64, INDEX batches batch TYPE minmax GRANULARITY 1"
        statements += [
            f"CREATE TABLE IF NOT EXISTS {name} ({columns}) ENGINE = {engines[table.name]}"
            f" PARTITION BY {table.month} ORDER BY ({', '.join(table.order)})"
            f" SETTINGS non_replicated_deduplication_window = {_REMEMBERED}"
            for name in (table_name(table), _staging_name(table))
        ]
    return statements


def ensure_tables() -> None:
    """Create the tables that the server lacks."""
    for statement in definitions():
        engine.client().command(statement)


def forget() -> None:
    """Empty the tables and drop what waits to be sent."""
    ensure_tables()
    LakeBatch.objects.all().delete()
    for table in (EVENT, MEMBER_DAY):
        engine.client().command(f"TRUNCATE TABLE {table_name(table)}")


def dispatch(window: Window) -> None:
    """Write down, in the surrounding transaction, that the window is to be sent."""
    condition, params = window.where()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT coalesce(e.community, 0) FROM kernel_event e WHERE {condition}", params)
        communities = [community for (community,) in cursor.fetchall()]
    if not communities:
        return
    # The zones are fixed here and not when sending, so that sending again counts the same days.
    zones.settle_zones(communities)
    LakeBatch.objects.create(
        after_xid=window.after.xid,
        after_position=window.after.position,
        upto_xid=window.upto.xid,
        upto_position=window.upto.position,
        created_at=clock.now(),
    )


def deliver() -> int:
    """Send waiting batches in order, each in a transaction of its own; return how many were sent.

    Returns at once while somebody else sends.
    """
    ensure_tables()
    sent = 0
    while _deliver_next():
        sent += 1
    return sent


def hold_still() -> bool:
    """Send what waits, and keep everybody else from sending until the transaction ends; False when somebody sends now.

    Replacing a month makes the server forget the tokens of what it replaces, so nothing may be under way then.
    """
    if not catalogue.start_delivering():
        return False
    catalogue.wait_for_sealing()
    ensure_tables()
    while _deliver_next():
        pass
    return True


def _deliver_next() -> bool:
    with transaction.atomic():
        if not catalogue.start_delivering():
            return False
        catalogue.join_sealing()
        batch = LakeBatch.objects.filter(delivered_at=None).order_by("id").first()
        if batch is None:
            return False
        _send(batch)
        LakeBatch.objects.filter(pk=batch.pk).update(delivered_at=clock.now())
        return True


def _send(batch: LakeBatch) -> None:
    window = Window(Mark(batch.upto_xid, batch.upto_position), Mark(batch.after_xid, batch.after_position))
    with _landed(window) as arrival:
        _insert_once(
            EVENT,
            f"SELECT {EVENT.names}, {batch.pk} FROM {as_events(arrival)} ORDER BY {', '.join(EVENT.order)}",
            f"event-{batch.pk}",
        )
    mine = f"batch = {batch.pk}"
    _, rows = engine.fetch(f"SELECT DISTINCT community FROM {table_name(EVENT)} WHERE {mine}", seconds=3600)
    grouped = zones.settle_zones(community for (community,) in rows)
    _insert_once(
        MEMBER_DAY, count_days(table_name(EVENT), grouped, zones.default_zone(), mine), f"member-day-{batch.pk}"
    )


@contextmanager
def _landed(window: Window) -> Iterator[str]:
    """Bring the window's rows to the server, into a table of their own for the length of the block.

    A sender that was thought dead writes to a table that is gone, and harms nobody.
    """
    client = engine.client()
    _, leftovers = engine.fetch(
        f"SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, {literal(_ARRIVAL)})"
    )
    for (name,) in leftovers:
        client.command(f"DROP TABLE IF EXISTS {name}")
    arrival = f"{_ARRIVAL}_{uuid7().hex}"
    client.command(f"CREATE TABLE {arrival} ({ROW_SCHEMA}) ENGINE = Memory")
    with tempfile.TemporaryFile() as spool:
        copy_rows(window, spool)
        spool.seek(0)
        client.raw_insert(arrival, column_names=[name for name, _ in ROW], insert_block=spool, fmt="TSV")
    try:
        yield arrival
    finally:
        client.command(f"DROP TABLE IF EXISTS {arrival}")


def _insert_once(table: Table, select: str, token: str) -> None:
    engine.execute(
        f"INSERT INTO {table_name(table)} ({_columns(table)}) {select}",
        **_ONE_BLOCK,
        insert_deduplicate=1,
        insert_deduplication_token=token,
    )


def _columns(table: Table) -> str:
    return f"{table.names}, batch" if table is EVENT else table.names


def rewrite(table: Table, pending: Sequence[Pending]) -> None:
    """Make the table show the pending aliases, month by month, each replaced at once. Call while nobody sends."""
    stored = table_name(table)
    _, rows = engine.fetch(
        f"SELECT DISTINCT {table.month} FROM {stored} WHERE {is_stale(table, pending)}", seconds=3600
    )
    for (month,) in sorted(rows):
        _replace_month(table, month, applied(table, stored, pending))


def recount_days(zones_now: Mapping[str, Sequence[int]], communities: Sequence[int]) -> None:
    """Count the days of these communities again, in these zones. Call while nobody sends."""
    concerned = f"community IN ({', '.join(map(str, communities))})"
    grouped = {zone: list(members) for zone, members in zones_now.items()}
    counted = count_days(table_name(EVENT), grouped, zones.default_zone(), concerned)
    days = f"(SELECT * FROM {table_name(MEMBER_DAY)} WHERE NOT {concerned} UNION ALL SELECT * FROM ({counted}))"
    # All months are counted before the first is replaced: a day that crosses a month's end is in neither twice.
    engine.client().command(f"TRUNCATE TABLE {_staging_name(MEMBER_DAY)}")
    engine.execute(f"INSERT INTO {_staging_name(MEMBER_DAY)} ({MEMBER_DAY.names}) {MEMBER_DAY.merged(days)}")
    months = _months(_staging_name(MEMBER_DAY))
    for month in sorted(months):
        _swap_month(MEMBER_DAY, month)
    # A month that has no days left has nothing to be replaced with, which servers refuse.
    for month in sorted(_months(table_name(MEMBER_DAY)) - months):
        engine.client().command(f"ALTER TABLE {table_name(MEMBER_DAY)} DROP PARTITION {month}")


def _months(name: str) -> set[int]:
    _, rows = engine.fetch(f"SELECT DISTINCT {MEMBER_DAY.month} FROM {name}", seconds=3600)
    return {month for (month,) in rows}


def _replace_month(table: Table, month: int, relation: str) -> None:
    condition = f"{table.month} = {month}"
    # The server merges equal keys by itself; the staging table has the same engine.
    select = f"SELECT {_columns(table)} FROM {relation} WHERE {condition}"
    engine.client().command(f"TRUNCATE TABLE {_staging_name(table)}")
    engine.execute(f"INSERT INTO {_staging_name(table)} ({_columns(table)}) {select}")
    _swap_month(table, month)


def _swap_month(table: Table, month: int) -> None:
    engine.client().command(f"ALTER TABLE {table_name(table)} REPLACE PARTITION {month} FROM {_staging_name(table)}")

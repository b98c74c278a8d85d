"""Reading the lake: ClickHouse SQL with the two tables put in, under limits."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from django.db import connection

from liuliang.kernel import clock
from liuliang.kernel.readers import Mark, reached
from liuliang.lake import bitmaps, engine, server
from liuliang.lake.catalogue import Snapshot, read_files, take_snapshot
from liuliang.lake.identity import applied
from liuliang.lake.models import LakeBatch
from liuliang.lake.tables import EVENT, MEMBER_DAY, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from numpy.typing import NDArray
    from pyroaring import BitMap

Answer = TypeVar("Answer")

READER = "lake"
"""The name of the lake's cursor in the log."""

MOST_HELD = 10_000_000
"""Rows that a statement may hold in memory: of a few narrow columns they take some two hundred megabytes."""

_NOTHING: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class _State:
    """A state of the lake. The fingerprint was taken first, so it is never younger than the files."""

    fingerprint: str
    snapshot: Snapshot


_state: ContextVar[_State | None] = ContextVar("lake_state", default=None)


_is_beside: ContextVar[bool] = ContextVar("is_beside", default=False)
"""Whether this is one of the threads that ask beside others."""


@contextmanager
def in_one_state() -> Iterator[None]:
    """Have all queries of this context speak of one and the same state of the lake, which is looked up once.

    A thread that runs in a copy of the context needs no connection to the database for its queries. On a ClickHouse server the
    tables go on all the same, and only who is meant by merged and erased records stays as it was.
    """
    if _state.get() is not None:
        yield
        return
    before = fingerprint()
    token = _state.set(_State(before, take_snapshot()))
    try:
        yield
    finally:
        _state.reset(token)


@dataclass(frozen=True, slots=True)
class Result:
    """The rows of a query, as tuples in the order of ``columns``."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def dicts(self) -> list[dict[str, Any]]:
        """Return the rows as dictionaries by column."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def query(
    statement: str,
    parameters: Mapping[str, object] = _NOTHING,
    *,
    seconds: float | None = None,
    memory: int | None = None,
) -> Result:
    """Run a SELECT in ClickHouse SQL over the lake.

    ``{events}`` and ``{member_day}`` stand for the tables; put values in by ClickHouse's own parameters,
    ``{name:Type}``. Rows of ``member_day`` are additive, and several may exist of one key: ``sum(count)``, not ``count``.
    Do not use PREWHERE; the engine moves conditions by itself.

    Args:
        statement: the SELECT.
        parameters: values by name.
        seconds: a limit on time; None for the installation's.
        memory: a limit on memory in bytes; None for the installation's.

    Raises:
        Refused: ``lake.too_slow`` or ``lake.too_much``: it ran into a limit.
    """
    return Result(*_asked(engine.fetch, statement, parameters, seconds, memory))


def query_sets(
    statement: str,
    parameters: Mapping[str, object] = _NOTHING,
    *,
    seconds: float | None = None,
    memory: int | None = None,
) -> list[BitMap]:
    """Run a SELECT of one row whose columns are all ``groupBitmapState`` of UInt32 numbers, and return these sets.

    Arguments and refusals as for `query`. A million members come over in a tenth of a millisecond.
    """
    return bitmaps.read_row(_asked(engine.fetch_raw, statement, parameters, seconds, memory))


def query_numbers(
    statement: str,
    parameters: Mapping[str, object] = _NOTHING,
    *,
    columns: int,
    seconds: float | None = None,
    memory: int | None = None,
) -> NDArray[np.int64]:
    """Run a SELECT of ``columns`` columns that are all Int64, and return them as the rows of one array.

    Arguments and refusals as for `query`. For millions of rows, which are never Python objects.
    """
    raw = _asked(engine.fetch_raw, statement, parameters, seconds, memory)
    return np.frombuffer(raw, "<i8").reshape(-1, columns).T


def _asked(
    fetch: Callable[..., Answer],
    statement: str,
    parameters: Mapping[str, object],
    seconds: float | None,
    memory: int | None,
) -> Answer:
    try:
        return fetch(_bound(statement), parameters, seconds=seconds, memory=memory)
    except Exception as error:
        # A file can be deleted between our look at the catalogue and the engine's at the folder, if we were suspended
        # for longer than retired files are kept. The catalogue knows what took its place.
        if engine.error_code(error) != engine.FILE_MISSING:
            raise
    return fetch(_with_tables(statement, take_snapshot()), parameters, seconds=seconds, memory=memory)


def beside(work: Callable[[], Answer]) -> Callable[[], Answer]:
    """Begin with questions to the lake beside what this thread does meanwhile, and return what waits for their answer.

    They speak of the state that this context does, and need no connection to the database for it. What is begun beside is done at
    once, or all threads could wait for one that nobody is left to do.
    """
    if _is_beside.get():
        found = work()
        return lambda: found
    with in_one_state():
        context = copy_context()

    def run() -> Answer:
        context.run(_is_beside.set, True)
        try:
            return context.run(work)
        finally:
            # Opened only where a file was gone and the catalogue had to be asked again.
            connection.close()

    return _threads().submit(run).result


@cache
def _threads() -> ThreadPoolExecutor:
    """Return the threads of this process that ask beside others."""
    return ThreadPoolExecutor(max(4, os.cpu_count() or 1), "beside")


def read_once(table: Table, since: datetime, until: datetime) -> str:
    """Return the word after ``WITH name AS`` that has the rows of a time read once, for all parts of a statement that name them.

    It is empty where there may be more of them than `MOST_HELD`, and on a ClickHouse server: then each part reads for itself.
    """
    if not engine.is_embedded():
        return ""
    snapshot = _snapshot()
    count = sum(snapshot.rows[name] for name in snapshot.told_of(table, since, until))
    return "MATERIALIZED" if count <= MOST_HELD else ""


def sealed_upto() -> Mark:
    """Return how far the lake holds the log: everything up to and including this place can be queried."""
    mark = reached(READER)
    waiting = LakeBatch.objects.filter(delivered_at=None).order_by("id").first()
    return mark if waiting is None else Mark(waiting.after_xid, waiting.after_position)


def _bound(statement: str) -> str:
    return _with_tables(statement, _snapshot())


def _snapshot() -> Snapshot:
    """Return the state of the lake that this context speaks of, or the present one."""
    state = _state.get()
    return take_snapshot() if state is None else state.snapshot


def _with_tables(statement: str, snapshot: Snapshot) -> str:
    for table in (EVENT, MEMBER_DAY):
        name = "{events}" if table is EVENT else "{member_day}"
        if name in statement:
            statement = statement.replace(name, _relation(table, snapshot))
    return statement


def _relation(table: Table, snapshot: Snapshot) -> str:
    stored = (
        read_files(table, snapshot.files[table.name], snapshot.kinds)
        if engine.is_embedded()
        else server.table_name(table)
    )
    return applied(table, stored, snapshot.pending)


def days_held() -> tuple[date, date] | None:
    """Return the first and the last day that ``member_day`` has rows of; None where nobody knows without asking it."""
    if not engine.is_embedded():
        return None
    snapshot = _snapshot()
    spans = [snapshot.spans[name] for name in snapshot.files[MEMBER_DAY.name]]
    return (min(first for first, _ in spans).date(), max(last for _, last in spans).date()) if spans else None


def fingerprint() -> str:
    """Return a text that changes whenever the answer of some query may have changed, for keeping results.

    Merging files does not change it: what counts is how far the log is sealed, and what is known of members and zones.
    """
    state = _state.get()
    if state is not None:
        return state.fingerprint
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT (xid, position)::text FROM kernel_cursor WHERE reader = %s AND shard = 0),"
            " (SELECT max(id) FROM lake_lakebatch WHERE delivered_at IS NOT NULL),"
            " (SELECT max(settled_at) FROM lake_lakealias),"
            " (SELECT md5(string_agg((recorded, canonical, is_erased)::text, ',' ORDER BY recorded))"
            " FROM lake_lakealias WHERE settled_at IS NULL),"
            " (SELECT max(counted_at) FROM lake_lakezone)",
            [READER],
        )
        return hashlib.sha256(repr(cursor.fetchone()).encode()).hexdigest()[:32]


def fingerprint_within(table: Table, since: datetime, until: datetime) -> str:
    """Return a text that changes whenever what ``table`` says of the time from ``since`` on and before ``until`` may have changed.

    It stays as it is while events of other times are sealed, as most are: the last minute's. Merging files does change it. On a
    ClickHouse server, where nobody knows what holds which time, it is the `fingerprint`.
    """
    if not engine.is_embedded():
        return fingerprint()
    snapshot = _snapshot()
    told = repr((snapshot.told_of(table, since, until), snapshot.pending, snapshot.settled_at))
    return hashlib.sha256(told.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Freshness:
    """How far the lake is behind the log: the age in seconds of the oldest event it lacks, 0.0 when it lacks none.

    ``position`` is that of the last event it holds.
    """

    seconds: float
    position: int


def freshness() -> Freshness:
    """Tell how far the lake is behind what has been committed to the log."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.position, (SELECT e.recorded_at FROM kernel_event e"
            " WHERE (e.xid, e.position) > (c.xid::text::xid8, c.position) ORDER BY e.xid, e.position LIMIT 1),"
            " (SELECT min(b.created_at) FROM lake_lakebatch b WHERE b.delivered_at IS NULL)"
            " FROM (SELECT coalesce(max(xid), 0) AS xid, coalesce(max(position), 0) AS position"
            " FROM kernel_cursor WHERE reader = %s) c",
            [READER],
        )
        position, unsealed, undelivered = cursor.fetchone() or (0, None, None)
    oldest = min((instant for instant in (unsealed, undelivered) if instant is not None), default=None)
    behind = 0.0 if oldest is None else max(0.0, (clock.now() - oldest).total_seconds())
    return Freshness(behind, position)

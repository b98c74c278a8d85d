"""The engine that reads and writes the lake: ClickHouse in this process, or a ClickHouse server.

Both are reached through one client and one dialect. The engine in the process is imported on first use, after any fork;
a client serialises its calls, so every thread has its own.
"""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import threading
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from django.conf import settings

from liuliang.kernel.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from clickhouse_connect.driver.client import Client

# Codes of ClickHouse errors (its ErrorCodes list): what a limit on time, and limits on memory and volume, raise.
_TOO_SLOW = {159, 160}
_TOO_MUCH = {158, 191, 241, 307, 396}

FILE_MISSING = 107
"""The code of a file that is not there any more."""

_is_one_of_several: ContextVar[bool] = ContextVar("is_one_of_several", default=False)

_FAULTS = (
    signal.SIGSEGV,
    signal.SIGBUS,
    signal.SIGABRT,
    signal.SIGILL,
    signal.SIGFPE,
    signal.SIGTRAP,
    signal.SIGSYS,
)

_of_thread = threading.local()
_anchor: dict[int, Client] = {}
_anchoring = threading.Lock()
_free: dict[tuple[int, str], list[Client]] = {}
_due: dict[int, float] = {}


def is_embedded() -> bool:
    """Tell whether the engine runs in this process over Parquet files."""
    return not settings.CLICKHOUSE_URL


def client() -> Client:
    """Return this thread's client, connecting on first use."""
    where = (os.getpid(), settings.CLICKHOUSE_URL)
    held: _Held | None = getattr(_of_thread, "held", None)
    if held is None or held.where != where:
        try:
            held = _Held(where, _free[where].pop())
        except (KeyError, IndexError):
            held = _Held(where, _connect())
        _of_thread.held = held
    return held.client


class _Held:
    """A thread's client. When the thread ends, the next one gets it: a handle that a dying thread closes can stop the others."""

    def __init__(self, where: tuple[int, str], client: Client) -> None:
        self.where = where
        self.client = client

    def __del__(self) -> None:
        _free.setdefault(self.where, []).append(self.client)


def _connect() -> Client:
    # Half a second that most processes never need.
    from clickhouse_connect.driver import create_client

    if not is_embedded():
        # The client takes everything but the scheme from the address.
        secure = settings.CLICKHOUSE_URL.startswith("https:")
        return create_client(dsn=settings.CLICKHOUSE_URL, secure=secure, tz_mode="aware", autogenerate_session_id=False)
    with _anchoring:
        # The engine ends with its last client and takes long to start; one client of the process keeps it.
        if os.getpid() not in _anchor:
            _anchor[os.getpid()] = create_client(interface="chdb")
            _die_of_faults()
        return create_client(interface="chdb", tz_mode="aware")


def _die_of_faults() -> None:
    """Make a fault end the process at once, with the stacks in the log.

    The engine's handler of faults waits five minutes for a report that nobody writes here, and meanwhile the process holds
    whatever it held: locks, the interpreter, the connections of those who wait for an answer.
    """
    # Python's own `signal` may only be called in the main thread.
    set_handler = ctypes.CDLL(None).signal
    set_handler.argtypes = (ctypes.c_int, ctypes.c_void_p)
    set_handler.restype = ctypes.c_void_p
    for number in _FAULTS:
        set_handler(number, None)
    faulthandler.disable()
    faulthandler.enable(file=2)


def limits(seconds: float | None = None, memory: int | None = None) -> dict[str, Any]:
    """Return the settings that bound a statement: seconds of time, bytes of memory; None takes the installation's limit.

    Grouping goes to disk before it meets the memory limit, and so does the sorting of what is read.
    """
    bytes_allowed = memory or settings.LAKE_MEMORY_LIMIT
    return {
        "max_execution_time": seconds or settings.LAKE_TIME_LIMIT,
        "max_memory_usage": bytes_allowed,
        "max_bytes_before_external_sort": bytes_allowed // 3,
        "max_bytes_before_external_group_by": bytes_allowed // 3,
        **(_own_limits() if is_embedded() else {}),
        "max_query_size": 64 * 1024 * 1024,
        "max_ast_elements": 10_000_000,
        "max_expanded_ast_elements": 10_000_000,
    }


def _own_limits() -> dict[str, Any]:
    # What `liuliang.lake.queries.read_once` asks for is ignored without the first. Reading ahead is for storage that is far away:
    # of files on a disk it makes every statement slower, cold ones too.
    shared = {"enable_materialized_cte": 1, "input_format_parquet_enable_row_group_prefetch": 0}
    return shared | ({"max_threads": max(1, (os.cpu_count() or 1) // 2)} if _is_one_of_several.get() else {})


@contextmanager
def one_of_several() -> Iterator[None]:
    """Have the statements of this context take half of the processors each, since others of the same page run beside them.

    Those are this machine's; a server knows its own. Every thread of a statement fills a hash table of its own, which are then joined: with fewer that takes less work in all.
    """
    token = _is_one_of_several.set(True)
    try:
        yield
    finally:
        _is_one_of_several.reset(token)


def fetch(
    statement: str,
    parameters: Mapping[str, object] | None = None,
    *,
    seconds: float | None = None,
    memory: int | None = None,
) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Run a reading statement and return the names of its columns and its rows.

    Raises:
        Refused: ``lake.too_slow`` or ``lake.too_much``: it ran into a limit.
    """
    bounds = limits(seconds, memory)
    try:
        with _in_time(bounds):
            result = client().query(statement, parameters=dict(parameters) if parameters else None, settings=bounds)
    except Exception as error:
        refused = _refusal(error, bounds)
        if refused is None:
            raise
        raise refused from error
    return tuple(result.column_names), [tuple(row) for row in result.result_rows]


def fetch_raw(
    statement: str,
    parameters: Mapping[str, object] | None = None,
    *,
    seconds: float | None = None,
    memory: int | None = None,
) -> bytes:
    """Run a reading statement and return its rows as ClickHouse's RowBinary.

    Raises:
        Refused: as `fetch`.
    """
    bounds = limits(seconds, memory)
    try:
        with _in_time(bounds):
            return bytes(
                client().raw_query(
                    statement, parameters=dict(parameters) if parameters else None, settings=bounds, fmt="RowBinary"
                )
            )
    except Exception as error:
        refused = _refusal(error, bounds)
        if refused is None:
            raise
        raise refused from error


@contextmanager
def _in_time(bounds: Mapping[str, Any]) -> Iterator[None]:
    """Note until when the statement of this thread must have ended, by its own limit."""
    thread = threading.get_ident()
    _due[thread] = time.monotonic() + float(bounds["max_execution_time"])
    try:
        yield
    finally:
        _due.pop(thread, None)


def overdue() -> float:
    """Return by how many seconds a reading statement of this process exceeds its limit; 0.0 when none does.

    The engine ends statements at their limit. One that goes on long after is stuck, and so is whoever waits for it.
    """
    return max(0.0, time.monotonic() - min(_due.copy().values(), default=time.monotonic()))


def _refusal(error: Exception, bounds: Mapping[str, Any]) -> Refused | None:
    code = error_code(error)
    if code in _TOO_SLOW:
        return Refused("lake.too_slow", seconds=bounds["max_execution_time"])
    if code in _TOO_MUCH:
        return Refused("lake.too_much", bytes=bounds["max_memory_usage"])
    return None


def error_code(error: Exception) -> int | None:
    """Return the ClickHouse code of an error, or None when it is none of ClickHouse's."""
    code = getattr(error, "code", None)
    return code if isinstance(code, int) else None


def execute(statement: str, **options: object) -> None:
    """Run a writing statement in bounded memory and with an hour's time; ``options`` are further settings.

    What it groups goes to disk early: it runs beside queries, and nobody waits for it. The engine in the process sorts what it
    writes in memory whatever it is told, so the caller bounds how much that is.
    """
    spill = settings.LAKE_MEMORY_LIMIT // 10
    early = {"max_bytes_before_external_sort": spill, "max_bytes_before_external_group_by": spill}
    bounds = {**limits(seconds=3600), **early, **options}
    clause = ", ".join(f"{name} = {_setting(value)}" for name, value in bounds.items())
    client().command(f"{statement} SETTINGS {clause}")


def _setting(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value)

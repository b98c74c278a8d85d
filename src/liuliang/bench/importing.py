"""Imports from end to end: a file of a million lines, through a real worker and follower, until log, projections and lake have it all.

And how fresh the lake is when little happens: the time from the commit of one fact to the answer that counts it.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import close_old_connections, connection, transaction
from psutil import Popen

from liuliang.bench.report import Goal, finish
from liuliang.importers import jobs, services
from liuliang.importers.base import Options
from liuliang.kernel import clock, log, postgres, readers
from liuliang.kernel.events import Fact
from liuliang.lake.queries import query
from liuliang.people.events import MessageSent
from liuliang.simulator.bulk import STARTS_AT, write_bulk

TEXT = ("qq_txt", "whatsapp_txt", "irc_log", "wechat_csv")
OTHER = ("qq_exporter_json", "weflow_json", "chatlog_json", "telegram_json", "discord_json")
PEOPLE = 2_000
MEGABYTE = 1024 * 1024
FIRST_DAY = datetime.fromtimestamp(STARTS_AT, UTC).date()
PATIENCE = 1_200
"""Seconds after which a run counts as stuck."""


def run(*, quick: bool) -> None:
    """Measure messages per second and the peak memory of worker and follower for each format, and the lake's freshness.

    Both processes are the ones that ``liuliang up`` runs. Time runs from the moment the import is queued to the moment
    when no reader has anything left to read.
    """
    messages = 30_000 if quick else 1_000_000
    figures: dict[str, float] = {}
    folder = Path(tempfile.mkdtemp(prefix="liuliang-bench-files-"))
    try:
        for key in TEXT[:2] if quick else (*TEXT, *OTHER):
            path = write_bulk(folder / f"{key}.bulk", key, messages, PEOPLE, seed=1)
            with _processes() as (worker, follower):
                seconds = _import(path, key, worker)
                figures[f"{key}: messages per second"] = messages / seconds
                figures[f"{key}: worker's peak, MB"] = _peak(worker) / MEGABYTE
                figures[f"{key}: follower's peak, MB"] = _peak(follower) / MEGABYTE
            path.unlink()
            sys.stderr.write(f"{key}: {messages / seconds:,.0f} messages per second\n")
        with _processes():
            figures["freshness of the lake, seconds, worst of 10"] = max(_freshness(number) for number in range(10))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    goals = {f"{key}: messages per second": Goal(at_least=20_000) for key in TEXT}
    goals |= {name: Goal(at_most=400) for name in figures if name.endswith("worker's peak, MB")}
    goals["freshness of the lake, seconds, worst of 10"] = Goal(at_most=10)
    finish("import", figures, {name: goal for name, goal in goals.items() if name in figures})


@contextlib.contextmanager
def _processes() -> Iterator[tuple[Popen, Popen]]:
    """Run a worker and a follower of this installation."""
    environment = {**os.environ, "DATABASE_URL": postgres.database_url(), "LIULIANG_HOME": str(settings.HOME)}
    worker, follower = (
        Popen([sys.executable, "-m", "liuliang", *part], env=environment, stderr=subprocess.DEVNULL)
        for part in (("worker",), ("follower", "--only"))
    )
    try:
        _wait_for_worker()
        yield worker, follower
    finally:
        for process in (worker, follower):
            process.terminate()
        for process in (worker, follower):
            process.wait()


def _import(path: Path, key: str, worker: Popen) -> float:
    """Import one file and return the seconds it took."""
    with path.open("rb") as stream:
        row = services.receive(stream, path.name)
    services.examine(row, source=key)
    connection.close()
    started = time.perf_counter()
    # Lines of IRC tell the time of day alone.
    jobs.start(row, options=Options(first_day=FIRST_DAY) if key == "irc_log" else None)
    while time.perf_counter() - started < PATIENCE:
        close_old_connections()
        row.refresh_from_db()
        if row.state == "failed" or not worker.is_running():
            raise RuntimeError(f"{row.source} failed: {row.error}")
        if row.state == "done" and not any(readers.lag().values()):
            if row.unreadable:
                raise RuntimeError(f"{row.source}: {row.unreadable} of {row.counts} were not read")
            return time.perf_counter() - started
        time.sleep(0.05)
    raise TimeoutError(row.source)


def _peak(process: Popen) -> int:
    """Return the most memory a process ever held, in bytes, with the parts of files it shares with others."""
    status = Path(f"/proc/{process.pid}/status")
    peak = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return int(peak[1]) * 1024 if peak else int(process.memory_info().rss)


def _wait_for_worker() -> None:
    """Wait until the worker is registered, so that its start-up is not measured."""
    while True:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM procrastinate_workers")
            if (cursor.fetchone() or (0,))[0]:
                return
        time.sleep(0.1)


def _freshness(number: int) -> float:
    """Append one fact and return the seconds until the lake counts it."""
    ((before,),) = query("SELECT count() FROM {events}").rows
    with transaction.atomic():
        log.append([Fact(MessageSent("到货了吗", "text"), clock.now(), "bench", str(number), 1, 1)])
    started = time.perf_counter()
    while query("SELECT count() FROM {events}").rows == [(before,)]:
        time.sleep(0.05)
    return time.perf_counter() - started

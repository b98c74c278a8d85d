"""Imports from end to end: a file of a million lines, through a real worker and follower, until log, projections and lake have it all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from django.conf import settings
from django.db import close_old_connections, connection
from psutil import Process

from liuliang.bench.report import Goal, finish
from liuliang.importers import jobs, services
from liuliang.importers.models import Import
from liuliang.kernel import postgres, readers
from liuliang.simulator.bulk import write_bulk

TEXT = ("qq_txt", "whatsapp_txt", "irc_log", "wechat_csv")
OTHER = ("qq_exporter_json", "weflow_json", "chatlog_json", "telegram_json", "discord_json")
PEOPLE = 2_000
MEGABYTE = 1024 * 1024
PATIENCE = 1_200
"""Seconds after which a run counts as stuck."""


def run(*, quick: bool) -> None:
    """Measure messages per second and the worker's peak memory for each format.

    Both processes are the ones that ``liuliang up`` runs. Time runs from the moment the import is queued to the moment
    when no reader has anything left to read.
    """
    messages = 30_000 if quick else 1_000_000
    figures: dict[str, float] = {}
    folder = Path(tempfile.mkdtemp(prefix="liuliang-bench-files-"))
    try:
        for key in TEXT[:2] if quick else (*TEXT, *OTHER):
            path = write_bulk(folder / f"{key}.bulk", key, messages, PEOPLE, seed=1)
            seconds, peak = _through_a_worker(path, key)
            path.unlink()
            figures[f"{key}: messages per second"] = messages / seconds
            figures[f"{key}: peak memory, MB"] = peak / MEGABYTE
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    goals = {f"{key}: messages per second": Goal(at_least=20_000) for key in TEXT}
    goals |= {name: Goal(at_most=400) for name in figures if name.endswith("MB")}
    finish("import", figures, {name: goal for name, goal in goals.items() if name in figures})


def _through_a_worker(path: Path, key: str) -> tuple[float, int]:
    """Import one file and return the seconds it took and the worker's peak memory in bytes."""
    with path.open("rb") as stream:
        row = services.receive(stream, path.name)
    services.examine(row, source=key)
    connection.close()
    environment = {**os.environ, "DATABASE_URL": postgres.database_url(), "LIULIANG_HOME": str(settings.HOME)}
    worker, follower = (
        subprocess.Popen([sys.executable, "-m", "liuliang", part], env=environment, stderr=subprocess.DEVNULL)
        for part in ("worker", "follower")
    )
    try:
        _wait_for_worker()
        started = time.perf_counter()
        jobs.start(row)
        peak = _wait_until_read(row, worker.pid, started)
        return time.perf_counter() - started, peak
    finally:
        for process in (worker, follower):
            process.terminate()
        for process in (worker, follower):
            process.wait()


def _wait_for_worker() -> None:
    """Wait until the worker is registered, so that its start-up is not measured."""
    while True:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM procrastinate_workers")
            if (cursor.fetchone() or (0,))[0]:
                return
        time.sleep(0.1)


def _wait_until_read(row: Import, pid: int, started: float) -> int:
    peak = 0
    while time.perf_counter() - started < PATIENCE:
        close_old_connections()
        peak = max(peak, Process(pid).memory_info().rss)
        row.refresh_from_db()
        if row.state == "failed":
            raise RuntimeError(f"{row.source} failed: {row.error}")
        if row.state == "done" and not any(readers.lag().values()):
            return peak
        time.sleep(0.05)
    raise TimeoutError(row.source)

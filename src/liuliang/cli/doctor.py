"""`liuliang doctor`: what is found, and what to do about it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import ModuleType

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from rich.console import Console
from rich.table import Table

from liuliang.kernel import clock, environment, postgres, readers, restore
from liuliang.kernel.models import Cluster
from liuliang.mail.models import Letter

out = Console()

OLD_WRITER = 60
"""Seconds after which an open writing transaction is worth naming: readers cannot pass it."""


RECENT = timedelta(days=14)
"""For how long a letter that was not sent is worth naming."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. ``is_fine`` None means that it is only told."""

    subject: str
    told: str
    is_fine: bool | None = None
    advice: str = ""


def examine() -> bool:
    """Print every finding and return whether all are fine."""
    table = Table("", "what", "found", "what to do", show_lines=False)
    fine = True
    for finding in _findings():
        mark = {None: "·", True: "[green]✓[/green]", False: "[red]✗[/red]"}[finding.is_fine]
        fine = fine and finding.is_fine is not False
        table.add_row(mark, finding.subject, finding.told, finding.advice)
    out.print(table)
    return fine


def _findings() -> Iterator[Finding]:
    yield Finding("data folder", str(environment.home()))
    yield Finding("public address", f"{settings.PUBLIC_URL} (LIULIANG_URL)")
    yield _bytecode()
    yield from _database()
    yield from _log()
    yield from _jobs()
    yield mail()
    yield Finding("lake", "ClickHouse server" if settings.CLICKHOUSE_URL else f"files in {settings.LAKE_ROOT}")


def _bytecode() -> Finding:
    modules = list(sys.modules.values())
    missing = uncompiled(modules)
    # Where it can be written it has been by now, by the imports of this process.
    advice = (
        "Every process compiles them at every start, which takes seconds. Unset PYTHONDONTWRITEBYTECODE, or compile once, as"
        f" a user who may write there: {sys.executable} -m compileall -q {sys.prefix}"
    )
    told = f"{missing:,} of {len(modules):,} modules are not compiled" if missing else "compiled"
    return Finding("Python", told, advice=advice if missing else "")


def uncompiled(modules: Iterable[ModuleType]) -> int:
    """Return how many of these modules were imported from sources whose compiled form is not kept."""
    # Some that are put among the modules are classes, without a specification.
    specifications = [getattr(module, "__spec__", None) for module in modules]
    return sum(not Path(each.cached).exists() for each in specifications if each and each.cached)


def _one(statement: str) -> tuple[object, ...]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        row: tuple[object, ...] = cursor.fetchone() or ()
    return row


def _database() -> Iterator[Finding]:
    number = int(str(_one("SHOW server_version_num")[0]))
    kind = "private" if postgres.is_private() else "from DATABASE_URL"
    old = number < 150_000
    yield Finding("PostgreSQL", f"{number // 10_000}, {kind}", not old, "Use PostgreSQL 15 or newer." if old else "")
    executor = MigrationExecutor(connection)
    pending = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    yield Finding("schema", f"{pending} changes pending", pending == 0, "Run liuliang migrate." if pending else "")
    if not pending:
        known = Cluster.objects.filter(id=1).first()
        moved = known is not None and known.system_identifier != restore.system_identifier()
        told = "of another cluster" if moved else "of this cluster"
        yield Finding("log belongs to", told, not moved, "Run liuliang migrate: it renumbers the log." if moved else "")


def _log() -> Iterator[Finding]:
    yield Finding("events", f"{_one('SELECT count(*) FROM kernel_event')[0]:,}")
    pid, seconds, name = _one(
        "SELECT pid, extract(epoch FROM now() - xact_start)::int, application_name FROM pg_stat_activity"
        " WHERE backend_xid IS NOT NULL AND datname = current_database() ORDER BY xact_start LIMIT 1"
    ) or (None, 0, "")
    if pid is None:
        yield Finding("oldest writer", "none", is_fine=True)
    else:
        old = int(str(seconds)) > OLD_WRITER
        advice = f"Readers wait for it. End it with SELECT pg_terminate_backend({pid})." if old else ""
        yield Finding("oldest writer", f"{name}, process {pid}, for {seconds} s", not old, advice)
    for reader, behind in sorted(readers.lag().items()):
        yield Finding(f"reader {reader}", f"{behind:,} events behind")


def _jobs() -> Iterator[Finding]:
    failed = int(str(_one("SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'")[0]))
    waiting = _one("SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'")[0]
    yield Finding("jobs", f"{waiting} waiting, {failed} failed", failed == 0, "See the worker's log." if failed else "")


def mail() -> Finding:
    """Tell whether letters are sent, and how many were not lately."""
    if not settings.SMTP_HOST:
        told = "no server: alerts and reviews are told in the console alone"
        return Finding("mail", told, advice="Set LIULIANG_SMTP_HOST to have letters sent.")
    states = {"sent": True, "waiting": False, "failed": False, "unknown": False}
    tried = Letter.objects.filter(written_at__gte=clock.now() - RECENT, tried_at__isnull=False, state__in=states)
    lost = tried.exclude(state="sent").order_by("-tried_at")
    told = f"{settings.SMTP_HOST}:{settings.SMTP_PORT}, {lost.count():,} letters of {RECENT.days} days not sent"
    # If others went out since, it was that letter's address, which nobody can mend here.
    newest, last = tried.order_by("-tried_at").first(), lost.first()
    advice = "" if last is None else f"The last one: {last.error or 'nobody knows whether it arrived'}"
    return Finding("mail", told, newest is None or states[newest.state], advice)

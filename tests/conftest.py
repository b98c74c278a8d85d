"""A private PostgreSQL for the test run, and the data folder of a throw-away installation."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

# Before Django reads its settings: tests never touch the developer's own data.
_HOME = Path(os.environ.get("LIULIANG_TEST_HOME") or Path(__file__).resolve().parent.parent / "var" / "test")
_HOME.mkdir(parents=True, exist_ok=True)
os.environ["LIULIANG_HOME"] = tempfile.mkdtemp(prefix="home-", dir=_HOME)
os.environ.pop("CLICKHOUSE_URL", None)
if "LIULIANG_TEST_DATABASE_URL" in os.environ:
    os.environ["DATABASE_URL"] = os.environ["LIULIANG_TEST_DATABASE_URL"]
else:
    from liuliang.kernel import postgres

    # A server for each process of the run: an open transaction holds back the readers of every database of its cluster.
    os.environ["DATABASE_URL"] = postgres.ensure_running(
        _HOME / f"postgres-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    )

# Named here and not in pyproject.toml, because pytest-django would read the settings before this file runs.
os.environ["DJANGO_SETTINGS_MODULE"] = "liuliang.project.settings"

import django  # noqa: E402

django.setup()

import psycopg  # noqa: E402
import pytest  # noqa: E402
from django.db import connections  # noqa: E402

_OPEN = "SELECT pid FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND backend_type = 'client backend'"


@pytest.fixture(scope="session")
def _watcher():
    """A connection beside Django's, to look at what tests leave behind."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as watcher:
        yield watcher


@pytest.fixture(autouse=True)
def _no_open_transaction(request, _watcher):
    """End writing transactions that an earlier test left open: no reader of the log could pass them."""
    left = [pid for (pid,) in _watcher.execute(_OPEN).fetchall()]
    if left:
        sys.stderr.write(f"\nleft open before {request.node.nodeid}: {left}\n")
        connections.close_all()
        for pid in left:
            _watcher.execute("SELECT pg_terminate_backend(%s)", [pid])


from hypothesis import settings as hypothesis_settings  # noqa: E402

# The same examples on every run of CI; a developer's runs look for new ones.
hypothesis_settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI"):
    hypothesis_settings.load_profile("ci")

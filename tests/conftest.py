"""A private PostgreSQL for the test run, and the data folder of a throw-away installation."""

from __future__ import annotations

import os
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

import pytest  # noqa: E402
from django.db import connection  # noqa: E402

OPEN = """
SELECT query FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND backend_xid IS NOT NULL AND backend_type = 'client backend'
"""


@pytest.fixture(autouse=True)
def _no_open_transaction(request):
    """Fail the test that leaves a writing transaction open: no reader could pass it, and every later test would suffer."""
    yield
    if "transactional_db" in request.fixturenames and connection.connection is not None:
        with connection.cursor() as cursor:
            cursor.execute(OPEN)
            left = cursor.fetchall()
            cursor.execute(OPEN.replace("SELECT query", "SELECT pg_terminate_backend(pid)"))
        assert not left, f"left open: {left}"

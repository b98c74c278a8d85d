"""A private PostgreSQL and data folder for each process of the test run: nothing is shared with the developer's own."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

# Before Django reads its settings: tests never touch the developer's own data.
_HOME = Path(os.environ.get("LIULIANG_TEST_HOME") or Path(__file__).resolve().parent.parent / "var" / "test")
_HOME.mkdir(parents=True, exist_ok=True)
os.environ["LIULIANG_HOME"] = tempfile.mkdtemp(prefix="home-", dir=_HOME)
os.environ.pop("CLICKHOUSE_URL", None)
# Nobody answers there: whoever takes money is spoken to only where a test has a stand-in for them.
os.environ["LIULIANG_WECHATPAY_URL"] = "http://127.0.0.1:9"
if "LIULIANG_TEST_DATABASE_URL" in os.environ:
    os.environ["DATABASE_URL"] = os.environ["LIULIANG_TEST_DATABASE_URL"]
else:
    from liuliang.kernel import postgres

    # A server for each process of the run: an open transaction holds back the readers of every database of its cluster.
    os.environ["DATABASE_URL"] = postgres.ensure_running(
        _HOME / f"postgres-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    )

os.environ["DJANGO_SETTINGS_MODULE"] = "liuliang.project.settings"

import django  # noqa: E402

django.setup()

# Named for the lines above only, here and not in pyproject.toml: where pytest-django finds the name it reads the settings
# before this file runs. The processes of a parallel run inherit the variables of the first, and with this one they would
# all read its settings: its database, whose open transactions then hold back each other's readers, and its data folder.
del os.environ["DJANGO_SETTINGS_MODULE"]

from hypothesis import HealthCheck  # noqa: E402
from hypothesis import settings as hypothesis_settings  # noqa: E402

# How long something takes is measured by benchmarks; a busy machine must not fail a property. The same examples come on every
# run of CI; a developer's runs look for new ones.
_UNHURRIED = hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.register_profile("unhurried", _UNHURRIED)
hypothesis_settings.register_profile("ci", _UNHURRIED, derandomize=True)
hypothesis_settings.load_profile("ci" if os.environ.get("CI") else "unhurried")

import pytest  # noqa: E402
from playwright.sync_api import expect  # noqa: E402

# What a page is to show it shows at once; a busy machine may take its time to draw it.
expect.set_options(timeout=30_000)


sys.path.insert(0, str(Path(__file__).parent))

from crowds import connect  # noqa: E402


@pytest.fixture(autouse=True)
def _queue_left_empty(request: pytest.FixtureRequest) -> Iterator[None]:
    """Leave no work behind: the flush after real transactions passes the queue over, whose tables Django does not manage."""
    yield
    mark = request.node.get_closest_marker("django_db")
    if "transactional_db" in request.fixturenames or (mark is not None and mark.kwargs.get("transaction")):
        # Not through Django, which beside a browser opens a connection that would stay.
        with connect() as own:
            own.execute("SET lock_timeout = '30s'")
            own.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")

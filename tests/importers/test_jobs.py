from __future__ import annotations

import io

import pytest
from django.db import connection

from liuliang.importers import jobs as importing
from liuliang.importers import services
from liuliang.importers.models import Import
from liuliang.kernel import jobs

pytestmark = pytest.mark.django_db

LINES = b"2026-03-01 08:00:00 \xe5\xb0\x8f\xe7\x8e\x8b(20001)\nhi\n\n"


@pytest.fixture(autouse=True)
def _uploads(tmp_path, settings):
    settings.UPLOAD_ROOT = tmp_path / "uploads"
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "incoming"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir()


def queued(name: str) -> Import:
    row = services.receive(io.BytesIO(LINES * 3), f"{name}.txt")
    assert services.examine(row) is not None
    importing.start(row)
    return row


def fetched() -> tuple[int, int] | None:
    """Take the next job as a worker does; return its id and its import."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT worker_id FROM procrastinate_register_worker_v1()")
        (worker,) = cursor.fetchone()
        cursor.execute("SELECT id, (args->>'import_id')::int FROM procrastinate_fetch_job_v2(NULL, %s)", [worker])
        row = cursor.fetchone()
    return None if row[0] is None else row


def ended(job: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT procrastinate_finish_job_v1(%s, 'succeeded', true)", [job])


def test_files_are_imported_one_at_a_time_in_the_order_in_which_they_were_queued():
    first, second = queued("甲群"), queued("乙群")
    job, number = fetched()
    assert number == first.pk
    assert fetched() is None
    ended(job)
    assert fetched()[1] == second.pk


def test_a_file_whose_worker_stops_goes_on_before_the_next_one():
    first, second = queued("甲群"), queued("乙群")
    job, _ = fetched()
    jobs.stopping.set()
    try:
        importing.run_import(first.pk)
    finally:
        jobs.stopping.clear()
    ended(job)
    job, number = fetched()
    assert number == first.pk
    ended(job)
    assert fetched()[1] == second.pk

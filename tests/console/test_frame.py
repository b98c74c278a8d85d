"""The frame around every page: what it asks of the database stays small however much waits."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from liuliang.accounts.models import Staff
from liuliang.console.frame import SHELL
from liuliang.kernel import clock

COUNTS = [entry.count for section in SHELL.sections for entry in section.entries if entry.count] + [SHELL.bell_count]


@pytest.mark.parametrize("count", COUNTS, ids=lambda count: f"{count.__module__}.{count.__name__}")
def test_what_the_frame_counts_on_every_page_is_counted_to_a_hundred(count, db, rf: RequestFactory) -> None:
    request = rf.get("/")
    request.user = Staff.objects.create(email="boss@example.com", name="老板", is_owner=True, created_at=clock.now())
    with CaptureQueriesContext(connection) as asked:
        assert count(request) == 0
    counting = [query["sql"] for query in asked.captured_queries if "COUNT(" in query["sql"]]
    assert counting
    assert all("LIMIT 100" in statement for statement in counting)

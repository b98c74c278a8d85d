"""What the audit log holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from django.db import transaction

from liuliang.accounts import audit
from liuliang.accounts.models import AuditEntry, Staff

TRIED = audit.ACTIONS.get("test.tried") or audit.action("test.tried", "试一试")


def test_a_change_that_is_taken_back_leaves_no_entry(make_staff: Callable[..., Staff]) -> None:
    staff = make_staff()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        audit.record(TRIED, staff)
        1 / 0  # noqa: B018
    assert not AuditEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_nothing_may_be_recorded(make_staff: Callable[..., Staff]) -> None:
    with pytest.raises(RuntimeError, match="outside the transaction"):
        audit.record(TRIED, make_staff())


def test_an_entry_says_who_from_where_and_the_system_is_nobody(make_staff: Callable[..., Staff]) -> None:
    staff = make_staff()
    with audit.acting(staff, "2001:db8::1"), transaction.atomic():
        audit.record(TRIED, staff)
        with audit.acting(None):
            audit.record(TRIED, staff)
    audit.record(TRIED, staff)
    told = AuditEntry.objects.order_by("id").values_list("staff", "address")
    assert list(told) == [(staff.pk, "2001:db8::1"), (None, "2001:db8::1"), (None, None)]


def test_changes_are_plain_and_equal_ones_are_left_out(make_staff: Callable[..., Staff]) -> None:
    changes: dict[str, tuple[object, object]] = {
        "tags": ({"b", "a"}, {"a"}),
        "day": (None, date(2026, 1, 2)),
        "at": (None, datetime(2026, 1, 2, 3, tzinfo=UTC)),
        "list": ([1], (1, date(2026, 1, 2))),
        "same": (1, 1),
    }
    audit.record(TRIED, make_staff(), name="长" * 300, community=7, changes=changes, personal={"phone"})
    entry = AuditEntry.objects.get()
    assert entry.changes == {
        "tags": [["a", "b"], ["a"]],
        "day": [None, "2026-01-02"],
        "at": [None, "2026-01-02T03:00:00+00:00"],
        "list": [[1], [1, "2026-01-02"]],
        "phone": None,
    }
    assert (entry.target_type, entry.community, len(entry.target_name)) == ("accounts.staff", 7, 200)


def test_an_action_is_declared_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        audit.action(TRIED.key, "又一次")

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from django.db import connection
from rich.console import Console

from liuliang.cli import verifying
from liuliang.loyalty.accounts import purse
from liuliang.loyalty.points import Reward, earn
from liuliang.people.models import Member

AT = datetime(2026, 3, 1, 4, tzinfo=UTC)


@pytest.fixture
def said(monkeypatch) -> io.StringIO:
    written = io.StringIO()
    monkeypatch.setattr(verifying, "out", Console(file=written, width=200))
    return written


@pytest.fixture
def purse_of_somebody(db) -> int:
    member = Member.objects.create(name="小雨", created_at=AT)
    earn([Reward(member.pk, 30, "gift:1")], at=AT)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM loyalty_account WHERE member_id = %s", [purse(member.pk).member])
        (account,) = cursor.fetchone()
    return account


def test_a_sound_ledger_is_called_sound(purse_of_somebody, said):
    assert verifying._is_ledger_sound()
    assert "every rule holds" in said.getvalue()


def test_a_balance_that_was_changed_behind_the_ledger_is_named(purse_of_somebody, said):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE loyalty_account SET balance = balance + 1 WHERE id = %s", [purse_of_somebody])

    assert not verifying._is_ledger_sound()
    assert "a balance is the sum of its entries" in said.getvalue()
    assert str(purse_of_somebody) in said.getvalue()

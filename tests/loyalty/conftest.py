"""Members and accounts to test with, and the check that every test of the ledger ends with."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))

from crowds import at_once
from ledgers import AT, at, ledger, shared_ledger
from liuliang.loyalty.accounts import Address, open_account
from liuliang.people.models import Member
from telling import told

__all__ = ["at", "at_once", "ledger", "shared_ledger", "told"]


@pytest.fixture
def make_member() -> Callable[..., int]:
    def make(name: str = "小雨", canonical: int | None = None) -> int:
        return Member.objects.create(name=name, created_at=AT, canonical_id=canonical).id

    return make


@pytest.fixture
def account() -> Callable[..., int]:
    def make(kind: str = "member", key: str = "", unit: str = "points", *, buckets: int = 0) -> int:
        return open_account(Address(unit, kind, key), buckets=buckets)

    return make

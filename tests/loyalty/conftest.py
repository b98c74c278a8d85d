"""Members and accounts to test with, and the check that every test of the ledger ends with."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))

from crowds import at_once
from liuliang.loyalty.accounts import Address, open_account
from liuliang.loyalty.ledger import faults
from liuliang.people.models import Member

__all__ = ["at_once"]

AT = datetime(2026, 3, 1, 4, tzinfo=UTC)
"""Noon in Shanghai."""


@pytest.fixture
def at() -> datetime:
    return AT


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


@pytest.fixture
def ledger(db) -> Iterator[None]:
    yield
    assert faults() == []


@pytest.fixture
def shared_ledger(transactional_db) -> Iterator[None]:
    """The same, seen by threads."""
    yield
    assert faults() == []

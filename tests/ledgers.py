"""The ledger under test, and the check of it that every test which touches points, stock or money ends with.

Put this folder on the path and import from here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from liuliang.loyalty.ledger import faults

AT = datetime(2026, 3, 1, 4, tzinfo=UTC)
"""Noon in Shanghai."""


@pytest.fixture
def at() -> datetime:
    return AT


@pytest.fixture
def ledger(db: None) -> Iterator[None]:
    yield
    assert faults() == []


@pytest.fixture
def shared_ledger(transactional_db: None) -> Iterator[None]:
    """The same, seen by threads."""
    yield
    assert faults() == []

"""Events and readers that exist for the kernel's tests only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from crowds import connect
from liuliang.kernel.events import Event, Fact, event

START = datetime(2026, 1, 1, tzinfo=UTC)


@event("test.happened", title="happened", icon="bolt", personal=("text",), value="amount")
@dataclass(frozen=True, slots=True)
class Happened(Event):
    text: str = ""
    amount: int = 0


@pytest.fixture
def make_fact():
    def make(number: int, *, member: int | None = None, source: str = "test", text: str = "") -> Fact:
        return Fact(Happened(text, number), START + timedelta(seconds=number), source, str(number), member)

    return make


@pytest.fixture
def others(transactional_db) -> Iterator:
    """Open as many other connections as a test asks for."""
    opened: list[psycopg.Connection] = []

    def open_one() -> psycopg.Connection:
        opened.append(connect())
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()

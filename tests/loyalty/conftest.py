"""Members and accounts to test with, and the check that every test of the ledger ends with."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import OperationalError, connection, connections

sys.path.insert(0, str(Path(__file__).parent))

from liuliang.loyalty.accounts import Address, open_account
from liuliang.loyalty.ledger import faults
from liuliang.people.models import Member

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


def _connect() -> None:
    """Open this thread's connection. A server that is asked by many at one moment turns some away for now."""
    until = time.monotonic() + 60
    while True:
        try:
            connection.ensure_connection()
        except OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


@pytest.fixture
def at_once() -> Callable[..., list]:
    """Run jobs at the same moment, each thread on a connection of its own; return what each gave or raised."""

    def run(jobs: list[Callable[[], object]], threads: int) -> list[object]:
        results: list[object] = [None] * len(jobs)
        gate = threading.Barrier(threads, timeout=90)

        def work(first: int) -> None:
            try:
                _connect()
                gate.wait()
                for number in range(first, len(jobs), threads):
                    try:
                        results[number] = jobs[number]()
                    except Exception as error:  # noqa: BLE001 - looked at by the test
                        results[number] = error
            finally:
                connections.close_all()

        running = [threading.Thread(target=work, args=[first]) for first in range(threads)]
        for each in running:
            each.start()
        for each in running:
            each.join()
        return results

    return run

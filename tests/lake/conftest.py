"""A lake of its own for every test, and what its answers should be, worked out from the log in plain Python."""

from __future__ import annotations

import json
import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from liuliang.kernel import log, readers
from liuliang.kernel.events import Event, Fact, event
from liuliang.kernel.readers import Mark, Window
from liuliang.lake import zones
from liuliang.lake.queries import READER, query
from liuliang.lake.sealer import Sealer, seal

START = datetime(2026, 1, 1, tzinfo=UTC)


@event("pond.rippled", title="rippled", icon="bolt", personal=("text",), value="amount", other="friend")
@dataclass(frozen=True, slots=True)
class Rippled(Event):
    text: str = ""
    amount: int = 0
    friend: int | None = None
    mood: str = "calm"


@event("pond.frozen", title="frozen", icon="bolt")
@dataclass(frozen=True, slots=True)
class Frozen(Event):
    depth: int = 0


@pytest.fixture(autouse=True)
def lake_root(settings, tmp_path) -> Path:
    settings.LAKE_ROOT = tmp_path / "lake"
    return settings.LAKE_ROOT


@pytest.fixture
def time_zones(monkeypatch) -> dict[int, str]:
    """The communities' time zones, to be filled by the test."""
    known: dict[int, str] = {}
    monkeypatch.setattr(zones, "_providers", [lambda: known])
    return known


@pytest.fixture
def ripple(db) -> Callable[..., None]:
    """Append one event to the log."""
    count = iter(range(10**9))

    def append(
        member: int | None = 1,
        at: datetime = START,
        *,
        community: int | None = 1,
        text: str = "",
        amount: int = 0,
        friend: int | None = None,
    ) -> None:
        fact = Fact(Rippled(text, amount, friend), at, "pond", f"one-{next(count)}", member, community)
        assert log.append([fact]) == 1

    return append


def ahead(after: Mark, limit: int) -> Window | None:
    """Return the window of the next events after a mark, even of this very transaction; None at the end of the log."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT xid::text::bigint, position FROM kernel_event WHERE (xid, position) > (%s::text::xid8, %s)"
            " ORDER BY xid, position LIMIT %s",
            [after.xid, after.position, limit],
        )
        rows = cursor.fetchall()
    return Window(Mark(*rows[-1]), after) if rows else None


def seal_here(after: Mark = Mark(), limit: int = 10**6) -> Mark:  # noqa: B008 - a mark is a value
    """Seal what this transaction can see, as the sealer would once it is committed."""
    window = ahead(after, limit)
    if window is None:
        return after
    seal(window)
    return window.upto


def seal_committed() -> None:
    """Let the sealer do all its work, waiting for transactions of tests that run beside this one."""
    sealer = Sealer()
    readers.ensure_cursors(sealer)
    for _ in range(400):
        while readers.advance(sealer):
            pass
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT NOT EXISTS (SELECT 1 FROM kernel_event e, kernel_cursor c WHERE c.reader = %s"
                " AND (e.xid, e.position) > (c.xid::text::xid8, c.position))",
                [READER],
            )
            row = cursor.fetchone()
        if row and row[0]:
            return
        threading.Event().wait(0.05)
    pytest.fail("the sealer never reached the end of the log")


@dataclass
class Truth:
    """What the lake should say, computed event by event."""

    canonical: dict[int, int] = field(default_factory=dict)
    erased: set[int] = field(default_factory=set)
    counted_in: dict[int, str] = field(default_factory=dict)

    def events(self, upto: Mark) -> list[tuple]:
        rows = []
        for position, kind, at, member, community, logged in _logged(upto):
            names = {"pond.rippled": ("amount", "friend")}.get(kind, ("", ""))
            value, friend = (logged.get(name) or 0 for name in names)
            impersonal = {
                "pond.rippled": {name: logged[name] for name in logged if name != "text"},
                "pond.frozen": logged,
            }
            data = impersonal.get(kind, {}) if member in self.erased else logged
            rows.append(
                (
                    kind,
                    self.canonical.get(member, member),
                    community,
                    at.replace(microsecond=at.microsecond // 1000 * 1000),
                    position,
                    value,
                    self.canonical.get(friend, friend),
                    data,
                    member,
                )
            )
        return sorted(rows, key=lambda row: row[4])

    def days(self, upto: Mark, default: str) -> dict[tuple, tuple[int, int]]:
        counts: Counter[tuple] = Counter()
        values: dict[tuple, int] = defaultdict(int)
        for _, kind, at, member, community, data in _logged(upto):
            if not member:
                continue
            zone = self.counted_in.get(community, default)
            key = (kind, at.astimezone(ZoneInfo(zone)).date(), community, self.canonical.get(member, member))
            counts[key] += 1
            values[key] += data["amount"] if kind == "pond.rippled" else 0
        return {key: (count, values[key]) for key, count in counts.items()}


def _logged(upto: Mark) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT position, kind, occurred_at, coalesce(member, 0), coalesce(community, 0), data::text"
            " FROM kernel_event WHERE (xid, position) <= (%s::text::xid8, %s)",
            [upto.xid, upto.position],
        )
        return [(*row[:5], json.loads(row[5])) for row in cursor.fetchall()]


def read_events() -> list[tuple]:
    result = query(
        "SELECT kind, member, community, occurred_at, position, value, other, data, recorded_member"
        " FROM {events} ORDER BY position"
    )
    return [(*row[:7], json.loads(row[7]), row[8]) for row in result.rows]


def read_days() -> dict[tuple, tuple[int, int]]:
    result = query(
        "SELECT kind, day, community, member, sum(count), sum(value) FROM {member_day}"
        " GROUP BY kind, day, community, member"
    )
    return {row[:4]: row[4:] for row in result.rows}


def assert_true(truth: Truth, upto: Mark, default: str) -> None:
    assert read_events() == truth.events(upto)
    assert read_days() == truth.days(upto, default)

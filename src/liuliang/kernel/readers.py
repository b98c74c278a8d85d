"""Followers of the log: each acts on every event exactly once, in (xid, position) order, shard by shard of members.

Positions are given out before their transactions commit, so a reader that followed the position alone would step over
events that commit late. Readers therefore order by the writing transaction first and read only below the oldest
transaction still running: what lies below that horizon can no longer change.
"""

from __future__ import annotations

import functools
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec
from django.db import connection, transaction

from liuliang.kernel.events import Recorded

SHARDS = 4
"""Shards of a reader: how many workers may serve it at once. Fixed, because cursors are stored per shard."""

BATCH = 50_000
"""Events per step at the most: large enough for set-based SQL, small enough that a step ends within seconds."""

_FIELDS = (
    "position, xid::text::bigint, id, kind, occurred_at, recorded_at, member, community, actor, source, source_id, data"
)


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in the log; everything up to and including it has been read."""

    xid: int = 0
    position: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """The events a step may act on: after one mark, up to another, of one shard, of certain kinds, perhaps of certain members.

    ``members`` restricts to these recorded members (used to refold after a merge); None means all.
    """

    upto: Mark
    after: Mark = Mark()
    shard: int = 0
    shards: int = 1
    kinds: tuple[str, ...] = ()
    members: tuple[int, ...] | None = None

    def where(self, alias: str = "e") -> tuple[str, list[Any]]:
        """Return a SQL condition on ``kernel_event alias`` and its parameters."""
        terms = [
            f"({alias}.xid, {alias}.position) > (%s::text::xid8, %s)",
            f"({alias}.xid, {alias}.position) <= (%s::text::xid8, %s)",
        ]
        params: list[Any] = [self.after.xid, self.after.position, self.upto.xid, self.upto.position]
        if self.shards > 1:
            terms.append(f"coalesce({alias}.member, 0) %% %s = %s")
            params += [self.shards, self.shard]
        if self.kinds:
            terms.append(f"{alias}.kind = ANY(%s)")
            params.append(list(self.kinds))
        if self.members is not None:
            terms.append(f"{alias}.member = ANY(%s)")
            params.append(list(self.members))
        return " AND ".join(terms), params

    def events(self) -> Iterator[Recorded]:
        """Iterate over the events in order, streamed from the server."""
        condition, params = self.where()
        with connection.chunked_cursor() as cursor:
            cursor.execute(f"SELECT {_FIELDS} FROM kernel_event e WHERE {condition} ORDER BY e.xid, e.position", params)
            for row in cursor:
                # Django leaves jsonb as text; only events that are looked at one by one are decoded.
                yield Recorded(*row[:-1], msgspec.json.decode(row[-1]))  # type: ignore[call-arg]


class Reader(ABC):
    """Something that follows the log. Subclass `Projection` or `Reaction`, or this for other followers.

    ``kinds`` empty means every kind. ``shards`` is `SHARDS` for work that only touches the event's own member, 1 for
    work that needs all events in one order. A step takes at most ``batch`` events; where that is less than `BATCH`, because
    each costs something, only those of ``kinds`` count, and the rest of the log is passed over in large steps. No reader
    comes further than a step that is under way, for its transaction holds the horizon back: keep it below a second.
    """

    name: ClassVar[str]
    kinds: ClassVar[tuple[str, ...]] = ()
    shards: ClassVar[int] = SHARDS
    batch: ClassVar[int] = BATCH
    is_felt_outside: ClassVar[bool] = False
    """Whether a step has effects outside of the database. Others are not waited for until they are on the disk: should
    the machine fail, the last of them are gone with their cursors, and are made again."""

    @abstractmethod
    def apply(self, window: Window) -> None:
        """Act on the window's events in the surrounding transaction."""

    def limit(self) -> Mark | None:
        """Return how far this reader may go now, if it builds on what another has made of the log; None for no limit."""
        return None

    def rests(self) -> bool:
        """Tell whether no event at all could make this reader act as things are; it passes over the log then."""
        return False

    def hold(self) -> None:
        """Lock every shard's cursor until the transaction ends, so that nothing is read meanwhile."""
        ensure_cursors(self)
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM kernel_cursor WHERE reader = %s ORDER BY shard FOR UPDATE", [self.name])


_readers: dict[str, Reader] = {}


def register(reader: Reader) -> Reader:
    """Make the follower run ``reader``; called from an app's ``ready``."""
    known = _readers.get(reader.name)
    if known is not None and type(known) is not type(reader):
        msg = f"two readers are named {reader.name!r}"
        raise ValueError(msg)
    _readers[reader.name] = reader
    return reader


def readers() -> Sequence[Reader]:
    """Return every registered reader."""
    return tuple(_readers.values())


def ensure_cursors(reader: Reader) -> None:
    """Create the reader's missing cursors: at the start of the log for readers that may replay, else at the horizon."""
    start = reader_start(reader)
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO kernel_cursor (reader, shard, xid, position) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [(reader.name, shard, start.xid, start.position) for shard in range(reader.shards)],
        )


def reader_start(reader: Reader) -> Mark:
    """Return where a reader that has never run begins."""
    return horizon() if getattr(reader, "starts_now", False) else Mark()


def horizon() -> Mark:
    """Return the mark of the last event that no running transaction can precede any more."""
    with connection.cursor() as cursor:
        cursor.execute(
            # Without its table's name, xid would be the number in the result, which no index knows: all of the log would be sorted.
            "SELECT e.xid::text::bigint, e.position FROM kernel_event e"
            " WHERE e.xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY e.xid DESC, e.position DESC LIMIT 1"
        )
        row = cursor.fetchone()
    return Mark(*row) if row else Mark()


def advance(reader: Reader, *, together: bool = False, settled: Mark | None = None) -> bool:
    """Take one free shard that lags, act on its next window, and move its cursor, in one transaction.

    Args:
        reader: the reader.
        together: take all shards at once where nobody else holds one: a window is then read once and not once for each
            shard. For the only follower of an installation; several would wait for each other.
        settled: how far to go, at the most the horizon, which it is where none is given.

    Returns:
        Whether a step was made; False when nothing was left to do or every lagging shard is in other hands.
    """
    settled = settled or horizon()
    if together and reader.shards > 1 and _advance_together(reader, settled):
        return True
    return any(advance_shard(reader, shard, settled) for shard in range(reader.shards))


def _advance_together(reader: Reader, settled: Mark) -> bool:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT xid, position FROM kernel_cursor WHERE reader = %s ORDER BY shard FOR UPDATE SKIP LOCKED",
            [reader.name],
        )
        marks = [Mark(*row) for row in cursor.fetchall()]
        if len(marks) != reader.shards:
            return False
        if len(set(marks)) == 1:
            return _step(reader, marks[0], settled, where="reader = %s", whose=[reader.name])
    # Those behind come up to the foremost, and then all go on as one.
    return any(advance_shard(reader, shard, max(marks)) for shard in range(reader.shards))


def advance_shard(reader: Reader, shard: int, settled: Mark) -> bool:
    """Do one step of one shard; see `advance`."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, xid, position FROM kernel_cursor WHERE reader = %s AND shard = %s FOR UPDATE SKIP LOCKED",
            [reader.name, shard],
        )
        row = cursor.fetchone()
        return row is not None and _step(
            reader, Mark(row[1], row[2]), settled, where="id = %s", whose=[row[0]], shard=shard, shards=reader.shards
        )


def _step(
    reader: Reader, after: Mark, settled: Mark, *, where: str, whose: list[Any], shard: int = 0, shards: int = 1
) -> bool:
    """Act on the next window after ``after`` and move the cursors ``where`` to its end; the caller has locked them."""
    limit = reader.limit()
    end = settled if limit is None else min(limit, settled)
    if end <= after:
        return False
    is_resting = reader.rests()
    upto = end if is_resting else _ahead(reader, after, end)
    with connection.cursor() as cursor:
        if not reader.is_felt_outside:
            cursor.execute("SET LOCAL synchronous_commit TO off")
        if not is_resting:
            reader.apply(Window(upto, after, shard, shards, reader.kinds))
        cursor.execute(
            f"UPDATE kernel_cursor SET xid = %s, position = %s, advanced_at = now() WHERE {where}",
            [upto.xid, upto.position, *whose],
        )
    return True


def reached(name: str) -> Mark:
    """Return how far every shard of the reader of this name has come."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT xid, position FROM kernel_cursor WHERE reader = %s ORDER BY xid, position LIMIT 1", [name]
        )
        row = cursor.fetchone()
    return Mark(*row) if row else Mark()


def standing() -> dict[str, Mark]:
    """Return how far the slowest shard of each reader has come."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (reader) reader, xid, position FROM kernel_cursor ORDER BY reader, xid, position"
        )
        return {reader: Mark(xid, position) for reader, xid, position in cursor.fetchall()}


def _ahead(reader: Reader, after: Mark, end: Mark) -> Mark:
    """Return where the next step of ``reader`` ends, at the most at ``end``."""
    with _counting:
        if not reader.kinds or reader.batch >= BATCH:
            return _further(after, reader.batch, end)
        return _further(after, reader.batch, _further(after, BATCH, end), reader.kinds)


_counting = threading.Lock()
"""One thread counts, and the others, who mostly ask the same, have it from the cache."""


@functools.lru_cache(maxsize=64)
def _further(after: Mark, count: int, end: Mark, kinds: tuple[str, ...] = ()) -> Mark:
    """Return the mark ``count`` events (of these kinds) after ``after``, or ``end`` when that comes first.

    The answer lasts: below the horizon nothing is added any more, and no cluster gives a transaction's number twice.
    """
    condition, params = Window(end, after, kinds=kinds).where()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT e.xid::text::bigint, e.position FROM kernel_event e WHERE {condition}"
            f" ORDER BY e.xid, e.position OFFSET {count - 1} LIMIT 1",
            params,
        )
        row = cursor.fetchone()
    return Mark(*row) if row else end


def catch_up(reader: Reader) -> int:
    """Advance ``reader`` until nothing is left below the horizon; return how many steps that took."""
    ensure_cursors(reader)
    steps = 0
    while advance(reader, together=True):
        steps += 1
    return steps


def lag() -> dict[str, int]:
    """Return for each registered reader how many events its slowest shard has yet to pass (an estimate by position)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.reader, max((SELECT coalesce(max(position), 0) FROM kernel_event) - c.position)"
            " FROM kernel_cursor c GROUP BY c.reader"
        )
        behind = {reader: max(0, int(count)) for reader, count in cursor.fetchall()}
    return {name: behind.get(name, 0) for name in _readers}

"""Projections: what we know, rebuildable from the log at any time."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db import connection, transaction

from liuliang.kernel.readers import Mark, Reader, Window


class Projection(Reader):
    """State that is a fold of events. The fold must not depend on the order in which shards are folded."""

    table: ClassVar[str]
    """The table that holds the fold; nothing else writes it."""

    def forget(self) -> None:
        """Delete everything that was folded."""
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {self.table}")


def rebuild(projection: Projection) -> None:
    """Forget everything and start again from the beginning of the log.

    Forgetting and setting the cursors back is one transaction; the follower then folds the log again in ordinary batches
    while the rest of the system runs. Appends are never blocked.
    """
    with transaction.atomic():
        projection.hold()
        projection.forget()
        with connection.cursor() as cursor:
            cursor.execute("UPDATE kernel_cursor SET xid = 0, position = 0 WHERE reader = %s", [projection.name])


@dataclass(frozen=True, slots=True)
class Difference:
    """What a fresh fold of the log says against what is there: rows in use, rows only there, rows only in the fresh fold."""

    projection: str
    rows: int
    extra: int
    missing: int

    @property
    def is_none(self) -> bool:
        """Whether both are equal."""
        return self.extra == self.missing == 0


def verify(projection: Projection) -> Difference:
    """Fold the log again up to where each shard stands and compare with what is there; changes nothing.

    The fold is done in place and rolled back, so the projection stands still while it is compared; appends do not.
    Surrogate ids may differ and are left out.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        projection.hold()
        cursor.execute(
            "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = %s::regclass"
            " AND attnum > 0 AND NOT attisdropped AND attname <> 'id'",
            [projection.table],
        )
        columns = cursor.fetchone()[0]
        cursor.execute(f"CREATE TEMP TABLE in_use ON COMMIT DROP AS SELECT {columns} FROM {projection.table}")
        rows = cursor.rowcount
        projection.forget()
        cursor.execute("SELECT shard, xid, position FROM kernel_cursor WHERE reader = %s", [projection.name])
        for shard, xid, position in cursor.fetchall():
            projection.apply(Window(Mark(xid, position), Mark(), shard, projection.shards, projection.kinds))
        fresh = f"SELECT {columns} FROM {projection.table}"
        cursor.execute(f"SELECT count(*) FROM (TABLE in_use EXCEPT ALL {fresh}) extra")
        extra = cursor.fetchone()[0]
        cursor.execute(f"SELECT count(*) FROM ({fresh} EXCEPT ALL TABLE in_use) missing")
        missing = cursor.fetchone()[0]
        transaction.set_rollback(True)
    return Difference(projection.name, rows, extra, missing)


class MemberProjection(Projection):
    """A projection keyed by canonical member, which can be folded again for a few members after a merge or an erasure."""

    @abstractmethod
    def forget_members(self, canonical: Collection[int]) -> None:
        """Delete what was folded for these canonical members."""

    def refold(self, canonical: Collection[int], recorded: Collection[int]) -> None:
        """Fold again the events of ``recorded`` members, who now mean the ``canonical`` ones.

        Call inside a transaction that holds the cursors (`hold`). Folds up to where each shard stands, so nothing is
        folded twice later.
        """
        self.forget_members(canonical)
        for shard, mark in self._marks().items():
            mine = tuple(member for member in recorded if member % self.shards == shard)
            if mine:
                self.apply(Window(mark, Mark(), shard, self.shards, self.kinds, mine))

    def _marks(self) -> dict[int, Mark]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT shard, xid, position FROM kernel_cursor WHERE reader = %s", [self.name])
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return {shard: Mark(xid, position) for shard, xid, position in rows}

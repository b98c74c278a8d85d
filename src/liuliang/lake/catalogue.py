"""The catalogue: which files are live, how they are swapped, and who may write them meanwhile.

Three rules keep every query exact. A query takes the files and the pending aliases in one statement, so it sees one
state of the lake. Whoever writes files lists them in the transaction that also retires what they replace. And whoever
must know that no other writer still works from older knowledge takes the locks below.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection
from uuid_utils import uuid7

from liuliang.kernel import clock
from liuliang.kernel.events import event_types
from liuliang.lake import engine
from liuliang.lake.models import LakeFile, LakeKind
from liuliang.lake.tables import TABLES, Table, literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

# Any three numbers that nothing else in the database uses; advisory locks are known by number alone.
_SEALING = 0x11_4C_41_4B_45_01
_TIDYING = 0x11_4C_41_4B_45_02
_DELIVERING = 0x11_4C_41_4B_45_03


@dataclass(frozen=True, slots=True)
class Pending:
    """An alias that files may not show yet: ``recorded`` means ``canonical``, and is erased or not."""

    recorded: int
    canonical: int
    is_erased: bool
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One state of the lake: the live files by table (names within the root), the pending aliases, the numbers of kinds.

    ``spans`` has the first and the last instant that each file holds something of, ``rows`` how many rows it has.
    """

    files: dict[str, tuple[str, ...]]
    spans: Mapping[str, tuple[datetime, datetime]]
    rows: Mapping[str, int]
    pending: tuple[Pending, ...]
    kinds: Mapping[str, int]
    settled_at: datetime | None
    """When files were last rewritten for an alias: with those that are pending it tells who is meant by whom."""

    def told_of(self, table: Table, since: datetime, until: datetime) -> tuple[str, ...]:
        """Return the files that may hold something of ``table`` from ``since`` on and before ``until``."""
        spans = ((name, *self.spans[name]) for name in self.files[table.name])
        return tuple(name for name, first, last in spans if first < until and last >= since)


def take_snapshot() -> Snapshot:
    """Read the live files, the pending aliases and the numbers of kinds, as of one instant."""
    files: dict[str, list[str]] = {table.name: [] for table in TABLES}
    spans = {}
    rows = {}
    pending = []
    kinds = {}
    settled_at = None
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT "table", path, rows, NULL::int, NULL::bool, first_at, last_at'
            " FROM lake_lakefile WHERE retired_at IS NULL"
            " UNION ALL SELECT NULL, NULL, recorded, canonical, is_erased, changed_at, NULL"
            " FROM lake_lakealias WHERE settled_at IS NULL"
            " UNION ALL SELECT NULL, name, number, NULL, NULL, NULL, NULL FROM lake_lakekind"
            " UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, max(settled_at), NULL FROM lake_lakealias"
        )
        for table, name, number, canonical, is_erased, at, last_at in cursor.fetchall():
            if table is not None:
                files.setdefault(table, []).append(name)
                spans[name] = at, last_at
                rows[name] = number
            elif name is not None:
                kinds[name] = number
            elif number is None:
                settled_at = at
            else:
                pending.append(Pending(number, canonical, is_erased, at))
    listed = {table: tuple(sorted(paths)) for table, paths in files.items()}
    pending.sort(key=lambda each: each.recorded)
    return Snapshot(listed, spans, rows, tuple(pending), _with_unheard(kinds), settled_at)


def _with_unheard(kinds: Mapping[str, int]) -> dict[str, int]:
    """Add the kinds that statements may name and no event had yet, with numbers that no file of the snapshot holds."""
    last = max(kinds.values(), default=0)
    unheard = sorted(event_types().keys() - kinds.keys())
    return {**kinds, **{name: last + place for place, name in enumerate(unheard, start=1)}}


def join_sealing() -> None:
    """Keep out, until the transaction ends, those who need every sealer to be done; other sealers may work."""
    _lock("pg_advisory_xact_lock_shared", _SEALING)


def wait_for_sealing() -> None:
    """Wait until no sealer is at work, and keep sealers out until the transaction ends."""
    _lock("pg_advisory_xact_lock", _SEALING)


def start_tidying() -> bool:
    """Become, until the transaction ends, the only one who merges or rewrites; False when another is.

    A transaction that only holds this lock has no transaction id, so it does not hold the readers' horizon back: long
    work may be done in it as long as it writes to the database at its very end.
    """
    return _lock("pg_try_advisory_xact_lock", _TIDYING)


def start_delivering() -> bool:
    """Become, until the transaction ends, the only one who sends batches to a server; False when another is."""
    return _lock("pg_try_advisory_xact_lock", _DELIVERING)


def _lock(function: str, key: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [key])
        row = cursor.fetchone()
    return bool(row and row[0] is True)


def root() -> Path:
    """Return the folder of the lake's files, made if missing."""
    folder = Path(settings.LAKE_ROOT)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def numbered_kinds() -> dict[str, int]:
    """Return the number of each kind that has one."""
    return dict(LakeKind.objects.values_list("name", "number"))


def number_kinds(names: Iterable[str]) -> None:
    """Give those of these kinds a number that have none. Only the sealer may, which nobody does at the same time."""
    known = numbered_kinds()
    last = max(known.values(), default=0)
    fresh = sorted(set(names) - known.keys())
    LakeKind.objects.bulk_create(LakeKind(number=last + place, name=name) for place, name in enumerate(fresh, start=1))


def new_stem(table: Table) -> str:
    """Return a name for files of ``table`` that no other file has."""
    return f"{table.name}-{uuid7().hex}"


def read_files(table: Table, paths: Sequence[str], kinds: Mapping[str, int] | None = None) -> str:
    """Return the SQL that reads these files as one relation; no files make an empty one.

    ``kinds`` are the numbers of a `Snapshot`; None looks them up.
    """
    schema = literal(table.file_schema(numbered_kinds() if kinds is None else kinds))
    if not paths:
        return f"null({schema})"
    names = paths[0] if len(paths) == 1 else "{" + ",".join(paths) + "}"
    return f"file({literal(str(root() / names))}, Parquet, {schema})"


def holding(table: Table, paths: Sequence[str], condition: str) -> list[LakeFile]:
    """Return those of these files that hold a row for which ``condition`` is true, by name."""
    if not paths:
        return []
    _, rows = engine.fetch(
        f"SELECT DISTINCT _file FROM {read_files(table, paths)} WHERE {condition}",
        seconds=3600,
    )
    return list(LakeFile.objects.filter(path__in=[name for (name,) in rows]).order_by("path"))


def write_files(table: Table, stem: str, select: str) -> None:
    """Write what ``select`` gives into one file a month, named ``stem`` and the month, durable on return.

    The files count for nothing until `admit` lists them. Every kind has its number.
    """
    pattern = root() / (stem + "-{_partition_id}.parquet")
    engine.execute(
        f"INSERT INTO FUNCTION file({literal(str(pattern))}, Parquet, {literal(table.file_schema(numbered_kinds()))})"
        f" PARTITION BY {table.month} {select}",
        output_format_parquet_compression_method=table.compression,
        output_format_parquet_max_dictionary_size=table.dictionary,
        output_format_parquet_row_group_size=table.row_group,
        output_format_parquet_write_bloom_filter=0,
        output_format_parquet_enum_as_byte_array=0,
    )
    for path in root().glob(f"{stem}-*.parquet"):
        _make_durable(path)
    _make_durable(root())


def _make_durable(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def admit(table: Table, stem: str, level: int, at: datetime) -> list[LakeFile]:
    """List the files written under ``stem``: part of the lake once the transaction commits. ``at`` is when they were sealed.

    Merged files keep the sealing time of the oldest they hold, which decides when they are merged again.
    """
    paths = sorted(path.name for path in root().glob(f"{stem}-*.parquet"))
    if not paths:
        return []
    first, last = table.seen
    _, rows = engine.fetch(
        f"SELECT _file, count(), {first}, {last} FROM {read_files(table, paths)} GROUP BY _file", seconds=3600
    )
    return LakeFile.objects.bulk_create(
        LakeFile(
            table=table.name,
            path=name,
            level=level,
            period=_month(first_at),
            rows=count,
            bytes=(root() / name).stat().st_size,
            first_at=first_at,
            last_at=last_at,
            created_at=at,
        )
        for name, count, first_at, last_at in rows
    )


def put(table: Table, *selects: str, level: int, at: datetime, instead_of: Sequence[LakeFile] = ()) -> None:
    """Write what ``selects`` give, each into files of its own, and list these in place of others.

    All of it counts once the transaction commits.

    Args:
        table: what the rows are of.
        selects: the SQL of the rows.
        level: how often they were merged.
        at: as of `admit`.
        instead_of: the files that hold these rows so far.

    Raises:
        RuntimeError: as `retire`.
    """
    stems = [new_stem(table) for _ in selects]
    with discarding(*stems):
        for stem, select in zip(stems, selects, strict=True):
            write_files(table, stem, select)
        retire(instead_of)
        for stem in stems:
            admit(table, stem, level, at)


def _month(instant: datetime) -> datetime:
    return datetime(instant.year, instant.month, 1, tzinfo=UTC)


@contextmanager
def discarding(*stems: str) -> Iterator[None]:
    """Delete what was written under ``stems`` if the block fails. What a kill leaves behind is swept up later."""
    try:
        yield
    except BaseException:
        for stem in stems:
            for path in root().glob(f"{stem}*"):
                path.unlink(missing_ok=True)
        raise


def retire(files: Iterable[LakeFile]) -> None:
    """Take files out of the lake; they stay on disk until queries that began before have ended.

    Raises:
        RuntimeError: one of them is no longer live, so what replaces it is built on sand.
    """
    keys = [file.pk for file in files]
    count = LakeFile.objects.filter(pk__in=keys, retired_at=None).update(retired_at=clock.now())
    if count != len(keys):
        msg = f"{len(keys) - count} of the files to retire were retired by another"
        raise RuntimeError(msg)


def grace() -> timedelta:
    """Return how long retired files are kept: longer than any query may run."""
    return timedelta(seconds=60 + 2 * settings.LAKE_TIME_LIMIT)


def sweep() -> int:
    """Delete files whose grace is over and files that no committed transaction listed; return how many.

    Only files that the lake names as its own are ever touched. Call in a transaction of its own. Does nothing while
    anybody writes.
    """
    if not start_tidying() or not _lock("pg_try_advisory_xact_lock", _SEALING):
        return 0
    expired = LakeFile.objects.filter(retired_at__lt=clock.now() - grace())
    gone = set(expired.values_list("path", flat=True))
    kept = set(LakeFile.objects.values_list("path", flat=True)) - gone
    deleted = 0
    for table in TABLES:
        for path in root().glob(f"{table.name}-*"):
            if path.name not in kept and path.suffix in {".parquet", ".tsv"}:
                path.unlink(missing_ok=True)
                deleted += 1
    LakeFile.objects.filter(path__in=gone).delete()
    return deleted

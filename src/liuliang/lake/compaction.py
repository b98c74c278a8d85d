"""Merging small files into large ones, so that a query opens few, and clearing away what is no longer used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, groupby
from typing import TYPE_CHECKING

from django.db import transaction

from liuliang.kernel import clock
from liuliang.lake import catalogue, engine
from liuliang.lake.identity import applied
from liuliang.lake.models import LakeFile
from liuliang.lake.tables import TABLES, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FAN_IN = 8
"""So many files of one level are merged whatever their age."""

TOP = 3
"""The level of a month's merged file."""

_SPANS = {0: timedelta(hours=1), 1: timedelta(days=1), 2: timedelta(days=31)}
"""How old the oldest file of a level may grow before the level is merged into the next."""

MOST_ROWS = 1_000_000
MOST_BYTES = 64 * 1024 * 1024
"""What a merged file holds at the most, rows and bytes as stored. The engine sorts what it writes in memory, however large
the month is; a million messages take it half a gigabyte."""

QUIET = timedelta(minutes=2)
"""A past month into which nothing was sealed for so long is merged whole."""


@dataclass(frozen=True, slots=True)
class Merge:
    """Files of one table and month, and the level of what they become."""

    files: tuple[LakeFile, ...]
    level: int


def choose(files: Iterable[LakeFile], now: datetime) -> Merge | None:
    """Return the next merge that is worth its work, or None. Pure; ``files`` are live files of one table."""
    by_month = sorted(files, key=lambda file: (file.period, file.level, file.created_at))
    for period, month in groupby(by_month, key=lambda file: file.period):
        merge = _choose_in_month(list(month), period, now)
        if merge is not None:
            return merge
    return None


def _choose_in_month(files: Sequence[LakeFile], period: datetime, now: datetime) -> Merge | None:
    files = [file for file in files if not _is_full(file)]
    if len(files) < 2:
        return None
    below = [file for file in files if file.level < TOP]
    is_past = (period.year, period.month) < (now.year, now.month)
    if is_past and below and max(file.created_at for file in files) < now - QUIET and _is_worth_all(files, now):
        return Merge(_together(files), TOP)
    for level, span in _SPANS.items():
        mine = [file for file in files if file.level == level]
        is_old = len(mine) > 1 and min(file.created_at for file in mine) < now - span
        if len(mine) >= FAN_IN or is_old:
            return Merge(_together(mine), level + 1)
    tops = [file for file in files if file.level == TOP]
    if len(tops) > 1 and _is_worth_all(tops, now):
        return Merge(_together(tops), TOP)
    return None


def _is_full(file: LakeFile) -> bool:
    """Tell whether a file is so large that it is left as it is."""
    return file.rows * 2 > MOST_ROWS or file.bytes * 2 > MOST_BYTES


def _together(files: Sequence[LakeFile]) -> tuple[LakeFile, ...]:
    """Return the oldest of ``files``, none of which is full, that fit into one; two always do."""
    oldest = sorted(files, key=lambda file: file.created_at)
    rows = accumulate(file.rows for file in oldest)
    stored = accumulate(file.bytes for file in oldest)
    return tuple(file for file, r, b in zip(oldest, rows, stored, strict=True) if r <= MOST_ROWS and b <= MOST_BYTES)


def _is_worth_all(files: Sequence[LakeFile], now: datetime) -> bool:
    """Tell whether a whole month is rewritten for its small files: if they are many, large together, or a day old."""
    largest = max(files, key=lambda file: file.rows)
    rest = [file for file in files if file is not largest]
    return (
        len(rest) >= FAN_IN // 2
        or sum(file.rows for file in rest) * 4 >= largest.rows
        or min(file.created_at for file in rest) < now - timedelta(days=1)
    )


def compact() -> int:
    """Merge until nothing is worth it; return how many merges that took. A no-op on a server, which merges by itself.

    Returns early while somebody else merges or rewrites. Each merge is swapped in at once; queries never wait.
    """
    merges = 0
    while engine.is_embedded() and _merge_next():
        merges += 1
    return merges


def _merge_next() -> bool:
    with transaction.atomic():
        if not catalogue.start_tidying():
            return False
        for table in TABLES:
            merge = choose(LakeFile.objects.filter(table=table.name, retired_at=None), clock.now())
            if merge is not None:
                _carry_out(table, merge)
                return True
    return False


def _carry_out(table: Table, merge: Merge) -> None:
    relation = catalogue.read_files(table, [file.path for file in merge.files])
    # What is pending is applied on the way, which leaves the rewrite less to do.
    pending = catalogue.take_snapshot().pending
    rows = table.merged(applied(table, relation, pending))
    at = min(file.created_at for file in merge.files)
    catalogue.put(table, rows, level=merge.level, at=at, instead_of=merge.files)

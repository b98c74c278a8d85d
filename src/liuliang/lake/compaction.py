"""Merging small files into large ones, so that a query opens few, and clearing away what is no longer used."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, groupby, pairwise
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

PARTED = 4
"""The level of files that share a month out among them by ranges of members, or whatever the table is parted by."""

_SPANS = {0: timedelta(hours=1), 1: timedelta(days=1), 2: timedelta(days=31)}
"""How old the oldest file of a level may grow before the level is merged into the next."""

MOST_ROWS = 1_000_000
MOST_BYTES = 64 * 1024 * 1024
"""What a merged file holds at the most, rows and bytes as stored. The engine sorts what it writes in memory, however large
the month is; a million messages take it half a gigabyte."""

_FILLED = 0.75
"""What share of the most a part is meant to hold, as its bounds are estimated."""

_SAMPLED = 65_536
"""Rows from which the bounds of parts are estimated."""

QUIET = timedelta(minutes=2)
"""A past month into which nothing was sealed for so long is merged whole."""


@dataclass(frozen=True, slots=True)
class Merge:
    """Files of one table and month, and the level of what they become: one file, or at `PARTED` several."""

    files: tuple[LakeFile, ...]
    level: int


def choose(files: Iterable[LakeFile], now: datetime, *, is_parted: bool) -> Merge | None:
    """Return the next merge that is worth its work, or None. Pure; ``files`` are live files of one table.

    ``is_parted`` tells whether it is a table whose full files are parted.
    """
    by_month = sorted(files, key=lambda file: (file.period, file.level, file.created_at))
    for period, month in groupby(by_month, key=lambda file: file.period):
        mine = list(month)
        merge = _choose_in_month(mine, period, now) or (_choose_parting(mine) if is_parted else None)
        if merge is not None:
            return merge
    return None


def _choose_in_month(files: Sequence[LakeFile], period: datetime, now: datetime) -> Merge | None:
    files = [file for file in files if file.level < PARTED and not _is_full(file)]
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


def _choose_parting(files: Sequence[LakeFile]) -> Merge | None:
    """Return the parting of a month whose full files are as many rows as those that are parted: it doubles every time."""
    full = [file for file in files if file.level < PARTED and _is_full(file)]
    parted = [file for file in files if file.level == PARTED]
    if len(full) > 1 and sum(file.rows for file in full) >= sum(file.rows for file in parted):
        return Merge((*full, *parted), PARTED)
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
            live = LakeFile.objects.filter(table=table.name, retired_at=None)
            merge = choose(live, clock.now(), is_parted=bool(table.parted_by))
            if merge is not None:
                _carry_out(table, merge)
                return True
    return False


def _carry_out(table: Table, merge: Merge) -> None:
    relation = catalogue.read_files(table, [file.path for file in merge.files])
    # What is pending is applied on the way, which leaves the rewrite less to do.
    pending = catalogue.take_snapshot().pending
    rows = applied(table, relation, pending)
    at = min(file.created_at for file in merge.files)
    parts = _parts(table, rows, merge.files) if merge.level == PARTED else ["1"]
    selects = [table.merged(rows, condition) for condition in parts]
    catalogue.put(table, *selects, level=merge.level, at=at, instead_of=merge.files)


def _parts(table: Table, rows: str, files: Sequence[LakeFile]) -> list[str]:
    """Return conditions of which every row fulfils one, each by about as many rows as a full file has."""
    size = max(sum(file.rows for file in files) / MOST_ROWS, sum(file.bytes for file in files) / MOST_BYTES)
    count = math.ceil(size / _FILLED)
    key = ", ".join(table.parted_by)
    _, ((sampled,),) = engine.fetch(f"SELECT groupArraySample({_SAMPLED}, 1)(({key})) FROM {rows}", seconds=3600)
    sampled.sort()
    cuts = [sampled[len(sampled) * place // count] for place in range(1, count)]
    first = table.parted_by[0]
    parts = []
    for low, high in pairwise([None, *cuts, None]):
        # Of the first column the files know what they hold where; of the key they do not.
        begins = [] if low is None else [f"{first} >= {low[0]}", f"({key}) >= {low}"]
        ends = [] if high is None else [f"{first} <= {high[0]}", f"({key}) < {high}"]
        parts.append(" AND ".join([*begins, *ends]))
    return parts

"""Holding the lake to the log, and copying it anew."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection, transaction

from liuliang.kernel import clock
from liuliang.lake import catalogue, engine, server, zones
from liuliang.lake.models import LakeFile, LakeZone
from liuliang.lake.queries import READER, query
from liuliang.lake.tables import count_days

BLOCK = 100_000
"""Positions that are compared by one sum; only their number and sums are fetched, not the events."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What the lake says against the log up to its cursor.

    ``missing`` and ``extra`` count events (an event that means another member counts as both), ``days`` the rows of
    `member_day` that are not what its events add up to.
    """

    events: int
    missing: int
    extra: int
    days: int

    @property
    def is_none(self) -> bool:
        """Whether the lake says what the log says."""
        return self.missing == self.extra == self.days == 0


def verify() -> Difference:
    """Compare the lake with the log, up to where it is sealed. Sealing waits meanwhile."""
    with transaction.atomic():
        if engine.is_embedded():
            catalogue.wait_for_sealing()
        else:
            server.hold_still()
        logged, stored = _log_blocks(), _lake_blocks()
        days = _wrong_days()
    missing = extra = 0
    for block in logged.keys() | stored.keys():
        there, here = logged.get(block, (0, 0, 0)), stored.get(block, (0, 0, 0))
        missing += max(0, there[0] - here[0])
        extra += max(0, here[0] - there[0])
        if there[0] == here[0] and there != here:
            missing, extra = missing + 1, extra + 1
    return Difference(sum(count for count, _, _ in stored.values()), missing, extra, days)


def _log_blocks() -> dict[int, tuple[int, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.position / %s, count(*), bit_xor(e.position), sum(coalesce(a.canonical, e.member, 0))"
            " FROM kernel_event e JOIN kernel_cursor c ON c.reader = %s"
            " LEFT JOIN lake_lakealias a ON a.recorded = e.member"
            " WHERE (e.xid, e.position) <= (c.xid::text::xid8, c.position) GROUP BY 1",
            [BLOCK, READER],
        )
        return {block: (int(count), int(mixed), int(members)) for block, count, mixed, members in cursor.fetchall()}


def _lake_blocks() -> dict[int, tuple[int, int, int]]:
    result = query(
        "SELECT intDiv(position, {block:UInt64}) AS b, count(), groupBitXor(position), sum(member) FROM {events} GROUP BY b",
        {"block": BLOCK},
        seconds=3600,
    )
    return {block: (count, mixed, members) for block, count, mixed, members in result.rows}


def _wrong_days() -> int:
    counted = dict(LakeZone.objects.values_list("community", "timezone"))
    again = count_days("{events}", zones.by_zone(counted), zones.default_zone())
    key = "kind, day, community, member"
    result = query(
        f"SELECT count() FROM (SELECT {key} FROM ("
        f"SELECT {key}, toInt64(count) AS c, value AS v FROM {{member_day}}"
        f" UNION ALL SELECT {key}, -toInt64(c), -v FROM"
        f" (SELECT {key}, `count()` AS c, `sum(value)` AS v FROM ({again})))"
        f" GROUP BY {key} HAVING sum(c) != 0 OR sum(v) != 0)",
        seconds=3600,
    )
    return int(result.rows[0][0])


def reseal() -> None:
    """Empty the lake and let the sealer copy the log again from its beginning; queries see it fill.

    One transaction: whatever fails, the lake is as before or on its way.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM kernel_cursor WHERE reader = %s FOR UPDATE", [READER])
        catalogue.wait_for_sealing()
        LakeFile.objects.filter(retired_at=None).update(retired_at=clock.now())
        LakeZone.objects.all().delete()
        if not engine.is_embedded():
            server.forget()
        cursor.execute("UPDATE kernel_cursor SET xid = 0, position = 0 WHERE reader = %s", [READER])


def make_whole(*, is_renumbered: bool) -> bool:
    """Have the lake copied anew where its files are not those of this log; return whether that was so.

    A backup is of the database, which lists the files and does not hold them: queries would ask for what is not there, and the
    sealer goes on where it stood. ``is_renumbered`` says that events have other positions now than the files say.
    A server keeps its tables by itself, and may serve the installation that the backup is from: it is left as it is.
    """
    if not engine.is_embedded():
        return False
    listed = LakeFile.objects.filter(retired_at=None).values_list("path", flat=True)
    if not is_renumbered and all((catalogue.root() / path).exists() for path in listed):
        return False
    reseal()
    return True

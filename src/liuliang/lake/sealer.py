"""The sealer: the reader that copies the log into the lake."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, ClassVar

from django.db import transaction

from liuliang.kernel import clock
from liuliang.kernel.readers import Reader
from liuliang.lake import catalogue, engine, server, zones
from liuliang.lake.extraction import ROW_SCHEMA, as_events, copy_rows
from liuliang.lake.queries import READER
from liuliang.lake.tables import EVENT, MEMBER_DAY, count_days, literal

if TYPE_CHECKING:
    from liuliang.kernel.readers import Window


class Sealer(Reader):
    """Copies every event once, in batches: a batch is in the lake if and only if the cursor has passed it.

    One shard, since a batch is one set of files whoever its members are.
    """

    name = READER
    shards: ClassVar[int] = 1
    batch: ClassVar[int] = 100_000
    is_felt_outside: ClassVar[bool] = True

    def apply(self, window: Window) -> None:
        """Seal the window."""
        if engine.is_embedded():
            seal(window)
            return
        server.dispatch(window)
        # Robust: a server that cannot be reached gets the batch later; the log's readers go on.
        transaction.on_commit(server.deliver, robust=True)


def seal(window: Window) -> None:
    """Write the window's events and the days they add to into files, listed in the surrounding transaction.

    The rows pass through a file, not through Python: PostgreSQL writes what the engine reads.
    """
    catalogue.join_sealing()
    events, days = catalogue.new_stem(EVENT), catalogue.new_stem(MEMBER_DAY)
    with (
        catalogue.discarding(events, days),
        tempfile.NamedTemporaryFile(dir=catalogue.root(), prefix=f"{events}-", suffix=".tsv") as spool,
    ):
        if not copy_rows(window, spool):
            return
        spool.flush()
        rows = f"file({literal(spool.name)}, TSV, {literal(ROW_SCHEMA)})"
        _, [(kinds, communities)] = engine.fetch(
            f"SELECT groupUniqArray(kind), groupUniqArray(community) FROM {rows}", seconds=3600
        )
        catalogue.number_kinds(kinds)
        catalogue.write_files(EVENT, events, EVENT.merged(as_events(rows)))
        at = clock.now()
        sealed = catalogue.admit(EVENT, events, level=0, at=at)
        fresh = catalogue.read_files(EVENT, [file.path for file in sealed])
        grouped = zones.settle_zones(communities)
        catalogue.write_files(MEMBER_DAY, days, count_days(fresh, grouped, zones.default_zone()))
        catalogue.admit(MEMBER_DAY, days, level=0, at=at)

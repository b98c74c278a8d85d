"""Making the files say what the pending aliases say: merges, splits, erasure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from liuliang.kernel import clock
from liuliang.lake import catalogue, engine, server
from liuliang.lake.identity import applied, is_stale
from liuliang.lake.models import LakeAlias, LakeFile
from liuliang.lake.tables import TABLES, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liuliang.lake.catalogue import Pending


def settle() -> int:
    """Rewrite every file that does not show the pending aliases yet, then call these settled; return how many were.

    Returns 0 while somebody else merges or rewrites. An alias that changes meanwhile stays pending.
    """
    pending = _stand_still()
    if not pending:
        return 0
    if not engine.is_embedded():
        return _settle_server(pending)
    while True:
        with transaction.atomic():
            if not catalogue.start_tidying():
                return 0
            stale = _first_stale(pending)
            if stale is None:
                return _mark_settled(pending)
            _rewrite(*stale, pending)


def _stand_still() -> tuple[Pending, ...]:
    """Read the pending aliases at a moment when nobody writes files.

    Whoever writes files later knows these aliases, so the files live now are all that can fail to show them.
    """
    if not LakeAlias.objects.filter(settled_at=None).exists():
        return ()
    with transaction.atomic():
        if not catalogue.start_tidying():
            return ()
        catalogue.wait_for_sealing()
        return catalogue.take_snapshot().pending


def _first_stale(pending: Sequence[Pending]) -> tuple[Table, LakeFile] | None:
    files = catalogue.take_snapshot().files
    for table in TABLES:
        stale = catalogue.holding(table, files[table.name], is_stale(table, pending))
        if stale:
            return table, stale[0]
    return None


def _rewrite(table: Table, file: LakeFile, pending: Sequence[Pending]) -> None:
    rows = table.merged(applied(table, catalogue.read_files(table, [file.path]), pending))
    catalogue.put(table, rows, level=file.level, at=file.created_at, instead_of=[file])


def _settle_server(pending: Sequence[Pending]) -> int:
    with transaction.atomic():
        if not catalogue.start_tidying() or not server.hold_still():
            return 0
        for table in TABLES:
            server.rewrite(table, pending)
        return _mark_settled(pending)


def _mark_settled(pending: Sequence[Pending]) -> int:
    settled = 0
    for alias in pending:
        settled += LakeAlias.objects.filter(
            recorded=alias.recorded, changed_at=alias.changed_at, settled_at=None
        ).update(settled_at=clock.now())
    return settled

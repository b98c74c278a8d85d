"""The jobs of importing."""

from __future__ import annotations

from contextlib import suppress

from django.db import transaction
from procrastinate.exceptions import AlreadyEnqueued

from liuliang.importers import services
from liuliang.importers.base import Options
from liuliang.importers.models import Import
from liuliang.kernel import clock
from liuliang.kernel.jobs import job
from liuliang.people.models import Community


@job("importers.examine")
def examine_import(import_id: int) -> None:
    """Recognise an uploaded file; one that was recognised meanwhile is left as it is."""
    row = Import.objects.get(pk=import_id)
    if row.state == "uploaded":
        services.examine(row)


@job("importers.run", turn="importers.run")
def run_import(import_id: int) -> None:
    """Import a queued file; when the worker stops first, leave the rest to its successor.

    Files are imported one at a time in the order in which they were queued, whatever is killed meanwhile: who is taken for
    whom may depend on what was known before, and the same files must always say the same.
    """
    row = services.run(import_id)
    if row.state == "queued":
        run_import.configure(priority=1).defer(import_id=import_id)


@job("importers.tidy", every="20 3 * * *")
def tidy_imports(timestamp: int) -> None:
    """Drop what imports need no more, every night."""
    services.tidy(clock.now())


@job("importers.take_up", every="* * * * *")
def take_up_imports(timestamp: int) -> None:
    """Go on with imports that somebody who was killed has left behind."""
    examined, run_next = services.left_behind(clock.now())
    for task, imports in ((examine_import, examined), (run_import, run_next)):
        for import_id in imports:
            # Where one waits already because nobody had time for it, it need not wait twice.
            with suppress(AlreadyEnqueued), transaction.atomic():
                task.configure(queueing_lock=f"{task.name}:{import_id}").defer(import_id=import_id)


def start(
    row: Import,
    *,
    community: Community | None = None,
    timezone: str = "",
    options: Options | None = None,
    is_sure: bool = False,
) -> None:
    """Queue an import and let a worker run it; see `liuliang.importers.services.queue`."""
    with transaction.atomic():
        services.queue(row, community=community, timezone=timezone, options=options, is_sure=is_sure)
        run_import.defer(import_id=row.pk)

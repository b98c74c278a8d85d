"""An import from the file to the log: received, recognised, corrected by a person, run, resumed after a crash."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.accounts.models import Staff
from liuliang.importers import holds, storage
from liuliang.importers.base import Inspection, Options, Source, sources
from liuliang.importers.head import GUESSED, head_of, recognise
from liuliang.importers.models import Import, ImportProblem
from liuliang.importers.running import Run, Superseded
from liuliang.importers.zones import are_alike, zone_before
from liuliang.kernel import clock, jobs
from liuliang.kernel.errors import Refused
from liuliang.kernel.logs import get_logger
from liuliang.people.models import Community

RECEIVED = audit.action("import.received", _("上传文件"))
STARTED = audit.action("import.started", _("开始导入"))
FILES_KEPT = timedelta(days=7)
SENDING_TAKES = timedelta(days=1)
"""Nobody sends one file for longer; what is older was left by a process that was killed."""
PROBLEMS_KEPT_FOR = timedelta(days=30)

CANCELLED = audit.action("import.cancelled", _("取消导入"))

logger = get_logger(__name__)

_CHUNK = 1024 * 1024


def receive(stream: IO[bytes], name: str, *, staff: Staff | None = None) -> Import:
    """Take a file in, as a stream, and return its import, to be examined next.

    The file keeps its name, in a folder of its own: formats that say nothing of their chat are named after their file.

    Raises:
        Refused: ``import.too_large`` or ``import.file_empty``; nothing is kept then.
    """
    row = Import(
        file_name=storage.safe_name(name), staff=staff, created_at=clock.now(), timezone=settings.TIME_ZONE, size=0
    )
    folder = storage.folder_of(row.public_id)
    folder.mkdir(mode=0o700, parents=True)
    digest = hashlib.sha256()
    try:
        with (folder / row.file_name).open("xb") as target:
            while chunk := stream.read(_CHUNK):
                row.size += len(chunk)
                storage.check_size(row.size, row.file_name)
                digest.update(chunk)
                target.write(chunk)
        if row.size == 0:
            raise Refused("import.file_empty", name=row.file_name)
        row.path, row.digest = str(folder / row.file_name), digest.hexdigest()
        with transaction.atomic():
            row.save()
            audit.record(RECEIVED, row, name=row.file_name)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return row


def examine(row: Import, *, source: str = "", encoding: str = "") -> Inspection | None:
    """Recognise the file and keep what was found: the import is then ready, or failed with the reason.

    Returns None where it failed, where another process is at it, and where the import has been started or cancelled meanwhile.

    Args:
        row: an import that has not been started.
        source: the format's key when a person named it; empty to find out.
        encoding: the encoding when a person named it; empty to find out.
    """
    with holds.hold(row.pk) as is_mine:
        return _examine(row, source, encoding) if is_mine else None


def _examine(row: Import, source: str, encoding: str) -> Inspection | None:
    path = Path(row.path)
    try:
        if source:
            plugin, head = sources()[source], head_of(path, encoding=encoding)
        else:
            plugin, head = recognise(path, encoding=encoding)
        inspection = plugin.inspect(path, head)
        if not inspection.chats and plugin.kind == "chat":
            raise Refused("import.no_chat", name=row.file_name)
        inspection = _with_warnings(plugin, inspection, is_guess=not encoding)
    except Refused as refusal:
        _settle(row, state="failed", error=refusal.code, error_data=_told(refusal), finished_at=clock.now())
        return None
    found = msgspec.to_builtins(inspection)
    is_ready = _settle(row, state="ready", source=plugin.key, inspection=found, error="", finished_at=None)
    return inspection if is_ready else None


def _with_warnings(plugin: Source, inspection: Inspection, *, is_guess: bool) -> Inspection:
    """Add what a person should look at whatever the format: private chats, and an encoding that others look like."""
    warnings = list(inspection.warnings)
    if is_guess and inspection.encoding in GUESSED:
        warnings.append("encoding_guessed")
    if plugin.kind == "chat" and not all(chat.is_group for chat in inspection.chats):
        # They stay out of every community, unless a person names the one that a single chat is.
        warnings.append("private_chat" if len(inspection.chats) == 1 else "private_chats")
    return replace(inspection, warnings=tuple(warnings))


def _settle(row: Import, **changes: object) -> bool:
    """Note what examining found, unless the import was started or cancelled meanwhile."""
    waiting = Import.objects.filter(pk=row.pk, state__in=("uploaded", "ready", "failed"))
    is_settled = bool(waiting.update(**changes))
    row.refresh_from_db()
    return is_settled


def _told(refusal: Refused) -> dict[str, str]:
    return {key: str(value) for key, value in refusal.data.items()}


def queue(
    row: Import,
    *,
    community: Community | None = None,
    timezone: str = "",
    options: Options | None = None,
    is_sure: bool = False,
) -> Import:
    """Make a file that is ready wait for its run, with what a person corrected.

    Args:
        row: the import.
        community: where the chat goes; None lets the chat find or make its own community.
        timezone: IANA name of the zone of times that carry none; empty for that in which the chat was read before, the
            community's or the installation's.
        options: encoding, date order, columns, sheet.
        is_sure: a person knows that the chat was read in another zone before, and that this is another part of it.

    Raises:
        Refused: ``import.not_ready``, ``import.zone_unknown``, or ``import.zone_differs`` where the chat was read in another
            zone before: each of its messages would count twice.
    """
    _check_zone(timezone)
    with transaction.atomic():
        row = Import.objects.select_for_update().get(pk=row.pk)
        if row.state not in {"ready", "failed"} or not row.source or not row.path:
            raise Refused("import.not_ready", state=row.state)
        before = zone_before(row, community)
        row.timezone = timezone or before or (community.timezone if community else row.timezone)
        if before and not is_sure and not are_alike(row.timezone, before):
            raise Refused("import.zone_differs", name=row.file_name, zone=row.timezone, before=before)
        row.state, row.error, row.community = "queued", "", community
        row.options = msgspec.to_builtins(options or Options())
        row.save()
        audit.record(STARTED, row, name=row.file_name, community=row.community_id)
    return row


def cancel(row: Import) -> None:
    """Stop an import at its next batch. What is in the log stays: it is true, and importing again adds nothing twice.

    Raises:
        Refused: ``import.not_running``.
    """
    with transaction.atomic():
        row = Import.objects.select_for_update().get(pk=row.pk)
        if row.state in {"done", "cancelled"}:
            raise Refused("import.not_running", state=row.state)
        path, row.path = row.path, ""
        row.state, row.finished_at = "cancelled", clock.now()
        row.inspection = storage.without_samples(row.inspection)
        row.save(update_fields=["state", "finished_at", "path", "inspection"])
        audit.record(CANCELLED, row, name=row.file_name, community=row.community_id)
    storage.drop(path)


def run(import_id: int, *, on_progress: Callable[[Import], None] | None = None) -> Import:
    """Import a queued file, or go on where an earlier run was stopped; returns the import as it ended.

    Each batch and how far it reaches commit together, so a run that is killed loses nothing and doubles nothing. When
    the process is asked to stop, the import is queued again and ends at the batch's edge. An import that another process
    runs is returned as it stands.
    """
    with holds.hold(import_id) as is_mine:
        return _run(import_id, on_progress) if is_mine else Import.objects.get(pk=import_id)


def _run(import_id: int, on_progress: Callable[[Import], None] | None) -> Import:
    with transaction.atomic():
        row = Import.objects.select_for_update().get(pk=import_id)
        if row.state not in {"queued", "running"}:
            return row
        row.state, row.started_at = "running", row.started_at or clock.now()
        row.save(update_fields=["state", "started_at"])
    under_way = Run(row)
    try:
        for batch in under_way.batches():
            under_way.commit(batch)
            if on_progress:
                on_progress(under_way.row)
            if jobs.stopping.is_set():
                return under_way.pause()
        return under_way.finish()
    except Superseded:
        return Import.objects.get(pk=import_id)
    except (OperationalError, InterfaceError):
        raise  # the database went away: the job is tried again and goes on from the last batch
    except Exception as error:  # noqa: BLE001 - whatever a plug-in raises, the person gets an answer
        return _give_up(under_way, error)


def _give_up(under_way: Run, error: Exception) -> Import:
    """End an import that cannot go on, with the reason. What is in the log stays."""
    name = under_way.row.file_name
    if isinstance(error, Refused):
        refusal = error
    elif isinstance(error, OSError):
        refusal = Refused("import.file_unreadable", name=name, reason=error.strerror or "")
    else:
        # A row that nobody foresaw: the log says where, without what it holds.
        logger.error("import failed", import_id=under_way.row.pk, reason=type(error).__name__)
        refusal = Refused("import.failed", name=name)
    try:
        return under_way.fail(refusal)
    except Superseded:
        return Import.objects.get(pk=under_way.row.pk)


def _check_zone(timezone: str) -> None:
    if timezone:
        try:
            ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise Refused("import.zone_unknown", zone=timezone) from error


def left_behind(now: datetime) -> tuple[list[int], list[int]]:
    """Return the imports to be examined and those to be run that nobody is at work on, though they have waited for a minute.

    A process was killed between two steps, or it was a shell's, which no job stands behind.
    """
    before = now - timedelta(minutes=1)
    waiting = Import.objects.exclude(path="").exclude(pk__in=holds.held()).order_by("pk")
    examined = waiting.filter(state="uploaded", created_at__lt=before)
    run_next = waiting.filter(state__in=("queued", "running"), created_at__lt=before)
    return list(examined.values_list("pk", flat=True)), list(run_next.values_list("pk", flat=True))


def tidy(now: datetime) -> None:
    """Drop files that nobody imported for a week, and what could not be read of imports that ended a month ago.

    Both hold people's words and numbers, and both have served by then. So does what was never sent to the end.
    """
    for row in Import.objects.filter(
        created_at__lt=now - FILES_KEPT, state__in=("uploaded", "ready", "failed")
    ).exclude(path=""):
        storage.drop(row.path)
        row.path, row.inspection = "", storage.without_samples(row.inspection)
        row.save(update_fields=["path", "inspection"])
    ImportProblem.objects.filter(import_run__finished_at__lt=now - PROBLEMS_KEPT_FOR).delete()
    _sweep(now - SENDING_TAKES)


def _sweep(before: datetime) -> None:
    """Delete what was sent in part before an instant: no import knows of it, for an import is made when its file is there."""
    files = storage.sweep_incoming(before)
    found = storage.folders_from_before(before)
    needed = Import.objects.filter(public_id__in=found).exclude(path="").values_list("public_id", flat=True)
    abandoned = sorted(set(found) - set(needed))
    for public_id in abandoned:
        storage.drop(str(storage.folder_of(public_id) / "file"))
    if files or abandoned:
        logger.info("parts of files that were never sent to the end are swept", files=files, folders=len(abandoned))

"""Where uploaded files wait for their import: each in a folder of its own, gone when the import has ended.

While a file is still being sent, the web server keeps it in a folder beside these. What a process that was killed leaves in
either is swept, and nothing else: what is swept lies directly below one of the two, and is named as what they hold is named.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from liuliang.kernel.errors import Refused

_FOLDER = re.compile(r"[0-9A-Za-z_-]{16}")
_INCOMING = re.compile(r"tmp[0-9a-z_]{8}\.upload(\..{0,250})?", re.DOTALL)


def folder_of(public_id: str) -> Path:
    """Return the folder of an import's file."""
    return Path(settings.UPLOAD_ROOT) / public_id


def safe_name(name: str) -> str:
    """Return the last part of a file name without what file systems refuse, at most 200 bytes, with its ending."""
    bare = "".join(c for c in Path(name.replace("\\", "/")).name if c.isprintable() and c != "/").strip(". ")
    stem, suffix = Path(bare or "file").stem, Path(bare).suffix[:20]
    return stem.encode()[: 200 - len(suffix.encode())].decode(errors="ignore") + suffix


def drop(path: str) -> None:
    """Delete an import's file and its folder; nothing happens when it is gone already.

    Raises:
        ValueError: the path is not that of a file in a folder directly below the uploads. Nothing is deleted then: what is
            deleted here is deleted with all that is beside it.
    """
    if not path:
        return
    folder = Path(path).resolve().parent
    if folder.parent != Path(settings.UPLOAD_ROOT).resolve():
        raise ValueError(f"{path} is no uploaded file")
    shutil.rmtree(folder, ignore_errors=True)


def sweep_incoming(before: datetime) -> int:
    """Delete the files that were being sent before an instant and never arrived; return how many.

    Nothing but plain files that Django's upload handler made is deleted, and one by one, never a folder or what is in one.
    """
    swept = 0
    for path in _below(Path(settings.FILE_UPLOAD_TEMP_DIR)):
        if _INCOMING.fullmatch(path.name) and path.is_file() and _changed_at(path) < before:
            path.unlink(missing_ok=True)
            swept += 1
    return swept


def folders_from_before(before: datetime) -> list[str]:
    """Return the names of the folders of uploads that nothing was written to since an instant."""
    return [
        path.name
        for path in _below(Path(settings.UPLOAD_ROOT))
        if _FOLDER.fullmatch(path.name) and path.is_dir() and _changed_at(path) < before
    ]


def _below(folder: Path) -> Iterator[Path]:
    """Yield what lies directly in a folder and is no link to anywhere else."""
    if not folder.is_dir():
        return
    for path in sorted(folder.resolve().iterdir()):
        if not path.is_symlink():
            yield path


def _changed_at(path: Path) -> datetime:
    """Return when a file was last written to, or anything directly in a folder; the future where it is gone meanwhile."""
    try:
        times = [each.lstat().st_mtime for each in (path, *(path.iterdir() if path.is_dir() else ()))]
    except FileNotFoundError:
        return datetime.max.replace(tzinfo=UTC)
    return datetime.fromtimestamp(max(times), UTC)


def without_samples(inspection: dict[str, Any]) -> dict[str, Any]:
    """Return an inspection without the sample values of its columns: they are people's, and served before the import."""
    return {**inspection, "columns": [{**column, "samples": []} for column in inspection.get("columns", ())]}


def check_size(size: int, name: str) -> None:
    """Refuse a file that is larger than the installation takes.

    Raises:
        Refused: ``import.too_large``.
    """
    if size > settings.UPLOAD_LIMIT:
        raise Refused("import.too_large", name=name, limit=settings.UPLOAD_LIMIT)

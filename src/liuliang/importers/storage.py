"""Where uploaded files wait for their import: each in a folder of its own, gone when the import has ended."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from django.conf import settings

from liuliang.kernel.errors import Refused


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

"""Small tables that staff send: rows by the headings they have, in Chinese or in English."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import IO, Any

from django.core.files.uploadedfile import UploadedFile
from django.http import StreamingHttpResponse
from django.utils.functional import Promise
from django.utils.http import content_disposition_header
from django.utils.translation import override

from liuliang.console import errors
from liuliang.importers.cells import narrow
from liuliang.importers.xlsx_rows import read_sheet
from liuliang.kernel.errors import Refused
from liuliang.ui import formats

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CHUNK = 1 << 16


def read_table(
    file: UploadedFile[Any], headings: Mapping[str, str | Promise], *, needed: Sequence[str], most: int
) -> Iterator[tuple[int, dict[str, str]]]:
    """Give the rows of a workbook's first sheet that are not empty: their number and their cells by the keys of ``headings``.

    Raises:
        Refused: ``sheet.headings`` with those of ``needed`` that are missing, ``sheet.rows`` beyond ``most`` rows, and as
            `liuliang.importers.xlsx_rows.read_sheet`.
    """
    with NamedTemporaryFile(suffix=".xlsx") as kept:
        for chunk in file.chunks():
            kept.write(chunk)
        kept.flush()
        rows = read_sheet(Path(kept.name))
        first = next(rows, None)
        places = _places(first.cells if first else [], headings)
        missing = [str(headings[key]) for key in needed if key not in places]
        if missing:
            raise Refused("sheet.headings", missing=formats.listed(missing))
        count = 0
        for row in rows:
            cells = {key: row.cells[place].strip() if place < len(row.cells) else "" for key, place in places.items()}
            if not any(cells.values()):
                continue
            count += 1
            if count > most:
                raise Refused("sheet.rows", most=most)
            yield row.number, cells


def workbook(name: str, write: Callable[[IO[bytes]], None]) -> StreamingHttpResponse:
    """Answer with a workbook that ``write`` writes into a file, which is there as long as it is sent."""
    response = StreamingHttpResponse(_sent(write), content_type=XLSX)
    disposition = content_disposition_header(as_attachment=True, filename=f"{name}.xlsx")
    response.headers["Content-Disposition"] = disposition or "attachment"
    return response


def _sent(write: Callable[[IO[bytes]], None]) -> Iterator[bytes]:
    with TemporaryFile() as file:
        write(file)
        while chunk := file.read(_CHUNK):
            yield chunk


def in_words(refusal: Refused) -> Refused:
    """Return the refusal of a table with the one of its row in words."""
    inner = refusal.data.get("inner")
    if not isinstance(inner, Refused):
        return refusal
    return Refused(refusal.code, **{**refusal.data, "inner": errors.sentence(inner)})


def _places(cells: Sequence[str], headings: Mapping[str, str | Promise]) -> dict[str, int]:
    names: dict[str, str] = {}
    for language in ("zh-hans", "en"):
        with override(language):
            names.update({narrow(str(title)).lower(): key for key, title in headings.items()})
    found: dict[str, int] = {}
    for place, cell in enumerate(cells):
        key = names.get(narrow(cell).lower())
        if key is not None:
            found.setdefault(key, place)
    return found

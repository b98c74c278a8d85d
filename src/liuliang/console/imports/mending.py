"""The error file of an import: what could not be read, so that it can be mended and given again.

Of a list of members or orders it is a list of the same kind: the columns as they were, and behind them why a row was
left out, under a header that no list knows, so that the mended file is imported as it is. Of a chat it names places.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import msgspec
from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext as _

from liuliang.accounts.permissions import IMPORTS_RUN
from liuliang.console.doors import StaffRequest, page
from liuliang.console.imports.refusals import REASONS
from liuliang.importers.base import Inspection
from liuliang.importers.models import Import, ImportProblem
from liuliang.ui.listing import Column
from liuliang.ui.listing.export import csv_lines, write_xlsx

IN_MEMORY = 8 * 1024 * 1024
"""Bytes of a workbook beyond which it waits on the disk."""


@page(permission=IMPORTS_RUN)
def problems(request: StaffRequest, given: Import) -> HttpResponseBase:
    """Give what could not be read, as a workbook if that is what was imported, else as CSV."""
    del request
    # A file that was never recognised has no inspection.
    inspection = msgspec.convert(given.inspection, Inspection) if given.inspection else None
    headers = [column.header for column in inspection.columns] if inspection else []
    columns = _rows_as_they_were(headers) if headers else _places()
    rows = given.problems.order_by("line", "id").iterator(chunk_size=1_000)
    name = f"import-{given.pk}-unreadable"
    if headers and Path(given.file_name).suffix.lower() == ".xlsx":
        book = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the response closes it
        write_xlsx(book, columns, rows, _("没有导入的"))
        return FileResponse(book, as_attachment=True, filename=f"{name}.xlsx")
    response = StreamingHttpResponse(csv_lines(columns, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _rows_as_they_were(headers: Sequence[str]) -> list[Column]:
    return [
        *(Column(f"cell-{place}", header, value=partial(_cell, place)) for place, header in enumerate(headers)),
        Column("why", _("没有导入，或要补上的原因"), value=_why),
    ]


def _places() -> list[Column]:
    return [
        Column("line", _("行"), value="line"),
        Column("reason", _("原因"), value=_reason),
        Column("excerpt", _("内容"), value="excerpt"),
    ]


def _cell(place: int, problem: ImportProblem) -> str:
    return problem.cells[place] if place < len(problem.cells) else ""


def _reason(problem: ImportProblem) -> str:
    return str(REASONS.get(problem.reason, problem.reason))


def _why(problem: ImportProblem) -> str:
    """Say where a row stood and what was wrong; of what is no row of cells, also what stood there."""
    said = _("第 {line} 行：{reason}").format(line=problem.line, reason=_reason(problem))
    return said if problem.cells or not problem.excerpt else f"{said} {problem.excerpt}"

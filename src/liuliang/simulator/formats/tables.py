"""Rows to a spreadsheet: XLSX for people, CSV for machines; the same rows give the same bytes."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import xlsxwriter

Cell = str | int | float | date | None
"""What a spreadsheet cell may hold. Telephone numbers and ids are text, or their zeros are lost."""

_CREATED = datetime(2020, 1, 1, tzinfo=UTC).replace(tzinfo=None)
"""A constant: a workbook names the moment it was made in, which would differ on every run."""


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[Cell]], sheet: str) -> None:
    """Write ``rows`` under ``header`` to ``path``, as XLSX or as CSV (UTF-8 with BOM) by its suffix."""
    if path.suffix == ".csv":
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows(rows)
        return
    options = {
        "constant_memory": True,
        "strings_to_numbers": False,
        "strings_to_formulas": False,
        "strings_to_urls": False,
    }
    with xlsxwriter.Workbook(path, options) as book:
        book.set_properties({"created": _CREATED})
        page = book.add_worksheet(sheet)
        page.freeze_panes(1, 0)
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        page.write_row(0, 0, header, book.add_format({"bold": True}))
        for number, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    page.write_string(number, column, cell)
                elif isinstance(cell, date):
                    page.write_datetime(number, column, cell, day)
                elif cell is not None:
                    page.write_number(number, column, cell)

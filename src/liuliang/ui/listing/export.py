"""Write a list to a spreadsheet, however long it is, so that nothing in it is ever taken for a formula."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

import xlsxwriter
from django.utils import timezone

from liuliang.ui import formats
from liuliang.ui.listing.columns import Column

# Excel 2007 and later, "Excel specifications and limits".
MAX_ROWS = 1_048_576
MAX_TEXT = 32_767

WIDTHS = (8, 60)
"""The narrowest and the widest that a column is made, in the characters that Excel counts widths in."""
_MEASURED = 1_000
"""Rows that say how wide columns are."""
_WIDE = re.compile(
    "[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6\U0001f300-\U0001faff]"
)

_FORMATS = {
    "instant": "yyyy-mm-dd hh:mm:ss",
    "day": "yyyy-mm-dd",
    "amount": "#,##0.00",
    "whole": "#,##0",
}

# Programs take a cell that begins with one of these for a formula (OWASP, "CSV injection"), also in full width.
_FORMULA = re.compile(r"^\s*[=+\-@\t\r\n＝＋－＠]")
# What XML 1.0 cannot hold.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def write_xlsx(file: IO[bytes], columns: Sequence[Column], rows: Iterable[Any], title: str) -> None:
    """Write rows to ``file`` as a workbook and go back to its beginning.

    Memory does not grow with the rows. What does not fit on one sheet goes on to the next.
    """
    book = xlsxwriter.Workbook(
        file,
        {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False},
    )
    head = book.add_format({"bold": True, "bg_color": "#f5f7fa", "bottom": 1})
    formats_of = {kind: book.add_format({"num_format": told}) for kind, told in _FORMATS.items()}
    sheet: Any = None
    sheets: list[tuple[Any, list[int]]] = []
    widths: list[int] = []
    line = MAX_ROWS
    for row in _with_at_least_a_head(rows):
        if line >= MAX_ROWS:
            sheet = _new_sheet(book, columns, title, head)
            widths = [room_of(str(column.title)) for column in columns]
            sheets.append((sheet, widths))
            line = 1
        if row is None:
            break
        for at, column in enumerate(columns):
            value = plain(column.exported(row))
            if line < _MEASURED:
                widths[at] = max(widths[at], room_of(value))
            _write(sheet, line, at, value, formats_of)
        line += 1
    for sheet, wide in sheets:
        for at, width in enumerate(wide):
            sheet.set_column(at, at, width)
    book.close()
    file.seek(0)


def _write(sheet: Any, line: int, at: int, value: Any, formats_of: Mapping[str, Any]) -> None:
    """Write a cell by what it holds; an exact amount has the decimals of its currency."""
    if isinstance(value, bool) or value is None:
        sheet.write_string(line, at, "✓" if value else "")
    elif isinstance(value, Decimal):
        sheet.write_number(line, at, value, formats_of["whole" if value.as_tuple().exponent == 0 else "amount"])
    elif isinstance(value, int | float):
        sheet.write_number(line, at, value)
    elif isinstance(value, datetime):
        sheet.write_datetime(line, at, value, formats_of["instant"])
    elif isinstance(value, date):
        sheet.write_datetime(line, at, value, formats_of["day"])
    else:
        sheet.write_string(line, at, plain_text(value))


def room_of(value: object) -> int:
    """Return how wide a column must be for a value, within `WIDTHS`; of a text, its longest line."""
    if isinstance(value, datetime):
        return 20
    text = "" if value is None else str(value)
    longest = max((len(line) + len(_WIDE.findall(line)) for line in text[:500].splitlines()), default=0)
    return min(max(longest + 2, WIDTHS[0]), WIDTHS[1])


def csv_lines(columns: Sequence[Column], rows: Iterable[Any]) -> Iterator[str]:
    """Write rows as CSV (RFC 4180) with a byte order mark, without which Excel misreads UTF-8, a few hundred at a time."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow([defused(str(column.title)) for column in columns])
    for number, row in enumerate(rows, start=1):
        writer.writerow([_csv_cell(plain(column.exported(row))) for column in columns])
        if number % 500 == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def defused(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would take for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def plain_text(value: object) -> str:
    """Return a text as a cell of a workbook can hold it."""
    return _NOT_IN_XML.sub("", str(value))[:MAX_TEXT]


def plain(value: Any) -> Any:
    """Return the value as a spreadsheet can hold it: instants local and naive, lists joined, the unknown as text."""
    if isinstance(value, datetime) and timezone.is_aware(value):
        value = timezone.localtime(value).replace(tzinfo=None, microsecond=0)
    if isinstance(value, int):
        # Excel counts in doubles: a longer number, such as an id, would lose its last digits.
        return value if abs(value) < 10**15 else str(value)
    if isinstance(value, float | Decimal):
        return value if math.isfinite(value) else None
    if isinstance(value, date):
        return value if value.year >= 1900 else value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return formats.listed(value)
    return None if value is None else str(value)


def _csv_cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "✓" if value else ""
    if isinstance(value, str):
        return defused(value.replace("\0", ""))
    return "" if value is None else value


def _with_at_least_a_head(rows: Iterable[Any]) -> Iterator[Any]:
    """Give the rows and then None, so that an empty list still has a sheet with its head."""
    yield from rows
    yield None


def _new_sheet(book: Any, columns: Sequence[Column], title: str, head: Any) -> Any:
    number = len(book.worksheets()) + 1
    name = re.sub(r"[\[\]:*?/\\']", " ", title)[:24].strip() or "Sheet"
    sheet = book.add_worksheet(name if number == 1 else f"{name} {number}")
    for at, column in enumerate(columns):
        sheet.write_string(0, at, str(column.title), head)
    sheet.freeze_panes(1, 0)
    return sheet

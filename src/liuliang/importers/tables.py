"""Spreadsheets: CSV in any encoding and with any delimiter, XLSX; which column means what; what a cell means.

A source gives the fields it knows with the headers people use for them. The header row is the one of the first twenty
in which most headers are known, so that a title above it does no harm.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path

from liuliang.importers.base import Column, Head
from liuliang.importers.csv_rows import read_rows
from liuliang.importers.fields import clean
from liuliang.importers.head import settled_encoding
from liuliang.importers.records import Unreadable
from liuliang.importers.text import Block, read_blocks
from liuliang.importers.xlsx_rows import read_sheet, sheet_names
from liuliang.kernel.errors import Refused

_HEADER_ROWS = 20
_SAMPLES = 3
_MOST_SHEETS = 20
_DELIMITERS = "\t;,|"
_GUARDED = frozenset("=+-@＝＋－＠")
"""What a cell must not begin with in a file of ours: there an apostrophe stands before it."""
_WORKBOOK = "xl/workbook.xml"
_ASKED = re.compile(r"\s*[qQ]?\d{1,3}\s*[、.．:：)）]\s*")
"""The number that form tools put before a question: 1、手机号 is 手机号."""

Synonyms = Mapping[str, tuple[str, ...]]
"""The headers of each field, plainest first, in any case, width and spacing."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row's cells (or what was wrong with it), its 1-based number in the file, and the bytes consumed with it."""

    cells: list[str] | Unreadable
    number: int
    position: int


@dataclass(frozen=True, slots=True)
class Layout:
    """What the columns of a table are: ``headers`` as found, ``fields`` as they are taken for (empty: none).

    ``number`` is the place of the header's row among those that are not empty.
    """

    headers: tuple[str, ...]
    fields: tuple[str, ...]
    number: int
    samples: tuple[tuple[str, ...], ...] = field(default=())

    @property
    def known(self) -> frozenset[str]:
        """The fields that have a column."""
        return frozenset(filter(None, self.fields))

    @property
    def places(self) -> dict[str, int]:
        """The column of each known field."""
        return {name: column for column, name in enumerate(self.fields) if name}

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns as they are shown to a person."""
        samples = self.samples or ((),) * len(self.headers)
        return tuple(map(Column, self.headers, self.fields, samples))


def plain_header(text: str) -> str:
    """Return a header without case, width, spaces, marks and what stands in parentheses: 实付金额（元）* is 实付金额."""
    text = unicodedata.normalize("NFKC", text).casefold()
    bare = re.sub(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】", "", text)
    return re.sub(r"[\s\W_]+", "", bare) or re.sub(r"[\s\W_]+", "", text)


def is_workbook(head: Head) -> bool:
    """Tell an Excel workbook from other archives."""
    return _WORKBOOK in head.names


def first_rows(head: Head, sheet: str = "") -> list[list[str]]:
    """Return the first rows of a table, enough to know its header by; nothing where it is no table."""
    if is_workbook(head):
        stat = head.path.stat()
        return [list(row) for row in _first_sheet_rows(head.path, sheet, stat.st_size, stat.st_mtime_ns)]
    rows = read_rows(iter([Block(head.text, 1, 0)]), width=-1, delimiter=delimiter_of(head.text))
    readable = (row.cells for row in rows if not isinstance(row.cells, Unreadable))
    return [[cell.strip() for cell in cells] for cells in islice(readable, _HEADER_ROWS)]


@lru_cache(maxsize=32)
def _first_sheet_rows(path: Path, sheet: str, _size: int, _changed: int) -> tuple[tuple[str, ...], ...]:
    try:
        return tuple(tuple(row.cells) for row in islice(read_sheet(path, sheet), _HEADER_ROWS))
    except Refused:
        return ()


def delimiter_of(text: str) -> str:
    """Tell what stands between the cells of a CSV: what divides the first lines most often and most evenly."""
    first = text.lstrip("\ufeff")[:10]
    if first.lower().startswith("sep=") and len(first) > 4:
        return first[4]
    lines = [re.sub(r'"[^"]*"', "", line) for line in text.split("\n")[:_HEADER_ROWS] if line.strip()]
    best, merit = ",", 0.0
    for mark in _DELIMITERS:
        counts = [line.count(mark) for line in lines]
        usual = max(set(counts), key=counts.count, default=0)
        score = usual * counts.count(usual) / max(len(counts), 1)
        if score > merit:
            best, merit = mark, score
    return best


def layout_of(rows: list[list[str]], synonyms: Synonyms, chosen: Mapping[str, str] | None = None) -> Layout | None:
    """Find the header among ``rows`` and say what its columns mean; None when no row looks like one.

    Args:
        rows: the first rows of the table.
        synonyms: the headers of each field.
        chosen: what a person took headers for; it counts more than the synonyms.
    """
    chosen = {plain_header(header): name for header, name in (chosen or {}).items()}
    number = _header_place(rows[:_HEADER_ROWS], synonyms, chosen)
    if number is None:
        return None
    headers = tuple(clean(" ".join(header.split())) for header in rows[number])
    samples = tuple(_samples(rows[number + 1 :], column) for column in range(len(headers)))
    return Layout(headers, _fields(rows[number], synonyms, chosen), number + 1, samples)


def _header_place(rows: list[list[str]], synonyms: Synonyms, chosen: Mapping[str, str]) -> int | None:
    """Return the place of the header: the row with most known headers, the first of several.

    A single known word may as well be the sum below a table whose headers nobody has met. Then the fullest row is the
    header, which whoever knows the table can map by hand; a row that is itself as full as any other keeps its word.
    """
    known = [sum(name != "" for name in _fields(row, synonyms, chosen)) for row in rows]
    most = max(known, default=0)
    if most != 1:
        return known.index(most) if most else None
    widths = [sum(bool(cell.strip()) for cell in row) for row in rows]
    place = known.index(1)
    return place if widths[place] == max(widths) else widths.index(max(widths))


def _fields(row: list[str], synonyms: Synonyms, chosen: Mapping[str, str]) -> tuple[str, ...]:
    """Return what each header is taken for. Of several for one field the plainest keeps it."""
    ranks = _ranks(tuple((name, headers) for name, headers in synonyms.items()))
    fields = [""] * len(row)
    owner: dict[str, tuple[int, int]] = {}
    for column, header in enumerate(row):
        plain = plain_header(header)
        if plain in chosen:
            name, rank = chosen[plain], -1
        else:
            name, rank = ranks.get(plain) or ranks.get(plain_header(_ASKED.sub("", header))) or ("", 0)
        if not name:
            continue
        if name not in owner or rank < owner[name][0]:
            if name in owner:
                fields[owner[name][1]] = ""
            owner[name] = (rank, column)
            fields[column] = name
    return tuple(fields)


@lru_cache(maxsize=8)
def _ranks(synonyms: tuple[tuple[str, tuple[str, ...]], ...]) -> dict[str, tuple[str, int]]:
    ranks: dict[str, tuple[str, int]] = {}
    for name, headers in synonyms:
        for rank, header in enumerate(headers):
            ranks.setdefault(plain_header(header), (name, rank))
    return ranks


def _samples(rows: list[list[str]], column: int) -> tuple[str, ...]:
    values = (clean(row[column].strip())[:80] for row in rows if column < len(row))
    return tuple(islice((value for value in values if value), _SAMPLES))


@dataclass(frozen=True, slots=True)
class Table:
    """A table ready to be read: what its columns are, and what is needed to open it."""

    path: Path
    layout: Layout
    encoding: str = "utf-8"
    delimiter: str = ","
    sheet: str = ""

    def rows(self) -> Iterator[TableRow]:
        """Yield the rows below the header. What cannot be opened or goes on no further is told, not raised."""
        position = 0
        try:
            for row in self._all_rows():
                position = row.position
                yield row
        except Refused as refused:
            reason = refused.code.removeprefix("import.")
            yield TableRow(Unreadable(1, reason, self.path.name), 1, position)

    def _all_rows(self) -> Iterator[TableRow]:
        # The header was found by its place among the rows that are not empty.
        place = 0
        if self.sheet:
            for found in read_sheet(self.path, self.sheet):
                place += 1
                if place > self.layout.number:
                    yield TableRow(found.cells, found.number, found.position)
            return
        for row in read_rows(read_blocks(self.path, self.encoding), width=-1, delimiter=self.delimiter):
            if isinstance(row.cells, Unreadable):
                yield TableRow(row.cells, row.line, row.position)
                continue
            place += 1
            if place > self.layout.number:
                yield TableRow([_unwrapped(cell) for cell in row.cells], row.line, row.position)


def _unwrapped(cell: str) -> str:
    """Return a cell without what is put around it so that Excel leaves it whole: ="123", '123, a tab; '=1 of our files."""
    cell = cell.strip()
    if cell.startswith('="') and cell.endswith('"'):
        return cell[2:-1].strip()
    return cell.removeprefix("'") if cell[:1] == "'" and (cell[1:2].isalnum() or cell[1:2] in _GUARDED) else cell


def find_layout(head: Head, synonyms: Synonyms) -> Layout | None:
    """Say what the columns of a table mean, by its beginning; None when it is no table with known headers."""
    if not is_workbook(head):
        return layout_of(first_rows(head), synonyms)
    try:
        found = _best_sheet(head, synonyms, {}, "")
    except Refused:
        return None
    return found[1] if found else None


def open_table(
    path: Path,
    head: Head,
    synonyms: Synonyms,
    *,
    chosen: Mapping[str, str] | None = None,
    sheet: str = "",
    encoding: str = "",
) -> Table | None:
    """Find the header of a table and what its columns mean; None when it has none.

    Of a workbook the sheet whose header has most known columns is taken, unless ``sheet`` names one.

    Raises:
        Refused: as `sheet_names`, and ``import.encoding_unknown``.
    """
    if is_workbook(head):
        found = _best_sheet(head, synonyms, chosen or {}, sheet)
        return Table(path, found[1], sheet=found[0]) if found else None
    layout = layout_of(first_rows(head), synonyms, chosen)
    if layout is None:
        return None
    return Table(path, layout, encoding or settled_encoding(head), delimiter_of(head.text))


def _best_sheet(head: Head, synonyms: Synonyms, chosen: Mapping[str, str], sheet: str) -> tuple[str, Layout] | None:
    best: tuple[str, Layout] | None = None
    for name in (sheet,) if sheet else sheet_names(head.path)[:_MOST_SHEETS]:
        layout = layout_of(first_rows(head, name), synonyms, chosen)
        if layout and (best is None or len(layout.known) > len(best[1].known)):
            best = name, layout
    return best

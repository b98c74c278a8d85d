"""Rows of an Excel workbook (.xlsx), as a stream of texts.

A workbook is a zip of XML (ECMA-376, part 1). The sheet is parsed as it is unpacked, row by row, because the readers at hand
build the whole sheet first: 90 bytes a cell, and as many cells as lie between the first and the last one, so that a
file of a few kilobytes may ask for gigabytes. The texts that cells share are kept packed, for they may be millions.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from xml.parsers import expat

from liuliang.importers.archives import BROKEN, Archive, open_archive
from liuliang.kernel.errors import Refused

MAX_COLUMNS = 512
"""Columns beyond are not read."""

MAX_SHARED = 1 << 29
"""Bytes that the shared texts of a workbook may have."""

MAX_PART = 1 << 26
"""Bytes that each of the parts beside the sheets and their texts may have: the lists of sheets and of formats."""

MAX_FORMAT = 1_000
"""Characters of a number format that are looked at; Excel itself allows 255."""

MAX_CELL = 100_000
"""Characters of a cell that are read; Excel itself allows 32,767."""

MAX_PIECE = 1 << 20
"""Bytes that one piece of XML (a tag with its attributes, a comment) may have: the parser holds it whole until it ends."""

_CHUNK = 1 << 16
# Formats that are dates without saying so (§18.8.30), those of Chinese and Japanese workbooks included.
_DATE_FORMATS = frozenset({*range(14, 23), *range(27, 37), 45, 46, 47, *range(50, 59)})
_NO_DATE = re.compile(r"\"[^\"]*\"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]|General|[Ee][+-]")
_DATE_LETTERS = re.compile(r"[ymdhsYMDHS年月日时分秒]")
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet's dates have no zone
_EPOCH_1904 = datetime(1904, 1, 1)  # noqa: DTZ001 - same
_LAST_SERIAL = 2_958_466


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row's cells as text, its 1-based number in the sheet, and the bytes of the file consumed with it."""

    cells: list[str]
    number: int
    position: int


class _Unsafe(Exception):  # noqa: N818 - stops the parser
    """The XML declares entities, which no workbook needs and bombs are made of."""


def sheet_names(path: Path) -> tuple[str, ...]:
    """Return the names of a workbook's visible sheets, in order.

    Raises:
        Refused: ``import.archive_broken`` or ``import.archive_too_large``.
    """
    with open_archive(path) as archive:
        return tuple(_Workbook(archive).sheets)


def read_sheet(path: Path, name: str = "") -> Iterator[SheetRow]:
    """Yield the rows of a sheet, of the first one where no name is given; empty rows are left out.

    Numbers are written the shortest way that means the same, dates and times as ISO 8601, truth as TRUE and FALSE; what a
    formula gave is read, not the formula.

    Raises:
        Refused: as `sheet_names`, ``import.sheet_missing``, and ``import.archive_broken`` where the sheet ends early.
    """
    with open_archive(path) as archive:
        book = _Workbook(archive)
        if not book.sheets or (name and name not in book.sheets):
            raise Refused("import.sheet_missing", name=name or path.name)
        place = book.sheets[name] if name else next(iter(book.sheets.values()))
        shared = _read_shared(archive)
        formats = _read_formats(archive)
        yield from _rows(archive, place, _Cells(shared, formats, _EPOCH_1904 if book.is_1904 else _EPOCH))


class _Workbook:
    """What a workbook says of its sheets: where in the archive each is, by name."""

    def __init__(self, archive: Archive) -> None:
        targets: dict[str, str] = {}
        found: dict[str, str] = {}
        self.is_1904 = False

        def relate(tag: str, attributes: dict[str, str]) -> None:
            if tag == "Relationship":
                targets[attributes.get("Id", "")] = attributes.get("Target", "")

        def describe(tag: str, attributes: dict[str, str]) -> None:
            if tag == "sheet" and attributes.get("state", "visible") == "visible":
                reference = next((value for key, value in attributes.items() if key.endswith(":id")), "")
                found[attributes.get("name", "")] = reference
            elif tag == "workbookPr":
                self.is_1904 = attributes.get("date1904", "") in {"1", "true"}

        _parse(archive, "xl/_rels/workbook.xml.rels", relate)
        _parse(archive, "xl/workbook.xml", describe)
        self.sheets = {name: _place(targets.get(reference, "")) for name, reference in found.items()}


def _place(target: str) -> str:
    target = target.lstrip("/")
    return target if target.startswith("xl/") else f"xl/{target}"


Start = Callable[[str, dict[str, str]], object]
End = Callable[[str], object]


def _parser(start: Start, end: End | None = None) -> expat.XMLParserType:
    """Make a parser that calls ``start`` and ``end`` with names without a prefix, and refuses entities."""
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_declaration: object) -> None:
        raise _Unsafe

    def begin(tag: str, attributes: dict[str, str]) -> None:
        # Some writers put every name into a namespace with a prefix. Few do, and taking it off takes time.
        if ":" in tag:
            parser.StartElementHandler = lambda tag, attributes: start(tag[tag.rfind(":") + 1 :], attributes)
            parser.EndElementHandler = end and (lambda tag: end(tag[tag.rfind(":") + 1 :]))
        else:
            parser.StartElementHandler, parser.EndElementHandler = start, end
        start(tag[tag.rfind(":") + 1 :], attributes)

    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = begin
    return parser


def _feed(archive: Archive, name: str, parser: expat.XMLParserType) -> Iterator[int]:
    """Push a member through a parser; yield the bytes of the file consumed after each piece. A missing one is empty."""
    member = next((member for member in archive.members if member.name == name), None)
    if member is None:
        return
    fed = 0
    try:
        with archive.open(member) as (stream, consumed):
            while piece := stream.read(_CHUNK):
                parser.Parse(piece, False)
                fed += len(piece)
                if fed - parser.CurrentByteIndex > MAX_PIECE:
                    raise Refused("import.archive_too_large", name=name, size=fed)
                yield consumed()
            parser.Parse(b"", True)
            yield consumed()
    except (expat.ExpatError, _Unsafe, *BROKEN) as error:
        raise Refused("import.archive_broken", name=name) from error


def _parse(archive: Archive, name: str, start: Start) -> None:
    size = max((member.size for member in archive.members if member.name == name), default=0)
    if size > MAX_PART:
        raise Refused("import.archive_too_large", name=name, size=size)
    for _position in _feed(archive, name, _parser(start)):
        pass


class _Shared:
    """The texts that cells share, packed: millions of small strings would take five times the room."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("Q")

    def add(self, text: str) -> None:
        self._bytes += text.encode("utf-8", "replace")
        self._ends.append(len(self._bytes))

    def __len__(self) -> int:
        # An empty text takes its place too, and there may be more of those than of any other.
        return len(self._bytes) + self._ends.itemsize * len(self._ends)

    def get(self, index: str) -> str:
        try:
            place = int(index)
            end = self._ends[place] if place >= 0 else 0
        except (ValueError, IndexError):
            return ""
        start = self._ends[place - 1] if place > 0 else 0
        return self._bytes[start:end].decode()


def _read_shared(archive: Archive) -> _Shared:
    shared = _Shared()
    parts: list[str] = []
    depth = {"t": 0, "rPh": 0}
    room = MAX_CELL

    def start(tag: str, _attributes: dict[str, str]) -> None:
        nonlocal room
        if tag == "si":
            parts.clear()
            room = MAX_CELL
        elif tag in depth:
            depth[tag] += 1

    def end(tag: str) -> None:
        if tag == "si":
            shared.add("".join(parts))
            if len(shared) > MAX_SHARED:
                raise Refused("import.archive_too_large", name="sharedStrings.xml", size=len(shared))
        elif tag in depth:
            depth[tag] -= 1

    def text(data: str) -> None:
        nonlocal room
        if depth["t"] and not depth["rPh"] and room > 0:  # a reading aid in kana is no part of the text
            parts.append(data[:room])
            room -= len(data)

    parser = _parser(start, end)
    parser.CharacterDataHandler = text
    for _position in _feed(archive, "xl/sharedStrings.xml", parser):
        pass
    return shared


def _read_formats(archive: Archive) -> list[bool]:
    """Return for each cell style whether it shows a date."""
    own: dict[str, bool] = {}
    styles: list[bool] = []
    inside: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag == "numFmt":
            own[attributes.get("numFmtId", "")] = is_date_format(attributes.get("formatCode", ""))
        elif tag in {"cellXfs", "cellStyleXfs"}:
            inside[:] = [tag]
        elif tag == "xf" and inside == ["cellXfs"]:
            number = attributes.get("numFmtId", "0")
            styles.append(own.get(number, number.isdecimal() and int(number[:9]) in _DATE_FORMATS))

    _parse(archive, "xl/styles.xml", start)
    return styles


def is_date_format(code: str) -> bool:
    """Tell whether a number format shows a date or a time: it has a letter of one outside of quotes and brackets."""
    return _DATE_LETTERS.search(_NO_DATE.sub("", code[:MAX_FORMAT].split(";", 1)[0])) is not None


class _Cells:
    """Turns what a cell holds into text."""

    def __init__(self, shared: _Shared, formats: list[bool], epoch: datetime) -> None:
        self._shared = shared
        self._dates = frozenset(str(number) for number, is_date in enumerate(formats) if is_date)
        self._epoch = epoch

    def text(self, kind: str, style: str, raw: str) -> str:
        """Return the text of a cell of a type and a style (both as in the XML) that holds ``raw``."""
        if kind == "s":
            return self._shared.get(raw)
        if kind in {"inlineStr", "str"}:
            return raw
        if kind == "b":
            return "TRUE" if raw == "1" else "FALSE"
        if kind == "e":
            return ""
        if kind == "d":
            return raw.replace("T", " ")
        return self._number(raw, is_date=style in self._dates) if raw else ""

    def _number(self, raw: str, *, is_date: bool) -> str:
        if raw.isdecimal() and not is_date:
            return raw
        try:
            value = float(raw)
        except ValueError:
            return raw
        if is_date and 0 <= value < _LAST_SERIAL and (day := _date_text(value, self._epoch)):
            return day
        return plain_number(value)


def plain_number(value: float) -> str:
    """Write a number as people do: without exponent and superfluous digits."""
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    text = repr(value)
    return text if "e" not in text and "n" not in text else f"{value:.10f}".rstrip("0") if abs(value) < 1e15 else text


@lru_cache(maxsize=10_000)
def _date_text(serial: float, epoch: datetime) -> str:
    """Write a spreadsheet's day number: as a date, a time or both; nothing where it is after the last year there is."""
    # Excel counts the 29th of February 1900, which never was: earlier days lie one nearer to us.
    if epoch is _EPOCH and 1 <= serial < 60:
        serial += 1
    try:
        at = epoch + timedelta(seconds=round(serial * 86_400))
    except OverflowError:  # days counted from 1904 end earlier, and the last second of the last day is rounded up
        return ""
    if serial < 1:
        return at.strftime("%H:%M:%S")
    return at.isoformat(sep=" ") if serial % 1 else at.date().isoformat()


def _rows(archive: Archive, place: str, cells: _Cells) -> Iterator[SheetRow]:
    complete: list[tuple[int, list[str]]] = []
    for position in _feed(archive, place, _sheet_parser(cells, complete)):
        for number, row in complete:
            yield SheetRow(row, number, position)
        complete.clear()


def _sheet_parser(cells: _Cells, complete: list[tuple[int, list[str]]]) -> expat.XMLParserType:
    """Make a parser of a sheet that appends each row to ``complete``, with its number.

    It is called five times a cell, so its state is in closures, which is twice as fast as in an object.
    """
    row: list[str] = []
    parts: list[str] = []
    number, column, is_text, room = 0, -1, False, MAX_CELL
    kind = style = ""
    text = cells.text

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal row, number, column, is_text, kind, style, room
        if tag == "c":
            reference = attributes.get("r")
            column = _column(reference) if reference else column + 1
            kind = attributes.get("t", "n")
            style = attributes.get("s", "0")
            parts.clear()
            room = MAX_CELL
        elif tag in {"v", "t"}:
            is_text = True
        elif tag == "row":
            told = attributes.get("r", "")
            number = int(told[:9]) if told.isdecimal() else number + 1
            row, column = [], -1

    def end(tag: str) -> None:
        nonlocal is_text
        if tag in {"v", "t"}:
            is_text = False
        elif tag == "c":
            if parts:
                raw = parts[0] if len(parts) == 1 else "".join(parts)
                _put(row, column, text(kind, style, raw))
        elif tag == "row" and any(row):
            complete.append((number, row))

    def data(piece: str) -> None:
        nonlocal room
        # What is not read is not held either: a cell may have gigabytes.
        if is_text and room > 0:
            parts.append(piece[:room])
            room -= len(piece)

    parser = _parser(start, end)
    parser.CharacterDataHandler = data
    return parser


def _put(row: list[str], column: int, value: str) -> None:
    """Set a cell of a row, making the row as long as it must be."""
    missing = column - len(row)
    if missing == 0 and column < MAX_COLUMNS:
        row.append(value)
    elif 0 <= column < MAX_COLUMNS:
        row.extend([""] * (missing + 1))
        row[column] = value


def _column(reference: str) -> int:
    """Return the 0-based column of ``B7``; -1 where it is none."""
    letters = reference.rstrip("0123456789")
    # Asked before anything is worked out or kept: a reference may be as long as whoever made the file likes.
    return _column_of(letters) if len(letters) <= 3 else -1


@lru_cache(maxsize=1_000)
def _column_of(letters: str) -> int:
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return column - 1 if letters.isascii() and letters.isalpha() and letters.isupper() else -1

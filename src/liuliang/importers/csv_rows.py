"""Rows of a CSV file of any size, as a stream that survives what a careless export does to quotes.

Rows follow RFC 4180, with any delimiter. The standard reader alone would take everything after a stray quote for one
field; here such a row is reported, and reading goes on with the next line.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator

from msgspec import Struct

from liuliang.importers.records import Unreadable
from liuliang.importers.text import MAX_BODY, Block, lines_of, unreadable

MAX_LINES = 2_000
"""Lines one row may span; a quote still open then was never meant to be one."""

# The limit of the standard library, 128 KiB, is less than a forwarded conversation takes. It is one for the process.
csv.field_size_limit(2 * MAX_BODY)


class Row(Struct, frozen=True, gc=False):
    """A row's ``cells``, the 1-based ``line`` it begins on, and the bytes of the file ``position`` consumed with it."""

    cells: list[str] | Unreadable
    line: int
    position: int


def read_rows(blocks: Iterator[Block], *, width: int = 0, delimiter: str = ",") -> Iterator[Row]:
    """Yield the rows of a file. Blank lines are no rows.

    Args:
        blocks: the text.
        width: how many cells a row has; others are reported. 0 takes the width of the first row, -1 takes any.
        delimiter: what stands between cells.
    """
    lines = _Lines(blocks)
    for number, line, block in lines:
        if block.flaw and number == block.line:
            yield Row(unreadable(number, block.flaw, line), number, block.position)
        if not line.strip():
            continue
        gathered = [line] if '"' not in line or line.count('"') % 2 == 0 else _gather(lines, line)
        cells = _cells("\n".join(gathered), delimiter) if gathered else None
        if cells is None or (width > 0 and len(cells) != width):
            reason = "bad_row" if gathered and len(gathered) == 1 else "unclosed_quote"
            yield Row(unreadable(number, reason, line), number, block.position)
            lines.give_back(gathered[1:], number + 1, block)
            continue
        width = width or len(cells)
        yield Row(cells, number, lines.position)


class _Lines:
    """The lines of a file; some may be given back to be read again."""

    def __init__(self, blocks: Iterator[Block]) -> None:
        self._fresh = lines_of(blocks)
        self._again: list[tuple[int, str, Block]] = []
        self.position = 0

    def __iter__(self) -> Iterator[tuple[int, str, Block]]:
        while True:
            item = self._again.pop() if self._again else next(self._fresh, None)
            if item is None:
                return
            self.position = max(self.position, item[2].position)
            yield item

    def give_back(self, lines: list[str], first: int, block: Block) -> None:
        """Have ``lines``, of which the first is number ``first``, read again."""
        # Their flaws, if any, were dealt with: they come back as lines of a block without one.
        plain = Block("", 0, block.position)
        numbered = [(number, line, plain) for number, line in enumerate(lines, start=first)]
        self._again.extend(reversed(numbered))


def _gather(lines: _Lines, first: str) -> list[str]:
    """Return the lines of a row whose first leaves a quote open, up to where it is closed, or as far as it may go."""
    gathered = [first]
    size = len(first)
    for _number, line, _block in lines:
        gathered.append(line)
        size += len(line)
        if line.count('"') % 2 == 1 or len(gathered) >= MAX_LINES or size > MAX_BODY:
            break
    return gathered


def _cells(text: str, delimiter: str) -> list[str] | None:
    if '"' not in text:
        return text.split(delimiter)
    try:
        rows = list(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None

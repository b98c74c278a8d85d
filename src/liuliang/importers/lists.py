"""What the sources of lists share (members, orders, scores): tables whose columns have meanings and whose rows are records."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import ClassVar

from liuliang.importers.base import Chat, Head, Inspection, Options, Read
from liuliang.importers.cells import DateVote
from liuliang.importers.clocks import DateOrder
from liuliang.importers.head import head_of
from liuliang.importers.records import Record, Unreadable
from liuliang.importers.tables import Layout, Synonyms, Table, find_layout, open_table
from liuliang.importers.text import unreadable

_CHAT = Chat("table", is_group=False)

_LOOKED_AT = 5_000
"""Rows by which is decided in which order dates are written."""

ReadRow = Callable[[list[str], int], Iterable[Record]]
"""Makes records of a row's cells and its number; none of a row without content."""


class ListSource(ABC):
    """A source that is a list. A subclass says how sure it is by the columns that are known, and reads a row."""

    synonyms: ClassVar[Synonyms]
    dates: ClassVar[frozenset[str]]
    """Fields that hold dates: they tell in which order day, month and year are written."""
    needed: ClassVar[tuple[str, ...]] = ()
    """Fields without which a person is asked to choose their column."""

    @abstractmethod
    def confidence(self, known: frozenset[str]) -> float:
        """Say how sure a table with columns for these fields is such a list, 0 to 1."""

    @abstractmethod
    def reader(self, layout: Layout, order: DateOrder) -> ReadRow:
        """Return what reads the rows of a table."""

    def recognise(self, head: Head) -> float:
        """Say how sure the file is such a list, by its headers."""
        layout = find_layout(head, self.synonyms)
        return 0.0 if layout is None else self.confidence(layout.known)

    def inspect(self, path: Path, head: Head) -> Inspection:
        """Find the columns and how dates are written."""
        table = open_table(path, head, self.synonyms)
        if table is None:
            return Inspection(chats=(), encoding=head.encoding or "utf-8", warnings=("no_header",))
        return Inspection(
            chats=(),
            encoding=table.encoding,
            date_order=self._date_order(table),
            columns=table.layout.columns,
            warnings=tuple(f"no_{name}_column" for name in self.needed if name not in table.layout.known),
        )

    def read(self, path: Path, inspection: Inspection, options: Options) -> Iterator[Read]:
        """Yield every row. What of a row cannot be read is told as unreadable."""
        encoding = options.encoding or inspection.encoding
        head = head_of(path, encoding=encoding if not inspection.columns else options.encoding)
        table = open_table(path, head, self.synonyms, chosen=options.columns, sheet=options.sheet, encoding=encoding)
        if table is None:
            yield Read(unreadable(1, "no_header", path.name), _CHAT, 1, 0)
            return
        read_row = self.reader(table.layout, options.date_order or inspection.date_order or "ymd")
        for row in table.rows():
            if isinstance(row.cells, Unreadable):
                yield Read(row.cells, _CHAT, row.number, row.position)
                continue
            for record in read_row(row.cells, row.number):
                yield Read(record, _CHAT, row.number, row.position, tuple(row.cells))

    def _date_order(self, table: Table) -> DateOrder:
        vote = DateVote()
        columns = [column for name, column in table.layout.places.items() if name in self.dates]
        for row in islice(table.rows(), _LOOKED_AT if columns else 0):
            if not isinstance(row.cells, Unreadable):
                for column in columns:
                    if column < len(row.cells):
                        vote.add(row.cells[column])
        return vote.decide()

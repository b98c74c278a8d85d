"""The protocol of a source, and the registry of sources.

A source is one file in `liuliang.importers.sources` that ends with ``SOURCE = MySource()``. It reads one format from
a file on disk as a stream: memory must not grow with the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal, Protocol

from msgspec import Struct

from liuliang.importers.records import Record
from liuliang.kernel.registry import Registry


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a file, enough to recognise its format.

    ``raw`` is the first 64 KiB; ``text`` the same decoded with ``encoding`` (empty for binary files); ``names`` the
    member names of a zip archive, at most 2,000 of them.
    """

    path: Path
    name: str
    size: int
    raw: bytes
    text: str
    encoding: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chat:
    """What a file says of the chat it holds. ``key`` is stable across exports of one chat; empty where the file tells none."""

    platform: str
    key: str = ""
    title: str = ""
    is_group: bool = True


@dataclass(frozen=True, slots=True)
class Column:
    """A spreadsheet column as found: its header, the field it was taken for (empty: none) and three sample values."""

    header: str
    field: str
    samples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Options:
    """What a person may correct before the import.

    ``date_order`` is ``ymd``, ``mdy`` or ``dmy``, empty to decide from the file. ``columns`` maps headers to fields.
    ``first_day`` is when the first line was written, for formats whose lines only tell the time of day.
    """

    encoding: str = ""
    date_order: Literal["", "ymd", "mdy", "dmy"] = ""
    columns: dict[str, str] = field(default_factory=dict)
    sheet: str = ""
    first_day: date | None = None


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was recognised, shown before anything is imported.

    ``encoding`` and ``date_order`` are what the reader will use; ``timezone_known`` says that times in the file are
    instants, so the zone need not be asked for. ``chats`` has one entry per chat in the file. ``first_day`` is the day found
    for a file whose lines only tell the time of day.
    """

    chats: tuple[Chat, ...]
    encoding: str = "utf-8"
    date_order: Literal["", "ymd", "mdy", "dmy"] = ""
    timezone_known: bool = False
    columns: tuple[Column, ...] = ()
    warnings: tuple[str, ...] = ()
    first_day: date | None = None


class Read(Struct, frozen=True, gc=False):
    """A record with where it stands: ``position`` is bytes consumed so far (for progress), ``chat`` which chat it belongs to.

    ``line`` is 1-based, in lines, rows or messages, as a person would look for it. ``cells`` is the row of a table as it
    stood, for whoever has to mend it.
    """

    record: Record
    chat: Chat
    line: int
    position: int
    cells: tuple[str, ...] = ()


class Source(Protocol):
    """One file format."""

    key: str
    """Stable name, stored in the database: ``qq_txt``."""

    title: str
    """What a person calls it, translatable: ``QQ 群聊天记录 (.txt)``."""

    kind: Literal["chat", "members", "orders", "scores"]

    def recognise(self, head: Head) -> float:
        """Say how sure the format is this one, 0 to 1, from the content alone."""
        ...

    def inspect(self, path: Path, head: Head) -> Inspection:
        """Find chats, encoding and date order; may read the whole file once, as a stream."""
        ...

    def read(self, path: Path, inspection: Inspection, options: Options) -> Iterator[Read]:
        """Yield every record in file order. What cannot be read becomes `Unreadable`; nothing raises for bad content."""
        ...


@cache
def sources() -> Registry[Source]:
    """Return every source: the files of this package's folder and the ``liuliang.importers.sources`` entry points."""
    return Registry.discover("liuliang.importers.sources", attribute="SOURCE")

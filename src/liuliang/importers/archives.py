"""Archives as exports come in them: zip and tar, read member by member, never unpacked to disk, with bounds on a bomb."""

from __future__ import annotations

import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from liuliang.kernel.errors import Refused

MAX_MEMBERS = 500_000
"""Files an archive may hold: ten years of days in a hundred channels, and some."""

MAX_TOTAL = 32 << 30
"""Bytes that all files may have, unpacked."""

MAX_INFLATION = 200
"""How many times its packed size a file may have; chats stay under 20. Small files may have more."""

SMALL = 1 << 24
"""Bytes below which inflation does not matter."""

BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    LookupError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)
"""What reading an archive raises where it is cut short, damaged, encrypted or packed in a way we lack."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file in an archive: its name, and its size unpacked."""

    name: str
    size: int


class Archive:
    """An open archive. Reading a member never yields more bytes than it said it has."""

    def __init__(self, path: Path, inner: zipfile.ZipFile | tarfile.TarFile, members: dict[Member, Any]) -> None:
        self._size = path.stat().st_size
        self._inner = inner
        self._members = members
        self._total = max(sum(member.size for member in members), 1)
        self._done = 0
        self.members = tuple(members)

    def position(self, inside: int = 0) -> int:
        """Return how far the archive is read, in its own bytes, ``inside`` bytes into the member at hand."""
        return min(self._size, self._size * (self._done + inside) // self._total)

    def find(self, name: str) -> Member | None:
        """Return the member with this name at the shallowest depth; None when there is none."""
        found = [member for member in self.members if member.name.rsplit("/", 1)[-1] == name]
        return min(found, key=lambda member: member.name.count("/"), default=None)

    @contextmanager
    def open(self, member: Member) -> Iterator[tuple[IO[bytes], Callable[[], int]]]:
        """Open a member; the second value tells how far the archive on disk is consumed.

        Raises:
            Refused: ``import.archive_broken`` when this member cannot be read (it is encrypted, or damaged).
        """
        info = self._members[member]
        try:
            stream = (
                self._inner.open(info) if isinstance(self._inner, zipfile.ZipFile) else self._inner.extractfile(info)
            )
        except BROKEN as error:
            raise Refused("import.archive_broken", name=member.name) from error
        if stream is None:
            raise Refused("import.archive_broken", name=member.name)
        with stream:
            yield stream, lambda: self.position(stream.tell())
        self._done += member.size


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open a zip or a tar (packed or not), its members known and its bounds checked.

    Raises:
        Refused: ``import.archive_broken``; ``import.archive_too_large`` for a zip bomb.
    """
    try:
        inner: zipfile.ZipFile | tarfile.TarFile
        inner = zipfile.ZipFile(path) if zipfile.is_zipfile(path) else tarfile.open(path)  # noqa: SIM115 - closed below
    except BROKEN as error:
        raise Refused("import.archive_broken", name=path.name) from error
    with inner:
        try:
            members = _zip_members(inner) if isinstance(inner, zipfile.ZipFile) else _tar_members(inner, path)
        except BROKEN as error:
            raise Refused("import.archive_broken", name=path.name) from error
        total = sum(member.size for member in members)
        if len(members) > MAX_MEMBERS or total > MAX_TOTAL:
            raise Refused("import.archive_too_large", name=path.name, size=total)
        yield Archive(path, inner, members)


def _zip_members(inner: zipfile.ZipFile) -> dict[Member, zipfile.ZipInfo]:
    infos = [info for info in inner.infolist()[: MAX_MEMBERS + 1] if not info.filename.endswith("/")]
    for info in infos:
        if info.file_size > max(SMALL, info.compress_size * MAX_INFLATION):
            raise Refused("import.archive_too_large", name=info.filename, size=info.file_size)
    return {Member(info.filename, info.file_size): info for info in infos}


def _tar_members(inner: tarfile.TarFile, path: Path) -> dict[Member, tarfile.TarInfo]:
    """List the files of a tar. A packed one is unpacked once for that, so what it unpacks to is bounded while it is."""
    size = max(path.stat().st_size, 1)
    members: dict[Member, tarfile.TarInfo] = {}
    total = 0
    for info in inner:
        total += info.size
        if total > min(MAX_TOTAL, max(SMALL, size * MAX_INFLATION)) or len(members) > MAX_MEMBERS:
            raise Refused("import.archive_too_large", name=path.name, size=total)
        if info.isfile():
            members[Member(info.name, info.size)] = info
    return members

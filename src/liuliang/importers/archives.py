"""Archives as exports come in them: zip and tar, read member by member, never unpacked to disk, with bounds on a bomb.

The libraries believe what an archive says of its own list of files: they read it whole, however long it says it is, and make an
object of every line. So they are given the file through a `_Guard`, which bounds what they may read while they list.
"""

from __future__ import annotations

import bz2
import gzip
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from liuliang.kernel.errors import Refused

MAX_MEMBERS = 500_000
"""Files an archive may hold: ten years of days in a hundred channels, and some."""

MAX_TOTAL = 32 << 30
"""Bytes that all files may have, unpacked."""

MAX_INFLATION = 200
"""How many times its packed size a file may have; chats stay under 20. Small files may have more."""

SMALL = 1 << 24
"""Bytes below which inflation does not matter."""

MAX_LIST = 1 << 26
"""Bytes that the list of a zip may have, and characters that all names of a tar may have: 128 for each of `MAX_MEMBERS`."""

MAX_HEADER = 1 << 16
"""Bytes that may stand before one file of a tar to describe it; a path is at most 4,096 long."""

PACKED: dict[bytes, Callable[[IO[bytes]], Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open}
"""How a packed tar begins, and what unpacks it. Not xz, for such a file itself says how much memory it is to be given."""

BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    LookupError,
    OverflowError,
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
        try:
            stream = self._stream(member)
        except BROKEN as error:
            raise Refused("import.archive_broken", name=member.name) from error
        if stream is None:
            raise Refused("import.archive_broken", name=member.name)
        with stream:
            yield stream, lambda: self.position(stream.tell())
        self._done += member.size

    def _stream(self, member: Member) -> IO[bytes] | None:
        place = self._members[member]
        if isinstance(self._inner, tarfile.TarFile):
            info = tarfile.TarInfo(member.name)
            info.size, info.offset_data = member.size, place
            return self._inner.extractfile(info)
        if place.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            # The other methods unpack as much at once as they like; exports are never packed so.
            return None
        return self._inner.open(place)


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open a zip or a tar (packed or not), its members known and its bounds checked.

    Raises:
        Refused: ``import.archive_broken``; ``import.archive_too_large`` for a bomb, in its files or in its list of them.
    """
    with path.open("rb") as raw, _unpacked(raw) as stream:
        guard = _Guard(stream, path.name)
        members: dict[Member, Any]
        inner: zipfile.ZipFile | tarfile.TarFile
        try:
            if stream is raw and zipfile.is_zipfile(path):
                inner = zipfile.ZipFile(cast("IO[bytes]", guard))
                members = _zip_members(inner)
            else:
                inner = _open_tar(guard, path)
                members = _tar_members(inner, guard)
        except BROKEN as error:
            raise Refused("import.archive_broken", name=path.name) from error
        total = sum(member.size for member in members)
        if total > MAX_TOTAL:
            raise Refused("import.archive_too_large", name=path.name, size=total)
        guard.lift()
        with inner:
            yield Archive(path, inner, members)


def tar_names(path: Path) -> Iterator[str]:
    """Yield the names of the files in a tar as they are met, for who needs only a few; none where it is no tar.

    Raises:
        Refused: ``import.archive_too_large``, as `open_archive`.
    """
    try:
        with path.open("rb") as raw, _unpacked(raw) as stream:
            guard = _Guard(stream, path.name)
            for info in _tar_files(_open_tar(guard, path), guard):
                yield info.name
    except BROKEN:
        return


class _Guard:
    """The bytes of an archive, with bounds while it is listed: how much of it is read, from where, and how many files it names.

    The bounds are on what the libraries really read, so no figure that an archive gives of itself gets around them.
    """

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self.name = name
        self._stream = stream
        self._allowance: int | None = MAX_LIST
        self._entries = 0
        self._last: int | None = None
        self.seekable = stream.seekable
        self.tell = stream.tell
        self.close = stream.close

    def allow(self, length: int) -> None:
        """Allow ``length`` bytes to be read from here on."""
        self._allowance = length

    def only_forward(self, last: int) -> None:
        """Allow no way back from here on, and none beyond ``last``: a packed file is unpacked by going there."""
        self._last = last

    def lift(self) -> None:
        """Take the bounds away: the list is known."""
        self._allowance = self._last = None

    def read(self, size: int = -1) -> bytes:
        """Read as a file does."""
        if self._allowance is None:
            return self._stream.read(size)
        pieces: list[bytes] = []
        left = size if 0 <= size <= self._allowance else self._allowance + 1
        # In pieces, because a buffer of the asked length is made before it is known whether there is as much.
        while left and (piece := self._stream.read(min(left, _PIECE))):
            pieces.append(piece)
            left -= len(piece)
        data = b"".join(pieces)
        self._entries += data.count(_ENTRY)
        if len(data) > self._allowance or self._entries > MAX_MEMBERS:
            raise Refused("import.archive_too_large", name=self.name, size=size)
        self._allowance -= len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place as a file does."""
        if self._last is not None:
            if offset > self._last:
                raise Refused("import.archive_too_large", name=self.name, size=offset)
            if offset < self.tell():
                raise tarfile.ReadError("a file begins before the one above it ends")
        return self._stream.seek(offset, whence)


_PIECE = 1 << 16
_ENTRY = b"PK\x01\x02"  # begins every line of a zip's list


@contextmanager
def _unpacked(raw: IO[bytes]) -> Iterator[IO[bytes]]:
    """Yield what is in a packed file; any other as it is."""
    beginning = raw.read(3)
    raw.seek(0)
    for mark, unpack in PACKED.items():
        if beginning.startswith(mark):
            with unpack(raw) as stream:
                yield stream
            return
    yield raw


def _zip_members(inner: zipfile.ZipFile) -> dict[Member, zipfile.ZipInfo]:
    infos = [info for info in inner.infolist() if not info.filename.endswith("/")]
    for info in infos:
        if info.file_size > max(SMALL, info.compress_size * MAX_INFLATION):
            raise Refused("import.archive_too_large", name=info.filename, size=info.file_size)
    return {Member(info.filename, info.file_size): info for info in infos}


def _open_tar(guard: _Guard, path: Path) -> tarfile.TarFile:
    """Open a tar. A packed one is unpacked once to be listed, so what it unpacks to is bounded before it is."""
    guard.only_forward(min(MAX_TOTAL, max(SMALL, path.stat().st_size * MAX_INFLATION)))
    guard.allow(MAX_HEADER)
    return tarfile.TarFile(fileobj=cast("IO[bytes]", guard))


def _tar_members(inner: tarfile.TarFile, guard: _Guard) -> dict[Member, int]:
    """Return the files of a tar, with where each begins."""
    members: dict[Member, int] = {}
    named = 0
    for info in _tar_files(inner, guard):
        named += len(info.name)
        if named > MAX_LIST:
            raise Refused("import.archive_too_large", name=guard.name, size=named)
        members[Member(info.name, info.size)] = info.offset_data
    return members


def _tar_files(inner: tarfile.TarFile, guard: _Guard) -> Iterator[tarfile.TarInfo]:
    """Yield the files of a tar. Whatever else it lists counts as well, and nothing of it is kept."""
    listed = 0
    kept: Any = inner  # its type does not tell of the list that it keeps
    while info := inner.next():
        guard.allow(MAX_HEADER)
        kept.members, kept.pax_headers = [], {}
        listed += 1
        if listed > MAX_MEMBERS:
            raise Refused("import.archive_too_large", name=guard.name, size=listed)
        if info.size < 0 or info.issparse():  # no export has holes, and lists of holes may be endless
            raise tarfile.ReadError("a file with holes")
        if info.isfile():
            yield info

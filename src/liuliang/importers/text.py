"""Reading text of any size: whole lines in blocks, decoded, with what was wrong noted and memory bounded.

Sources work on blocks of lines rather than line by line, because decoding and splitting a quarter of a megabyte at once
is an order of magnitude faster than a Python step per line.
"""

from __future__ import annotations

import codecs
import io
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from liuliang.importers.archives import open_archive
from liuliang.importers.records import Unreadable
from liuliang.kernel.errors import Refused

BLOCK = 1 << 18
"""Bytes read at a time."""

PIECE = 16 * 1024
"""Bytes that are unpacked at a time: no more than these are lost before the place where an archive is broken."""

MAX_LINE = 1 << 20
"""Bytes kept of one line; what is longer is cut there, and noted."""

MAX_BODY = 1 << 20
"""Characters kept of one message over all its lines; what is longer is cut there, and noted."""

EXCERPT = 200
"""Characters an `Unreadable` shows of the place."""


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines: ``text`` without the last line end, line feeds between lines, NFC, no NUL.

    ``line`` is the 1-based number of the first; ``position`` is how many bytes of the file are consumed after the last.
    ``flaw`` says what was wrong with the first line (``bad_encoding``, ``line_too_long``, or ``archive_broken`` where nothing
    more could be read); empty when nothing was.
    """

    text: str
    line: int
    position: int
    flaw: str = ""


def unreadable(line: int, reason: str, text: str) -> Unreadable:
    """Return the record of a place that could not be read, with an excerpt of its line that is fit to be shown and stored."""
    first = text[:EXCERPT].partition("\n")[0]
    shown = "".join(c if c.isprintable() else " " for c in first)
    return Unreadable(line=line, reason=reason, excerpt=shown.strip())


def read_blocks(path: Path, encoding: str, *, member: str = "") -> Iterator[Block]:
    """Yield the text of a file, or of ``member`` of a zip archive, as blocks of whole lines.

    Bytes that are not text in ``encoding`` become U+FFFD, and their line starts a block of its own with a flaw. Lines may end
    in a line feed, a carriage return, both, or now this and now that.

    Raises:
        Refused: ``import.encoding_unknown`` for a name that is no encoding; as `open_archive` for an archive.
    """
    try:
        codec = codecs.lookup(encoding).name
    except LookupError:
        raise Refused("import.encoding_unknown", encoding=encoding) from None
    with _opened(path, member) as (stream, consumed):
        line = 1
        flaws: list[str] = []
        for data, is_cut in _whole_lines(_as_bytes(stream, codec, flaws, PIECE if member else BLOCK)):
            for text, flaw in _decoded(data, "utf-8" if codec.startswith("utf-16") else codec):
                whole = text.removeprefix("\ufeff") if line == 1 else text
                yield Block(whole, line, consumed(), "line_too_long" if is_cut else flaw)
                line += text.count("\n") + 1
        for flaw in flaws:
            yield Block("", line, consumed(), flaw)


def lines_of(blocks: Iterator[Block]) -> Iterator[tuple[int, str, Block]]:
    """Yield every line with its number and block: for formats where speed does not ask for more."""
    for block in blocks:
        for number, line in enumerate(block.text.split("\n"), start=block.line):
            yield number, line, block


@contextmanager
def _opened(path: Path, name: str) -> Iterator[tuple[IO[bytes], Callable[[], int]]]:
    """Open a file or an archive's member; the second value tells how far the file on disk is consumed."""
    if not name:
        with path.open("rb") as raw:
            yield raw, raw.tell
        return
    size = path.stat().st_size
    with open_archive(path) as archive:
        member = next((member for member in archive.members if member.name == name), None)
        if member is None:
            raise Refused("import.archive_broken", name=name)
        with archive.open(member) as (inner, _start):
            yield inner, lambda: size * inner.tell() // max(member.size, 1)


def _as_bytes(stream: IO[bytes], codec: str, flaws: list[str], size: int) -> Iterator[bytes]:
    """Yield the stream in pieces; UTF-16 is turned to UTF-8, in which lines can be found.

    Where an archive is cut short or broken, what came before stands, and ``flaws`` tells it.
    """
    decoder = codecs.getincrementaldecoder(codec)(errors="replace") if codec.startswith("utf-16") else None
    source = cast("io.BufferedIOBase", stream)
    while True:
        try:
            # What can be had at once: where an archive breaks, a longer read would lose what it had gathered.
            piece = source.read1(size)
        except (zipfile.BadZipFile, zlib.error, EOFError):
            flaws.append("archive_broken")
            return
        data = piece if decoder is None else decoder.decode(piece, final=not piece).encode("utf-8", "replace")
        if data:
            yield data
        if not piece:
            return


def _whole_lines(pieces: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield runs of whole lines; True marks a single line of which only the beginning was kept."""
    pending = b""
    for piece in pieces:
        data = pending + piece
        # A \r at the very end may be half of \r\n, so it does not end a line yet.
        cut = max(data.rfind(b"\n"), data.rfind(b"\r", 0, len(data) - 1)) + 1
        if cut:
            yield data[:cut], False
            pending = data[cut:]
        elif len(data) > MAX_LINE:
            yield data[:MAX_LINE], True
            pending = _after_line_end(pieces)
        else:
            pending = data
    if pending:
        yield pending, False


def _after_line_end(pieces: Iterator[bytes]) -> bytes:
    """Drop the rest of a line that is too long, and return what follows it of the piece in which it ended."""
    for piece in pieces:
        ends = [end for end in (piece.find(b"\n"), piece.find(b"\r")) if end >= 0]
        if ends:
            return piece[min(ends) + 1 :].removeprefix(b"\n")
    return b""


def _decoded(data: bytes, codec: str) -> Iterator[tuple[str, str]]:
    """Decode whole lines: in one go when all is well, else so that each flawed line stands first of its part."""
    try:
        text = data.decode(codec)
    except UnicodeDecodeError:
        yield from _repaired(data, codec)
        return
    yield _clean(text), ""


def _repaired(data: bytes, codec: str) -> Iterator[tuple[str, str]]:
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").removesuffix(b"\n").split(b"\n")
    part: list[str] = []
    flaw = ""
    for raw in lines:
        text = raw.decode(codec, "replace")
        if "\ufffd" in text and _is_broken(raw, codec):
            if part:
                yield _clean("\n".join(part)), flaw
            part, flaw = [text], "bad_encoding"
        else:
            part.append(text)
    yield _clean("\n".join(part)), flaw


def _is_broken(raw: bytes, codec: str) -> bool:
    try:
        raw.decode(codec)
    except UnicodeDecodeError:
        return True
    return False


def _clean(text: str) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text.removesuffix("\n")
    if "\0" in text:  # PostgreSQL stores no NUL, and nobody typed one
        text = text.replace("\0", "")
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)

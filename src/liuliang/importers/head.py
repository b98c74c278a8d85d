"""Look at the beginning of a file: which encoding, which format."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from liuliang.importers.archives import BROKEN, open_archive
from liuliang.importers.base import Head, Source, sources
from liuliang.importers.text import read_blocks
from liuliang.kernel.errors import Refused

LENGTH = 1 << 16
"""Bytes of a file that its `Head` holds."""

MAX_NAMES = 2_000
"""Member names of an archive that a `Head` holds."""

LEAST = 0.3
"""A source less sure than this is not believed."""

GUESSED = frozenset({"big5hkscs", "cp1252"})
"""Encodings that are found because nothing speaks against them; a person should see whether the names are right."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    ("\ufeff".encode("gb18030"), "gb18030"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Letters of the scripts people chat in, their punctuation, and what a keyboard has.
_PLAUSIBLE = re.compile(
    "[\t\n\r -~\u00a0-\u024f\u0370-\u06ff\u2000-\u206f\u3000-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff00-\uffef]"
)
_ZEROS = re.compile(rb"\0{16,}")
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1a]")
_PAIR = re.compile(rb"[\x81-\xfe][\x40-\x7e\x80-\xfe]")
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


def head_of(path: Path, *, encoding: str = "") -> Head:
    """Read the beginning of a file.

    Args:
        path: the file; its name plays no part in recognising it, but may hold a title or a date.
        encoding: what a person said it is; empty to find out.

    Raises:
        Refused: ``import.file_missing``, ``import.file_empty`` or ``import.encoding_unknown``; as `open_archive` for a zip.
    """
    if not path.is_file():
        raise Refused("import.file_missing", name=path.name)
    size = path.stat().st_size
    if size == 0:
        raise Refused("import.file_empty", name=path.name)
    with path.open("rb") as stream:
        raw = stream.read(LENGTH)
    if raw.startswith(_ZIP):
        return Head(path, path.name, size, raw, "", "", _archive_names(path))
    found = encoding or detect_encoding(raw)
    try:
        text = raw.decode(found, "replace") if found else ""
    except LookupError:
        raise Refused("import.encoding_unknown", encoding=encoding) from None
    if size > len(raw):
        text = text.rstrip("\ufffd")  # the cut may fall inside a character
    return Head(path, path.name, size, raw, text.removeprefix("\ufeff").replace("\r\n", "\n"), found)


def recognise(path: Path, *, encoding: str = "") -> tuple[Source, Head]:
    """Find the source that reads a file, by what is in it.

    Raises:
        Refused: as `head_of`, and ``import.format_unknown`` when no source knows it.
    """
    head = head_of(path, encoding=encoding)
    surest = max(sources(), key=lambda source: source.recognise(head), default=None)
    if surest is None or surest.recognise(head) < LEAST:
        raise Refused("import.format_unknown", name=head.name)
    return surest, head


def member_head(head: Head, member: str) -> Head:
    """Return the head of a text inside an archive; an empty one when it cannot be read.

    ``size`` and ``path`` stay those of the archive, for progress is measured on it.
    """
    raw = b""
    try:
        with open_archive(head.path) as archive:
            found = next((each for each in archive.members if each.name == member), None)
            if found is not None:
                with archive.open(found) as (stream, _consumed):
                    raw = stream.read(LENGTH)
    except (Refused, *BROKEN):
        pass
    encoding = detect_encoding(raw)
    text = raw.decode(encoding, "replace").removeprefix("\ufeff").replace("\r\n", "\n") if encoding else ""
    return Head(head.path, member.rsplit("/", 1)[-1], head.size, raw, text, encoding)


def settled_encoding(head: Head, *, member: str = "") -> str:
    """Return the encoding to read the whole file with.

    A file may begin with 64 KiB of plain ASCII and speak Chinese later: then the first line that is not ASCII decides.
    """
    if head.encoding not in {"", "utf-8"} or not head.raw.isascii():
        return head.encoding or "utf-8"
    for block in read_blocks(head.path, "latin-1", member=member):
        if not block.text.isascii():
            found = detect_encoding(block.text.encode("latin-1", "replace"))
            return found or "utf-8"
    return "utf-8"


def detect_encoding(raw: bytes) -> str:
    """Name the encoding of a text's first bytes: UTF-8, UTF-16, GB18030, Big5 or Windows-1252; empty when they are no text.

    ``raw`` may end inside a character.
    """
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return encoding
    wide = _wide_encoding(raw)
    if wide:
        return wide
    if _is_binary(raw):
        return ""
    broken = {encoding: _broken_bytes(raw, encoding) for encoding in ("utf-8", "gb18030")}
    # A few wrong bytes in the middle of good UTF-8 do not make it another encoding: in true GB18030 nearly every
    # character is wrong as UTF-8.
    high = sum(byte > 0x7F for byte in raw)
    if broken["utf-8"] * 5 <= high:
        return "utf-8"
    if broken["gb18030"] * 20 <= high and _comes_in_pairs(raw):
        return "big5hkscs" if _is_big5(raw) else "gb18030"
    return "cp1252"


def _archive_names(path: Path) -> tuple[str, ...]:
    with open_archive(path) as archive:
        return tuple(member.name for member in archive.members[:MAX_NAMES])


def _wide_encoding(raw: bytes) -> str:
    """Recognise UTF-16 without a mark: its line ends and digits hold zero bytes, and read as UTF-16 it looks like text."""
    sample = raw[: min(len(raw), 4096) // 2 * 2]
    if len(sample) < 8 or sample.count(0) * 100 < len(sample):
        return ""
    texts = {encoding: sample.decode(encoding, "replace") for encoding in ("utf-16-le", "utf-16-be")}
    encoding = max(texts, key=lambda name: texts[name].count("\n"))
    text = texts[encoding]
    return encoding if "\n" in text and 10 * len(_PLAUSIBLE.findall(text)) >= 9 * len(text) else ""


def _is_binary(raw: bytes) -> bool:
    # A run of zeros is what a crash leaves of the end of a text file, and says nothing of what stands before it.
    written = _ZEROS.sub(b"", raw)
    return 20 * len(_CONTROL.findall(written)) >= len(written)


def _broken_bytes(raw: bytes, encoding: str) -> int:
    return codecs.getincrementaldecoder(encoding)("replace").decode(raw).count("\ufffd")


def _comes_in_pairs(raw: bytes) -> bool:
    """Tell Chinese, whose high bytes stand in runs, from Western text, where an accented letter stands alone."""
    runs = re.findall(rb"[\x80-\xff]+", raw)
    return 3 * sum(len(run) == 1 for run in runs) < sum(len(run) for run in runs)


def _is_big5(raw: bytes) -> bool:
    """Tell Big5 from GB18030, as which most of it can be read as well.

    The frequent characters of Big5 begin with A4 to C6, and two in five of them end below 80. What GB18030 has of such pairs
    there are rare characters and its user's own.
    """
    pairs = _PAIR.findall(raw)
    frequent = [pair for pair in pairs if 0xA4 <= pair[0] <= 0xC6]
    low = sum(pair[1] < 0x80 for pair in frequent)
    return (
        len(frequent) * 4 >= len(pairs) * 3
        and low * 6 >= len(pairs)
        and _broken_bytes(raw, "big5hkscs") * 20 <= len(pairs)
    )

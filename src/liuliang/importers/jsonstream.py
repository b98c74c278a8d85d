"""Reading JSON of any size: one item at a time, memory bounded, and as much as can be read of what is broken.

The standard library's scanner, which is C and takes text from any place in a string, decodes each item of the arrays that
a source names; what a source does not name is skipped without being built. Unlike an event parser this survives a broken
item: reading goes on at the next place that begins like the items before. It reads every encoding. Measured on messages
of eleven fields it decodes 195,000 a second where ijson's C backend, which does neither, decodes 255,000.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from json.scanner import make_scanner
from typing import IO, Any, Literal, NamedTuple

from liuliang.importers.archives import BROKEN
from liuliang.importers.text import EXCERPT, unreadable

BLOCK = 1 << 18
"""Bytes read at a time."""

MAX_ITEM = 1 << 24
"""Characters one item may have; a larger one is skipped, and noted."""

# The stubs want a scanner where a decoder is meant.
_scan = make_scanner(json.JSONDecoder(strict=False))  # type: ignore[arg-type]
_BLANK = re.compile(r"[ \t\r\n,\ufeff\x1e]*")
_COLON = re.compile(r"[ \t\r\n]*:[ \t\r\n]*")
_INERT = re.compile(r'(?:[^"{}\[\]]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
_IN_STRING = re.compile(r"(?:[^\"\\]++|\\.)*+", re.DOTALL)
_SCALAR = re.compile(r"[^\s,}\]]*")
_ANY_OBJECT = re.compile(r'[,\n]\s*(\{\s*"[^"\\]{1,100}"\s*:)')
_MARGIN = 16
"""An error closer than this to the end of what was read may be the cut of a literal or an escape."""

_OVERLAP = 4_096
"""Characters kept while looking for a place to go on, so that one that spans two blocks is found."""


class Found(NamedTuple):
    """Something met on the way through a document.

    ``kind`` is ``item`` (one element of a named array), ``field`` (a named value), ``start`` (an element of an array
    that is gone into begins) or ``flaw`` (``value`` is an `Unreadable`). ``path`` is the keys from the root with dots
    between, array indices left out. ``number`` is the place of the item in its array, 1-based. ``position`` is the bytes
    consumed.
    """

    kind: Literal["item", "field", "start", "flaw"]
    path: str
    value: Any
    number: int
    position: int


class _Cut(Exception):  # noqa: N818 - not an error, but the end of the file
    """The document ends before it is complete."""


class _Broken(Exception):  # noqa: N818 - tells where to go on
    """The value at hand cannot be decoded, though what follows it may be."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def read_json(
    stream: IO[bytes],
    *,
    encoding: str = "utf-8",
    items: frozenset[str] = frozenset(),
    fields: frozenset[str] = frozenset(),
    inside: frozenset[str] = frozenset(),
    lines: bool = False,
    consumed: Callable[[], int] | None = None,
) -> Iterator[Found]:
    """Yield what is named of a JSON document, in its order.

    Args:
        stream: the bytes; a byte order mark is passed over.
        encoding: any of Python's.
        items: paths of arrays whose elements are yielded one at a time; the empty path is the root.
        fields: paths of values that are yielded whole.
        inside: paths of objects, and of arrays of objects, that are gone into in search of the others.
        lines: the root is not one value but a sequence of them (JSON Lines), each an item of the empty path.
        consumed: tells how many bytes of the file on disk are used up, where ``stream`` is not that file.

    Bad content never raises; it becomes a flaw with the reason ``truncated_json``, ``broken_json``, ``item_too_large``,
    ``too_deep``, ``bad_number``, ``bad_type``, ``bad_encoding`` or ``no_json``.
    """
    return _Document(stream, encoding, _Wanted(items, fields, inside), consumed or stream.tell).walk(lines=lines)


class _Wanted(NamedTuple):
    """The paths that a source names."""

    items: frozenset[str]
    fields: frozenset[str]
    inside: frozenset[str]


class _Document:
    """The text at hand, and the place in it."""

    def __init__(self, stream: IO[bytes], encoding: str, wanted: _Wanted, consumed: Callable[[], int]) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        self._mark = "\ufffd".encode(encoding, "ignore")
        self._items, self._fields, self._inside = wanted
        self._consumed = consumed
        self._text = ""
        self._at = 0
        self._is_end = False
        self._is_suspect = False
        self._number = 0
        self._path = ""
        self._position = 0
        self._begin = 0
        self._is_lost = False

    def walk(self, *, lines: bool) -> Iterator[Found]:
        try:
            first = self._peek()
            if lines:
                yield from self._array("", close="")
            elif first == "[" and "" in self._items:
                self._at += 1
                yield from self._array("", close="]")
            elif first == "{":
                self._at += 1
                yield from self._object("")
            else:
                yield self._flaw("no_json", self._text[self._at :])
        except _Cut:
            if not self._is_lost:
                self._number += 1
                yield self._flaw("truncated_json", self._text[self._at :])
        except _Broken as broken:
            yield self._flaw(broken.reason, self._text[self._at :])

    def _flaw(self, reason: str, text: str) -> Found:
        number = max(self._number, 1)
        return Found("flaw", self._path, unreadable(number, reason, text[:EXCERPT]), number, self._position)

    # Walking.

    def _object(self, path: str) -> Iterator[Found]:
        """Go through an object whose brace is behind us."""
        while (char := self._peek()) != "}":
            if char != '"':
                raise _Broken("broken_json")
            key = self._value()
            self._colon()
            child = f"{path}.{key}" if path else key
            char = self._peek()
            if child in self._items and char == "[":
                self._at += 1
                yield from self._array(child, close="]")
            elif child in self._inside and char == "{":
                self._at += 1
                yield from self._object(child)
            elif child in self._inside and char == "[":
                self._at += 1
                yield from self._objects(child)
            elif child in self._fields:
                yield Found("field", child, self._value(), 0, self._position)
            elif (child in self._items or child in self._inside) and char != "n":
                self._path = child
                yield self._flaw("bad_type", self._text[self._at :])
                self._skip()
            else:
                self._skip()
        self._at += 1

    def _objects(self, path: str) -> Iterator[Found]:
        """Go into each object of an array whose bracket is behind us."""
        number = 0
        while (char := self._peek()) != "]":
            if char == "{":
                number += 1
                self._at += 1
                yield Found("start", path, None, number, self._position)
                yield from self._object(path)
            else:
                self._skip()
        self._at += 1

    def _array(self, path: str, *, close: str) -> Iterator[Found]:
        """Yield the elements of an array whose bracket is behind us; without ``close`` they go on to the end."""
        self._path, self._number = path, 0
        signature: re.Pattern[str] | None = None
        while True:
            try:
                char = self._peek()
            except _Cut:
                if close:
                    raise
                return
            if char == close:
                self._at += 1
                return
            self._number += 1
            try:
                value = self._value()
            except _Cut:
                # A quotation mark that was not escaped also makes a string look endless: then items follow it.
                if signature is None or not signature.search(self._text, self._at + 1):
                    self._number -= 1
                    raise
                yield self._flaw("broken_json", self._text[self._at :])
                self._go_on(signature)
                continue
            except _Broken as broken:
                yield self._flaw(broken.reason, self._text[self._at :])
                if not self._go_on(signature or _ANY_OBJECT):
                    self._is_lost = True
                    return
                continue
            if signature is None and isinstance(value, dict):
                signature = _signature(value)
            yield Found("item", path, value, self._number, self._position)
            if self._is_suspect and (wrong := self._text.find("\ufffd", self._begin, self._at)) >= 0:
                yield self._flaw("bad_encoding", self._text[max(wrong - 50, self._begin) :])

    def _go_on(self, signature: re.Pattern[str]) -> bool:
        """Move to the next place that looks like the beginning of an item; False when there is none."""
        self._at += 1
        while True:
            if match := signature.search(self._text, self._at):
                self._at = match.start(1)
                return True
            if self._is_end:
                self._at = len(self._text)
                return False
            self._at = max(self._at, len(self._text) - _OVERLAP)
            self._more()

    # Single values.

    def _value(self) -> Any:
        """Decode the value at hand and step behind it."""
        while True:
            text, at = self._text, self._at
            is_string_cut = False
            try:
                value, end = _scan(text, at)
            except StopIteration as stop:
                wrong = stop.value
            except json.JSONDecodeError as error:
                wrong = error.pos
                is_string_cut = error.msg.startswith("Unterminated string")
            except RecursionError:
                raise _Broken("too_deep") from None
            except ValueError:
                raise _Broken("bad_number") from None
            else:
                if end < len(text) or self._is_end or text[end - 1] in '"}]':
                    self._begin, self._at = at, end
                    return value
                wrong = end
            self._wait(wrong, is_string_cut=is_string_cut)

    def _wait(self, wrong: int, *, is_string_cut: bool) -> None:
        """Read on when the error at ``wrong`` may be that the rest of a value is not read yet; else raise."""
        missing = is_string_cut or wrong + _MARGIN >= len(self._text)
        if not missing:
            raise _Broken("broken_json")
        if self._is_end:
            raise _Cut
        if len(self._text) - self._at > MAX_ITEM:
            raise _Broken("item_too_large")
        self._more()

    def _colon(self) -> None:
        while True:
            match = _COLON.match(self._text, self._at)
            if match and match.end() < len(self._text):
                self._at = match.end()
                return
            if len(self._text) - self._at > _MARGIN:
                raise _Broken("broken_json")
            if self._is_end:
                raise _Cut
            self._more()

    def _peek(self) -> str:
        """Pass over blanks and commas; return the character at hand."""
        while True:
            at = _BLANK.match(self._text, self._at).end()  # type: ignore[union-attr] # it matches nothing, too
            self._at = at
            if at < len(self._text):
                return self._text[at]
            if self._is_end:
                raise _Cut
            self._more()

    def _skip(self) -> None:
        """Step behind the value at hand without building it, and without keeping what is behind."""
        char = self._text[self._at]
        if char not in '{["':
            self._skip_scalar()
            return
        depth = 0
        while True:
            char = self._text[self._at]
            if char == '"':
                self._at += 1
                self._skip_string()
            elif char in "{[":
                depth += 1
                self._at += 1
            elif char in "}]":
                depth -= 1
                self._at += 1
            if depth <= 0:
                return
            self._skip_inert()

    def _skip_inert(self) -> None:
        while True:
            self._at = _INERT.match(self._text, self._at).end()  # type: ignore[union-attr] # it matches nothing, too
            if self._at < len(self._text):
                return
            if self._is_end:
                raise _Cut
            self._more()

    def _skip_string(self) -> None:
        while True:
            self._at = _IN_STRING.match(self._text, self._at).end()  # type: ignore[union-attr] # same
            if self._at < len(self._text) and self._text[self._at] == '"':
                self._at += 1
                return
            if self._is_end:
                raise _Cut
            self._more()

    def _skip_scalar(self) -> None:
        while True:
            end = _SCALAR.match(self._text, self._at).end()  # type: ignore[union-attr] # same
            if end < len(self._text) or self._is_end:
                self._at = max(end, self._at + 1)
                return
            self._at = end
            self._more()

    def _more(self) -> None:
        """Read another block, or as much again as is pending, and forget what is behind."""
        pending = self._text[self._at :]
        try:
            raw = self._stream.read(max(BLOCK, len(pending)))
        except BROKEN:
            raw = b""  # an archive's member that is cut short or damaged ends here
        self._is_end = not raw
        text = self._decoder.decode(raw, final=self._is_end)
        self._is_suspect = ("\ufffd" in pending and self._is_suspect) or (
            "\ufffd" in text and text.count("\ufffd") > raw.count(self._mark)
        )
        self._text = pending + text
        self._at = 0
        self._position = self._consumed()


def _signature(item: dict[str, Any]) -> re.Pattern[str] | None:
    """Return a pattern of how an item begins: its first two keys, which no object inside it shares."""
    keys = [re.escape(json.dumps(key, ensure_ascii=False)) for key in list(item)[:2]]
    if not keys:
        return None
    return re.compile(r"(\{\s*" + r"\s*:[^{}\[\]]{0,2000}?,\s*".join(keys) + r"\s*:)")

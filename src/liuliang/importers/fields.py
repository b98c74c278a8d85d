"""What stands in the fields of exported JSON: text, instants, people; whatever type the exporter gave them."""

from __future__ import annotations

import codecs
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from liuliang.importers.records import Person

_DIRT = re.compile("[\0\ud800-\udfff]")
_BLOCK = 1 << 20
_OVERLAP = 4_096
_MANY = 100_000
_LONG_NAME = 200
_MILLISECONDS = 100_000_000_000
"""Epoch numbers from here on are milliseconds: as seconds they would lie beyond the year 5000."""
_LAST_SECOND = 253_402_300_799
_NOTHING: Mapping[str, Any] = MappingProxyType({})


def clean(text: str) -> str:
    """Return text composed (NFC), without NUL and lone surrogates, which a database cannot hold."""
    if text.isascii():
        return text.replace("\0", "") if "\0" in text else text
    if _DIRT.search(text):
        text = _DIRT.sub("", text)
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def text_of(value: object) -> str:
    """Return a field as text: numbers as written, null and containers as nothing."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    try:
        return str(value)
    except ValueError:  # Python refuses to print integers of more than 4,300 digits
        return ""


def mapping(value: object) -> Mapping[str, Any]:
    """Return a field as an object; an empty one when it is none."""
    return value if isinstance(value, dict) else _NOTHING


def sequence(value: object) -> list[Any]:
    """Return a field as an array; an empty one when it is none."""
    return value if isinstance(value, list) else []


def instant_of(value: object) -> datetime | None:
    """Return the UTC instant of an epoch in seconds or milliseconds, number or text; None when it is no such thing."""
    if isinstance(value, str):
        try:
            value = float(value) if "." in value else int(value[:30])
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        return None
    if value >= _MILLISECONDS:
        value = value / 1000 if value < _LAST_SECOND * 1000 else _LAST_SECOND + 1
    return datetime.fromtimestamp(value, UTC) if value <= _LAST_SECOND else None


def iso_instant(value: object) -> datetime | None:
    """Return the time of an ISO 8601 text: in UTC when it has an offset, else naive; None when there is no such time."""
    if not isinstance(value, str) or not 10 <= len(value) <= 40:
        return None
    try:
        at = datetime.fromisoformat(value)
        return at if at.tzinfo is None or at.tzinfo is UTC else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


class People:
    """The people of a file by account, so that the same person is one object; and the accounts by name.

    Args:
        kind: what their identities are called.
        accounts: the account of each name that only one person of the file has.
    """

    def __init__(self, kind: str, accounts: Mapping[str, str] = _NOTHING) -> None:
        self._kind = kind
        self._accounts = accounts
        self._people: dict[tuple[str, str], Person] = {}

    def of(self, account: str, name: str, *, is_bot: bool = False) -> Person:
        """Return whoever has an account; with neither account nor name, an empty person."""
        person = self._people.get((account, name))
        if person is None or person.is_bot is not is_bot:
            person = Person(clean(name), ((self._kind, clean(account)),) if account else (), is_bot)
            if len(name) <= _LONG_NAME:
                if len(self._people) > _MANY:
                    self._people.clear()
                self._people[account, name] = person
        return person

    def named(self, name: str) -> Person:
        """Return whoever a notice means by a name, with the account where the file tells it."""
        return self.of(self._accounts.get(name, ""), name)


def accounts_by_name(path: Path, encoding: str, pattern: re.Pattern[str]) -> dict[str, str]:
    """Return the account of every name in a JSON file, leaving out names that several accounts have.

    Notices ("A invited B") give names where messages give accounts, and stand before the messages of whom they name; so
    a source looks through the whole file first. The text is searched, which is several times as fast as decoding it.

    Args:
        path: the file.
        encoding: of the file.
        pattern: has the groups ``name`` and ``account``, contents of JSON strings that stand side by side.
    """
    found: dict[str, str] = {}
    for text in _overlapping(path, encoding):
        for match in set(pattern.findall(text)):
            name, account = match if pattern.groupindex["name"] == 1 else match[::-1]
            name = _unescaped(name)
            if len(found) < 5 * _MANY and found.setdefault(name, account) != account:
                found[name] = ""
    return {name: account for name, account in found.items() if account and name}


def first_match(path: Path, encoding: str, pattern: re.Pattern[str]) -> tuple[str, ...]:
    """Return the groups of the first place in a JSON file that fits, unescaped; nothing when there is none."""
    for text in _overlapping(path, encoding):
        if match := pattern.search(text):
            return tuple(_unescaped(group) for group in match.groups(""))
    return ()


def all_matches(path: Path, encoding: str, pattern: re.Pattern[str]) -> set[tuple[str, ...]]:
    """Return the distinct groups of every place in a JSON file that fits ``pattern`` of two or more groups, unescaped."""
    found: set[tuple[str, ...]] = set()
    for text in _overlapping(path, encoding):
        if len(found) < _MANY:
            found.update(pattern.findall(text))
    return {tuple(map(_unescaped, groups)) for groups in found}


def _overlapping(path: Path, encoding: str) -> Iterator[str]:
    """Yield the text of a file in pieces, each beginning with the end of the one before."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    text = ""
    with path.open("rb") as stream:
        while raw := stream.read(_BLOCK):
            text = text[-_OVERLAP:] + decoder.decode(raw)
            yield text


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return text

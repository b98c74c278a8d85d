"""Pieces of JSON written by hand: pretty-printed as the exporters do, and faster than the encoder with an indent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from json.encoder import encode_basestring as quote

__all__ = ["array", "quote"]


def array(items: Iterable[str], close: str) -> Iterator[str]:
    """Yield ``items`` with commas and newlines between them, then ``close`` on its own line."""
    between = "\n"
    for item in items:
        yield between + item
        between = ",\n"
    yield "\n" + close

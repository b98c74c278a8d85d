"""Names as people write them, made safe to store, and made findable."""

from __future__ import annotations

import re
import unicodedata

NAME_LIMIT = 200
"""Longest name kept, in code points; exports hold nicknames of ten thousand."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
# Marks that turn the writing direction: exporters put them around names, pranksters inside them.
_DIRECTION = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def clean_name(text: str) -> str:
    """Return ``text`` as one line in NFC, without control characters and direction marks, at most `NAME_LIMIT` long."""
    if len(text) <= NAME_LIMIT and text.isprintable():
        # Most names: neither control characters nor marks of any kind, which `isprintable` refuses.
        return unicodedata.normalize("NFC", text).strip()[:NAME_LIMIT].strip()
    line = _DIRECTION.sub("", _CONTROL.sub(" ", text[: NAME_LIMIT * 8]))
    line = unicodedata.normalize("NFC", line).strip()
    # A cut must not leave half of a joined emoji.
    return line if len(line) <= NAME_LIMIT else line[:NAME_LIMIT].rstrip("\u200d\ufe0f ")


def grams(text: str) -> list[str]:
    """Return the distinct characters and pairs of neighbouring characters of ``text``, without case and width.

    A search for any part of a name asks for all grams of that part. Single characters are among them because in
    Chinese one character is already a search.
    """
    folded = "".join(unicodedata.normalize("NFKC", text).casefold().split())
    return sorted(set(folded) | {folded[at : at + 2] for at in range(len(folded) - 1)})

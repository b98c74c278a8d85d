"""Text from people as the product keeps it."""

from __future__ import annotations

import unicodedata


def normal(text: str) -> str:
    """Return text in NFC, without control characters, on one line, trimmed."""
    kept = "".join(" " if letter.isspace() else letter for letter in unicodedata.normalize("NFC", text))
    return " ".join("".join(letter for letter in kept if unicodedata.category(letter) not in {"Cc", "Cs"}).split())


def normal_email(text: str) -> str:
    """Return an e-mail address as it is kept and compared: trimmed, NFKC, in lower case."""
    return unicodedata.normalize("NFKC", text).strip().lower()

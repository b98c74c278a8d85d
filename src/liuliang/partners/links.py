"""Addresses that partners' things lead to: where a code on a poster sends a phone, where training is read or watched."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from liuliang.kernel.errors import Refused

LONGEST = 500
"""Bytes: a code with more is too fine for a phone to read off a poster."""

_IS_ADDRESS = URLValidator(schemes=["http", "https"])


def checked_link(text: str) -> str:
    """Return an address of the web, or nothing for nothing.

    Raises:
        Refused: ``partner.link`` for what a phone would not open as a page.
    """
    text = text.strip()
    if not text:
        return ""
    try:
        _IS_ADDRESS(text)
    except ValidationError as error:
        raise Refused("partner.link", most=LONGEST) from error
    if len(text.encode()) > LONGEST:
        raise Refused("partner.link", most=LONGEST)
    return text

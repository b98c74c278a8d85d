"""What every template of the product may use."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from liuliang.ui import navigation
from liuliang.ui.words import WORDS


def shell(request: HttpRequest) -> dict[str, Any]:
    """Give templates the frame's contents; nothing is computed for a part of a page that does not draw the frame."""
    frame = navigation.installed()
    return {
        "shell": frame,
        "brand": SimpleLazyObject(lambda: str(frame.brand(request))),
        "sidebar": SimpleLazyObject(lambda: navigation.lines(request)),
        "has_bell": SimpleLazyObject(
            lambda: bool(frame.bell) and (not frame.bell_permission or frame.may(request, frame.bell_permission))
        ),
        "bell_count": SimpleLazyObject(lambda: frame.bell_count(request) if frame.bell_count else 0),
        "ui_words": lambda: {key: str(word) for key, word in WORDS.items()},
    }

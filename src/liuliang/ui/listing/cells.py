"""How values look in a cell: ``Column(…, show=cells.count)``. Each takes the value and returns text or safe HTML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from liuliang.ui import formats, sparklines
from liuliang.ui.templatetags import ui

Cell = str | SafeString | Promise

count = ui.count
money = ui.money
ago = ui.ago
instant = ui.instant
day = ui.day


def text(value: object) -> Cell:
    """Write a value as it is; nothing becomes a dash."""
    return "–" if value is None or value == "" else str(value)


def percent(value: float | None) -> Cell:
    """Write a ratio as a percentage."""
    return "–" if value is None else formats.percent(value)


def duration(value: float | None) -> Cell:
    """Write seconds in the unit that fits."""
    return "–" if value is None else formats.duration(value)


def yes(value: object) -> Cell:
    """Write a truth; a falsehood stays empty so that the truths can be seen."""
    return _("是") if value else ""


def person(value: str) -> Cell:
    """Write a name with its initials."""
    return format_html('<span class="named">{}<span>{}</span></span>', ui.face(value), value)


def spark(value: list[float | None] | None) -> Cell:
    """Draw a line of values."""
    return sparklines.sparkline(value or [], height=22)


def tags(value: list[str]) -> Cell:
    """Draw a few tags; more than three become a number."""
    shown = [ui.tag(one) for one in value[:3]]
    if len(value) > 3:
        shown.append(
            format_html('<span class="faint" title="{}">+{}</span>', formats.listed(value[3:]), len(value) - 3)
        )
    return format_html_join(" ", "{}", ((one,) for one in shown))


@dataclass(frozen=True, slots=True)
class state:  # noqa: N801 - written as the functions beside it are
    """Draw a state as a badge. ``names`` gives each value its words and its tone (act, good, bad, warn or nothing)."""

    names: Mapping[str, tuple[str | Promise, str]]

    def __call__(self, value: Any) -> Cell:
        """Draw a value."""
        words, tone = self.names.get(value, (value, ""))
        return ui.tag(words, tone)

    def words(self, value: Any) -> str:
        """Return what a value is called, as an export writes it."""
        return str(self.names.get(value, (value, ""))[0])

"""How the numbers of metrics stand in a workbook: as numbers that can be reckoned with, in the unit people count in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from liuliang.analytics.base import Style
from liuliang.ui.listing.export import room_of

_SCALE = {"money": 0.01}
_FORMATS: Mapping[Style, str] = {
    "money": "#,##0.00",
    "percent": "0.0%",
    "duration": '#,##0 "s"',
    "ratio": "#,##0.00",
    "mean": "#,##0.0",
    "count": "#,##0",
}


def number_formats(book: Any) -> Mapping[Style, Any]:
    """Return the format of a workbook for each style."""
    return {style: book.add_format({"num_format": told}) for style, told in _FORMATS.items()}


def number_of(style: Style, value: float) -> float:
    """Return a value as a cell holds it: money in yuan, durations in seconds, shares as fractions."""
    return value * _SCALE.get(style, 1)


def unit_of(style: Style, unit: str) -> str:
    """Return what a number of a style counts; ``unit`` is that of a plain number."""
    return {"money": _("元"), "percent": "%", "duration": _("秒")}.get(style, unit)


def widen(sheet: Any, at: int, values: Sequence[object]) -> None:
    """Make a column as wide as its title and what stands in it."""
    sheet.set_column(at, at, max(map(room_of, values)))

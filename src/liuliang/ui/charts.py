"""What a chart says, as plain data: its title, definition, labels and series. The script draws it, the table tells it.

One accent, then muted; told apart by colour-blind people (the colours differ in lightness and along blue and yellow, never
only along red and green); the same thing has the same colour everywhere, because colours belong to keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from django.utils.functional import Promise

from liuliang.ui import formats
from liuliang.ui.figures import Format, show

Kind = Literal["line", "area", "bar", "stacked", "heatmap", "ranking"]

ACCENT = "#1677ff"
# Muted companions in the order they are taken by series whose key has no colour of its own.
MUTED = ("#36b5b0", "#e8912d", "#7a6ff0", "#8a94a6", "#c2567a", "#2f6f8f", "#b0a130")
# A key that appears on many pages keeps its colour.
COLOURS = {
    "members": ACCENT,
    "messages": ACCENT,
    "value": ACCENT,
    "active": "#36b5b0",
    "speakers": "#36b5b0",
    "joined": ACCENT,
    "left": "#e8912d",
    "net": "#8a94a6",
    "gmv": "#7a6ff0",
    "orders": "#7a6ff0",
    "new": "#69b1ff",
    "core": "#0958d9",
    "silent": "#b6bcc6",
    "lost": "#e8912d",
    "before": "#b6bcc6",
    "other": "#b6bcc6",
    "expected": "#8a94a6",
    "threshold": "#8a94a6",
    "fired": "#cf1322",
}


@dataclass(frozen=True, slots=True)
class Series:
    """One line, set of bars, or row of a heat map.

    ``key`` decides the colour; None values are gaps. ``low`` and ``high`` are the interval of each value, drawn as a ground where
    ``is_banded``. ``is_points`` draws the values alone, without a line between them.
    """

    key: str
    name: str | Promise
    values: Sequence[float | None]
    format: Format = "count"
    low: Sequence[float | None] | None = None
    high: Sequence[float | None] | None = None
    is_dashed: bool = False
    is_banded: bool = False
    is_points: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A dashed upright at a label: an event worth seeing beside the numbers."""

    label: str | Promise
    at: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart.

    The title is a question or a claim; ``definition`` says how it is counted. ``labels`` are the categories (days, hours,
    names) and ``label_title`` heads their column in the table. A ``ranking`` is bars lying down, longest first, for what
    others would draw as a pie. Every value is in the unit of its series' format: money in minor units, durations in
    seconds, percentages as ratios. ``links`` (one a label) are where a click leads; ``actions`` are titles with addresses.
    """

    key: str
    title: str | Promise
    kind: Kind
    labels: Sequence[str]
    series: Sequence[Series]
    definition: str | Promise = ""
    label_title: str | Promise = ""
    unit: str | Promise = ""
    currency: str = "CNY"
    height: Literal["small", "normal", "tall"] = "normal"
    marks: Sequence[Mark] = ()
    links: Sequence[str] = ()
    actions: Sequence[tuple[str | Promise, str]] = field(default=())

    def __post_init__(self) -> None:
        """Refuse series that do not have one value for each label."""
        for series in self.series:
            for values in (series.values, series.low, series.high):
                if values is not None and len(values) != len(self.labels):
                    msg = f"series {series.key!r} of chart {self.key!r} has {len(values)} values for {len(self.labels)} labels"
                    raise ValueError(msg)

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing to draw."""
        return not any(value is not None for series in self.series for value in series.values)

    @property
    def description(self) -> dict[str, Any]:
        """Return what the script draws from."""
        colours = colours_for([series.key for series in self.series])
        return {
            "kind": self.kind,
            "labels": list(self.labels),
            "unit": str(self.unit),
            "currency": formats.symbol(self.currency),
            "marks": [{"label": str(mark.label), "at": mark.at} for mark in self.marks],
            "links": list(self.links),
            "series": [
                {
                    "name": str(series.name),
                    "values": list(series.values),
                    "format": series.format,
                    "colour": colours[series.key],
                    "low": list(series.low) if series.low is not None else None,
                    "high": list(series.high) if series.high is not None else None,
                    "is_dashed": series.is_dashed,
                    "is_banded": series.is_banded,
                    "is_points": series.is_points,
                }
                for series in self.series
            ],
        }

    @property
    def table(self) -> list[tuple[str, list[str]]]:
        """Return the rows of the table: a label and the exact value of each series."""
        return [
            (label, [show(series.values[at], series.format, self.currency, exact=True) for series in self.series])
            for at, label in enumerate(self.labels)
        ]


def colours_for(keys: Sequence[str]) -> dict[str, str]:
    """Give each key its colour: known keys their own, the first unknown one the accent, the rest muted ones not yet used."""
    chosen = {key: COLOURS[key] for key in keys if key in COLOURS}
    free = [colour for colour in (ACCENT, *MUTED) if colour not in chosen.values()]
    for key in keys:
        if key not in chosen:
            chosen[key] = free.pop(0) if free else MUTED[len(chosen) % len(MUTED)]
    return chosen

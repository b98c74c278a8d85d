"""People and the ties between them as a picture: plain data that the script draws and the table tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.functional import Promise

from liuliang.ui import formats


@dataclass(frozen=True, slots=True)
class Point:
    """Somebody in the picture: a place between -1 and 1, a size from 0 to 1, a group, and where a click leads.

    ``values`` are what the table says of them, one for each of the network's headings.
    """

    name: str
    x: float
    y: float
    size: float
    group: int
    values: Sequence[str]
    url: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """A column of the table."""

    name: str | Promise


@dataclass(frozen=True, slots=True)
class Network:
    """A picture of ties. ``groups`` are (title, colour), ``lines`` (place, place, weight); shown by the same card as charts."""

    key: str
    title: str | Promise
    points: Sequence[Point]
    lines: Sequence[tuple[int, int, int]]
    groups: Sequence[tuple[str | Promise, str]]
    series: Sequence[Heading]
    definition: str | Promise = ""
    label_title: str | Promise = ""
    unit: str | Promise = ""
    height: Literal["tall", "huge"] = "huge"
    actions: Sequence[tuple[str | Promise, str]] = ()

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nobody to draw."""
        return not self.points

    @property
    def description(self) -> dict[str, Any]:
        """Return what the script draws from."""
        most = max((weight for _one, _other, weight in self.lines), default=1)
        return {
            "kind": "network",
            "links": [point.url for point in self.points],
            "series": [],
            "groups": [{"name": str(title), "colour": colour} for title, colour in self.groups],
            "points": [
                {
                    "name": point.name,
                    "x": point.x,
                    "y": point.y,
                    "size": point.size,
                    "group": point.group,
                    "says": formats.listed(
                        f"{head.name} {value}" for head, value in zip(self.series, point.values, strict=True)
                    ),
                }
                for point in self.points
            ],
            "lines": [[one, other, weight / most] for one, other, weight in self.lines],
        }

    @property
    def table(self) -> list[tuple[str, list[str]]]:
        """Return the rows of the table: a name and what is said of them."""
        return [(point.name, list(point.values)) for point in self.points]

"""Flows between steps as an SVG: columns of nodes, and bands as thick as the people who went that way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from liuliang.analytics.paths import END, OTHER, Link, Node, Paths
from liuliang.ui import formats

HEIGHT = 320.0
COLUMN = 168.0
NODE = 10.0
GAP = 22.0
TOP = 18.0


@dataclass(frozen=True, slots=True)
class Box:
    """A node as it is drawn; ``label`` stands beside it, ``hint`` says all of it."""

    x: float
    y: float
    height: float
    css: str
    label: str
    number: str
    hint: str


@dataclass(frozen=True, slots=True)
class Band:
    """A link as it is drawn: an SVG path."""

    path: str
    css: str
    hint: str


@dataclass(frozen=True, slots=True)
class Picture:
    """The whole drawing, in units of its own view box."""

    width: float
    height: float
    boxes: Sequence[Box]
    bands: Sequence[Band]


def picture(found: Paths, words: Callable[[str], str], *, is_backward: bool = False) -> Picture | None:
    """Draw the flows, left to right in time; nothing when nobody is there.

    Looking backward the origin stands at the right, and what came before it to the left.
    """
    if not found.people:
        return None
    columns: defaultdict[int, list[Node]] = defaultdict(list)
    for node in found.nodes:
        columns[node.step].append(node)
    last = max(columns)
    scale = HEIGHT / found.people
    places: dict[tuple[int, str], Box] = {}
    for step, nodes in columns.items():
        x = (last - step if is_backward else step) * COLUMN
        y = TOP
        for node in sorted(nodes, key=_order):
            height = max(node.people * scale, 1.5)
            title, number = words(node.kind), formats.count(node.people)
            hint = f"{title} {formats.exact(node.people)} · {formats.percent(node.people / found.people)}"
            places[step, node.kind] = Box(x, y, height, _css(node.kind), title, number, hint)
            y += height + GAP
    bands = _bands(found.links, places, scale, words, is_backward=is_backward)
    bottom = max(box.y + box.height for box in places.values())
    return Picture((last + 1) * COLUMN, bottom + NODE, list(places.values()), bands)


def _bands(
    links: Sequence[Link],
    places: dict[tuple[int, str], Box],
    scale: float,
    words: Callable[[str], str],
    *,
    is_backward: bool,
) -> list[Band]:
    left: defaultdict[tuple[int, str], float] = defaultdict(float)
    arrived: defaultdict[tuple[int, str], float] = defaultdict(float)
    bands: list[Band] = []
    for link in sorted(
        links, key=lambda each: (each.step, places[each.step, each.source].y, places[each.step + 1, each.target].y)
    ):
        source, target = (link.step, link.source), (link.step + 1, link.target)
        thick = max(link.people * scale, 0.75)
        y0, y1 = places[source].y + left[source], places[target].y + arrived[target]
        left[source] += thick
        arrived[target] += thick
        x0, x1 = places[source].x, places[target].x
        if is_backward:
            x0, y0, x1, y1 = x1, y1, x0, y0
        hint = f"{words(link.source)} → {words(link.target)} {formats.exact(link.people)}"
        bands.append(Band(_curve(x0 + NODE, y0, x1, y1, thick), _css(link.target), hint))
    return bands


def _curve(x0: float, y0: float, x1: float, y1: float, thick: float) -> str:
    middle = (x0 + x1) / 2
    return (
        f"M{x0:.1f},{y0:.1f}C{middle:.1f},{y0:.1f} {middle:.1f},{y1:.1f} {x1:.1f},{y1:.1f}"
        f"V{y1 + thick:.1f}C{middle:.1f},{y1 + thick:.1f} {middle:.1f},{y0 + thick:.1f} {x0:.1f},{y0 + thick:.1f}Z"
    )


def _order(node: Node) -> tuple[int, int, str]:
    return {END: 2, OTHER: 1}.get(node.kind, 0), -node.people, node.kind


def _css(kind: str) -> str:
    return {END: "is-end", OTHER: "is-other"}.get(kind, "is-kind")

"""From what analytics found to what the parts of a page draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from liuliang.analytics.definitions import Definition
from liuliang.analytics.noise import Comparison
from liuliang.analytics.overview import Totals
from liuliang.analytics.traffic import JOINED, KEPT
from liuliang.ui.figures import Change, Figure, Format


def change_of(
    comparison: Comparison | None, definition: Definition, *, versus: str = "", in_points: bool = False
) -> Change | None:
    """Return a comparison as a change with its interval; nothing where there is nothing to divide by."""
    if comparison is None:
        return None
    if in_points:
        return Change(comparison.difference, comparison.low, comparison.high, versus, definition.good, in_points=True)
    if not comparison.before:
        return None
    base = abs(comparison.before)
    return Change(comparison.difference / base, comparison.low / base, comparison.high / base, versus, definition.good)


def figure_of(
    definition: Definition,
    value: float | None,
    style: Format = "count",
    *,
    change: Change | None = None,
    trend: Sequence[float | None] = (),
    href: str = "",
) -> Figure:
    """Return a figure with the words of its definition."""
    unit = "" if style in {"percent", "money", "duration"} else definition.unit
    return Figure(
        definition.title, value, style, unit=unit, change=change, trend=trend, definition=definition.counted, href=href
    )


def kept_context(totals: Totals, versus: str) -> Mapping[str, object]:
    """Return what ``console/kept.html`` draws: traffic less what evaporated is what was kept."""
    return {
        "flow": totals.flows.now,
        "kept": KEPT,
        "joined_change": change_of(totals.changes.get("joined"), JOINED),
        "kept_change": change_of(totals.changes.get("kept"), KEPT, versus=versus, in_points=True),
    }

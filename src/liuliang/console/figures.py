"""From what analytics found to what the parts of a page draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from liuliang.analytics import noise
from liuliang.analytics.base import SMALL
from liuliang.analytics.definitions import Definition
from liuliang.analytics.noise import Comparison
from liuliang.analytics.overview import Totals
from liuliang.analytics.traffic import JOINED, KEPT
from liuliang.ui import formats
from liuliang.ui.figures import Change, Figure, Format


def change_of(
    comparison: Comparison | None, definition: Definition, *, versus: str = "", in_points: bool = False
) -> Change | None:
    """Return a comparison as a change with its interval; nothing where there is nothing to divide by."""
    if comparison is None:
        return None
    if not in_points and not comparison.before:
        return None
    base = 1.0 if in_points else abs(comparison.before)
    ratio, low, high, usual = (
        each / base for each in (comparison.difference, comparison.low, comparison.high, comparison.usual)
    )
    return Change(ratio, low, high, versus, definition.good, in_points, usual, comparison.is_believed)


def figure_of(
    definition: Definition,
    value: float | None,
    style: Format = "count",
    *,
    change: Change | None = None,
    trend: Sequence[float | None] = (),
    href: str = "",
    share: tuple[int, int] | None = None,
) -> Figure:
    """Return a figure with the words of its definition; of a ``share`` (how many, of how many) with its 95% interval."""
    unit = "" if style in {"percent", "money", "duration"} else definition.unit
    return Figure(
        definition.title, value, style, unit=unit, change=change, trend=trend, definition=definition.counted, href=href,
        interval=share_interval(*share) if share else "", is_small=share is not None and is_small(share[1]),
    )  # fmt: skip


def share_interval(count: int, of: int) -> str:
    """Write the 95% interval of a share of people (Wilson); empty for a share of nothing."""
    found = noise.wilson(count, of)
    return "" if found is None else f"{formats.percent(found[0])} ~ {formats.percent(found[1])}"


def is_small(of: int) -> bool:
    """Tell whether a share is of so few that it is marked; a share of nothing is a dash already."""
    return 0 < of < SMALL


def kept_context(totals: Totals, versus: str) -> Mapping[str, object]:
    """Return what ``console/kept.html`` draws: traffic less what evaporated is what was kept."""
    return {
        "flow": totals.flows.now,
        "kept": KEPT,
        "interval": share_interval(totals.kept, totals.joined),
        "is_small": is_small(totals.joined),
        "joined_change": change_of(totals.changes.get("joined"), JOINED),
        "kept_change": change_of(totals.changes.get("kept"), KEPT, versus=versus, in_points=True),
    }

"""Small pictures drawn by the server as SVG: no script, no inline style."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import format_html
from django.utils.safestring import SafeString

_PADDING = 3.0


def sparkline(values: Sequence[float | None], *, width: int = 96, height: int = 28, label: str = "") -> SafeString:
    """Draw a line of values with a soft ground and a dot at the end; a None is a gap.

    The line starts from zero when all values are of one sign, so that a picture does not make noise look like a trend.
    """
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return format_html('<svg class="spark" width="{}" height="{}" aria-hidden="true"></svg>', width, height)
    low, high = min(0.0, *known), max(0.0, *known)
    span = (high - low) or 1.0
    step = (width - 2 * _PADDING) / (len(values) - 1)

    def place(index: int, value: float) -> str:
        x = _PADDING + index * step
        y = _PADDING + (height - 2 * _PADDING) * (1 - (value - low) / span)
        return f"{x:.1f} {y:.1f}"

    floor = place(0, 0.0).split()[1]
    lines, grounds = [], []
    for run in _runs(values):
        points = [place(index, value) for index, value in run]
        lines.append("M" + "L".join(points))
        if len(points) > 1:
            first, last = points[0].split()[0], points[-1].split()[0]
            grounds.append(f"M{first} {floor}L{'L'.join(points)}L{last} {floor}Z")
    final_index, final_value = max((i, v) for i, v in enumerate(values) if v is not None)
    end_x, end_y = place(final_index, final_value).split()
    return format_html(
        '<svg class="spark" width="{}" height="{}" viewBox="0 0 {} {}" {}>'
        '<path class="spark-ground" d="{}"/><path class="spark-line" d="{}"/>'
        '<circle class="spark-end" cx="{}" cy="{}" r="2"/></svg>',
        width,
        height,
        width,
        height,
        format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"'),
        "".join(grounds),
        "".join(lines),
        end_x,
        end_y,
    )


def _runs(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    """Split values into runs without gaps, each with its positions."""
    runs: list[list[tuple[int, float]]] = [[]]
    for index, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((index, value))
    return [run for run in runs if run]

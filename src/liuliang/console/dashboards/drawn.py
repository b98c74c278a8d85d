"""What is drawn of a card: a figure, a chart or a table, with its definition, its query, its people, and its lines in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from liuliang.analytics.base import Style
from liuliang.console.analysis.metrics import Behind
from liuliang.ui import formats
from liuliang.ui.charts import Chart
from liuliang.ui.figures import Figure


@dataclass(frozen=True, slots=True)
class Line:
    """A number in the file of a dashboard: of which part, in the units of its style."""

    part: str
    value: float | None
    style: Style = "count"
    low: float | None = None
    high: float | None = None
    before: float | None = None


def doubts(interval: tuple[float, float] | None, *, is_small: bool) -> list[str]:
    """Return what a note says of how far a share can be relied on: its 95% interval, and that it is of very few."""
    told = []
    if interval is not None:
        low, high = map(formats.percent, interval)
        told.append(_("95% 区间 {interval}").format(interval=f"{low} ~ {high}"))
    return [*told, _("小样本")] if is_small else told


@dataclass(frozen=True, slots=True)
class Drawn:
    """A card as one reader sees it.

    One of ``figure``, ``chart`` and ``part`` (a template, with ``context``) is drawn; ``note`` stands below. ``url`` is the
    page that asks the same, ``behind`` the lists of the people counted.
    """

    title: str
    counted: str
    url: str = ""
    behind: Sequence[Behind] = ()
    sqls: Sequence[str] = ()
    figure: Figure | None = None
    chart: Chart | None = None
    part: str = ""
    context: Mapping[str, object] = field(default_factory=dict)
    note: str = ""
    unit: str = ""
    lines: Sequence[Line] = ()

"""健康度: every group by its health, the dying ones marked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from liuliang.accounts.permissions import ANALYTICS_EDIT, ANALYTICS_VIEW
from liuliang.analytics import noise
from liuliang.analytics.checkups import Checkup, Looked, trend
from liuliang.analytics.health import HEALTH, Health, compare, lifts
from liuliang.analytics.lifecycle import LIFECYCLE, STAGES
from liuliang.analytics.noise import Comparison
from liuliang.analytics.signals import window
from liuliang.console.doors import StaffRequest, page
from liuliang.console.health.ground import Place, Seen, see
from liuliang.console.health.words import GRADES, stage_title, step_words
from liuliang.people.communities import TYPES
from liuliang.ui.figures import Change
from liuliang.ui.listing import (
    Choice,
    Column,
    Cursor,
    Empty,
    Listing,
    ListSource,
    Option,
    Order,
    Slice,
    Source,
    Text,
    cells,
)
from liuliang.ui.sparklines import sparkline
from liuliang.ui.templatetags import ui

WEEKS = 9
"""Ends of weeks in the small picture: the ninth from the end is two windows before the last."""

A_WINDOW = 4
"""Weeks between two scores that share no day."""


@dataclass(frozen=True, slots=True)
class Line:
    """A group in the list. ``trend`` and ``change`` are filled for the lines of the page that is shown."""

    id: int
    public_id: str
    name: str
    type: str
    stage: str
    is_chosen: bool
    health: Health
    lift: str
    last_spoke_at: datetime | None
    trend: tuple[float | None, ...] = ()
    change: Comparison | None = None

    @property
    def score(self) -> float | None:
        """Return the score, as it is shown."""
        return None if self.health.score is None else round(self.health.score, 1)

    @property
    def stage_place(self) -> int:
        """Return where the stage stands in a life."""
        return list(STAGES).index(self.stage) if self.stage in STAGES else len(STAGES)

    @property
    def stage_words(self) -> str:
        """Return what the stage is called."""
        return stage_title(self.stage)

    @property
    def grade_words(self) -> str:
        """Return what the grade is called."""
        return str(GRADES[self.health.grade][0])

    @property
    def members(self) -> int:
        """Return how many were in the group when the window ended."""
        return self.health.members

    @property
    def speakers(self) -> int:
        """Return how many spoke."""
        return self.health.signals.spoke


class LinesWithTrends(ListSource):
    """Lines in memory; those of a page get their trends with one question to the lake."""

    def __init__(self, lines: Sequence[Line], looked: Looked) -> None:
        super().__init__(lines)
        self._looked = looked

    def page(self, order: Order, cursor: Cursor | None, size: int) -> Slice:
        """Return the page at the cursor."""
        found = super().page(order, cursor, size)
        if not found.rows:
            return found
        trends = trend(self._looked, [line.id for line in found.rows], WEEKS)
        changes = [compare(trends[line.id][-1], trends[line.id][-1 - A_WINDOW]) for line in found.rows]
        # Of many that are looked at, some leave their interval by chance alone.
        believed = noise.discoveries([each.surprise if each is not None else 1.0 for each in changes])
        rows = [
            replace(
                line,
                trend=tuple(each.score for each in trends[line.id]),
                change=change
                if is_real or change is None
                else replace(change, low=min(change.low, 0.0), high=max(change.high, 0.0)),
            )
            for line, change, is_real in zip(found.rows, changes, believed, strict=True)
        ]
        return replace(found, rows=rows)


def health_url(public_id: str) -> str:
    """Return where a group's health is."""
    return reverse("console:community-health", args=[public_id])


def change_of(comparison: Comparison | None) -> Change | None:
    """Return a difference of scores as it is drawn, in points."""
    if comparison is None:
        return None
    return Change(comparison.difference, comparison.low, comparison.high, is_believed=comparison.is_believed)


def _stage(line: Line) -> cells.Cell:
    tone = "warn" if line.stage == "dying" else ""
    by_hand = format_html(' <span class="faint">{}</span>', _now("手动")) if line.is_chosen else ""
    return format_html("{}{}", ui.tag(line.stage_words, tone), by_hand)


def score_cell(line: Line) -> cells.Cell:
    """Draw a score with its interval."""
    found = line.health
    if found.score is None:
        return "–"
    tone = {"good": "good", "poor": "bad"}.get(found.grade, "")
    return format_html(
        '<strong class="score {}">{}</strong> <span class="faint">{}–{}</span>',
        tone, round(found.score), round(found.low), round(found.high),
    )  # fmt: skip


def _change(line: Line) -> cells.Cell:
    change = change_of(line.change)
    if change is None:
        return "–"
    words = _now("95% 的把握在 {low} ~ {high} 分之间").format(low=f"{change.low:+.0f}", high=f"{change.high:+.0f}")
    points = round(change.ratio)
    return format_html(
        '<span class="change {}" title="{}">{}</span>', change.tone, words, f"{points:+d}" if points else "0"
    )


def _trend(line: Line) -> cells.Cell:
    return sparkline(line.trend, width=88, height=24, label=_now("每周的健康度"))


COLUMNS = (
    Column("name", _("社群"), sort="name", is_fixed=True, space="clipped"),
    Column("stage", _("阶段"), value="stage_words", cell=_stage, sort="stage_place", hint=LIFECYCLE.counted),
    Column("score", HEALTH.title, cell=score_cell, sort="score", align="end", hint=HEALTH.counted),
    Column("low", _("95% 区间下限"), value=lambda line: round(line.health.low, 1), is_default=False, align="end"),
    Column("high", _("95% 区间上限"), value=lambda line: round(line.health.high, 1), is_default=False, align="end"),
    Column(
        "change", _("比 28 天前"), cell=_change, align="end", is_exported=False,
        hint=_("只有超出偶然的变化才上色；一页里一起看的群多，按 Benjamini–Hochberg 控制。"),
    ),
    Column("trend", _("近 9 周"), cell=_trend, is_exported=False),
    Column("lift", _("最值得做的一件事"), space="wrapping"),
    Column("members", _("群成员"), show=cells.count, sort="members", align="end"),
    Column("speakers", _("28 天说话的人"), show=cells.count, sort="speakers", align="end"),
    Column("last_spoke_at", _("最近说话"), show=cells.ago, sort="last_spoke_at", align="end"),
)  # fmt: skip

LISTING = Listing(
    key="health",
    title=pgettext_lazy("several", "社群"),
    columns=COLUMNS,
    filters=(
        Text("q", _("搜索社群")),
        Choice("stage", _("阶段"), options=[Option(key, words[0]) for key, words in STAGES.items()], is_primary=True),
        Choice("grade", _("健康"), options=[Option(key, words[0]) for key, words in GRADES.items()], is_primary=True),
        Choice("type", _("类型"), options=[Option(one.key, _(one.title)) for one in TYPES.values()]),
    ),
    default_sort="score",
    tie_breaker="id",
    key_field="public_id",
    row_url=lambda line: health_url(line.public_id),
    export_name=_("社群健康度"),
    export_permission=ANALYTICS_VIEW,
    empty=Empty(_("没有社群"), _("有了社群，它们会按健康度列在这里。")),
)


@page(permission=ANALYTICS_VIEW)
def listing(request: StaffRequest) -> HttpResponseBase:
    """List every group by its health."""
    seen = see(request.access)
    if seen.looked is None:
        return render(request, "console/analysis/empty.html", {"title": HEALTH.title})
    lines = lines_of(seen)
    context = {
        "period": window(seen.looked.last),
        "grades": _shares(Counter(line.health.grade for line in lines)),
        "dying": sum(line.stage == "dying" for line in lines),
        "total": len(lines),
        "health": HEALTH,
        "lifecycle": LIFECYCLE,
        "may_weigh": request.access.may_everywhere(ANALYTICS_EDIT),
    }
    return LISTING.respond(request, _rows(lines, seen.looked), template="console/health/list.html", context=context)


def lines_of(seen: Seen) -> list[Line]:
    """Return the lines of all groups."""
    peers = seen.peers
    return [_line(seen.places[community], found, peers) for community, found in seen.found.items()]


def _line(place: Place, found: Checkup, peers: Sequence[Health]) -> Line:
    best = next((lift for lift in lifts(found.health, peers) if not lift.is_small), None)
    return Line(
        place.id, place.public_id, place.name, place.type, found.stage, found.chosen is not None, found.health,
        step_words(best) if best is not None else "", found.last_spoke_at,
    )  # fmt: skip


def _rows(lines: Sequence[Line], looked: Looked) -> Callable[[Mapping[str, Any]], Source]:
    def rows(values: Mapping[str, Any]) -> Source:
        wanted = str(values.get("q", "")).casefold()
        kept = [
            line
            for line in lines
            if wanted in line.name.casefold()
            and values.get("stage", line.stage) == line.stage
            and values.get("grade", line.health.grade) == line.health.grade
            and values.get("type", line.type) == line.type
        ]
        return LinesWithTrends(kept, looked)

    return rows


def _shares(counted: Counter[str]) -> list[tuple[str, str, int]]:
    return [(key, str(words), counted[key]) for key, (words, _tone) in GRADES.items()]

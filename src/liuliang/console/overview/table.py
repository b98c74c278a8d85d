"""The table of communities: one line each, sorted by any figure, with the picture of its messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from liuliang.accounts.permissions import ANALYTICS_VIEW
from liuliang.analytics import orders, traffic
from liuliang.analytics import overview as matrix
from liuliang.analytics.attention import messages_by_day
from liuliang.analytics.overview import CommunityFigures
from liuliang.analytics.periods import Period
from liuliang.analytics.presence import MEMBERS
from liuliang.analytics.scopes import Scope
from liuliang.console.figures import is_small, share_interval
from liuliang.console.overview.data import Place, Seen
from liuliang.ui import formats
from liuliang.ui.listing import Column, Cursor, Empty, Listing, ListSource, Order, Slice, Source, Text, cells
from liuliang.ui.sparklines import sparkline
from liuliang.ui.templatetags.ui import tag


@dataclass(frozen=True, slots=True)
class Line:
    """A community in the table. ``by_day`` is filled for the lines of the page that is shown."""

    id: int
    public_id: str
    name: str
    is_archived: bool
    members: int
    joined: int
    left: int
    kept: int
    kept_share: float | None
    speakers: int
    spoke: int
    rate: float | None
    messages: int
    gmv: int | None
    last_spoke_at: datetime | None
    by_day: tuple[int, ...] = ()


class LinesWithPictures(ListSource):
    """Lines in memory; those of a page get their messages by day with one question to the lake."""

    def __init__(self, lines: Sequence[Line], scope: Scope, period: Period) -> None:
        super().__init__(lines)
        self._scope = scope
        self._period = period

    def page(self, order: Order, cursor: Cursor | None, size: int) -> Slice:
        """Return the page at the cursor."""
        found = super().page(order, cursor, size)
        if not found.rows:
            return found
        pictures = messages_by_day(self._scope.only(line.id for line in found.rows), self._period)
        quiet = (0,) * len(self._period)
        return replace(found, rows=[replace(line, by_day=pictures.get(line.id, quiet)) for line in found.rows])


def community_url(public_id: str, query: str = "") -> str:
    """Return where a community's page is."""
    return reverse("console:community", args=[public_id]) + (f"?{query}" if query else "")


def _name(line: Line) -> cells.Cell:
    if not line.is_archived:
        return line.name
    return format_html("{} {}", line.name, tag(_("已归档")))


def _picture(line: Line) -> cells.Cell:
    return sparkline(line.by_day, width=88, height=24, label=_("每天的消息数"))


def _share(value: float | None, count: int, of: int) -> cells.Cell:
    """Write a share with its 95% interval at hand, and marked where it is of very few."""
    if value is None:
        return cells.percent(value)
    interval = _("95% 区间 {interval}").format(interval=share_interval(count, of))
    shown = format_html('<span title="{}">{}</span>', interval, cells.percent(value))
    return format_html("{} {}", tag(_("小样本"), "warn"), shown) if is_small(of) else shown


COLUMNS = (
    Column("name", gettext_lazy("社群"), sort="name", cell=_name, is_fixed=True, space="clipped"),
    Column("by_day", gettext_lazy("每天的消息"), cell=_picture, is_exported=False),
    Column("members", MEMBERS.title, sort="members", show=cells.count, align="end", hint=MEMBERS.counted),
    Column("joined", traffic.JOINED.title, sort="joined", show=cells.count, align="end", hint=traffic.JOINED.counted),
    Column("left", traffic.LEFT.title, sort="left", show=cells.count, align="end", hint=traffic.LEFT.counted),
    Column(
        "kept_share",
        gettext_lazy("留存率"),
        sort="kept_share",
        cell=lambda line: _share(line.kept_share, line.kept, line.joined),
        align="end",
        hint=traffic.KEPT.counted,
    ),
    Column(
        "speakers",
        traffic.SPEAKERS.title,
        sort="speakers",
        show=cells.count,
        align="end",
        hint=traffic.SPEAKERS.counted,
    ),
    Column(
        "rate",
        matrix.RATE.title,
        sort="rate",
        cell=lambda line: _share(line.rate, line.spoke, line.members),
        align="end",
        hint=matrix.RATE.counted,
    ),
    Column(
        "messages",
        traffic.MESSAGES.title,
        sort="messages",
        show=cells.count,
        align="end",
        hint=traffic.MESSAGES.counted,
    ),
    Column(
        "gmv",
        orders.GMV.title,
        value=lambda line: None if line.gmv is None else formats.major(line.gmv),
        cell=lambda line: cells.money(line.gmv),
        sort="gmv",
        align="end",
        hint=orders.OF_MEMBERS.counted,
    ),
    Column("last_spoke_at", gettext_lazy("最近说话"), sort="last_spoke_at", show=cells.ago, align="end"),
)


def table_for(seen: Seen) -> Listing:
    """Return the list; without the column of money for those who may not see orders."""
    return Listing(
        key="overview",
        title=pgettext_lazy("several", "社群"),
        columns=[column for column in COLUMNS if seen.buying is not None or column.key != "gmv"],
        filters=(Text("q", gettext_lazy("搜索社群"), fields=("name",)),),
        default_sort="-messages",
        tie_breaker="id",
        key_field="public_id",
        row_url=lambda line: community_url(line.public_id, seen.choice.query),
        export_name=gettext_lazy("社群总览"),
        export_permission=ANALYTICS_VIEW,
        empty=Empty(gettext_lazy("没有社群"), gettext_lazy("有了社群，它们会列在这里。")),
    )


def lines_of(seen: Seen) -> Callable[[Mapping[str, Any]], Source]:
    """Return what gives the list its rows for the values of its filters."""

    def rows(values: Mapping[str, Any]) -> Source:
        wanted = str(values.get("q", "")).casefold()
        found = seen.overview.communities if seen.overview is not None else ()
        paid = (
            orders.paid_by_community(seen.buying, seen.choice.period, seen.timezone) if seen.buying is not None else {}
        )
        may_see_orders = frozenset(seen.buying.communities) if seen.buying is not None else frozenset[int]()
        lines = [
            _line(
                seen.places[each.community],
                each,
                paid.get(each.community, 0) if each.community in may_see_orders else None,
            )
            for each in found
            if wanted in seen.places[each.community].name.casefold()
        ]
        return LinesWithPictures(lines, seen.scope, seen.choice.period)

    return rows


def _line(place: Place, figures: CommunityFigures, gmv: int | None) -> Line:
    return Line(
        id=place.id,
        public_id=place.public_id,
        name=place.name,
        is_archived=place.is_archived,
        members=figures.members,
        joined=figures.flows.now.joined,
        left=figures.flows.now.left,
        kept=figures.flows.now.kept,
        kept_share=figures.flows.now.kept_share,
        speakers=figures.talk.speakers,
        spoke=min(figures.talk.speakers, figures.members),
        rate=figures.rate,
        messages=figures.talk.messages,
        gmv=gmv,
        last_spoke_at=figures.last_spoke_at,
    )

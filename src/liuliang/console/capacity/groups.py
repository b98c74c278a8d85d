"""The running groups with who is in charge of each, and what it takes; those that nobody is in charge of among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import ANALYTICS_VIEW
from liuliang.analytics.workload import WORKLOAD, Asking, Workload
from liuliang.console.capacity.ground import Seen, see, work_of
from liuliang.console.capacity.listing import per_day
from liuliang.console.capacity.words import IN_CHARGE
from liuliang.console.doors import StaffRequest, page
from liuliang.people.charge import standings
from liuliang.ui.listing import Choice, Column, Empty, Listing, ListSource, Option, Source, Text, cells
from liuliang.ui.templatetags import ui

NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Line:
    """A group in the list. Messages and questions are those of a day; None where nothing is known."""

    id: int
    public_id: str
    name: str
    staff: frozenset[int]
    charge: list[str]
    members: int
    messages: float | None
    questions: float | None
    asking: Asking

    @property
    def hands(self) -> int:
        """Return how many are in charge."""
        return len(self.staff)

    @property
    def members_each(self) -> float | None:
        """Return for how many members there is one person in charge."""
        return self.members / len(self.staff) if self.staff else None

    @property
    def unanswered(self) -> float | None:
        """Return the share of questions that nobody answered."""
        return self.asking.share

    @property
    def median(self) -> float | None:
        """Return how long the others waited."""
        return self.asking.median


def _charge(line: Line) -> cells.Cell:
    return cells.tags(line.charge) if line.charge else format_html("{}", ui.tag(_now("没人负责"), "warn"))


GROUPS = Listing(
    key="capacity-groups",
    title=_("各群的人手"),
    columns=(
        Column("name", _("社群"), sort="name", is_fixed=True, space="clipped"),
        Column("charge", _("负责人"), cell=_charge, sort="hands", hint=IN_CHARGE),
        Column("members", _("群成员"), show=cells.count, sort="members", align="end"),
        Column("members_each", _("每位负责人对多少成员"), show=per_day, sort="members_each", align="end"),
        Column("messages", _("每天消息"), show=per_day, sort="messages", align="end", hint=WORKLOAD.counted),
        Column("questions", _("每天提问"), show=per_day, sort="questions", align="end"),
        Column("unanswered", _("一天内没人答"), show=cells.percent, sort="unanswered", align="end"),
        Column("median", _("响应时间（中位数）"), show=cells.duration, sort="median", align="end"),
    ),
    filters=(Text("q", _("搜索社群")),),
    default_sort="charge",
    tie_breaker="id",
    key_field="public_id",
    row_url=lambda line: reverse("console:community", args=[line.public_id]),
    export_name=_("各群的人手"),
    export_permission=ANALYTICS_VIEW,
    empty=Empty(_("没有在运营的群"), _("有了群，这里会说每个群由谁负责、每天有多少事。")),
)  # fmt: skip


@page(permission=ANALYTICS_VIEW)
def groups(request: StaffRequest) -> HttpResponseBase:
    """List the running groups with who is in charge of them."""
    seen = see(request.access, ANALYTICS_VIEW)
    people = [Option(str(each.staff), each.name) for each in standings(seen.charge)]
    by_person = Choice("charge", _("负责人"), options=[Option(NOBODY, _("没人负责")), *people], is_primary=True)
    listing = replace(GROUPS, filters=(*GROUPS.filters, by_person))
    work = work_of(seen)
    context = {"period": work.period if work is not None else None}
    rows = partial(_rows, lines_of(seen, work))
    return listing.respond(request, rows, template="console/capacity/groups.html", context=context)


def lines_of(seen: Seen, work: Workload | None) -> list[Line]:
    """Return every running group."""
    return [
        _line(seen, group, sorted(staff, key=lambda each: seen.charge.names[each]), work)
        for group, staff in seen.charge.of_group.items()
    ]


def _line(seen: Seen, group: int, staff: Sequence[int], work: Workload | None) -> Line:
    place = seen.groups[group]
    asking = work.by_group.get(group, Asking()) if work is not None else Asking()
    return Line(
        place.id, place.public_id, place.name, frozenset(staff), [seen.charge.names[each] for each in staff],
        seen.charge.members.get(group, 0),
        work.messages.get(group, 0) / work.days if work is not None else None,
        asking.questions / work.days if work is not None else None,
        asking,
    )  # fmt: skip


def _rows(lines: Sequence[Line], values: Mapping[str, Any]) -> Source:
    wanted, charge = str(values.get("q", "")).casefold(), values.get("charge", "")
    return ListSource([line for line in lines if wanted in line.name.casefold() and _is_of(line, charge)])


def _is_of(line: Line, charge: str) -> bool:
    if charge == NOBODY:
        return not line.staff
    return not charge or int(charge) in line.staff

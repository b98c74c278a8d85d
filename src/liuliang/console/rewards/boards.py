"""榜单: who earned or did most in a period and a place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from liuliang.accounts.permissions import MEMBERS_EXPORT, MEMBERS_VIEW, ORDERS_VIEW, POINTS_VIEW
from liuliang.console.doors import StaffRequest, page
from liuliang.console.members.listing import member_url, shown_name
from liuliang.console.rewards.honour import honour_tabs
from liuliang.kernel import clock
from liuliang.loyalty.behaviours import behaviours
from liuliang.loyalty.boards import points_board, span_of, times_board
from liuliang.loyalty.honour import below
from liuliang.loyalty.queries import Ranked
from liuliang.loyalty.validity import today
from liuliang.people.access import Access
from liuliang.people.models import Community, Member
from liuliang.ui.listing import Column, Empty, Listing, ListSource, cells

POINTS = "points"
LIMIT = 100

PERIODS: dict[str, str | Promise] = {
    "week": _("本周"),
    "month": _("本月"),
    "quarter": _("本季度"),
    "year": _("今年"),
    "all": _("累计"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a board."""

    place: int
    member: Member
    name: str
    amount: int
    number: int


BOARD = Listing(
    key="board",
    title=_("榜单"),
    columns=(
        Column("place", _("名次"), value="place", sort="number", is_fixed=True),
        Column("member", pgettext_lazy("one", "成员"), value="name", show=cells.person, is_fixed=True),
        Column("amount", _("数量"), value="amount", show=cells.count, align="end"),
    ),
    default_sort="place",
    tie_breaker="number",
    key_field="number",
    row_url=lambda line: member_url(line.member),
    export_name=_("榜单"),
    export_permission=MEMBERS_EXPORT,
    empty=Empty(_("这个榜上还没有人"), _("换一个更长的时间，或者换一个社群看看。")),
)


def measures_for(access: Access, community: Community | None) -> list[tuple[str, str | Promise]]:
    """Return what one may rank by there: points for who may see points, orders for who may see orders."""
    measures: list[tuple[str, str | Promise]] = [(POINTS, _("得到的积分"))] if access.may(POINTS_VIEW) else []
    sees_orders = access.may(ORDERS_VIEW, community) if community else access.may_everywhere(ORDERS_VIEW)
    for one in behaviours():
        is_order = any(kind.startswith("order.") for kind in one.kinds)
        if sees_orders or not is_order:
            measures.append((one.key, one.title))
    return measures


@page(permission=MEMBERS_VIEW)
def boards(request: StaffRequest) -> HttpResponseBase:
    """Show a board."""
    access = request.access
    places = list(access.communities(MEMBERS_VIEW).order_by("name"))
    everywhere = access.may_everywhere(MEMBERS_VIEW)
    asked = next((place for place in places if place.public_id == request.GET.get("in")), None)
    community = asked or (None if everywhere else next(iter(places), None))
    if community is None and not everywhere:
        return _nowhere(request)
    measures = measures_for(access, community)
    by = request.GET.get("by", "")
    by = by if by in dict(measures) else measures[0][0]
    period = request.GET.get("period", "month")
    period = period if period in PERIODS else "month"
    lines = _lines(access, _ranked(by, period, community))
    if BOARD.is_exported(request):
        taken = set(
            access.members(MEMBERS_VIEW, MEMBERS_EXPORT)
            .filter(pk__in=[one.member.pk for one in lines])
            .values_list("pk", flat=True)
        )
        lines = [one for one in lines if one.member.pk in taken]
    context = {
        "tabs": honour_tabs(),
        "measures": measures,
        "by": by,
        "periods": PERIODS,
        "period": period,
        "places": places,
        "community": community,
        "everywhere": everywhere,
        "counted": counted(by),
    }
    return BOARD.respond(
        request, lambda _values: ListSource(lines), template="console/rewards/boards.html", context=context
    )


def counted(by: str) -> str:
    """Say how a board counts."""
    if by == POINTS:
        return _now("这段时间得到的积分，减去这段时间撤回的奖励；退回和花掉的不算。机器人和已删除的成员不上榜。")
    return _now("这段时间做了多少次，按聊天记录和订单算。机器人和已删除的成员不上榜。")


def _ranked(by: str, period: str, community: Community | None) -> Sequence[Ranked]:
    span = span_of(period, today(clock.now()))
    within = below(community.pk) if community else None
    if by == POINTS:
        return points_board(span, within, limit=LIMIT)
    return times_board(by, span, within, limit=LIMIT)


def _lines(access: Access, ranked: Sequence[Ranked]) -> list[Place]:
    people = access.members(MEMBERS_VIEW).in_bulk([one.member for one in ranked])
    return [
        Place(one.place, people[one.member], shown_name(people[one.member]), one.amount, number)
        for number, one in enumerate(ranked)
        if one.member in people
    ]


def _nowhere(request: StaffRequest) -> HttpResponse:
    return render(request, "console/rewards/boards.html", {"tabs": honour_tabs(), "listing": None})

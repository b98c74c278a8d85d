"""Taking a list along: as a segment that keeps itself up to date, or as a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.http import Http404, HttpResponse, HttpResponseBase, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pyroaring import BitMap

from liuliang.accounts.permissions import MEMBERS_EXPORT, ORDERS_VIEW, SEGMENTS_EDIT
from liuliang.console.doors import StaffRequest, page
from liuliang.console.leading import back
from liuliang.console.members.listing import shown_name
from liuliang.console.tables import workbook
from liuliang.console.winback.ground import Asked, Place, asked_of, ground_at, place_of
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.people.models import Member
from liuliang.segments.models import Segment
from liuliang.segments.rules import Rule, written
from liuliang.segments.services import NAME_LIMIT, create_segment
from liuliang.ui.listing import Column
from liuliang.ui.listing.export import write_xlsx
from liuliang.winback.lists import DUE, Ground, members_of
from liuliang.winback.queries import purchases
from liuliang.winback.services import note_export

TRIES = 50
"""Names that are tried for a segment."""

_CHUNK = 2_000


def _asked(request: StaffRequest, parameters: QueryDict) -> tuple[Asked, Place]:
    place = place_of(request.access, parameters)
    try:
        asked = asked_of(parameters)
    except ValueError:
        raise Http404 from None
    if place is None:
        raise Http404
    return asked, place


@page(permission=SEGMENTS_EDIT, methods=("POST",))
def segment(request: StaffRequest) -> HttpResponse:
    """Make a segment of a list, or go to the one that was made of it."""
    if not request.access.may(ORDERS_VIEW):
        raise Refused("segment.trade_hidden")
    asked, place = _asked(request, request.POST)
    may = (
        request.access.may(SEGMENTS_EDIT, place.community)
        if place.community
        else request.access.may_everywhere(SEGMENTS_EDIT)
    )
    if not may:
        raise Http404
    rule = asked.rule(ground_at(place))
    if rule is None:
        raise Refused("winback.no_cycle")
    made, is_new = _segment(asked.title, rule, place)
    said = _("人群已建好，以后自动更新。") if is_new else _("这个人群早就有了，规则一样。")
    return back(request, reverse("console:segment", args=[made.public_id]), said)


def _segment(title: str, rule: Rule, place: Place) -> tuple[Segment, bool]:
    """Return the segment of this rule: the one that is there, or a new one under the first free name."""
    branch = Segment.objects.filter(community=place.community)
    known = branch.filter(rule=written(rule), is_dynamic=True).order_by("id").first()
    if known is not None:
        return known, False
    for number in range(1, TRIES + 1):
        tail = "" if number == 1 else f" {number}"
        name = f"{title[: NAME_LIMIT - len(tail)]}{tail}"
        if not branch.filter(name=name).exists():
            return create_segment(name, rule, community=place.community, at=clock.now()), True
    raise Refused("segment.name_taken", name=title)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file: a member, and what speaks for talking to them."""

    member: Member
    product: str = ""
    last: date | None = None
    times: int | None = None
    due: date | None = None
    orders: int | None = None
    paid: int | None = None


_WHO = (
    Column("member", gettext_lazy("成员"), value=lambda line: shown_name(line.member)),
    Column("number", gettext_lazy("成员编号"), value=lambda line: line.member.public_id),
)
_DUE_COLUMNS = (
    *_WHO,
    Column("product", gettext_lazy("商品")),
    Column("last", gettext_lazy("上次买在")),
    Column("times", gettext_lazy("买过几天")),
    Column("due", gettext_lazy("该再买的日子")),
)
_LOST_COLUMNS = (
    *_WHO,
    Column("last", gettext_lazy("上次下单在")),
    Column("orders", gettext_lazy("订单数")),
    Column("paid", gettext_lazy("累计消费（元）"), value=lambda line: (line.paid or 0) / 100),
)


@page(permission=MEMBERS_EXPORT)
def export(request: StaffRequest) -> HttpResponseBase:
    """Take a list along as a workbook: of those whom one may export."""
    if not request.access.may(ORDERS_VIEW):
        raise Refused("segment.trade_hidden")
    asked, place = _asked(request, request.GET)
    ground = ground_at(place)
    members = members_of(asked.rule(ground), ground.context)
    reach = request.access.members(MEMBERS_EXPORT, ORDERS_VIEW)
    if request.access.community_ids(MEMBERS_EXPORT, ORDERS_VIEW) is not None:
        members &= BitMap(reach.filter(pk__in=list(members)).values_list("pk", flat=True))
    lines = _due(asked, ground, members) if asked.key in DUE else _lost(ground, members)
    columns = _DUE_COLUMNS if asked.key in DUE else _LOST_COLUMNS
    note_export(asked.title, len(members))
    return workbook(asked.title, lambda file: write_xlsx(file, columns, lines, str(asked.title)))


def _due(asked: Asked, ground: Ground, members: BitMap) -> Iterator[Line]:
    """Give what each of them is due for, the members in turn."""
    today = ground.context.calendar.today()
    cycles = {one.name: one.cycle for one in ground.products if one.cycle and asked.product in {"", one.name}}
    window = ground.rules.due if asked.key == "due" else ground.rules.overdue
    for chunk in _chunks(members):
        known = Member.objects.in_bulk(list(chunk))
        for one in purchases(ground.context, chunk):
            cycle = cycles.get(one.product)
            if cycle is None or one.member not in known or not window(cycle)[0] <= one.ago <= window(cycle)[1]:
                continue
            last = today - timedelta(days=one.ago)
            yield Line(known[one.member], one.product, last, one.times, last + timedelta(days=cycle))


def _lost(ground: Ground, members: BitMap) -> Iterator[Line]:
    """Give those who were lost, whoever paid most first."""
    today = ground.context.calendar.today()
    told = ground.buyers
    order = [int(at) for at in (-told.paid).argsort(kind="stable") if int(told.member[at]) in members]
    for begin in range(0, len(order), _CHUNK):
        places = order[begin : begin + _CHUNK]
        known = Member.objects.in_bulk([int(told.member[at]) for at in places])
        for at in places:
            if (member := known.get(int(told.member[at]))) is not None:
                last = today - timedelta(days=int(told.ago[at]))
                yield Line(member, last=last, orders=int(told.orders[at]), paid=int(told.paid[at]))


def _chunks(members: BitMap) -> Iterator[BitMap]:
    rest = list(members)
    for begin in range(0, len(rest), _CHUNK):
        yield BitMap(rest[begin : begin + _CHUNK])

"""The list of segments, and how doors and the list of members find one."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import MEMBERS_VIEW
from liuliang.console.doors import StaffRequest, finds, page
from liuliang.people.access import Access
from liuliang.segments.models import Segment
from liuliang.segments.queries import visible
from liuliang.ui.listing import Choice, Column, Empty, Listing, Option, Text, cells

DYNAMIC, STATIC, LIST = "dynamic", "static", "list"
KINDS = {DYNAMIC: _("动态"), STATIC: _("静态"), LIST: _("名单")}


@finds("segment")
def find_segment(access: Access, permission: str, value: str) -> Segment | None:
    """Find a segment of a branch where the door's permission holds."""
    return visible(access, permission).select_related("community", "created_by").filter(public_id=value).first()


def kind_of(segment: Segment) -> str:
    """Return what sort of segment it is."""
    if not segment.rule:
        return LIST
    return DYNAMIC if segment.is_dynamic else STATIC


def _place(segment: Segment) -> str:
    return segment.community.name if segment.community else _now("全部社群")


def _maker(segment: Segment) -> str:
    return segment.created_by.name if segment.created_by else "–"


def _narrow(segments: QuerySet[Any], value: str) -> QuerySet[Any]:
    if value == LIST:
        return segments.filter(rule={})
    return segments.exclude(rule={}).filter(is_dynamic=value == DYNAMIC)


SEGMENTS = Listing(
    key="segments",
    title=_("人群"),
    columns=(
        Column("name", _("人群"), value="name", sort="name", is_fixed=True),
        Column("kind", _("方式"), value=lambda one: str(KINDS[kind_of(one)])),
        Column("size", _("人数"), value="size", show=cells.count, sort="size", align="end"),
        Column("place", _("所在社群"), value=_place),
        Column("maker", _("谁建的"), value=_maker),
        Column("evaluated", _("更新于"), value="evaluated_at", show=cells.ago, sort="evaluated_at", align="end"),
        Column("changed", _("修改于"), value="changed_at", show=cells.ago, sort="changed_at", align="end"),
    ),
    filters=(
        Text("q", _("搜索人群"), narrow=lambda segments, text: segments.filter(name__icontains=text)),
        Choice(
            "kind", _("方式"), options=[Option(key, words) for key, words in KINDS.items()], narrow=_narrow,
            is_primary=True,
        ),
    ),
    default_sort="-changed",
    key_field="public_id",
    row_url=lambda one: reverse("console:segment", args=[one.public_id]),
    empty=Empty(
        _("还没有人群"),
        _("人群是由规则圈出来的一群人：近 14 天打卡 5 次、还没下过单的。圈好以后自动更新，谁进谁出都有记录。"),
        _("新建人群"),
        "/members/segments/new/",
    ),
)  # fmt: skip


@page(permission=MEMBERS_VIEW)
def segments(request: StaffRequest) -> HttpResponseBase:
    """List the segments of the communities whose members one may see."""
    rows = visible(request.access, MEMBERS_VIEW).select_related("community", "created_by").defer("members")
    return SEGMENTS.respond(request, rows, template="console/segments/list.html")

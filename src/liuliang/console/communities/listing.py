"""The communities as a tree and as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db.models import Count, Q
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from liuliang.accounts.permissions import COMMUNITIES_EDIT, COMMUNITIES_VIEW, MEMBERS_VIEW
from liuliang.console.doors import StaffRequest, page
from liuliang.kernel import clock
from liuliang.people.access import Access
from liuliang.people.communities import TYPES
from liuliang.people.models import Community, CommunityChat, Membership
from liuliang.ui import formats
from liuliang.ui.listing import Choice, Column, Empty, Listing, ListSource, Option, Source, Text, View, cells
from liuliang.ui.templatetags import ui

PLATFORMS: dict[str, str | Promise] = {
    "wechat": _("微信"),
    "wecom": _("企业微信"),
    "qq": "QQ",
    "telegram": "Telegram",
    "discord": "Discord",
    "slack": "Slack",
    "whatsapp": "WhatsApp",
    "zulip": "Zulip",
    "irc": "IRC",
}
CURRENT, ARCHIVED = "current", "archived"
ACTIVE_DAYS = 30


@dataclass(frozen=True, slots=True)
class Row:
    """A community with what the table says of it. ``place`` is its position when the tree is walked."""

    id: int
    public_id: str
    place: int
    depth: int
    name: str
    type: str
    is_group: bool
    present: int | None
    spoke: int
    size_limit: int | None
    timezone: str
    chats: list[str]
    created_at: datetime
    is_archived: bool

    @property
    def type_title(self) -> str:
        """Return what the type is called."""
        return _now(TYPES[self.type].title) if self.type in TYPES else self.type

    @property
    def rate(self) -> float | None:
        """Return the share of present members who spoke lately."""
        return self.spoke / self.present if self.present else None

    @property
    def filled(self) -> float | None:
        """Return how full the group is."""
        return (self.present or 0) / self.size_limit if self.size_limit and self.is_group else None


def _name(row: Row) -> SafeString:
    state = format_html(" {}", ui.tag(_now("已归档"))) if row.is_archived else ""
    icon = ui.draw_icon("users-group" if row.is_group else "folder")
    steps = SafeString('<span class="icon" aria-hidden="true"></span>' * row.depth)
    return format_html('<span class="named">{}{}<span>{}{}</span></span>', steps, icon, row.name, state)


def _filled(row: Row) -> str:
    if row.filled is None or row.size_limit is None:
        return "–"
    return f"{formats.exact(row.present or 0)} / {formats.exact(row.size_limit)} · {formats.percent(row.filled, 0)}"


COMMUNITIES = Listing(
    key="communities",
    title=pgettext_lazy("several", "社群"),
    columns=(
        Column("name", _("名称"), cell=_name, sort="place", is_fixed=True),
        Column("type", _("类型"), value="type_title", sort="type_title"),
        Column("present", _("在群成员"), show=cells.count, sort="present", align="end"),
        Column(
            "rate", _("30 天发言率"), show=cells.percent, sort="rate", align="end",
            hint=_("最近 30 天说过话的在群成员占在群成员的比例"),
        ),
        Column("filled", _("满员程度"), cell=_filled, sort="filled", align="end"),
        Column("chats", _("来自"), show=cells.tags),
        Column("timezone", _("时区"), is_default=False, sort="timezone"),
        Column("created_at", _("建立"), show=cells.day, sort="created_at", align="end", is_default=False),
    ),
    filters=(
        Text("q", _("搜索社群")),
        Choice("type", _("类型"), options=[Option(type_.key, _(type_.title)) for type_ in TYPES.values()], is_primary=True),
        Choice(
            "state", _("状态"), options=[Option(CURRENT, _("使用中")), Option(ARCHIVED, _("已归档"))], is_primary=True
        ),
    ),
    default_sort="name",
    tie_breaker="id",
    key_field="public_id",
    row_url=lambda row: reverse("console:community-plan", args=[row.public_id]),
    views=(View(_("使用中"), "state=current"), View(_("已归档"), "state=archived")),
    export_name=_("社群"),
    empty=Empty(
        _("还没有社群"),
        _("导入一段群聊记录会自动建好社群；也可以先从九种类型的模板里选一种，把蓝图、群规和接待流程一次备齐。"),
        _("新建社群"),
        "/communities/new/",
        permission=COMMUNITIES_EDIT,
    ),
)  # fmt: skip


@page(permission=COMMUNITIES_VIEW)
def communities(request: StaffRequest) -> HttpResponseBase:
    """List the communities in one's scope as a tree."""
    context = {"may_create": request.access.may(COMMUNITIES_EDIT)}
    rows = partial(_source, request.access)
    return COMMUNITIES.respond(request, rows, template="console/communities/communities.html", context=context)


def rows_of(access: Access) -> list[Row]:
    """Return the communities this person may see in the order of the tree."""
    found = list(access.communities(COMMUNITIES_VIEW))
    names = {one.id: one.name for one in found}
    found.sort(key=lambda one: [(names.get(step, ""), step) for step in one.path])
    counts = _counts(access)
    chats: dict[int, list[str]] = {}
    pairs = CommunityChat.objects.filter(community__in=names).values_list("community_id", "platform").distinct()
    for community, platform in pairs.order_by("platform"):
        chats.setdefault(community, []).append(str(PLATFORMS.get(platform, platform)))
    return [_row(one, place, names, counts.get(one.id, (0, 0)), chats) for place, one in enumerate(found)]


def _row(
    one: Community, place: int, names: Mapping[int, str], counts: tuple[int, int], chats: Mapping[int, list[str]]
) -> Row:
    depth = len(names.keys() & set(one.path)) - 1
    present, spoke = counts
    # A branch has no members of its own; a zero would read as an empty group.
    shown = present if one.is_group or present else None
    return Row(
        one.id, one.public_id, place, depth, one.name, one.type, one.is_group, shown, spoke, one.size_limit, one.timezone,
        chats.get(one.id, []), one.created_at, one.archived_at is not None,
    )  # fmt: skip


def _counts(access: Access) -> dict[int, tuple[int, int]]:
    """Return for each community how many are present, and how many of them spoke lately."""
    rows = Membership.objects.filter(is_present=True)
    allowed = access.community_ids(MEMBERS_VIEW)
    if allowed is not None:
        rows = rows.filter(community__in=allowed)
    since = clock.now() - timedelta(days=ACTIVE_DAYS)
    counted = rows.values("community").annotate(n=Count("id"), spoke=Count("id", filter=Q(last_spoke_at__gte=since)))
    return {each["community"]: (each["n"], each["spoke"]) for each in counted}


def _source(access: Access, values: Mapping[str, Any]) -> Source:
    rows = rows_of(access)
    text = str(values.get("q", "")).casefold()
    if text:
        rows = [row for row in rows if text in row.name.casefold()]
    if "type" in values:
        rows = [row for row in rows if row.type == values["type"]]
    if "state" in values:
        rows = [row for row in rows if row.is_archived == (values["state"] == ARCHIVED)]
    return ListSource(rows)

"""The communities as a tree and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import Count
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import format_lazy
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from liuliang.accounts.permissions import ANALYTICS_VIEW, COMMUNITIES_EDIT, COMMUNITIES_VIEW, MEMBERS_VIEW
from liuliang.analytics.overview import RATE, figures, rate_of
from liuliang.analytics.periods import latest
from liuliang.analytics.presence import robots
from liuliang.analytics.scopes import Scope
from liuliang.analytics.traffic import coverage
from liuliang.console.doors import StaffRequest, page
from liuliang.console.periods import USUAL
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


@dataclass(frozen=True, slots=True)
class Tally:
    """People of a group, or of all groups below a branch; somebody in two groups counts twice.

    ``present`` are there now, ``seated`` of them in groups with a limit, which hold ``seats`` together; of ``members`` at the
    end of the usual period ``speakers`` spoke in it.
    """

    present: int = 0
    seated: int = 0
    seats: int = 0
    speakers: int = 0
    members: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Row:
    """A community with what the table says of it. ``place`` is its position when the tree is walked.

    ``tally`` is None for a branch without groups: a zero would read as an empty group. ``url`` is where its name leads.
    """

    id: int
    public_id: str
    place: int
    depth: int
    name: str
    type: str
    is_group: bool
    tally: Tally | None
    timezone: str
    chats: list[str]
    created_at: datetime
    is_archived: bool
    url: str

    @property
    def type_title(self) -> str:
        """Return what the type is called."""
        return _now(TYPES[self.type].title) if self.type in TYPES else self.type

    @property
    def present(self) -> int | None:
        """Return how many are there."""
        return self.tally.present if self.tally is not None else None

    @property
    def rate(self) -> float | None:
        """Return the share of members who spoke in the usual period."""
        return rate_of(self.tally.speakers, self.tally.members) if self.tally is not None else None

    @property
    def filled(self) -> float | None:
        """Return how full the groups are."""
        return self.tally.seated / self.tally.seats if self.tally is not None and self.tally.seats else None


def _name(row: Row) -> SafeString:
    state = format_html(" {}", ui.tag(_now("已归档"))) if row.is_archived else ""
    icon = ui.draw_icon("users-group" if row.is_group else "folder")
    steps = SafeString('<span class="icon" aria-hidden="true"></span>' * row.depth)
    return format_html('<span class="named">{}{}<span>{}{}</span></span>', steps, icon, row.name, state)


def _filled(row: Row) -> str:
    if row.filled is None or row.tally is None:
        return "–"
    return f"{formats.exact(row.tally.seated)} / {formats.exact(row.tally.seats)} · {formats.percent(row.filled, 0)}"


COMMUNITIES = Listing(
    key="communities",
    title=pgettext_lazy("several", "社群"),
    columns=(
        Column("name", _("名称"), cell=_name, sort="place", is_fixed=True),
        Column("type", _("类型"), value="type_title", sort="type_title"),
        Column(
            "present", _("在群成员"), show=cells.count, sort="present", align="end",
            hint=_("现在在群里的人，机器人不算。分支是下面各群相加，一个人在两个群里算两次。"),
        ),
        Column(
            "rate", _("近 30 天说话率"), show=cells.percent, sort="rate", align="end",
            hint=format_lazy("{} {}", RATE.counted, _("和总览的近 30 天是同一个数。")),
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
    row_url=lambda row: row.url,
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
    tallies = _tallies(access, found)
    boards = access.community_ids(ANALYTICS_VIEW)
    chats: dict[int, list[str]] = {}
    pairs = CommunityChat.objects.filter(community__in=names).values_list("community_id", "platform").distinct()
    for community, platform in pairs.order_by("platform"):
        chats.setdefault(community, []).append(str(PLATFORMS.get(platform, platform)))
    return [
        Row(
            one.id, one.public_id, place, len(names.keys() & set(one.path)) - 1, one.name, one.type, one.is_group,
            tallies.get(one.id), one.timezone, chats.get(one.id, []), one.created_at, one.archived_at is not None,
            home_of(one, has_board=boards is None or one.id in boards),
        )
        for place, one in enumerate(found)
    ]  # fmt: skip


def home_of(community: Community, *, has_board: bool) -> str:
    """Return where a community's name leads: to the board of a group, if one may see its figures, else to what it is for."""
    name = "community" if community.is_group and has_board else "community-plan"
    return reverse(f"console:{name}", args=[community.public_id])


def _tallies(access: Access, found: Sequence[Community]) -> dict[int, Tally]:
    """Return what is known of each group, and for each branch the sum of the groups below it."""
    groups = [one for one in found if one.is_group]
    present = _present(access)
    spoke = _speaking(access, groups)
    tallies: dict[int, Tally] = {}
    for one in groups:
        here = present.get(one.id, 0)
        seats = one.size_limit or 0
        tally = Tally(here, here if seats else 0, seats, *spoke.get(one.id, (0, 0)))
        # What is archived is still there to look at, but it is no part of what the branch has.
        for step in one.path if one.archived_at is None else [one.id]:
            tallies[step] = tallies.get(step, Tally()) + tally
    return tallies


def _present(access: Access) -> dict[int, int]:
    rows = Membership.objects.filter(is_present=True).exclude(member__in=robots())
    allowed = access.community_ids(MEMBERS_VIEW)
    if allowed is not None:
        rows = rows.filter(community__in=allowed)
    return dict(rows.values_list("community").annotate(n=Count("id")))


def _speaking(access: Access, groups: Sequence[Community]) -> Mapping[int, tuple[int, int]]:
    """Return speakers and members of the period that the overview shows by itself."""
    allowed = access.community_ids(COMMUNITIES_VIEW, ANALYTICS_VIEW)
    seen = [(one.id, one.timezone) for one in groups if allowed is None or one.id in allowed]
    scope = Scope.of(seen, is_everything=allowed is None, robots=robots())
    known = coverage(scope) if seen else None
    if known is None:
        return {}
    today = clock.local_day(clock.now(), scope.timezone(settings.TIME_ZONE))
    period = latest(USUAL, today=today, first_known=known.first, last_known=known.last)
    return {each.community: (each.talk.speakers, each.members) for each in figures(scope, period, today=today)}


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

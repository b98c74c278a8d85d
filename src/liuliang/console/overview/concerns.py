"""What changed beyond the usual and what needs a person, in words, each with the way to look closer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import date, timedelta
from typing import Literal

from django.db.models import Q
from django.db.models.fields.json import KT
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from liuliang.accounts.permissions import IMPORTS_RUN, MEMBERS_EDIT
from liuliang.analytics import attention
from liuliang.analytics.attention import Attention, Shift
from liuliang.console.capacity.listing import groups_url, overloaded
from liuliang.console.doors import StaffRequest
from liuliang.console.families.ground import may_look
from liuliang.console.overview.data import Seen
from liuliang.console.overview.table import community_url
from liuliang.families.belonging import tiers_of
from liuliang.families.models import Family
from liuliang.importers.models import Import
from liuliang.kernel import clock
from liuliang.people.models import Community
from liuliang.ui import formats

SHOWN = 5
"""Names under one concern; the rest is counted."""

RECENT = timedelta(days=14)
NEARLY_FULL = 0.95
SOON = timedelta(days=7)
"""How long before it a goal's last day is told of."""


@dataclass(frozen=True, slots=True)
class Named:
    """Something a concern is about: its name, where it is, and what happened in a few words."""

    name: str
    url: str
    text: str = ""
    by_day: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing worth a look. ``tone`` is warn for what needs a person, bad or good for what changed."""

    title: str
    named: Sequence[Named]
    counted: str | Promise = ""
    _: KW_ONLY
    icon: str
    tone: Literal["warn", "bad", "good", ""] = ""

    @property
    def shown(self) -> Sequence[Named]:
        """Return the first of what it is about."""
        return self.named[:SHOWN]

    @property
    def rest(self) -> Sequence[Named]:
        """Return what is shown on asking."""
        return self.named[SHOWN:]


def concerns(request: StaffRequest, seen: Seen) -> list[Concern]:
    """Return everything worth a look, what needs a person first."""
    period = seen.choice.period
    counting = attention.messages_by_day.begin(seen.scope, period.with_previous) if seen.choice.known else None
    found = seen.overview
    if found is None or counting is None:
        return [*_troubled_imports(request), *_overloaded(request), *_to_invite(request)]
    by_day = counting()
    alive = [each for each in found.communities if not seen.places[each.community].is_archived]
    noticed = attention.attention(by_day, alive, period, is_comparable=seen.choice.is_comparable)
    listed = [
        *_troubled_imports(request),
        _quiet(seen, noticed),
        _leaving(seen, noticed),
        _fallen(seen, noticed.fallen),
        *_full(seen),
        *_overloaded(request),
        _due(seen),
        *_to_invite(request),
        _dormant(seen, noticed),
        _risen(seen, noticed.risen),
    ]
    return [each for each in listed if each.named]


def _named(seen: Seen, community: int, text: str, by_day: tuple[int, ...] = ()) -> Named:
    place = seen.places[community]
    return Named(place.name, community_url(place.public_id, seen.choice.query), text, by_day)


def _quiet(seen: Seen, noticed: Attention) -> Concern:
    lengths = {each.days for each in noticed.quiet}
    days = min(lengths, default=attention.QUIET_DAYS)
    title = ngettext("{n} 天没人说话的群", "{n} 天没人说话的群", days).format(n=days)
    if len(lengths) > 1:
        title = _("{n} 天以上没人说话的群").format(n=days)
    named = [
        _named(
            seen,
            each.community,
            _("{n} 天没人说话，之前每天 {usual} 条").format(
                n=each.days, usual=formats.exact(round(each.usual_per_day, 1))
            ),
        )
        for each in noticed.quiet
    ]
    return Concern(title, named, attention.QUIET.counted, icon="message-off", tone="warn")


def _dormant(seen: Seen, noticed: Attention) -> Concern:
    title = _("{n} 天里一句话也没有的群").format(n=len(seen.choice.period) * 2)
    named = [_named(seen, community, "") for community in noticed.dormant]
    return Concern(title, named, attention.QUIET.counted, icon="zzz")


def _leaving(seen: Seen, noticed: Attention) -> Concern:
    named = [
        _named(
            seen, each.community, _("退群 {now} 人，上一期 {before} 人").format(now=each.left, before=each.left_before)
        )
        for each in noticed.leaving
    ]
    return Concern(_("退群突然变多的群"), named, attention.BEYOND_USUAL.counted, icon="user-minus", tone="warn")


def _fallen(seen: Seen, shifts: Sequence[Shift]) -> Concern:
    named = _shifted(seen, shifts)
    return Concern(_("说话明显变少的群"), named, attention.BEYOND_USUAL.counted, icon="trending-down", tone="bad")


def _risen(seen: Seen, shifts: Sequence[Shift]) -> Concern:
    named = _shifted(seen, shifts)
    return Concern(_("说话明显变多的群"), named, attention.BEYOND_USUAL.counted, icon="trending-up", tone="good")


def _shifted(seen: Seen, shifts: Sequence[Shift]) -> list[Named]:
    return [
        _named(
            seen,
            each.community,
            _("{before} → {now} 条").format(
                before=formats.exact(each.comparison.before), now=formats.exact(each.comparison.now)
            ),
            each.by_day,
        )
        for each in shifts
    ]


def _full(seen: Seen) -> list[Concern]:
    """Return the groups at or over their limit, and those that will soon be, the fullest first."""
    rooms = [
        (each, limit)
        for each in (seen.overview.communities if seen.overview else ())
        if (limit := seen.places[each.community].size_limit) and each.members >= limit * NEARLY_FULL
    ]
    rooms.sort(key=lambda room: room[0].members / room[1], reverse=True)
    over = [
        _named(seen, each.community, _beyond(each.members, limit)) for each, limit in rooms if each.members >= limit
    ]
    nearly = [
        _named(
            seen,
            each.community,
            _("{members} / {limit} 人，还剩 {left} 个位置").format(
                members=formats.exact(each.members),
                limit=formats.exact(limit),
                left=formats.exact(limit - each.members),
            ),
        )
        for each, limit in rooms
        if each.members < limit
    ]
    return [
        Concern(_("已满的群"), over, _("群成员达到或超过社群设置里的人数上限。"), icon="users-group", tone="warn"),
        Concern(
            _("快满的群"), nearly, _("群成员达到社群设置里人数上限的 95%，还没有满。"), icon="users-plus", tone="warn"
        ),
    ]


def _overloaded(request: StaffRequest) -> list[Concern]:
    """Return the colleagues in charge of more than they can run."""
    named = [Named(each.name, groups_url(each.staff), words) for each, words in overloaded(request.access)]
    counted = _("超出“人手”页里每人（或单独为其）设置的能带的群或成员；只算分给你看的、没有归档的群。")
    return [Concern(_("带得过多的人"), named, counted, icon="user-exclamation", tone="warn")] if named else []


def _due(seen: Seen) -> Concern:
    """Return the groups whose goal was to be reached by now, or within `SOON`, the one that is overdue longest first."""
    today = seen.choice.today
    plans = (
        Community.objects.filter(id__in=seen.places, archived_at=None)
        .annotate(ends=KT("blueprint__ends"))
        .filter(ends__lte=(today + SOON).isoformat())
        .values_list("id", "ends")
    )
    ends = sorted((date.fromisoformat(last), community) for community, last in plans)
    named = [_named(seen, community, _until((last - today).days, last)) for last, community in ends]
    counted = _("蓝图里写的目标截止日已过，或者 7 天以内要到，还没有归档的群：收尾归档、转型，或者定下一个目标。")
    return Concern(_("目标到期的群"), named, counted, icon="flag", tone="warn")


def _to_invite(request: StaffRequest) -> list[Concern]:
    """Return the families of groups in which people are to be asked over, as they were looked through within the hour."""
    if not request.access.may_everywhere(MEMBERS_EDIT):
        return []
    waiting = Family.objects.filter(dissolved_at=None, to_invite__gt=0).order_by("-to_invite", "pk")
    named = [
        Named(
            each.name,
            reverse("console:family", args=[each.public_id]),
            ngettext("{n} 人", "{n} 人", each.to_invite).format(n=formats.exact(each.to_invite)),
        )
        for each in waiting
        if may_look(request.access, tiers_of(each))
    ]
    counted = _("分层变了、属于家族里另一档、却不在那一档群里的人；每小时数一次。")
    return [Concern(_("有人该换群的家族"), named, counted, icon="arrows-exchange", tone="warn")] if named else []


def _until(days: int, last: date) -> str:
    words = {True: _("{day} 截止，已过 {n} 天"), False: _("{day} 截止，还有 {n} 天")}[days < 0]
    return words.format(day=formats.day(last), n=abs(days))


def _beyond(members: int, limit: int) -> str:
    if members == limit:
        return _("{members} / {limit} 人").format(members=formats.exact(members), limit=formats.exact(limit))
    return _("{members} / {limit} 人，超出 {over} 人").format(
        members=formats.exact(members), limit=formats.exact(limit), over=formats.exact(members - limit)
    )


def _troubled_imports(request: StaffRequest) -> list[Concern]:
    """Return the imports of two weeks that failed, wait, or left lines unread, of the communities where one may import."""
    if not request.access.may(IMPORTS_RUN):
        return []
    mine = Import.objects.filter(created_at__gte=clock.now() - RECENT).filter(
        Q(state="failed") | Q(state="ready") | Q(state="done", unreadable__gt=0)
    )
    allowed = request.access.community_ids(IMPORTS_RUN)
    if allowed is not None:
        mine = mine.filter(Q(community__in=allowed) | Q(community=None, staff=request.access.staff))
    named = [
        Named(each.file_name, reverse("console:import", args=[each.public_id]), _import_trouble(each))
        for each in mine.order_by("-created_at", "-id")[: SHOWN * 4]
    ]
    return [Concern(_("要处理的导入"), named, icon="file-alert", tone="warn")] if named else []


def _import_trouble(each: Import) -> str:
    if each.state == "failed":
        return _("没有导入成功")
    if each.state == "ready":
        return _("等你确认后开始")
    return _("{n} 处没读懂").format(n=formats.exact(each.unreadable))

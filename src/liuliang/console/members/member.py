"""One member: who they are, what they did, and what staff know of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from liuliang.accounts.permissions import (
    ANALYTICS_VIEW,
    HONOUR_MANAGE,
    MEMBERS_CONTACT,
    MEMBERS_EDIT,
    MEMBERS_ERASE,
    MEMBERS_MERGE,
    MEMBERS_VIEW,
    ORDERS_VIEW,
)
from liuliang.analytics.acts import GUARDED
from liuliang.commerce.models import Order
from liuliang.console.doors import StaffRequest, page
from liuliang.console.members.forms import NoteForm
from liuliang.console.members.listing import member_url, rows_for, shown_name
from liuliang.console.members.moments import HOWS, ROLES, moments, names_of
from liuliang.console.members.surveys import answers_of
from liuliang.console.rewards.card import rewards_of
from liuliang.console.rewards.honour import awards_of
from liuliang.console.rewards.penalties import penalties_of
from liuliang.console.segments.layers import standings_of
from liuliang.console.shop.plan_words import memberships_of
from liuliang.kernel import clock
from liuliang.kernel.events import event_types
from liuliang.people import queries
from liuliang.people.access import Access
from liuliang.people.describing import TITLES
from liuliang.people.identities import CONTACT_KINDS
from liuliang.people.models import AttributeDefinition, Identity, Member, Membership, Merge
from liuliang.people.profile import NEEDS

PAGE = 30
ORDERS_SHOWN = 100

IDENTITY_KINDS: dict[str, str | Promise] = {
    "qq": "QQ",
    "wxid": gettext_lazy("微信"),
    "phone": gettext_lazy("手机"),
    "email": gettext_lazy("邮箱"),
    "telegram": "Telegram",
    "discord": "Discord",
    "slack": "Slack",
    "zulip": "Zulip",
    "wecom": gettext_lazy("企业微信员工"),
    "wecom_external": gettext_lazy("企业微信客户"),
    "unionid": "UnionID",
    "openid": "OpenID",
    "name": gettext_lazy("群内名字"),
}
RULES: dict[str, str | Promise] = {
    "staff": gettext_lazy("员工判定"),
    "same_identity": gettext_lazy("同一账号"),
    "chat_name": gettext_lazy("同一个群里的名字"),
}
ORDER_STATES: dict[str, tuple[str | Promise, str]] = {
    "paid": (gettext_lazy("已付款"), "good"),
    "refunded": (gettext_lazy("已退款"), "warn"),
    "unpaid": (gettext_lazy("未付款"), ""),
    "cancelled": (gettext_lazy("已取消"), ""),
}


@dataclass(frozen=True, slots=True)
class Field:
    """A line of the profile."""

    key: str
    title: str | Promise
    value: str
    is_defined: bool


@dataclass(frozen=True, slots=True)
class Name:
    """An identity as it is shown; contact data may be masked."""

    kind: str
    value: str
    name: str
    is_masked: bool


@dataclass(frozen=True, slots=True)
class Presence:
    """A membership in words."""

    community: Any
    is_present: bool
    role: str
    how: str
    inviter: Member | None
    joined_at: datetime | None
    left_at: datetime | None
    spoke_at: datetime | None
    messages: int


@page(permission=MEMBERS_VIEW)
def member(request: StaffRequest, member: Member) -> HttpResponse:
    """Show one member."""
    access = request.access
    tab = request.GET.get("tab", "")
    here = member_url(member)
    may_trade = access.may(ORDERS_VIEW)
    tabs = [("", gettext_lazy("动态")), ("communities", pgettext_lazy("several", "社群"))]
    if may_trade:
        tabs.append(("orders", gettext_lazy("订单")))
    tabs += [("ties", gettext_lazy("关系")), ("identities", gettext_lazy("账号与合并"))]
    if tab not in dict(tabs):
        tab = ""
    records = [member, *Member.objects.filter(canonical=member).order_by("id")]
    ids = [record.id for record in records]
    context = {
        "member": member,
        "name": shown_name(member),
        "row": rows_for(access).filter(pk=member.pk).prefetch_related(None).first(),
        **_memberships(access, member).aggregate(
            present=Count("id", filter=Q(is_present=True)), left=Count("id", filter=Q(is_present=False))
        ),
        "tabs": [(title, f"{here}?tab={key}" if key else here, None) for key, title in tabs],
        "tab": tab,
        "tab_url": f"{here}?tab={tab}" if tab else here,
        "may_edit": reaches(access, MEMBERS_EDIT, member),
        "may_merge": access.may_everywhere(MEMBERS_MERGE),
        "may_erase": access.may_everywhere(MEMBERS_ERASE),
        "may_trade": may_trade,
        **(_went_back(access, ids) if may_trade else {}),
        "may_analyse": access.may(ANALYTICS_VIEW),
        "standings": standings_of(access, member),
        "memberships": memberships_of(access, member),
        "rewards": rewards_of(access, member),
        "answers": answers_of(access, ids),
        "awards": awards_of(access, member),
        "may_honour": reaches(access, HONOUR_MANAGE, member),
        **penalties_of(access, member),
        **side(member, records),
        **_PARTS[tab](access, member, ids),
    }
    return render(request, "console/members/member.html", context)


@page(permission=MEMBERS_VIEW)
def timeline(request: StaffRequest, member: Member) -> HttpResponse:
    """Show the next page of a member's history."""
    after = read_place(request.GET.get("after", ""))
    context = _timeline(request.access, member, queries.records_of(member), after=after)
    return render(request, "console/members/timeline.html", {"member": member, **context})


def side(member: Member, records: Sequence[Member]) -> dict[str, Any]:
    """Return what stands beside every tab: tags, profile, needs and notes."""
    from liuliang.people.models import Note

    tags = queries.tags_by_person([member.id], clock.now()).get(member.id, [])
    notes = Note.objects.filter(member__in=[record.id for record in records]).select_related("staff").order_by("-at")
    return {
        "tags": tags,
        "fields": fields_of(records),
        "needs": [NEEDS[need] for need in member.needs if need in NEEDS],
        "notes": notes[:50],
        "note_form": NoteForm(),
    }


def fields_of(records: Sequence[Member]) -> list[Field]:
    """Return the profile: the fields that are defined, then what lists brought that nobody has defined."""
    known = queries.attributes_of(records)
    defined = list(AttributeDefinition.objects.order_by("position", "id"))
    lines = [Field(one.key, one.title, written(known.pop(one.key, None)), is_defined=True) for one in defined]
    return lines + [
        Field(key, TITLES.get(key, key), written(value), is_defined=False) for key, value in sorted(known.items())
    ]


def written(value: object) -> str:
    """Return an attribute's value in words."""
    if value is None:
        return ""
    return (_("是") if value else _("否")) if isinstance(value, bool) else str(value)


def reaches(access: Access, permission: str, member: Member) -> bool:
    """Tell whether ``permission`` reaches this member, who is one that the reader sees."""
    return access.may_everywhere(permission) or access.members(permission).filter(pk=member.pk).exists()


def masked(kind: str, value: str) -> str:
    """Return contact data with its middle hidden: enough to tell two apart, too little to reach anybody."""
    if kind == "email":
        name, _at, domain = value.partition("@")
        return f"{name[:1]}***@{domain}"
    keep = 2 if len(value) > 6 else 1
    return f"{value[: keep + (3 if value.startswith('+') else 0)]}****{value[-keep:]}"


def read_place(text: str) -> queries.Place | None:
    """Read a place in a timeline from an address; None when it is none."""
    at, _dot, position = text.partition("/")
    try:
        return queries.Place(datetime.fromisoformat(at), int(position))
    except (ValueError, OverflowError):
        return None


def _memberships(access: Access, member: Member) -> Any:
    rows = Membership.objects.filter(member=member)
    allowed = access.community_ids(MEMBERS_VIEW)
    return rows if allowed is None else rows.filter(community__in=allowed)


def _timeline(
    access: Access, member: Member, ids: Sequence[int], *, after: queries.Place | None = None
) -> dict[str, Any]:
    allowed = access.community_ids(MEMBERS_VIEW)
    sold = access.community_ids(ORDERS_VIEW)
    # An order outside any community tells of a sale that only those may see who may see all sales.
    hidden = [kind for kind in event_types() if kind.startswith(unseen_kinds(access, sees_all_sales=sold is None))]
    events = queries.timeline(ids, communities=allowed, without=hidden, after=after, size=PAGE + 1)
    has_more = len(events) > PAGE
    events = events[:PAGE]
    more = ""
    if has_more:
        last = events[-1]
        more = f"{reverse('console:member-timeline', args=[member.public_id])}?after={_place(last)}"
    return {"moments": moments(events, access), "more_url": more}


def unseen_kinds(access: Access, *, sees_all_sales: bool) -> tuple[str, ...]:
    """Return how the kinds of events begin that somebody may not read."""
    hidden = {word for word, permission in GUARDED.items() if not access.may(permission)} - {"order"}
    return tuple(f"{word}." for word in sorted(hidden if sees_all_sales else hidden | {"order"}))


def _place(event: Any) -> str:
    return f"{event.occurred_at.strftime('%Y-%m-%dT%H:%M:%S.%f')}Z/{event.position}"


def _communities(access: Access, member: Member, _ids: Sequence[int]) -> dict[str, Any]:
    rows = list(
        _memberships(access, member).select_related("community").order_by("-is_present", "-last_spoke_at", "id")
    )
    people = names_of((row.inviter for row in rows if row.inviter), access)
    return {
        "presences": [
            Presence(
                row.community, row.is_present, str(ROLES.get(row.role, row.role)), str(HOWS.get(row.how, "")),
                people.get(row.inviter or 0), row.last_joined_at, None if row.is_present else row.last_left_at,
                row.last_spoke_at, row.messages,
            )
            for row in rows
        ]
    }  # fmt: skip


def _orders_of(access: Access, ids: Sequence[int]) -> QuerySet[Order]:
    rows = Order.objects.filter(member__in=ids)
    sold = access.community_ids(ORDERS_VIEW)
    return rows if sold is None else rows.filter(community__in=sold)


def _went_back(access: Access, ids: Sequence[int]) -> dict[str, int]:
    """Return how much of what was paid (CNY minor units) went back, and how many orders went back wholly."""
    rows = _orders_of(access, ids).filter(refunded__gt=0)
    told: dict[str, int | None] = rows.aggregate(
        money_back=Sum("refunded", filter=Q(currency="CNY")),
        orders_back=Count("id", filter=Q(refunded=F("amount"))),
    )
    return {key: value or 0 for key, value in told.items()}


def _orders(access: Access, _member: Member, ids: Sequence[int]) -> dict[str, Any]:
    rows = _orders_of(access, ids).select_related("community").order_by("-at", "-id")
    states = ORDER_STATES
    return {"orders": [(row, *states.get(row.status, (row.status, ""))) for row in rows[:ORDERS_SHOWN]]}


def _ties(access: Access, member: Member, ids: Sequence[int]) -> dict[str, Any]:
    allowed = access.community_ids(MEMBERS_VIEW)
    came = [tie for tie in queries.inviters(member.id) if allowed is None or tie.community in allowed]
    brought = queries.invitees(ids, communities=allowed)
    talks = queries.answered(ids, communities=allowed)
    people = names_of([tie.member for tie in (*came, *brought, *talks)], access)
    places = access.communities(MEMBERS_VIEW).in_bulk({tie.community for tie in (*came, *brought) if tie.community})

    def told(ties: Sequence[queries.Tie]) -> list[tuple[Member, Any, queries.Tie]]:
        return [(people[tie.member], places.get(tie.community or 0), tie) for tie in ties if tie.member in people]

    return {"inviters": told(came), "invitees": told(brought), "talks": told(talks)}


def _identities(access: Access, member: Member, ids: Sequence[int]) -> dict[str, Any]:
    may_contact = reaches(access, MEMBERS_CONTACT, member)
    allowed = access.community_ids(MEMBERS_VIEW)
    shown = []
    identities = list(Identity.objects.filter(member__in=ids).order_by("kind", "value"))
    places = access.communities(MEMBERS_VIEW).in_bulk(
        {int(one.value.partition(":")[0]) for one in identities if one.kind == "name"}
    )
    for one in identities:
        kind, value, hidden = str(IDENTITY_KINDS.get(one.kind, one.kind)), one.value, False
        if one.kind == "name":
            place, _colon, value = one.value.partition(":")
            community = places.get(int(place))
            if community is None and (allowed is not None or place != "0"):
                continue
            value = f"{value} · {community.name}" if community else value
        elif one.kind in CONTACT_KINDS and not may_contact:
            value, hidden = masked(one.kind, value), True
        shown.append(Name(kind, value, one.name if one.kind != "name" else "", hidden))
    merges = Merge.objects.filter(Q(record__in=ids) | Q(into__in=ids)).select_related(
        "record", "into", "staff", "undone_by"
    )
    return {
        "identities": shown,
        "merges": [(merge, RULES.get(merge.rule, merge.rule)) for merge in merges.order_by("-at", "-id")[:50]],
    }


_PARTS: dict[str, Callable[[Access, Member, Sequence[int]], dict[str, Any]]] = {
    "": _timeline,
    "communities": _communities,
    "orders": _orders,
    "ties": _ties,
    "identities": _identities,
}

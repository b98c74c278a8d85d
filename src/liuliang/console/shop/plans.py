"""Paid membership: the plans there are, and who has one until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import MEMBERS_VIEW, ORDERS_EDIT, ORDERS_VIEW, SHOP_EDIT
from liuliang.commerce import queries
from liuliang.console.doors import StaffRequest, access_of, finds, page
from liuliang.console.members.listing import member_url, shown_name
from liuliang.console.shop.plan_words import STATES, length_in_words, rights_of
from liuliang.kernel import clock
from liuliang.loyalty.validity import today
from liuliang.people.access import Access
from liuliang.subscriptions.models import Plan, Subscription
from liuliang.subscriptions.queries import plans as plans_for
from liuliang.ui import formats
from liuliang.ui.listing import Choice, Column, Empty, Listing, Option, View, cells

SOON = timedelta(days=7)
"""How long before the end staff are reminded."""


@finds("plan")
def find_plan(access: Access, permission: str, value: str) -> Plan | None:
    """Find a plan of a branch where the door's permission holds; to be changed, one's own."""
    found = (
        plans_for(access, permission).select_related("community", "variant__product").filter(public_id=value).first()
    )
    if found is None or (permission == SHOP_EDIT and not queries.owns(access, permission, found.community_id)):
        return None
    return found


def visible(access: Access) -> QuerySet[Subscription]:
    """Return the subscriptions of the members one may see."""
    rows = Subscription.objects.select_related("plan", "member", "member__canonical")
    if access.may_everywhere(MEMBERS_VIEW):
        return rows
    members = access.members(MEMBERS_VIEW).values("pk")
    return rows.filter(Q(member__in=members) | Q(member__canonical__in=members))


def ending(request: HttpRequest) -> int:
    """Return how many memberships end soon, for the sidebar; counting stops at a hundred."""
    access = access_of(request)
    if access is None or not access.may(ORDERS_VIEW):
        return 0
    return _ends_soon(visible(access))[:100].count()


def _ends_soon(rows: QuerySet[Subscription]) -> QuerySet[Subscription]:
    day = today(clock.now())
    return rows.filter(state="active", ends_on__gte=day, ends_on__lte=day + SOON)


def _days_left(row: Subscription) -> int:
    return max(0, (row.ends_on - today(clock.now())).days + 1)


SUBSCRIPTIONS = Listing(
    key="subscriptions",
    title=_("付费会员"),
    columns=(
        Column("member", _("会员"), value=lambda one: shown_name(one.member), cell=lambda one: cells.person(shown_name(one.member)), is_fixed=True),
        Column("plan", _("方案"), value="plan.name"),
        Column("status", _("状态"), value=lambda one: str(STATES[one.state][0]), cell=lambda one: cells.state(STATES)(one.state)),
        Column("starts", _("开始"), value="starts_on", cell=lambda one: formats.day(one.starts_on), align="end"),
        Column("ends", _("最后一天"), value="ends_on", cell=lambda one: formats.day(one.ends_on), sort="ends_on", align="end"),
        Column("left", _("还剩几天"), value=_days_left, show=cells.count, align="end"),
    ),
    filters=(
        Choice(
            "when", _("状态"), is_primary=True,
            options=[
                Option("active", _("有效")), Option("soon", _("7 天内到期")), Option("expired", _("已到期")),
                Option("ended", _("已取消")),
            ],
            narrow=lambda rows, state: _ends_soon(rows) if state == "soon" else rows.filter(state=state),
        ),
    ),
    views=(View(_("7 天内到期"), "when=soon"), View(_("已到期"), "when=expired")),
    default_sort="ends",
    row_url=lambda one: member_url(one.member),
    export_name=_("付费会员"),
    empty=Empty(
        _("还没有付费会员"),
        _("建好方案以后，给成员开单，商品里选它；付了款就是会员，到期、续期和退款都会自己算。"),
        _("新建方案"),
        "/shop/plans/new/",
        permission=SHOP_EDIT,
    ),
)  # fmt: skip


WITH_PLANS = replace(SUBSCRIPTIONS.empty, button=_("开单"), url="/shop/orders/new/", permission=ORDERS_EDIT)


@page(permission=ORDERS_VIEW)
def plans(request: StaffRequest) -> HttpResponseBase:
    """Show the plans, and who has one until when."""
    day = today(clock.now())
    running = Q(subscriptions__starts_on__lte=day, subscriptions__ends_on__gte=day)
    rows = (
        plans_for(request.access, ORDERS_VIEW).select_related("community", "variant__product")
        .annotate(members=Count("subscriptions", filter=running)).order_by("-is_active", "variant__amount", "id")
    )  # fmt: skip
    told = [
        (one, length_in_words(one), rights_of(one), queries.owns(request.access, SHOP_EDIT, one.community_id))
        for one in rows
    ]
    listing = replace(SUBSCRIPTIONS, empty=WITH_PLANS) if told else SUBSCRIPTIONS
    return listing.respond(
        request, visible(request.access), template="console/shop/plans.html", context={"plans": told}
    )

"""The mall: what can be redeemed, one item, what was redeemed and where it goes; and how doors find them."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet, Sum
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import MEMBERS_CONTACT, MEMBERS_VIEW, ORDERS_EDIT, ORDERS_VIEW, SHOP_EDIT, SHOP_VIEW
from liuliang.commerce.mall import DONE, GOODS, REFUNDED, SHIPPED, WAITING
from liuliang.commerce.models import MallItem, Redemption
from liuliang.commerce.queries import owns, sold_by
from liuliang.console.doors import StaffRequest, finds, page
from liuliang.console.members.listing import member_url, shown_name
from liuliang.console.rewards.reach import reached
from liuliang.console.shop.mall_forms import KINDS
from liuliang.console.shop.products import free_of, place_of
from liuliang.people.access import Access
from liuliang.ui import formats
from liuliang.ui.listing import Boolean, Choice, Column, DateRange, Empty, Listing, Option, Text, View, cells
from liuliang.ui.templatetags.ui import tag

STATES: dict[str, tuple[str | Promise, str]] = {
    WAITING: (_("待处理"), "warn"),
    SHIPPED: (_("已发货"), "act"),
    DONE: (_("已完成"), "good"),
    REFUNDED: (_("已退回"), ""),
}


def items(access: Access, permission: str) -> QuerySet[MallItem]:
    """Return what of the mall one may see."""
    return MallItem.objects.filter(sold_by(access, permission))


def redemptions(access: Access, *permissions: str) -> QuerySet[Redemption]:
    """Return the redemptions of members where all these permissions hold."""
    rows = Redemption.objects.all()
    return rows if all(map(access.may_everywhere, permissions)) else reached(rows, access, *permissions)


@finds("item")
def find_item(access: Access, permission: str, value: str) -> MallItem | None:
    """Find something of the mall; to be changed, of one's own branch."""
    found = items(access, permission).select_related("community", "template", "stock").filter(public_id=value).first()
    if found is None or (permission == SHOP_EDIT and not owns(access, permission, found.community_id)):
        return None
    return found


@finds("redemption")
def find_redemption(access: Access, permission: str, value: str) -> Redemption | None:
    """Find a redemption of a member where the door's permission holds."""
    rows = redemptions(access, permission).select_related("item", "member", "order", "staff", "coupon__template")
    return rows.filter(number=value).first()


def price_of(item: MallItem) -> str:
    """Return what something costs, in words."""
    said = []
    if item.points:
        said.append(_now("{points} 积分").format(points=formats.exact(item.points)))
    if item.amount:
        said.append(formats.money(item.amount, item.currency))
    return " + ".join(said)


def _stock(item: MallItem) -> cells.Cell:
    free = free_of(item)
    if free is None:
        return _now("不限")
    return tag(_now("兑完"), "bad") if free == 0 else cells.count(free)


ITEMS = Listing(
    key="mall",
    title=_("积分商城"),
    columns=(
        Column("name", _("礼品"), value="name", is_fixed=True),
        Column("kind", _("类型"), value=lambda one: str(KINDS[one.kind])),
        Column("price", _("要多少"), value=price_of, align="end"),
        Column("stock", _("还有"), value=free_of, cell=_stock, align="end"),
        Column("per_person", _("每人限兑"), value="per_person", align="end"),
        Column("place", _("所属社群"), value=place_of),
        Column(
            "is_active", _("状态"), value=lambda one: "on" if one.is_active else "off",
            show=cells.state({"on": (_("可兑换"), "good"), "off": (_("已下架"), "")}),
        ),
        Column("created", _("建于"), value="created_at", show=cells.ago, sort="created_at", align="end"),
    ),
    filters=(
        Text("q", _("搜索名称"), fields=("name",)),
        Choice("kind", _("类型"), options=[Option(key, title) for key, title in KINDS.items()], is_primary=True),
        Boolean("active", _("状态"), field="is_active", yes=_("可兑换"), no=_("已下架")),
    ),
    default_sort="-created",
    key_field="public_id",
    row_url=lambda one: reverse("console:mall-item", args=[one.public_id]),
    empty=Empty(
        _("商城里还没有礼品"),
        _("放上实物、优惠券、服务或特权，成员用积分（可以再加点钱）换。不会超兑，退回时积分按原来的有效期还。"),
        _("上架礼品"),
        "/shop/mall/new/",
        permission=SHOP_EDIT,
    ),
)  # fmt: skip


@page(permission=SHOP_VIEW)
def mall(request: StaffRequest) -> HttpResponseBase:
    """List what is in the mall."""
    rows = items(request.access, SHOP_VIEW).select_related("community", "stock").prefetch_related("stock__parts")
    return ITEMS.respond(request, rows, template="console/shop/mall.html")


@page(permission=SHOP_VIEW)
def item(request: StaffRequest, item: MallItem) -> HttpResponse:
    """Show something of the mall: what it costs, how many are left, how often it was redeemed."""
    access = request.access
    sees = access.may_everywhere(ORDERS_VIEW)
    given = item.redemptions.exclude(state=REFUNDED).aggregate(items=Sum("quantity"), points=Sum("points"))
    context = {
        "item": item,
        "kind": KINDS[item.kind],
        "price": price_of(item),
        "free": free_of(item),
        "given": given if sees else None,
        "may_edit": owns(access, SHOP_EDIT, item.community_id),
        "may_redeem": access.may(ORDERS_EDIT) and access.may(MEMBERS_VIEW),
    }
    return render(request, "console/shop/mall_item.html", context)


def _what(row: Redemption) -> str:
    return f"{row.item.name} × {row.quantity}" if row.quantity > 1 else row.item.name


def _narrow(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    return rows.filter(Q(number__startswith=text) | Q(tracking__startswith=text))


REDEMPTIONS = Listing(
    key="redemptions",
    title=_("兑换与发货"),
    columns=(
        Column("number", _("兑换号"), value="number", is_fixed=True),
        Column("member", _("成员"), value=lambda one: shown_name(one.member),
               cell=lambda one: cells.person(shown_name(one.member))),
        Column("item", _("礼品"), value=_what),
        Column("points", _("积分"), value="points", show=cells.count, align="end"),
        Column("state", _("状态"), value=lambda one: str(STATES[one.state][0]),
               cell=lambda one: cells.state(STATES)(one.state)),
        Column("carrier", _("快递公司"), value="carrier", is_default=False),
        Column("tracking", _("快递单号"), value="tracking"),
        Column("at", _("时间"), value="at", show=cells.ago, sort="at", align="end"),
    ),
    filters=(
        Text("q", _("搜索兑换号或快递单号"), narrow=_narrow),
        Choice(
            "state", _("状态"), options=[Option(key, title) for key, (title, _tone) in STATES.items()], is_primary=True
        ),
        Choice("kind", _("类型"), options=[Option(key, title) for key, title in KINDS.items()], field="item__kind"),
        DateRange("at", _("时间"), field="at"),
    ),
    views=(View(_("等发货"), f"state={WAITING}&kind={GOODS}"),),
    default_sort="-at",
    row_url=lambda one: reverse("console:redemption", args=[one.number]),
    empty=Empty(
        _("还没有人兑换"),
        _("在商城的礼品页给成员兑换；要寄的东西会排在这里等发货。"),
        _("去积分商城"),
        "/shop/mall/",
        permission=SHOP_VIEW,
    ),
)  # fmt: skip


@page(permission=ORDERS_VIEW)
def fulfilment(request: StaffRequest) -> HttpResponseBase:
    """List what was redeemed, and what waits to be sent."""
    rows = redemptions(request.access, ORDERS_VIEW).select_related("member", "item")
    context = {"may_ship": request.access.may(ORDERS_EDIT), "may_export": may_see_addresses(request.access)}
    return REDEMPTIONS.respond(request, rows, template="console/shop/redemptions.html", context=context)


def may_see_addresses(access: Access) -> bool:
    """Tell whether one may read where goods go."""
    return access.may(ORDERS_EDIT) and access.may(MEMBERS_CONTACT)


@page(permission=ORDERS_VIEW)
def redemption(request: StaffRequest, redemption: Redemption) -> HttpResponse:
    """Show a redemption: what it was, what it cost, and how far it has come."""
    access, member = request.access, redemption.member
    reach = access.members(MEMBERS_VIEW).filter(pk=member.canonical_id or member.pk)
    contact = access.members(ORDERS_EDIT, MEMBERS_CONTACT).filter(pk=member.canonical_id or member.pk)
    context = {
        "redemption": redemption,
        "state": STATES[redemption.state],
        "what": _what(redemption),
        "buyer": shown_name(member),
        "buyer_url": member_url(member) if reach.exists() else "",
        "sees_address": contact.exists(),
        "is_goods": redemption.item.kind == GOODS,
        "may_edit": redemptions(access, ORDERS_EDIT).filter(pk=redemption.pk).exists(),
    }
    return render(request, "console/shop/redemption.html", context)

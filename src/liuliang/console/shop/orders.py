"""The list of orders, one order, and how doors find one."""

from __future__ import annotations

from typing import cast

from django.db.models import BooleanField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.models import Staff
from liuliang.accounts.permissions import MEMBERS_VIEW, ORDERS_EDIT, ORDERS_VIEW
from liuliang.commerce.models import Order, Payment
from liuliang.commerce.origins import COUNTED
from liuliang.commerce.payment_accounts import open_adapters
from liuliang.commerce.queries import owns
from liuliang.commerce.selling import HERE
from liuliang.console.doors import StaffRequest, finds, page
from liuliang.console.members.listing import member_url, shown_name
from liuliang.console.members.member import ORDER_STATES
from liuliang.console.shop.payment_words import attempts, title_of
from liuliang.console.shop.product import price_words
from liuliang.importers.tabling import ORDER_SOURCE
from liuliang.people.access import Access
from liuliang.people.models import Membership
from liuliang.ui import formats
from liuliang.ui.listing import Boolean, Choice, Column, DateRange, Empty, Listing, Option, Text, View, cells

WAYS: dict[str, str | Promise] = {
    "offline": _("当面收款"),
    "transfer": _("转账"),
    "wechat": _("微信收款码"),
    "alipay": _("支付宝收款码"),
    "free": _("不用付款"),
}


def visible(access: Access, permission: str) -> QuerySet[Order]:
    """Return the orders of communities where ``permission`` holds, and one's own; those of no community if it holds everywhere."""
    allowed = access.community_ids(permission)
    if allowed is None:
        return Order.objects.all()
    return Order.objects.filter(Q(community__in=allowed) | Q(staff=access.staff, community=None))


def with_buyers(access: Access, rows: QuerySet[Order]) -> QuerySet[Order]:
    """Add the buyers, and whether one ``is_hidden``: a member of other communities alone, found by a number in an order of ours."""
    rows = rows.select_related("member", "community", "staff")
    allowed = access.community_ids(ORDERS_VIEW)
    if allowed is None:
        return rows.annotate(is_hidden=Value(value=False, output_field=BooleanField()))
    theirs = Membership.objects.filter(member=Coalesce(OuterRef("member__canonical"), OuterRef("member")))
    return rows.annotate(is_hidden=Exists(theirs) & ~Exists(theirs.filter(community__in=allowed)))


def buyer_of(order: Order) -> str:
    """Return what the buyer of an order of `with_buyers` is called, empty for none."""
    if order.member is None:
        return ""
    return _now("一位成员") if order.is_hidden else shown_name(order.member)  # type: ignore[attr-defined]


@finds("order")
def find_order(access: Access, permission: str, value: str) -> Order | None:
    """Find an order one may see or, for a door that asks for more, change."""
    if not (value.isdecimal() and value.isascii() and len(value) < 19):
        return None
    return with_buyers(access, visible(access, permission)).filter(pk=int(value)).first()


def _who(order: Order) -> cells.Cell:
    return cells.person(buyer_of(order)) if order.member else "–"


def source_words(source: str) -> str:
    """Say where an order came from: here, a table that was imported, or another program under its own name."""
    return str({HERE: _("本系统"), ORDER_SOURCE: _("导入的表格")}.get(source, source))


_STRAY = Q(Exists(Payment.objects.filter(order=OuterRef("pk"), state="stray")))
_COUNTED = Q(status__in=COUNTED)


def _in_charge(request: HttpRequest) -> list[Option]:
    """Return the colleagues who are in charge of an order one may see, those who have left included."""
    theirs = visible(cast("StaffRequest", request).access, ORDERS_VIEW).filter(staff=OuterRef("pk"))
    return [Option(str(one.pk), one.name) for one in Staff.objects.filter(Exists(theirs)).order_by("name", "pk")]


def _communities(request: HttpRequest) -> list[Option]:
    known = cast("StaffRequest", request).access.communities(ORDERS_VIEW).order_by("name", "pk")
    return [Option(public_id, name) for public_id, name in known.values_list("public_id", "name")]


def _noted(key: str, title: Promise, condition: Q) -> Boolean:
    return Boolean(
        f"has_{key}", title, yes=_("记下了"), no=_("没有记下"),
        narrow=lambda rows, is_noted: rows.filter(condition if is_noted else ~condition),
    )  # fmt: skip


ORDERS = Listing(
    key="orders",
    title=_("订单"),
    columns=(
        Column("number", _("订单号"), value="number", is_fixed=True),
        Column("buyer", _("买家"), value=buyer_of, cell=_who),
        Column("product", _("商品"), value="product", space="clipped"),
        Column("quantity", _("件数"), value="quantity", show=cells.count, align="end"),
        Column(
            "amount", _("金额"), value=lambda one: formats.major(one.amount, one.currency), align="end",
            cell=lambda one: formats.money(one.amount, one.currency),
        ),
        Column(
            "refunded", _("已退"), value=lambda one: formats.major(one.refunded, one.currency), align="end",
            cell=lambda one: formats.money(one.refunded, one.currency) if one.refunded else "",
        ),
        Column("currency", _("币种"), value="currency", is_default=False),
        Column("status", _("状态"), value=lambda one: str(ORDER_STATES.get(one.status, (one.status, ""))[0]),
               cell=lambda one: cells.state(ORDER_STATES)(one.status)),
        Column("source", _("来源"), value=lambda one: source_words(one.source)),
        Column("community", _("社群"), value=lambda one: one.community.name if one.community else ""),
        Column("content", _("来自内容"), value="content", is_default=False),
        Column("play", _("来自玩法"), value="play", is_default=False),
        Column("staff", _("负责人"), value=lambda one: one.staff.name if one.staff else "", is_default=False),
        Column("at", _("时间"), value="at", show=cells.ago, sort="at", align="end"),
    ),
    filters=(
        Text("q", _("搜索订单号"), narrow=lambda rows, text: rows.filter(number__startswith=text)),
        Choice(
            "status", _("状态"), options=[Option(key, title) for key, (title, _tone) in ORDER_STATES.items()],
            is_primary=True,
        ),
        Boolean(
            "here", _("来源"), yes=_("本系统"), no=_("导入"),
            narrow=lambda rows, here: rows.filter(source=HERE) if here else rows.exclude(source=HERE),
        ),
        Boolean(
            "stray", _("收不下的钱"), yes=_("要退回"), no=_("没有"),
            narrow=lambda rows, stray: rows.filter(_STRAY) if stray else rows.exclude(_STRAY),
        ),
        DateRange("at", _("时间"), field="at"),
        Text("content", _("来自内容"), is_primary=False, narrow=lambda rows, text: rows.filter(content=text)),
        Text("play", _("来自玩法"), is_primary=False, narrow=lambda rows, text: rows.filter(play=text)),
        Choice("staff", _("负责人"), options=_in_charge),
        Choice("community", _("社群"), options=_communities, field="community__public_id"),
        _noted("content", _("有没有记下内容"), ~Q(content="")),
        _noted("play", _("有没有记下玩法"), ~Q(play="")),
        _noted("staff", _("有没有负责人"), Q(staff__isnull=False)),
        _noted("community", _("有没有社群"), Q(community__isnull=False)),
        Text("currency", _("币种"), is_primary=False, narrow=lambda rows, text: rows.filter(currency=text)),
        Boolean(
            "counted", _("付款"), yes=_("付过"), no=_("没付过"),
            narrow=lambda rows, counted: rows.filter(_COUNTED) if counted else rows.exclude(_COUNTED),
        ),
    ),
    views=(View(_("等付款"), "status=unpaid&here=1"), View(_("有收不下的钱"), "stray=1")),
    default_sort="-at",
    row_url=lambda one: reverse("console:order", args=[one.pk]),
    export_name=_("订单"),
    empty=Empty(
        _("还没有订单"),
        _("在这里给成员开单、收款、退款；别处的订单可以从“导入”进来，两种订单一起算。"),
        _("开单"),
        "/shop/orders/new/",
        permission=ORDERS_EDIT,
    ),
)  # fmt: skip


@page(permission=ORDERS_VIEW)
def orders(request: StaffRequest) -> HttpResponseBase:
    """List the orders one may see, made here or imported."""
    rows = with_buyers(request.access, visible(request.access, ORDERS_VIEW))
    return ORDERS.respond(request, rows, template="console/shop/orders.html")


@page(permission=ORDERS_VIEW)
def order(request: StaffRequest, order: Order) -> HttpResponse:
    """Show an order: what is in it at which price, the money, and where it came from."""
    access = request.access
    lines = order.lines.select_related("variant__product").order_by("id")
    member = order.member
    sees = member is not None and access.members(MEMBERS_VIEW).filter(pk=member.canonical_id or member.pk).exists()
    is_here = order.source == HERE
    is_own = order.community_id is None and order.staff_id == access.staff.pk and access.may(ORDERS_EDIT)
    context = {
        "order": order,
        "source": source_words(order.source),
        "state": ORDER_STATES.get(order.status, (order.status, "")),
        "way": WAYS.get(order.paid_how) or title_of(order.paid_how),
        "lines": [(line, price_words(line)) for line in lines],
        "coupons": order.coupons.select_related("coupon__template").order_by("id"),
        "refunds": order.refunds.select_related("staff").order_by("-id"),
        "left": order.amount - order.refunded - order.refunding,
        "payments": attempts(order) if is_here else [],
        "codes": open_adapters(order.currency) if is_here and order.status == "unpaid" and order.amount else [],
        "buyer": buyer_of(order),
        "buyer_url": member_url(member) if member and sees else "",
        "is_here": is_here,
        "may_note": is_own or owns(access, ORDERS_EDIT, order.community_id),
        "may_edit": is_here and (is_own or owns(access, ORDERS_EDIT, order.community_id)),
    }
    return render(request, "console/shop/order.html", context)

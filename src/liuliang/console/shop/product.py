"""One product: its forms, prices and stock, what somebody would pay and why, who bought it, and what moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.accounts.models import Staff
from liuliang.accounts.permissions import ORDERS_VIEW, SHOP_EDIT, SHOP_VIEW
from liuliang.commerce import queries
from liuliang.commerce.models import Offer, OrderLine, Product, Variant
from liuliang.commerce.prices import COMMUNITY, LEVEL, MEMBER_DAY, PLAN, QUANTITY
from liuliang.commerce.shoppers import prices_for, shopper_of
from liuliang.console.choosing import chosen_member, people_named
from liuliang.console.doors import StaffRequest, page
from liuliang.console.members.listing import member_url, shown_name
from liuliang.console.shop.products import free_of, held_of, with_stock
from liuliang.kernel import clock
from liuliang.loyalty.movements import Movement, movements
from liuliang.people.models import Community, Member
from liuliang.ui import formats
from liuliang.ui.listing import Column, DateRange, Empty, Listing, cells

CONDITIONS: dict[str, str | Promise] = {
    COMMUNITY: gettext_lazy("社群价"),
    LEVEL: gettext_lazy("会员价"),
    PLAN: gettext_lazy("付费会员价"),
    MEMBER_DAY: gettext_lazy("会员日"),
    QUANTITY: gettext_lazy("阶梯价"),
}
UNMET: dict[str, str | Promise] = {
    COMMUNITY: gettext_lazy("不在这些社群里"),
    LEVEL: gettext_lazy("等级不够"),
    PLAN: gettext_lazy("不是这种付费会员"),
    QUANTITY: gettext_lazy("数量不够"),
}
MOVEMENTS: dict[str, str | Promise] = {
    "filled": gettext_lazy("入库"),
    "withdrawn": gettext_lazy("出库"),
    "taken": gettext_lazy("售出"),
    "correction": gettext_lazy("退货入库"),
}
HISTORY = 30


@dataclass(frozen=True, slots=True)
class Shelf:
    """A variant as its page shows it."""

    variant: Variant
    free: int | None
    held: int
    offers: Sequence[tuple[Offer, str]]


@page(permission=SHOP_VIEW)
def product(request: StaffRequest, product: Product) -> HttpResponse:
    """Show a product."""
    row = with_stock(Product.objects.filter(pk=product.pk)).get()
    variants = list(row.variants.all())
    words = offers_in_words(
        Offer.objects.filter(variant__in=variants).select_related("level", "plan").order_by("amount", "id")
    )
    shelves = [
        Shelf(one, free_of(one), held_of(one), [(offer, text) for offer, text in words if offer.variant_id == one.pk])
        for one in variants
    ]
    sees_orders = request.access.may(ORDERS_VIEW)
    context = {
        **head(request, product, "console:product"),
        "shelves": shelves,
        "free": None if any(each.free is None for each in shelves) else sum(each.free or 0 for each in shelves),
        "held": sum(each.held for each in shelves),
        "sold": queries.sold(product.pk) if sees_orders and request.access.may_everywhere(ORDERS_VIEW) else None,
        "q": "",
    }
    return render(request, "console/shop/product.html", context)


def head(request: StaffRequest, product: Product, current: str) -> dict[str, Any]:
    """Return what the head of every page of a product needs."""
    pages = [(_("规格与价格"), "console:product"), (_("库存记录"), "console:product-stock")]
    if request.access.may(ORDERS_VIEW):
        pages.insert(1, (_("谁买了"), "console:product-buyers"))
    addresses = {name: reverse(name, args=[product.public_id]) for _title, name in pages}
    return {
        "product": product,
        "tabs": [(title, addresses[name], None) for title, name in pages],
        "tab_url": addresses.get(current, ""),
        "may_edit": queries.owns(request.access, SHOP_EDIT, product.community_id),
    }


def offers_in_words(offers: Sequence[Offer] | Any) -> list[tuple[Offer, str]]:
    """Return offers with their conditions in words."""
    offers = list(offers)
    names = dict(
        Community.objects.filter(id__in={one for offer in offers for one in offer.communities}).values_list(
            "id", "name"
        )
    )
    return [(offer, " · ".join(_conditions(offer, names))) for offer in offers]


def _conditions(offer: Offer, names: dict[int, str]) -> list[str]:
    said = []
    if offer.communities:
        where = formats.listed(names.get(one, _("已删除的社群")) for one in offer.communities)
        said.append(_("{communities} 的成员").format(communities=where))
    if offer.level:
        said.append(_("等级不低于 {level}").format(level=offer.level.name))
    if offer.plan:
        said.append(_("{plan}的付费会员").format(plan=offer.plan.name))
    if offer.from_quantity > 1:
        said.append(_("一单至少 {count} 件").format(count=offer.from_quantity))
    return said


@dataclass(frozen=True, slots=True)
class Paid:
    """What somebody would pay for a variant: the price, its reason, and why they do not get each of the others."""

    variant: Variant
    amount: int
    why: str
    missed: Sequence[str]


@page(permission=SHOP_VIEW)
def price(request: StaffRequest, product: Product) -> HttpResponse:
    """Find a member by name and say what they pay for each variant, and why."""
    member = chosen_member(request, request.GET.get("member", ""))
    quantity = request.GET.get("quantity", "1")
    count = min(max(int(quantity), 1), 10**6) if quantity.isdecimal() and quantity.isascii() else 1
    context = {
        "product": product,
        "q": request.GET.get("q", "").replace("\0", ""),
        "found": [] if member else people_named(request, request.GET.get("q", "")),
        "member": member,
        "name": shown_name(member) if member else "",
        "count": count,
        "prices": _prices(product, member, count) if member else [],
    }
    return render(request, "console/shop/price.html", context)


def _prices(product: Product, member: Member, count: int) -> list[Paid]:
    variants = list(product.variants.filter(is_active=True).order_by("amount", "id"))
    rows = Offer.objects.filter(variant__in=variants).select_related("level", "plan").order_by("id")
    words = {offer.pk: text for offer, text in offers_in_words(rows)}
    found = []
    for variant, priced in zip(
        variants, prices_for(shopper_of(member.pk, at=clock.now()), [(one, count) for one in variants]), strict=True
    ):
        missed = [
            _("{price}（{conditions}）：{reason}").format(
                price=formats.money(each.terms.amount, product.currency),
                conditions=words.get(each.terms.key) or CONDITIONS[MEMBER_DAY],
                reason=formats.listed(UNMET[name] for name in each.unmet) or _("另一个价更低"),
            )
            for each in priced.missed
        ]
        why = words.get(priced.terms.key) or str(CONDITIONS[MEMBER_DAY]) if priced.terms else _("标价")
        found.append(Paid(variant, priced.amount, why, missed))
    return found


def _who(line: OrderLine) -> cells.Cell:
    member = line.order.member
    return cells.person(shown_name(member)) if member else "–"


def price_words(line: OrderLine) -> str:
    """Return which price a line of an order had."""
    return formats.listed(CONDITIONS[name] for name in line.why if name in CONDITIONS) or _("标价")


BUYERS = Listing(
    key="product-buyers",
    title=gettext_lazy("谁买了"),
    columns=(
        Column("order", gettext_lazy("订单"), value="order.number", sort="order_id", is_fixed=True),
        Column("buyer", gettext_lazy("买家"), value=lambda one: shown_name(one.order.member), cell=_who),
        Column("variant", gettext_lazy("规格"), value=lambda one: one.variant.name or one.variant.code),
        Column("quantity", gettext_lazy("件数"), value="quantity", show=cells.count, align="end"),
        Column("why", gettext_lazy("价格"), value=price_words),
        Column(
            "total", gettext_lazy("实付"), value="total", align="end",
            cell=lambda one: formats.money(one.total, one.order.currency),
        ),
        Column("at", gettext_lazy("付款时间"), value="order.at", show=cells.ago, align="end"),
    ),
    filters=(DateRange("at", gettext_lazy("付款时间"), field="order__at"),),
    default_sort="-order",
    row_url=lambda one: reverse("console:order", args=[one.order_id]),
    empty=Empty(gettext_lazy("还没有人买"), gettext_lazy("有人付款以后，会列出是谁、买的哪种、按什么价。")),
)  # fmt: skip


@page(permission=ORDERS_VIEW)
def buyers(request: StaffRequest, product: Product) -> HttpResponseBase:
    """List who bought a product, in the orders one may see."""
    allowed = request.access.community_ids(ORDERS_VIEW)
    rows = OrderLine.objects.filter(variant__product=product, order__status__in=("paid", "refunded"))
    if allowed is not None:
        rows = rows.filter(order__community__in=allowed)
    rows = rows.select_related("order__member", "variant")
    context = head(request, product, "console:product-buyers")
    return BUYERS.respond(request, rows, template="console/shop/product_buyers.html", context=context)


@dataclass(frozen=True, slots=True)
class Moved:
    """A movement of a stock in words."""

    movement: Movement
    title: str | Promise
    who: str
    url: str


@page(permission=SHOP_VIEW)
def stock(request: StaffRequest, product: Product) -> HttpResponse:
    """Show what moved in the stock of a variant, newest first."""
    variants = list(product.variants.filter(stock__isnull=False).order_by("id"))
    asked = request.GET.get("variant", "")
    chosen = next((one for one in variants if str(one.pk) == asked), variants[0] if variants else None)
    before = request.GET.get("before", "")
    place = int(before) if before.isdecimal() and len(before) < 19 else None
    rows = movements(chosen.stock_id, before=place, size=HISTORY) if chosen and chosen.stock_id else []
    context = {
        **head(request, product, "console:product-stock"),
        "variants": variants,
        "chosen": chosen,
        "rows": _told(request, rows),
        "older": rows[-1].transfer if len(rows) == HISTORY else None,
    }
    return render(request, "console/shop/product_stock.html", context)


def _told(request: StaffRequest, rows: Sequence[Movement]) -> list[Moved]:
    staff = dict(Staff.objects.filter(id__in={one.actor for one in rows if one.actor}).values_list("id", "name"))
    members = request.access.members(SHOP_VIEW).in_bulk({one.member for one in rows if one.member})
    told = []
    for one in rows:
        member = members.get(one.member or 0)
        who = shown_name(member) if member else staff.get(one.actor or 0, "")
        told.append(Moved(one, MOVEMENTS.get(one.kind, one.kind), who, member_url(member) if member else ""))
    return told

"""The list of products, and how doors find one."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from liuliang.accounts.permissions import SHOP_EDIT, SHOP_VIEW
from liuliang.commerce import queries
from liuliang.commerce.models import MallItem, Product, Variant
from liuliang.console.doors import StaffRequest, finds, page
from liuliang.people.access import Access
from liuliang.ui import formats
from liuliang.ui.listing import Boolean, Column, Empty, Listing, Text, View, cells
from liuliang.ui.templatetags.ui import tag


@finds("product")
def find_product(access: Access, permission: str, value: str) -> Product | None:
    """Find a product of a branch where the door's permission holds; to be changed, one's own."""
    found = queries.products(access, permission).select_related("community").filter(public_id=value).first()
    if found is None or (permission == SHOP_EDIT and not queries.owns(access, permission, found.community_id)):
        return None
    return found


def place_of(row: Any) -> str:
    """Return which branch something belongs to, in words."""
    return row.community.name if row.community else _now("全部社群")


def variants_of(product: Product) -> list[Variant]:
    """Return the variants of a product that can be ordered, as they were prefetched."""
    return [variant for variant in product.variants.all() if variant.is_active]


def free_of(thing: Variant | MallItem) -> int | None:
    """Return how many of a thing are free; None for what never runs out. Its stock is best prefetched."""
    account = thing.stock
    if account is None:
        return None
    parts = [account, *account.parts.all()]
    return sum(part.balance - part.held for part in parts)


def held_of(variant: Variant) -> int:
    """Return how many of a variant are reserved."""
    account = variant.stock
    return 0 if account is None else sum(part.held for part in [account, *account.parts.all()])


def with_stock(products: QuerySet[Product]) -> QuerySet[Product]:
    """Let products be read with their variants and stock, a few statements for a page."""
    variants = Variant.objects.select_related("stock").prefetch_related("stock__parts").order_by("amount", "id")
    return products.prefetch_related(Prefetch("variants", variants))


def _free(product: Product) -> int | None:
    counts = [free_of(variant) for variant in variants_of(product)]
    if not counts or None in counts:
        return None
    return sum(count or 0 for count in counts)


def _stock(product: Product) -> cells.Cell:
    variants = variants_of(product)
    free = _free(product)
    if not variants:
        return "–"
    if free is None:
        return _now("不限")
    if free == 0:
        return tag(_now("售罄"), "bad")
    return cells.count(free)


def _price(product: Product) -> str:
    amounts = [variant.amount for variant in variants_of(product)]
    if not amounts:
        return "–"
    low, high = (formats.money(amount, product.currency) for amount in (min(amounts), max(amounts)))
    return low if low == high else f"{low} – {high}"


PRODUCTS = Listing(
    key="products",
    title=pgettext_lazy("several", "商品"),
    columns=(
        Column("name", _("商品"), value="name", sort="name", is_fixed=True),
        Column("price", _("标价"), value=_price, align="end"),
        Column("variants", _("规格"), value=lambda one: len(variants_of(one)), show=cells.count, align="end"),
        Column("stock", _("可售库存"), value=_free, cell=_stock, align="end"),
        Column("place", _("所属社群"), value=place_of),
        Column(
            "is_on_sale", _("状态"), value=lambda one: "on" if one.is_on_sale else "off",
            show=cells.state({"on": (_("在售"), "good"), "off": (_("已下架"), "")}),
        ),
        Column("changed", _("修改于"), value="changed_at", show=cells.ago, sort="changed_at", align="end"),
    ),
    filters=(
        Text("q", _("搜索名称或货号"), narrow=lambda rows, text: rows.filter(name__icontains=text)
             | rows.filter(id__in=Variant.objects.filter(code__istartswith=text).values("product"))),
        Boolean("sale", _("在售"), field="is_on_sale", is_primary=True, yes=_("在售"), no=_("已下架")),
    ),
    views=(View(_("在售"), "sale=1"), View(_("已下架"), "sale=0")),
    default_sort="-changed",
    key_field="public_id",
    row_url=lambda one: reverse("console:product", args=[one.public_id]),
    empty=Empty(
        _("还没有商品"),
        _("商品有规格、库存和标价，还能给某些社群的全体成员社群价，给等级高的会员价，买得多的阶梯价。"),
        _("新建商品"),
        "/shop/products/new/",
        permission=SHOP_EDIT,
    ),
)  # fmt: skip


@page(permission=SHOP_VIEW)
def products(request: StaffRequest) -> HttpResponseBase:
    """List the products one may see."""
    rows = with_stock(queries.products(request.access, SHOP_VIEW).select_related("community").defer("picture"))
    return PRODUCTS.respond(request, rows, template="console/shop/products.html")

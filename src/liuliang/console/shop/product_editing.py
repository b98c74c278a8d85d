"""What staff change about products: words, forms, prices, stock; and tables in and out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from liuliang.accounts.permissions import SHOP_EDIT, SHOP_VIEW
from liuliang.commerce import products as services
from liuliang.commerce import queries, sheets
from liuliang.commerce.models import Offer, Product, Variant
from liuliang.console.dialogs import INVALID, dialog, done
from liuliang.console.doors import StaffRequest, find_community, page
from liuliang.console.fields import place_choices
from liuliang.console.leading import back
from liuliang.console.shop import product_sheet
from liuliang.console.shop.product_forms import (
    ChangeVariantForm,
    NewProductForm,
    NewVariantForm,
    OfferForm,
    ProductForm,
    SheetForm,
    StockForm,
)
from liuliang.console.tables import in_words, workbook
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.people.blueprint import logo_from
from liuliang.people.models import Community


@page(permission=SHOP_EDIT, methods=("GET", "POST"))
def new(request: StaffRequest) -> HttpResponse:
    """Make a product with its first variant."""
    form = NewProductForm(request.POST or None, request.FILES or None, access=request.access)
    made: list[Product] = []

    @transaction.atomic
    def create(told: Mapping[str, Any]) -> None:
        at = clock.now()
        product = services.create_product(
            told["name"], at=at, community=_place(request, told["community"]), currency=told["currency"],
            description=told["description"], picture=_picture(told) or "", is_on_sale=told["is_on_sale"],
        )  # fmt: skip
        services.add_variant(
            product.pk, code=told["code"], amount=told["amount"], at=at, name=told["variant_name"],
            quantity=told["quantity"], per_person=told["per_person"],
        )  # fmt: skip
        made.append(product)

    if done(form, create):
        return back(request, _page(made[0]), _("商品已建好，可以再加规格和优惠价。"))
    return render(request, "console/shop/new_product.html", {"form": form}, status=INVALID if form.errors else 200)


@page(permission=SHOP_EDIT, methods=("GET", "POST"))
def edit(request: StaffRequest, product: Product) -> HttpResponse:
    """Change what is said of a product."""
    form = ProductForm(
        request.POST or None, request.FILES or None, has_picture=bool(product.picture),
        initial={"name": product.name, "description": product.description, "is_on_sale": product.is_on_sale},
    )  # fmt: skip

    def change(told: Mapping[str, Any]) -> None:
        services.change_product(
            product.pk, at=clock.now(), name=told["name"], description=told["description"],
            is_on_sale=told["is_on_sale"], picture=_picture(told),
        )  # fmt: skip

    if done(form, change):
        return back(request, _page(product), _("已保存。"))
    return dialog(request, form, _("修改商品"), _("保存"))


@page(permission=SHOP_EDIT, methods=("GET", "POST"))
def new_variant(request: StaffRequest, product: Product) -> HttpResponse:
    """Add a variant."""
    form = NewVariantForm(request.POST or None, currency=product.currency)
    if done(form, lambda told: services.add_variant(product.pk, at=clock.now(), **told)):
        return back(request, _page(product), _("规格已添加。"))
    return dialog(request, form, _("添加规格"), _("添加"))


@page(permission=SHOP_EDIT, methods=("GET", "POST"))
def variant(request: StaffRequest, product: Product, variant_id: int) -> HttpResponse:
    """Change a variant."""
    found = _variant(product, variant_id)
    fields = ("code", "name", "amount", "per_person", "is_active")
    form = ChangeVariantForm(
        request.POST or None, currency=product.currency, initial={field: getattr(found, field) for field in fields}
    )
    if done(form, lambda told: services.change_variant(found.pk, at=clock.now(), **told)):
        return back(request, _page(product), _("规格已修改。已经下的订单仍按原价。"))
    return dialog(request, form, _("修改规格"), _("保存"))


@page(permission=SHOP_EDIT, methods=("GET", "POST"))
def change_stock(request: StaffRequest, product: Product, variant_id: int) -> HttpResponse:
    """Put more into a variant's stock, or take some out."""
    found = _variant(product, variant_id)
    form = StockForm(request.POST or None)

    def change(told: Mapping[str, Any]) -> None:
        services.change_stock(found.pk, by=told["by"], key=told["key"], reason=told["reason"], at=clock.now())

    if done(form, change):
        return back(request, _page(product), _("库存已调整。"))
    text = "" if found.stock_id else _("这个规格现在不限库存；调整以后按件计数。")
    return dialog(request, form, _("调整库存"), _("调整"), text=text)


@page(permission=SHOP_EDIT, methods=("GET", "POST"))
def new_offer(request: StaffRequest, product: Product, variant_id: int) -> HttpResponse:
    """Give a variant a better price."""
    found = _variant(product, variant_id)
    places = [(value, name) for value, name in place_choices(request.access, SHOP_VIEW) if value]
    form = OfferForm(request.POST or None, currency=product.currency, places=places)

    def add(told: Mapping[str, Any]) -> None:
        chosen = request.access.communities(SHOP_VIEW).filter(public_id__in=told["communities"])
        services.add_offer(
            found.pk, amount=told["amount"], at=clock.now(), communities=list(chosen.values_list("id", flat=True)),
            level=told["level"].pk if told["level"] else None,
            plan=told["plan"].pk if told["plan"] else None, from_quantity=told["from_quantity"],
        )  # fmt: skip

    if done(form, add):
        return back(request, _page(product), _("优惠价已添加，从现在起下单就按它算。"))
    text = _("几个条件同时满足才有这个价；一个人能用几个价时，按最低的算。")
    return dialog(request, form, _("添加优惠价"), _("添加"), text=text)


@page(permission=SHOP_EDIT, methods=("POST",))
def remove_offer(request: StaffRequest, product: Product, offer_id: int) -> HttpResponse:
    """Take a better price away."""
    offer = get_object_or_404(Offer, pk=offer_id, variant__product=product)
    services.remove_offer(offer.pk, at=clock.now())
    return back(request, _page(product), _("优惠价已删除。"))


@page(permission=SHOP_VIEW, methods=("POST",))
def export(request: StaffRequest) -> StreamingHttpResponse:
    """Give the products one may see as a workbook that can be changed and taken in again."""
    shown = queries.products(request.access, SHOP_VIEW)
    return workbook(_("商品"), lambda file: product_sheet.write(file, shown))


@page(permission=SHOP_EDIT, methods=("GET", "POST"))
def bring_in(request: StaffRequest) -> HttpResponse:
    """Take in a workbook of products."""
    form = SheetForm(request.POST or None, request.FILES or None, access=request.access)
    brought: list[sheets.BroughtIn] = []

    def take(told: Mapping[str, Any]) -> None:
        rows, place = product_sheet.read(told["file"]), _place(request, told["community"])
        try:
            brought.append(sheets.bring_in(rows, community=place, key=told["key"], at=clock.now()))
        except Refused as refusal:
            raise in_words(refusal) from refusal

    if done(form, take):
        counts = brought[0]
        messages.success(
            request,
            _("新增 {products} 个商品、{variants} 个规格，更新 {changed} 个规格。").format(
                products=counts.products, variants=counts.variants, changed=counts.changed
            ),
        )
        return redirect("console:products")
    context = {"form": form, "headings": product_sheet.headings()}
    return render(request, "console/shop/products_import.html", context, status=INVALID if form.errors else 200)


def _variant(product: Product, variant_id: int) -> Variant:
    return get_object_or_404(Variant, pk=variant_id, product=product)


def _page(product: Product) -> str:
    return reverse("console:product", args=[product.public_id])


def _picture(told: Mapping[str, Any]) -> str | None:
    """Return the picture a form brought; empty to take it off, None to leave what is there."""
    if told.get("picture"):
        return logo_from(told["picture"].read())
    return "" if told.get("remove_picture") else None


def _place(request: StaffRequest, public_id: str) -> int | None:
    """Return the branch that was chosen; empty is everywhere, which the form offers only to who may."""
    if not public_id:
        return None
    found: Community | None = find_community(request.access, SHOP_EDIT, public_id)
    if found is None:
        raise Http404
    return found.pk

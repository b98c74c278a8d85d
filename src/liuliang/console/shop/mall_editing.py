"""What staff change about the mall, what they redeem for members, and how goods are sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.accounts.permissions import MEMBERS_CONTACT, ORDERS_EDIT, SHOP_EDIT
from liuliang.commerce import fulfilment
from liuliang.commerce import mall as services
from liuliang.commerce.fulfilment import Parcel
from liuliang.commerce.models import MallItem, Redemption
from liuliang.console.choosing import chosen_member, people_named
from liuliang.console.dialogs import INVALID, dialog, done
from liuliang.console.doors import StaffRequest, find_community, page
from liuliang.console.leading import back
from liuliang.console.shop.mall import may_see_addresses, price_of, redemptions
from liuliang.console.shop.mall_forms import (
    ChangeItemForm,
    NewItemForm,
    ParcelsForm,
    RedeemForm,
    ShipForm,
    TakeBackForm,
)
from liuliang.console.shop.product_forms import StockForm
from liuliang.console.tables import in_words, read_table, workbook
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.people.models import Community
from liuliang.ui import formats
from liuliang.ui.listing import Column
from liuliang.ui.listing.export import write_xlsx


@page(permission=SHOP_EDIT, methods=("GET", "POST"))
def new(request: StaffRequest) -> HttpResponse:
    """Put something into the mall."""
    form = NewItemForm(request.POST or None, access=request.access)
    made: list[MallItem] = []

    def create(told: Mapping[str, Any]) -> None:
        place: Community | None = find_community(request.access, SHOP_EDIT, told["community"])
        item = services.NewItem(
            name=told["name"], kind=told["kind"], points=told["points"], amount=told["amount"] or 0,
            currency=told["currency"], description=told["description"], per_person=told["per_person"],
            template=told["template"].pk if told["template"] else None, community=place.pk if place else None,
        )  # fmt: skip
        made.append(services.create_item(item, at=clock.now(), quantity=told["quantity"]))

    if done(form, create):
        return back(request, _page(made[0]), _("礼品已上架，可以兑换了。"))
    return render(request, "console/shop/new_mall_item.html", {"form": form}, status=INVALID if form.errors else 200)


@page(permission=SHOP_EDIT, methods=("GET", "POST"))
def edit(request: StaffRequest, item: MallItem) -> HttpResponse:
    """Change what something costs and says."""
    fields = ("name", "points", "amount", "per_person", "description", "is_active")
    form = ChangeItemForm(request.POST or None, initial={field: getattr(item, field) for field in fields})
    form.fields["amount"].currency = item.currency  # type: ignore[attr-defined]
    if done(form, lambda told: services.change_item(item.pk, **{**told, "amount": told["amount"] or 0})):
        return back(request, _page(item), _("已保存。兑换过的不变。"))
    return dialog(request, form, _("修改礼品"), _("保存"))


@page(permission=SHOP_EDIT, methods=("GET", "POST"))
def change_stock(request: StaffRequest, item: MallItem) -> HttpResponse:
    """Put more into the stock of something, or take some out."""
    form = StockForm(request.POST or None)

    def change(told: Mapping[str, Any]) -> None:
        services.change_item_stock(item.pk, by=told["by"], key=told["key"], reason=told["reason"], at=clock.now())

    if done(form, change):
        return back(request, _page(item), _("库存已调整。"))
    return dialog(request, form, _("调整库存"), _("调整"))


@page(permission=ORDERS_EDIT, methods=("GET", "POST"))
def redeem(request: StaffRequest, item: MallItem) -> HttpResponse:
    """Redeem something for a member."""
    form = RedeemForm(request.POST or None, item=item)
    made: list[Redemption] = []

    def effect(told: Mapping[str, Any]) -> None:
        member = chosen_member(request, request.POST.get("member", ""), ORDERS_EDIT)
        if member is None:
            raise Refused("order.buyer")
        address = {"name": told.get("to", ""), "phone": told.get("phone", ""), "address": told.get("address", "")}
        wanted = services.Wanted(
            item.pk, member.pk, told["quantity"], address if told.get("to") else {}, told.get("how", "")
        )
        made.append(services.redeem(wanted, key=told["key"], at=clock.now()))

    if "key" in request.POST and done(form, effect):
        return back(request, reverse("console:redemption", args=[made[0].number]), _("已兑换。"))
    text = request.GET.get("q", request.POST.get("q", ""))
    people = people_named(request, text, ORDERS_EDIT)
    if request.headers.get("HX-Target", "").endswith("people-found"):
        return render(request, "console/people_found.html", {"people": people, "q": text})
    said = _("每件要 {price}。").format(price=price_of(item))
    return dialog(request, form, _("给成员兑换"), _("兑换"), text=said, people=people, q=text)


@page(permission=ORDERS_EDIT, methods=("GET", "POST"))
def ship(request: StaffRequest, redemption: Redemption) -> HttpResponse:
    """Note a parcel."""
    form = ShipForm(request.POST or None, initial={"carrier": redemption.carrier, "tracking": redemption.tracking})
    if done(form, lambda told: fulfilment.ship(redemption.pk, at=clock.now(), **told)):
        return back(request, _redeemed(redemption), _("已记下发货。"))
    return dialog(request, form, _("发货"), _("记下发货"))


@page(permission=ORDERS_EDIT, methods=("POST",))
def finish(request: StaffRequest, redemption: Redemption) -> HttpResponse:
    """Note that the member has it."""
    fulfilment.finish(redemption.pk)
    return back(request, _redeemed(redemption), _("已完成。"))


@page(permission=ORDERS_EDIT, methods=("GET", "POST"))
def take_back(request: StaffRequest, redemption: Redemption) -> HttpResponse:
    """Take a redemption back."""
    form = TakeBackForm(request.POST or None, initial={"into_stock": True})
    if done(form, lambda told: fulfilment.take_back(redemption.pk, at=clock.now(), **told)):
        return back(request, _redeemed(redemption), _("已退回，积分按原来的有效期还给了成员。"))
    text = _("{points} 积分会回到原来的批次，有效期不变；付过的钱记为退款。").format(
        points=formats.exact(redemption.points)
    )
    return dialog(request, form, _("退回兑换"), _("退回"), text=text)


_SHIPPING = {
    "number": gettext_lazy("兑换号"),
    "item": gettext_lazy("礼品"),
    "quantity": gettext_lazy("件数"),
    "to": gettext_lazy("收货人"),
    "phone": gettext_lazy("收货电话"),
    "address": gettext_lazy("收货地址"),
    "carrier": gettext_lazy("快递公司"),
    "tracking": gettext_lazy("快递单号"),
}
_COLUMNS = (
    Column("number", _SHIPPING["number"], value="number"),
    Column("item", _SHIPPING["item"], value="item.name"),
    Column("quantity", _SHIPPING["quantity"], value="quantity"),
    Column("to", _SHIPPING["to"], value=lambda one: one.address.get("name", "")),
    Column("phone", _SHIPPING["phone"], value=lambda one: one.address.get("phone", "")),
    Column("address", _SHIPPING["address"], value=lambda one: one.address.get("address", "")),
    Column("carrier", _SHIPPING["carrier"], value="carrier"),
    Column("tracking", _SHIPPING["tracking"], value="tracking"),
)


@page(permission=ORDERS_EDIT, methods=("POST",))
def export(request: StaffRequest) -> StreamingHttpResponse:
    """Give what waits to be sent, with addresses, as a workbook to be filled with tracking numbers; and put that on record."""
    if not may_see_addresses(request.access):
        raise PermissionDenied
    rows = redemptions(request.access, ORDERS_EDIT, MEMBERS_CONTACT).filter(
        state=services.WAITING, item__kind=services.GOODS
    )
    rows = rows.select_related("item").order_by("at", "id")
    first = rows.first()
    if first is None:
        raise Refused("shipping.nothing")
    fulfilment.note_export(first, rows.count())
    name = _("发货单")
    return workbook(name, lambda file: write_xlsx(file, _COLUMNS, rows.iterator(chunk_size=1_000), name))


@page(permission=ORDERS_EDIT, methods=("GET", "POST"))
def bring_in(request: StaffRequest) -> HttpResponse:
    """Take in a table of tracking numbers."""
    form = ParcelsForm(request.POST or None, request.FILES or None)
    counts: list[int] = []

    def take(told: Mapping[str, Any]) -> None:
        among = redemptions(request.access, ORDERS_EDIT)
        try:
            counts.append(fulfilment.ship_all(_parcels(told["file"]), among=among, at=clock.now()))
        except Refused as refusal:
            raise in_words(refusal) from refusal

    if done(form, take):
        said = _("已记下 {count} 个包裹。").format(count=formats.exact(counts[0]))
        return back(request, reverse("console:redemptions"), said)
    text = _("用导出的发货单，填上“快递公司”和“快递单号”再传回来；没填单号的行跳过，有一行不对就整个不收。")
    return dialog(request, form, _("导入快递单号"), _("导入"), text=text)


def _parcels(file: UploadedFile[Any]) -> list[Parcel]:
    rows = read_table(file, _SHIPPING, needed=("number", "tracking"), most=fulfilment.MOST_ROWS)
    return [
        Parcel(row, cells["number"], cells.get("carrier", ""), cells["tracking"])
        for row, cells in rows
        if cells["number"] and cells["tracking"]
    ]


def _page(item: MallItem) -> str:
    return reverse("console:mall-item", args=[item.public_id])


def _redeemed(redemption: Redemption) -> str:
    return reverse("console:redemption", args=[redemption.number])

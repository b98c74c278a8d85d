"""Making an order for a member, and what becomes of it: paid, closed, refunded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import Q
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import ORDERS_EDIT
from liuliang.commerce import coupons, queries, refunding, selling
from liuliang.commerce.models import Coupon, Order, PaymentRefund, Variant
from liuliang.commerce.quoting import Quote, Sale, quote
from liuliang.commerce.services import ORIGIN_LIMIT
from liuliang.console import errors
from liuliang.console.choosing import chosen_member, people_named
from liuliang.console.dialogs import dialog, done
from liuliang.console.doors import StaffRequest, find_community, page
from liuliang.console.fields import KeyedForm, MoneyField, place_choices
from liuliang.console.leading import back, lead_to
from liuliang.console.members.listing import shown_name
from liuliang.console.shop.coupons import said
from liuliang.console.shop.orders import WAYS
from liuliang.console.shop.paying import say_back
from liuliang.console.shop.payment_words import title_of
from liuliang.console.shop.product import CONDITIONS
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access
from liuliang.people.models import Community, Member
from liuliang.ui import formats

SHOWN = 20
THROUGH, BY_HAND = "through", "hand"
"""How money goes back: through the adapter that brought it, or by hand."""

WAITS = {"30": _("30 分钟"), "1440": _("1 天"), "4320": _("3 天"), "10080": _("7 天")}
"""How long an order waits for its money, in minutes."""


class OrderForm(KeyedForm):
    """Where an order came from and how long it waits."""

    content = forms.CharField(label=_("来自哪条内容"), required=False, max_length=ORIGIN_LIMIT)
    play = forms.CharField(label=_("来自哪个玩法"), required=False, max_length=ORIGIN_LIMIT)
    wait = forms.ChoiceField(label=_("付款期限"), choices=list(WAITS.items()))

    def __init__(self, *arguments: Any, access: Access, **options: Any) -> None:
        super().__init__(*arguments, **options)
        places = [(value, name if value else _now("不指定")) for value, name in place_choices(access, ORDERS_EDIT)]
        self.fields["community"] = forms.ChoiceField(
            label=_("来自哪个社群"), choices=places, required=all(value for value, _name in places)
        )
        self.order_fields(["community", "content", "play", "wait", "key"])


class PayForm(forms.Form):
    """How the money came."""

    how = forms.ChoiceField(label=_("怎么付的"), choices=list(WAYS.items()))
    reference = forms.CharField(
        label=_("流水号"), required=False, max_length=100, help_text=_("转账或收款的单号，方便对账；没有就留空。")
    )


class RefundForm(KeyedForm):
    """Money that goes back, and what comes back into the stock."""

    amount = MoneyField(label=_("退多少钱"))
    how = forms.ChoiceField(label=_("怎么退"), widget=forms.RadioSelect)
    reason = forms.CharField(label=_("原因"), required=False, max_length=300)

    def __init__(self, *arguments: Any, order: Order, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["amount"].currency = order.currency  # type: ignore[attr-defined]
        self.fields["amount"].initial = order.amount - order.refunded - order.refunding
        payment = order.payments.filter(state="paid").first()
        ways = [(BY_HAND, _now("只记账：钱由我用别的方式退"))]
        if payment is not None:
            title = title_of(payment.adapter)
            ways.insert(0, (THROUGH, _now("{adapter}原路退回，原因会给买家看到").format(adapter=title)))
        how = self.fields["how"]
        how.choices, how.initial = ways, ways[0][0]  # type: ignore[attr-defined]
        if len(ways) == 1:
            how.widget, how.required = forms.HiddenInput(), False
        self.lines = [line for line in order.lines.select_related("variant__product") if line.returned < line.quantity]
        for line in self.lines:
            name = f"{line.variant.product.name} {line.variant.name}".strip()
            self.fields[f"line-{line.pk}"] = forms.IntegerField(
                label=_now("“{name}”退回几件到库存").format(name=name), required=False, min_value=0,
                max_value=line.quantity - line.returned, initial=0,
            )  # fmt: skip

    @property
    def is_through(self) -> bool:
        """Tell whether the money goes back the way it came."""
        return bool(self.cleaned_data["how"] == THROUGH)

    def back(self) -> dict[int, int]:
        """Return how many items of each line come back."""
        return {line.pk: self.cleaned_data.get(f"line-{line.pk}") or 0 for line in self.lines}


@page(permission=ORDERS_EDIT, methods=("GET", "POST"))
def new(request: StaffRequest) -> HttpResponse:
    """Make an order: first for whom, then what, with the price worked out as it grows."""
    told = request.POST if request.method == "POST" else request.GET
    member = chosen_member(request, told.get("member", ""))
    if member is None:
        text = request.GET.get("q", "")
        found = {"people": people_named(request, text), "q": text}
        if request.headers.get("HX-Target", "").endswith("people-found"):
            return render(request, "console/people_found.html", found)
        return render(request, "console/shop/order_buyer.html", found)
    form = OrderForm(request.POST or None, access=request.access)
    made: list[Order] = []

    def place(values: Mapping[str, Any]) -> None:
        now = clock.now()
        until = now + timedelta(minutes=int(values["wait"]))
        where: Community | None = find_community(request.access, ORDERS_EDIT, values["community"])
        sale = replace(
            _sale(request, told, member), community=where.pk if where else None, content=values["content"],
            play=values["play"],
        )  # fmt: skip
        made.append(selling.place_order(sale, key=values["key"], at=now, until=until))

    if request.method == "POST" and done(form, place):
        return back(
            request, reverse("console:order", args=[made[0].pk]), _("订单已开好，库存和优惠券先占着，等你确认收款。")
        )
    context = {**_basket(request, told, member), "form": form}
    for part in ("order-quote", "order-shelf"):
        if request.headers.get("HX-Target", "").endswith(part):
            return render(request, f"console/shop/{part.replace('-', '_')}.html", context)
    return render(request, "console/shop/new_order.html", context, status=422 if form.errors else 200)


def _sale(request: StaffRequest, told: QueryDict, member: Member) -> Sale:
    """Read what an address or a form says of a sale. Only what one may sell can be in it."""
    wanted: dict[int, int] = {}
    for name, value in told.items():
        number = name.removeprefix("quantity-")
        if number != name and _is_number(number) and _is_number(str(value)) and int(str(value)):
            wanted[int(number)] = int(str(value))
    on_sale = _on_sale(request).filter(id__in=wanted).values_list("id", flat=True)
    lines = tuple((number, wanted[number]) for number in sorted(on_sale))
    chosen = tuple(int(one) for one in dict.fromkeys(told.getlist("coupon")) if _is_number(one))
    return Sale(member.pk, lines, chosen, staff=request.user.pk)


def _basket(request: StaffRequest, told: QueryDict, member: Member) -> dict[str, Any]:
    """Return what the page of a new order shows: what may be added, what it costs so far, the buyer's coupons."""
    now = clock.now()
    sale = _sale(request, told, member)
    text = told.get("product", "").replace("\0", "").strip()[:80]
    found = _on_sale(request).select_related("product").order_by("product__name", "product_id", "amount", "id")
    if text:
        found = found.filter(Q(product__name__icontains=text) | Q(code__istartswith=text))
    chosen = dict(sale.lines)
    shown = [*_on_sale(request).select_related("product").filter(id__in=chosen), *found.exclude(id__in=chosen)[:SHOWN]]
    context: dict[str, Any] = {
        "member": member,
        "name": shown_name(member),
        "product": text,
        "shelf": [(variant, chosen.get(variant.pk, 0)) for variant in shown],
        "wallet": _wallet(coupons.usable(member.pk, at=now), sale),
    }
    if sale.lines:
        try:
            context["quote"] = told_quote = quote(sale, at=now)
            context["why"] = _why(told_quote)
        except Refused as refusal:
            context["refused"] = errors.sentence(refusal)
    return context


def _wallet(usable: list[Coupon], sale: Sale) -> list[tuple[Coupon, str, bool]]:
    return [(coupon, said(coupon.template), coupon.pk in sale.coupons) for coupon in usable]


def _why(told: Quote) -> list[tuple[Any, str]]:
    return [(line, formats.listed(CONDITIONS[name] for name in line.priced.why) or _now("标价")) for line in told.lines]


def _on_sale(request: StaffRequest) -> Any:
    products = queries.products(request.access, ORDERS_EDIT).filter(is_on_sale=True)
    return Variant.objects.filter(product__in=products, is_active=True)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10


@page(permission=ORDERS_EDIT, methods=("GET", "POST"))
def pay(request: StaffRequest, order: Order) -> HttpResponse:
    """Confirm that the money has come."""
    form = PayForm(request.POST or None)
    if done(form, lambda told: selling.pay_order(order.pk, at=clock.now(), **told)):
        return back(request, reverse("console:order", args=[order.pk]), _("已确认收款。"))
    text = _now("应收 {amount}。确认以后库存和优惠券就扣掉了。").format(
        amount=formats.money(order.amount, order.currency)
    )
    return dialog(request, form, _("确认收款"), _("确认收款"), text=text)


@page(permission=ORDERS_EDIT, methods=("POST",))
def close(request: StaffRequest, order: Order) -> HttpResponse:
    """Close an order that nobody will pay."""
    selling.close_order(order.pk, at=clock.now())
    return back(request, reverse("console:order", args=[order.pk]), _("订单已关闭，库存和优惠券都放回去了。"))


@page(permission=ORDERS_EDIT, methods=("GET", "POST"))
def refund(request: StaffRequest, order: Order) -> HttpResponse:
    """Give money back the way it came, or note that it went back by hand."""
    form = RefundForm(request.POST or None, order=order)
    asked: list[PaymentRefund] = []

    def effect(told: Mapping[str, Any]) -> None:
        wanted = refunding.RefundWanted(
            told["amount"], order.currency, told["key"], told["reason"], clock.now(), form.back()
        )
        if form.is_through:
            asked.append(refunding.ask_refund(order.pk, wanted))
        else:
            refunding.refund_order(order.pk, wanted)

    address = reverse("console:order", args=[order.pk])
    if done(form, effect):
        if asked:
            say_back(request, asked[0])
            return lead_to(request, address)
        return back(request, address, _("退款已记下。"))
    text = _now("最多还能退 {left}。").format(
        left=formats.money(order.amount - order.refunded - order.refunding, order.currency)
    )
    if not order.amount:
        text = _now("这单没有收钱。退掉它，用的券会还给买家。")
    elif "how" in form.fields and isinstance(form.fields["how"].widget, forms.HiddenInput):
        text += _now("这里只记账，钱要用原来的收款方式退。")
    return dialog(request, form, _("退款"), _("退款"), text=text)

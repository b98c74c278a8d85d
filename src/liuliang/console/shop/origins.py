"""带来成交: what each group, piece of content, play and person in charge brought; and noting it on an order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.models import Staff
from liuliang.accounts.permissions import ORDERS_EDIT, ORDERS_VIEW
from liuliang.commerce import origins as services
from liuliang.commerce.models import Order
from liuliang.commerce.origins import Brought, By
from liuliang.commerce.services import ORIGIN_LIMIT
from liuliang.console.dialogs import dialog, done
from liuliang.console.doors import StaffRequest, page
from liuliang.console.leading import back
from liuliang.console.periods import PeriodChoice, choose
from liuliang.console.shop.orders import visible
from liuliang.kernel import clock
from liuliang.people.access import Access
from liuliang.ui import formats
from liuliang.ui.listing import Column, Empty, Listing, ListSource, Text, cells

BY = {"content": _("内容"), "play": _("玩法"), "staff": _("负责人"), "community": _("社群")}

CARRIED = ("by", "currency", "sort", "q")
"""What stays in the address when another period is chosen."""


class OriginForm(forms.Form):
    """What an order came from, and who is in charge of it."""

    content = forms.CharField(label=_("来自哪条内容"), required=False, max_length=ORIGIN_LIMIT)
    play = forms.CharField(label=_("来自哪个玩法"), required=False, max_length=ORIGIN_LIMIT)
    staff = forms.TypedChoiceField(label=_("负责人"), required=False, coerce=int, empty_value=None)

    def __init__(self, *arguments: Any, access: Access, order: Order, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.initial = {"content": order.content, "play": order.play, "staff": order.staff_id or ""}
        known = {one.pk: one.name for one in access.chargeable(ORDERS_VIEW).order_by("name")}
        if order.staff is not None:
            known[order.staff.pk] = order.staff.name
        self.fields["staff"].choices = [("", _("没有")), *known.items()]  # type: ignore[attr-defined]


def _listing(by: By, currency: str, choice: PeriodChoice) -> Listing:
    """Return the list of what one kind of origin brought in a period, in a currency."""
    days = (("at_from", choice.period.first.isoformat()), ("at_to", choice.period.last.isoformat()))

    def orders_of(one: Brought) -> str:
        of = (by, one.key) if one.key else (f"has_{by}", "0")
        return f"{reverse('console:orders')}?{urlencode([of, *days, ('currency', currency), ('counted', '1')])}"

    return Listing(
        key="order-origins",
        title=_("带来成交"),
        columns=(
            Column(
                "origin", BY[by], value=lambda one: one.origin or _now("没有记下"), sort="origin",
                is_fixed=True, space="wrapping",
            ),
            Column(
                "amount", _("成交额"), value=lambda one: formats.major(one.amount, currency),
                cell=lambda one: formats.money(one.amount, currency), sort="amount", align="end",
                hint=_("付过款的订单，按下单时间算，减去已退的钱"),
            ),
            Column("orders", _("订单"), show=cells.count, sort="orders", align="end"),
            Column(
                "buyers", _("买家"), show=cells.count, sort="buyers", align="end",
                hint=_("一个人几个账号合并以后算一位买家"),
            ),
            Column("currency", _("币种"), value=lambda _one: currency, is_default=False),
        ),
        filters=(Text("q", _("搜索名字")),),
        default_sort="-amount",
        tie_breaker="row",
        key_field="row",
        row_url=orders_of,
        export_name=_now("带来成交 {by} {first} 至 {last}").format(
            by=BY[by], first=choice.period.first, last=choice.period.last
        ),
        export_permission=ORDERS_VIEW,
        empty=Empty(
            _("这段时间没有付款的订单"),
            _(
                "订单里记下来自哪条内容、哪个玩法、谁负责，这里就能看到各带来多少成交。开单时可以填，导入的表格有“来自内容”“玩法”“负责人”列也会认出来。"
            ),
            _("看订单"),
            reverse("console:orders"),
        ),
    )  # fmt: skip


@page(permission=ORDERS_VIEW)
def origins(request: StaffRequest) -> HttpResponseBase:
    """Show what orders came from and what each origin brought in a period, in one currency."""
    by = cast("By", request.GET.get("by") if request.GET.get("by") in BY else "content")
    choice = choose(request, None, clock.local_day(clock.now(), settings.TIME_ZONE))
    choice = replace(choice, carried=tuple((one, request.GET[one]) for one in CARRIED if request.GET.get(one)))
    begin, end = choice.period.instants(settings.TIME_ZONE)
    orders = visible(request.access, ORDERS_VIEW)
    known = services.currencies(orders, begin, end)
    asked = request.GET.get("currency", "")
    currency = asked if asked in known else next(iter(known), "CNY")
    found = services.brought_by(orders, by, begin, end, currency)
    context = {
        "choice": choice,
        "kinds": [(title, _with(request, "by", key), key == by) for key, title in BY.items()],
        "currencies": [(one, _with(request, "currency", one), one == currency) for one in known if len(known) > 1],
        "is_cut": len(found) == services.MOST,
        "most": services.MOST,
    }
    return _listing(by, currency, choice).respond(
        request, partial(_named, found), template="console/shop/origins.html", context=context
    )


def _named(found: Sequence[Brought], values: Mapping[str, Any]) -> ListSource:
    """Return the rows whose name holds what is searched for."""
    wanted = values.get("q", "").casefold()
    return ListSource([one for one in found if wanted in one.origin.casefold()])


def _with(request: StaffRequest, name: str, value: str) -> str:
    """Return this address with one parameter told otherwise, from the first page on."""
    query = request.GET.copy()
    for place in ("before", "after"):
        query.pop(place, None)
    query[name] = value
    return f"{request.path}?{query.urlencode()}"


@page(permission=ORDERS_EDIT, methods=("GET", "POST"))
def note(request: StaffRequest, order: Order) -> HttpResponse:
    """Note what an order came from and who is in charge of it."""
    form = OriginForm(request.POST or None, access=request.access, order=order)

    def effect(told: Any) -> None:
        staff = Staff.objects.filter(pk=told["staff"]).first() if told["staff"] else None
        services.note_origin(order.pk, content=told["content"], play=told["play"], staff=staff)

    if done(form, effect):
        return back(request, reverse("console:order", args=[order.pk]), _now("已记下。"))
    return dialog(request, form, _now("订单来自哪里"), _now("保存"))

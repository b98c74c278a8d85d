"""带来成交: what each group, piece of content, play and person in charge brought; and noting it on an order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.db.models import Max, Min
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.models import Staff
from liuliang.accounts.permissions import ORDERS_EDIT, ORDERS_VIEW
from liuliang.analytics.traffic import Coverage
from liuliang.commerce import origins as services
from liuliang.commerce.models import Order
from liuliang.commerce.origins import Brought, By
from liuliang.console.dialogs import dialog, done
from liuliang.console.doors import StaffRequest, page
from liuliang.console.leading import back
from liuliang.console.periods import PeriodChoice, choose
from liuliang.console.shop.orders import visible
from liuliang.kernel import clock
from liuliang.people.access import Access
from liuliang.ui import formats
from liuliang.ui.listing import Column
from liuliang.ui.listing.export import csv_lines

BY = {"content": _("内容"), "play": _("玩法"), "staff": _("负责人"), "community": _("社群")}


class OriginForm(forms.Form):
    """What an order came from, and who is in charge of it."""

    content = forms.CharField(label=_("来自哪条内容"), required=False, max_length=120)
    play = forms.CharField(label=_("来自哪个玩法"), required=False, max_length=120)
    staff = forms.TypedChoiceField(label=_("负责人"), required=False, coerce=int, empty_value=None)

    def __init__(self, *arguments: Any, access: Access, order: Order, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.initial = {"content": order.content, "play": order.play, "staff": order.staff_id or ""}
        colleagues = access.colleagues(ORDERS_VIEW).filter(is_active=True) | Staff.objects.filter(pk=access.staff.pk)
        known = {one.pk: one.name for one in colleagues.distinct().order_by("name")}
        if order.staff is not None:
            known[order.staff.pk] = order.staff.name
        self.fields["staff"].choices = [("", _("没有")), *known.items()]  # type: ignore[attr-defined]


@page(permission=ORDERS_VIEW)
def origins(request: StaffRequest) -> HttpResponseBase:
    """Show what orders came from and what each origin brought in a period."""
    orders = visible(request.access, ORDERS_VIEW)
    ends = orders.aggregate(first=Min("at"), last=Max("at"))
    today = clock.local_day(clock.now(), settings.TIME_ZONE)
    known = None
    if ends["first"] is not None:
        first, last = (clock.local_day(ends[end], settings.TIME_ZONE) for end in ("first", "last"))
        known = Coverage(first, min(last, today))
    by = cast("By", request.GET.get("by") if request.GET.get("by") in BY else "content")
    choice = replace(choose(request, known, today), carried=(("by", by),))
    begin, end = choice.period.instants(settings.TIME_ZONE)
    found = services.brought_by(orders, by, begin, end) if known else []
    if request.GET.get("export") == "csv":
        return _exported(found, str(BY[by]), choice)
    days = {"at_from": choice.period.first.isoformat(), "at_to": choice.period.last.isoformat()}
    context = {
        "choice": choice,
        "known": known,
        "by": BY[by],
        "export_url": f"?{urlencode({**_asked(request, by), 'export': 'csv'})}",
        "kinds": [(key, title, key == by, f"?{urlencode(_asked(request, key))}") for key, title in BY.items()],
        "rows": [
            (each, f"{reverse('console:orders')}?{urlencode({by: each.origin, **days})}" if each.origin else "")
            for each in found
        ],
        "is_cut": len(found) == services.MOST,
        "most": services.MOST,
    }
    return render(request, "console/shop/origins.html", context)


def _exported(rows: Sequence[Brought], title: str, choice: PeriodChoice) -> HttpResponseBase:
    columns = (
        Column("origin", title, value="origin"),
        Column("currency", _("币种"), value="currency"),
        Column("amount", _("成交额"), value=lambda one: formats.major(one.amount, one.currency)),
        Column("orders", _("订单"), value="orders"),
        Column("buyers", _("买家"), value="buyers"),
    )
    response = StreamingHttpResponse(csv_lines(columns, rows), content_type="text/csv; charset=utf-8")
    name = f"{_now('带来成交')}-{title}-{choice.period.first}-{choice.period.last}.csv"
    response.headers["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or ""
    return response


def _asked(request: StaffRequest, by: str) -> dict[str, str]:
    return {**{name: request.GET[name] for name in ("days", "from", "to") if name in request.GET}, "by": by}


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

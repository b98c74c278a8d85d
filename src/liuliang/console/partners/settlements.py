"""Settlement sheets: made, taken along as a workbook, confirmed when paid, or given up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import PARTNERS_SETTLE, PARTNERS_VIEW
from liuliang.console.dialogs import dialog, done
from liuliang.console.doors import StaffRequest, page
from liuliang.console.leading import back
from liuliang.console.partners.tabs import partner_tabs
from liuliang.console.tables import workbook
from liuliang.kernel import clock
from liuliang.kernel.clock import local_day
from liuliang.kernel.errors import Refused
from liuliang.lake.zones import default_zone
from liuliang.partners.models import Settlement
from liuliang.partners.queries import Held, held
from liuliang.partners.settling import (
    DONE,
    OPEN,
    VOID,
    cancel_settlement,
    confirm_settlement,
    due_currencies,
    make_settlement,
    note_export,
)
from liuliang.ui import formats
from liuliang.ui.listing import Choice, Column, Empty, Listing, Option, cells
from liuliang.ui.listing.export import write_xlsx

STATES = {OPEN: (_("等付款"), "warn"), DONE: (_("已付"), "good"), VOID: (_("已作废"), "")}


def title_of(sheet: Settlement) -> str:
    """Return what a sheet is called."""
    return _now("{day} 佣金结算单").format(day=local_day(sheet.at, default_zone()).isoformat())


SETTLEMENTS = Listing(
    key="settlements",
    title=_("佣金结算单"),
    columns=(
        Column("title", _("结算单"), value=title_of, is_fixed=True),
        Column("people", _("人数"), value=lambda one: one.lines.count(), show=cells.count, align="end"),
        Column(
            "total", _("要付"), value=lambda one: formats.major(one.total, one.currency),
            cell=lambda one: cells.money(one.total, one.currency), align="end",
        ),
        Column("state", _("状态"), value="state", show=cells.state(STATES)),
        Column("maker", _("谁做的"), value=lambda one: one.staff.name if one.staff else "–"),
        Column("at", _("做于"), value="at", show=cells.ago, sort="at", align="end"),
        Column("closed", _("了结于"), value="closed_at", show=cells.ago, align="end"),
    ),
    filters=(
        Choice(
            "state", _("状态"), options=[Option(key, title) for key, (title, _tone) in STATES.items()], is_primary=True
        ),
    ),
    default_sort="-at",
    key_field="public_id",
    row_url=lambda one: reverse("console:settlement", args=[one.public_id]),
    empty=Empty(
        _("还没有结算单"),
        _("佣金过了退款观察期就可以结算：做一张结算单，导出去付款，付完回来确认。付完以后才退款的，下一张自动扣回。"),
        _("看合伙人"),
        "/partners/",
    ),
)  # fmt: skip


@page(permission=PARTNERS_VIEW)
def settlements(request: StaffRequest) -> HttpResponseBase:
    """List the sheets."""
    context = {
        "may_settle": request.access.may(PARTNERS_SETTLE),
        "due": due_currencies(),
        "held": [_held_words(one) for one in held()],
        "tabs": partner_tabs(),
    }
    rows = Settlement.objects.select_related("staff")
    return SETTLEMENTS.respond(request, rows, template="console/partners/settlements.html", context=context)


def _held_words(one: Held) -> str:
    zone = default_zone()
    first, last = local_day(one.first, zone), local_day(one.last, zone)
    words = {
        "amount": formats.money(one.amount, one.currency),
        "people": formats.exact(one.partners),
        "first": first.isoformat(),
        "last": last.isoformat(),
    }
    if first == last:
        return _now("还在退款观察期：{amount}（{people} 人），{first} 可以结算。").format(**words)
    return _now("还在退款观察期：{amount}（{people} 人），最早的 {first} 可以结算，最晚的 {last}。").format(**words)


@page(permission=PARTNERS_SETTLE, methods=("POST",))
def new(request: StaffRequest) -> HttpResponse:
    """Make a sheet of everything that can be settled in a currency; without a word, in the first there is."""
    currency = request.POST.get("currency") or next(iter(due_currencies()), "")
    if not currency:
        raise Refused("settlement.nothing")
    sheet = make_settlement(currency[:3], at=clock.now())
    said = _now("结算单已做好：付款以后回来确认。")
    return back(request, reverse("console:settlement", args=[sheet.public_id]), said)


@page(permission=PARTNERS_VIEW)
def settlement(request: StaffRequest, settlement: Settlement) -> HttpResponse:
    """Show a sheet."""
    lines = list(settlement.lines.select_related("partner").order_by("-amount", "partner__name"))
    context = {
        "sheet": settlement,
        "title": title_of(settlement),
        "state": STATES[settlement.state],
        "lines": lines,
        "earned": sum(line.earned for line in lines),
        "debt": sum(line.debt for line in lines),
        "is_open": settlement.state == OPEN,
        "may_settle": request.access.may(PARTNERS_SETTLE),
    }
    return render(request, "console/partners/settlement.html", context)


@page(permission=PARTNERS_SETTLE)
def export(request: StaffRequest, settlement: Settlement) -> HttpResponseBase:
    """Take a sheet along as a workbook."""
    del request
    note_export(settlement)
    title = title_of(settlement)
    columns = (
        Column("name", _("名字"), value="partner.name"),
        Column("code", _("专属码"), value="partner.code"),
        Column("earned", _("佣金"), value=lambda line: formats.major(line.earned, settlement.currency)),
        Column("debt", _("扣回欠款"), value=lambda line: formats.major(line.debt, settlement.currency)),
        Column("amount", _("要付"), value=lambda line: formats.major(line.amount, settlement.currency)),
        Column("currency", _("币种"), value=lambda _line: settlement.currency),
    )
    lines = settlement.lines.select_related("partner").order_by("partner__name", "pk")
    return workbook(title, lambda file: write_xlsx(file, columns, lines, title))


class PaidForm(forms.Form):
    """What the payment is called elsewhere."""

    reference = forms.CharField(label=_("付款凭证号"), max_length=100, required=False)


@page(permission=PARTNERS_SETTLE, methods=("GET", "POST"))
def confirm(request: StaffRequest, settlement: Settlement) -> HttpResponse:
    """Take note that a sheet was paid."""
    form = PaidForm(request.POST if request.method == "POST" else None)

    def effect(told: Mapping[str, Any]) -> None:
        confirm_settlement(settlement, reference=told["reference"], at=clock.now())

    if done(form, effect):
        return back(request, reverse("console:settlement", args=[settlement.public_id]), _now("已确认付款。"))
    text = _now("请先把 {amount} 付给表上的每个人，再确认。确认以后不能撤回。").format(
        amount=formats.money(settlement.total, settlement.currency)
    )
    return dialog(request, form, _now("确认已付"), _now("确认已付"), text=text)


@page(permission=PARTNERS_SETTLE, methods=("POST",))
def cancel(request: StaffRequest, settlement: Settlement) -> HttpResponse:
    """Give a sheet up."""
    cancel_settlement(settlement, at=clock.now())
    return back(
        request, reverse("console:settlement", args=[settlement.public_id]), _now("结算单已作废，佣金回到可结算。")
    )

"""The terms of the points: what one is worth, what money is kept for them, when two must agree, budgets, and seasons."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import POINTS_MANAGE
from liuliang.console import errors
from liuliang.console.doors import StaffRequest, page
from liuliang.console.fields import day_field
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.loyalty.adjusting import change_programme, programme
from liuliang.loyalty.budgets import change_budget, points_budgets
from liuliang.loyalty.models import Season
from liuliang.loyalty.seasons import clear_season, preview_season

_YUAN = 100
INVALID = 422


class ProgrammeForm(forms.Form):
    """What a point is worth, what is kept for them, and from how many on two must agree."""

    worth_points = forms.IntegerField(label=_("多少积分"), min_value=1, max_value=10**9)
    worth_money = forms.DecimalField(
        label=_("值多少元"), min_value=Decimal(0), max_value=Decimal(10**7), decimal_places=2
    )
    set_aside = forms.DecimalField(
        label=_("为未使用的积分预备多少元"), required=False, min_value=Decimal(0), max_value=Decimal(10**12),
        decimal_places=2, help_text=_("积分页会拿欠成员的价值和它比；不填就不比"),
    )  # fmt: skip
    approval_from = forms.IntegerField(
        label=_("超过多少分要审批"),
        min_value=0,
        max_value=10**12,
        help_text=_("手动发放或扣除超过它，要另一位同事同意"),
    )


class BudgetForm(forms.Form):
    """Points to put into a budget, or to take out of it."""

    key = forms.CharField(label=_("预算名称"), max_length=40, help_text=_("例如 2026-春季；用已有的名字就是往里加"))
    amount = forms.IntegerField(
        label=_("放进多少分"), min_value=-(10**12), max_value=10**12, help_text=_("负数就是取出没有发掉的")
    )
    attempt = forms.CharField(widget=forms.HiddenInput, max_length=40)


class SeasonForm(forms.Form):
    """A season to be cleared."""

    title = forms.CharField(label=_("赛季名称"), max_length=60, help_text=_("成员会在明细里看到，例如 2026 上半年"))
    last_day = day_field(_("最后一天"), help_text=_("这一天和之前得到、现在还没用掉的积分会清零；之后得到的不动"))


@page(permission=POINTS_MANAGE, methods=("GET", "POST"))
def settings(request: StaffRequest) -> HttpResponse:
    """Show and change the terms."""
    form = ProgrammeForm(request.POST or None, initial=_kept())
    if form.is_valid():
        told = form.cleaned_data
        change_programme(
            worth_money=int(told["worth_money"] * _YUAN),
            worth_points=told["worth_points"],
            approval_from=told["approval_from"],
            set_aside=None if told["set_aside"] is None else int(told["set_aside"] * _YUAN),
        )
        messages.success(request, _now("积分设置已保存。"))
        return redirect("console:points-programme")
    return _page(request, form, _blank_budget())


@page(permission=POINTS_MANAGE, methods=("POST",))
def budget(request: StaffRequest) -> HttpResponse:
    """Put points into a budget, or take them out."""
    form = BudgetForm(request.POST)
    if form.is_valid():
        told = form.cleaned_data
        try:
            change_budget(told["key"], told["amount"], attempt=told["attempt"], at=clock.now())
        except Refused as refusal:
            form.add_error(None, errors.sentence(refusal))
        else:
            messages.success(request, _now("预算已更新。"))
            return redirect("console:points-programme")
    return _page(request, ProgrammeForm(initial=_kept()), form)


@page(permission=POINTS_MANAGE, methods=("GET", "POST"))
def season(request: StaffRequest) -> HttpResponse:
    """Show what clearing a season would take, and, once somebody has typed its name, clear it."""
    form = SeasonForm(request.POST or None)
    found: tuple[int, int] | None = None
    if form.is_valid():
        told = form.cleaned_data
        at = clock.now()
        try:
            if "clear" in request.POST:
                clear_season(told["title"], told["last_day"], at=at)
                messages.success(request, _now("开始清零了，进度在下面。"))
                return redirect("console:points-season")
            found = preview_season(told["last_day"], at=at)
        except Refused as refusal:
            form.add_error(None, errors.sentence(refusal))
    context = {"form": form, "found": found, "seasons": Season.objects.select_related("staff").order_by("-pk")[:50]}
    return render(request, "console/rewards/season.html", context, status=INVALID if form.errors else 200)


def _kept() -> dict[str, Any]:
    kept = programme()
    return {
        "worth_points": kept.worth_points,
        "worth_money": Decimal(kept.worth_money) / _YUAN,
        "set_aside": Decimal(kept.set_aside) / _YUAN if kept.set_aside is not None else None,
        "approval_from": kept.approval_from,
    }


def _blank_budget() -> BudgetForm:
    # What names this one change, so that a form sent twice moves nothing twice.
    return BudgetForm(initial={"attempt": uuid4().hex})


def _page(request: StaffRequest, form: ProgrammeForm, budget: BudgetForm) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "budget_form": budget, "budgets": points_budgets()}
    failed = form.errors or budget.errors
    return render(request, "console/rewards/programme.html", context, status=INVALID if failed else 200)

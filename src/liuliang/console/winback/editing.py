"""What staff change: the rules of the lists, and how long a product lasts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.accounts.permissions import SEGMENTS_EDIT
from liuliang.console.dialogs import dialog, done
from liuliang.console.doors import StaffRequest, page
from liuliang.console.fields import MoneyField
from liuliang.console.leading import back
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.winback import queries
from liuliang.winback.rules import LONGEST, Rules
from liuliang.winback.services import change_rules, set_cycle


class RulesForm(forms.Form):
    """The thresholds of the lists."""

    early = forms.IntegerField(label=gettext_lazy("该再买：从周期的百分之几起"), min_value=1, max_value=10_000)
    late = forms.IntegerField(label=gettext_lazy("该再买：到周期的百分之几"), min_value=1, max_value=10_000)
    until = forms.IntegerField(
        label=gettext_lazy("过期：到周期的百分之几"), min_value=1, max_value=10_000,
        help_text=gettext_lazy("再往后就不算这件商品的复购，看流失名单。"),
    )  # fmt: skip
    lost_days = forms.IntegerField(label=gettext_lazy("多少天没下单算流失"), min_value=1, max_value=LONGEST)
    long_days = forms.IntegerField(label=gettext_lazy("多少天没下单算久未购买"), min_value=1, max_value=LONGEST)
    high_amount = MoneyField(
        label=gettext_lazy("消费多少算高价值"), required=False,
        help_text=gettext_lazy("累计付的减去退的。留空就取消费最多的五分之一买家的门槛。"),
    )  # fmt: skip


class CycleForm(forms.Form):
    """How long a product lasts."""

    product = forms.CharField(max_length=300, widget=forms.HiddenInput)
    days = forms.IntegerField(
        label=gettext_lazy("周期（天）"), min_value=1, max_value=LONGEST, required=False,
        help_text=gettext_lazy("留空就用从真实购买里学到的周期。"),
    )  # fmt: skip


@page(permission=SEGMENTS_EDIT, methods=("GET", "POST"))
def rules(request: StaffRequest) -> HttpResponse:
    """Change what the lists go by."""
    _check(request)
    form = RulesForm(request.POST or None, initial=asdict(queries.rules()))

    def effect(told: Mapping[str, Any]) -> None:
        change_rules(Rules(**told), at=clock.now())

    if done(form, effect):
        return back(request, reverse("console:winback"), _("规则已保存，名单按新规则算。"))
    text = _("所有社群共用一套规则。已经存成人群的名单，规则不会跟着变。")
    return dialog(request, form, _("名单的规则"), _("保存"), text=text)


@page(permission=SEGMENTS_EDIT, methods=("GET", "POST"))
def cycle(request: StaffRequest) -> HttpResponse:
    """Set how many days a product lasts, or go back to what is learned."""
    _check(request)
    product = request.GET.get("product", "").replace("\0", "")[:300]
    form = CycleForm(request.POST or None, initial={"product": product})
    if done(form, lambda told: set_cycle(told["product"], told["days"], at=clock.now())):
        address = f"{reverse('console:winback')}?{urlencode({'product': form.cleaned_data['product']})}"
        return back(request, address, _("周期已保存。"))
    return dialog(request, form, _("设定周期"), _("保存"), text=form["product"].value() or "")


def _check(request: StaffRequest) -> None:
    if not request.access.may_everywhere(SEGMENTS_EDIT):
        raise Refused("winback.for_everybody")

"""The settings of payments: an account with each who takes money, its keys, and what is wrong with them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import PAYMENTS_MANAGE
from liuliang.commerce import payment_accounts
from liuliang.commerce.base import PaymentAdapter, adapters
from liuliang.commerce.models import PaymentAccount
from liuliang.console import errors
from liuliang.console.doors import StaffRequest, finds, page
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access

INVALID = 422
STATES = {"right": (_("正常"), "good"), "wrong": (_("不对"), "bad"), "unknown": (_("还不知道"), "warn")}


class AccountForm(forms.Form):
    """The fields of an adapter's configuration. What is secret can be replaced and is never shown."""

    def __init__(self, *arguments: Any, adapter: PaymentAdapter, has_secrets: bool, **options: Any) -> None:
        super().__init__(*arguments, **options)
        secret = adapter.config.secret_fields()
        for name, told in adapter.config.model_fields.items():
            label = adapter.labels[name]
            keeps = has_secrets and name in secret
            hint = _now("已保存，不显示；留空就不改。") if keeps else str(label.help)
            attributes = {"autocomplete": "off", "spellcheck": "false"}
            widget: forms.Widget = forms.TextInput(attributes)
            if label.is_long:
                widget = forms.Textarea({**attributes, "rows": 4, "class": "is-code"})
            elif name in secret:
                widget = forms.PasswordInput({**attributes, "autocomplete": "new-password"})
            self.fields[name] = forms.CharField(
                label=str(label.title),
                help_text=hint,
                required=told.is_required() and not keeps,
                max_length=9_000,
                widget=widget,
            )


@finds("adapter")
def find_adapter(_access: Access, _permission: str, value: str) -> PaymentAdapter | None:
    """Find an adapter; what may be done with it is the door's own business."""
    return adapters().get(value)


@page(permission=PAYMENTS_MANAGE)
def accounts(request: StaffRequest) -> HttpResponse:
    """List who can take money, and whether they do."""
    rows = {row.adapter: row for row in PaymentAccount.objects.exclude(sealed="")}
    told = [(each, rows.get(each.key)) for each in adapters()]
    return render(request, "console/payments/accounts.html", {"told": told})


@page(permission=PAYMENTS_MANAGE, methods=("GET", "POST"))
def account(request: StaffRequest, adapter: PaymentAdapter) -> HttpResponse:
    """Show an account and save its keys."""
    row = PaymentAccount.objects.filter(adapter=adapter.key).exclude(sealed="").first()
    form = AccountForm(
        request.POST or None, adapter=adapter, has_secrets=row is not None, initial=row.config if row else {}
    )
    if form.is_valid():
        try:
            payment_accounts.save_account(adapter.key, form.cleaned_data, at=clock.now())
        except Refused as refusal:
            form.add_error(None, errors.sentence(refusal))
        else:
            messages.success(request, _now("已保存。点“检查”看看和对方通不通。"))
            return redirect("console:payment-account", adapter.key)
    context = {"adapter": adapter, "row": row, "form": form, "notices_at": payment_accounts.notices_at(adapter.key)}
    return render(request, "console/payments/account.html", context, status=INVALID if form.errors else 200)


@page(permission=PAYMENTS_MANAGE, methods=("POST",))
def check(request: StaffRequest, adapter: PaymentAdapter) -> HttpResponse:
    """Say what is right and wrong with an account; asks who it is with and changes nothing."""
    found = payment_accounts.check_account(adapter.key, at=clock.now())
    told = [(each, *STATES[each.state]) for each in found]
    is_wrong = any(each.state == "wrong" for each in found)
    return render(request, "console/payments/check.html", {"told": told, "is_wrong": is_wrong})


@page(permission=PAYMENTS_MANAGE, methods=("POST",))
def switch(request: StaffRequest, adapter: PaymentAdapter) -> HttpResponse:
    """Let buyers pay by an account, or no longer."""
    is_active = request.POST.get("to") == "on"
    payment_accounts.switch_account(adapter.key, is_active=is_active, at=clock.now())
    said = (
        _("已启用：没付款的订单上会有收款码。")
        if is_active
        else _("已停用：不再出新的收款码，已经付的照常到账和退款。")
    )
    messages.success(request, str(said))
    return redirect("console:payment-account", adapter.key)

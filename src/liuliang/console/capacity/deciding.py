"""What staff decide: how much one person can run, and how much a colleague who works less, or more, can."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.accounts.models import Staff
from liuliang.accounts.permissions import ANALYTICS_VIEW, STAFF_MANAGE
from liuliang.console import errors
from liuliang.console.doors import StaffRequest, page
from liuliang.kernel.errors import Refused
from liuliang.people.capacity import (
    MOST_GROUPS,
    MOST_MEMBERS,
    READY,
    Load,
    limits,
    set_capacity,
    set_own_capacity,
)
from liuliang.people.staffing import may_manage

INVALID = 422


class CapacityForm(forms.Form):
    """How many groups, with how many members."""

    groups = forms.IntegerField(label=gettext_lazy("能带的群"), min_value=1, max_value=MOST_GROUPS)
    members = forms.IntegerField(
        label=gettext_lazy("能带的成员"), min_value=1, max_value=MOST_MEMBERS,
        help_text=gettext_lazy("各群成员相加，一个人在两个群里算两次。群或成员有一项超出，就算带得过多。"),
    )  # fmt: skip

    @property
    def most(self) -> Load:
        """Return what was filled in."""
        return Load(self.cleaned_data["groups"], self.cleaned_data["members"])


@page(permission=STAFF_MANAGE, methods=("GET", "POST"))
def change(request: StaffRequest) -> HttpResponse:
    """Show and set what one person can run."""
    if not request.access.may_everywhere(STAFF_MANAGE):
        raise Refused("capacity.for_everybody")
    usual = limits().usual
    is_reset = "restore" in request.POST
    form = CapacityForm(
        None if is_reset else request.POST or None, initial={"groups": usual.groups, "members": usual.members}
    )
    if is_reset or form.is_valid():
        set_capacity(request.access, READY if is_reset else form.most)
        messages.success(request, _("已保存，谁带得过多已经按它重新算过。"))
        return redirect(_after(request))
    context = {"form": form, "ready": READY, "after": _after(request)}
    return render(request, "console/capacity/limits.html", context, status=INVALID if form.errors else 200)


@page(permission=STAFF_MANAGE, methods=("GET", "POST"))
def change_own(request: StaffRequest, colleague: Staff) -> HttpResponse:
    """Show and set what one colleague can run."""
    if not may_manage(request.access, colleague):
        raise Refused("staff.beyond_you", name=colleague.name)
    told = limits()
    most = told.of(colleague.pk)
    is_usual = "restore" in request.POST
    form = CapacityForm(
        None if is_usual else request.POST or None, initial={"groups": most.groups, "members": most.members}
    )
    if is_usual or form.is_valid():
        try:
            set_own_capacity(request.access, colleague, None if is_usual else form.most)
        except Refused as refusal:
            form.add_error(None, errors.sentence(refusal))
        else:
            messages.success(request, _("已保存。"))
            return redirect(_after(request))
    context = {"form": form, "colleague": colleague, "usual": told.usual, "is_own": colleague.pk in told.own,
               "after": _after(request)}  # fmt: skip
    return render(request, "console/capacity/own.html", context, status=INVALID if form.errors else 200)


def _after(request: StaffRequest) -> str:
    """Return where one goes on: not everybody who manages staff may see figures."""
    return reverse("console:capacity" if request.access.may(ANALYTICS_VIEW) else "console:staff")

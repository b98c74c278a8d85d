"""Points by hand: give or take with a reason, and the queue of what waits for a second person."""

from __future__ import annotations

from dataclasses import replace

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from liuliang.accounts.models import Staff
from liuliang.accounts.permissions import MEMBERS_VIEW, POINTS_ADJUST, POINTS_APPROVE, POINTS_VIEW
from liuliang.console import errors
from liuliang.console.doors import StaffRequest, page
from liuliang.console.fields import KeyedForm, day_field
from liuliang.console.leading import back
from liuliang.console.members.listing import shown_name
from liuliang.console.once import once_for
from liuliang.console.rewards.account import may_see
from liuliang.console.rewards.reach import reached
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.loyalty.adjusting import MOST_BY_HAND, adjust, approve, programme, reject
from liuliang.loyalty.models import Adjustment
from liuliang.loyalty.queries import balance_of
from liuliang.people.models import Member
from liuliang.ui import formats
from liuliang.ui.listing import Choice, Column, Empty, Listing, Option, View, cells
from liuliang.ui.templatetags import ui
from liuliang.ui.toasts import refresh_lists, toast

GIVE, TAKE = "give", "take"

STATES: dict[str, tuple[str | Promise, str]] = {
    "proposed": (_("等待审批"), "warn"),
    "done": (_("已完成"), "good"),
    "refused": (_("已驳回"), "bad"),
}


class AdjustForm(KeyedForm):
    """How many points, which way, and why."""

    way = forms.ChoiceField(
        label=_("做什么"), choices=[(GIVE, _("发放")), (TAKE, _("扣除"))], widget=forms.RadioSelect, initial=GIVE
    )
    amount = forms.IntegerField(label=_("多少分"), min_value=1, max_value=MOST_BY_HAND)
    ends_on = day_field(_("有效到"), required=False, help_text=_("只用于发放；不填就永久有效"))
    reason = forms.CharField(label=_("理由"), max_length=300, help_text=_("成员和同事都会看到"))

    @property
    def signed(self) -> int:
        """Return the amount, negative where it is taken."""
        told = self.cleaned_data
        amount: int = told["amount"]
        return amount if told["way"] == GIVE else -amount


@page(permission=POINTS_ADJUST, methods=("GET", "POST"))
def adjust_points(request: StaffRequest, member: Member) -> HttpResponse:
    """Ask how many points and why, and give or take them; above the limit it waits for somebody else."""
    may_see(request.access, member)
    form = AdjustForm(request.POST or None)
    if form.is_valid():
        told = form.cleaned_data
        ends_on = told["ends_on"] if told["way"] == GIVE else None

        def effect() -> int:
            row = adjust(member.pk, form.signed, reason=told["reason"], at=clock.now(), ends_on=ends_on)
            return int(row.pk)

        try:
            row = Adjustment.objects.get(pk=once_for(request, told["key"], effect))
        except Refused as refusal:
            form.add_error(None, errors.sentence(refusal))
        else:
            done = row.state == "done"
            said = _now("已经记入账户。") if done else _now("超过了审批线，等另一位同事审批后生效。")
            return back(request, reverse("console:points-account", args=[member.public_id]), said)
    context = {
        "form": form,
        "member": member,
        "name": shown_name(member),
        "balance": balance_of(member.pk),
        "limit": programme().approval_from,
    }
    return render(request, "console/rewards/adjust_dialog.html", context, status=422 if form.errors else 200)


def waiting(request: HttpRequest) -> int:
    """Count what waits for approval, for the sidebar; counting stops at a hundred."""
    del request
    return Adjustment.objects.filter(state="proposed")[:100].count()


def _who(row: Adjustment) -> SafeString | str:
    name = shown_name(row.member)
    return format_html('<span class="named">{}<span>{}</span></span>', ui.face(name), name)


def _amount(row: Adjustment) -> cells.Cell:
    return f"+{formats.exact(row.amount)}" if row.amount > 0 else f"−{formats.exact(-row.amount)}"


def _state(row: Adjustment) -> cells.Cell:
    return cells.state(STATES)(row.state)


def _name(staff: Staff | None) -> str:
    return staff.name if staff else "–"


ADJUSTMENTS = Listing(
    key="adjustments",
    title=_("手动调整"),
    columns=(
        Column("member", pgettext_lazy("one", "成员"), value=lambda row: shown_name(row.member), cell=_who, is_fixed=True),
        Column("amount", _("积分"), value="amount", cell=_amount, align="end"),
        Column("reason", _("理由"), value="reason", space="wrapping"),
        Column("ends", _("有效到"), value="ends_on", show=cells.day, is_default=False),
        Column("staff", _("提出"), value=lambda row: _name(row.staff)),
        Column("at", _("时间"), value="at", show=cells.ago, sort="pk", align="end"),
        Column("state", _("状态"), value=lambda row: str(STATES[row.state][0]), cell=_state),
        Column("decided", _("审批"), value=lambda row: _name(row.decided_by) if row.decided_by != row.staff else "–"),
    ),
    filters=(
        Choice("state", _("状态"), options=[Option(key, told[0]) for key, told in STATES.items()], is_primary=True),
    ),
    views=(View(_("等待审批"), "state=proposed"),),
    default_sort="-at",
    row_url=lambda row: reverse("console:points-account", args=[row.member.public_id]),
    row_actions="console/rewards/adjustment_actions.html",
    export_name=_("手动调整"),
    empty=Empty(
        _("还没有手动调整过"),
        _("在成员的积分账户里发放或扣除，都会列在这里；超过审批线的要另一位同事同意才生效。"),
        _("找成员"),
        "/members/",
        permission=MEMBERS_VIEW,
    ),
)  # fmt: skip


@page(permission=POINTS_VIEW)
def adjustments(request: StaffRequest) -> HttpResponseBase:
    """List what was given and taken by hand, and what waits."""
    rows = reached(Adjustment.objects.all(), request.access, MEMBERS_VIEW)
    rows = rows.select_related("member", "staff", "decided_by")
    context = {"limit": programme().approval_from}
    listing = ADJUSTMENTS
    if not request.access.may_everywhere(POINTS_APPROVE):
        listing = replace(ADJUSTMENTS, row_actions="")
    return listing.respond(request, rows, template="console/rewards/adjustments.html", context=context)


@page(permission=POINTS_APPROVE, methods=("POST",))
def approve_adjustment(request: StaffRequest, adjustment_id: int) -> HttpResponse:
    """Carry out what a colleague has proposed."""
    _reached(request, adjustment_id)
    approve(adjustment_id, at=clock.now())
    return refresh_lists(toast(HttpResponse(), _now("已批准，积分已经记入账户。")))


@page(permission=POINTS_APPROVE, methods=("POST",))
def reject_adjustment(request: StaffRequest, adjustment_id: int) -> HttpResponse:
    """Refuse what a colleague has proposed."""
    _reached(request, adjustment_id)
    reject(adjustment_id, at=clock.now())
    return refresh_lists(toast(HttpResponse(), _now("已驳回，账户没有变。")))


def _reached(request: StaffRequest, adjustment: int) -> None:
    """Let only those decide who may see whose points it is about."""
    may_see(request.access, get_object_or_404(Adjustment.objects.select_related("member"), pk=adjustment).member)

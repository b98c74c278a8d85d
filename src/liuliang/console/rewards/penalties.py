"""奖惩: what members were punished with, the next step of the ladder, appeals and what became of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from liuliang.accounts.permissions import MEMBERS_EXPORT, MEMBERS_VIEW, PENALTIES_MANAGE
from liuliang.console import errors
from liuliang.console.doors import StaffRequest, access_of, finds, page
from liuliang.console.fields import KeyedForm
from liuliang.console.leading import back
from liuliang.console.members.listing import shown_name
from liuliang.console.once import once_for
from liuliang.console.rewards.reach import reached, records_of
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.loyalty.models import Penalty
from liuliang.loyalty.penalties import LADDER, MEMORY, appeal, is_blacklisted, lift, penalise, proposed_step, uphold
from liuliang.people.access import Access
from liuliang.people.models import Member
from liuliang.ui.listing import Choice, Column, Empty, Listing, Option, View, cells
from liuliang.ui.templatetags import ui

STATES: dict[str, tuple[str | Promise, str]] = {
    "standing": (_("有效"), "bad"),
    "appealed": (_("申诉中"), "warn"),
    "lifted": (_("已撤销"), ""),
}
STEPS: dict[str, tuple[str | Promise, str]] = {
    "warn": (LADDER["warn"], ""),
    "mute": (LADDER["mute"], "warn"),
    "deduct": (LADDER["deduct"], "warn"),
    "remove": (LADDER["remove"], "bad"),
    "blacklist": (LADDER["blacklist"], "bad"),
}
EVERYWHERE = ""


def penalties_for(access: Access, permission: str) -> QuerySet[Penalty]:
    """Return the penalties of places where ``permission`` holds, to members that it reaches.

    Those that hold everywhere are seen by who reaches the member, and changed by who may punish everywhere.
    """
    rows: QuerySet[Penalty] = reached(Penalty.objects.all(), access, permission)
    allowed = access.community_ids(permission)
    if allowed is not None:
        near = Q(community__in=allowed)
        rows = rows.filter(near | Q(community=None) if permission == MEMBERS_VIEW else near)
    return rows.select_related("member", "member__canonical", "community", "staff", "decided_by")


@finds("penalty")
def find_penalty(access: Access, permission: str, value: str) -> Penalty | None:
    """Find a penalty within the permission's reach."""
    return penalties_for(access, permission).filter(pk=value).first() if value.isdecimal() else None


def punished(row: Penalty) -> Member:
    """Return the person a penalty is about: that of the canonical record."""
    return row.member.canonical or row.member


def _who(row: Penalty) -> cells.Cell:
    name = shown_name(punished(row))
    return format_html('<span class="named">{}<span>{}</span></span>', ui.face(name), name)


def _step(row: Penalty) -> cells.Cell:
    return cells.state(STEPS)(row.step)


def _state(row: Penalty) -> cells.Cell:
    return cells.state(STATES)(row.state)


PENALTIES = Listing(
    key="penalties",
    title=_("处罚"),
    columns=(
        Column("member", pgettext_lazy("one", "成员"), value=lambda row: shown_name(punished(row)), cell=_who, is_fixed=True),
        Column("step", _("处罚"), value=lambda row: str(LADDER[row.step]), cell=_step),
        Column("reason", _("理由"), value="reason", space="wrapping"),
        Column("points", _("扣分"), value=lambda row: row.points or None, show=cells.text, align="end"),
        Column("until", _("禁言到"), value="until", show=cells.instant),
        Column("place", _("社群"), value=lambda row: row.community.name if row.community else _now("全部社群")),
        Column("staff", _("员工"), value=lambda row: row.staff.name if row.staff else "–"),
        Column("state", _("状态"), value=lambda row: str(STATES[row.state][0]), cell=_state),
        Column("at", _("时间"), value="at", show=cells.ago, sort="at", align="end"),
    ),
    filters=(
        Choice("state", _("状态"), options=[Option(key, told[0]) for key, told in STATES.items()], is_primary=True),
        Choice("step", _("处罚"), options=[Option(key, words) for key, words in LADDER.items()], is_primary=True),
    ),
    views=(View(_("等待复核的申诉"), "state=appealed"),),
    default_sort="-at",
    row_url=lambda row: reverse("console:penalty", args=[row.pk]),
    export_name=_("处罚"),
    export_permission=MEMBERS_EXPORT,
    empty=Empty(
        _("还没有处罚过谁"),
        _("有人违反群规时，在他的页面上记一次处罚：警告、禁言、扣分、移出、拉黑，一次比一次重。成员可以申诉，由另一位同事复核。"),
        _("找成员"),
        "/members/",
        permission=MEMBERS_VIEW,
    ),
)  # fmt: skip


def appealed(request: HttpRequest) -> int:
    """Count the appeals that wait, for the sidebar; counting stops at a hundred."""
    access = access_of(request)
    return penalties_for(access, PENALTIES_MANAGE).filter(state="appealed")[:100].count() if access else 0


@page(permission=PENALTIES_MANAGE)
def penalties(request: StaffRequest) -> HttpResponseBase:
    """List the penalties."""
    rows = penalties_for(request.access, PENALTIES_MANAGE)
    if PENALTIES.is_exported(request):
        rows = reached(rows, request.access, PENALTIES_MANAGE, MEMBERS_EXPORT)
    return PENALTIES.respond(request, rows, template="console/rewards/penalties.html")


class PenaltyForm(KeyedForm):
    """Which step, where, why, and what goes with it."""

    step = forms.ChoiceField(label=_("处罚"), choices=list(LADDER.items()))
    community = forms.ChoiceField(label=_("在哪里"), required=False)
    points = forms.IntegerField(
        label=_("扣多少分"), required=False, min_value=1, max_value=10**12, help_text=_("只用于扣分")
    )
    days = forms.IntegerField(
        label=_("禁言多少天"), required=False, min_value=1, max_value=3_650, help_text=_("只用于禁言")
    )
    reason = forms.CharField(label=_("理由"), max_length=300, help_text=_("写清楚违反了哪一条，成员会看到"))

    def __init__(self, access: Access, posted: Any = None, *, initial: dict[str, Any] | None = None) -> None:
        super().__init__(posted, initial=initial)
        self.places = {place.public_id: place for place in access.communities(PENALTIES_MANAGE).order_by("name")}
        choices = [(key, place.name) for key, place in self.places.items()]
        if access.may_everywhere(PENALTIES_MANAGE):
            choices.insert(0, (EVERYWHERE, _now("全部社群")))
        self.fields["community"].choices = choices  # type: ignore[attr-defined]
        self.fields["community"].required = not access.may_everywhere(PENALTIES_MANAGE)


@page(permission=PENALTIES_MANAGE, methods=("GET", "POST"))
def punish(request: StaffRequest, member: Member) -> HttpResponse:
    """Ask which step and why, and punish."""
    at = clock.now()
    step = proposed_step(member.pk, at=at)
    form = PenaltyForm(request.access, request.POST or None, initial={"step": step})
    if form.is_valid():
        told = form.cleaned_data

        def effect() -> int:
            row = penalise(
                member.pk, told["step"], reason=told["reason"], at=at, community=form.places.get(told["community"]),
                points=told["points"] or 0, until=at + timedelta(days=told["days"]) if told["days"] else None,
            )  # fmt: skip
            return int(row.pk)

        try:
            given = once_for(request, told["key"], effect)
        except Refused as refusal:
            form.add_error(None, errors.sentence(refusal))
        else:
            return back(request, reverse("console:penalty", args=[given]), _now("处罚已记录。禁言和移出请在群里执行。"))
    context = {
        "form": form, "member": member, "name": shown_name(member), "proposed": LADDER[step], "days": MEMORY.days,
    }  # fmt: skip
    return render(request, "console/rewards/punish_dialog.html", context, status=422 if form.errors else 200)


class AppealForm(forms.Form):
    """What the member says against it."""

    text = forms.CharField(label=_("成员怎么说"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))


class AnswerForm(forms.Form):
    """What the member is answered."""

    answer = forms.CharField(label=_("给成员的答复"), max_length=300)


@page(permission=PENALTIES_MANAGE)
def penalty(request: StaffRequest, penalty: Penalty) -> HttpResponse:
    """Show one penalty with its appeal."""
    return _shown(request, penalty, AppealForm(), AnswerForm())


@page(permission=PENALTIES_MANAGE, methods=("POST",))
def appeal_penalty(request: StaffRequest, penalty: Penalty) -> HttpResponse:
    """Write down an appeal that a member made."""
    form = AppealForm(request.POST)
    if not form.is_valid():
        return _shown(request, penalty, form, AnswerForm())
    appeal(penalty.pk, text=form.cleaned_data["text"], at=clock.now())
    messages.success(request, _now("申诉已登记，等另一位同事复核。"))
    return redirect("console:penalty", penalty.pk)


@page(permission=PENALTIES_MANAGE, methods=("POST",))
def decide_penalty(request: StaffRequest, penalty: Penalty) -> HttpResponse:
    """Uphold or lift a penalty, with an answer."""
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _shown(request, penalty, AppealForm(), form)
    if "lift" in request.POST:
        lift(penalty.pk, answer=form.cleaned_data["answer"], at=clock.now())
        messages.success(request, _now("处罚已撤销，扣掉的积分已退回。"))
    else:
        uphold(penalty.pk, answer=form.cleaned_data["answer"], at=clock.now())
        messages.success(request, _now("处罚维持不变。"))
    return redirect("console:penalty", penalty.pk)


def _shown(request: StaffRequest, row: Penalty, appeal_form: AppealForm, answer_form: AnswerForm) -> HttpResponse:
    who = punished(row)
    context = {
        "penalty": row,
        "who": who,
        "name": shown_name(who),
        "step": STEPS[row.step],
        "state": STATES[row.state],
        "appeal_form": appeal_form,
        "answer_form": answer_form,
        "may_see_member": request.access.members(MEMBERS_VIEW).filter(pk=who.pk).exists(),
        "is_own": row.staff_id == request.access.staff.pk,
        "earlier": penalties_for(request.access, PENALTIES_MANAGE)
        .filter(member__in=records_of(who))
        .exclude(pk=row.pk)
        .order_by("-at")[:10],
    }
    failed = appeal_form.errors or answer_form.errors
    return render(request, "console/rewards/penalty.html", context, status=422 if failed else 200)


def penalties_of(access: Access, member: Member) -> dict[str, Any]:
    """Return what a member's page says of penalties, to who may punish."""
    if not access.may(PENALTIES_MANAGE):
        return {}
    rows = penalties_for(access, PENALTIES_MANAGE).filter(member__in=records_of(member))
    return {
        "penalties": [(row, *STEPS[row.step], STATES[row.state]) for row in rows.order_by("-at")[:5]],
        "may_punish": access.may_everywhere(PENALTIES_MANAGE)
        or access.members(PENALTIES_MANAGE).filter(pk=member.pk).exists(),
        "is_blacklisted": is_blacklisted(member.pk),
    }

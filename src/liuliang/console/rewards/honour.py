"""荣誉: who has which badge, giving one and taking it back, and the certificate that goes with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from liuliang.accounts.permissions import HONOUR_MANAGE, MEMBERS_EXPORT, MEMBERS_VIEW
from liuliang.console import errors
from liuliang.console.doors import StaffRequest, access_of, finds, page
from liuliang.console.leading import back
from liuliang.console.members.listing import member_url, shown_name
from liuliang.console.rewards.reach import reached, records_of
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.loyalty.certificates import Certificate, draw_certificate
from liuliang.loyalty.honour import give_badge, revoke_badge
from liuliang.loyalty.models import Award, Badge
from liuliang.people.access import Access
from liuliang.people.models import Community, Member
from liuliang.ui import formats
from liuliang.ui.listing import Choice, Column, Empty, Listing, Option, cells
from liuliang.ui.templatetags import ui
from liuliang.ui.toasts import refresh_lists, toast

WALL = 12
"""Badges that the top of the wall shows."""


def badges_for(access: Access, permission: str) -> QuerySet[Badge]:
    """Return the badges of the places where ``permission`` holds, and those of everywhere.

    To change or give one that holds everywhere takes the permission everywhere; to see it does not.
    """
    badges = Badge.objects.select_related("community")
    allowed = access.community_ids(permission)
    if allowed is None:
        return badges
    near = Q(community__in=allowed)
    return badges.filter(near | Q(community=None) if permission == MEMBERS_VIEW else near)


def awards_for(access: Access, permission: str) -> QuerySet[Award]:
    """Return the awards of badges and to members that ``permission`` reaches."""
    rows = Award.objects.filter(badge__in=badges_for(access, permission).values("pk"))
    return reached(rows, access, permission).select_related(
        "badge", "badge__community", "member", "member__canonical", "staff"
    )


@finds("badge")
def find_badge(access: Access, permission: str, value: str) -> Badge | None:
    """Find a badge within the permission's reach."""
    return badges_for(access, permission).filter(pk=value).first() if value.isdecimal() else None


@finds("award")
def find_award(access: Access, permission: str, value: str) -> Award | None:
    """Find an award within the permission's reach."""
    return awards_for(access, permission).filter(pk=value).first() if value.isdecimal() else None


def holder(award: Award) -> Member:
    """Return the person who holds an award: that of the canonical record."""
    return award.member.canonical or award.member


def _who(award: Award) -> cells.Cell:
    name = shown_name(holder(award))
    return format_html('<span class="named">{}<span>{}</span></span>', ui.face(name), name)


def _badge(award: Award) -> cells.Cell:
    return ui.tag(award.badge.name, "act", icon=award.badge.icon)


def _badge_options(request: HttpRequest) -> Sequence[Option]:
    access = access_of(request)
    return (
        [Option(str(one.pk), one.name) for one in badges_for(access, MEMBERS_VIEW).order_by("name")] if access else []
    )


AWARDS = Listing(
    key="awards",
    title=_("荣誉墙"),
    columns=(
        Column(
            "member", pgettext_lazy("one", "成员"), value=lambda award: shown_name(holder(award)), cell=_who, is_fixed=True
        ),
        Column("badge", _("勋章"), value="badge.name", cell=_badge),
        Column("reason", _("理由"), value=lambda award: award.reason or _now("按规则"), space="wrapping"),
        Column("staff", _("颁发"), value=lambda award: award.staff.name if award.staff else _now("系统")),
        Column("at", _("时间"), value="at", show=cells.ago, sort="at", align="end"),
    ),
    filters=(Choice("badge", _("勋章"), options=_badge_options, is_primary=True),),
    default_sort="-at",
    row_url=lambda award: member_url(holder(award)),
    row_actions="console/rewards/award_actions.html",
    export_name=_("荣誉墙"),
    export_permission=MEMBERS_EXPORT,
    empty=Empty(
        _("荣誉墙还是空的"),
        _("让大家看见谁做得好：建一枚勋章，由规则自动给，或者在成员的页面上亲手颁发；还可以生成证书图片。"),
        _("建勋章"),
        "/honour/badges/new/",
        permission=HONOUR_MANAGE,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """A badge on the wall: how many hold it, and the latest of them."""

    badge: Badge
    holders: int
    faces: Sequence[str]
    may_edit: bool


@page(permission=MEMBERS_VIEW)
def wall(request: StaffRequest) -> HttpResponseBase:
    """Show the badges and who holds them."""
    rows = awards_for(request.access, MEMBERS_VIEW).filter(revoked_at=None)
    if AWARDS.is_exported(request):
        rows = reached(rows, request.access, MEMBERS_VIEW, MEMBERS_EXPORT)
    context = {"badges": _wall(request.access), "tabs": honour_tabs()}
    return AWARDS.respond(request, rows, template="console/rewards/wall.html", context=context)


def _wall(access: Access) -> list[Shown]:
    awards = awards_for(access, MEMBERS_VIEW).filter(revoked_at=None)
    badges = list(badges_for(access, MEMBERS_VIEW).filter(is_active=True).order_by("-pk")[:WALL])
    counts = dict(awards.filter(badge__in=badges).order_by().values_list("badge").annotate(number=Count("pk")))
    editable = set(badges_for(access, HONOUR_MANAGE).values_list("pk", flat=True))
    return [
        Shown(
            badge,
            counts.get(badge.pk, 0),
            [shown_name(holder(award)) for award in awards.filter(badge=badge).order_by("-at", "-id")[:5]],
            badge.pk in editable,
        )
        for badge in badges
    ]


class GiveForm(forms.Form):
    """Which badge, and what for."""

    badge = forms.ModelChoiceField(queryset=Badge.objects.none(), label=_("勋章"))
    reason = forms.CharField(label=_("理由"), max_length=300, help_text=_("会写在荣誉墙和证书上"))


@page(permission=HONOUR_MANAGE, methods=("GET", "POST"))
def give(request: StaffRequest, member: Member) -> HttpResponse:
    """Ask which badge and what for, and give it."""
    form = GiveForm(request.POST or None)
    offered = badges_for(request.access, HONOUR_MANAGE).filter(is_active=True).order_by("name")
    form.fields["badge"].queryset = offered  # type: ignore[attr-defined]
    if form.is_valid():
        told = form.cleaned_data
        try:
            give_badge(told["badge"], member.pk, reason=told["reason"], at=clock.now())
        except Refused as refusal:
            form.add_error(None, errors.sentence(refusal))
        else:
            return back(request, member_url(member), _now("勋章已颁发。"))
    context = {"form": form, "member": member, "name": shown_name(member), "has_badges": offered.exists()}
    return render(request, "console/rewards/give_dialog.html", context, status=422 if form.errors else 200)


@page(permission=HONOUR_MANAGE, methods=("POST",))
def revoke(request: StaffRequest, award: Award) -> HttpResponse:
    """Take a badge away."""
    revoke_badge(award, at=clock.now())
    if request.htmx:
        return refresh_lists(toast(HttpResponse(), _now("勋章已收回，规则不会再给。")))
    messages.success(request, _now("勋章已收回，规则不会再给。"))
    return redirect(member_url(holder(award)))


@page(permission=MEMBERS_VIEW)
def certificate(request: StaffRequest, award: Award) -> HttpResponse:
    """Give the certificate of an award as a picture."""
    del request
    name = shown_name(holder(award))
    picture = draw_certificate(
        Certificate(
            title=_now("荣誉证书"),
            name=name,
            honour=_now("获得“{badge}”").format(badge=award.badge.name),
            text=award.reason or award.badge.description,
            issuer=award.badge.community.name if award.badge.community else _brand(),
            day=formats.day(timezone.localtime(award.at).date()),
        )
    )
    response = HttpResponse(picture, content_type="image/png")
    file_name = f"{award.badge.name}-{name}.png"
    response["Content-Disposition"] = content_disposition_header(as_attachment=False, filename=file_name) or "inline"
    response["Cache-Control"] = "no-store"
    return response


def _brand() -> str:
    """Return what signs a certificate that belongs to no community: the brand, where there is one."""
    tops = list(
        Community.objects.filter(parent=None, archived_at=None, is_group=False).values_list("name", flat=True)[:2]
    )
    return tops[0] if len(tops) == 1 else ""


def awards_of(access: Access, member: Member) -> list[tuple[Award, bool]]:
    """Return the badges that a member holds, each with whether one may take it away."""
    rows = awards_for(access, MEMBERS_VIEW).filter(member__in=records_of(member), revoked_at=None)
    held = list(rows.order_by("-at")[:50])
    if not held or not access.may(HONOUR_MANAGE):
        return [(award, False) for award in held]
    editable = set(badges_for(access, HONOUR_MANAGE).values_list("pk", flat=True))
    return [(award, award.badge_id in editable) for award in held]


def honour_tabs() -> list[tuple[Any, str, None]]:
    """Return the pages of honour, for the tabs."""
    return [
        (_("荣誉墙"), reverse("console:honour"), None),
        (_("榜单"), reverse("console:boards"), None),
    ]

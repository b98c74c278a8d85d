"""The list and the gallery of testimonials, one of them, and its pictures."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import MEMBERS_VIEW, TESTIMONIALS_MANAGE, TESTIMONIALS_VIEW
from liuliang.console.doors import StaffRequest, finds, page
from liuliang.console.members.listing import member_url, shown_name
from liuliang.people.access import Access
from liuliang.testimonials import queries
from liuliang.testimonials.models import Testimonial
from liuliang.testimonials.services import SORTS, USES
from liuliang.ui import formats
from liuliang.ui.listing import Choice, Column, Empty, Listing, Option, Text, cells

SHOWN = 60
"""Testimonials that the gallery shows of each page."""

STATES: dict[str, tuple[str | Promise, str]] = {
    "pending": (_("等审核"), "warn"),
    "accepted": (_("已采用"), "good"),
    "refused": (_("没采用"), ""),
}
CONSENTS: dict[str, tuple[str | Promise, str]] = {
    "asked": (_("还没问到"), "warn"),
    "given": (_("已同意"), "good"),
    "declined": (_("不同意"), ""),
    "withdrawn": (_("已撤回"), "bad"),
}


@finds("testimonial")
def find_testimonial(access: Access, permission: str, value: str) -> Testimonial | None:
    """Find a testimonial where the permission reaches it."""
    rows = queries.testimonials(access, permission)
    rows = rows.select_related("member", "community", "staff", "decided_by", "consent_by")
    return rows.filter(public_id=value).first()


def uses_of(one: Testimonial) -> str:
    """Return what a consent was given for, in words."""
    return formats.listed(str(USES[use]) for use in one.uses if use in USES)


def _place(one: Testimonial) -> str:
    return one.community.name if one.community else _now("全部社群")


def _narrow_use(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
    return rows.filter(consent="given", uses__contains=[value])


TESTIMONIALS = Listing(
    key="testimonials",
    title=_("客户见证"),
    columns=(
        Column(
            "member", _("成员"), value=lambda one: shown_name(one.member),
            cell=lambda one: cells.person(shown_name(one.member)), is_fixed=True,
        ),
        Column("sort", _("类型"), value=lambda one: str(SORTS.get(one.sort, one.sort))),
        Column("text", _("内容"), value="text", space="clipped"),
        Column("product", _("商品"), value="product"),
        Column("pictures", _("图片"), value="picture_count", show=cells.count, align="end"),
        Column("state", _("审核"), value=lambda one: str(STATES[one.state][0]), cell=lambda one: cells.state(STATES)(one.state)),
        Column(
            "consent", _("同意"), value=lambda one: str(CONSENTS[one.consent][0]),
            cell=lambda one: cells.state(CONSENTS)(one.consent),
        ),
        Column("uses", _("用途"), value=uses_of),
        Column("how", _("怎么同意的"), value="consent_how", is_default=False),
        Column("consent_at", _("同意于"), value="consent_at", show=cells.ago, align="end", is_default=False),
        Column("place", _("社群"), value=_place),
        Column("at", _("收于"), value="at", show=cells.ago, sort="at", align="end"),
    ),
    filters=(
        Text("q", _("搜索内容"), narrow=lambda rows, text: rows.filter(text__icontains=text)),
        Choice(
            "state", _("审核"), options=[Option(key, words) for key, (words, _tone) in STATES.items()], is_primary=True
        ),
        Choice(
            "consent", _("同意"), options=[Option(key, words) for key, (words, _tone) in CONSENTS.items()],
            is_primary=True,
        ),
        Choice("sort", _("类型"), options=[Option(key, words) for key, words in SORTS.items()]),
        Choice("use", _("可以用在"), options=[Option(key, words) for key, words in USES.items()], narrow=_narrow_use),
    ),
    default_sort="-at",
    key_field="public_id",
    row_url=lambda one: reverse("console:testimonial", args=[one.public_id]),
    export_name=_("客户见证"),
    export_permission=TESTIMONIALS_VIEW,
    empty=Empty(
        _("还没有客户见证"),
        _("把客户的好话和晒单收在一处：在成员的时间线上把一条消息“取为见证”，或者在这里手工录入。问到同意、审核通过才会显示；客户一撤回，内容就删掉。"),
        _("录入见证"),
        "/testimonials/new/",
        permission=TESTIMONIALS_MANAGE,
        is_dialog=True,
    ),
)  # fmt: skip


@page(permission=TESTIMONIALS_VIEW)
def testimonials(request: StaffRequest) -> HttpResponseBase:
    """List what one may see. What was withdrawn has nothing left to export."""
    rows = queries.testimonials(request.access, TESTIMONIALS_VIEW).select_related("member", "community")
    if TESTIMONIALS.is_exported(request):
        rows = rows.filter(consent="given")
    rows = rows.annotate(picture_count=Count("pictures"))
    context = {"may_manage": request.access.may(TESTIMONIALS_MANAGE)}
    return TESTIMONIALS.respond(request, rows, template="console/testimonials/list.html", context=context)


@page(permission=TESTIMONIALS_VIEW)
def gallery(request: StaffRequest) -> HttpResponse:
    """Show what may be shown, for a use if one is chosen."""
    use = request.GET.get("use", "")
    use = use if use in USES else ""
    mine = queries.testimonials(request.access, TESTIMONIALS_VIEW).values("pk")
    rows = queries.shown(use).filter(pk__in=mine).select_related("member").prefetch_related("pictures")
    context = {
        "cards": [(one, shown_name(one.member), uses_of(one)) for one in rows.order_by("-at", "-id")[:SHOWN]],
        "total": rows.count(),
        "uses": USES,
        "use": use,
    }
    return render(request, "console/testimonials/gallery.html", context)


@page(permission=TESTIMONIALS_VIEW)
def testimonial(request: StaffRequest, testimonial: Testimonial) -> HttpResponse:
    """Show one with the record of its consent."""
    member = testimonial.member
    sees = request.access.members(MEMBERS_VIEW).filter(pk=member.canonical_id or member.pk).exists()
    manages = queries.testimonials(request.access, TESTIMONIALS_MANAGE).filter(pk=testimonial.pk).exists()
    context = {
        "one": testimonial,
        "name": shown_name(member),
        "member_url": member_url(member) if sees else "",
        "sort": SORTS.get(testimonial.sort, testimonial.sort),
        "state": STATES[testimonial.state],
        "consent": CONSENTS[testimonial.consent],
        "uses": uses_of(testimonial),
        "pictures": testimonial.pictures.defer("data").order_by("pk"),
        "may_manage": manages and testimonial.consent != "withdrawn",
    }
    return render(request, "console/testimonials/testimonial.html", context)


@page(permission=TESTIMONIALS_VIEW)
def picture(request: StaffRequest, testimonial: Testimonial, picture_id: int) -> HttpResponse:
    """Show a picture."""
    del request
    found = testimonial.pictures.filter(pk=picture_id).first()
    if found is None:
        raise Http404
    return HttpResponse(
        bytes(found.data), content_type="image/jpeg",
        headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store"},
    )  # fmt: skip

"""The list of partners with their results, the plans, and how doors find what addresses name."""

from __future__ import annotations

from dataclasses import replace

from django.db.models import Count
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from liuliang.accounts.permissions import PARTNERS_MANAGE, PARTNERS_SETTLE, PARTNERS_VIEW
from liuliang.console.doors import StaffRequest, finds, page
from liuliang.console.partners.tabs import partner_tabs
from liuliang.partners.models import Partner, Plan, Settlement
from liuliang.partners.queries import with_results, with_training
from liuliang.partners.services import KINDS
from liuliang.people.access import Access
from liuliang.ui import formats
from liuliang.ui.listing import Boolean, Choice, Column, Empty, Listing, Option, Text, cells

STATES = {"on": (_("合作中"), "good"), "off": (_("已停用"), "")}


@finds("partner")
def find_partner(access: Access, permission: str, value: str) -> Partner | None:
    """Find a partner; whoever may see one sees all."""
    if not access.may(permission):
        return None
    rows = Partner.objects.select_related("plan", "parent", "member", "staff", "coupon")
    return rows.filter(public_id=value).first()


@finds("partner_plan")
def find_plan(access: Access, permission: str, value: str) -> Plan | None:
    """Find a plan."""
    return Plan.objects.filter(public_id=value).first() if access.may(permission) else None


@finds("settlement")
def find_settlement(access: Access, permission: str, value: str) -> Settlement | None:
    """Find a settlement sheet."""
    rows = Settlement.objects.select_related("staff", "closed_by")
    return rows.filter(public_id=value).first() if access.may(permission) else None


PARTNERS = Listing(
    key="partners",
    title=pgettext_lazy("several", "合伙人"),
    columns=(
        Column("name", _("名字"), value="name", cell=lambda one: cells.person(one.name), sort="name", is_fixed=True),
        Column("kind", _("类型"), value=lambda one: str(KINDS.get(one.kind, one.kind))),
        Column("code", _("专属码"), value="code"),
        Column("plan", _("佣金方案"), value="plan.name"),
        Column("orders", _("带来订单"), value="orders", show=cells.count, sort="orders", align="end"),
        Column(
            "sales", _("带来成交"), value=lambda one: formats.major(one.sales), cell=lambda one: cells.money(one.sales),
            sort="sales", align="end", hint=_("付的减去退的，只算自己带来的人民币订单"),
        ),
        Column(
            "earned", _("佣金"), value=lambda one: formats.major(one.earned), cell=lambda one: cells.money(one.earned),
            sort="earned", align="end",
        ),
        Column(
            "awaiting", _("观察期内"), value=lambda one: formats.major(one.awaiting),
            cell=lambda one: cells.money(one.awaiting), sort="awaiting", align="end",
        ),
        Column(
            "due", _("可结算"), value=lambda one: formats.major(one.due), cell=lambda one: cells.money(one.due), sort="due",
            align="end",
        ),
        Column(
            "debt", _("欠款"), value=lambda one: formats.major(one.debt),
            cell=lambda one: cells.money(one.debt) if one.debt else "–", sort="debt", align="end",
        ),
        Column(
            "learnt", _("培训"), value=lambda one: f"{one.learnt} / {one.lessons}" if one.lessons else "", sort="learnt",
            align="end", hint=_("学完的，和现在要学的"),
        ),
        Column("state", _("状态"), value=lambda one: "on" if one.is_active else "off", show=cells.state(STATES)),
        Column("joined", _("加入于"), value="joined_at", show=cells.ago, sort="joined_at", align="end", is_default=False),
    ),
    filters=(
        Text("q", _("搜索名字或专属码"), fields=("name", "code")),
        Choice("kind", _("类型"), options=[Option(key, title) for key, title in KINDS.items()], is_primary=True),
        Boolean("active", _("状态"), field="is_active", yes=_("合作中"), no=_("已停用")),
    ),
    default_sort="-sales",
    key_field="public_id",
    row_url=lambda one: reverse("console:partner", args=[one.public_id]),
    export_name=pgettext_lazy("several", "合伙人"),
    export_permission=PARTNERS_VIEW,
    empty=Empty(
        _("还没有合伙人"),
        _("合伙人、导购和小 B 各有专属码；他们带来的订单按方案算佣金，退款按比例扣回，过了观察期进结算单。先建一个佣金方案，再添加人。"),
        _("添加合伙人"),
        "/partners/new/",
        permission=PARTNERS_MANAGE,
        is_dialog=True,
    ),
)  # fmt: skip


WITHOUT_PLAN = replace(PARTNERS.empty, button=_("先建佣金方案"), url="/partners/plans/new/")


@page(permission=PARTNERS_VIEW)
def partners(request: StaffRequest) -> HttpResponseBase:
    """List partners, whoever brought most first."""
    rows = with_training(with_results(Partner.objects.select_related("plan")))
    has_plan = Plan.objects.filter(is_active=True).exists()
    context = {
        "may_manage": request.access.may(PARTNERS_MANAGE),
        "may_settle": request.access.may(PARTNERS_SETTLE),
        "has_plan": has_plan,
        "tabs": partner_tabs(),
    }
    # Nobody can be taken in before there is a plan to pay by.
    listing = PARTNERS if has_plan else replace(PARTNERS, empty=WITHOUT_PLAN)
    return listing.respond(request, rows, template="console/partners/partners.html", context=context)


@page(permission=PARTNERS_VIEW)
def plans(request: StaffRequest) -> HttpResponse:
    """Show the plans."""
    context = {
        "plans": Plan.objects.annotate(people=Count("partners")).select_related("confirmed_by").order_by(
            "-is_active", "-created_at"
        ),
        "may_manage": request.access.may(PARTNERS_MANAGE),
        "tabs": partner_tabs(),
    }  # fmt: skip
    return render(request, "console/partners/plans.html", context)

"""The list of coupons, one coupon with what it brought and who has it, and how doors find one."""

from __future__ import annotations

from typing import Any

from django.db.models import F, QuerySet, Value
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import COUPONS_GIVE, MEMBERS_VIEW, ORDERS_VIEW, SHOP_EDIT, SHOP_VIEW
from liuliang.commerce import queries
from liuliang.commerce.discounts import PERCENT
from liuliang.commerce.models import Coupon, CouponTemplate
from liuliang.console.doors import StaffRequest, finds, page
from liuliang.console.members.listing import shown_name
from liuliang.console.shop.products import place_of
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.loyalty.behaviours import behaviour
from liuliang.loyalty.stock import remaining
from liuliang.people.access import Access
from liuliang.ui import formats
from liuliang.ui.listing import Choice, Column, Empty, Listing, Option, Text, cells

HOWS: dict[str, str | Promise] = {
    "hand": _("手动发放"),
    "code": _("券码"),
    "segment": _("按人群"),
    "rule": _("按规则"),
    "mall": _("积分商城"),
}
GOING, STOPPED, OVER = "going", "stopped", "over"
STATES: dict[str, tuple[str | Promise, str]] = {
    GOING: (_("发放中"), "good"),
    STOPPED: (_("已停发"), ""),
    OVER: (_("已结束"), ""),
}
HAD: dict[str, tuple[str | Promise, str]] = {
    "free": (_("未使用"), "act"),
    "used": (_("已使用"), "good"),
    "over": (_("已过期"), ""),
    "withdrawn": (_("已收回"), "warn"),
}


@finds("template")
def find_template(access: Access, permission: str, value: str) -> CouponTemplate | None:
    """Find a coupon of a branch where the door's permission holds; to be changed or given, one's own."""
    found = queries.templates(access, permission).select_related("community").filter(public_id=value).first()
    is_own = permission in {SHOP_EDIT, COUPONS_GIVE}
    if found is None or (is_own and not queries.owns(access, permission, found.community_id)):
        return None
    return found


def said(template: CouponTemplate) -> str:
    """Return what a coupon takes off, in words."""
    if template.kind == PERCENT:
        words = _now("减 {percent}%").format(percent=template.off)
        if template.most is not None:
            words += _now("，最多减 {most}").format(most=formats.money(template.most, template.currency))
    else:
        words = _now("减 {amount}").format(amount=formats.money(template.off, template.currency))
    if template.threshold:
        least = formats.money(template.threshold, template.currency)
        return _now("满 {least} {words}").format(least=least, words=words)
    return words


def state_of(template: CouponTemplate) -> str:
    """Return whether a coupon is given now."""
    if clock.now() >= template.ends_at:
        return OVER
    return GOING if template.is_active else STOPPED


def state_of_coupon(coupon: Coupon) -> str:
    """Return what has become of a member's coupon."""
    if coupon.withdrawn_at is not None:
        return "withdrawn"
    if coupon.used_at is not None:
        return "used"
    return "over" if clock.now() >= coupon.ends_at else "free"


def _narrow(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
    now = clock.now()
    if value == OVER:
        return rows.filter(ends_at__lte=now)
    return rows.filter(ends_at__gt=now, is_active=value == GOING)


COUPONS = Listing(
    key="coupons",
    title=_("优惠券"),
    columns=(
        Column("name", _("优惠券"), value="name", is_fixed=True),
        Column("what", _("优惠"), value=said),
        Column("total", _("总量"), value="total", show=cells.count, align="end"),
        Column("per_person", _("每人限领"), value="per_person", show=cells.count, align="end"),
        Column(
            "state", _("状态"), value=lambda one: str(STATES[state_of(one)][0]),
            cell=lambda one: cells.state(STATES)(state_of(one)),
        ),
        Column("place", _("所属社群"), value=place_of),
        Column("ends", _("结束于"), value="ends_at", show=cells.ago, align="end"),
        Column("created", _("建于"), value="created_at", show=cells.ago, sort="created_at", align="end"),
    ),
    filters=(
        Text("q", _("搜索名称"), fields=("name",)),
        Choice(
            "state", _("状态"), options=[Option(key, title) for key, (title, _tone) in STATES.items()], narrow=_narrow,
            is_primary=True,
        ),
    ),
    default_sort="-created",
    key_field="public_id",
    row_url=lambda one: reverse("console:coupon", args=[one.public_id]),
    empty=Empty(
        _("还没有优惠券"),
        _("优惠券有门槛、适用商品、有效期、总量和每人限领；可以手动发、按人群发、按行为自动发，或者印成券码。"),
        _("新建优惠券"),
        "/shop/coupons/new/",
        permission=SHOP_EDIT,
    ),
)  # fmt: skip


@page(permission=SHOP_VIEW)
def coupons(request: StaffRequest) -> HttpResponseBase:
    """List the coupons one may see."""
    rows = queries.templates(request.access, SHOP_VIEW).select_related("community")
    return COUPONS.respond(request, rows, template="console/shop/coupons.html")


def head(request: StaffRequest, template: CouponTemplate, current: str) -> dict[str, Any]:
    """Return what the head of every page of a coupon needs."""
    pages = [(_now("概况"), "console:coupon"), (_now("谁有这张券"), "console:coupon-holders")]
    addresses = {name: reverse(name, args=[template.public_id]) for _title, name in pages}
    access = request.access
    return {
        "template": template,
        "said": said(template),
        "state": STATES[state_of(template)],
        "tabs": [(title, addresses[name], None) for title, name in pages],
        "tab_url": addresses.get(current, ""),
        "may_edit": queries.owns(access, SHOP_EDIT, template.community_id),
        "may_give": queries.owns(access, COUPONS_GIVE, template.community_id) and access.may(MEMBERS_VIEW),
    }


@page(permission=SHOP_VIEW)
def coupon(request: StaffRequest, template: CouponTemplate) -> HttpResponse:
    """Show a coupon: how many are left, what it brought, and how it is given."""
    account = template.stock_id
    told = queries.brought(template.pk) if request.access.may_everywhere(ORDERS_VIEW) else None
    context = {
        **head(request, template, "console:coupon"),
        "left": remaining(account) if account is not None else None,
        "brought": told,
        "ratio": told.gmv / told.cost if told and told.cost else None,
        "products": sorted(queries.products_named(template.products).values()),
        "runs": template.runs.order_by("-id")[:10],
        "rules": [
            (rule, _title(rule.behaviour)) for rule in template.rules.select_related("community").order_by("-id")
        ],
        "batches": template.batches.order_by("-id")[:20],
    }
    return render(request, "console/shop/coupon.html", context)


def _title(key: str) -> str:
    try:
        return str(behaviour(key).title)
    except Refused:
        return key


def _narrow_had(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
    if value == "withdrawn":
        return rows.filter(withdrawn_at__isnull=False)
    if value == "used":
        return rows.filter(used_at__isnull=False)
    free = rows.filter(withdrawn_at=None, used_at=None)
    return free.filter(ends_at__lte=clock.now()) if value == "over" else free.filter(ends_at__gt=clock.now())


HOLDERS = Listing(
    key="coupon-holders",
    title=_("谁有这张券"),
    columns=(
        Column(
            "member", _("成员"), value=lambda one: shown_name(one.member),
            cell=lambda one: cells.person(shown_name(one.member)), is_fixed=True,
        ),
        Column(
            "state", _("状态"), value=lambda one: str(HAD[state_of_coupon(one)][0]),
            cell=lambda one: cells.state(HAD)(state_of_coupon(one)),
        ),
        Column("how", _("怎么来的"), value=lambda one: HOWS.get(one.how, one.how)),
        Column("given", _("领到于"), value="given_at", show=cells.ago, sort="given_at", align="end"),
        Column("ends", _("有效到"), value="ends_at", show=cells.ago, align="end"),
        Column("used", _("用于"), value="used_at", show=cells.ago, align="end"),
    ),
    filters=(
        Choice(
            "state", _("状态"), options=[Option(key, title) for key, (title, _tone) in HAD.items()], narrow=_narrow_had,
            is_primary=True,
        ),
        Choice("how", _("怎么来的"), options=[Option(key, title) for key, title in HOWS.items()]),
    ),
    default_sort="-given",
    row_actions="console/shop/coupon_actions.html",
    empty=Empty(_("还没有人有这张券"), _("在“概况”里发给某个人、一个人群，或者生成券码。")),
)  # fmt: skip


@page(permission=SHOP_VIEW)
def holders(request: StaffRequest, template: CouponTemplate) -> HttpResponseBase:
    """List who has a coupon, of the members one may see."""
    context = head(request, template, "console:coupon-holders")
    rows = template.coupons.filter(member__in=request.access.members(SHOP_VIEW)).select_related("member")
    if request.access.may_everywhere(SHOP_VIEW):
        rows = template.coupons.select_related("member")
    rows = rows.annotate(template_key=F("template__public_id"), may_withdraw=Value(context["may_give"]))
    return HOLDERS.respond(request, rows, template="console/shop/coupon_holders.html", context=context)

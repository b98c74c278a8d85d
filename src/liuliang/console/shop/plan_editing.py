"""What staff change about paid membership: plans made and changed, given away, and gifts taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import COUPONS_GIVE, SHOP_EDIT
from liuliang.commerce import plan_selling, queries
from liuliang.commerce.models import Variant
from liuliang.console.dialogs import INVALID, dialog, done
from liuliang.console.doors import StaffRequest, find_community, page
from liuliang.console.leading import back
from liuliang.console.shop.plan_forms import ChangePlanForm, GiftForm, NewPlanForm
from liuliang.kernel import clock
from liuliang.people.models import Community, Member
from liuliang.subscriptions.models import Plan, Term
from liuliang.subscriptions.queries import plans, subscriptions_of
from liuliang.subscriptions.subscribing import GIFT, Grant, give, take_back


@page(permission=SHOP_EDIT, methods=("GET", "POST"))
def new(request: StaffRequest) -> HttpResponse:
    """Make a plan and put it on sale."""
    form = NewPlanForm(request.POST or None, access=request.access)

    def create(told: Mapping[str, Any]) -> None:
        place: Community | None = find_community(request.access, SHOP_EDIT, told["community"])
        plan_selling.sell_plan(
            form.terms(), amount=told["amount"], community=place.pk if place else None, at=clock.now()
        )

    if done(form, create):
        return back(request, reverse("console:plans"), _("方案已上架：开单时在商品里选它。"))
    context = {"form": form, "plan": None}
    return render(request, "console/shop/plan_form.html", context, status=INVALID if form.errors else 200)


@page(permission=SHOP_EDIT, methods=("GET", "POST"))
def edit(request: StaffRequest, plan: Plan) -> HttpResponse:
    """Change a plan; who has it keeps their days."""
    variant = Variant.objects.select_related("product").get(plan=plan)
    form = ChangePlanForm(request.POST or None, plan=plan, variant=variant)

    def change(told: Mapping[str, Any]) -> None:
        plan_selling.change_plan_on_sale(
            plan.pk, form.terms(is_active=told["is_active"]), amount=told["amount"], at=clock.now()
        )

    if done(form, change):
        return back(
            request, reverse("console:plans"), _("方案已保存：已经买的天数不变，权益和会员日从现在起按新的算。")
        )
    context = {"form": form, "plan": plan}
    return render(request, "console/shop/plan_form.html", context, status=INVALID if form.errors else 200)


@page(permission=COUPONS_GIVE, methods=("GET", "POST"))
def gift(request: StaffRequest, member: Member) -> HttpResponse:
    """Give a plan away, for a reason."""
    form = GiftForm(request.POST or None, plans=plans(request.access, COUPONS_GIVE).filter(is_active=True))

    def effect(told: Mapping[str, Any]) -> None:
        plan: Plan = told["plan"]
        if not queries.owns(request.access, COUPONS_GIVE, plan.community_id):
            raise PermissionDenied
        cause = f"gift:{member.pk}:{told['key']}"
        give(Grant(member.pk, plan, cause, told["count"], GIFT, told["reason"]), at=clock.now())

    if done(form, effect):
        return back(request, reverse("console:member", args=[member.public_id]), _("会员已送出。"))
    text = _("没到期的从到期的第二天接着算，没有的从今天开始。原因会留在记录里，只有员工看得到。")
    return dialog(request, form, _("赠送会员"), _("赠送"), text=text)


@page(permission=COUPONS_GIVE, methods=("POST",))
def take_gift_back(request: StaffRequest, member: Member, term_id: int) -> HttpResponse:
    """Take back what is left of a gift."""
    term = Term.objects.filter(pk=term_id, subscription__in=subscriptions_of(member.pk)).first()
    if term is None:
        raise Http404
    plan = term.subscription.plan
    if not queries.owns(request.access, COUPONS_GIVE, plan.community_id):
        raise PermissionDenied
    take_back(term.pk, at=clock.now())
    return back(request, reverse("console:member", args=[member.public_id]), _("赠送的会员已收回，今天起不算。"))

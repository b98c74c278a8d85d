"""What staff change about partners, plans, bindings, and whose an order is."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.accounts.models import Staff
from liuliang.accounts.permissions import ORDERS_VIEW, PARTNERS_MANAGE, SHOP_VIEW
from liuliang.commerce.models import CouponTemplate, Order
from liuliang.commerce.queries import templates
from liuliang.console.choosing import chosen_member, people_named
from liuliang.console.dialogs import dialog, done
from liuliang.console.doors import StaffRequest, page
from liuliang.console.fields import MoneyField
from liuliang.console.leading import back
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.partners.links import LONGEST
from liuliang.partners.models import Partner, Plan
from liuliang.partners.plans import NewPlan, create_plan, stop_plan
from liuliang.partners.services import (
    KINDS,
    NewPartner,
    bind_member,
    change_partner,
    claim_order,
    create_partner,
)

PERCENT = 100
"""Hundredths of a percent in a percent."""


class PlanForm(forms.Form):
    """A plan. What the law forbids can be asked for, so that the answer is read."""

    name = forms.CharField(label=gettext_lazy("方案名称"), max_length=60)
    rates = forms.CharField(
        label=gettext_lazy("佣金比例（%）"), max_length=60,
        help_text=gettext_lazy("按实付金额。只付带来订单的人就填一个数，例如 10；再付介绍他来的人就填两个，例如 10, 3。"),
    )  # fmt: skip
    window_days = forms.IntegerField(
        label=gettext_lazy("退款观察期（天）"), min_value=0, max_value=3_650, initial=15,
        help_text=gettext_lazy("付款后过这么多天，佣金才能结算。"),
    )  # fmt: skip
    binding_days = forms.IntegerField(
        label=gettext_lazy("绑定有效期（天）"), min_value=1, max_value=3_650, initial=180,
        help_text=gettext_lazy("成员归了一位合伙人以后，多少天里的订单算他的。期内不会归给别人。"),
    )  # fmt: skip
    binds_invited = forms.BooleanField(
        label=gettext_lazy("把合伙人邀请进群的人自动绑定给他"), required=False, initial=True
    )
    entry_fee = MoneyField(
        label=gettext_lazy("入门费"), required=False, help_text=gettext_lazy("法律不许收，填了不能保存。")
    )
    per_head = MoneyField(
        label=gettext_lazy("按人头奖励"), required=False, help_text=gettext_lazy("法律不许给，填了不能保存。")
    )
    is_confirmed = forms.BooleanField(
        label=gettext_lazy("懂法律的人看过二级佣金，可以用"), required=False,
        help_text=gettext_lazy("只有一级就不用勾。"),
    )  # fmt: skip

    def told(self) -> NewPlan:
        """Return the plan as it was filled in.

        Raises:
            Refused: ``partner.rate_unreadable``.
        """
        data = self.cleaned_data
        return NewPlan(
            name=data["name"], rates=_rates(data["rates"]), window_days=data["window_days"],
            binding_days=data["binding_days"], binds_invited=data["binds_invited"],
            entry_fee=data["entry_fee"] or 0, per_head=data["per_head"] or 0, is_confirmed=data["is_confirmed"],
        )  # fmt: skip


def _rates(text: str) -> tuple[int, ...]:
    parts = [part.strip().removesuffix("%") for part in text.replace("，", ",").replace("、", ",").split(",")]
    try:
        rates = [Decimal(part) * PERCENT for part in parts if part]
    except InvalidOperation:
        raise Refused("partner.rate_unreadable") from None
    if not rates or any(not rate.is_finite() or rate != int(rate) or abs(rate) > 10**6 for rate in rates):
        raise Refused("partner.rate_unreadable")
    return tuple(int(rate) for rate in rates)


class PartnerChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A partner by name: nobody knows another by their code."""

    def label_from_instance(self, obj: Partner) -> str:
        """Return what stands in the list."""
        return f"{obj.name} · {obj.code}"


class PartnerForm(forms.Form):
    """A partner to be taken in."""

    name = forms.CharField(label=gettext_lazy("名字"), max_length=80)
    kind = forms.ChoiceField(label=gettext_lazy("类型"), choices=list(KINDS.items()))
    plan = forms.ModelChoiceField(
        label=gettext_lazy("佣金方案"), queryset=Plan.objects.none(), to_field_name="public_id",
        empty_label=gettext_lazy("请选择"),
    )  # fmt: skip
    code = forms.CharField(
        label=gettext_lazy("专属码"), max_length=40, required=False,
        help_text=gettext_lazy("好记的字母和数字，例如 XIAOLI8；留空就生成一个猜不到的。"),
    )  # fmt: skip
    parent = PartnerChoice(
        label=gettext_lazy("谁介绍来的"), queryset=Partner.objects.none(), to_field_name="public_id", required=False,
        empty_label=gettext_lazy("没有人介绍"),
    )  # fmt: skip
    staff = forms.ModelChoiceField(
        label=gettext_lazy("是哪位员工"), queryset=Staff.objects.none(), required=False, empty_label=gettext_lazy("不是员工"),
    )  # fmt: skip
    coupon = forms.ModelChoiceField(
        label=gettext_lazy("专属优惠券"), queryset=CouponTemplate.objects.none(), to_field_name="public_id", required=False,
        empty_label=gettext_lazy("没有"), help_text=gettext_lazy("用了这张券的订单算他的。"),
    )  # fmt: skip
    link = forms.CharField(
        label=gettext_lazy("他的链接"), max_length=LONGEST, required=False,
        help_text=gettext_lazy("他的店铺页或名片的网址，以 https:// 开头。填了，海报上就有扫得开的二维码。"),
    )  # fmt: skip

    def __init__(self, request: StaffRequest, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        fields: dict[str, Any] = self.fields
        fields["plan"].queryset = Plan.objects.filter(is_active=True).order_by("name")
        plans = list(fields["plan"].queryset[:2])
        if len(plans) == 1:
            self.initial.setdefault("plan", plans[0].public_id)
        fields["coupon"].queryset = templates(request.access, SHOP_VIEW).order_by("name")
        if "parent" in fields:
            fields["parent"].queryset = Partner.objects.filter(parent=None, is_active=True).order_by("name")
            fields["staff"].queryset = Staff.objects.filter(is_active=True).order_by("name")


class ChangeForm(PartnerForm):
    """What of a partner may be changed."""

    kind = code = parent = staff = None  # type: ignore[assignment]
    is_active = forms.BooleanField(
        label=gettext_lazy("合作中"),
        required=False,
        help_text=gettext_lazy("停用后新订单不再给他佣金，已有的照常结算。"),
    )


class ClaimForm(forms.Form):
    """Whose an order is."""

    number = forms.CharField(label=gettext_lazy("订单号"), max_length=100)
    code = forms.CharField(label=gettext_lazy("合伙人专属码"), max_length=40)


@page(permission=PARTNERS_MANAGE, methods=("GET", "POST"))
def new_plan(request: StaffRequest) -> HttpResponse:
    """Make a plan."""
    form = PlanForm(request.POST or None)
    if done(form, lambda _told: create_plan(form.told(), at=clock.now())):
        return back(request, reverse("console:partner-plans"), _("方案已建好。它不能再改，要换就停用这个、新建一个。"))
    text = _("只按真实成交付佣金，最多两级，不收费、不按人头：这是《禁止传销条例》第七条划的线，越过的方案建不出来。")
    return dialog(request, form, _("新建佣金方案"), _("新建方案"), text=text)


@page(permission=PARTNERS_MANAGE, methods=("POST",))
def stop(request: StaffRequest, partner_plan: Plan) -> HttpResponse:
    """Offer a plan to nobody new."""
    stop_plan(partner_plan)
    return back(request, reverse("console:partner-plans"), _("方案已停用，已有的人照旧。"))


@page(permission=PARTNERS_MANAGE, methods=("GET", "POST"))
def new(request: StaffRequest) -> HttpResponse:
    """Take a partner in; a member may be chosen who they are."""
    form = PartnerForm(request, request.POST or None)
    made: list[Partner] = []

    def effect(told: Mapping[str, Any]) -> None:
        member = chosen_member(request, request.POST.get("member", ""))
        asked = NewPartner(**told, member=member.pk if member else None)
        made.append(create_partner(asked, at=clock.now()))

    if done(form, effect):
        return back(request, reverse("console:partner", args=[made[0].public_id]), _("合伙人已添加。"))
    text = _("是群里的成员就搜出来选上：他邀请进群的人会自动归他。不是就不用选。")
    return _with_search(request, form, _("添加合伙人"), _("添加"), text, is_optional=True)


@page(permission=PARTNERS_MANAGE, methods=("GET", "POST"))
def edit(request: StaffRequest, partner: Partner) -> HttpResponse:
    """Change a partner."""
    initial = {
        "name": partner.name, "plan": partner.plan.public_id, "is_active": partner.is_active,
        "coupon": partner.coupon.public_id if partner.coupon else None, "link": partner.link,
    }  # fmt: skip
    form = ChangeForm(request, request.POST or None, initial=initial)
    if done(form, lambda told: change_partner(partner, **told)):
        return back(request, reverse("console:partner", args=[partner.public_id]), _("已保存。以前的佣金不变。"))
    return dialog(request, form, _("修改合伙人"), _("保存"))


@page(permission=PARTNERS_MANAGE, methods=("GET", "POST"))
def bind(request: StaffRequest, partner: Partner) -> HttpResponse:
    """Bind a member to a partner."""
    form = forms.Form(request.POST if request.method == "POST" else None)

    def effect(_told: Mapping[str, Any]) -> None:
        member = chosen_member(request, request.POST.get("member", ""))
        if member is None:
            raise Refused("order.buyer")
        bind_member(member.pk, partner, how="staff", at=clock.now())

    if done(form, effect):
        return back(request, reverse("console:partner", args=[partner.public_id]), _("已绑定。"))
    text = _("从现在起 {days} 天里，这位成员的订单算“{name}”的。").format(
        days=partner.plan.binding_days, name=partner.name
    )
    return _with_search(request, form, _("绑定成员"), _("绑定"), text)


@page(permission=PARTNERS_MANAGE, methods=("GET", "POST"))
def claim(request: StaffRequest) -> HttpResponse:
    """Note whose an order is, by the partner's code."""
    form = ClaimForm(request.POST or None)

    def effect(told: Mapping[str, Any]) -> None:
        orders = Order.objects.filter(number=told["number"].strip())
        allowed = request.access.community_ids(ORDERS_VIEW)
        if allowed is not None:
            orders = orders.filter(community__in=allowed)
        order = orders.order_by("-at").first()
        if order is None:
            raise Refused("partner.order_unknown")
        claim_order(order.pk, told["code"], at=clock.now())

    if done(form, effect):
        return back(request, reverse("console:partners"), _("已记下归属。"))
    text = _("顾客报了谁的专属码，就把订单记给谁；比专属券和绑定优先。已经算过佣金的订单不能改。")
    return dialog(request, form, _("记订单归属"), _("记下"), text=text)


def _with_search(
    request: StaffRequest, form: forms.Form, title: str, button: str, text: str, *, is_optional: bool = False
) -> HttpResponse:
    """Show a dialog with a search for a member, or, while that is typed, whom it finds."""
    query = request.GET.get("q", request.POST.get("q", ""))
    context = {"people": people_named(request, query), "q": query}
    if request.headers.get("HX-Target", "").endswith("people-found"):
        return render(request, "console/people_found.html", context)
    return dialog(
        request, form, title, button, text=text, people_label=_("成员"), people_optional=is_optional, **context
    )

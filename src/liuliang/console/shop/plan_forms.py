"""Forms of paid membership."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import SHOP_EDIT
from liuliang.commerce.models import Variant
from liuliang.console.fields import KeyedForm, MoneyField, place_field
from liuliang.console.shop.plan_words import WEEKDAYS
from liuliang.people.access import Access
from liuliang.subscriptions.models import Plan
from liuliang.subscriptions.plans import MONTHLY, WEEKLY, PlanTerms
from liuliang.subscriptions.terms import DAY, MONTH

UNITS = [(MONTH, _("个月")), (DAY, _("天"))]
NEVER = "never"
DAYS = [(NEVER, _("没有会员日")), (MONTHLY, _("每月一天")), (WEEKLY, _("每周一天"))]


class PlanForm(forms.Form):
    """What a plan costs, how long it is, and what it is good for."""

    name = forms.CharField(label=_("名称"), max_length=40, help_text=_("例如 年度会员"))
    amount = MoneyField(label=_("价格"))
    length = forms.IntegerField(label=_("多长"), min_value=1, max_value=3_660, initial=12)
    unit = forms.ChoiceField(
        label=_("单位"), choices=UNITS, help_text=_("一个月从 5 日到下个月 4 日；还没到期就续，从到期的第二天接着算。")
    )
    rights = forms.CharField(
        label=_("权益"), required=False, widget=forms.Textarea({"rows": 5}), max_length=3_000,
        help_text=_("一行一条，写给会员看；会员价在商品的“优惠价”里设置，会员日在下面设置。"),
    )  # fmt: skip
    day_kind = forms.ChoiceField(label=_("会员日"), choices=DAYS)
    day_of_month = forms.IntegerField(
        label=_("每月几日"), required=False, min_value=1, max_value=31, help_text=_("没有这一天的月份，算最后一天。")
    )
    day_of_week = forms.TypedChoiceField(
        label=_("星期几"), required=False, coerce=int, empty_value=None, choices=[("", "–"), *WEEKDAYS.items()]
    )
    day_off = forms.IntegerField(
        label=_("会员日全场减百分之几"), required=False, min_value=0, max_value=99,
        help_text=_("例如 12 就是 88 折；和别的优惠价不叠加，按最低的算。"),
    )  # fmt: skip
    day_points = forms.IntegerField(
        label=_("会员日积分多得百分之几"),
        required=False,
        min_value=0,
        max_value=1_000,
        help_text=_("例如 100 就是双倍积分；只加在按规则得的积分上。"),
    )
    description = forms.CharField(label=_("说明"), required=False, widget=forms.Textarea({"rows": 3}), max_length=2_000)

    def terms(self, *, is_active: bool = True) -> PlanTerms:
        """Return the plan that was filled in."""
        told = self.cleaned_data
        kind = "" if told["day_kind"] == NEVER else told["day_kind"]
        number = told["day_of_week"] if kind == WEEKLY else told["day_of_month"]
        return PlanTerms(
            told["name"], told["unit"], told["length"], told["description"], tuple(told["rights"].splitlines()), kind,
            (number or 0) if kind else 1, told["day_off"] or 0, told["day_points"] or 0, is_active,
        )  # fmt: skip


class NewPlanForm(PlanForm):
    """A new plan, and which branch offers it."""

    def __init__(self, *arguments: Any, access: Access, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["community"] = place_field(access, SHOP_EDIT)


class ChangePlanForm(PlanForm):
    """A plan, and whether it is still on sale."""

    is_active = forms.BooleanField(
        label=_("在售"), required=False, help_text=_("停售以后不能再买和赠送，已经有的人照常用到期。")
    )

    def __init__(self, *arguments: Any, plan: Plan, variant: Variant, **options: Any) -> None:
        options["initial"] = {
            "name": plan.name, "amount": variant.amount, "length": plan.length, "unit": plan.unit,
            "rights": "\n".join(plan.rights), "day_kind": plan.day_kind or NEVER, "day_off": plan.day_off or None,
            "day_points": plan.day_points or None, "description": plan.description, "is_active": plan.is_active,
            "day_of_month": plan.day_number if plan.day_kind == MONTHLY else None,
            "day_of_week": plan.day_number if plan.day_kind == WEEKLY else None,
        }  # fmt: skip
        super().__init__(*arguments, **options)
        self.fields["amount"].currency = variant.product.currency  # type: ignore[attr-defined]


class GiftForm(KeyedForm):
    """A plan that is given away, and why."""

    plan = forms.ModelChoiceField(Plan.objects.none(), label=_("送哪种会员"), empty_label=None)
    count = forms.IntegerField(label=_("送几份"), min_value=1, max_value=24, initial=1)
    reason = forms.CharField(label=_("为什么送"), max_length=300)

    def __init__(self, *arguments: Any, plans: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["plan"].queryset = plans  # type: ignore[attr-defined]

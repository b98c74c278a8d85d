"""The forms about coupons: what is typed and how it is called. Rules are the services' business."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import MEMBERS_VIEW, SHOP_EDIT, SHOP_VIEW
from liuliang.commerce import queries
from liuliang.commerce.codes import MOST_AT_ONCE
from liuliang.commerce.discounts import AMOUNT, PERCENT
from liuliang.commerce.giving import HOLDS, occasions
from liuliang.commerce.products import CURRENCIES
from liuliang.console.fields import KeyedForm, MoneyField, moment_field, place_field
from liuliang.people.access import Access
from liuliang.segments.queries import visible


class ChangeTemplateForm(forms.Form):
    """What may still be changed of a coupon."""

    name = forms.CharField(label=_("名称"), max_length=80, help_text=_("买家看得到，例如 开学满百减十。"))
    ends_at = moment_field(_("到什么时候"))
    total = forms.IntegerField(label=_("总共发多少张"), min_value=1, max_value=10**8)
    per_person = forms.IntegerField(label=_("每人最多领几张"), min_value=1, max_value=10_000, initial=1)
    is_active = forms.BooleanField(label=_("还在发"), required=False)


class TemplateForm(forms.Form):
    """A coupon to be made."""

    name = forms.CharField(label=_("名称"), max_length=80, help_text=_("买家看得到，例如 开学满百减十。"))
    kind = forms.ChoiceField(
        label=_("优惠方式"), choices=[(AMOUNT, _("减多少钱")), (PERCENT, _("减百分之几"))], initial=AMOUNT,
        widget=forms.RadioSelect,
    )  # fmt: skip
    amount = MoneyField(label=_("减多少钱"), required=False, help_text=_("选“减多少钱”时填。"))
    percent = forms.IntegerField(
        label=_("减百分之几"), required=False, min_value=1, max_value=100,
        help_text=_("选“减百分之几”时填；20 就是打八折。"),
    )  # fmt: skip
    most = MoneyField(label=_("最多减"), required=False, help_text=_("只对百分比有用，留空不限。"))
    threshold = MoneyField(label=_("满多少可用"), required=False, help_text=_("按适用的商品算，留空没有门槛。"))
    currency = forms.ChoiceField(label=_("币种"), choices=[(one, one) for one in CURRENCIES])
    products = forms.MultipleChoiceField(
        label=_("适用商品"), required=False, widget=forms.SelectMultiple({"size": 6}), help_text=_("不选就是全部商品。")
    )
    starts_at = moment_field(_("从什么时候"))
    ends_at = moment_field(_("到什么时候"))
    days = forms.IntegerField(
        label=_("领到后几天内有效"),
        required=False,
        min_value=1,
        max_value=3_650,
        help_text=_("留空就到上面的结束时间。"),
    )
    total = forms.IntegerField(label=_("总共发多少张"), min_value=1, max_value=10**8, initial=100)
    per_person = forms.IntegerField(label=_("每人最多领几张"), min_value=1, max_value=10_000, initial=1)
    is_stacking = forms.BooleanField(label=_("可以和别的可叠加的券一起用"), required=False)

    def __init__(self, *arguments: Any, access: Access, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["community"] = place_field(access, SHOP_EDIT)
        shown = queries.products(access, SHOP_VIEW).order_by("name")[:500]
        self.fields["products"].choices = [(str(one.pk), one.name) for one in shown]  # type: ignore[attr-defined]
        self.order_fields(["name", "community"])
        if self.is_bound:
            for name in ("amount", "most", "threshold"):
                self.fields[name].currency = self.data.get("currency", "CNY")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """See that the size of the discount is there."""
        told = super().clean() or {}
        wanted = "percent" if told.get("kind") == PERCENT else "amount"
        if told.get(wanted) is None and wanted not in self.errors:
            self.add_error(wanted, _now("请填减多少。"))
        return told


class GiveForm(KeyedForm):
    """One coupon for one member, who is searched for beside it."""


class SegmentForm(KeyedForm):
    """A segment whose members get a coupon each."""

    segment = forms.ChoiceField(label=_("发给哪个人群"))
    hold = forms.TypedChoiceField(
        label=_("对照组"),
        coerce=int,
        required=False,
        initial=0,
        help_text=_("随机留一部分人不发。30 天后拿他们和发了的人比，才知道这张券有没有用、对谁有用；不留就看不出来。"),
    )

    def __init__(self, *arguments: Any, access: Access, **options: Any) -> None:
        super().__init__(*arguments, **options)
        rows = visible(access, MEMBERS_VIEW).order_by("name")[:500]
        self.fields["segment"].choices = [  # type: ignore[attr-defined]
            (one.public_id, _now("{name}（{size} 人）").format(name=one.name, size=one.size)) for one in rows
        ]
        self.fields["hold"].choices = [  # type: ignore[attr-defined]
            (share, _now("随机留 {share}% 不发").format(share=share) if share else _now("不留，全发"))
            for share in HOLDS
        ]


class CodesForm(KeyedForm):
    """Codes to be made."""

    title = forms.CharField(label=_("用在哪里"), max_length=80, help_text=_("例如 三月传单、快递卡片。"))
    count = forms.IntegerField(label=_("多少个"), min_value=1, max_value=MOST_AT_ONCE, initial=100)


class ClaimForm(forms.Form):
    """A code that a member has told."""

    code = forms.CharField(label=_("券码"), max_length=40, widget=forms.TextInput({"autocomplete": "off"}))


class RuleForm(KeyedForm):
    """What members do to get a coupon."""

    behaviour = forms.ChoiceField(label=_("成员做了什么就发"))

    def __init__(self, *arguments: Any, access: Access, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["behaviour"].choices = [(one.key, one.title) for one in occasions()]  # type: ignore[attr-defined]
        self.fields["community"] = place_field(access, SHOP_EDIT)
        self.fields["community"].label = _("在哪个社群")

"""The forms about the points mall: what is typed and how it is called. Rules are the services' business."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import COUPONS_GIVE, SHOP_EDIT
from liuliang.commerce import queries
from liuliang.commerce.mall import COUPON, GOODS, MOST_POINTS, PRIVILEGE, SERVICE
from liuliang.commerce.models import CouponTemplate, MallItem
from liuliang.commerce.products import CURRENCIES, HIGHEST
from liuliang.console.fields import KeyedForm, MoneyField, place_field
from liuliang.console.shop.orders import WAYS
from liuliang.people.access import Access

KINDS = {GOODS: _("实物"), COUPON: _("优惠券"), SERVICE: _("服务"), PRIVILEGE: _("特权")}


class ItemForm(forms.Form):
    """What something of the mall costs and says."""

    name = forms.CharField(label=_("名称"), max_length=120)
    points = forms.IntegerField(label=_("要多少积分"), min_value=0, max_value=MOST_POINTS)
    amount = MoneyField(label=_("另加多少钱"), required=False, help_text=_("留空就是只要积分。"))
    per_person = forms.IntegerField(
        label=_("每人限兑"), required=False, min_value=1, max_value=10**6, help_text=_("件数，留空不限。")
    )
    description = forms.CharField(label=_("说明"), required=False, max_length=5_000, widget=forms.Textarea({"rows": 4}))


class ChangeItemForm(ItemForm):
    """Something that is in the mall."""

    is_active = forms.BooleanField(label=_("可以兑换"), required=False)


class NewItemForm(ItemForm):
    """Something to be put into the mall."""

    kind = forms.ChoiceField(label=_("是什么"), choices=list(KINDS.items()), widget=forms.RadioSelect, initial=GOODS)
    currency = forms.ChoiceField(label=_("币种"), choices=[(one, one) for one in CURRENCIES])
    quantity = forms.IntegerField(
        label=_("库存"), required=False, min_value=0, max_value=HIGHEST, help_text=_("件数，留空表示不限库存。")
    )
    template = forms.ModelChoiceField(
        CouponTemplate.objects.none(), label=_("换哪张优惠券"), required=False, empty_label=_("不是优惠券"),
        help_text=_("“是什么”选优惠券时才填。"),
    )  # fmt: skip

    def __init__(self, *arguments: Any, access: Access, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["community"] = place_field(access, SHOP_EDIT)
        shown = queries.own_templates(access, COUPONS_GIVE).filter(is_active=True).order_by("name")
        self.fields["template"].queryset = shown  # type: ignore[attr-defined]
        if self.is_bound:
            self.fields["amount"].currency = self.data.get("currency", "CNY")  # type: ignore[attr-defined]
        self.order_fields(["name", "kind", "community", "points", "amount", "currency", "quantity", "per_person"])


class RedeemForm(KeyedForm):
    """What a member gets, and where it goes."""

    quantity = forms.IntegerField(label=_("件数"), min_value=1, max_value=1_000, initial=1)

    def __init__(self, *arguments: Any, item: MallItem, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if item.kind == COUPON:
            self.fields["quantity"].widget = forms.HiddenInput()
        if item.kind == GOODS:
            self.fields["to"] = forms.CharField(label=_("收货人"), max_length=60)
            self.fields["phone"] = forms.CharField(label=_("收货电话"), max_length=40)
            self.fields["address"] = forms.CharField(label=_("收货地址"), max_length=200)
        if item.amount:
            self.fields["how"] = forms.ChoiceField(label=_("怎么付的"), choices=list(WAYS.items()))


class ShipForm(forms.Form):
    """A parcel."""

    carrier = forms.CharField(label=_("快递公司"), required=False, max_length=40)
    tracking = forms.CharField(label=_("快递单号"), max_length=60)


class TakeBackForm(forms.Form):
    """Why a redemption is taken back."""

    reason = forms.CharField(label=_("原因"), required=False, max_length=300)
    into_stock = forms.BooleanField(label=_("东西放回库存"), required=False, initial=True)


class ParcelsForm(forms.Form):
    """A carrier's table."""

    file = forms.FileField(label=_("Excel 文件"), widget=forms.FileInput({"accept": ".xlsx"}))

"""The forms about products: what is typed and how it is called. Rules are the services' business."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import SHOP_EDIT
from liuliang.commerce.products import CURRENCIES, HIGHEST
from liuliang.console.fields import KeyedForm, MoneyField, place_field
from liuliang.loyalty.models import Level
from liuliang.people.access import Access
from liuliang.subscriptions.models import Plan

_CODE = _("货号，全店唯一，例如 COFFEE-250。")


class ProductForm(forms.Form):
    """What is said of a product."""

    name = forms.CharField(label=_("商品名称"), max_length=120)
    description = forms.CharField(label=_("介绍"), required=False, max_length=5_000, widget=forms.Textarea({"rows": 4}))
    picture = forms.FileField(
        label=_("图片"),
        required=False,
        help_text=_("可以不传。PNG、JPEG 或 WebP，不超过 100 KB。"),
        widget=forms.FileInput({"accept": "image/png,image/jpeg,image/webp"}),
    )
    is_on_sale = forms.BooleanField(label=_("在售"), required=False, initial=True)

    def __init__(self, *arguments: Any, has_picture: bool = False, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if has_picture:
            self.fields["remove_picture"] = forms.BooleanField(label=_("去掉现在的图片"), required=False)


class VariantForm(forms.Form):
    """A form in which a product is sold."""

    name = forms.CharField(
        label=_("规格"), required=False, max_length=80, help_text=_("例如 250g、红色；只有一种就留空。")
    )
    code = forms.CharField(label=_("货号"), max_length=60, help_text=_CODE)
    amount = MoneyField(label=_("标价"))
    per_person = forms.IntegerField(
        label=_("每人限购"), required=False, min_value=1, max_value=10**6, help_text=_("件数，留空不限。")
    )

    def __init__(self, *arguments: Any, currency: str, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["amount"].currency = currency  # type: ignore[attr-defined]


class ChangeVariantForm(VariantForm):
    """A variant that is there."""

    is_active = forms.BooleanField(label=_("可以下单"), required=False)


class NewVariantForm(VariantForm):
    """A variant to be added, and how many there are."""

    quantity = forms.IntegerField(
        label=_("库存"), required=False, min_value=0, max_value=HIGHEST, help_text=_("件数，留空表示不限库存。")
    )


class NewProductForm(ProductForm):
    """A product with its first variant."""

    currency = forms.ChoiceField(label=_("币种"), choices=[(one, one) for one in CURRENCIES])
    variant_name = forms.CharField(
        label=_("规格"), required=False, max_length=80, help_text=_("例如 250g；更多规格可以稍后添加。")
    )
    code = forms.CharField(label=_("货号"), max_length=60, help_text=_CODE)
    amount = MoneyField(label=_("标价"))
    quantity = forms.IntegerField(
        label=_("库存"), required=False, min_value=0, max_value=HIGHEST, help_text=_("件数，留空表示不限库存。")
    )
    per_person = forms.IntegerField(
        label=_("每人限购"), required=False, min_value=1, max_value=10**6, help_text=_("件数，留空不限。")
    )

    def __init__(self, *arguments: Any, access: Access, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["community"] = place_field(access, SHOP_EDIT)
        if self.is_bound:
            self.fields["amount"].currency = self.data.get("currency", "CNY")  # type: ignore[attr-defined]
        self.order_fields(
            ["name", "community", "currency", "variant_name", "code", "amount", "quantity", "per_person", "description"]
        )


class StockForm(KeyedForm):
    """A change of a stock."""

    by = forms.IntegerField(
        label=_("增加多少"), min_value=-HIGHEST, max_value=HIGHEST, help_text=_("减少就填负数，例如 -3。")
    )
    reason = forms.CharField(label=_("原因"), required=False, max_length=200, help_text=_("例如 到货、盘点、破损。"))


class OfferForm(forms.Form):
    """A better price and for whom."""

    amount = MoneyField(label=_("优惠价"))
    communities = forms.MultipleChoiceField(
        label=_("社群价：只给这些社群的成员"),
        required=False,
        widget=forms.SelectMultiple({"size": 6}),
        help_text=_("社群里的每个成员都有，别人没有；选分支就包括下面的群。不选则不看社群。"),
    )
    level = forms.ModelChoiceField(
        Level.objects.order_by("threshold"), label=_("会员价：等级不低于"), required=False, empty_label=_("不看等级")
    )
    plan = forms.ModelChoiceField(
        Plan.objects.filter(is_active=True).order_by("name"),
        label=_("付费会员价：只给这种会员"),
        required=False,
        empty_label=_("不看付费会员"),
    )
    from_quantity = forms.IntegerField(
        label=_("阶梯价：一单至少买"), min_value=1, max_value=10**6, initial=1, help_text=_("件数，1 表示不看数量。")
    )

    def __init__(self, *arguments: Any, currency: str, places: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["amount"].currency = currency  # type: ignore[attr-defined]
        self.fields["communities"].choices = places  # type: ignore[attr-defined]


class SheetForm(KeyedForm):
    """A workbook of products."""

    file = forms.FileField(label=_("Excel 文件"), widget=forms.FileInput({"accept": ".xlsx"}))

    def __init__(self, *arguments: Any, access: Access, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["community"] = place_field(access, SHOP_EDIT)

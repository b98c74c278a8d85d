"""The forms about communities: what is typed and how it is called. Rules are the services' business."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.console.timezones import zone_choices
from liuliang.people.communities import TYPES
from liuliang.people.models import Community

_INDENT = "\u3000"
TOP = ""


def parent_choices(communities: list[Community], *, may_be_top: bool) -> list[tuple[str, str]]:
    """Return the places a community may hang under, as a tree."""
    names = {one.id: one.name for one in communities}
    communities = sorted(communities, key=lambda one: [(names.get(step, ""), step) for step in one.path])
    places = [(one.public_id, f"{_INDENT * (len(names.keys() & set(one.path)) - 1)}{one.name}") for one in communities]
    return [(TOP, _now("（最上层）")), *places] if may_be_top else places


def _offer_places(field: forms.Field, places: list[tuple[str, str]]) -> None:
    """Let only these places be chosen; leaving it empty means the top, which not everybody may choose."""
    field.choices = places  # type: ignore[attr-defined]
    field.required = all(value != TOP for value, _words in places)


class NewCommunityForm(forms.Form):
    """A community to be made from a template."""

    name = forms.CharField(label=_("名称"), max_length=200)
    type = forms.ChoiceField(label=_("类型"), widget=forms.RadioSelect)
    parent = forms.ChoiceField(label=_("放在哪里"), required=False)
    is_group = forms.TypedChoiceField(
        label=_("它是"),
        choices=[("1", _("一个群")), ("0", _("一个分支，下面再放群（品牌、地区、产品线）"))],
        coerce=lambda value: value == "1",
        initial="1",
        widget=forms.RadioSelect,
    )

    def __init__(self, *arguments: Any, parents: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*arguments, **options)
        _offer_places(self.fields["parent"], parents)
        self.fields["type"].choices = [  # type: ignore[attr-defined]
            (type_.key, f"{_now(type_.title)} — {_now(type_.summary)}") for type_ in TYPES.values()
        ]
        self.fields["type"].initial = next(iter(TYPES))


class CommunityForm(forms.Form):
    """What stands on a community's first page."""

    name = forms.CharField(label=_("名称"), max_length=200)
    timezone = forms.ChoiceField(label=_("时区"), help_text=_("天数、高峰时段都按这个时区算；改了以后会重新计算。"))
    size_limit = forms.IntegerField(
        label=_("人数上限"), required=False, min_value=1, max_value=1_000_000, help_text=_("留空则不提示满员。")
    )
    is_group = forms.BooleanField(label=_("它是一个群（不勾选则只是分支）"), required=False)
    house_rules = forms.CharField(
        label=_("群规"), required=False, max_length=20_000, widget=forms.Textarea({"rows": 12})
    )

    def __init__(self, data: Mapping[str, Any] | None, *, initial: Mapping[str, Any]) -> None:
        super().__init__(data, initial=dict(initial))
        self.fields["timezone"].choices = zone_choices(initial["timezone"])  # type: ignore[attr-defined]


class MoveForm(forms.Form):
    """Where a community goes."""

    parent = forms.ChoiceField(label=_("移动到"), required=False)

    def __init__(self, *arguments: Any, parents: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*arguments, **options)
        _offer_places(self.fields["parent"], parents)


class TypeForm(forms.Form):
    """What a community turns into."""

    type = forms.ChoiceField(label=_("变成"), widget=forms.RadioSelect)

    def __init__(self, *arguments: Any, current: str, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["type"].choices = [  # type: ignore[attr-defined]
            (type_.key, f"{_now(type_.title)} — {_now(type_.summary)}")
            for type_ in TYPES.values()
            if type_.key != current
        ]


class LogoForm(forms.Form):
    """A community's logo."""

    logo = forms.FileField(
        label=_("标志"),
        required=False,
        help_text=_("PNG、JPEG 或 WebP，不超过 100 KB。"),
        widget=forms.FileInput({"accept": "image/png,image/jpeg,image/webp"}),
    )
    remove_logo = forms.BooleanField(label=_("去掉现在的标志"), required=False)

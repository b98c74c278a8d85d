"""Fields that many forms have: amounts of money, moments, a key that makes a form count once."""

from __future__ import annotations

import secrets
from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.importers.cells import minor_units
from liuliang.people.access import Access
from liuliang.ui import formats


class MoneyField(forms.CharField):
    """An amount of money as people type it; its value is minor units. Nothing typed is None."""

    def __init__(self, *arguments: Any, currency: str = "CNY", **options: Any) -> None:
        options.setdefault("max_length", 30)
        options.setdefault("widget", forms.TextInput({"inputmode": "decimal", "autocomplete": "off"}))
        super().__init__(*arguments, **options)
        self.currency = currency

    def clean(self, value: Any) -> Any:
        """Read the amount."""
        text = super().clean(value)
        if not text:
            return None
        amount = minor_units(text, self.currency)
        if amount is None or amount < 0:
            raise forms.ValidationError(_now("请填金额，例如 99 或 99.90。"))
        return amount

    def prepare_value(self, value: Any) -> Any:
        """Write minor units the way they are typed."""
        if not isinstance(value, int):
            return value
        return formats.money(value, self.currency).removeprefix(formats.symbol(self.currency)).replace(",", "")


class KeyedForm(forms.Form):
    """A form that counts once however often it is sent: it carries a key of its own."""

    key = forms.CharField(max_length=40, widget=forms.HiddenInput, required=False)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["key"].initial = secrets.token_urlsafe(12)

    def clean_key(self) -> str:
        """Return the key; a form that lost it gets one."""
        key: str = self.cleaned_data["key"]
        return key or secrets.token_urlsafe(12)


EARLIEST, LATEST = date(1900, 1, 1), date(2999, 12, 31)
"""The days that a form takes: the calendar ends in 9999, and whoever reckons with a later day falls over its end."""


def day_field(label: Any, **options: Any) -> forms.DateField:
    """Return a field for a day."""
    within = _("请填 1900 年到 2999 年之间的日子。")
    return forms.DateField(
        label=label,
        # The browser's own calendar wants the ISO form whatever the language.
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        validators=[MinValueValidator(EARLIEST, within), MaxValueValidator(LATEST, within)],
        **options,
    )


def moment_field(label: Any, **options: Any) -> forms.DateTimeField:
    """Return a field for a moment, in the time zone of the console."""
    return forms.DateTimeField(
        label=label,
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        **options,
    )


def place_choices(access: Access, permission: str) -> list[tuple[str, str]]:
    """Return the branches one may put something in, and everywhere for who may everywhere."""
    places = [
        (one.public_id, one.name) for one in access.communities(permission).filter(archived_at=None).order_by("name")
    ]
    return [("", _now("全部社群")), *places] if access.may_everywhere(permission) else places


def place_field(access: Access, permission: str) -> forms.ChoiceField:
    """Return the field that says which branch something belongs to."""
    places = place_choices(access, permission)
    return forms.ChoiceField(label=_("属于哪个社群"), choices=places, required=all(value for value, _name in places))

"""What conditions may ask of an event: its kind, and properties of its payload."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from pydantic import Field

from liuliang.kernel.errors import Refused
from liuliang.kernel.events import EventType, event_type, event_types
from liuliang.segments.base import Config
from liuliang.segments.parameters import Parameters

OWN_KINDS = ("segment.",)
"""Beginnings of kinds that conditions may not count: a segment that counts its own coming and going never rests."""

FIELD_TITLES = {
    "text": gettext_lazy("内容"),
    "type": gettext_lazy("类型"),
    "is_question": gettext_lazy("是提问"),
    "is_recalled": gettext_lazy("已撤回"),
    "is_removed": gettext_lazy("被移出"),
    "how": gettext_lazy("方式"),
    "role": gettext_lazy("角色"),
    "amount": gettext_lazy("金额（元）"),
    "discount": gettext_lazy("优惠金额（元）"),
    "refunded": gettext_lazy("已退金额（元）"),
    "points": gettext_lazy("积分"),
    "growth": gettext_lazy("成长值"),
    "days": gettext_lazy("天数"),
    "old_name": gettext_lazy("原来的名字"),
    "new_name": gettext_lazy("新名字"),
    "title": gettext_lazy("群名"),
    "ends_on": gettext_lazy("到期日"),
    "pictures": gettext_lazy("图片数"),
    "currency": gettext_lazy("币种"),
    "product": gettext_lazy("商品"),
    "quantity": gettext_lazy("数量"),
    "name": gettext_lazy("名称"),
    "dimension": gettext_lazy("分层方式"),
    "before": gettext_lazy("之前"),
    "after": gettext_lazy("之后"),
    "score": gettext_lazy("评分"),
    "survey": gettext_lazy("问卷名称"),
    "comment": gettext_lazy("评分的原因"),
}
"""What fields of payloads are called; others show their own name."""


MONEY = frozenset({"amount", "discount", "refunded"})
"""Fields of minor units where the payload names a currency."""


def field_title(kind: str, name: str) -> str | Promise:
    """Return what a field of a kind is called; an amount that is in no currency is a number of points or growth."""
    if name == "amount" and not is_money(kind, name):
        own = kind.partition(".")[0]
        return FIELD_TITLES.get(own, _("数量"))
    return FIELD_TITLES.get(name, name)


def is_money(kind: str, name: str) -> bool:
    """Tell whether a field of a kind holds money, in minor units of the currency that stands beside it."""
    return name in MONEY and "currency" in fields_of(kind)


OPERATORS = {
    "is": pgettext_lazy("comparison", "是"),
    "is_not": pgettext_lazy("comparison", "不是"),
    "contains": gettext_lazy("包含"),
    "at_least": gettext_lazy("至少"),
    "at_most": gettext_lazy("至多"),
}
"""How a property is compared, by the stored name."""

_JSON = {str: ("JSONExtractString", "String"), bool: ("JSONExtractBool", "Bool"), int: ("JSONExtractInt", "Int64")}
_FITTING = {str: {"is", "is_not", "contains"}, bool: {"is"}, int: {"is", "is_not", "at_least", "at_most"}}


class Property(Config):
    """A field of the payload, compared with a value written as text."""

    field: str = Field(min_length=1, max_length=60)
    operator: Literal["is", "is_not", "contains", "at_least", "at_most"] = "is"
    value: str = Field(max_length=200)


def countable_kinds() -> list[EventType]:
    """Return the kinds of events that conditions may ask for, by title."""
    found = [kind for kind in event_types().values() if is_countable(kind.kind)]
    return sorted(found, key=lambda kind: str(kind.title))


def is_countable(kind: str) -> bool:
    """Tell whether conditions may ask for this kind: it is known, and not the coming and going of segments itself."""
    return event_type(kind) is not None and not kind.startswith(OWN_KINDS)


@cache
def fields_of(kind: str) -> dict[str, type]:
    """Return the fields of a kind's payload that can be compared, with their type: text, truth or whole number."""
    known = event_type(kind)
    if known is None:
        return {}
    hints = typing.get_type_hints(known.payload)
    named = {field.name for field in dataclasses.fields(known.payload)} - {known.other}  # type: ignore[arg-type]
    found: dict[str, type] = {}
    for name in hints:
        plain = _plain(hints[name])
        if name in named and plain in _JSON:
            found[name] = plain
    return found


def _plain(hint: object) -> type:
    if isinstance(hint, types.UnionType):
        hint = next((each for each in typing.get_args(hint) if each is not types.NoneType), object)
    return hint if isinstance(hint, type) else object


def operators_of(kind: str, field: str) -> list[str]:
    """Return the comparisons that suit a field."""
    plain = fields_of(kind).get(field)
    return [name for name in OPERATORS if plain and name in _FITTING[plain]]


def properties_sql(kind: str, properties: Sequence[Property], parameters: Parameters) -> str:
    """Return the lake SQL that all these properties hold; money is of CNY where no currency is asked for.

    Raises:
        Refused: ``segment.property_wrong``: the kind has no such field, or the comparison does not suit it;
            ``segment.value_wrong``: it needs a whole number.
    """
    terms = [_property_sql(kind, each, parameters) for each in properties]
    if any(is_money(kind, each.field) for each in properties) and "currency" not in {each.field for each in properties}:
        terms.append("JSONExtractString(data, 'currency') IN ('', 'CNY')")
    return " AND ".join(terms)


def check_properties(kind: str, properties: Sequence[Property]) -> None:
    """Refuse properties that the kind does not have, as `properties_sql` does."""
    properties_sql(kind, properties, Parameters())


def _property_sql(kind: str, asked: Property, parameters: Parameters) -> str:
    plain = fields_of(kind).get(asked.field)
    if plain is None or asked.operator not in _FITTING[plain]:
        raise Refused("segment.property_wrong", field=asked.field, kind=kind)
    function, type_ = _JSON[plain]
    found = f"{function}(data, {parameters.text(asked.field)})"
    value = parameters.add(_value(asked, plain), type_)
    if asked.operator == "contains":
        return f"positionCaseInsensitiveUTF8({found}, {value}) > 0"
    sign = {"is": "=", "is_not": "!=", "at_least": ">=", "at_most": "<="}[asked.operator]
    return f"{found} {sign} {value}"


def _value(asked: Property, plain: type) -> object:
    if plain is bool:
        return asked.value.lower() in {"1", "true", "yes", "是"}
    if plain is int:
        try:
            number = int(asked.value)
        except ValueError as error:
            raise Refused("segment.value_wrong", field=asked.field, value=asked.value) from error
        if abs(number) >= 2**62:
            raise Refused("segment.value_wrong", field=asked.field, value=asked.value)
        return number
    return asked.value


def properties_words(kind: str, properties: Sequence[Property]) -> str:
    """Return the properties in words, in brackets; empty where there are none."""
    if not properties:
        return ""
    told = []
    for each in properties:
        title = str(field_title(kind, each.field))
        value = each.value
        if is_money(kind, each.field) and value.lstrip("-").isdecimal():
            value = f"{Decimal(int(value)) / 100:,.2f}"
        if fields_of(kind).get(each.field) is bool:
            told.append(title if _value(each, bool) else _("不%(what)s") % {"what": title})
        else:
            form = _("%(field)s%(operator)s「%(value)s」")
            told.append(form % {"field": title, "operator": OPERATORS[each.operator], "value": value})
    return _("（%(properties)s）") % {"properties": _("，").join(told)}

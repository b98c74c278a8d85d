"""What the profile says: city, birthday, any field of the installation, and needs."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from pydantic import Field, model_validator

from liuliang.people.models import Member
from liuliang.people.queries import attributes_of, records_of
from liuliang.segments.base import Condition, Config, Context, Names, Refs, TableSet
from liuliang.segments.parameters import Parameters
from liuliang.segments.tables import PEOPLE
from liuliang.segments.wording import listed

OPERATORS = {
    "is": pgettext_lazy("comparison", "是"),
    "is_not": pgettext_lazy("comparison", "不是"),
    "contains": gettext_lazy("包含"),
    "at_least": gettext_lazy("大于等于"),
    "at_most": gettext_lazy("小于等于"),
    "filled": gettext_lazy("已填写"),
    "empty": gettext_lazy("没有填写"),
    "day_within": gettext_lazy("的日子（不看年份）在未来几天内"),
}
"""Comparisons of a profile's field, by their stored name."""

_NUMBER = r"^[-+]?[0-9]{1,15}(\.[0-9]{1,15})?$"
_DAY = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"


class Attribute(Config):
    """A field of the profile and what it is compared with, as text; several ``values`` mean any of them."""

    attribute: str = Field(min_length=1, max_length=40)
    operator: Literal["is", "is_not", "contains", "at_least", "at_most", "filled", "empty", "day_within"] = "is"
    values: tuple[str, ...] = Field(default=(), max_length=100)

    @model_validator(mode="after")
    def _has_values(self) -> Attribute:
        if self.operator in {"filled", "empty"}:
            return self
        if not self.values or not all(self.values):
            raise ValueError("a comparison needs a value")
        if self.operator in {"at_least", "at_most", "day_within"} and len(self.values) > 1:
            raise ValueError("this comparison takes one value")
        if self.operator == "day_within" and not (self.values[0].isdecimal() and 0 < int(self.values[0]) <= 366):
            raise ValueError("days are a number from 1 to 366")
        return self


class AttributeCondition(Condition[Attribute]):
    """Members by a field of their profile. A person's record has the last word over records merged into it."""

    key = "attribute"
    title = gettext_lazy("资料")
    group = gettext_lazy("资料")
    icon = "id"
    config = Attribute
    choices = {"operator": OPERATORS}  # noqa: RUF012

    def compiled(self, config: Attribute, context: Context, parameters: Parameters) -> TableSet:
        """Compare the text of the field; numbers as numbers, days as days."""
        del parameters
        condition, params = _compared(config, context)
        key = {"key": config.attribute}
        # First who says it themselves, then whose record says nothing but a merged one does: the earliest of these.
        own = (
            "SELECT m.id FROM people_member m CROSS JOIN LATERAL (SELECT m.attributes->>%(key)s AS said) f"
            f" WHERE m.attributes ? %(key)s AND {PEOPLE} AND {condition} {{among}}"
        )
        merged = (
            "SELECT m.id FROM (SELECT DISTINCT ON (r.canonical_id) r.canonical_id AS person, r.attributes->>%(key)s AS said"
            " FROM people_member r WHERE r.canonical_id IS NOT NULL AND r.canonical_id <> r.id AND r.attributes ? %(key)s"
            " ORDER BY r.canonical_id, r.id) f"
            f" JOIN people_member m ON m.id = f.person WHERE NOT m.attributes ? %(key)s AND {PEOPLE} AND {condition} {{among}}"
        )
        inverted = config.operator in {"is_not", "empty"}
        return TableSet(f"{own} UNION ALL {merged}", "m.id", params | key, is_inverted=inverted)

    def kinds(self, config: Attribute) -> frozenset[str]:
        """Return the kind that says a profile changed."""
        del config
        return frozenset({"member.described"})

    def refs(self, config: Attribute) -> Refs:
        """Return the field."""
        return Refs(attributes=frozenset({config.attribute}))

    def due_at(self, config: Attribute, context: Context) -> datetime | None:
        """Return the next midnight where days come near."""
        return context.calendar.next_midnight if config.operator == "day_within" else None

    def sentence(self, config: Attribute, names: Names) -> str:
        """Say the field and what it should be."""
        title = names.attribute(config.attribute)
        if config.operator == "day_within":
            return _("%(field)s在未来 %(days)s 天内") % {"field": title, "days": config.values[0]}
        what = listed(config.values) if config.values else ""
        told = {"field": title, "operator": OPERATORS[config.operator], "values": what}
        return (_("%(field)s%(operator)s%(values)s") % told).strip()

    def fact(self, config: Attribute, member: int, context: Context, names: Names) -> str:
        """Say what the field holds."""
        del context
        ids = records_of(Member(id=member))
        by_id = Member.objects.in_bulk(ids)
        value = attributes_of(by_id[record] for record in ids if record in by_id).get(config.attribute)
        title = names.attribute(config.attribute)
        if value is None or value == "":
            return _("%(field)s没有填写") % {"field": title}
        if isinstance(value, bool):
            value = _("是") if value else _("否")
        return _("%(field)s是「%(value)s」") % {"field": title, "value": value}


def _compared(config: Attribute, context: Context) -> tuple[str, dict[str, Any]]:
    values = list(config.values)
    match config.operator:
        case "is" | "is_not":
            return "f.said = ANY(%(values)s)", {"values": _truths(values)}
        case "contains":
            patterns = [f"%{_escaped(value)}%" for value in values]
            return "f.said ILIKE ANY(%(values)s)", {"values": patterns}
        case "filled" | "empty":
            return "f.said <> ''", {}
        case "day_within":
            return _day_within(int(values[0]), context)
    sign = ">=" if config.operator == "at_least" else "<="
    # A text that is no number is not compared: the CASE keeps the cast from meeting it.
    return (
        f"CASE WHEN f.said ~ '{_NUMBER}' AND %(value)s ~ '{_NUMBER}' THEN f.said::numeric {sign} %(value)s::numeric"
        f" WHEN f.said ~ '{_DAY}' AND %(value)s ~ '{_DAY}' THEN f.said {sign} %(value)s ELSE false END"
    ), {"value": values[0]}


def _day_within(days: int, context: Context) -> tuple[str, dict[str, Any]]:
    from datetime import timedelta

    today = context.calendar.today()
    coming = [(today + timedelta(days=ahead)).isoformat()[5:] for ahead in range(days)]
    if "03-01" in coming and "02-29" not in coming:
        coming.append("02-29")
    return f"f.said ~ '{_DAY}' AND substr(f.said, 6) = ANY(%(coming)s)", {"coming": coming}


def _truths(values: list[str]) -> list[str]:
    """Return the values as stored: a truth is the word of JSON."""
    return values + [{"是": "true", "否": "false"}[value] for value in values if value in {"是", "否"}]


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


CONDITION = AttributeCondition()

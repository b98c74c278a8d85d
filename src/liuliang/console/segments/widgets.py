"""What the editor asks for: one widget a field of a condition's configuration, found by the field's type and name."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic.fields import FieldInfo

from liuliang.accounts.permissions import MEMBERS_VIEW, ORDERS_VIEW
from liuliang.analytics.acts import needed_for
from liuliang.console.kinds import grouped
from liuliang.kernel import clock
from liuliang.lake.zones import default_zone
from liuliang.loyalty.models import Level
from liuliang.people.access import Access
from liuliang.people.describing import TITLES
from liuliang.people.models import AttributeDefinition, Tag
from liuliang.segments.acts import FIELD_TITLES, OPERATORS, Property, countable_kinds, field_title, fields_of, is_money
from liuliang.segments.base import Condition
from liuliang.segments.layering import dimensions
from liuliang.segments.queries import visible
from liuliang.segments.wording import Within
from liuliang.subscriptions.queries import plans
from liuliang.ui import formats

Data = dict[str, Any]
Option = tuple[str, str | Promise]

FIELDS: dict[str, str | Promise] = {
    "kind": gettext_lazy("做了什么"),
    "kinds": gettext_lazy("哪些动静"),
    "number": gettext_lazy("数量"),
    "compare": gettext_lazy("比较"),
    "count": gettext_lazy("算什么"),
    "within": gettext_lazy("时间"),
    "communities": gettext_lazy("在哪些社群（不选为不限）"),
    "properties": gettext_lazy("而且"),
    "steps": gettext_lazy("步骤"),
    "tags": gettext_lazy("标签"),
    "match": gettext_lazy("怎样算"),
    "expires_within_days": gettext_lazy("几天内到期（不填为不限）"),
    "attribute": gettext_lazy("资料字段"),
    "operator": gettext_lazy("比较"),
    "values": gettext_lazy("值（几个之一用逗号分开）"),
    "state": gettext_lazy("状态"),
    "role": gettext_lazy("身份"),
    "how": gettext_lazy("进群方式"),
    "at_least_days": gettext_lazy("进群至少几天"),
    "at_most_days": gettext_lazy("进群至多几天"),
    "days": gettext_lazy("多少天"),
    "including_never": gettext_lazy("也算从来没有过的人"),
    "measure": gettext_lazy("看什么"),
    "who": gettext_lazy("算谁"),
    "last_days": gettext_lazy("近几天（不填为不限）"),
    "relation": gettext_lazy("关系"),
    "segment": gettext_lazy("人群"),
    "level": gettext_lazy("等级"),
    "plans": gettext_lazy("哪些会员方案（不选为不限）"),
    "dimension": gettext_lazy("分层方式"),
    "layers": gettext_lazy("层"),
    "product": gettext_lazy("商品（和订单里写的一样）"),
    "from_days": gettext_lazy("上次买在至少几天前"),
    "to_days": gettext_lazy("上次买在至多几天前（不填为不限）"),
    "times": gettext_lazy("至少有几天买过"),
}
"""What fields of configurations are called; those of other packages' conditions show their own title or name."""


@dataclass(frozen=True, slots=True)
class Widget:
    """A field as it is drawn: ``form`` names its template's branch, ``value`` is the JSON it holds."""

    name: str
    title: str | Promise
    form: str
    value: Any
    options: Sequence[Option] = ()
    rows: Sequence[Any] = field(default=())

    @property
    def kinds(self) -> list[tuple[str | Promise, Sequence[Option]]]:
        """Return the options by what they concern, where a kind of event is chosen."""
        return grouped(self.options) if self.name in {"kind", "steps"} else []

    @property
    def asks(self) -> bool:
        """Tell whether nothing is chosen yet where something must be."""
        return not self.value and "" not in dict(self.options)


class Offers:
    """What a person may choose from, looked up once a request."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._known: dict[str, list[Option]] = {}

    def of(self, name: str) -> list[Option]:
        """Return the options that a field of this name offers; none for a plain field."""
        if name not in self._known:
            find = getattr(self, f"_{name}", None)
            self._known[name] = find() if find else []
        return self._known[name]

    def _tags(self) -> list[Option]:
        tags = Tag.objects.select_related("group").order_by("group__position", "group__name", "name")
        return [(str(tag.pk), f"{tag.group.name} / {tag.name}") for tag in tags]

    def _communities(self) -> list[Option]:
        rows = list(self.access.communities(MEMBERS_VIEW).order_by("name").values_list("id", "name", "path"))
        names = {row[0]: row[1] for row in rows}
        rows.sort(key=lambda row: [(names.get(step, ""), step) for step in row[2]])
        return [(str(pk), "\u3000" * (len(names.keys() & set(path)) - 1) + name) for pk, name, path in rows]

    def _kind(self) -> list[Option]:
        return [
            (kind.kind, kind.title) for kind in countable_kinds() if all(map(self.access.may, needed_for((kind.kind,))))
        ]

    _kinds = _kind

    def _attribute(self) -> list[Option]:
        defined = [(one.key, one.title) for one in AttributeDefinition.objects.order_by("position", "id")]
        return [*defined, *((key, title) for key, title in TITLES.items() if key not in dict(defined))]

    def _segment(self) -> list[Option]:
        return [(str(one.pk), one.name) for one in visible(self.access, MEMBERS_VIEW).order_by("name")]

    def _plans(self) -> list[Option]:
        return [(str(one.pk), one.name) for one in plans(self.access, ORDERS_VIEW).order_by("name")]

    def _level(self) -> list[Option]:
        return list(Level.objects.order_by("threshold").values_list("key", "name"))

    def _dimension(self) -> list[Option]:
        return [(one.key, one.title) for one in dimensions()]


def widgets_of(condition: Condition[Any], data: Mapping[str, Any], offers: Offers) -> list[Widget]:
    """Return the widgets of a condition, filled with what its draft holds."""
    found = []
    for name, info in condition.config.model_fields.items():
        value = data.get(name, None if info.is_required() else _plain(info.default))
        title = info.title or FIELDS.get(name, name)
        found.append(_filled(Widget(name, title, _form(name, info), value), condition, data, offers))
    return found


def read_fields(condition: Condition[Any], prefix: str, posted: QueryDict) -> Data:
    """Return what a form says of a condition, as its configuration's JSON; what is not filled in is left out."""
    found: Data = {}
    for name, info in condition.config.model_fields.items():
        value = _read(f"{prefix}|{name}", name, info, posted)
        if _is_money(name, condition, found):
            value = _fen(posted.get(f"{prefix}|{name}", ""))
        if name == "properties":
            value = _in_fen(str(found.get("kind", "")), value)
        if value is not None:
            found[name] = value
    return found


def _filled(widget: Widget, condition: Condition[Any], data: Mapping[str, Any], offers: Offers) -> Widget:
    """Return a widget with its options, its rows, and its value as the template shows it."""
    name, value = widget.name, widget.value
    options: Sequence[Option] = offers.of(name) or list(condition.choices.get(name, {}).items())
    if name == "layers":
        dimension = dimensions().get(str(data.get("dimension", "")))
        options = [(key, layer.title) for key, layer in dimension.layers.items()] if dimension else []
    rows: list[Any] = []
    match widget.form:
        case "number" if _is_money(widget.name, condition, data):
            widget = replace(widget, form="money")
            value = formats.major(value, "CNY") if isinstance(value, int) else value
        case "many":
            value = [str(each) for each in value or ()]
        case "words":
            value = _("，").join(map(str, value or ()))
        case "properties":
            rows = [property_row(str(data.get("kind", "")), each) for each in value or ()]
        case "steps":
            options = offers.of("kind")
            rows = [
                {**step, "rows": [property_row(step.get("kind", ""), each) for each in step.get("properties", ())]}
                for step in value or _TWO_STEPS
            ]
    return replace(widget, value=value, options=options, rows=rows)


_TWO_STEPS: tuple[dict[str, Any], ...] = ({}, {})
"""What a sequence begins with."""


def property_row(kind: str, held: Mapping[str, Any]) -> dict[str, Any]:
    """Return a property as it is drawn: its fields and comparisons to choose from, and what is chosen."""
    known = fields_of(kind)
    # What has no title is the system's own: numbers of transfers, keys. A rule that names one keeps it.
    fields = [(name, field_title(kind, name)) for name in known if name in FIELD_TITLES or name == held.get("field")]
    row = {**held, "fields": fields, "operators": list(OPERATORS.items())}
    minor = _number(str(held.get("value", "")))
    if minor is not None and is_money(kind, held.get("field", "")):
        row["value"] = formats.major(minor, "CNY")
    return row


def _in_fen(kind: str, rows: Sequence[Data]) -> list[Data]:
    """Return properties as they are kept: money, asked for in yuan, in fen."""
    return [
        {**row, "value": str(_fen(row["value"]) or row["value"])} if is_money(kind, row["field"]) else row
        for row in rows
    ]


def _form(name: str, info: FieldInfo) -> str:
    annotation = info.annotation
    if annotation is Within:
        return "within"
    if name in {"properties", "steps"}:
        return name
    if (
        name in {"kind", "attribute", "segment", "dimension", "level", "how"}
        or typing.get_origin(annotation) is Literal
    ):
        return "choice"
    if typing.get_origin(annotation) is tuple:
        return "words" if name == "values" or not _is_offered(name) else "many"
    if annotation is bool:
        return "check"
    return "number" if _is_number(annotation) else "text"


def _is_offered(name: str) -> bool:
    return hasattr(Offers, f"_{name}") or name == "layers"


def _is_number(annotation: Any) -> bool:
    if isinstance(annotation, types.UnionType):
        return int in typing.get_args(annotation)
    return annotation is int


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else value


def _read(key: str, name: str, info: FieldInfo, posted: QueryDict) -> Any:
    form = _form(name, info)
    if form in _READERS:
        return _READERS[form](key, posted)
    if form == "many":
        values = posted.getlist(key)
        return (
            [int(value) for value in values if value.isdecimal()]
            if name in {"tags", "communities", "plans"}
            else values
        )
    if form == "number":
        return _written(posted.get(key, "")) if posted.get(key) else None
    if name == "segment":
        return _number(posted.get(key, ""))
    return posted.get(key) if name in {"role", "how"} else posted.get(key) or None


def _read_words(key: str, posted: QueryDict) -> list[str]:
    return [each.strip() for each in posted.get(key, "").replace("，", ",").split(",") if each.strip()]


def _read_within(key: str, posted: QueryDict) -> Data | None:
    match posted.get(f"{key}.how"):
        case "last":
            days = posted.get(f"{key}.last_days")
            # Not in the form yet: the window was only just made one of the last days.
            return {"last_days": 30 if days is None else _written(days)}
        case "between":
            told = {bound: posted.get(f"{key}.{bound}", "") for bound in ("since", "until")}
            found: Data = {bound: day for bound, day in told.items() if day}
            return found or {"since": (clock.local_day(clock.now(), default_zone()) - timedelta(days=30)).isoformat()}
    return {}


def _read_properties(key: str, posted: QueryDict) -> list[Data]:
    columns = [posted.getlist(f"{key}.{part}") for part in Property.model_fields]
    return [dict(zip(Property.model_fields, row, strict=True)) for row in zip(*columns, strict=False)]


def _read_steps(key: str, posted: QueryDict) -> list[Data]:
    found: list[Data] = []
    while f"{key}.{len(found)}.kind" in posted and len(found) < 8:
        here = f"{key}.{len(found)}"
        step: Data = {"kind": posted[f"{here}.kind"]}
        if days := posted.get(f"{here}.within_days"):
            step["within_days"] = _written(days)
        if posted.get(f"{here}.form") == "absent":
            step["is_absent"] = True
        if properties := _read_properties(f"{here}.properties", posted):
            step["properties"] = _in_fen(step["kind"], properties)
        found.append(step)
    return found


def _is_money(name: str, condition: Condition[Any], data: Mapping[str, Any]) -> bool:
    """Tell whether a number is money: asked for in yuan and kept in fen."""
    return name == "number" and condition.key == "orders" and data.get("measure") == "amount"


def _fen(text: str) -> int | str | None:
    try:
        return round(Decimal(text) * 100)
    except (InvalidOperation, ValueError, OverflowError):
        return text or None


def _written(text: str) -> int | str:
    """Return a number as it was written, so that what is none is refused and shown again instead of another."""
    number = _number(text)
    return text if number is None else number


def _number(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


_READERS: dict[str, Callable[[str, QueryDict], Any]] = {
    "within": _read_within,
    "properties": _read_properties,
    "steps": _read_steps,
    "words": _read_words,
    "check": lambda key, posted: key in posted,
}

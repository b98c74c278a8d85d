"""A form for a plan: built from the pydantic model, one field for each line of it, in the sections of the model.

Lists are written one line each. A line of a list of pairs is "first：second".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar, get_args

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext as _
from pydantic import BaseModel, StringConstraints, ValidationError
from pydantic.fields import FieldInfo

from liuliang.people.blueprint import STRUCTURES, Cost, Term

M = TypeVar("M", bound=BaseModel)
_YUAN = 100
_ONE_LINE = 200


@dataclass(frozen=True, slots=True)
class Section:
    """Fields that stand together under a title."""

    title: str
    fields: tuple[BoundField, ...]


class PlanForm(forms.Form, Generic[M]):
    """The fields of ``plan``, filled with what it holds. ``without`` names top-level fields that are asked for elsewhere."""

    def __init__(self, plan: M, data: Any = None, *, without: frozenset[str] = frozenset()) -> None:
        super().__init__(data)
        self._plan = plan
        self._without = without
        self._titles: dict[str, str] = {}
        for path, info, value in _leaves(plan, without):
            self.fields[path] = _field(info, value)
            self.initial[path] = _written(value)

    @property
    def sections(self) -> list[Section]:
        """Return the fields under the titles of the models they belong to; those of the plan itself come first."""
        model = type(self._plan)
        grouped: dict[str, list[BoundField]] = {}
        for name in self.fields:
            head, dot, _rest = name.partition("-")
            grouped.setdefault(head if dot else "", []).append(self[name])
        return [
            Section(_(model.model_fields[head].title or "") if head else "", tuple(fields))
            for head, fields in sorted(grouped.items(), key=lambda item: item[0] != "")
        ]

    def read(self) -> M | None:
        """Return the plan as it was typed, or None with the errors put beside their fields."""
        if not self.is_valid():
            return None
        told = self._plan.model_dump()
        for path, _info, value in _leaves(self._plan, self._without):
            place = told
            *above, last = path.split("-")
            for step in above:
                place = place[step]
            try:
                place[last] = _read(value, self.cleaned_data[path], path)
            except (ValueError, InvalidOperation):
                self.add_error(path, _("有一行读不懂，请写成“名称：内容”。"))
        if self.errors:
            return None
        try:
            return type(self._plan).model_validate(told)
        except ValidationError as error:
            for detail in error.errors():
                path = "-".join(str(step) for step in detail["loc"] if isinstance(step, str))
                words = _("截止日早于开始日。") if path == "ends" else _("太长了，或者不是能接受的内容。")
                self.add_error(path if path in self.fields else None, words)
            return None


def _leaves(plan: BaseModel, without: frozenset[str], above: str = "") -> Iterator[tuple[str, FieldInfo, Any]]:
    for name, info in type(plan).model_fields.items():
        if not above and name in without:
            continue
        value = getattr(plan, name)
        if isinstance(value, BaseModel):
            yield from _leaves(value, without, f"{above}{name}-")
        else:
            yield f"{above}{name}", info, value


def _field(info: FieldInfo, value: Any) -> forms.Field:
    options: dict[str, Any] = {"label": _(info.title or ""), "required": False}
    if isinstance(value, list):
        hint = _HINTS.get(_items(info), lambda: _("每行一条。"))()
        return forms.CharField(widget=forms.Textarea({"rows": 4}), help_text=hint, max_length=20_000, **options)
    if get_args(info.annotation) and "ring" in get_args(info.annotation):
        return forms.ChoiceField(choices=[(key, _(words)) for key, words in STRUCTURES.items()], **options)
    if time in get_args(info.annotation):
        return forms.TimeField(widget=forms.TimeInput({"type": "time"}, format="%H:%M"), **options)
    if date in get_args(info.annotation):
        return forms.DateField(widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"), **options)
    most = next((each.max_length for each in info.metadata if isinstance(each, StringConstraints)), None)
    if most is None:
        most = next((each.max_length for each in info.metadata if hasattr(each, "max_length")), _ONE_LINE)
    widget = forms.Textarea({"rows": 3}) if (most or 0) > _ONE_LINE else forms.TextInput()
    return forms.CharField(widget=widget, max_length=most, **options)


def _items(info: FieldInfo) -> type | None:
    for part in (info.annotation, *get_args(info.annotation)):
        for item in get_args(part) or (part,):
            if item is Cost or item is Term:
                return item
    return None


def _written(value: Any) -> Any:
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if not isinstance(value, list):
        return value
    return "\n".join(_line(item) for item in value)


def _line(item: Any) -> str:
    if isinstance(item, Cost):
        yuan = Decimal(item.monthly) / _YUAN
        return _("{item}：{amount}").format(item=item.item, amount=f"{yuan.normalize():f}")
    if isinstance(item, Term):
        return _("{word}：{meaning}").format(word=item.word, meaning=item.meaning)
    return str(item)


def _read(value: Any, typed: Any, path: str) -> Any:
    if not isinstance(value, list):
        return typed
    lines = [line.strip() for line in typed.splitlines() if line.strip()]
    if path == "costs":
        return [_cost(line) for line in lines]
    if path == "vocabulary":
        return [_term(line) for line in lines]
    return lines


def _pair(line: str) -> tuple[str, str]:
    left, colon, right = line.replace(":", "：", 1).partition("：")
    if not colon or not left.strip():
        raise ValueError(line)
    return left.strip(), right.strip()


def _cost(line: str) -> dict[str, Any]:
    item, amount = _pair(line)
    number = Decimal(amount.removeprefix("¥").replace(",", "").removesuffix("元").strip())
    if not number.is_finite() or number < 0:
        raise ValueError(line)
    return {"item": item, "monthly": int(number * _YUAN)}


def _term(line: str) -> dict[str, Any]:
    word, meaning = _pair(line)
    return {"word": word, "meaning": meaning}


_HINTS: dict[type | None, Callable[[], str]] = {
    Cost: lambda: _("每行一项：“运营人力：3000”，单位元，每月。"),
    Term: lambda: _("每行一个：“体验官：参与内测并提交测评的成员”。"),
}

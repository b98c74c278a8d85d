"""The form of an earning rule: what people fill in, and the rule that it means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.accounts.permissions import COMMUNITIES_VIEW
from liuliang.console.fields import day_field
from liuliang.kernel.errors import Refused
from liuliang.loyalty.accounts import GROWTH, POINTS
from liuliang.loyalty.behaviours import Field, behaviour, behaviours
from liuliang.loyalty.budgets import points_budgets
from liuliang.loyalty.models import EarningRule
from liuliang.loyalty.rules import HIGHEST_CAP
from liuliang.loyalty.validity import day_begins, programme_zone
from liuliang.people.access import Access

UNITS = {POINTS: gettext_lazy("积分"), GROWTH: gettext_lazy("成长值")}
VALIDITIES = {
    "never": gettext_lazy("永久有效"),
    "days": gettext_lazy("得到后若干天"),
    "months": gettext_lazy("得到后若干个月"),
    "month_end": gettext_lazy("到若干个月后的月底（0 是当月）"),
    "year_end": gettext_lazy("到若干年后的年底（0 是当年）"),
    "until": gettext_lazy("到固定的一天"),
}
OPERATORS: dict[str, str | Promise] = {
    "is": gettext_lazy("等于"),
    "is_not": gettext_lazy("不等于"),
    "at_least": gettext_lazy("至少"),
    "at_most": gettext_lazy("至多"),
    "contains": gettext_lazy("包含"),
    "longer_than": gettext_lazy("字数超过"),
}
CONDITIONS = 3
"""Lines for conditions that the form offers."""

_YUAN = 100
_DAY = timedelta(days=1)


def _number(title: Any, *, required: bool = False, hint: Any = "", low: int = 1) -> forms.IntegerField:
    return forms.IntegerField(label=title, required=required, help_text=hint, min_value=low, max_value=HIGHEST_CAP)


class RuleForm(forms.Form):
    """An earning rule as people fill it in."""

    title = forms.CharField(label=gettext_lazy("规则名称"), max_length=100)
    unit = forms.ChoiceField(label=gettext_lazy("奖励什么"), choices=list(UNITS.items()))
    behaviour = forms.ChoiceField(label=gettext_lazy("做了什么"))
    community = forms.ChoiceField(
        label=gettext_lazy("在哪里"), required=False, help_text=gettext_lazy("包括它下面的所有社群")
    )
    low = _number(gettext_lazy("给多少"), required=True)
    high = _number(gettext_lazy("最多多少"), hint=gettext_lazy("填了就在两者之间随机，不填就是固定的"))
    per = forms.DecimalField(
        label=gettext_lazy("每满多少元给一次"), required=False, min_value=Decimal("0.01"), max_value=Decimal(10**7),
        decimal_places=2, help_text=gettext_lazy("只用于有金额的行为；不填就是每次给一份"),
    )  # fmt: skip
    cap_day = _number(gettext_lazy("每人每天上限"))
    cap_week = _number(gettext_lazy("每人每周上限"), hint=gettext_lazy("从周一算起"))
    cap_total = _number(gettext_lazy("每人总上限"))
    starts_on = day_field(gettext_lazy("从哪天开始"), help_text=gettext_lazy("之前发生的不给"))
    ends_on = day_field(gettext_lazy("到哪天结束"), required=False, help_text=gettext_lazy("含当天；不填就一直有效"))
    validity = forms.ChoiceField(label=gettext_lazy("积分有效期"), choices=list(VALIDITIES.items()))
    validity_number = forms.IntegerField(
        label=gettext_lazy("天数、月数或年数"), required=False, min_value=0, max_value=36_500
    )
    validity_day = day_field(gettext_lazy("有效到"), required=False)
    budget = forms.ChoiceField(
        label=gettext_lazy("从哪个预算出"), required=False, help_text=gettext_lazy("预算用完就不再发")
    )
    undo_hours = forms.IntegerField(
        label=gettext_lazy("多少小时内反悔要收回"), min_value=0, max_value=24 * 366,
        help_text=gettext_lazy("例如进群后很快退群、邀请来的人很快走了；退款和撤回消息不限时间"),
    )  # fmt: skip
    is_forgiving = forms.BooleanField(label=gettext_lazy("收回时已经花掉的就算了，不记欠额"), required=False)

    PARTS: tuple[tuple[str | Promise, tuple[str, ...]], ...] = (
        (gettext_lazy("奖励什么行为"), ("title", "unit", "behaviour", "community")),
        (gettext_lazy("给多少"), ("low", "high", "per", "cap_day", "cap_week", "cap_total", "budget")),
        (gettext_lazy("什么时候"), ("starts_on", "ends_on", "validity", "validity_number", "validity_day")),
        (gettext_lazy("反悔怎么办"), ("undo_hours", "is_forgiving")),
    )

    def __init__(
        self, access: Access, posted: QueryDict | None = None, *, initial: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(posted, initial=dict(initial or {}))
        places = access.communities(COMMUNITIES_VIEW).order_by("name")
        self._places = {place.public_id: place for place in places}
        self._choose("behaviour", [(one.key, one.title) for one in behaviours()])
        self._choose("community", [("", _("全部社群")), *((key, place.name) for key, place in self._places.items())])
        budgets = [
            (one.key, _("{name}（还剩 {free}）").format(name=one.key, free=one.free)) for one in points_budgets()
        ]
        self._choose("budget", [("", _("不限预算")), *budgets])
        kept = self.initial.get("behaviour")
        if kept and kept.startswith("event:"):
            self._choose("behaviour", [(one.key, one.title) for one in (*behaviours(), behaviour(kept))])
        self.rows = self._read_rows(posted) if posted is not None else self._kept_rows()

    def _choose(self, name: str, choices: Sequence[tuple[str, str | Promise]]) -> None:
        self.fields[name].choices = list(choices)  # type: ignore[attr-defined]

    @property
    def parts(self) -> list[tuple[str | Promise, list[forms.BoundField]]]:
        """Return the fields in the groups that the page draws."""
        return [(title, [self[name] for name in names]) for title, names in self.PARTS]

    @property
    def condition_fields(self) -> list[tuple[str, str]]:
        """Return what a condition may ask about, for the behaviour that is chosen."""
        return [(field.key, str(field.title)) for field in self._chosen_fields().values()]

    def rule(self, kept: EarningRule | None = None) -> EarningRule:
        """Return the rule that the form means, not saved; ``kept`` is the one that is changed.

        Raises:
            Refused: ``rule.condition`` where a condition cannot be read.
        """
        told = self.cleaned_data
        rule = kept or EarningRule()
        place = self._places.get(told["community"])
        rule.title, rule.unit, rule.behaviour = told["title"].strip(), told["unit"], told["behaviour"]
        rule.community = place
        rule.low = told["low"]
        rule.high = told["high"] or told["low"]
        rule.per = int(told["per"] * _YUAN) if told["per"] else 0
        rule.cap_day, rule.cap_week, rule.cap_total = told["cap_day"], told["cap_week"], told["cap_total"]
        rule.starts_at = day_begins(told["starts_on"])
        rule.ends_at = day_begins(told["ends_on"] + _DAY) if told["ends_on"] else None
        rule.budget, rule.undo_hours, rule.is_forgiving = told["budget"], told["undo_hours"], told["is_forgiving"]
        rule.validity = self._validity()
        rule.conditions = [self._condition(row) for row in self.rows if row["field"]]
        return rule

    def _validity(self) -> dict[str, Any]:
        kind, day = self.cleaned_data["validity"], self.cleaned_data["validity_day"]
        if kind == "until":
            return {"kind": kind, "day": day.isoformat()} if day else {"kind": kind}
        if kind == "never":
            return {"kind": kind}
        return {"kind": kind, "number": self.cleaned_data["validity_number"] or 0}

    def _condition(self, row: Mapping[str, str]) -> dict[str, Any]:
        field = self._chosen_fields().get(row["field"])
        if field is None:
            raise Refused("rule.condition", field=row["field"])
        return {"field": field.key, "operator": row["operator"], "value": _read_value(field, row)}

    def _chosen_fields(self) -> dict[str, Field]:
        key = self["behaviour"].value() or next(iter(behaviours())).key
        try:
            return {field.key: field for field in behaviour(str(key)).fields}
        except Refused:
            return {}

    @staticmethod
    def _read_rows(posted: QueryDict) -> list[dict[str, str]]:
        columns = [posted.getlist(f"condition_{part}") for part in ("field", "operator", "value")]
        rows = [dict(zip(("field", "operator", "value"), row, strict=True)) for row in zip(*columns, strict=False)]
        return _filled_up(rows[:CONDITIONS])

    def _kept_rows(self) -> list[dict[str, str]]:
        fields = self._chosen_fields()
        rows = []
        for each in self.initial.get("conditions", ()):
            field = fields.get(each["field"])
            value = _write_value(field, each["value"]) if field else str(each["value"])
            rows.append({"field": each["field"], "operator": each["operator"], "value": value})
        return _filled_up(rows)


def initial_of(rule: EarningRule) -> dict[str, Any]:
    """Return what the form shows of a rule that is there."""
    zone = ZoneInfo(programme_zone())
    validity = rule.validity
    day = validity.get("day")
    return {
        "title": rule.title,
        "unit": rule.unit,
        "behaviour": rule.behaviour,
        "community": rule.community.public_id if rule.community else "",
        "low": rule.low,
        "high": rule.high if rule.high != rule.low else None,
        "per": Decimal(rule.per) / _YUAN if rule.per else None,
        "cap_day": rule.cap_day,
        "cap_week": rule.cap_week,
        "cap_total": rule.cap_total,
        "starts_on": rule.starts_at.astimezone(zone).date(),
        "ends_on": (rule.ends_at.astimezone(zone) - _DAY).date() if rule.ends_at else None,
        "validity": validity.get("kind", "never"),
        "validity_number": validity.get("number"),
        "validity_day": date.fromisoformat(day) if day else None,
        "budget": rule.budget,
        "undo_hours": rule.undo_hours,
        "is_forgiving": rule.is_forgiving,
        "conditions": rule.conditions,
    }


def _filled_up(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    blank = {"field": "", "operator": "is", "value": ""}
    return [*rows, *(dict(blank) for _number in range(CONDITIONS - len(rows)))]


def _read_value(field: Field, row: Mapping[str, str]) -> Any:
    """Read what a condition compares with: a number, an amount in yuan, yes or no, or text.

    Raises:
        Refused: ``rule.condition``.
    """
    text = row["value"].strip()
    title = str(field.title)
    if field.type == "boolean":
        truth = {"是": True, "yes": True, "1": True, "否": False, "no": False, "0": False}.get(text.lower())
        if truth is None:
            raise Refused("rule.condition", field=title)
        return truth
    if field.type == "text" and row["operator"] != "longer_than":
        if not text:
            raise Refused("rule.condition", field=title)
        return text
    try:
        number = Decimal(text)
        return int(number * _YUAN) if field.type == "money" else int(number)
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise Refused("rule.condition", field=title) from error


def _write_value(field: Field, value: Any) -> str:
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if field.type == "money" and isinstance(value, int):
        return str(Decimal(value) / _YUAN)
    return str(value)

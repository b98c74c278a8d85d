"""What the pages of analysis call things."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.analytics.counting import UNKNOWN
from liuliang.analytics.happenings import Condition, Happening, properties_of
from liuliang.analytics.periods import Period
from liuliang.kernel.events import event_type
from liuliang.people import ways

UNITS = {"day": _("按天"), "week": _("按周"), "month": _("按月")}
BEGAN = {"joined": _("进群"), "spoke": _("第一次说话")}
BACK = {"active": _("活跃"), "stayed": _("还在群里")}
WAYS = {**ways.WAYS, UNKNOWN: _("不详")}
RELATIONS = {
    "is": _("等于"),
    "is_not": _("不等于"),
    "contains": _("包含"),
    "at_least": _("不少于"),
    "at_most": _("不超过"),
}


def age_words(unit: str, age: int) -> str:
    """Return what a column of a matrix is called."""
    if unit == "week":
        return _now("第 {n} 周").format(n=age)
    return (_now("第 {n} 月") if unit == "month" else _now("第 {n} 天")).format(n=age)


def cohort_words(unit: str, start: date, period: Period) -> str:
    """Return what a cohort is called: its day, week or month, or the days of it that lie in ``period`` where that is not whole."""
    if unit == "day":
        return f"{start:%Y-%m-%d}"
    end = start + timedelta(days=6) if unit == "week" else start.replace(day=monthrange(start.year, start.month)[1])
    first, last = max(start, period.first), min(end, period.last)
    if unit == "month" and (first, last) == (start, end):
        return f"{start:%Y-%m}"
    return f"{first:%Y-%m-%d}" if first == last else f"{first:%Y-%m-%d} ~ {last:%m-%d}"


def kind_words(kind: str) -> str:
    """Return what a kind of event is called; one that nobody knows any more by its name."""
    known = event_type(kind)
    return kind if known is None else str(known.title)


def happening_words(happening: Happening) -> str:
    """Return a kind of event and what must hold of it, as a person reads it."""
    said = [condition_words(happening.kind, condition) for condition in happening.conditions]
    return kind_words(happening.kind) + (f"（{_now('，').join(said)}）" if said else "")


def condition_words(kind: str, condition: Condition) -> str:
    """Return a condition as a person reads it."""
    one = next((each for each in properties_of(kind) if each.key == condition.key), None)
    title = condition.key if one is None else str(one.title)
    if one is not None and one.kind == "truth":
        return f"{title}: {_now('是') if condition.value == '1' else _now('否')}"
    return f"{title} {RELATIONS[condition.relation]} {condition.value}"

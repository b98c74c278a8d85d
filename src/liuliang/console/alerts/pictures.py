"""What an alert would have done, or did, as a picture and in a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from liuliang.alerting.judging import Verdict
from liuliang.alerting.rehearsing import Rehearsal, rehearse
from liuliang.alerting.rules import FEWEST_PEOPLE, FEWEST_WEEKS, Condition
from liuliang.alerting.series import Ground
from liuliang.analytics.base import Metric
from liuliang.console.alerts.words import floor_of, metric_title, round_of, write_value
from liuliang.ui import formats
from liuliang.ui.charts import Chart, Series
from liuliang.ui.figures import Format

SHOWN = 12
"""Days that would have fired, told one by one."""

LOUD = 1 / 7
"""Of the days: an alert that fires on more of them will not be read for long."""


@dataclass(frozen=True, slots=True)
class Told:
    """A day that would have fired."""

    day: str
    place: str
    value: str
    expected: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What is shown before an alert is saved."""

    count: int
    days: int
    chart: Chart
    told: Sequence[Told]
    more: int
    notes: Sequence[str]


def preview(
    metric: Metric, ground: Ground, condition: Condition, names: Mapping[int, str], *, is_each: bool
) -> Preview:
    """Hold a condition against the past."""
    found = rehearse(metric, ground, condition, is_each=is_each)
    fired = found.fired
    told = [
        Told(
            formats.day(verdict.day),
            names.get(key, "") if key is not None else "",
            write_value(metric.key, verdict.value),
            expected_words(metric.key, verdict),
        )
        for key, verdict in fired[:SHOWN]
    ]
    chart = each_chart(found) if is_each else whole_chart(metric, condition, found.whole)
    notes = notes_on(metric, condition, found, is_each=is_each)
    return Preview(len(fired), len(found.period), chart, told, len(fired) - len(told), notes)


def expected_words(metric: str, verdict: Verdict) -> str:
    """Say what a day was to be; nothing of a threshold."""
    if verdict.expected is None or verdict.low is None or verdict.high is None:
        return ""
    return (
        f"{write_value(metric, floor_of(metric, verdict.low))} ~ {write_value(metric, round_of(metric, verdict.high))}"
    )


def whole_chart(metric: Metric, condition: Condition, days: Sequence[Verdict]) -> Chart:
    """Draw a metric by day, where it was to be, and the days that fire."""
    style = cast("Format", "exact" if metric.style in {"ratio", "mean", "count"} else metric.style)
    series = [Series("value", metric.definition.title, [each.value for each in days], style)]
    if condition.kind == "unusual":
        series.append(
            Series(
                "expected",
                _("平常的这一天"),
                [None if each.expected is None else round_of(metric.key, each.expected) for each in days],
                style,
                low=[None if each.low is None else floor_of(metric.key, each.low) for each in days],
                high=[None if each.high is None else round_of(metric.key, each.high) for each in days],
                is_dashed=True,
                is_banded=True,
            )
        )
    elif condition.threshold is not None:
        series.append(Series("threshold", _("阈值"), [condition.threshold] * len(days), style, is_dashed=True))
    series.append(
        Series("fired", _("响"), [each.value if each.is_fired else None for each in days], style, is_points=True)
    )
    return Chart(
        "alert",
        _("{title}：哪些天会响？").format(title=metric.definition.title),
        "line",
        [f"{each.day:%m-%d}" for each in days],
        series,
        definition=metric.definition.counted,
        label_title=_("日期"),
    )


def each_chart(found: Rehearsal) -> Chart:
    """Draw how many groups fire on each day."""
    return Chart(
        "alert",
        _("每天会有几个群响？"),
        "bar",
        [f"{day:%m-%d}" for day in found.period.days],
        [
            Series(
                "fired",
                _("响的群"),
                [sum(each.is_fired for each in found.days[day].values()) for day in found.period.days],
            )
        ],
        label_title=_("日期"),
    )


def notes_on(metric: Metric, condition: Condition, found: Rehearsal, *, is_each: bool) -> list[str]:
    """Say what somebody should know before saving: what could not be judged, what never fires, what fires all the time."""
    notes: list[str] = []
    judged = found.count("fired", "quiet")
    short, thin = found.count("short"), found.count("thin")
    if short:
        notes.append(
            _("{n} 天没法判断：要先有至少 {weeks} 个同样的星期几，历史还不够。").format(n=short, weeks=FEWEST_WEEKS)
            if not is_each
            else _("{n} 次没法判断：群要先有至少 {weeks} 个同样的星期几，历史还不够。").format(
                n=short, weeks=FEWEST_WEEKS
            )
        )
    if thin:
        notes.append(_("{n} 天不判断：不到 {people} 个人，多一个少一个就差很多。").format(n=thin, people=FEWEST_PEOPLE))
    if not judged:
        if not short and not thin:
            notes.append(_("这段时间没有“{metric}”的数据，设了也不会响。").format(metric=metric_title(metric.key)))
        return notes
    fired = found.count("fired")
    if condition.kind == "unusual" and condition.direction != "up":
        lows = [each.low for day in found.days.values() for each in day.values() if each.low is not None]
        if lows and max(lows) <= 0 and metric.key != "net":
            notes.append(
                _("平常就有接近 0 的日子，再少也看不出异常：变少永远不会响。可以看每周的复盘，或把几个群合在一起看。")
            )
    if not fired and condition.kind != "unusual":
        notes.append(never_words(metric, condition, found))
    if fired > judged * LOUD:
        notes.append(_("太吵了：平均每 {n} 天就响一次，响多了就没人看。").format(n=f"{judged / fired:.1f}"))
    return notes


def never_words(metric: Metric, condition: Condition, found: Rehearsal) -> str:
    """Say how far a threshold is from everything there was."""
    values = [
        each.value
        for day in found.days.values()
        for each in day.values()
        if each.value is not None and each.state == "quiet"
    ]
    is_above = condition.kind == "above"
    nearest = max(values) if is_above else min(values)
    words = _("这段时间最高是 {value}，从没超过。") if is_above else _("这段时间最低是 {value}，从没低过。")
    return words.format(value=write_value(metric.key, nearest))


def counted_words(found: Preview) -> str:
    """Say how often an alert would have fired."""
    return ngettext("在过去 {days} 天会响 {n} 次", "在过去 {days} 天会响 {n} 次", found.count).format(
        days=found.days, n=found.count
    )

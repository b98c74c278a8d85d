"""The card of a metric: a number with its change, a line over time, or its parts side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.analytics.base import DIMENSIONS, STAGES, Metric, Reading, metrics
from liuliang.analytics.comparing import compared
from liuliang.console.analysis.funnel import part_words
from liuliang.console.analysis.ground import may_see_members
from liuliang.console.analysis.metrics import (
    behind_metric,
    chart_of,
    format_of,
    interval_words,
    known_words,
    needs_of,
    rounded,
    series_of,
    sides_of,
    usual_step,
)
from liuliang.console.analysis.metrics import visible as visible_metrics
from liuliang.console.analysis.statements import told
from liuliang.console.dashboards.drawn import Drawn, Line
from liuliang.console.dashboards.face import Face, Fields, Standing
from liuliang.console.figures import change_of, figure_of
from liuliang.dashboards.models import Card
from liuliang.dashboards.questions import MetricQuestion
from liuliang.people.access import Access
from liuliang.ui import formats
from liuliang.ui.charts import Chart, Series

VIEWS = {"number": gettext_lazy("数字和变化"), "trend": gettext_lazy("走势"), "split": gettext_lazy("按维度分开")}

MOST_BARS = 8
"""Parts drawn as bars; the page of the metric holds all of them."""


def draw(standing: Standing, question: MetricQuestion) -> Drawn:
    """Draw a metric in the way that the card asks for."""
    metric = metrics()[question.metric]
    links = standing.query if metric.sides and may_see_members(standing.ground.access) else ""
    if question.view == "trend":
        return _trend(standing, metric, links)
    if question.view == "split":
        return _split(standing, metric, question.split, links)
    return _number(standing, metric, links)


def _url(standing: Standing, metric: Metric, **more: str) -> str:
    extra = "".join(f"&{name}={value}" for name, value in more.items())
    return f"{reverse('console:metric', args=[metric.key])}?{standing.query}{extra}"


def _number(standing: Standing, metric: Metric, links: str) -> Drawn:
    ground, definition = standing.ground, metric.definition
    asked = ground.asked()
    found = compared(metric, asked, is_comparable=ground.choice.is_comparable)
    now, before = found.now, found.before
    step = usual_step(ground)
    by_day = ground.asked(step=step)
    days = series_of(metric, by_day, metric.key, "", {each.start: each for each in metric.read(by_day)})
    figure = figure_of(
        definition,
        _shown(metric, now),
        format_of(metric.style, is_short=True),
        change=change_of(
            found.comparison, definition, versus=ground.choice.versus, in_points=metric.style == "percent"
        ),
        # Of what cannot be told of the whole period, a line of zeros would tell a lie.
        trend=days.values if _shown(metric, now) is not None else (),
    )
    notes = [] if figure.value is not None else [_("这段时间还没有数据。")]
    if interval := interval_words(metric.style, now):
        notes.append(_("95% 区间 {interval}").format(interval=interval))
    if known := known_words(now):
        notes.append(known)
    elif now is not None and now.of is not None:
        notes.append(_("样本 {n}").format(n=formats.exact(now.of)))
    if now is not None and now.is_small:
        notes.append(_("小样本"))
    return Drawn(
        str(definition.title),
        str(definition.counted),
        _url(standing, metric),
        sides_of(metric, asked, now, links) if links else (),
        [told(each) for each in metric.statements(asked)],
        figure=figure,
        note=" · ".join(notes),
        unit=str(definition.unit),
        lines=[_line(metric, "", now, before)],
    )


def _shown(metric: Metric, reading: Reading | None) -> float | None:
    """Return a value as it is written: where nothing was counted, counts are 0, and of a share nothing is said."""
    value = reading.value if reading is not None else None
    if value is None:
        return 0 if metric.style == "count" else None
    return rounded(metric.style, value)


def _trend(standing: Standing, metric: Metric, links: str) -> Drawn:
    ground = standing.ground
    step = usual_step(ground)
    asked = ground.asked(step=step)
    chart = chart_of(metric, ground, step, "", links)
    found = {each.start: each for each in metric.read(asked)}
    return Drawn(
        str(metric.definition.title),
        str(metric.definition.counted),
        _url(standing, metric, step=step),
        sqls=[told(each) for each in metric.statements(asked)],
        chart=chart,
        note=_("点图上的一天，看那天是谁。") if chart.links else "",
        unit=str(metric.definition.unit),
        lines=[_line(metric, start.isoformat(), found.get(start)) for start in asked.starts],
    )


def _split(standing: Standing, metric: Metric, split: str, links: str) -> Drawn:
    ground = standing.ground
    asked = ground.asked(split=split)
    readings = sorted(metric.read(asked), key=lambda each: (each.value is None, -(each.value or 0), each.part))
    bars = [each for each in readings if each.value is not None][:MOST_BARS]
    title = _("{metric} · 按{dimension}").format(metric=metric.definition.title, dimension=DIMENSIONS[split].title)
    has_interval = any(each.low is not None for each in bars)
    chart = Chart(
        f"split-{metric.key}",
        title,
        "ranking",
        [part_words(split, each.part, ground.names) for each in bars],
        [
            Series(
                metric.key,
                metric.definition.title,
                [_shown(metric, each) for each in bars],
                format_of(metric.style),
                low=[each.low for each in bars] if has_interval else None,
                high=[each.high for each in bars] if has_interval else None,
            )
        ],
        label_title=DIMENSIONS[split].title,
        links=[behind_metric(metric, asked, each.part, links) for each in bars] if links else (),
    )
    notes = []
    if len(readings) > len(bars):
        notes.append(_("共 {n} 组，画出最大的 {most} 组").format(n=len(readings), most=len(bars)))
    if chart.links:
        notes.append(_("点一条，看那一组是谁。"))
    return Drawn(
        title,
        f"{metric.definition.counted} {DIMENSIONS[split].counted}",
        _url(standing, metric, split=split),
        sqls=[told(each) for each in metric.statements(asked)],
        chart=chart,
        note=" · ".join(notes),
        unit=str(metric.definition.unit),
        lines=[_line(metric, part_words(split, each.part, ground.names), each) for each in readings],
    )


def _line(metric: Metric, part: str, now: Reading | None, before: Reading | None = None) -> Line:
    return Line(
        part,
        _shown(metric, now),
        metric.style,
        now.low if now is not None else None,
        now.high if now is not None else None,
        before.value if before is not None else None,
    )


def _needs(question: MetricQuestion) -> tuple[str, ...]:
    return needs_of(metrics()[question.metric])


def _fields(access: Access, card: Card | None) -> Fields:
    del card
    grouped = [
        (words, [(each.key, each.definition.title) for each in visible_metrics(access, key)])
        for key, words in STAGES.items()
    ]
    splits = [("", _("不分")), *((each.key, each.title) for each in DIMENSIONS.values())]
    return {
        "metric": forms.ChoiceField(label=_("指标"), choices=[each for each in grouped if each[1]]),
        "view": forms.ChoiceField(label=_("怎么看"), choices=list(VIEWS.items())),
        "split": forms.ChoiceField(
            label=_("按什么分开"), required=False, choices=splits, help_text=_("选了“按维度分开”才用")
        ),
    }


def _settled(question: dict[str, Any]) -> dict[str, Any]:
    return question if question.get("view") == "split" else {**question, "split": ""}


def _read(access: Access, parts: Mapping[str, str], parameters: QueryDict) -> dict[str, Any]:
    del access
    metric = metrics().get(parts["metric"])
    split = parameters.get("split", "")
    if metric is not None and split in metric.dimensions:
        return {"metric": metric.key, "view": "split", "split": split}
    return {"metric": parts["metric"], "view": "trend"}


FACE = Face(
    "metric", draw, _needs, _fields, _settled, has_days=True, page="metric", read=_read, put_width=2,
)  # fmt: skip

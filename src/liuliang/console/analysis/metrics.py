"""指标: the catalogue of everything that is measured, and each metric opened: its days, its parts, its query, its people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import cast

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from liuliang.accounts.permissions import ANALYTICS_VIEW
from liuliang.analytics.base import (
    DIMENSIONS,
    STAGES,
    Asked,
    Metric,
    Reading,
    Step,
    Style,
    metrics,
    metrics_of,
)
from liuliang.console import errors
from liuliang.console.analysis.behind import Crowd, behind_url, declare
from liuliang.console.analysis.funnel import part_words
from liuliang.console.analysis.ground import Ground, ground_of, ground_where, may_see_members, query_of
from liuliang.console.analysis.statements import told
from liuliang.console.analysis.words import UNITS
from liuliang.console.doors import StaffRequest, page
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access
from liuliang.ui import formats
from liuliang.ui.charts import Chart, Series
from liuliang.ui.figures import Figure, Format

FOLDER = "console/analysis"
MOST_LINES = 6
"""Parts drawn in a chart; all of them stand in the table."""

MOST_PARTS = 200
"""Parts in the table."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A metric in the catalogue, with its value in the period."""

    metric: Metric
    url: str
    value: str
    interval: str
    is_small: bool


@dataclass(frozen=True, slots=True)
class Part:
    """A part in the table of a split."""

    title: str
    value: str
    interval: str
    of: str
    is_small: bool
    url: str


@dataclass(frozen=True, slots=True)
class Behind:
    """Some of the people behind a value: who they are, how many where the value says so, and where they are listed."""

    title: str
    size: str
    url: str


@page(permission=ANALYTICS_VIEW)
def catalogue(request: StaffRequest) -> HttpResponse:
    """Show every metric with its definition; the values of each stage follow by themselves."""
    ground = ground_of(request.access, request.GET, path=request.path)
    if ground.choice.known is None:
        return render(request, f"{FOLDER}/empty.html", {"title": _("指标")})
    stages = [(key, words, visible(request.access, key)) for key, words in STAGES.items()]
    context = {
        "ground": ground,
        "choice": ground.choice,
        "stages": [(key, words, found) for key, words, found in stages if found],
        "query": query_of(request.GET),
        "dimensions": DIMENSIONS,
    }
    return render(request, f"{FOLDER}/metrics.html", context)


@page(permission=ANALYTICS_VIEW)
def stage(request: StaffRequest) -> HttpResponse:
    """Show the values of the metrics of one stage; of the first when none is named."""
    key = request.GET.get("stage", next(iter(STAGES)))
    if key not in STAGES:
        raise Http404
    parameters = request.GET.copy()
    parameters.pop("stage", None)
    query = query_of(parameters)
    entries = []
    shown = visible(request.access, key)
    grounds = grounds_of(request.access, parameters, shown)
    for metric in shown:
        ground = grounds.get(metric.key)
        reading = _whole(metric, ground.asked()) if ground is not None and ground.choice.known is not None else None
        entries.append(_entry(metric, reading, query))
    return render(request, f"{FOLDER}/metrics_stage.html", {"entries": entries, "dimensions": DIMENSIONS})


@page(permission=ANALYTICS_VIEW)
def metric(request: StaffRequest, metric: str) -> HttpResponse:
    """Open one metric."""
    found = metrics().get(metric)
    if found is None:
        raise Http404
    if not all(map(request.access.may, needs_of(found))):
        raise PermissionDenied
    ground = ground_of(request.access, request.GET, *needs_of(found), path=request.path)
    if ground.choice.known is None:
        return render(request, f"{FOLDER}/empty.html", {"title": found.definition.title})
    step, split = _step(ground, request.GET), request.GET.get("split", "")
    split = split if split in found.dimensions else ""
    context = {
        "ground": ground,
        "choice": ground.choice,
        "metric": found,
        "definition": found.definition,
        "step": step,
        "split": split,
        "units": UNITS,
        "dimensions": [DIMENSIONS[key] for key in found.dimensions],
    }
    try:
        context |= _opened(request, found, ground, step, split)
    except Refused as refusal:
        context["refusal"] = errors.sentence(refusal)
    return render(request, f"{FOLDER}/metric.html", context)


def visible(access: Access, stage: str) -> list[Metric]:
    """Return the metrics of a stage that somebody may see anywhere."""
    return [each for each in metrics_of(stage) if all(map(access.may, needs_of(each)))]


def needs_of(metric: Metric) -> tuple[str, ...]:
    """Return what one needs besides seeing figures."""
    return (metric.permission,) if metric.permission else ()


def grounds_of(access: Access, parameters: QueryDict, shown: Iterable[Metric]) -> dict[str, Ground]:
    """Return the ground of each of these metrics that somebody may see in what ``parameters`` choose, by its key."""
    by_need: dict[tuple[str, ...], Ground | None] = {}
    found = {}
    for metric in shown:
        needed = needs_of(metric)
        if needed not in by_need:
            by_need[needed] = ground_where(access, parameters, *needed) if all(map(access.may, needed)) else None
        if (ground := by_need[needed]) is not None:
            found[metric.key] = ground
    return found


def _step(ground: Ground, parameters: QueryDict) -> Step:
    asked = parameters.get("step", "")
    return cast("Step", asked) if asked in UNITS else usual_step(ground)


def usual_step(ground: Ground) -> Step:
    """Return how long a bucket is where nobody asks for another length."""
    return "day" if len(ground.choice.period) <= 92 else "week"


def _opened(request: StaffRequest, metric: Metric, ground: Ground, step: Step, split: str) -> dict[str, object]:
    asked = ground.asked()
    query = query_of(
        request.GET, days=None, split=None, step=None,
        **{"from": asked.period.first.isoformat(), "to": asked.period.last.isoformat()},
    )  # fmt: skip
    may_name = may_see_members(request.access)
    whole = _whole(metric, asked)
    before = _whole(metric, ground.asked(period=asked.period.previous)) if ground.choice.is_comparable else None
    parts = parts_of(metric, ground, split, query if may_name else "") if split else []
    return {
        "figure": _figure(metric, whole),
        "before": write(metric.style, before.value) if before is not None and before.value is not None else "",
        "interval": interval_words(metric.style, whole),
        "known": known_words(whole),
        "is_small": whole is not None and whole.is_small,
        "of": "" if whole is None or whole.of is None else formats.exact(whole.of),
        "chart": chart_of(metric, ground, step, split, query if may_name else ""),
        "parts": parts[:MOST_PARTS],
        "parts_found": len(parts),
        "behind": sides_of(metric, asked, whole, query) if may_name else [],
        "nobody": _why_nobody(metric, may_name=may_name),
        "is_by_place": any(side.is_by_place for side in metric.sides),
        "sqls": [told(statement) for statement in metric.statements(asked)],
    }


def _whole(metric: Metric, asked: Asked) -> Reading | None:
    return next(iter(metric.read(asked)), None)


def _entry(metric: Metric, reading: Reading | None, query: str) -> Entry:
    url = reverse("console:metric", args=[metric.key]) + (f"?{query}" if query else "")
    value = write(metric.style, reading.value) if reading is not None else "–"
    interval = interval_words(metric.style, reading) or known_words(reading)
    return Entry(metric, url, value, interval, reading is not None and reading.is_small)


def write(style: Style, value: float | None) -> str:
    """Write a value of a metric in its style."""
    if value is None:
        return "–"
    if style == "money":
        return formats.money(round(value))
    if style == "percent":
        return formats.percent(value)
    if style == "duration":
        return formats.duration(value)
    if style == "mean":
        # Beyond a hundred, a tenth of a person says nothing.
        return formats.exact(round(value)) if value >= 100 else f"{value:,.1f}"
    # What is counted is whole, though what is expected of it may not be.
    return f"{value:,.2f}" if style == "ratio" else formats.exact(round(value))


def interval_words(style: Style, reading: Reading | None) -> str:
    """Write the 95% interval of a reading, or nothing."""
    if reading is None or reading.low is None or reading.high is None:
        return ""
    return f"{write(style, reading.low)} ~ {write(style, reading.high)}"


def known_words(reading: Reading | None) -> str:
    """Write of how many a reading speaks, where it is known of some only; or nothing."""
    if reading is None or reading.among is None or reading.of is None or reading.of >= reading.among:
        return ""
    return _("只算登记了花费的 {n} / {all} 人次").format(n=formats.exact(reading.of), all=formats.exact(reading.among))


def _figure(metric: Metric, reading: Reading | None) -> Figure:
    value = reading.value if reading is not None else None
    unit = "" if metric.style in {"money", "percent", "duration"} else metric.definition.unit
    return Figure(metric.definition.title, rounded(metric.style, value), format_of(metric.style), unit=unit)


def rounded(style: Style, value: float | None) -> float | None:
    """Return a value with the digits that its style is shown with."""
    if value is None or style not in {"ratio", "mean"}:
        return value
    return round(value, 2 if style == "ratio" else 0 if value >= 100 else 1)


def format_of(style: Style, *, is_short: bool = False) -> Format:
    """Return how values of a style are drawn; large counts shortly where asked for."""
    if style == "count" and is_short:
        return "count"
    return "exact" if style in {"ratio", "mean", "count"} else cast("Format", style)


def chart_of(metric: Metric, ground: Ground, step: Step, split: str, query: str) -> Chart:
    """Return a metric over time, or the largest of its parts; ``query`` is what its lists of people are asked with."""
    asked = ground.asked(step=step, split=split)
    readings = metric.read(asked)
    starts = asked.starts
    by_part: dict[str, dict[date, Reading]] = {}
    for reading in readings:
        by_part.setdefault(reading.part, {})[reading.start] = reading
    ranked = sorted(by_part, key=lambda part: (-sum(each.value or 0 for each in by_part[part].values()), part))
    series = [
        series_of(
            metric,
            asked,
            f"part-{part}" if split else metric.key,
            part_words(split, part, ground.names) if split else str(metric.definition.title),
            by_part[part],
        )
        for part in ranked[:MOST_LINES]
    ]
    is_count = metric.style in {"count", "money"}
    return Chart(
        "metric",
        metric.definition.title,
        "area" if is_count and not split else "line",
        [f"{start:%Y-%m}" if step == "month" else f"{start:%m-%d}" for start in starts],
        series or [Series("value", metric.definition.title, [None] * len(starts))],
        definition=metric.definition.counted,
        label_title=_("日期"),
        unit=_("单列最大的 {n} 组").format(n=MOST_LINES) if len(ranked) > MOST_LINES else "",
        links=[behind_metric(metric, ground.asked(step=step), "", query, start=start) for start in starts]
        if query and not split and metric.sides
        else (),
    )


def series_of(metric: Metric, asked: Asked, key: str, name: str, known: Mapping[date, Reading]) -> Series:
    """Return one line. Days over in which nothing happened are 0 of a count; of a share nothing can be said."""
    is_counted = metric.style in {"count", "money"}
    found = [known.get(start) for start in asked.starts]
    nothing = [0 if is_counted and bucket.last <= asked.last_day else None for bucket in asked.buckets]
    is_banded = not asked.split and any(each is not None and each.low is not None for each in found)
    return Series(
        key,
        name,
        [none if each is None else each.value for each, none in zip(found, nothing, strict=True)],
        format_of(metric.style),
        low=[None if each is None else each.low for each in found] if is_banded else None,
        high=[None if each is None else each.high for each in found] if is_banded else None,
    )


def parts_of(metric: Metric, ground: Ground, split: str, query: str) -> list[Part]:
    """Return the parts of a metric in a period, the largest first."""
    asked = ground.asked(split=split)
    readings = sorted(metric.read(asked), key=lambda each: (each.value is None, -(each.value or 0), each.part))
    return [
        Part(
            part_words(split, reading.part, ground.names),
            write(metric.style, reading.value),
            interval_words(metric.style, reading),
            "" if reading.of is None else formats.exact(reading.of),
            reading.is_small,
            _first_side(metric, asked, reading, query) if query else "",
        )
        for reading in readings
    ]


def sides_of(metric: Metric, asked: Asked, reading: Reading | None, query: str) -> list[Behind]:
    """Return who is behind a reading, side by side; those of whom it counts nobody are left out."""
    if reading is None or reading.value is None:
        return []
    found = [(side, side.size(reading)) for side in metric.sides]
    return [
        Behind(
            str(side.title),
            "" if size is None else formats.exact(size),
            behind_metric(metric, asked, reading.part, query, start=reading.start, side=side.key),
        )
        for side, size in found
        if size != 0
    ]


def _first_side(metric: Metric, asked: Asked, reading: Reading, query: str) -> str:
    """Return where those whom a reading counts are listed, if it counts anybody."""
    if not metric.sides or not reading.value:
        return ""
    return behind_metric(metric, asked, reading.part, query, start=reading.start)


def _why_nobody(metric: Metric, *, may_name: bool) -> str:
    """Say why no list of people is offered at all; nothing where one is."""
    if not metric.sides:
        return _("这个数数的不是人，所以没有名单。")
    return "" if may_name else _("背后是谁，要能看成员才看得到。")


def behind_metric(
    metric: Metric, asked: Asked, part: str, query: str, *, start: date | None = None, side: str = ""
) -> str:
    """Return the address of the people on one side of one value of a metric; without ``side`` of those it counts."""
    more = {"metric": metric.key, "step": asked.step, "start": (start or asked.period.first).isoformat()}
    if side:
        more["side"] = side
    if part:
        more |= {"split": asked.split, "part": part}
    return behind_url("metric", query, **more)


def _asked_metric(parameters: QueryDict) -> Metric:
    found = metrics().get(parameters.get("metric", ""))
    if found is None:
        raise ValueError(parameters.get("metric"))
    return found


def _words(_access: Access, parameters: QueryDict) -> str:
    found = _asked_metric(parameters)
    start = date.fromisoformat(parameters.get("start", ""))
    asked = parameters.get("side", "")
    side = next((each for each in found.sides if asked in {"", each.key}), None)
    if side is None:
        raise ValueError(asked)
    return _("指标：{title}，{start} 起，{people}").format(title=found.definition.title, start=start, people=side.title)


def _crowd_needs(parameters: QueryDict) -> tuple[str, ...]:
    found = metrics().get(parameters.get("metric", ""))
    return needs_of(found) if found is not None else ()


def _members(ground: Ground, parameters: QueryDict) -> tuple[int, ...]:
    found = _asked_metric(parameters)
    step = parameters.get("step", "")
    split = parameters.get("split", "")
    asked = ground.asked(
        step=cast("Step", step if step in UNITS else "whole"), split=split if split in found.dimensions else ""
    )
    start = date.fromisoformat(parameters.get("start", ""))
    return found.people(asked, parameters.get("part", ""), start, parameters.get("side", ""))


declare("metric", Crowd(_words, _crowd_needs, _members))

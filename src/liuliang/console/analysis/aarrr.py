"""AARRR: where people come from and what they cost, whether they begin, stay, bring others and pay; for all or some groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.accounts.permissions import ANALYTICS_EDIT, ANALYTICS_VIEW, ORDERS_VIEW
from liuliang.analytics.base import Asked, Metric, Reading, metrics
from liuliang.analytics.comparing import compared
from liuliang.console.analysis.funnel import part_words
from liuliang.console.analysis.ground import Ground, ground_of, ground_where, may_see_members, query_of
from liuliang.console.analysis.metrics import (
    Behind,
    behind_metric,
    grounds_of,
    interval_words,
    known_words,
    sides_of,
    write,
)
from liuliang.console.doors import StaffRequest, page
from liuliang.console.figures import change_of
from liuliang.console.periods import LENGTHS
from liuliang.people.access import Access
from liuliang.ui import formats
from liuliang.ui.figures import Change

FOLDER = "console/analysis"


@dataclass(frozen=True, slots=True)
class Stage:
    """A letter of AARRR: its question, and the metrics that answer it."""

    title: str | Promise
    question: str | Promise
    metrics: tuple[str, ...]


STAGES: Mapping[str, Stage] = {
    "acquisition": Stage(
        gettext_lazy("获客"), gettext_lazy("从哪里来，来了多少，一个人花多少钱？"), ("joined", "net", "cost", "cac")
    ),
    "activation": Stage(gettext_lazy("激活"), gettext_lazy("新人开口了吗？"), ("activation", "rate")),
    "retention": Stage(
        gettext_lazy("留存"), gettext_lazy("过几天还在不在？"), ("retention_1", "retention_7", "retention_30", "churn")
    ),
    "referral": Stage(
        gettext_lazy("裂变"), gettext_lazy("一个人带来几个人，愿不愿意推荐？"), ("invites", "k_factor", "nps")
    ),
    "revenue": Stage(
        gettext_lazy("成交"),
        gettext_lazy("付了多少，值不值？"),
        ("gmv", "buyers", "conversion", "arpu", "repurchase", "ltv", "roi"),
    ),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A metric on the page: its reading and how it is written, its change, and where it opens. ``asked`` is its question."""

    metric: Metric
    asked: Asked
    reading: Reading | None
    url: str
    value: str
    interval: str
    is_small: bool
    change: Change | None
    behind: Sequence[Behind]
    why: str = ""
    longer: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """A way of joining: who came by it, how they did, what they cost."""

    title: str
    joined: str
    url: str
    activation: str
    retention: str
    spent: str
    cac: str
    known: str


@page(permission=ANALYTICS_VIEW)
def aarrr(request: StaffRequest) -> HttpResponse:
    """Show the five stages; the numbers of each follow by themselves."""
    ground = ground_of(request.access, request.GET, path=request.path)
    if ground.choice.known is None:
        return render(request, f"{FOLDER}/empty.html", {"title": "AARRR"})
    context = {
        "ground": ground,
        "choice": ground.choice,
        "stages": STAGES.items(),
        "query": query_of(request.GET),
        "may_enter_costs": request.access.may(ANALYTICS_EDIT) and request.access.may(ORDERS_VIEW),
    }
    return render(request, f"{FOLDER}/aarrr.html", context)


@page(permission=ANALYTICS_VIEW)
def stage(request: StaffRequest) -> HttpResponse:
    """Show the numbers of one stage."""
    chosen = STAGES.get(request.GET.get("stage", "acquisition"))
    if chosen is None:
        raise Http404
    parameters = request.GET.copy()
    parameters.pop("stage", None)
    ground = ground_of(request.access, parameters)
    if ground.choice.known is None:
        return HttpResponse(status=204)
    period = ground.choice.period
    query = query_of(
        parameters, days=None, **{"from": period.first.isoformat(), "to": period.last.isoformat()}
    )  # fmt: skip
    lines = [_explained(line, ground, parameters) for line in lines_of(request.access, chosen, parameters, query)]
    context = {
        "lines": lines,
        "hidden": len(chosen.metrics) - len(lines),
        "ways": _ways(request, ground, query) if chosen is STAGES["acquisition"] else None,
        "may_see_costs": request.access.may(ORDERS_VIEW),
    }
    return render(request, f"{FOLDER}/aarrr_stage.html", context)


def lines_of(access: Access, stage: Stage, parameters: QueryDict, query: str) -> list[Line]:
    """Return the metrics of a stage that somebody may see in what ``parameters`` choose; ``query`` asks the pages of them."""
    grounds = grounds_of(access, parameters, [metrics()[key] for key in stage.metrics])
    return [_line(metrics()[key], ground, query) for key, ground in grounds.items()]


def _line(metric: Metric, ground: Ground, query: str) -> Line:
    asked = ground.asked()
    found = compared(metric, asked, is_comparable=ground.choice.is_comparable)
    reading = found.now
    value = None if reading is None else reading.value
    is_counted = metric.style == "count"
    return Line(
        metric,
        asked,
        reading,
        f"{reverse('console:metric', args=[metric.key])}?{query}",
        write(metric.style, 0 if value is None and is_counted else value),
        interval_words(metric.style, reading) or known_words(reading),
        reading is not None and reading.is_small,
        change_of(found.comparison, metric.definition, in_points=metric.style == "percent"),
        sides_of(metric, asked, reading, query) if may_see_members(ground.access) else (),
    )


def _explained(line: Line, ground: Ground, parameters: QueryDict) -> Line:
    """Say why a number is missing or small where those who came have not been there for long enough, and what helps."""
    waits, is_missing = line.metric.waits, line.value == "–"
    if not waits or not (is_missing or line.is_small):
        return line
    period, known = ground.choice.period, ground.choice.known
    seen = (ground.asked().last_day - timedelta(days=waits) - period.first).days + 1
    if 2 * seen > len(period):
        # Most had the time: there are few of them, or none.
        return replace(line, why=_("这段时间里没有新来的人。")) if is_missing else line
    told = (
        _("进来满 {n} 天的人才算，这段时间里来的人都还没满。")
        if is_missing
        else _("进来满 {n} 天的人才算，这段时间里来的人大多还没满。")
    )
    why = told.format(n=waits)
    longer = next((length for length in LENGTHS if length > max(waits, len(period))), None)
    if longer is None or known is None or known.first >= period.first:
        return replace(line, why=why)
    url = f"{reverse('console:aarrr')}?{query_of(parameters, **{'from': None, 'to': None, 'days': str(longer)})}"
    return replace(line, why=why, longer=(_("看近 {n} 天").format(n=longer), url))


def _ways(request: StaffRequest, ground: Ground, query: str) -> Sequence[Way]:
    """Return the ways of joining, the one most came by first."""
    asked = ground.asked(split="how")
    joined, activated, back = (
        {each.part: each for each in metrics()[key].read(asked)} for key in ("joined", "activation", "retention_7")
    )
    may_see_costs = request.access.may(ORDERS_VIEW)
    paying = ground_where(request.access, request.GET, ORDERS_VIEW) if may_see_costs else None
    costs = metrics()["cac"].read(paying.asked(split="how")) if paying is not None else ()
    paid = {each.part: each for each in costs}
    may_name = may_see_members(request.access)
    ways = sorted(joined.keys() | paid.keys(), key=lambda part: (-_number(joined.get(part)), part))
    return [
        Way(
            part_words("how", part, ground.names),
            formats.exact(_number(joined.get(part))),
            behind_metric(metrics()["joined"], asked, part, query) if may_name and part in joined else "",
            _share(activated.get(part)),
            _share(back.get(part)),
            formats.money(round(paid[part].count or 0)) if part in paid else "–",
            write("money", paid[part].value) if part in paid else "–",
            known_words(paid.get(part)),
        )
        for part in ways
    ]


def _number(reading: Reading | None) -> float:
    return (reading.value or 0.0) if reading is not None else 0.0


def _share(reading: Reading | None) -> str:
    if reading is None or reading.value is None:
        return "–"
    return f"{formats.percent(reading.value)} ({interval_words('percent', reading)})"

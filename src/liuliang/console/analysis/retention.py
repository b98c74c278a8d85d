"""留存: the matrix of who came back, and the people behind each of its cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import cast

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _

from liuliang.accounts.permissions import ANALYTICS_VIEW
from liuliang.analytics import retention as story
from liuliang.analytics.periods import Period
from liuliang.analytics.retention import AGES, MOST_COHORTS, Back, Began, Cell, Cohort, Matrix, Mean, Question, Unit
from liuliang.console.analysis.behind import Crowd, behind_url, declare
from liuliang.console.analysis.ground import Ground, ground_of, may_see_members, query_of
from liuliang.console.analysis.statements import told
from liuliang.console.analysis.words import BACK, BEGAN, UNITS, WAYS, age_words, cohort_words
from liuliang.console.doors import StaffRequest, page
from liuliang.people.access import Access
from liuliang.ui import formats
from liuliang.ui.charts import Chart, Series

FOLDER = "console/analysis"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A cell as it is drawn: its depth of colour from 0 to 10, what it says, and where its people are."""

    cell: Cell
    heat: int
    text: str
    hint: str
    url: str


@dataclass(frozen=True, slots=True)
class Row:
    """A cohort as it is drawn."""

    cohort: Cohort
    title: str
    url: str
    cells: Sequence[Drawn]


@dataclass(frozen=True, slots=True)
class DrawnMean:
    """The mean at an age as it is drawn."""

    mean: Mean
    heat: int
    text: str
    hint: str


@page(permission=ANALYTICS_VIEW)
def retention(request: StaffRequest) -> HttpResponse:
    """Show who came back."""
    ground = ground_of(request.access, request.GET, path=request.path)
    context = {"ground": ground, "choice": ground.choice, "definition": story.RETENTION, "units": UNITS, "began": BEGAN}
    if ground.choice.known is None:
        return render(request, f"{FOLDER}/empty.html", {**context, "title": _("留存")})
    question = question_of(ground, request.GET)
    matrix = story.retention(question)
    query = query_of(request.GET, **_period(ground), unit=question.unit)
    links = may_see_members(request.access)
    is_gone = request.GET.get("who") == "gone"
    context |= {
        "question": question,
        **drawn_matrix(question, matrix, query if links else ""),
        "curve": curve_of(question, matrix),
        "back": BACK,
        "ways": WAYS,
        "who_links": [
            (_("留下的人"), f"?{query_of(request.GET, who=None)}", not is_gone),
            (_("没留下的人"), f"?{query_of(request.GET, who='gone')}", is_gone),
        ],
        "may_see_members": links,
        "is_fitted": request.GET.get("unit") not in UNITS and question.unit != "day",
        "is_coarser": request.GET.get("unit") in UNITS and request.GET.get("unit") != question.unit,
        "sql": told(story.statement_of(question)),
    }
    return render(request, f"{FOLDER}/retention.html", context)


def drawn_matrix(question: Question, matrix: Matrix, query: str) -> dict[str, object]:
    """Return what ``console/analysis/retention_matrix.html`` draws; ``query`` is what its lists of people are asked with."""
    links = bool(query)
    return {
        "matrix": matrix,
        "rows": [_row(question, cohort, query, links=links) for cohort in reversed(matrix.cohorts)],
        "ages": [age_words(question.unit, age) for age in range(len(_longest(matrix).cells))],
        "average": [_drawn_mean(question, mean) for mean in matrix.average],
        "began_words": BEGAN[question.began],
    }


def question_of(ground: Ground, parameters: QueryDict) -> Question:
    """Read the question from the address; what cannot be understood takes its usual value.

    Without a unit it is the shortest that gives the rows people enough. Where the period has more cohorts than a matrix may
    have rows, the unit is the next longer one.
    """
    question = Question(
        scope=ground.scope,
        period=ground.choice.period,
        unit="day",
        last_day=ground.asked().last_day,
        began=cast("Began", _one_of(BEGAN, parameters.get("began"))),
        back=cast("Back", _one_of(BACK, parameters.get("back"))),
        how=parameters.get("how", "") if parameters.get("how") in WAYS else "",
    )
    asked = parameters.get("unit", "")
    if asked not in UNITS:
        return replace(question, unit=story.fitting_unit(question))
    units = list(UNITS)
    for each in units[units.index(asked) :]:
        question = replace(question, unit=cast("Unit", each))
        if len(question.starts) <= MOST_COHORTS:
            break
    return question


def _one_of(choices: Mapping[str, object], asked: str | None) -> str:
    return asked if asked is not None and asked in choices else next(iter(choices))


def _period(ground: Ground) -> dict[str, str | None]:
    """Return the parameters that name the period by its days, so that a link means the same tomorrow."""
    period = ground.choice.period
    return {"days": None, "from": period.first.isoformat(), "to": period.last.isoformat()}


def _longest(matrix: Matrix) -> Cohort:
    return max(matrix.cohorts, key=lambda cohort: len(cohort.cells))


def _row(question: Question, cohort: Cohort, query: str, *, links: bool) -> Row:
    start = cohort.start.isoformat()
    url = behind_url("retention", query, start=start) if links and cohort.size else ""
    cells = [_drawn(question, cohort.start, cell, query, links=links) for cell in cohort.cells]
    return Row(cohort, cohort_words(question.unit, cohort.start, question.period), url, cells)


def _drawn_mean(question: Question, mean: Mean) -> DrawnMean:
    low, high = mean.interval or (0.0, 1.0)
    hint = _("{age}：平均 {share}，95% 区间 {low} ~ {high}；{of} 人里 {seen} 人走到了这一格").format(
        age=age_words(question.unit, mean.age),
        share=formats.percent(mean.share),
        low=formats.percent(low),
        high=formats.percent(high),
        of=formats.exact(mean.of),
        seen=formats.exact(mean.seen),
    )
    if mean.seen < mean.of:
        hint += _("，其余的是估计")
    return DrawnMean(mean, _heat(mean.share), formats.percent(mean.share, 0), hint)


def _heat(share: float) -> int:
    return min(10, -(-round(share * 1000) // 100))


def _drawn(question: Question, start: date, cell: Cell, query: str, *, links: bool) -> Drawn:
    share, interval = cell.share, cell.interval
    if share is None or interval is None:
        return Drawn(cell, 0, "", "", "")
    hint = _("{age}：{of} 人里 {count} 人，{share}，95% 区间 {low} ~ {high}").format(
        age=age_words(question.unit, cell.age),
        of=formats.exact(cell.of),
        count=formats.exact(cell.count),
        share=formats.percent(share),
        low=formats.percent(interval[0]),
        high=formats.percent(interval[1]),
    )
    if not cell.is_complete:
        hint += _("（还没过完）")
    url = ""
    if links:
        is_anybody = cell.count < cell.of if "who=gone" in query.split("&") else cell.count > 0
        url = behind_url("retention", query, start=start.isoformat(), age=cell.age) if is_anybody else ""
    return Drawn(cell, _heat(share), formats.percent(share, 0), hint, url)


def curve_of(question: Question, matrix: Matrix) -> Chart:
    """Return the mean of all who began, by age."""
    means = matrix.average
    return Chart(
        "retention-curve",
        _("来了的人，后来还在的有多少？"),
        "line",
        [age_words(question.unit, mean.age) for mean in means],
        [
            Series(
                "active",
                BACK[question.back],
                [mean.share for mean in means],
                "percent",
                low=[mean.interval[0] if mean.interval else None for mean in means],
                high=[mean.interval[1] if mean.interval else None for mean in means],
            )
        ],
        definition=story.RETENTION.counted,
        label_title=_("开始之后"),
        height="small",
    )


def _words(_access: Access, parameters: QueryDict) -> str:
    unit = parameters.get("unit", "")
    start = date.fromisoformat(parameters.get("start", ""))
    if unit not in UNITS:
        raise ValueError(unit)
    began = BEGAN[_one_of(BEGAN, parameters.get("began"))]
    period = Period(date.fromisoformat(parameters.get("from", "")), date.fromisoformat(parameters.get("to", "")))
    cohort = _("{cohort} {began}").format(cohort=cohort_words(unit, start, period), began=began)
    if "age" not in parameters:
        return _("留存：{cohort}的人").format(cohort=cohort)
    back = BACK[_one_of(BACK, parameters.get("back"))]
    words = (
        _("留存：{cohort}，{age}没有{back}") if parameters.get("who") == "gone" else _("留存：{cohort}，{age}{back}")
    )
    return words.format(cohort=cohort, age=age_words(unit, int(parameters.get("age", ""))), back=back)


def _members(ground: Ground, parameters: QueryDict) -> tuple[int, ...]:
    start = date.fromisoformat(parameters.get("start", ""))
    age = int(parameters.get("age", "")) if "age" in parameters else None
    if age is not None and not 0 <= age <= max(AGES.values()):
        return ()
    question = question_of(ground, parameters)
    return story.members_behind(question, start, age, is_back=parameters.get("who") != "gone")


declare("retention", Crowd(_words, lambda _parameters: (), _members))

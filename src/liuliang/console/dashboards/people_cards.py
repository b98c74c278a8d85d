"""The cards that follow people: funnels, retention, segments."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from liuliang.accounts.permissions import MEMBERS_VIEW
from liuliang.analytics import funnels, retention
from liuliang.console.analysis.asking import WINDOWS
from liuliang.console.analysis.asking import Line as Step
from liuliang.console.analysis.behind import behind_url
from liuliang.console.analysis.funnel import Form, stages_of
from liuliang.console.analysis.funnel import question_of as funnel_of
from liuliang.console.analysis.ground import may_see_members, query_of
from liuliang.console.analysis.metrics import Behind
from liuliang.console.analysis.retention import curve_of, drawn_matrix
from liuliang.console.analysis.retention import question_of as retention_of
from liuliang.console.analysis.statements import told
from liuliang.console.analysis.words import age_words, cohort_words
from liuliang.console.dashboards.drawn import Drawn, Line
from liuliang.console.dashboards.standing import Standing
from liuliang.console.segments.detail import growth_chart
from liuliang.console.segments.listing import find_segment
from liuliang.dashboards.questions import FunnelQuestion, RetentionQuestion, SegmentQuestion
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.segments.queries import growth
from liuliang.ui import formats


def form_of(question: FunnelQuestion, query: str) -> Form:
    """Return a funnel as the page of funnels holds it; ``query`` says of which communities and days."""
    return Form(
        lines=[Step(step.kind, step.key, step.relation, step.value) for step in question.steps],
        window=question.window if question.window in WINDOWS else "7d",
        split="",
        without=question.without,
        is_compared=False,
        rest=[(name, value) for name, values in QueryDict(query).lists() for value in values],
    )


def draw_funnel(standing: Standing, question: FunnelQuestion) -> Drawn:
    """Draw how far people came."""
    form = form_of(question, standing.query)
    asked = funnel_of(standing.ground, form)
    flow = funnels.funnel(asked)[0]
    stages = stages_of(asked, flow, None, form.query if may_see_members(standing.ground.access) else "")
    notes = []
    if flow.entered:
        notes.append(_("{n} 个人迈出第一步").format(n=formats.exact(flow.entered)))
        if flow.share is not None:
            notes.append(_("{share} 走到最后").format(share=formats.percent(flow.share)))
        if not asked.is_over:
            notes.append(_("有人的窗口还没走完，后面几步的人数还会增加"))
    else:
        notes.append(_("这段时间没有人做过第一步"))
    return Drawn(
        f"{stages[0].title} → {stages[-1].title}",
        str(funnels.FUNNEL.counted),
        f"{reverse('console:funnel')}?{form.query}",
        sqls=[told(funnels.statement_of(asked))],
        part="console/analysis/funnel_stages.html",
        context={"stages": stages},
        note=" · ".join(notes),
        unit=str(funnels.FUNNEL.unit),
        lines=[Line(f"{each.stage.step}. {each.title}", each.stage.reached) for each in stages],
    )


def draw_retention(standing: Standing, question: RetentionQuestion) -> Drawn:
    """Draw who came back: the matrix of cohorts, or their mean."""
    said = {name: getattr(question, name) for name in ("unit", "began", "back", "how")}
    asked = retention_of(standing.ground, QueryDict(urlencode(said)))
    matrix = retention.retention(asked)
    query = query_of(QueryDict(standing.query), **{**said, "unit": asked.unit})
    may_name = may_see_members(standing.ground.access)
    is_matrix = question.view == "matrix"
    lines = [
        Line(f"{cohort_words(asked.unit, cohort.start, asked.period)} · {age_words(asked.unit, cell.age)}", cell.share, "percent",
             *(cell.interval or (None, None)))
        for cohort in matrix.cohorts
        for cell in cohort.cells
        if cell.of
    ]  # fmt: skip
    title = _("来了的人，后来怎样了？") if is_matrix else _("来了的人，后来还在的有多少？")
    note = _("这段时间没有人开始。") if not matrix.size else _("{n} 个人").format(n=formats.exact(matrix.size))
    if matrix.size and not is_matrix and may_name:
        note += " · " + _("在留存页点格子，看每一格是谁。")
    return Drawn(
        title,
        str(retention.RETENTION.counted),
        f"{reverse('console:retention')}?{query}",
        sqls=[told(retention.statement_of(asked))],
        chart=None if is_matrix else curve_of(asked, matrix),
        part="console/analysis/retention_matrix.html" if is_matrix and matrix.size else "",
        context=drawn_matrix(asked, matrix, query if may_name else "") if is_matrix and matrix.size else {},
        note=note,
        lines=lines,
    )


def draw_segment(standing: Standing, question: SegmentQuestion) -> Drawn:
    """Draw how large a segment is, and how it grows."""
    found = find_segment(standing.ground.access, MEMBERS_VIEW, question.segment)
    if found is None:
        raise Refused("segment.segment_gone")
    chart = growth_chart(found)
    days = growth(found, days=len(chart.labels) or 1, at=clock.now())
    return Drawn(
        _("人群：%(name)s") % {"name": found.name},
        str(chart.definition),
        reverse("console:segment", args=[found.public_id]),
        [Behind(_("人群里的人"), formats.exact(found.size), behind_url("segment", "", segment=found.public_id))],
        chart=chart,
        note=_("现在 {n} 人").format(n=formats.exact(found.size)),
        unit=str(chart.unit),
        lines=[Line(day.day.isoformat(), day.size) for day in days],
    )

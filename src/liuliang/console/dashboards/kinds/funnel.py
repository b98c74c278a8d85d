"""The card of a funnel: how far people came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from liuliang.analytics import funnels
from liuliang.analytics.happenings import needed
from liuliang.console.analysis.asking import WINDOWS
from liuliang.console.analysis.asking import Line as Step
from liuliang.console.analysis.funnel import Form, read_form, stages_of
from liuliang.console.analysis.funnel import question_of as funnel_of
from liuliang.console.analysis.ground import may_see_members
from liuliang.console.analysis.statements import told
from liuliang.console.dashboards.drawn import Drawn, Line, doubts
from liuliang.console.dashboards.face import Face, Fields, Standing
from liuliang.dashboards.models import Card
from liuliang.dashboards.questions import FunnelQuestion
from liuliang.dashboards.ready import FUNNELS
from liuliang.people.access import Access
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


def draw(standing: Standing, question: FunnelQuestion) -> Drawn:
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
            notes.extend(doubts(flow.stages[-1].interval, is_small=flow.stages[-1].is_small))
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


def _needs(question: FunnelQuestion) -> tuple[str, ...]:
    return needed(*(line.happening for line in form_of(question, "").lines), kinds=(question.without,))


def _fields(access: Access, card: Card | None) -> Fields:
    if card is not None:
        return {}
    offered = [
        (key, one.title)
        for key, one in FUNNELS.items()
        if all(map(access.may, _needs(FunnelQuestion.model_validate(one.question))))
    ]
    return {"ready": forms.ChoiceField(label=_("常用的漏斗"), choices=offered)}


def _settled(question: dict[str, Any]) -> dict[str, Any]:
    return dict(FUNNELS[question["ready"]].question) if "ready" in question else question


def _read(access: Access, parts: Mapping[str, str], parameters: QueryDict) -> dict[str, Any]:
    del access, parts
    form = read_form(parameters)
    return {
        "steps": [
            {"kind": line.kind, "key": line.key, "relation": line.relation, "value": line.value} for line in form.lines
        ],
        "window": form.window,
        "without": form.without,
    }


FACE = Face("funnel", draw, _needs, _fields, _settled, has_days=True, page="funnel", read=_read)

"""The card of forecasts: members by what is expected of them, and how many are about to be lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from liuliang.analytics.forecasts import forecast as story
from liuliang.analytics.forecasts.forecast import HORIZONS, Report, Withheld
from liuliang.analytics.forecasts.histories import statement_of
from liuliang.console.analysis.ground import may_see_members, query_of
from liuliang.console.analysis.predictions import (
    ACTING,
    asked_of,
    bias_words,
    needed_for,
    offered_to,
    question_of,
    range_of,
    rows_of,
    verdict_words,
    withheld_words,
)
from liuliang.console.analysis.statements import told
from liuliang.console.dashboards.drawn import Drawn, Line
from liuliang.console.dashboards.face import Face, Fields, Standing
from liuliang.dashboards.models import Card
from liuliang.dashboards.questions import PredictionsQuestion
from liuliang.people.access import Access


def draw(standing: Standing, question: PredictionsQuestion) -> Drawn:
    """Draw the groups of a forecast, or say why the data is too thin for one."""
    asked = question_of(standing.ground, question.subject, question.horizon)
    found = story.report(asked)
    query = query_of(QueryDict(standing.query), subject=question.subject, horizon=str(question.horizon))
    title = _("谁会再买，谁快要流失？") if question.subject == "buying" else _("谁会再说话，谁快要流失？")
    sqls = [told(statement_of(asked))]
    url = f"{reverse('console:predictions')}?{query}"
    if isinstance(found, Withheld):
        why = _("数据还不够，不给预测。") + withheld_words(found, question.subject)
        return Drawn(title, str(story.FORECAST.counted), url, sqls=sqls, note=why)
    acting, low, high = range_of(found)
    notes = [verdict_words(found.fitted.test), bias_words(found.fitted.test)]
    if question.subject == "buying" and found.fitted.money is None:
        notes.append(_("金额不给预测：付过人民币的人不到 100 个，或者各人差得太远，平均数没有意义。"))
    return Drawn(
        title,
        str(story.FORECAST.counted),
        url,
        sqls=sqls,
        part="console/analysis/forecast_groups.html",
        context={
            "report": found, "rows": rows_of(found, query if may_see_members(standing.ground.access) else ""),
            "has_money": found.fitted.money is not None, "horizon": question.horizon, "acting": acting, "low": low,
            "high": high,
        },
        note=" ".join(filter(None, notes)),
        unit=_("人"),
        lines=_lines(found, question, acting, low, high),
    )  # fmt: skip


def _lines(found: Report, question: PredictionsQuestion, acting: int, low: int, high: int) -> list[Line]:
    groups = rows_of(found, "")
    lines = [Line(str(ACTING[question.subject]), acting, low=low, high=high)]
    lines += [Line(str(row.title), row.share.people) for row in groups]
    if found.fitted.money is not None:
        lines += [Line(f"{row.title} · {_('预计金额')}", row.value, "money") for row in groups]
        lines += [Line(f"{row.title} · {_('可能流失')}", row.at_stake, "money") for row in groups]
    return lines


def _needs(question: PredictionsQuestion) -> tuple[str, ...]:
    return needed_for(question.subject)


def _fields(access: Access, card: Card | None) -> Fields:
    del card
    usual = PredictionsQuestion()
    ahead = [(days, _("{days} 天").format(days=days)) for days in HORIZONS]
    return {
        "subject": forms.ChoiceField(
            label=_("预测什么"), choices=list(offered_to(access).items()), initial=usual.subject
        ),
        "horizon": forms.TypedChoiceField(label=_("往后看"), coerce=int, choices=ahead, initial=usual.horizon),
    }


def _read(access: Access, parts: Mapping[str, str], parameters: QueryDict) -> dict[str, Any]:
    del parts
    subject, horizon = asked_of(access, parameters)
    return {"subject": subject, "horizon": horizon}


FACE = Face("predictions", draw, _needs, _fields, page="predictions", read=_read)

"""The card of retention: who came back, as the matrix of cohorts or as their mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from liuliang.analytics import retention
from liuliang.console.analysis.ground import may_see_members, query_of
from liuliang.console.analysis.retention import curve_of, drawn_matrix
from liuliang.console.analysis.retention import question_of as retention_of
from liuliang.console.analysis.statements import told
from liuliang.console.analysis.words import BACK, BEGAN, UNITS, WAYS, age_words, cohort_words
from liuliang.console.dashboards.drawn import Drawn, Line, doubts
from liuliang.console.dashboards.face import Face, Fields, Standing
from liuliang.dashboards.models import Card
from liuliang.dashboards.questions import RetentionQuestion
from liuliang.people.access import Access
from liuliang.ui import formats


def draw(standing: Standing, question: RetentionQuestion) -> Drawn:
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
    known = [mean for mean in matrix.average if mean.age]
    if known:
        # The first age after the beginning is the one that most people have reached, and the one people quote.
        note += " · " + _("{age} {share}").format(
            age=age_words(asked.unit, known[0].age), share=formats.percent(known[0].share)
        )
        few = any(mean.is_small for mean in known)
        note += "".join(f" · {each}" for each in doubts(known[0].interval, is_small=few))
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


def _fields(access: Access, card: Card | None) -> Fields:
    del access, card
    return {
        "view": forms.ChoiceField(label=_("怎么看"), choices=[("curve", _("平均曲线")), ("matrix", _("矩阵"))]),
        "began": forms.ChoiceField(label=_("从哪天算起"), choices=list(BEGAN.items())),
        "back": forms.ChoiceField(label=_("怎样算留下"), choices=list(BACK.items())),
        "how": forms.ChoiceField(label=_("进群方式"), required=False, choices=[("", _("全部")), *WAYS.items()]),
        "unit": forms.ChoiceField(label=_("每行"), required=False, choices=[("", _("看期间长短")), *UNITS.items()]),
    }


def _read(access: Access, parts: Mapping[str, str], parameters: QueryDict) -> dict[str, Any]:
    del access, parts
    choices = {"began": BEGAN, "back": BACK, "how": WAYS, "unit": UNITS}
    question = {name: parameters[name] for name, known in choices.items() if parameters.get(name) in known}
    return {**question, "view": "matrix"}


FACE = Face("retention", draw, fields=_fields, has_days=True, page="retention", read=_read, put_width=4)

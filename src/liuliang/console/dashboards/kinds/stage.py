"""The card of a stage of AARRR: its metrics with their intervals and changes."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from liuliang.console.analysis.aarrr import STAGES, Line, lines_of
from liuliang.console.analysis.metrics import rounded
from liuliang.console.analysis.statements import told
from liuliang.console.dashboards import drawn
from liuliang.console.dashboards.drawn import Drawn
from liuliang.console.dashboards.face import Face, Fields, Standing
from liuliang.dashboards.models import Card
from liuliang.dashboards.questions import StageQuestion
from liuliang.people.access import Access


def draw(standing: Standing, question: StageQuestion) -> Drawn:
    """Draw the metrics of a stage; those that the reader may not see here are counted and left out."""
    stage = STAGES[question.stage]
    lines = lines_of(standing.ground.access, stage, QueryDict(standing.query), standing.query)
    sqls = dict.fromkeys(told(each) for line in lines for each in line.metric.statements(line.asked))
    return Drawn(
        f"{stage.title} · {stage.question}",
        _meanings(lines),
        f"{reverse('console:aarrr')}?{standing.query}",
        sqls=list(sqls),
        part="console/dashboards/stage.html",
        context={"lines": lines, "hidden": len(stage.metrics) - len(lines)},
        lines=[
            drawn.Line(
                str(line.metric.definition.title),
                rounded(line.metric.style, line.reading.value)
                if line.reading is not None and line.reading.value is not None
                else None,
                line.metric.style,
                line.reading.low if line.reading is not None else None,
                line.reading.high if line.reading is not None else None,
            )
            for line in lines
        ],
    )


def _meanings(lines: Sequence[Line]) -> str:
    return " ".join(f"{line.metric.definition.title}{_('：')}{line.metric.definition.counted}" for line in lines)


def _fields(access: Access, card: Card | None) -> Fields:
    del access, card
    return {
        "stage": forms.ChoiceField(label=_("哪一段"), choices=[(key, each.title) for key, each in STAGES.items()]),
    }


FACE = Face("stage", draw, fields=_fields, has_days=True)

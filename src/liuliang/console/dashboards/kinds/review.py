"""The card of the review: what changed beyond the usual in the last week or month."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from liuliang.analytics.base import metrics
from liuliang.analytics.reviews import REVIEW
from liuliang.console.analysis.ground import query_of
from liuliang.console.analysis.statements import told
from liuliang.console.dashboards import drawn
from liuliang.console.dashboards.drawn import Drawn
from liuliang.console.dashboards.face import Face, Fields, Standing
from liuliang.console.reviews.telling import UNITS, changes_of
from liuliang.dashboards.models import Card
from liuliang.dashboards.questions import ReviewQuestion
from liuliang.people.access import Access
from liuliang.ui import formats


def draw(standing: Standing, question: ReviewQuestion) -> Drawn:
    """Draw what changed beyond the usual, with the groups and the people it lies in; the file has every figure."""
    # The period is the last that is over, whatever days the dashboard speaks of.
    parameters = QueryDict(query_of(QueryDict(standing.query), unit=question.unit, **{"from": None, "to": None}))
    found = changes_of(standing.ground, parameters)
    title = _("上一周什么变了？") if question.unit == "week" else _("上个月什么变了？")
    url = f"{reverse('console:reviews')}?{parameters.urlencode()}"
    if found is None:
        return Drawn(title, str(REVIEW.counted), url, note=_("这段时间还没有数据。"))
    sqls = dict.fromkeys(
        told(each)
        for line in found.changed or found.lines
        for each in metrics()[line.key].statements(found.questions[line.key])
    )
    return Drawn(
        title,
        str(REVIEW.counted),
        url,
        sqls=list(sqls),
        part="console/dashboards/review.html",
        context={"changed": found.changed, "why_not": found.why_not},
        note=_("{first} 至 {last}，和上一期比；不随看板选的日子变。").format(
            first=formats.day(found.period.first), last=formats.day(found.period.last)
        ),
        lines=[drawn.Line(line.title, line.values[1], line.style, before=line.values[0]) for line in found.lines],
    )


def _fields(access: Access, card: Card | None) -> Fields:
    del access, card
    return {"unit": forms.ChoiceField(label=_("看哪一期"), choices=list(UNITS.items()))}


def _read(access: Access, parts: Mapping[str, str], parameters: QueryDict) -> dict[str, Any]:
    del access, parts
    return {"unit": "month" if parameters.get("unit") == "month" else "week"}


FACE = Face("review", draw, fields=_fields, page="reviews", read=_read)

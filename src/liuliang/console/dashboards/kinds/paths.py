"""The card of paths: what people did after an event, or before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from liuliang.analytics import paths as story
from liuliang.analytics.happenings import needed
from liuliang.console.analysis.asking import WINDOWS, Line, kind_options, window_of, write_lines
from liuliang.console.analysis.flow_picture import picture
from liuliang.console.analysis.ground import may_see_members, query_of
from liuliang.console.analysis.paths import DIRECTIONS, line_of, node_words, question_of, steps_of
from liuliang.console.analysis.statements import told
from liuliang.console.analysis.words import happening_words
from liuliang.console.dashboards import drawn
from liuliang.console.dashboards.drawn import Drawn
from liuliang.console.dashboards.face import Face, Fields, Standing
from liuliang.dashboards.models import Card
from liuliang.dashboards.questions import PathsQuestion
from liuliang.people.access import Access
from liuliang.ui import formats


def draw(standing: Standing, question: PathsQuestion) -> Drawn:
    """Draw the flows from the event, or to it.

    Raises:
        Refused: the event or the window is not one that can be asked about.
    """
    line = Line(question.kind, question.key, question.relation, question.value)
    said = {name: value for name, value in write_lines([line]) if value}
    said |= {"direction": question.direction, "window": question.window}
    asked = question_of(standing.ground, QueryDict(urlencode(said)))
    found = story.paths(asked)
    query = query_of(QueryDict(standing.query), **said)
    is_before = question.direction == "before"
    steps = steps_of(found, query if may_see_members(standing.ground.access) else "")
    title = _("“{origin}”之前做了什么？") if is_before else _("“{origin}”之后做了什么？")
    note = _("这段时间没有人做过这件事。换一件事、换一段时间试试。")
    if found.people:
        note = _("{n} 个人，{window}以内").format(
            n=formats.exact(found.people), window=WINDOWS[window_of(QueryDict(urlencode(said)), "7d")][0]
        )
    return Drawn(
        title.format(origin=happening_words(asked.origin)),
        str(story.PATHS.counted),
        f"{reverse('console:paths')}?{query}",
        sqls=[told(story.statement_of(asked))],
        part="console/dashboards/paths.html" if found.people else "",
        context={"picture": picture(found, node_words, is_backward=is_before), "steps": steps},
        note=note,
        unit=str(story.PATHS.unit),
        lines=[drawn.Line(f"{step.place}. {step.title}", step.people) for step in steps],
    )


def _needs(question: PathsQuestion) -> tuple[str, ...]:
    return needed(Line(question.kind, question.key, question.relation, question.value).happening)


def _fields(access: Access, card: Card | None) -> Fields:
    del card
    usual = PathsQuestion()
    windows = [(key, words) for key, (words, _length) in WINDOWS.items()]
    return {
        "kind": forms.ChoiceField(label=_("从这件事看"), choices=kind_options(access), initial=usual.kind),
        "direction": forms.ChoiceField(label=_("方向"), choices=list(DIRECTIONS.items()), initial=usual.direction),
        "window": forms.ChoiceField(label=_("多久以内"), choices=windows, initial=usual.window),
    }


def _read(access: Access, parts: Mapping[str, str], parameters: QueryDict) -> dict[str, Any]:
    del access, parts
    line = line_of(parameters)
    return {
        "kind": line.kind, "key": line.key, "relation": line.relation, "value": line.value,
        "direction": "before" if parameters.get("direction") == "before" else "after",
        "window": window_of(parameters, "7d"),
    }  # fmt: skip


FACE = Face("paths", draw, _needs, _fields, has_days=True, page="paths", read=_read)

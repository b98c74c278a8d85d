"""The card of staying: of those who came, how many are still there after so many days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from liuliang.analytics import survival
from liuliang.analytics.base import Statement
from liuliang.console.analysis.ground import may_see_members, query_of
from liuliang.console.analysis.metrics import Behind
from liuliang.console.analysis.statements import told
from liuliang.console.analysis.survival import AFTER, ENDS, SPLITS, USUAL_DAYS, chart_of, claim_of, lines_of
from liuliang.console.analysis.survival import Line as Part
from liuliang.console.analysis.survival import question_of as survival_of
from liuliang.console.dashboards.drawn import Drawn, Line
from liuliang.console.dashboards.face import Face, Fields, Standing
from liuliang.dashboards.models import Card
from liuliang.dashboards.questions import SurvivalQuestion
from liuliang.people.access import Access
from liuliang.ui import formats


def draw(standing: Standing, question: SurvivalQuestion) -> Drawn:
    """Draw the curves of those who came in the period."""
    said = {"end": question.end, "split": question.split}
    asked = survival_of(standing.ground, QueryDict(urlencode(said)))
    query = query_of(QueryDict(standing.query), **said)
    may_name = may_see_members(standing.ground.access)
    parts = lines_of(asked, survival.survival(asked), standing.ground.names, query if may_name else "")
    sql, values = survival.statement_of(asked)
    note = claim_of(parts, asked)
    if len(parts) > 1 and may_name:
        note += " " + _("在停留页看每一组是谁。")
    return Drawn(
        _("来了的人，满几天还剩多少？"),
        str(survival.SURVIVAL.counted),
        f"{reverse('console:survival')}?{query}",
        behind=_behind(parts),
        sqls=[told(Statement(sql, values, "records"))],
        chart=chart_of(asked, parts) if parts else None,
        note=note,
        lines=[line for part in parts for line in _lines(part)],
    )


def _lines(part: Part) -> list[Line]:
    shares = [(title, part.curve.after(days)) for days, title in AFTER.items()]
    return [
        Line(f"{part.name} · {_('来了')}", part.people),
        Line(f"{part.name} · {_('走了')}", part.gone),
        *(
            Line(f"{part.name} · {title}", point.share, "percent", point.low, point.high)
            for title, point in shares
            if point
        ),
    ]


def _behind(parts: Sequence[Part]) -> list[Behind]:
    """Return who is still there and who has gone, where they are not parted: a card has no room for each part's."""
    if len(parts) != 1:
        return []
    (part,) = parts
    told = ((_("还在的人"), part.here, part.here_url), (_("走了的人"), part.gone, part.gone_url))
    return [Behind(title, formats.exact(count), url) for title, count, url in told if url]


def _fields(access: Access, card: Card | None) -> Fields:
    del access, card
    return {
        "end": forms.ChoiceField(label=_("怎样算走"), choices=list(ENDS.items())),
        "split": forms.ChoiceField(label=_("分组"), required=False, choices=list(SPLITS.items())),
    }


def _read(access: Access, parts: Mapping[str, str], parameters: QueryDict) -> dict[str, Any]:
    del access, parts
    choices: dict[str, Mapping[Any, Any]] = {"end": ENDS, "split": SPLITS}
    return {name: parameters[name] for name, known in choices.items() if parameters.get(name) in known}


FACE = Face(
    "survival", draw, fields=_fields, has_days=True, usual_days=USUAL_DAYS, page="survival", read=_read, put_width=4
)

"""The card of health: the groups that are worst off."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.analytics.base import Statement
from liuliang.analytics.checkups import Looked
from liuliang.analytics.health import HEALTH
from liuliang.analytics.signals import ends, people_statement, talk_statement, ties_statement
from liuliang.console.analysis.statements import told
from liuliang.console.dashboards.drawn import Drawn, Line
from liuliang.console.dashboards.face import Face, Standing
from liuliang.console.health.ground import see
from liuliang.console.health.listing import health_url, lines_of, score_cell
from liuliang.dashboards.questions import HealthQuestion

WORST = 6
"""Groups on the card."""


def draw(standing: Standing, question: HealthQuestion) -> Drawn:
    """Draw the groups that are worst off, of those that the card speaks of."""
    del question
    here = set(standing.ground.scope.communities)
    seen = see(standing.ground.access)
    lines = [line for line in lines_of(seen) if line.id in here]
    known = sorted((line for line in lines if line.score is not None), key=lambda line: (line.score or 0.0, line.id))
    shown = known[:WORST]
    note = _("{n} 个群，先列最低的").format(n=len(known)) if len(known) > len(shown) else ""
    if not known:
        note = _("这些群的记录还不够算健康度。")
    return Drawn(
        _("哪个群最要救？"),
        str(HEALTH.counted),
        reverse("console:health"),
        sqls=[told(each) for each in _statements(seen.looked)] if seen.looked is not None else [],
        part="console/dashboards/health.html" if shown else "",
        context={"lines": [(line, score_cell(line), health_url(line.public_id)) for line in shown]},
        note=note,
        unit=_("分"),
        lines=[Line(line.name, line.score, "ratio", line.health.low, line.health.high) for line in known],
    )


def _statements(looked: Looked) -> list[Statement]:
    """Return the queries that the parts of health are counted with."""
    counted = (
        people_statement(looked.scope, looked.last, 1),
        talk_statement(looked.scope, looked.last, 1),
        ties_statement(looked.scope, ends(looked.last, 1)),
    )
    return [Statement(*each) for each in counted]


FACE = Face("health", draw, hint=gettext_lazy("列出健康度最低的几个群，和每个群最值得做的一件事。"))

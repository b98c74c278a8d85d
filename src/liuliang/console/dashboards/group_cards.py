"""The cards about groups: health, and goals."""

from __future__ import annotations

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from liuliang.accounts.permissions import ANALYTICS_EDIT, ANALYTICS_VIEW
from liuliang.analytics.base import Statement
from liuliang.analytics.checkups import Looked
from liuliang.analytics.health import HEALTH
from liuliang.analytics.presence import robots
from liuliang.analytics.signals import ends, people_statement, talk_statement, ties_statement
from liuliang.console.analysis.statements import told as told_statement
from liuliang.console.dashboards.drawn import Drawn, Line
from liuliang.console.dashboards.standing import Standing
from liuliang.console.goals.listing import visible as visible_goals
from liuliang.console.goals.words import asked_of, told
from liuliang.console.health.ground import see
from liuliang.console.health.listing import health_url, lines_of, score_cell
from liuliang.dashboards.questions import GoalsQuestion
from liuliang.kernel import clock

WORST = 6
"""Groups on a card of health."""

MOST_GOALS = 12


def draw_health(standing: Standing) -> Drawn:
    """Draw the groups that are worst off, of those that the card speaks of."""
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
        sqls=[told_statement(each) for each in _statements(seen.looked)] if seen.looked is not None else [],
        part="console/dashboards/health.html" if shown else "",
        context={"lines": [(line, score_cell(line), health_url(line.public_id)) for line in shown]},
        note=note,
        unit=_("分"),
        lines=[Line(line.name, line.score, "ratio", line.health.low, line.health.high) for line in known],
    )


def _statements(looked: Looked) -> list[Statement]:
    """Return the queries that the parts of health are counted with."""
    counted = (
        people_statement(looked.scope, looked.last, looked.today, 1),
        talk_statement(looked.scope, looked.last, 1),
        ties_statement(looked.scope, ends(looked.last, 1)),
    )
    return [Statement(*each) for each in counted]


def draw_goals(standing: Standing, question: GoalsQuestion) -> Drawn:
    """Draw how one goal stands, or all that are running in the communities of the card."""
    ground = standing.ground
    rows = visible_goals(ground.access, ANALYTICS_VIEW).order_by("last_day", "id")
    if question.goal:
        rows = rows.filter(public_id=question.goal)
    else:
        today = clock.now().date()
        rows = rows.filter(first_day__lte=today, last_day__gte=today)
        if ground.chosen:
            chosen = [place.id for place in ground.chosen]
            rows = rows.filter(Q(community__path__overlap=chosen))
    goals = list(rows[:MOST_GOALS])
    found = told(ground.access, goals, permission_to_change=ANALYTICS_EDIT)
    note = ""
    if not found:
        note = _("这个目标已经删除，或者没有分给你。") if question.goal else _("没有正在走的目标。")
    machines = robots()
    sqls = [
        told_statement(statement)
        for each, goal in ((each, goal) for each in found for goal in goals if goal.pk == each.id)
        for statement in each.metric.statements(asked_of(ground.access, goal, each.metric, machines))
    ]
    return Drawn(
        _("目标走到哪了？"),
        _("按已过去的日子推算期末会到哪里，区间是 95% 的把握；只有区间整个在目标的一边，才说能达成或达不成。"),
        reverse("console:goals"),
        sqls=sqls,
        part="console/goals/table.html" if found else "",
        context={"goals": found},
        note=note,
        lines=[
            Line(f"{each.title} · {each.place} · {each.last_day}", each.progress.value, each.metric.style)
            for each in found
        ],
    )

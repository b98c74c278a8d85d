"""The card of goals: how one stands, or all that are running."""

from __future__ import annotations

from django import forms
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from liuliang.accounts.permissions import ANALYTICS_EDIT, ANALYTICS_VIEW
from liuliang.analytics.base import metrics
from liuliang.analytics.presence import robots
from liuliang.console.analysis.statements import told as told_statement
from liuliang.console.dashboards.drawn import Drawn, Line
from liuliang.console.dashboards.face import Face, Fields, Standing
from liuliang.console.goals.listing import visible as visible_goals
from liuliang.console.goals.words import asked_of, told
from liuliang.dashboards.models import Card
from liuliang.dashboards.questions import GoalsQuestion
from liuliang.kernel import clock
from liuliang.people.access import Access

MOST_GOALS = 12
MOST_OFFERED = 500
"""Goals offered in the form."""


def draw(standing: Standing, question: GoalsQuestion) -> Drawn:
    """Draw how one goal stands, or all that are running in the communities of the card."""
    ground = standing.ground
    rows = visible_goals(ground.access, ANALYTICS_VIEW).order_by("last_day", "id")
    if question.goal:
        rows = rows.filter(public_id=question.goal)
    else:
        today = clock.local_day(clock.now(), ground.timezone)
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


def _fields(access: Access, card: Card | None) -> Fields:
    del card
    rows = visible_goals(access, ANALYTICS_VIEW).order_by("-last_day", "-id")[:MOST_OFFERED]
    known = [
        (
            row.public_id,
            f"{metrics()[row.metric].definition.title} · {row.community or _('全部社群')} · {row.last_day}",
        )
        for row in rows
        if metrics().get(row.metric) is not None
    ]
    choices = [("", _("所有正在走的目标")), *known]
    return {"goal": forms.ChoiceField(label=_("目标"), required=False, choices=choices)}


FACE = Face("goals", draw, fields=_fields)

"""Every kind of card with what draws it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from liuliang.analytics.base import metrics
from liuliang.console.dashboards import group_cards, metric_card, people_cards
from liuliang.console.dashboards.drawn import Drawn
from liuliang.console.dashboards.standing import Standing
from liuliang.dashboards.models import Card
from liuliang.dashboards.questions import (
    KINDS,
    FunnelQuestion,
    GoalsQuestion,
    HealthQuestion,
    MetricQuestion,
    RetentionQuestion,
    SegmentQuestion,
    read_question,
)
from liuliang.kernel.errors import Refused


def draw(standing: Standing) -> Drawn:
    """Draw a card for one reader.

    Raises:
        Refused: the question ran into a limit, or what it is about is gone.
    """
    match standing.question:
        case MetricQuestion() as question:
            return metric_card.draw(standing, question)
        case FunnelQuestion() as question:
            return people_cards.draw_funnel(standing, question)
        case RetentionQuestion() as question:
            return people_cards.draw_retention(standing, question)
        case SegmentQuestion() as question:
            return people_cards.draw_segment(standing, question)
        case HealthQuestion():
            return group_cards.draw_health(standing)
        case GoalsQuestion() as question:
            return group_cards.draw_goals(standing, question)
    raise Refused("card.kind")


def plain_title(card: Card) -> str:
    """Return what a card is called without looking at anything: names nothing that a reader may not know."""
    kind = KINDS.get(card.kind)
    title = str(kind.title) if kind is not None else _("卡片")
    try:
        question = read_question(card.kind, card.question)
    except Refused:
        return title
    return str(metrics()[question.metric].definition.title) if isinstance(question, MetricQuestion) else title

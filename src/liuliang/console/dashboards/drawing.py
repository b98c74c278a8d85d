"""A card drawn for one reader, and what it is called without looking."""

from __future__ import annotations

from django.utils.translation import gettext as _

from liuliang.analytics.base import metrics
from liuliang.console.dashboards.drawn import Drawn
from liuliang.console.dashboards.face import Standing, faces
from liuliang.dashboards.models import Card
from liuliang.dashboards.questions import KINDS, MetricQuestion, read_question
from liuliang.kernel.errors import Refused


def draw(standing: Standing) -> Drawn:
    """Draw a card for one reader.

    Raises:
        Refused: the question ran into a limit, or what it is about is gone.
    """
    return faces()[standing.card.kind].draw(standing, standing.question)


def plain_title(card: Card) -> str:
    """Return what a card is called without looking at anything: names nothing that a reader may not know."""
    kind = KINDS.get(card.kind)
    title = str(kind.title) if kind is not None else _("卡片")
    try:
        question = read_question(card.kind, card.question)
    except Refused:
        return title
    return str(metrics()[question.metric].definition.title) if isinstance(question, MetricQuestion) else title

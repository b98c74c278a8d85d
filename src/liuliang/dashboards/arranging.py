"""Putting cards on a dashboard, in order, and taking them away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.dashboards.models import Card, Dashboard
from liuliang.dashboards.queries import cards_of
from liuliang.dashboards.questions import KINDS, read_question
from liuliang.dashboards.services import LENGTHS, NAME_LIMIT
from liuliang.kernel.errors import Refused
from liuliang.people.models import Community

ADDED = audit.action("dashboard.card_added", _("看板加卡片"))
CHANGED = audit.action("dashboard.card_changed", _("看板改卡片"))
MOVED = audit.action("dashboard.card_moved", _("看板排卡片"))
REMOVED = audit.action("dashboard.card_removed", _("看板删卡片"))
RESTORED = audit.action("dashboard.card_restored", _("看板恢复卡片"))

MOST_CARDS = 40
WIDTHS = (1, 2, 4)
"""Quarters of the page."""

KEPT = timedelta(days=1)
"""How long a removed card can be brought back."""


@dataclass(frozen=True, slots=True)
class NewCard:
    """What a card asks, of whom, of when, and how it is shown. Without ``width`` it takes what is usual for its kind."""

    kind: str
    question: Mapping[str, Any]
    title: str = ""
    width: int | None = None
    follows: bool = True
    community: Community | None = None
    days: int | None = None


@transaction.atomic
def add_card(dashboard: Dashboard, told: NewCard, *, at: datetime) -> Card:
    """Put a card at the end of a dashboard.

    Raises:
        Refused: ``card.too_many``, ``card.width``, ``card.days``, and as for questions.
    """
    row = _held(dashboard)
    cards = cards_of(row)
    if len(cards) >= MOST_CARDS:
        raise Refused("card.too_many", most=MOST_CARDS)
    card = Card(dashboard=row, position=_after(cards), kind=told.kind)
    _tell(card, told)
    card.save()
    _record(ADDED, card, at, {})
    return card


@transaction.atomic
def change_card(card: Card, told: NewCard, *, at: datetime) -> None:
    """Let a card ask something else, of the same kind or of another.

    Raises:
        Refused: as for `add_card`.
    """
    _held(card.dashboard)
    before = {name: getattr(card, name) for name in ("title", "question", "width", "days")}
    card.kind = told.kind
    _tell(card, told)
    card.save()
    # What a question is about may not be anybody else's business: the log says that it changed.
    changes = {name: (before[name], getattr(card, name)) for name in ("width", "days")}
    _record(CHANGED, card, at, changes)


@transaction.atomic
def move_card(card: Card, way: Literal["up", "down"], *, at: datetime) -> None:
    """Move a card one place; one that is at the end already stays."""
    _held(card.dashboard)
    cards = cards_of(card.dashboard)
    places = [each.pk for each in cards]
    if card.pk not in places:
        raise Refused("card.gone")
    place = places.index(card.pk)
    other = place - 1 if way == "up" else place + 1
    if not 0 <= other < len(cards):
        return
    cards[place], cards[other] = cards[other], cards[place]
    for position, each in enumerate(cards):
        each.position = position
    Card.objects.bulk_update(cards, ["position"])
    _record(MOVED, card, at, {"position": (place + 1, other + 1)})


@transaction.atomic
def widen_card(card: Card, width: int, *, at: datetime) -> None:
    """Give a card another width.

    Raises:
        Refused: ``card.width``.
    """
    _held(card.dashboard)
    if width not in WIDTHS:
        raise Refused("card.width")
    before, card.width = card.width, width
    card.save(update_fields=["width"])
    _record(CHANGED, card, at, {"width": (before, width)})


@transaction.atomic
def copy_card(card: Card, *, at: datetime) -> Card:
    """Put a copy of a card right behind it.

    Raises:
        Refused: ``card.too_many``.
    """
    row = _held(card.dashboard)
    cards = cards_of(row)
    if len(cards) >= MOST_CARDS:
        raise Refused("card.too_many", most=MOST_CARDS)
    copy = Card(
        dashboard=row, position=0, kind=card.kind, question=card.question, title=card.title, width=card.width,
        follows=card.follows, community=card.community, days=card.days,
    )  # fmt: skip
    copy.save()
    place = next((place for place, each in enumerate(cards, start=1) if each.pk == card.pk), len(cards))
    cards.insert(place, copy)
    for position, each in enumerate(cards):
        each.position = position
    Card.objects.bulk_update(cards, ["position"])
    _record(ADDED, copy, at, {})
    return copy


@transaction.atomic
def remove_card(card: Card, *, at: datetime) -> None:
    """Take a card away; for a day it can be brought back."""
    _held(card.dashboard)
    Card.objects.filter(dashboard=card.dashboard, removed_at__lt=at - KEPT).delete()
    if Card.objects.filter(pk=card.pk, removed_at=None).update(removed_at=at):
        _record(REMOVED, card, at, {})


@transaction.atomic
def restore_card(card: Card, *, at: datetime) -> None:
    """Bring a removed card back to its place.

    Raises:
        Refused: ``card.too_many``.
    """
    row = _held(card.dashboard)
    if len(cards_of(row)) >= MOST_CARDS:
        raise Refused("card.too_many", most=MOST_CARDS)
    if Card.objects.filter(pk=card.pk).exclude(removed_at=None).update(removed_at=None):
        _record(RESTORED, card, at, {})


def _held(dashboard: Dashboard) -> Dashboard:
    """Lock a dashboard, so that two who arrange it at once do so one after the other."""
    return Dashboard.objects.select_for_update(of=("self",)).get(pk=dashboard.pk)


def _tell(card: Card, told: NewCard) -> None:
    """Write what a card should ask into it.

    Raises:
        Refused: it cannot be asked.
    """
    question = read_question(told.kind, told.question)
    width = KINDS[told.kind].width if told.width is None else told.width
    if width not in WIDTHS:
        raise Refused("card.width")
    if told.days is not None and told.days not in LENGTHS:
        raise Refused("card.days")
    card.question = question.model_dump(mode="json", exclude_defaults=True)
    card.title, card.width, card.days = " ".join(told.title.split())[:NAME_LIMIT], width, told.days
    card.follows = told.follows
    card.community = None if told.follows else told.community


def _after(cards: list[Card]) -> int:
    return max((each.position for each in cards), default=-1) + 1


def _record(what: audit.Action, card: Card, at: datetime, changes: Mapping[str, tuple[object, object]]) -> None:
    Dashboard.objects.filter(pk=card.dashboard_id).update(changed_at=at)
    changes = {"card": ("", str(KINDS[card.kind].title)), **changes}
    dashboard = card.dashboard
    audit.record(what, dashboard, name=dashboard.name, community=dashboard.community_id, changes=changes)

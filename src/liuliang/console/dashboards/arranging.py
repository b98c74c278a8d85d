"""Arranging the cards of a dashboard: order, width, copies, taking away and bringing back."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.accounts.permissions import ANALYTICS_VIEW
from liuliang.console.dashboards.drawing import plain_title
from liuliang.console.dashboards.kinds.metric import VIEWS
from liuliang.console.doors import StaffRequest, page
from liuliang.dashboards.arranging import WIDTHS, copy_card, move_card, remove_card, restore_card, widen_card
from liuliang.dashboards.models import Card, Dashboard
from liuliang.dashboards.queries import cards_of
from liuliang.kernel import clock
from liuliang.ui.toasts import toast

WIDTH_WORDS = {1: gettext_lazy("窄"), 2: gettext_lazy("半行"), 4: gettext_lazy("整行")}


def arranged(dashboard: Dashboard) -> dict[str, object]:
    """Return what ``console/dashboards/arrange.html`` draws."""
    cards = cards_of(dashboard)
    return {
        "dashboard": dashboard,
        "places": [
            (card, card.title or plain_title(card), VIEWS[card.question.get("view", "number")])
            if card.kind == "metric"
            else (card, card.title or plain_title(card), "")
            for card in cards
        ],
        "widths": [(width, WIDTH_WORDS[width]) for width in WIDTHS],
    }


def _again(request: StaffRequest, card: Card) -> HttpResponse:
    if request.htmx:
        return render(request, "console/dashboards/arrange.html", arranged(card.dashboard))
    return redirect(f"{reverse('console:dashboard', args=[card.dashboard.public_id])}?arrange=1")


@page(permission=ANALYTICS_VIEW, methods=("POST",))
def move(request: StaffRequest, own_card: Card) -> HttpResponse:
    """Move a card one place up or down."""
    move_card(own_card, "up" if request.POST.get("way") == "up" else "down", at=clock.now())
    return _again(request, own_card)


@page(permission=ANALYTICS_VIEW, methods=("POST",))
def widen(request: StaffRequest, own_card: Card) -> HttpResponse:
    """Give a card another width."""
    width = request.POST.get("width", "")
    widen_card(own_card, int(width) if width.isdecimal() and len(width) < 3 else 0, at=clock.now())
    return _again(request, own_card)


@page(permission=ANALYTICS_VIEW, methods=("POST",))
def copy(request: StaffRequest, own_card: Card) -> HttpResponse:
    """Put a copy of a card behind it."""
    copy_card(own_card, at=clock.now())
    return _again(request, own_card)


@page(permission=ANALYTICS_VIEW, methods=("POST",))
def remove(request: StaffRequest, own_card: Card) -> HttpResponse:
    """Take a card away; the toast brings it back."""
    remove_card(own_card, at=clock.now())
    undo = reverse("console:restore-card", args=[own_card.public_id])
    return toast(_again(request, own_card), _("卡片已删除。"), undo=undo)


@page(permission=ANALYTICS_VIEW, methods=("POST",))
def restore(request: StaffRequest, own_card: Card) -> HttpResponse:
    """Bring a card back."""
    restore_card(own_card, at=clock.now())
    return _again(request, own_card)

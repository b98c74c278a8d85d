"""What tests of dashboards share: two groups, boards with cards, and what is drawn of them."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse

from liuliang.accounts.models import Role, Staff
from liuliang.alerting.models import Firing
from liuliang.alerting.rules import Condition
from liuliang.alerting.services import Wanted, set_alert
from liuliang.dashboards.arranging import NewCard, add_card
from liuliang.dashboards.models import Card, Dashboard
from liuliang.dashboards.services import create_dashboard, share_dashboard
from liuliang.kernel import clock
from liuliang.lake import engine
from liuliang.people.access import Access
from liuliang.people.models import Community


@pytest.fixture
def two(told):
    """Two groups: three people speak in one on two days, five in the other; one of the first buys."""
    first, second = told.community("甲群"), told.community("乙群")
    now = clock.now()
    for number in range(8):
        member, group = told.member(f"人{number}"), first if number < 3 else second
        told.joins(member, group, now - timedelta(days=20 + number))
        for day in (1, 5):
            told.says(member, group, now - timedelta(days=day))
        if number == 0:
            told.buys(member, now - timedelta(days=2), 9_900, community=first)
    told.settle()
    return first, second


@pytest.fixture
def lake_queries(monkeypatch):
    asked: list[str] = []
    for name in ("fetch", "fetch_raw"):
        real = getattr(engine, name)
        monkeypatch.setattr(
            engine, name, lambda sql, *args, real=real, **more: asked.append(sql) or real(sql, *args, **more)
        )
    return asked


def owner() -> Staff:
    return Staff.objects.get(email="owner@example.com")


def board_of(where=None, cards=()) -> Dashboard:
    return create_dashboard("早会", owner=owner(), community=where, cards=cards, at=clock.now())


def shared(board: Dashboard, *keys: str) -> Dashboard:
    roles = list(Role.objects.filter(key__in=keys))
    share_dashboard(board, roles, by=Access(owner()), at=clock.now())
    return board


def card_on(board: Dashboard, kind: str, question: dict, **more) -> Card:
    return add_card(board, NewCard(kind, question, **more), at=clock.now())


def drawn(client, card: Card, query: str = "") -> str:
    address = f"{reverse('console:card', args=[card.public_id])}?{query}"
    response = client.get(address, headers={"HX-Request": "true"})
    assert response.status_code == 200
    return response.content.decode()


def people_behind(client, text: str) -> int:
    url = re.search(r'href="(/members/\?behind=[^"]+)"', text)
    assert url, text
    page = client.get(unescape(url[1])).content.decode()
    count = re.search(r'listing-count"[^>]*>([\d,]+)', page)
    assert count
    return int(count[1])


def fire(name: str, where: Community | None, days_ago: int, *told: Staff) -> Firing:
    """Set an alert on too few speakers, and let it fire for a day."""
    condition = Condition("below", threshold=5.0)
    alert = set_alert(Wanted(name, "speakers", where, condition, told), at=clock.now())
    day = (clock.now() - timedelta(days=days_ago)).date()
    return Firing.objects.create(
        alert=alert, community=where, day=day, value=3.0, condition=condition.written, fired_at=clock.now()
    )

"""A dashboard in a real browser: cards of layers, forecasts, paths and alerts load, fit, and open what is behind them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import expect
from test_rewards_browser import chromium, open_as, server

sys.path.insert(0, str(Path(__file__).parent.parent))

from boarding import board_of, card_on, fire

from liuliang.accounts.models import Staff
from liuliang.kernel import clock
from liuliang.people.models import Community
from liuliang.segments.standing import work_out_layers
from telling import emptied, tell_shoppers

__all__ = ["chromium", "open_as", "server"]

pytestmark = pytest.mark.browser

SIZES = {"desk": (1440, 900), "phone": (390, 844)}


@pytest.fixture
def shoppers(server) -> Iterator[Community]:
    # Told without stopping the clock: the browser has its own.
    for told in emptied():
        yield tell_shoppers(told)


@pytest.mark.parametrize("size", SIZES)
def test_cards_of_every_new_kind_load_fit_and_lead_to_their_people(shoppers, open_as, size):
    boss = Staff.objects.create(email="owner@example.com", name="老板", is_owner=True, created_at=clock.now())
    work_out_layers(at=clock.now())
    fire("说话的人太少", shoppers, 2, boss)
    board = board_of()
    board.days = 90
    board.save()
    for kind in ("layers", "alerts", "predictions", "paths"):
        card_on(board, kind, {"kind": "order.paid"} if kind == "paths" else {})
    page = open_as(boss)
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    page.goto(reverse("console:dashboard", args=[board.public_id]))
    for words in ("每一层有多少人", "哪些预警还没人接手", "谁会再说话", "之后做了什么"):
        expect(page.get_by_role("heading", name=words)).to_be_visible()
    expect(page.get_by_role("link", name="说话的人太少")).to_be_visible()
    expect(page.locator(".dash .skeleton")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_text("每一步有多少人").click()
    page.locator("table a[href*='behind=paths']").first.click()
    expect(page.get_by_text("路径：“")).to_be_visible()

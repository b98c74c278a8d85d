"""A circle confirmed, changed and undone in a real browser, on a desk and on a phone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent))

from django.urls import reverse
from playwright.sync_api import expect
from test_circles import tell_company
from test_rewards_browser import open_as, server

from browsing import chromium
from liuliang.accounts.models import Staff
from liuliang.kernel import clock
from liuliang.people.models import Community
from telling import emptied

__all__ = ["chromium", "open_as", "server"]

pytestmark = pytest.mark.browser

SIZES = {"desk": (1440, 900), "phone": (390, 844)}


@pytest.fixture
def group(server) -> Iterator[Community]:
    # Told without stopping the clock: the browser has its own.
    for told in emptied():
        yield tell_company(told)[0]


@pytest.mark.parametrize("size", SIZES)
def test_a_circle_is_confirmed_changed_and_undone(group, open_as, size):
    page = open_as(Staff.objects.create(email="o@example.com", name="老板", is_owner=True, created_at=clock.now()))
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    page.goto(reverse("console:community-circles", args=[group.public_id]))
    expect(page.get_by_text("数据里找到 4 个")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_label("圈子的名字").first.fill("手冲组")
    page.get_by_role("button", name="确认这个圈子").first.click()
    expect(page.get_by_role("heading", name="手冲组")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="移出").first.click()
    expect(page.get_by_role("heading", name="移出过的人")).to_be_visible()
    page.get_by_role("button", name="放回来").click()
    expect(page.get_by_role("heading", name="移出过的人")).to_have_count(0)
    page.get_by_role("button", name="解散").click()
    expect(page.get_by_text("已解散", exact=True)).to_be_visible()
    page.get_by_role("button", name="恢复").click()
    expect(page.get_by_role("button", name="解散")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width

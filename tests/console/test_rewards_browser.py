"""One walk through points in a real browser: a rule with its preview, a gift, a second approval, and the account."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from django.test import Client
from django.urls import reverse
from playwright.sync_api import ConsoleMessage, Page, expect
from pytest_django.live_server_helper import LiveServer

from browsing import chromium
from liuliang.accounts.models import Role, Staff
from liuliang.accounts.permissions import ensure_built_in_roles
from liuliang.kernel import clock
from liuliang.loyalty.queries import balance_of
from liuliang.people.models import Grant, Membership
from telling import told

__all__ = ["chromium", "told"]

pytestmark = pytest.mark.browser


@pytest.fixture
def server(settings, transactional_db) -> Iterator[LiveServer]:
    # The test server looks for files under it by itself; the product gives out its own.
    settings.STATIC_URL = "/nothing/"
    running = LiveServer("127.0.0.1")
    running._live_server_modified_settings.enable()
    yield running
    running.stop()
    running._live_server_modified_settings.disable()


def is_wrong(message: ConsoleMessage) -> bool:
    # A form that comes back with what is to be mended has this status: the browser notes it, and nothing is wrong.
    return message.type in {"error", "warning"} and "status of 422" not in message.text


@pytest.fixture
def open_as(chromium, server) -> Iterator:
    """Open a page in which somebody is signed in; whatever the page complains of fails the test."""
    wrong: list[str] = []
    opened = []

    def sign_in(staff: Staff) -> Page:
        client = Client()
        client.force_login(staff)
        context = chromium.new_context(
            base_url=server.url,
            viewport={"width": 1440, "height": 900},
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
        )
        opened.append(context)
        context.add_cookies(
            [{"name": name, "value": one.value, "url": server.url} for name, one in client.cookies.items()]
        )
        page = context.new_page()
        page.on("console", lambda message: wrong.append(message.text) if is_wrong(message) else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        return page

    yield sign_in
    for context in opened:
        context.close()
    assert wrong == []


def staff(name: str, *, is_owner: bool = False) -> Staff:
    made = Staff.objects.create(email=f"{name}@example.com", name=name, is_owner=is_owner, created_at=clock.now())
    if not is_owner:
        Grant.objects.create(staff=made, role=Role.objects.get(key="admin"))
    return made


def test_points_from_the_first_rule_to_the_approved_gift(told, open_as):
    ensure_built_in_roles(Role)
    here, member = told.community("山野读书会"), told.member("小满")
    Membership.objects.create(member=member, community=here, first_seen_at=clock.now())
    for hour in range(4):
        told.says(member, here, clock.now() - timedelta(days=1, hours=hour))
    told.settle()
    page = open_as(staff("boss", is_owner=True))

    page.goto(reverse("console:points"))
    page.get_by_role("link", name="建第一条规则").click()
    page.get_by_label("规则名称").fill("爱说话")
    page.get_by_label("给多少").fill("2")
    page.get_by_role("button", name="先看会发多少").click()
    expect(page.get_by_text("给 1 人，共 4 次")).to_be_visible()
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_role("heading", name="爱说话")).to_be_visible()
    expect(page.get_by_text("生效中")).to_be_visible()

    page.goto(reverse("console:points-account", args=[member.public_id]))
    page.get_by_role("button", name="发放或扣除").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("多少分").fill("5000")
    dialog.get_by_label("理由").fill("年度贡献")
    dialog.get_by_role("button", name="确定").click()
    expect(page.get_by_text("等另一位同事审批后生效")).to_be_visible()
    assert balance_of(member.pk).available == 0

    second = open_as(staff("second"))
    second.goto(reverse("console:adjustments"))
    second.get_by_role("button", name="批准").click()
    second.get_by_role("dialog").get_by_role("button", name="批准").click()
    expect(second.locator("table").get_by_text("已完成")).to_be_visible()
    assert balance_of(member.pk).available == 5_000

    page.goto(reverse("console:points-account", args=[member.public_id]))
    expect(page.get_by_text("员工调整：年度贡献")).to_be_visible()

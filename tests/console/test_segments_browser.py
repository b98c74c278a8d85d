"""The builder of segments in a real browser: conditions come and go by clicking, and the count with them."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse
from playwright.sync_api import Dialog, expect
from test_rewards_browser import chromium, open_as, server

from liuliang.segments.models import Segment

__all__ = ["chromium", "open_as", "server"]

pytestmark = pytest.mark.browser


def test_a_segment_is_built_by_clicking_and_saved(world, open_as):
    page = open_as(world.owner)
    asked: list[str] = []

    def accept(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", accept)
    page.goto(reverse("console:new-segment"))
    leaves = page.locator(".rule-leaf")
    expect(leaves).to_have_count(1)
    page.get_by_label("加哪种条件").first.select_option("orders")
    page.get_by_role("button", name="加条件").first.click()
    expect(leaves).to_have_count(2)
    page.get_by_role("button", name="加一组").first.click()
    expect(page.locator(".rule-group .rule-group")).to_have_count(1)
    page.get_by_role("button", name="去掉这一组").click()
    expect(page.locator(".rule-group .rule-group")).to_have_count(0)
    expect(page.locator(".builder-result .figure-value")).to_be_visible()

    page.get_by_role("button", name="去掉这个条件").first.click()
    expect(leaves).to_have_count(1)
    expect(page.locator(".rule-leaf")).to_contain_text("下单")
    page.get_by_label("更新方式").select_option("static")
    page.get_by_label("名字").fill("在群里的人")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("heading", name="在群里的人").first).to_be_visible()

    assert not Segment.objects.get(name="在群里的人").is_dynamic
    assert asked == [], "what is saved is not asked about"


def test_money_is_asked_for_in_yuan_and_kept_in_fen(world, open_as):
    page = open_as(world.owner)
    page.goto(reverse("console:new-segment"))
    page.get_by_label("加哪种条件").first.select_option("orders")
    page.get_by_role("button", name="加条件").first.click()
    expect(page.locator(".rule-leaf")).to_have_count(2)
    page.get_by_role("button", name="去掉这个条件").first.click()
    expect(page.locator(".rule-leaf")).to_have_count(1)
    page.get_by_label("看什么").select_option("amount")
    number = page.get_by_label("数量")
    expect(number).to_have_attribute("step", "0.01")
    number.fill("99.50")
    number.press("Tab")
    expect(number).to_have_value("99.50")
    page.get_by_label("名字").fill("花过一百的人")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("heading", name="花过一百的人").first).to_be_visible()

    rule = Segment.objects.get(name="花过一百的人").rule
    assert '"number": 9950' in json.dumps(rule)

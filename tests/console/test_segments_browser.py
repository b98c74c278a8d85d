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


def test_what_is_clicked_is_not_lost_where_something_else_is_changed_before_the_answer(world, open_as):
    page = open_as(world.owner)
    page.goto(reverse("console:new-segment"))
    expect(page.locator(".rule-leaf")).to_have_count(1)
    # In one go, so that no answer can come in between: two conditions, a group, and how all are joined.
    page.evaluate(
        """() => {
            const form = document.querySelector("form.builder");
            const [kind] = form.querySelectorAll("[name$='|new']");
            const add = form.querySelector("[name=do][value='add:r']");
            for (const each of ["orders", "tag"]) {
                kind.value = each;
                add.click();
            }
            form.querySelector("[name=do][value='group:r']").click();
            form.elements["r|join"].value = "any";
            form.elements["r|join"].dispatchEvent(new Event("change", { bubbles: true }));
        }"""
    )
    expect(page.locator(".rule-group .rule-group")).to_have_count(1)
    leaves = page.locator(".rule-leaf")
    expect(leaves).to_have_count(3)
    expect(leaves.nth(1)).to_contain_text("下单")
    expect(leaves.nth(2)).to_contain_text("标签")
    expect(page.get_by_label("怎样合起来").first).to_have_value("any")
    # And nothing is done twice.
    page.get_by_label("怎样合起来").first.select_option("all")
    expect(page.get_by_label("怎样合起来").first).to_have_value("all")
    page.wait_for_function("() => !document.body.classList.contains('is-busy')")
    expect(leaves).to_have_count(3)
    expect(page.locator(".rule-group .rule-group")).to_have_count(1)

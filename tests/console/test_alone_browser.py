"""A dialog that was opened by its address, in a real browser."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import expect
from test_rewards_browser import chromium, open_as, server

__all__ = ["chromium", "open_as", "server"]

pytestmark = pytest.mark.browser


def test_a_dialog_opened_by_its_address_says_what_is_wrong_in_its_own_place(world, open_as):
    page = open_as(world.owner)
    page.goto(reverse("console:new-goal"))
    alone = page.locator(".alone form")
    alone.evaluate("form => { form.noValidate = true }")
    alone.locator(".btn-primary").click()
    expect(page.locator(".alone .invalid-feedback").first).to_be_visible()
    expect(page.locator("#dialog-place form")).to_have_count(0)

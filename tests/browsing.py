"""A real browser, for the tests that look at pages as people do; put this folder on the path and import from here."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

# The names under which `make chromium` looks for a browser.
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "chromium")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    # No longer than its module lasts, as it changes the thread for the others.
    # Playwright's loop runs in this thread, and Django would take every query of a test for one in async code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()

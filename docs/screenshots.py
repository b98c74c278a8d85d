"""Make the pictures of the operator's guide from the sample brand: every page, in Chinese and English, wide and on a phone.

make screenshots, or for some of them by name: python docs/screenshots.py keys audit
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

HERE = Path(__file__).resolve().parent
IMAGES = HERE / "images"
HOME = Path(os.environ.get("LIULIANG_HOME", HERE.parent / "var" / "demo")).resolve()
PORT = 8799
ADDRESS = f"http://127.0.0.1:{PORT}"
WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
LANGUAGES = ("zh-hans", "en")

PATIENCE = 180_000
"""Milliseconds that a page may take on a busy machine."""

PAGES: tuple[tuple[str, str], ...] = (
    ("overview", "/overview/"),
    ("communities", "/communities/"),
    ("community", "/communities/**"),
    ("members", "/members/"),
    ("member", "/members/*"),
    ("tags", "/members/tags/"),
    ("proposals", "/members/proposals/"),
    ("new-segment", "/members/segments/new/"),
    ("layers", "/members/segments/layers/"),
    ("candidates", "/members/candidates/"),
    ("family", "/families/*"),
    ("health", "/health/"),
    ("aarrr", "/analysis/aarrr/"),
    ("retention", "/analysis/retention/"),
    ("survival", "/analysis/survival/?split=community&end=silent&days=90"),
    ("funnel", "/analysis/funnel/"),
    ("paths", "/analysis/paths/"),
    ("touches", "/analysis/touches/?days=90&words=挂耳"),
    ("metrics", "/analysis/metrics/"),
    ("predictions", "/analysis/predictions/"),
    ("reviews", "/reviews/"),
    ("graph", "/communities/**graph/"),
    ("orders", "/shop/orders/"),
    ("imports", "/imports/"),
    ("staff", "/staff/"),
    ("roles", "/roles/"),
    ("audit", "/audit/"),
    ("new-key", "/keys/new/"),
    ("dashboard", "/dashboards/*"),
    ("new-alert", "/alerts/new/"),
    ("points", "/points/"),
    ("products", "/shop/products/"),
    ("mall", "/shop/mall/"),
    ("partners", "/partners/"),
    ("winback", "/winback/"),
    ("account", "/account/"),
)
"""Name of the picture and path; ``*`` is the first row of the list at the path before it, ``**`` the board of its last row, or a page below it."""

ON_THE_PHONE = ("overview", "community", "members", "member", "imports")


def main() -> None:
    """Start the product on the sample brand, take the pictures, stop it."""
    environment = {**os.environ, "LIULIANG_HOME": str(HOME)}
    subprocess.run([sys.executable, "-m", "liuliang", "demo", "--no-serve"], env=environment, check=True)
    product = subprocess.Popen(
        [sys.executable, "-m", "liuliang", "up", "--port", str(PORT)], env=environment, stderr=subprocess.DEVNULL
    )
    try:
        _wait()
        IMAGES.mkdir(exist_ok=True)
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=_chromium(), args=["--no-sandbox"], timeout=120_000)
            for language in LANGUAGES:
                _take(browser, language, sys.argv[1:])
            browser.close()
    finally:
        product.terminate()
        product.wait()


def _take(browser: Browser, language: str, wanted: list[str]) -> None:
    page = browser.new_page(viewport=WIDE, locale="zh-CN" if language == "zh-hans" else "en-US")
    page.set_default_timeout(PATIENCE)
    page.goto(f"{ADDRESS}/sign-in/")
    if not wanted or "sign-in" in wanted:
        _shot(page, "sign-in", language)
    known = json.loads((HOME / "demo.json").read_text(encoding="utf-8"))
    page.fill("input[name=email]", known["email"])
    page.fill("input[name=password]", known["password"])
    page.click("main button[type=submit], form button.btn-primary")
    page.wait_for_url(f"{ADDRESS}/overview/")
    page.context.add_cookies([{"name": "django_language", "value": language, "url": ADDRESS}])
    for name, path in PAGES:
        if wanted and name not in wanted:
            continue
        _open(page, path)
        _shot(page, name, language)
        if name in ON_THE_PHONE and language == "zh-hans":
            page.set_viewport_size(PHONE)
            _shot(page, f"{name}-phone", language)
            page.set_viewport_size(WIDE)
    page.close()


def _open(page: Page, path: str) -> None:
    start, star, below = path.partition("*")
    page.goto(f"{ADDRESS}{start}")
    if not star:
        return
    rows = page.locator("table.data-table tbody tr a[href]")
    row = rows.last if below.startswith("*") else rows.first
    page.goto(f"{ADDRESS}{(row.get_attribute('href') or '').removesuffix('plan/')}{below.lstrip('*')}")


def _shot(page: Page, name: str, language: str) -> None:
    page.wait_for_load_state("networkidle")
    # What is still being worked out asks again by itself until it is there.
    expect(page.locator("main [hx-trigger^=every]")).to_have_count(0, timeout=PATIENCE)
    # Pages have few colours: with a palette of them a picture takes a third of the room and looks the same.
    drawn = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    drawn.quantize(256, dither=Image.Dither.NONE).save(IMAGES / f"{name}.{language}.png", optimize=True)


def _wait() -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"{ADDRESS}/readyz", timeout=2):  # noqa: S310 - our own address
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise TimeoutError("the product did not start")


def _chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise FileNotFoundError("no Chromium; run make chromium")


if __name__ == "__main__":
    main()

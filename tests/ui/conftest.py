"""A table of people, and the gallery on a live server with a real browser in front of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_HERE = Path(__file__).parent
# The gallery is an URLconf, so Django must be able to import it by name.
sys.path.insert(0, str(_HERE))
sys.path.insert(0, str(_HERE.parent))

from playwright.sync_api import Browser, Page  # noqa: E402
from pytest_django.live_server_helper import LiveServer  # noqa: E402

from browsing import chromium  # noqa: E402

__all__ = ["chromium"]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> None:
    import gallery
    from django.db import connection

    with django_db_blocker.unblock(), connection.schema_editor() as editor:
        editor.execute('DROP TABLE IF EXISTS "gallery_person"')
        editor.create_model(gallery.Person)


@pytest.fixture
def gallery_settings(settings: object) -> Iterator[None]:
    import gallery

    from liuliang.ui import navigation

    before = navigation.installed()
    navigation.install(gallery.SHELL)
    settings.ROOT_URLCONF = "gallery"
    settings.DEBUG = False
    # The test server looks for files under it by itself; the product gives out its own.
    settings.STATIC_URL = "/nothing/"
    settings.MIDDLEWARE = [
        "csp.middleware.CSPMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.locale.LocaleMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "gallery.SignedIn",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django_htmx.middleware.HtmxMiddleware",
    ]
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [str(_HERE / "templates")]}]
    yield
    navigation.install(before)


@pytest.fixture
def gallery_server(gallery_settings: None, transactional_db: None) -> Iterator[LiveServer]:
    # pytest-django's own lives as long as the session and would keep the product's middleware.
    server = LiveServer("127.0.0.1")
    server._live_server_modified_settings.enable()
    yield server
    server.stop()
    server._live_server_modified_settings.disable()


@pytest.fixture
def page(chromium: Browser, gallery_server: LiveServer) -> Iterator[Page]:
    """Return a page of the gallery at 1440×900 that fails the test on any error or breach of the policy."""
    import gallery

    gallery.Person.objects.all().delete()
    gallery.Person.objects.bulk_create(gallery.people(320))
    context = chromium.new_context(
        base_url=gallery_server.url,
        viewport={"width": 1440, "height": 900},
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
    )
    page = context.new_page()
    page.wrong = []
    page.on(
        "console", lambda message: page.wrong.append(message.text) if message.type in {"error", "warning"} else None
    )
    page.on("pageerror", lambda error: page.wrong.append(str(error)))
    yield page
    context.close()
    assert page.wrong == []

"""What a browser calls itself, in words a person recognises."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

# The first that fits: browsers name each other for compatibility, so the particular comes before the general.
_BROWSERS = (
    ("wxwork", gettext_noop("企业微信")),
    ("MicroMessenger", gettext_noop("微信")),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("QQBrowser", gettext_noop("QQ 浏览器")),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("Mac OS X", "macOS"),
    ("Windows", "Windows"),
    ("Linux", "Linux"),
)


def describe(agent: str) -> str:
    """Return "Chrome · macOS" for a user agent; its beginning when it is none that we know."""
    browser = next((_(name) for mark, name in _BROWSERS if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    return " · ".join(part for part in (browser, system) if part) or agent[:40]

"""The time zones that a form offers."""

from __future__ import annotations

from zoneinfo import available_timezones

from django.utils.translation import gettext as _now

COMMON = (
    "Asia/Shanghai", "Asia/Urumqi", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Macau", "Asia/Tokyo", "Asia/Seoul",
    "Asia/Singapore", "Asia/Kuala_Lumpur", "Asia/Bangkok", "Asia/Ho_Chi_Minh", "Asia/Jakarta", "Asia/Manila",
    "Asia/Kolkata", "Asia/Dubai", "Europe/London", "Europe/Paris", "Europe/Berlin", "Europe/Moscow",
    "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Sao_Paulo",
    "Australia/Sydney", "Pacific/Auckland", "Africa/Johannesburg", "UTC",
)  # fmt: skip


def zone_choices(chosen: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the time zones: the usual ones first, then all that are places; names like ``localtime`` are no zones to choose.

    The one that is ``chosen`` already is always among them: without it, a browser would show the first as if it were.
    """
    places = {zone for zone in available_timezones() if "/" in zone} | {chosen}
    others = sorted(places - set(COMMON))
    return [
        (_now("常用"), [(zone, zone) for zone in COMMON]),
        (_now("全部"), [(zone, zone) for zone in others]),
    ]

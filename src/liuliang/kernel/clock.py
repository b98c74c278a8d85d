"""The one place that asks what time it is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC)


def local_day(instant: datetime, timezone: str) -> date:
    """Return the day on which ``instant`` falls in ``timezone`` (an IANA name)."""
    return instant.astimezone(ZoneInfo(timezone)).date()

"""The days a figure speaks of, and the days before them that it is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """Whole local days from ``first`` to ``last``, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        """Refuse a period that ends before it begins."""
        if self.last < self.first:
            raise ValueError(f"a period cannot run from {self.first} back to {self.last}")

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.first <= day <= self.last

    @property
    def days(self) -> tuple[date, ...]:
        """Return every day in order."""
        return tuple(self.first + timedelta(days=offset) for offset in range(len(self)))

    @property
    def previous(self) -> Period:
        """Return the period of the same length that ends the day before this one begins."""
        return Period(self.first - timedelta(days=len(self)), self.first - ONE_DAY)

    @property
    def with_previous(self) -> Period:
        """Return this period and the one before it as one."""
        return Period(self.previous.first, self.last)

    def instants(self, timezone: str) -> tuple[datetime, datetime]:
        """Return the first instant of the period and the first one after it, in UTC, as days run in ``timezone``.

        A day may have 23 or 25 hours; midnight that does not exist on a day is taken as the moment the clock jumped.
        """
        zone = ZoneInfo(timezone)
        begin = datetime.combine(self.first, time(), zone).astimezone(UTC)
        end = datetime.combine(self.last + ONE_DAY, time(), zone).astimezone(UTC)
        return begin, end


def latest(days: int, *, today: date, first_known: date | None, last_known: date | None) -> Period:
    """Return the last ``days`` complete days that the data can speak of.

    Today is not over, and would look like a fall beside a whole day, so the period ends yesterday; if the data stops
    earlier (an old export was imported), it ends on the last day there is. Data that began today is all there is: then
    the period ends today.
    """
    yesterday = today - ONE_DAY
    if first_known is None or last_known is None:
        last = yesterday
    elif first_known >= today:
        last = today
    else:
        last = min(yesterday, last_known)
    return Period(last - timedelta(days=days - 1), last)

"""How long points count: pure functions of a local day."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from liuliang.kernel.clock import local_day
from liuliang.kernel.errors import Refused
from liuliang.people.models import Community

KINDS = ("never", "days", "months", "year_end", "month_end", "until")


@dataclass(frozen=True, slots=True)
class Validity:
    """How long points count after the day they are earned.

    ``never`` ends; ``days`` and ``months`` count ``number`` from that day; ``year_end`` and ``month_end`` go to the end of
    the calendar period ``number`` periods later (0: the one of that day); ``until`` is one fixed day for all.
    """

    kind: str = "never"
    number: int = 0
    day: date | None = None

    def check(self, today: date) -> None:
        """Refuse what makes no sense.

        Raises:
            Refused: ``validity.unknown``, ``validity.number``, or ``validity.past`` for an end that has passed.
        """
        if self.kind not in KINDS:
            raise Refused("validity.unknown", kind=self.kind)
        least = 1 if self.kind in {"days", "months"} else 0
        # The calendar ends with the year 9999, and one rule beyond it would stop the paying of all.
        most = 1_000 if self.kind == "year_end" else 36_500
        if not least <= self.number <= most:
            raise Refused("validity.number", number=self.number)
        if self.kind == "until" and (self.day is None or self.day < today):
            raise Refused("validity.past", day=self.day)

    def ends_on(self, earned: date) -> date | None:
        """Return the last day on which points earned on this day count; None for ever."""
        match self.kind:
            case "days":
                return earned + timedelta(days=self.number)
            case "months":
                return add_months(earned, self.number)
            case "year_end":
                return date(earned.year + self.number, 12, 31)
            case "month_end":
                first = add_months(earned.replace(day=1), self.number + 1)
                return first - timedelta(days=1)
            case "until":
                return self.day
            case _:
                return None


def add_months(day: date, months: int) -> date:
    """Return the same day of a later month, or that month's last where it has none such."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def programme_zone() -> str:
    """Return the time zone in which points begin and end: the brand's, else the installation's.

    A brand is the top of a tree of communities. Points belong to the person across all of them, so where the tops do not
    agree, the installation's own zone counts.
    """
    zones = set(
        Community.objects.filter(parent=None, archived_at=None, is_group=False).values_list("timezone", flat=True)
    )
    return zones.pop() if len(zones) == 1 else settings.TIME_ZONE


def today(at: datetime) -> date:
    """Return the programme's local day of an instant."""
    return local_day(at, programme_zone())


def day_begins(day: date) -> datetime:
    """Return the instant at which a day begins for the programme."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(programme_zone()))

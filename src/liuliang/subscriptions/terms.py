"""From which day to which: pure functions of stretches of local days, first and last day included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from liuliang.loyalty.validity import add_months

MONTH, DAY = "month", "day"
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days from ``first`` to ``last``; none when the last is the day before the first. ``key`` names it."""

    key: int
    first: date
    last: date

    @property
    def days(self) -> int:
        """Return how many days it has."""
        return (self.last - self.first).days + 1


def first_of(ends: Sequence[date], today: date) -> date:
    """Return the first day of what is bought today: after all that one has, and today for who has nothing."""
    return max((end + ONE_DAY for end in ends if end >= today), default=today)


def last_of(first: date, unit: str, length: int) -> date:
    """Return the last day of so many months or days: a month from the 5th ends with the 4th of the next."""
    after = add_months(first, length) if unit == MONTH else first + timedelta(days=length)
    return after - ONE_DAY


def kept_days(days: int, paid: int, refunded: int) -> int:
    """Return how many of its days are left of a stretch when a part of its money went back: in proportion, rounded up."""
    return 0 if refunded >= paid else -(-days * (paid - refunded) // paid)


def shorten(stretches: Sequence[Stretch], key: int, kept: int, today: date) -> list[Stretch]:
    """Leave of one stretch no more than its first ``kept`` days, and move up what comes after and has not begun.

    Days before today were had and stay; today is the first that can go.

    Args:
        stretches: of one person and plan, by their first day.
        key: the one to shorten.
        kept: how many days are left to it.
        today: the local day.
    """
    found: list[Stretch] = []
    moved_to: date | None = None
    for each in stretches:
        if each.key == key:
            last = min(each.last, max(each.first + timedelta(days=kept - 1), today - ONE_DAY))
            found.append(replace(each, last=last))
            moved_to = max(last + ONE_DAY, today)
        elif moved_to is not None and each.first > today:
            first = min(each.first, moved_to)
            found.append(replace(each, first=first, last=first + timedelta(days=each.days - 1)))
            moved_to = first + timedelta(days=each.days)
        else:
            # What has begun stays, and nothing moves into it.
            moved_to = max(moved_to, each.last + ONE_DAY) if moved_to is not None else None
            found.append(each)
    return found

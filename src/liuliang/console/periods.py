"""The period a board speaks of: chosen in the address, never later than the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from liuliang.analytics.periods import ONE_DAY, Period, latest
from liuliang.analytics.traffic import Coverage
from liuliang.ui import formats

LENGTHS = (7, 30, 90)
USUAL = 30

STALE = 3 * ONE_DAY
"""Data that ended longer ago than this is said to have stopped; a day or two behind, the period's own days say enough."""

LONGEST = 731
"""Days of a chosen period at the most."""

LONGEST_DAY = 20
"""Characters of a day in the address that are said back, where it is none."""


@dataclass(frozen=True, slots=True)
class PeriodChoice:
    """The period in force and what else may be chosen; ``is_custom`` when it was given by its days.

    ``refused`` is what the address asked for where that could not be shown.
    """

    period: Period
    is_custom: bool
    today: date
    known: Coverage | None
    path: str
    carried: tuple[tuple[str, str], ...]
    refused: str = ""

    @property
    def lengths(self) -> Sequence[tuple[str, str, bool]]:
        """Return (words, address, whether chosen) of the usual lengths."""
        chosen = 0 if self.is_custom else len(self.period)
        return [
            (
                _("近 {n} 天").format(n=length),
                f"{self.path}?{urlencode([*self.carried, ('days', length)])}",
                length == chosen,
            )
            for length in LENGTHS
        ]

    @property
    def span(self) -> str:
        """Return the period's first and last day."""
        first, last = self.period.first, self.period.last
        return f"{first:%Y-%m-%d} ~ {last:%m-%d}" if first.year == last.year else f"{first} ~ {last}"

    @property
    def query(self) -> str:
        """Return the part of an address that asks for this period."""
        if self.is_custom:
            return urlencode({"from": self.period.first.isoformat(), "to": self.period.last.isoformat()})
        return urlencode({"days": len(self.period)})

    @property
    def versus(self) -> str:
        """Return what changes are measured against."""
        return _("比上一期")

    @property
    def is_comparable(self) -> bool:
        """Tell whether the log reaches back over the whole period before."""
        return self.known is not None and self.known.first <= self.period.previous.first

    @property
    def stops_early(self) -> bool:
        """Tell whether the data ended days ago (an old export), so that the usual periods end with it."""
        return self.known is not None and self.known.last < self.today - STALE

    @property
    def note(self) -> str:
        """Return what a reader must know of the period, or nothing."""
        if not self.refused:
            return self._note
        replaced = _("{asked} 看不了（还没到、超过两年或不是日期），下面是 {span}。").format(
            asked=self.refused, span=self.span
        )
        return f"{replaced} {self._note}".rstrip()

    @property
    def _note(self) -> str:
        if self.known is None:
            return ""
        if self.is_custom and self.known.last < self.period.first:
            return _("记录停在 {day}，这一期还没有记录。").format(day=formats.day(self.known.last))
        if self.stops_early and not self.is_custom:
            return _("聊天记录停在 {day}。下面的期间都截至那天，之后的订单不算在内。").format(
                day=formats.day(self.known.last)
            )
        if self.known.first > self.period.first:
            return _("记录从 {day} 才开始，这一期不完整。").format(day=formats.day(self.known.first))
        if not self.is_comparable:
            return _("记录从 {day} 开始，没有完整的上一期，所以不显示变化。").format(day=formats.day(self.known.first))
        return ""


def choose(request: HttpRequest, known: Coverage | None, today: date) -> PeriodChoice:
    """Read the period from the address: ``days``, or ``from`` and ``to``; anything unreadable means the usual one, and is said."""
    return chosen(request.GET, request.path, known, today)


def chosen(asked: QueryDict, path: str, known: Coverage | None, today: date) -> PeriodChoice:
    """Read the period from the query of an address, which `choose` explains; ``path`` is the page it is chosen on."""
    carried = tuple((name, str(asked[name])) for name in ("sort", "q") if asked.get(name))
    first, last = _day(asked, "from"), _day(asked, "to")
    if first is not None and last is not None:
        first, last = min(first, last), min(max(first, last), today)
        if first <= last and (last - first).days < LONGEST:
            return PeriodChoice(Period(first, last), True, today, known, path, carried)
    wanted = next((length for length in LENGTHS if str(length) == asked.get("days")), USUAL)
    period = latest(
        wanted,
        today=today,
        first_known=known.first if known else None,
        last_known=known.last if known else None,
    )
    refused = " ~ ".join(str(asked.get(name, ""))[:LONGEST_DAY] or "?" for name in ("from", "to"))
    is_asked = bool(asked.get("from") or asked.get("to"))
    return PeriodChoice(period, False, today, known, path, carried, refused if is_asked else "")


def _day(asked: QueryDict, name: str) -> date | None:
    """Return a day of the address; a day so early that the period before it would have no calendar is none."""
    try:
        day = parse_date(asked.get(name, ""))
    except ValueError:
        return None
    return day if day is not None and day.year >= 1990 else None

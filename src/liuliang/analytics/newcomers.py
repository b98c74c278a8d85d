"""Who came for the first time, and what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection
from django.utils.translation import gettext_lazy as _

from liuliang.analytics.definitions import Definition
from liuliang.analytics.periods import Period
from liuliang.analytics.presence import one_community
from liuliang.analytics.scopes import Scope
from liuliang.kernel.clock import local_day

WINDOW = timedelta(days=7)

NEWCOMERS = Definition(
    "newcomers",
    _("新人后来怎样了"),
    _(
        "期内第一次进这个群的人（进群记录之前就在群里出现过的不算）。“7 天内说过话”只在进群已满 7 天的人里算，没满 7 天的单列。"
        "“还在”看的是现在。机器人不算。"
    ),
    _("人"),
)


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody's first coming, and what is known of them since."""

    member: int
    joined_at: datetime
    first_spoke_at: datetime | None
    is_present: bool
    inviter: int | None

    @property
    def spoke_soon(self) -> bool:
        """Tell whether they spoke within seven days."""
        return self.first_spoke_at is not None and self.first_spoke_at - self.joined_at < WINDOW

    def is_observed(self, until: datetime) -> bool:
        """Tell whether the log knows at least seven days since they came."""
        return until - self.joined_at >= WINDOW


@dataclass(frozen=True, slots=True)
class Week:
    """The newcomers of one local week, which begins on Monday (or where the period begins).

    ``observed`` of them came at least seven days before the log ends; ``spoke_soon`` counts those of the observed who
    spoke within seven days.
    """

    first: date
    joined: int
    observed: int
    spoke_soon: int
    present: int

    @property
    def left(self) -> int:
        """Return how many are gone."""
        return self.joined - self.present


@dataclass(frozen=True, slots=True)
class Newcomers:
    """The newcomers of a period by week, their total, and who invited most of them."""

    weeks: tuple[Week, ...]
    total: Week
    inviters: tuple[tuple[int, int, int], ...]
    """(member, newcomers they invited, how many of those are still there), the most inviting first."""

    @property
    def spoke_share(self) -> float | None:
        """Return the share that spoke within seven days, of those of whom it can be known."""
        return self.total.spoke_soon / self.total.observed if self.total.observed else None

    @property
    def present_share(self) -> float | None:
        """Return the share that is still there."""
        return self.total.present / self.total.joined if self.total.joined else None


def newcomers(scope: Scope, period: Period, until: datetime) -> Newcomers:
    """Return what became of those who first came to one community in ``period``, with ``until`` the end of the log.

    Raises:
        ValueError: the scope is not one community.
    """
    timezone, community = one_community(scope)
    begin, end = period.instants(timezone)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT member_id, first_joined_at, first_spoke_at, is_present, inviter"
            " FROM people_membership WHERE community_id = %s AND first_joined_at >= %s AND first_joined_at < %s"
            " AND first_seen_at >= first_joined_at AND NOT member_id = ANY(%s)"
            " ORDER BY first_joined_at, member_id",
            [community, begin, end, list(scope.robots)],
        )
        rows = [Newcomer(*row) for row in cursor.fetchall()]
    return told(rows, period, timezone, until)


def told(rows: Iterable[Newcomer], period: Period, timezone: str, until: datetime) -> Newcomers:
    """Sum newcomers up by week."""
    people = list(rows)
    by_week: dict[date, list[Newcomer]] = {first: [] for first in _weeks(period)}
    for each in people:
        by_week[_week_of(local_day(each.joined_at, timezone), period)].append(each)
    invited = Counter(each.inviter for each in people if each.inviter is not None)
    stayed = Counter(each.inviter for each in people if each.inviter is not None and each.is_present)
    return Newcomers(
        tuple(_week(first, group, until) for first, group in by_week.items()),
        _week(period.first, people, until),
        tuple((inviter, count, stayed[inviter]) for inviter, count in sorted(invited.items(), key=_most_first)[:5]),
    )


def _most_first(item: tuple[int, int]) -> tuple[int, int]:
    return -item[1], item[0]


def _week_of(day: date, period: Period) -> date:
    return max(day - timedelta(days=day.weekday()), period.first)


def _weeks(period: Period) -> list[date]:
    return sorted({_week_of(day, period) for day in period.days})


def _week(first: date, group: list[Newcomer], until: datetime) -> Week:
    return Week(
        first,
        joined=len(group),
        observed=sum(each.is_observed(until) for each in group),
        spoke_soon=sum(each.spoke_soon and each.is_observed(until) for each in group),
        present=sum(each.is_present for each in group),
    )

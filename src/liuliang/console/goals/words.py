"""How a goal is told: where it stands, where it should be by now, and where it is heading."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import ANALYTICS_VIEW
from liuliang.analytics.base import SIGNED, Asked, Metric, metrics
from liuliang.analytics.goals import Progress, follow
from liuliang.analytics.models import Goal
from liuliang.analytics.periods import ONE_DAY, Period
from liuliang.analytics.presence import robots
from liuliang.analytics.scopes import Scope
from liuliang.analytics.traffic import coverage
from liuliang.console.analysis.metrics import needs_of, write
from liuliang.kernel import clock
from liuliang.people.access import Access
from liuliang.people.models import Community

STATES: Mapping[str, tuple[str | Promise, str]] = {
    "reached": (_("已达成"), "good"),
    "on_course": (_("照这样能达成"), "good"),
    "open": (_("还说不准"), ""),
    "behind": (_("照这样达不成"), "bad"),
    "missed": (_("没有达成"), "bad"),
    "not_begun": (_("还没开始"), ""),
    "unknown": (_("还没有数据"), ""),
}
"""What a state is called, and its tone."""


@dataclass(frozen=True, slots=True)
class Told:
    """A goal as lists and cards show it; widths are in thousandths."""

    id: int
    public_id: str
    title: str
    place: str
    metric: Metric
    first_day: date
    last_day: date
    progress: Progress
    may_change: bool
    url: str

    @property
    def state(self) -> str:
        """Return the key of the state."""
        return self.progress.state

    @property
    def state_words(self) -> str:
        """Return what the state is called."""
        return str(STATES[self.progress.state][0])

    @property
    def tone(self) -> str:
        """Return the colour of the state: only beyond noise."""
        return STATES[self.progress.state][1]

    @property
    def target(self) -> str:
        """Return the number to reach."""
        return write(self.metric.style, self.progress.target)

    @property
    def value(self) -> str:
        """Return the number so far."""
        return write(self.metric.style, self.progress.value)

    @property
    def expected(self) -> str:
        """Return where the number should be by now."""
        return "" if self.progress.expected is None else write(self.metric.style, self.progress.expected)

    @property
    def forecast(self) -> str:
        """Return where the number is heading, with its interval."""
        ahead = self.progress.forecast
        if ahead is None or self.progress.elapsed == self.progress.days:
            return ""
        least = -math.inf if self.metric.key in SIGNED else 0.0
        ends = (write(self.metric.style, max(least, end)) for end in (ahead.low, ahead.high))
        return " ~ ".join(ends)

    @property
    def share(self) -> float | None:
        """Return how much of the way is done."""
        return self.progress.share

    @property
    def width(self) -> int:
        """Return how long the bar is."""
        return round(1000 * min(1.0, max(0.0, self.progress.share or 0.0)))

    @property
    def mark(self) -> int | None:
        """Return where the bar should be by now."""
        if self.progress.expected is None or self.progress.elapsed == self.progress.days:
            return None
        return round(1000 * self.progress.elapsed / self.progress.days)


def told(access: Access, goals: Sequence[Goal], *, permission_to_change: str) -> list[Told]:
    """Return goals with how they stand; those of metrics that somebody may not see, or that are gone, are left out."""
    machines = robots()
    found: list[Told] = []
    for goal in goals:
        metric = metrics().get(goal.metric)
        if metric is None or not all(_may(access, needed, goal) for needed in needs_of(metric)):
            continue
        asked = asked_of(access, goal, metric, machines)
        place = goal.community.name if goal.community is not None else str(_now("全部社群"))
        may_change = _may(access, permission_to_change, goal)
        found.append(
            Told(
                goal.pk, goal.public_id, str(metric.definition.title), place, metric, goal.first_day, goal.last_day,
                follow(metric, asked, goal.target), may_change, _metric_url(goal),
            )
        )  # fmt: skip
    return found


def _may(access: Access, permission: str, goal: Goal) -> bool:
    """Tell whether a permission holds in the community of a goal, or everywhere for one of all communities."""
    if goal.community is None:
        return access.may_everywhere(permission)
    return access.may(permission, goal.community)


def asked_of(access: Access, goal: Goal, metric: Metric, machines: tuple[int, ...]) -> Asked:
    """Return the question that a goal asks: its groups, its days, and up to when the log knows."""
    reach = access.community_ids(ANALYTICS_VIEW, *needs_of(metric))
    rows = Community.objects.filter(is_group=True)
    if reach is not None:
        rows = rows.filter(id__in=reach)
    if goal.community is not None:
        rows = rows.filter(path__contains=[goal.community.pk])
    places = list(rows.values_list("id", "timezone", "type"))
    is_everything = reach is None and goal.community is None
    scope = Scope.of([each[:2] for each in places], is_everything=is_everything, robots=machines)
    now = clock.now()
    known = coverage(scope) if places else None
    timezone = scope.timezone(settings.TIME_ZONE)
    until = now.replace(minute=0, second=0, microsecond=0)
    if known is not None and known.last < clock.local_day(now, timezone) - ONE_DAY:
        until = Period(known.last, known.last).instants(timezone)[1]
    types = tuple((each[0], each[2]) for each in places)
    return Asked(scope, Period(goal.first_day, goal.last_day), until, timezone, types=types)


def _metric_url(goal: Goal) -> str:
    query = f"from={goal.first_day.isoformat()}&to={goal.last_day.isoformat()}"
    if goal.community is not None:
        query = f"community={goal.community.public_id}&{query}"
    return f"{reverse('console:metric', args=[goal.metric])}?{query}"

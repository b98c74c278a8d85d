"""A metric day by day, of the communities an alert is about, and the last day that is over in all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.conf import settings

from liuliang.alerting.judging import Point, Series
from liuliang.alerting.rules import LATER
from liuliang.analytics.acts import EVIDENCE
from liuliang.analytics.base import SIGNED, Asked, Metric, Reading, metrics
from liuliang.analytics.noise import CONFIDENCE, student_quantile
from liuliang.analytics.periods import ONE_DAY, Period
from liuliang.analytics.presence import robots
from liuliang.analytics.remembering import remembered
from liuliang.analytics.scopes import Scope
from liuliang.analytics.traffic import coverage
from liuliang.kernel import clock
from liuliang.lake.queries import query
from liuliang.people.models import Community

_COUNTED_DAYS = frozenset({"gmv", "dau"})
"""Metrics beside the counts of which a day without a row is a day of nothing."""

_OF_PEOPLE = frozenset({"percent", "duration"})


@dataclass(frozen=True, slots=True)
class Ground:
    """The groups an alert is about. ``asked`` is a question about the last day that is over, to be asked of any days.

    ``is_live`` tells that the log goes on to the present: then the day after ``asked.last_day`` is going on.
    """

    asked: Asked
    is_live: bool

    @property
    def last_day(self) -> date:
        """Return the last day that is over in every group, as far as the log knows."""
        return self.asked.last_day

    def last_known(self, metric: Metric) -> date:
        """Return the last day of which a metric knows everything."""
        return self.last_day - timedelta(days=LATER.get(metric.key, 0))


def ground_of(community: Community | None, at: datetime) -> Ground | None:
    """Return the groups of a community or branch, or of all; None where there are none, or the log knows nothing at all.

    How far the log reaches is told by everything in it, not by these groups: a group in which nobody says a word any more is
    one to be told of.
    """
    every = list(Community.objects.filter(is_group=True).values_list("id", "timezone", "type", "path", "archived_at"))
    machines = robots()
    known = coverage(Scope.of([each[:2] for each in every], is_everything=True)) if every else None
    mine = [each for each in every if each[4] is None and (community is None or community.pk in each[3])]
    if known is None or not mine:
        return None
    is_everything = len(mine) == len(every)
    scope = Scope.of([each[:2] for each in mine], is_everything=is_everything, robots=machines)
    timezone = scope.timezone(settings.TIME_ZONE)
    is_live = known.last >= clock.local_day(at, timezone) - ONE_DAY
    until = at.replace(minute=0, second=0, microsecond=0)
    if not is_live:
        until = Period(known.last, known.last).instants(timezone)[1]
    types = tuple((each[0], each[2]) for each in mine)
    asked = Asked(scope, Period(known.last, known.last), until, timezone, "day", types=types)
    return Ground(replace(asked, period=Period(asked.last_day, asked.last_day)), is_live)


def series_of(metric: Metric, ground: Ground, period: Period, *, is_each: bool) -> Mapping[int | None, Series]:
    """Return the days of a metric: of every group by itself, or of all together under None.

    Before a group was first heard of nothing is known of it; from then on, a day without a row is nothing of a count.
    """
    asked = replace(ground.asked, period=period, split="community" if is_each else "")
    begun = first_days(asked.scope)
    keys: dict[str, tuple[int | None, date | None]] = {"": (None, min(begun.values(), default=None))}
    if is_each:
        keys = {str(each): (each, begun.get(each)) for each in asked.scope.communities}
    points = _points(metric, asked)
    is_counted = metric.style == "count" or metric.key in _COUNTED_DAYS
    nothing = Point(0.0, happenings=0.0, is_signed=metric.key in SIGNED) if is_counted else None
    found: dict[int | None, Series] = {}
    for part, (key, first) in keys.items():
        mine = points.get(part, {})
        found[key] = {
            day: point
            for day in period.days
            if first is not None and day >= first and (point := mine.get(day, nothing)) is not None
        }
    return found


@remembered
def first_days(scope: Scope) -> Mapping[int, date]:
    """Return the day on which each community was first heard of."""
    among, values = scope.condition()
    rows = query(
        f"SELECT community, min(day) FROM {{member_day}} WHERE kind IN {{kinds:Array(String)}} AND {among} GROUP BY community",
        {**values, "kinds": [*EVIDENCE]},
    ).rows
    return {int(community): day for community, day in rows}


def _points(metric: Metric, asked: Asked) -> dict[str, dict[date, Point]]:
    orders: dict[tuple[str, date], float] = {}
    if metric.key == "gmv":
        orders = {(each.part, each.start): each.value or 0.0 for each in metrics()["orders"].read(asked)}
    found: dict[str, dict[date, Point]] = {}
    for reading in metric.read(asked):
        if reading.value is not None:
            found.setdefault(reading.part, {})[reading.start] = _point(metric, reading, orders)
    return found


def _point(metric: Metric, reading: Reading, orders: Mapping[tuple[str, date], float]) -> Point:
    value = reading.value or 0.0
    if metric.key == "gmv":
        return Point(value, happenings=orders.get((reading.part, reading.start), 0.0))
    if metric.style == "count" or metric.key == "dau":
        return Point(value, happenings=abs(value), is_signed=metric.key in SIGNED)
    error = 0.0
    if reading.low is not None and reading.high is not None:
        error = (reading.high - reading.low) / 2 / student_quantile((1 + CONFIDENCE) / 2, float("inf"))
    return Point(value, reading.of if metric.style in _OF_PEOPLE else None, error=error)

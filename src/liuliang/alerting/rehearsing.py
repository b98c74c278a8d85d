"""What an alert would have done: its condition held against the days that are over, by the rule it will be looked at with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from liuliang.alerting.judging import Series, Verdict, judge_all
from liuliang.alerting.rules import Condition
from liuliang.alerting.series import Ground, series_of
from liuliang.analytics.base import Metric
from liuliang.analytics.periods import Period

DAYS = 90
"""Days that are held against a condition before it is saved."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What would have happened on each day. ``days`` has a verdict for every community (or for all, under None)."""

    period: Period
    days: Mapping[date, Mapping[int | None, Verdict]]
    series: Mapping[int | None, Series]

    @property
    def fired(self) -> Sequence[tuple[int | None, Verdict]]:
        """Return every firing, the latest first."""
        return [
            (key, verdict)
            for day in reversed(self.period.days)
            for key, verdict in self.days[day].items()
            if verdict.is_fired
        ]

    @property
    def fired_days(self) -> Sequence[date]:
        """Return the days on which it fires at all."""
        return [day for day in self.period.days if any(each.is_fired for each in self.days[day].values())]

    @property
    def whole(self) -> Sequence[Verdict]:
        """Return the verdicts of all communities together; nothing where each is looked at by itself."""
        return [self.days[day][None] for day in self.period.days if None in self.days[day]]

    def count(self, *states: str) -> int:
        """Return how many verdicts there are of some states."""
        return sum(each.state in states for day in self.days.values() for each in day.values())


def rehearse(metric: Metric, ground: Ground, condition: Condition, *, is_each: bool, days: int = DAYS) -> Rehearsal:
    """Hold a condition against the last ``days`` days of which the metric knows everything."""
    last = ground.last_known(metric)
    period = Period(last - timedelta(days=days - 1), last)
    told = series_of(metric, ground, Period(period.first - timedelta(days=condition.history), last), is_each=is_each)
    return Rehearsal(period, {day: judge_all(condition, told, day) for day in period.days}, told)

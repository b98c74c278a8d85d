"""When a community talks: messages by weekday and hour of its local time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import scipy  # its parts load when they are first named
from django.utils.translation import gettext_lazy as _

from liuliang.analytics.definitions import Definition
from liuliang.analytics.periods import Period
from liuliang.analytics.presence import one_community
from liuliang.analytics.remembering import remembered, remembered_within
from liuliang.analytics.scopes import Scope, instants_of
from liuliang.lake.queries import query
from liuliang.lake.tables import EVENT

_HOURS = 7 * 24

HOURS = Definition(
    "hours",
    _("什么时候说话"),
    _("期内每个“星期 × 小时”平均一天有多少条消息：这个格子的消息数除以期内这样的星期几有几天。按社群当地时间。"),
    _("条/天"),
)


BEST_HOURS = Definition(
    "best_hours",
    _("什么时候说话的人最多"),
    _(
        "最近 8 周里，每个“星期 × 小时”平均有几个人说话：把每次的人数加起来，除以 8。倍数是和这个群随便哪个小时相比；人数多得不像偶然（按泊松分布，168 个小时一起看，5%）、而且 8 次里至少 4 次有人的才列出来；只热闹过一两次的多半是活动，说不准。"
        "按社群当地时间，机器人不算。"
    ),
    _("人"),
)

SURPRISING = 0.05
"""An hour is told when so many people in it, or more, in any of a week's hours, would be as improbable by chance."""

WEEKS = 8
"""Weeks that tell when to speak: enough for a habit, few enough for it to be of today."""

HABIT = WEEKS // 2
"""Days of an hour on which somebody spoke from which on it is a habit, and not one lively evening."""


@dataclass(frozen=True, slots=True)
class Slot:
    """An hour of a weekday (0 is Monday).

    ``lively_days`` is on how many of its `WEEKS` days anybody spoke, ``speakers`` how many people did on average, ``times``
    how many times as many as in any hour.
    """

    weekday: int
    hour: int
    lively_days: int
    speakers: float
    times: float

    @property
    def is_habit(self) -> bool:
        """Tell whether people spoke in it often enough to be expected in it again."""
        return self.lively_days >= HABIT


@dataclass(frozen=True, slots=True)
class Hours:
    """Messages by weekday (Monday first) and hour, and how many of each weekday the period has."""

    messages: tuple[tuple[int, ...], ...]
    weekdays: tuple[int, ...]

    @property
    def means(self) -> tuple[tuple[float | None, ...], ...]:
        """Return the messages of an average such hour; None for weekdays that the period does not have."""
        return tuple(
            tuple(count / days if days else None for count in row)
            for row, days in zip(self.messages, self.weekdays, strict=True)
        )

    @property
    def busiest(self) -> tuple[int, int] | None:
        """Return the weekday (0 is Monday) and hour with the most messages of an average day; None without messages."""
        best = max(
            ((mean or 0.0, -weekday, -hour) for weekday, row in enumerate(self.means) for hour, mean in enumerate(row)),
            default=(0.0, 0, 0),
        )
        return (-best[1], -best[2]) if best[0] > 0 else None


@remembered_within(EVENT, instants_of)
def hours(scope: Scope, period: Period) -> Hours:
    """Return when one community talked in ``period``.

    Raises:
        ValueError: the scope is not one community.
    """
    timezone, _community = one_community(scope)
    during, values = scope.during(period)
    counts = [[0] * 24 for _weekday in range(7)]
    for weekday, hour, messages in query(
        "SELECT toDayOfWeek(occurred_at, 0, {zone:String}), toHour(occurred_at, {zone:String}), count() FROM {events}"
        f" WHERE kind = 'message.sent' AND {during} GROUP BY 1, 2",
        {**values, "zone": timezone},
    ).rows:
        counts[int(weekday) - 1][int(hour)] = int(messages)
    weekdays = [0] * 7
    for day in period.days:
        weekdays[day.weekday()] += 1
    return Hours(tuple(map(tuple, counts)), tuple(weekdays))


@remembered
def best_hours(scope: Scope, last_day: date, most: int = 3) -> Mapping[int, tuple[Slot, ...]]:
    """Return for each community the hours in which most people spoke in the `WEEKS` before the end of ``last_day``.

    Communities in which nobody spoke are left out; those whose hours are all alike have none. Where many spoke in some hour, but
    in none of them by habit, that one is given: it says how little is known.
    """
    period = Period(last_day - timedelta(days=7 * WEEKS - 1), last_day)
    found: dict[int, tuple[Slot, ...]] = {}
    for timezone, communities in scope.zones:
        during, values = scope.only(communities).during(period)
        rows = query(
            "SELECT community, groupArray((weekday, hour, days, people)), any(everybody) FROM ("
            " SELECT community, weekday, hour, count() AS days, sum(people) AS people,"
            "  sum(people) OVER (PARTITION BY community) AS everybody FROM ("
            "  SELECT community, toDate(occurred_at, {zone:String}) AS day, toHour(occurred_at, {zone:String}) AS hour,"
            "   toDayOfWeek(day) AS weekday, uniqExact(member) AS people"
            f"  FROM {{events}} WHERE kind = 'message.sent' AND {during} GROUP BY community, day, hour"
            " ) GROUP BY community, weekday, hour ORDER BY days >= {habit:UInt8} DESC, people DESC, weekday, hour LIMIT {most:UInt8} BY community"
            ") GROUP BY community",
            {**values, "zone": timezone, "most": most, "habit": HABIT},
        ).rows
        for community, slots, everybody in rows:
            usual = int(everybody) / (_HOURS * WEEKS)
            best = sorted(
                (slot for slot in slots if scipy.special.pdtrc(int(slot[3]) - 1, usual * WEEKS) * _HOURS < SURPRISING),
                key=lambda slot: (-slot[3], slot[0], slot[1]),
            )
            told = [
                Slot(int(weekday) - 1, int(hour), int(days), int(people) / WEEKS, int(people) / WEEKS / usual)
                for weekday, hour, days, people in best
            ]
            found[int(community)] = tuple(slot for slot in told if slot.is_habit) or tuple(told[:1])
    return found

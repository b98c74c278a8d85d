"""When a community talks: messages by weekday and hour of its local time."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from liuliang.analytics.definitions import Definition
from liuliang.analytics.periods import Period
from liuliang.analytics.presence import one_community
from liuliang.analytics.remembering import remembered
from liuliang.analytics.scopes import Scope
from liuliang.lake.queries import query

HOURS = Definition(
    "hours",
    _("什么时候说话"),
    _("期内每个“星期 × 小时”平均一天有多少条消息：这个格子的消息数除以期内这样的星期几有几天。按社群当地时间。"),
    _("条/天"),
)


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


@remembered
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

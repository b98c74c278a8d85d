"""Who speaks, and how much of the talk a few of them carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from liuliang.analytics.definitions import Definition
from liuliang.analytics.periods import Period
from liuliang.analytics.remembering import remembered_within
from liuliang.analytics.scopes import Scope, between, days_of
from liuliang.lake.queries import query
from liuliang.lake.tables import MEMBER_DAY

TOP = Definition(
    "top_speakers",
    _("谁在说话"),
    _("期内发消息最多的人，和他们在几天里说过话。占比是占期内全部消息。"),
    _("条"),
)
CONCENTRATION = Definition(
    "concentration",
    _("话集中在几个人嘴里"),
    _(
        "把期内说过话的人按消息数排好，最能说的 10%（不足一人按一人）说了全部消息的多少。基尼系数：0 是人人说得一样多，越接近 1 越是少数人在说；"
        "只算说过话的人。"
    ),
)


@dataclass(frozen=True, slots=True)
class Speaker:
    """A member's messages in the period, and on how many days they were sent."""

    member: int
    messages: int
    days: int


@dataclass(frozen=True, slots=True)
class Concentration:
    """How unevenly messages are spread over those who spoke."""

    speakers: int
    messages: int
    top_people: int
    top_messages: int
    gini: float | None

    @property
    def top_share(self) -> float | None:
        """Return the share of all messages that the top tenth sent; None when nobody spoke."""
        return self.top_messages / self.messages if self.messages else None


@remembered_within(MEMBER_DAY, days_of)
def top_speakers(scope: Scope, period: Period, limit: int = 20) -> tuple[Speaker, ...]:
    """Return those who sent the most messages, the most talkative first."""
    among, values = scope.condition()
    within, days = between(period)
    rows = query(
        "SELECT member, sum(count) AS messages, uniqExact(day) FROM {member_day}"
        f" WHERE kind = 'message.sent' AND {among} AND {within} GROUP BY member ORDER BY messages DESC, member"
        " LIMIT {most:UInt32}",
        {**values, **days, "most": limit},
    ).rows
    return tuple(Speaker(*(int(value) for value in row)) for row in rows)


@remembered_within(MEMBER_DAY, days_of)
def concentration(scope: Scope, period: Period) -> Concentration:
    """Return how the period's messages are spread over its speakers, exactly, whatever their number."""
    among, values = scope.condition()
    within, days = between(period)
    rows = query(
        "SELECT messages, count() FROM (SELECT member, sum(count) AS messages FROM {member_day}"
        f" WHERE kind = 'message.sent' AND {among} AND {within} GROUP BY member) GROUP BY messages",
        {**values, **days},
    ).rows
    return concentrated({int(messages): int(people) for messages, people in rows})


def concentrated(people_by_messages: Mapping[int, int]) -> Concentration:
    """Return the concentration, given how many people sent each number of messages.

    The Gini coefficient is that of a finite population, sum over ranks of (2i - n - 1) x_i / (n * sum x), which is 0 for
    one person and for equals; people with equal counts are summed in one step.
    """
    speakers = sum(people_by_messages.values())
    messages = sum(count * people for count, people in people_by_messages.items())
    if not speakers or not messages:
        return Concentration(speakers, messages, 0, 0, None)
    top_people = max(1, speakers // 10)
    left, top_messages = top_people, 0
    for count in sorted(people_by_messages, reverse=True):
        taken = min(left, people_by_messages[count])
        top_messages += taken * count
        left -= taken
        if not left:
            break
    weighted, passed = 0, 0
    for count in sorted(people_by_messages):
        people = people_by_messages[count]
        # The ranks passed+1 … passed+people: their (2i - n - 1) add up to this.
        weighted += count * people * (2 * passed + people - speakers)
        passed += people
    return Concentration(speakers, messages, top_people, top_messages, weighted / (speakers * messages))

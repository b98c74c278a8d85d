"""Who came, who went, who spoke: by day for the whole, and by community for the period and the one before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.translation import gettext_lazy as _
from msgspec import Struct

from liuliang.analytics.definitions import Definition
from liuliang.analytics.measures import JOINED as PAIRS_JOINED
from liuliang.analytics.measures import LEFT as PAIRS_LEFT
from liuliang.analytics.measures import MESSAGES as MESSAGES_SENT
from liuliang.analytics.periods import ONE_DAY, Period
from liuliang.analytics.remembering import remembered, remembered_within
from liuliang.analytics.scopes import Scope, between, days_with_previous
from liuliang.lake.queries import days_held, query, read_once
from liuliang.lake.tables import EVENT, MEMBER_DAY

MESSAGES = Definition(
    "messages", _("消息"), _("期内成员在群里发出的消息条数，包括图片、语音等；系统提示不算。"), _("条")
)
SPEAKERS = Definition(
    "speakers", _("说话的人"), _("期内至少发过一条消息的人，一个人在几个群里说话也只算一次。"), _("人")
)
JOINED = Definition(
    "joined",
    _("进群"),
    _(
        "期内有进群记录的“人·群”：同一人进两个群算两次，同一群进出几次只算一次。聊天记录开始以前就在群里、没有进群记录的人不算。"
    ),
    _("人次"),
)
LEFT = Definition(
    "left",
    _("退群"),
    _(
        "期内有退群（自己退出或被移出）记录的“人·群”，同一群退出几次只算一次。微信的聊天记录不写谁自己退群，只写谁被移出，微信群的退群因此会偏少。"
    ),
    _("人次"),
    good="down",
)
KEPT = Definition(
    "kept",
    _("留量"),
    _(
        "流量 − 蒸发量 = 留量：期内进群的“人·群”中，到期末那天结束时没有在最后一次进群之后又退出的。留存率 = 留量 ÷ 进群。"
    ),
    _("人次"),
)


@dataclass(frozen=True, slots=True)
class Coverage:
    """The first and the last local day of which the log knows anything in these communities."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Day:
    """What happened on one local day."""

    day: date
    messages: int = 0
    speakers: int = 0
    joined: int = 0
    left: int = 0

    @property
    def net(self) -> int:
        """Return joins less leaves."""
        return self.joined - self.left


@dataclass(frozen=True, slots=True)
class Speakers:
    """The people who spoke in a period, in the one before, and in one of them or both, each once."""

    now: int
    before: int
    either: int


# A remembered answer has these by the thousand, and a Struct is read back ten times as fast as a dataclass.
class Flow(Struct, frozen=True):
    """Pairs of member and community that came, went, and came and stayed to the period's end; ``grown`` is how many more are there.

    Joins less leaves is not always that: who comes, goes and comes again within the period came once and went once.
    """

    joined: int = 0
    left: int = 0
    kept: int = 0
    grown: int = 0

    @property
    def net(self) -> int:
        """Return joins less leaves."""
        return self.joined - self.left

    @property
    def evaporated(self) -> int:
        """Return how many came and were gone again before the period ended."""
        return self.joined - self.kept

    @property
    def kept_share(self) -> float | None:
        """Return the share of those who came that stayed; None when nobody came."""
        return self.kept / self.joined if self.joined else None

    def __add__(self, other: Flow) -> Flow:
        return Flow(
            self.joined + other.joined,
            self.left + other.left,
            self.kept + other.kept,
            self.grown + other.grown,
        )


class Flows(Struct, frozen=True):
    """A community's flows: in the period, in the one before, and since the period ended."""

    now: Flow = Flow()
    before: Flow = Flow()
    since: Flow = Flow()

    def __add__(self, other: Flows) -> Flows:
        return Flows(self.now + other.now, self.before + other.before, self.since + other.since)


class Talk(Struct, frozen=True):
    """What a community said in the period and in the one before, and who."""

    messages: int = 0
    speakers: int = 0
    messages_before: int = 0
    speakers_before: int = 0
    speakers_either: int = 0


@dataclass(frozen=True, slots=True)
class Activity:
    """A period and the one before: by day, who spoke in all, and what each community said (silent ones are left out)."""

    now: tuple[Day, ...]
    before: tuple[Day, ...]
    speakers: Speakers
    talk: Mapping[int, Talk]


_KINDS = "kind IN ('message.sent', 'member.joined', 'member.left')"

_FIRST_DAY = date(1970, 1, 1)
"""The day from which the lake counts days."""


@remembered
def coverage(scope: Scope) -> Coverage | None:
    """Return the span of days known of these communities; None when nothing is."""
    among, values = scope.condition()
    asked = f"SELECT min(day), max(day), count() FROM {{member_day}} WHERE {_KINDS} AND {among}"
    held = days_held()
    if held is not None:
        # Nearly always both ends lie in the first and the last month that there are, and the others need not be read.
        inner, outer = held[0].replace(day=1) + timedelta(days=31), held[1].replace(day=1)
        edges = {"inner": inner.isoformat(), "outer": outer.isoformat()}
        ((first, last, count),) = query(
            f"{asked} AND (day < {{inner:Date}} OR day >= {{outer:Date}})", values | edges
        ).rows
        if count and first < inner and last >= outer:
            return Coverage(first, last)
    ((first, last, count),) = query(asked, values).rows
    return Coverage(first, last) if count else None


@remembered_within(MEMBER_DAY, days_with_previous)
def activity(scope: Scope, period: Period) -> Activity:
    """Return what happened in the period and the one before: day by day, by all together, and in each community.

    Three questions of the same rows, in one statement: to read these takes as long as to answer. Its rows tell which question
    they answer, and of which day or community.
    """
    among, values = scope.condition()
    within, days = between(period.with_previous)
    held = read_once(MEMBER_DAY, *period.with_previous.instants("UTC"))
    rows = query(
        f"WITH told AS {held} (SELECT kind, day, community, member, count FROM {{member_day}}"
        f" WHERE {_KINDS} AND {among} AND {within})"
        f" SELECT 'days', toUInt32(day), {MESSAGES_SENT}, uniqExactIf(member, kind = 'message.sent'), {PAIRS_JOINED},"
        f" {PAIRS_LEFT}, 0 FROM told GROUP BY day"
        # Two sets of everybody beside the sets of each day: to join those of the days costs twice as much.
        " UNION ALL SELECT 'speakers', 0, bitmapCardinality(now), bitmapCardinality(before), bitmapOrCardinality(now, before),"
        " 0, 0 FROM (SELECT groupBitmapStateIf(member, day >= {begin:Date}) AS now,"
        " groupBitmapStateIf(member, day < {begin:Date}) AS before FROM told WHERE kind = 'message.sent')"
        # Pairs first: of many communities that takes half the time of a set of members for each.
        " UNION ALL SELECT 'talk', community, sum(now), countIf(now > 0), sum(before), countIf(before > 0), count() FROM ("
        "SELECT community, member, sumIf(count, day >= {begin:Date}) AS now, sumIf(count, day < {begin:Date}) AS before"
        " FROM told WHERE kind = 'message.sent' GROUP BY community, member) GROUP BY community",
        {**values, **days, "begin": period.first.isoformat()},
    ).rows
    by_day = {_day(row[1]): Day(_day(row[1]), *row[2:6]) for row in rows if row[0] == "days"}
    return Activity(
        now=tuple(by_day.get(day, Day(day)) for day in period.days),
        before=tuple(by_day.get(day, Day(day)) for day in period.previous.days),
        speakers=next(Speakers(*row[2:5]) for row in rows if row[0] == "speakers"),
        talk={row[1]: Talk(*row[2:]) for row in rows if row[0] == "talk"},
    )


def _day(number: int) -> date:
    return _FIRST_DAY + timedelta(days=number)


@remembered
def flows(scope: Scope, period: Period, upto: date) -> Mapping[int, Flows]:
    """Return who came and went in each community, from the period before up to ``upto`` (today)."""
    within = _moved(scope, period, period.previous)
    if len(scope.zones) > 1:
        # Where it is tomorrow already, people come and go too, and those who are there now are counted with them.
        upto = max(upto, period.last) + ONE_DAY
    after = _moved(scope, Period(period.last + ONE_DAY, upto)) if upto > period.last else {}
    nothing = Flow()
    return {
        community: Flows(*within.get(community, (nothing, nothing)), *after.get(community, (nothing,)))
        for community in within.keys() | after.keys()
    }


def _together(periods: Sequence[Period]) -> Period:
    return Period(min(each.first for each in periods), max(each.last for each in periods))


def _instants_together(scope: Scope, *periods: Period) -> tuple[datetime, datetime]:
    return scope.instants(_together(periods))


@remembered_within(EVENT, _instants_together)
def _moved(scope: Scope, *periods: Period) -> Mapping[int, tuple[Flow, ...]]:
    """Return who came and went in each community, for each of some periods that lie side by side.

    Joins and leaves are few beside messages, so they are read as events: only instants tell whether somebody left before
    or after they last came in. Equal instants count as gone, as in `liuliang.people.models.Membership`.
    """
    whole, values = scope.during(_together(periods))
    places: list[str] = []
    for place, period in enumerate(periods):
        condition, more = scope.during(period, f"span_{place}")
        values |= more
        places.append(f"{condition}, {place}")
    # A leave is half a millisecond later than a join of the same instant.
    moment = "2 * toUnixTimestamp64Milli(occurred_at) + (kind = 'member.left')"
    rows = query(
        "SELECT community, place, countIf(came), countIf(went), countIf(last % 2 = 0),"
        # Who goes first was there when the span began.
        " toInt64(countIf(last % 2 = 0)) - toInt64(countIf(first % 2 = 1)) FROM ("
        f"SELECT community, member, multiIf({', '.join(places)}, {len(places)}) AS place, min({moment}) AS first,"
        f" max({moment}) AS last, max(kind = 'member.joined') AS came, max(kind = 'member.left') AS went FROM {{events}}"
        f" WHERE kind IN ('member.joined', 'member.left') AND {whole} GROUP BY community, member, place)"
        " GROUP BY community, place",
        values,
    ).rows
    found: dict[int, list[Flow]] = {}
    for community, place, *counts in rows:
        found.setdefault(community, [Flow()] * len(periods))[place] = Flow(*counts)
    return {community: tuple(each) for community, each in found.items()}

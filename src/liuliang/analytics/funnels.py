"""How far people come through ordered steps, where they are lost, and who they are.

Exactly: a person's chain is a choice of different events that fit the steps in order, none earlier than the one before,
all within the window after the first; the first one lies in the period. A person counts for the longest chain there is,
whichever of their first steps it begins with. That is what the engine's ``windowFunnel`` finds: for each step it keeps the
latest beginning from which the step was reached, and a later beginning can only reach further. Where one event fits several
steps it has to be told so (``strict_once``), or one message would be two. Tests compare it with trying all chains.

An exclusion cuts a person's time into stretches: a chain without the excluded event strictly between its first and last
event lies in one of them, so the longest of the stretches' chains is the answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from liuliang.analytics import noise
from liuliang.analytics.base import SMALL, Asked, Statement
from liuliang.analytics.counting import split
from liuliang.analytics.definitions import Definition
from liuliang.analytics.happenings import Happening, happened, matching
from liuliang.analytics.noise import Comparison
from liuliang.analytics.periods import Period
from liuliang.analytics.remembering import remembered
from liuliang.analytics.scopes import stamp
from liuliang.kernel.errors import Refused
from liuliang.lake.queries import query

FEWEST, MOST = 2, 20
"""Steps of a funnel."""

MOST_ALIKE = 10
"""Steps that share their kind with another. With each more, the engine has twice as many ways to tell which event was which step,
and cannot be stopped meanwhile: twenty take half a minute for three hundred thousand messages, ten less than a second."""

LONGEST_WINDOW = timedelta(days=366)

FUNNEL = Definition(
    "funnel",
    _("漏斗"),
    _(
        "一个人从期内任意一次“第一步”出发，依次做到后面的每一步，前后都在第一步之后的窗口以内，做到第几步就算到第几步；有好几次第一步时，"
        "取走得最远的一次。中间做别的事不要紧。一件事只能当一步用；记录的时间相同，按步骤的先后算。“排除”的事如果发生在第一步和最后一步之间，"
        "这一串就断了，从断开以后重新算。没有记在任何社群里的事（订单、积分、会员），算给这个人见过面的社群。不分组时一个人只算一次；按社群、类型、进群方式分组时每组各算各的。"
        "期末离记录的尽头不到一个窗口时，后面的人还来不及走完，会标出来。转化率是占第一步的人，区间是 95% 的 Wilson 区间。机器人不算。"
    ),
    _("人"),
)


@dataclass(frozen=True, slots=True)
class Funnel:
    """What is asked: steps in order, and how long a chain may take.

    ``asked`` gives the communities, the period of the first step and what to split by; ``without`` breaks a chain. Nothing that
    happened at ``until`` or later counts; None for as far as windows go.
    """

    asked: Asked
    steps: tuple[Happening, ...]
    window: timedelta
    without: Happening | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be counted.

        Raises:
            Refused: ``funnel.steps``, ``funnel.alike`` or ``funnel.window``.
        """
        if not FEWEST <= len(self.steps) <= MOST:
            raise Refused("funnel.steps", fewest=FEWEST, most=MOST, found=len(self.steps))
        alike = sum(count for count in Counter(step.kind for step in self.steps).values() if count > 1)
        if alike > MOST_ALIKE:
            raise Refused("funnel.alike", most=MOST_ALIKE, found=alike)
        if not timedelta(0) < self.window <= LONGEST_WINDOW:
            raise Refused("funnel.window", days=LONGEST_WINDOW.days)

    @property
    def is_over(self) -> bool:
        """Tell whether everybody's window is over as far as the log knows."""
        return self.asked.until >= self.asked.scope.instants(self.asked.period)[1] + self.window

    @property
    def before(self) -> Funnel:
        """Return the same funnel over the period before, its people watched for as long as those of this one so far."""
        asked, period = self.asked, self.asked.period
        until = None
        if not self.is_over:
            # By the clock on the wall: where it is changed in between, so many days are an hour longer or shorter.
            there = asked.until.astimezone(ZoneInfo(asked.timezone))
            until = (there - (period.first - period.previous.first)).astimezone(UTC)
        return replace(self, asked=replace(self.asked, period=period.previous), until=until)


@dataclass(frozen=True, slots=True)
class Stage:
    """A step as it went: how many reached it, of how many who took the first and the one before."""

    step: int
    reached: int
    of: int
    previous: int

    @property
    def share(self) -> float | None:
        """Return the share of those who took the first step."""
        return self.reached / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Return the share's 95% interval."""
        return noise.wilson(self.reached, self.of)

    @property
    def step_share(self) -> float | None:
        """Return the share of those who took the step before."""
        return self.reached / self.previous if self.previous else None

    @property
    def lost(self) -> int:
        """Return how many took the step before and not this one."""
        return self.previous - self.reached

    @property
    def is_small(self) -> bool:
        """Tell whether it speaks of very few people."""
        return self.of < SMALL


@dataclass(frozen=True, slots=True)
class Flow:
    """The stages of one part (empty for the whole)."""

    part: str
    stages: tuple[Stage, ...]

    @property
    def entered(self) -> int:
        """Return how many took the first step."""
        return self.stages[0].reached

    @property
    def share(self) -> float | None:
        """Return the share that came to the end."""
        return self.stages[-1].share


@remembered
def funnel(question: Funnel) -> tuple[Flow, ...]:
    """Return how far people came, by part; the part with most people first. Without a split there is always one."""
    statement = statement_of(question)
    rows = query(statement.sql, statement.values).rows
    by_part: dict[str, dict[int, int]] = {}
    for part, level, count in rows:
        by_part.setdefault(str(part), {})[int(level)] = int(count)
    if not question.asked.split:
        by_part.setdefault("", {})
    flows = [Flow(part, _stages(len(question.steps), levels)) for part, levels in by_part.items()]
    return tuple(sorted(flows, key=lambda flow: (-flow.entered, flow.part)))


def _stages(steps: int, levels: Mapping[int, int]) -> tuple[Stage, ...]:
    reached = [sum(count for level, count in levels.items() if level >= step) for step in range(1, steps + 1)]
    return tuple(
        Stage(place + 1, number, reached[0], reached[max(place - 1, 0)]) for place, number in enumerate(reached)
    )


def compare(now: Flow, before: Flow) -> tuple[Comparison | None, ...]:
    """Return how the share of each step compares with another flow's; nothing where either is a share of nothing."""
    return tuple(
        noise.compare_shares(here.reached, here.of, there.reached, there.of)
        for here, there in zip(now.stages, before.stages, strict=True)
    )


def members_at(question: Funnel, step: int, *, is_lost: bool, part: str = "") -> tuple[int, ...]:
    """Return who reached ``step`` (from 1), or, of those who took the step before, who did not."""
    if not 1 <= step <= len(question.steps):
        return ()
    relation, values = _levels(question)
    condition = "level = {step:UInt8} - 1 AND level > 0" if is_lost else "level >= {step:UInt8}"
    rows = query(
        f"SELECT member FROM {relation} WHERE {condition} AND part = {{part:String}} ORDER BY member",
        {**values, "step": step, "part": part},
    ).rows
    return tuple(int(row[0]) for row in rows)


def statement_of(question: Funnel) -> Statement:
    """Return the SQL of how far everybody came."""
    relation, values = _levels(question)
    sql = f"SELECT part, level, count() FROM {relation} GROUP BY part, level"
    if not any(step.conditions for step in (*question.steps, *([question.without] if question.without else []))):
        # Every column that is read is narrow, and most rows are wanted: to look at some columns first only costs.
        sql += " SETTINGS optimize_move_to_prewhere = 0"
    return Statement(sql, values)


def _levels(question: Funnel) -> tuple[str, dict[str, Any]]:
    """Return the relation of everybody who took the first step: part, member, and the level they reached."""
    asked = question.asked
    kinds = sorted({step.kind for step in (*question.steps, *([question.without] if question.without else []))})
    until = asked.period.last + question.window + timedelta(days=1)
    events, values = happened(
        asked.scope, kinds, Period(asked.period.first, until), by_community=bool(asked.split), name="all"
    )
    fits: list[str] = []
    for place, step in enumerate(question.steps):
        term, more = matching(step, f"step_{place}")
        fits.append(f"{term} AS fits_{place}")
        values |= more
    starts, more = _in_period(asked)
    values |= more
    fits[0] = fits[0].replace(" AS fits_0", f" AND {starts} AS fits_0")
    if question.without is not None:
        term, more = matching(question.without, "without")
        fits.append(f"{term} AS cuts")
        values |= more
    rows, key, part = events, "member", "'' AS part"
    if asked.split:
        columns = "kind, community, member, occurred_at, value, data"
        rows, values = split(asked, f"SELECT {columns} FROM {events}", columns, values)
        key, part = "part, member", "part"
    names = [f"fits_{place}" for place in range(len(question.steps))]
    # With steps that share a kind, one event could be taken for two of them.
    mode = "" if len({step.kind for step in question.steps}) == len(question.steps) else ", 'strict_once'"
    chain = f"windowFunnel({_milliseconds(question.window)}{mode})(at, {', '.join(names)})"
    facts = f"SELECT {key}, toUInt64(toUnixTimestamp64Milli(occurred_at)) AS at, {', '.join(fits)} FROM {rows}"
    if question.until is not None:
        facts += " WHERE occurred_at < {until:DateTime64(3, 'UTC')}"
        values["until"] = stamp(question.until)
    if question.without is None:
        levels = f"SELECT {key}, {chain} AS level FROM ({facts}) GROUP BY {key} HAVING level > 0"
        return f"(SELECT {part}, member, level FROM ({levels}))", values
    # Stretch n lies between the cuts n and n+1; what happens in the very instant of a cut belongs to both.
    cuts = f"SELECT {key}, arraySort(groupUniqArray(at)) AS cuts_at FROM ({facts}) WHERE cuts GROUP BY {key}"
    stretched = (
        f"SELECT {key}, at, {', '.join(names)}, arrayCount(cut -> cut < at, cuts_at) AS stretch,"
        " if(has(cuts_at, at), [stretch, stretch + 1], [stretch]) AS stretches"
        f" FROM ({facts}) AS facts LEFT JOIN ({cuts}) AS cut USING ({key})"
    )
    levels = (
        f"SELECT {key}, each, {chain} AS level FROM ({stretched}) ARRAY JOIN stretches AS each GROUP BY {key}, each"
    )
    return f"(SELECT {part}, member, max(level) AS level FROM ({levels}) GROUP BY {key} HAVING level > 0)", values


def _in_period(asked: Asked) -> tuple[str, dict[str, Any]]:
    """Return the SQL that an event's instant lies in the period, as days run where it happened."""
    if len(asked.scope.zones) == 1:
        # Nothing earlier is read at all.
        ((zone, _ids),) = asked.scope.zones
        return "(occurred_at < {ends_0:DateTime64(3, 'UTC')})", {"ends_0": stamp(asked.period.instants(zone)[1])}
    values: dict[str, Any] = {}
    branches: list[str] = []
    for place, (zone, ids) in enumerate(asked.scope.zones):
        begin, end = asked.period.instants(zone)
        values |= {f"starts_{place}": stamp(begin), f"ends_{place}": stamp(end)}
        inside = f"(occurred_at >= {{starts_{place}:DateTime64(3, 'UTC')}} AND occurred_at < {{ends_{place}:DateTime64(3, 'UTC')}})"
        branches.append(f"community IN ({', '.join(map(str, ids))}), {inside}" if place else inside)
    if not branches:
        return "0", values
    # The first zone is also that of events outside any community.
    return f"multiIf({', '.join(branches[1:])}, {branches[0]})", values


def _milliseconds(window: timedelta) -> int:
    return int(window.total_seconds() * 1000)

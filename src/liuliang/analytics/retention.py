"""Who comes back: cohorts by the day, week or month they began, and how many of each were there in every one after.

Who was active is one pass over the days: of each member when they began and in which units they were there. Who stayed is
told by moves, as bitmaps of members by unit. The members behind a cell are asked for by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal, get_args

from django.utils.translation import gettext_lazy as _

from liuliang.analytics import noise
from liuliang.analytics.acts import ACTS, EVIDENCE
from liuliang.analytics.base import SMALL, Statement
from liuliang.analytics.definitions import Definition
from liuliang.analytics.joining import local_day_of
from liuliang.analytics.periods import ONE_DAY, Period
from liuliang.analytics.remembering import remembered
from liuliang.analytics.scopes import Scope
from liuliang.kernel.errors import Refused
from liuliang.lake.queries import days_held, query

Unit = Literal["day", "week", "month"]
Began = Literal["joined", "spoke"]
Back = Literal["active", "stayed"]

MOST_COHORTS = 100
"""Rows of a matrix at the most."""

AGES = {"day": 30, "week": 12, "month": 12}
"""How far a matrix follows its cohorts, in units."""

_WHOLE = date(1970, 1, 1)
"""The day at which a row tells of a whole cohort; nobody was in a community then."""

RETENTION = Definition(
    "retention",
    _("留存"),
    _(
        "一行是同一天（周、月）开始的人，一个人在所选的社群里只算一次，从最早的那次算起。“进群”指第一次有进群记录；"
        "进群记录之前就出现过的人不算新来的。“第一次说话”指有记录以来的第一句话。第 0 格是开始的那一天（周、月），往后数自然日、自然周（周一起）、自然月，"
        "按社群当地时间。“活跃”指那一格里自己说过话、撤回过消息或在群里下过单；“还在群里”指那一格结束时至少还在一个所选的社群里。"
        "还没过完的格子标成斜体，不进平均。平均的每一格说的是同一批人：至少有一格过完的全部的人。已经过完的格子照实数；还没到的，按走到那里的人那一格占他们到那时累计出现次数的比例、"
        "乘上这一批人自己累计出现的次数来估（链梯法），免得后面几格只剩老的几批，平均忽高忽低。“走到的人”是那一格真正数到多少人，"
        "不到总人数一半的平均标成斜体。区间是 95% 的 Wilson 区间，平均的按走到的人数算。少于 30 人的标成小样本。机器人不算。"
    ),
)


@dataclass(frozen=True, slots=True)
class Question:
    """Which cohorts, and what counts as still being there.

    ``period`` is when they began; ``last_day`` the last local day that is over; ``how`` keeps those who first came that way
    (empty for everybody, ``unknown`` where nothing is recorded).
    """

    scope: Scope
    period: Period
    unit: Unit
    last_day: date
    began: Began = "joined"
    back: Back = "active"
    how: str = ""

    @property
    def starts(self) -> tuple[date, ...]:
        """Return the first day of every cohort."""
        return tuple(sorted({self.start_of(day) for day in self.period.days}))

    def start_of(self, day: date) -> date:
        """Return the first day of the unit that ``day`` is in; unlike a cohort's people it may lie before the period."""
        if self.unit == "week":
            return day - timedelta(days=day.weekday())
        return day.replace(day=1) if self.unit == "month" else day

    def after(self, start: date, age: int) -> Period:
        """Return the days of the unit that begins ``age`` units after ``start``."""
        if self.unit == "month":
            first = _months_later(start, age)
            return Period(first, _months_later(first, 1) - ONE_DAY)
        length = 7 if self.unit == "week" else 1
        first = start + timedelta(days=age * length)
        return Period(first, first + timedelta(days=length - 1))


@dataclass(frozen=True, slots=True)
class Cell:
    """How many of ``of`` were there in one unit. An incomplete one is not over yet: its number can still grow."""

    age: int
    count: int
    of: int
    is_complete: bool

    @property
    def share(self) -> float | None:
        """Return the share; None of nobody."""
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Return the share's 95% interval."""
        return noise.wilson(self.count, self.of)

    @property
    def is_small(self) -> bool:
        """Tell whether it speaks of very few people."""
        return self.of < SMALL


@dataclass(frozen=True, slots=True)
class Cohort:
    """Those who began together, and what became of them; cells end where the future begins."""

    start: date
    size: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Mean:
    """The share of the same ``of`` people that was there at an age; ``seen`` of them, in ``cohorts``, have got that far.

    The others' part is estimated, as `_average` says.
    """

    age: int
    share: float
    seen: int
    of: int
    cohorts: int

    @property
    def interval(self) -> tuple[float, float] | None:
        """Return the share's 95% interval, as of those alone who have got that far: an estimate adds nothing to what is known.

        So Peto et al. 1977 (Br J Cancer 35:1) take the people still followed for the number a survival rests on.
        """
        return noise.wilson(self.share * self.seen, self.seen)

    @property
    def is_small(self) -> bool:
        """Tell whether it speaks of very few people."""
        return self.seen < SMALL

    @property
    def is_thin(self) -> bool:
        """Tell whether most of its people have not got that far, so that it is mostly estimated."""
        return self.seen * 2 < self.of


@dataclass(frozen=True, slots=True)
class Matrix:
    """All cohorts, and the average by age of all who have completed a cell."""

    cohorts: tuple[Cohort, ...]
    average: tuple[Mean, ...]

    @property
    def size(self) -> int:
        """Return how many people began."""
        return sum(cohort.size for cohort in self.cohorts)


@remembered
def retention(question: Question) -> Matrix:
    """Return the matrix.

    Raises:
        Refused: ``retention.too_many_cohorts`` beyond `MOST_COHORTS`.
    """
    starts = question.starts
    if len(starts) > MOST_COHORTS:
        raise Refused("retention.too_many_cohorts", most=MOST_COHORTS, found=len(starts))
    statement = statement_of(question)
    rows = query(statement.sql, statement.values).rows
    sizes: dict[date, int] = {}
    counts: dict[tuple[date, date], int] = {}
    for start, bucket, count in rows:
        if bucket == _WHOLE:
            sizes[start] = int(count)
        else:
            counts[start, bucket] = int(count)
    found = tuple(_cohort(question, start, sizes.get(start, 0), counts) for start in starts)
    return Matrix(found, _average(found))


def fitting_unit(question: Question) -> Unit:
    """Return the shortest unit that gives at least half of the cohorts people enough; weeks where no unit does.

    ``question.unit`` is not looked at.
    """
    sizes = _began_by_day(replace(question, unit="day"))
    for unit in get_args(Unit):
        asked = replace(question, unit=unit)
        cohorts = dict.fromkeys(asked.starts, 0)
        for day, size in sizes:
            cohorts[asked.start_of(day)] += size
        enough = sum(size >= SMALL for size in cohorts.values())
        if len(cohorts) <= MOST_COHORTS and enough * 2 >= len(cohorts):
            found: Unit = unit
            return found
    return "week"


@remembered
def _began_by_day(question: Question) -> tuple[tuple[date, int], ...]:
    cohorts, values = _cohorts(question)
    rows = query(f"SELECT came, uniqExact(member) FROM {cohorts} GROUP BY came", values).rows
    return tuple((day, int(size)) for day, size in rows)


def _cohort(question: Question, start: date, size: int, counts: dict[tuple[date, date], int]) -> Cohort:
    cells: list[Cell] = []
    for age in range(AGES[question.unit] + 1):
        unit = question.after(start, age)
        if unit.first > question.last_day:
            break
        is_complete = unit.last <= question.last_day
        cells.append(Cell(age, counts.get((start, unit.first), 0), size, is_complete))
    return Cohort(start, size, tuple(cells))


def _average(cohorts: Sequence[Cohort]) -> tuple[Mean, ...]:
    """Return the mean by age of the same people: cells that are yet to come are estimated, not left out.

    A mean over whoever has got that far is of other, older cohorts at every age, and rises where those were the better ones.
    Here a cohort's cells to come are those of a level of its own times a shape that all share (Poisson, fitted by maximum
    likelihood), which adding up each cohort and chaining the sums gives in closed form: the chain ladder (Mack 1991, ASTIN
    Bulletin 21:93). Unlike a product of step ratios of those who were there, it bears people who come back and ages at which
    nobody came. It ends where those who have got further were never there, for which there is no ratio.
    """
    followed = [[cell for cell in cohort.cells if cell.is_complete] for cohort in cohorts if cohort.size]
    followed = [cells for cells in followed if cells]
    of = sum(cells[0].of for cells in followed)
    found: list[Mean] = []
    times = 0.0
    for age in range(max(map(len, followed), default=0)):
        over = [cells for cells in followed if len(cells) > age]
        count = sum(cells[age].count for cells in over)
        seen = sum(cells[age].of for cells in over)
        if seen == of:
            here = float(count)
        else:
            known = sum(cell.count for cells in over for cell in cells[:age])
            if not known and (times or count):
                break
            here = min(float(of), times * count / known) if known else 0.0
        found.append(Mean(age, here / of, seen, of, len(over)))
        times += here
    return tuple(found)


def members_behind(question: Question, start: date, age: int | None, *, is_back: bool = True) -> tuple[int, ...]:
    """Return the members of the cohort that began at ``start``: those there at ``age``, or those who were not.

    Without an age, the whole cohort. An age beyond the future is nobody.
    """
    if start not in question.starts:
        return ()
    cohorts, values = _cohorts(question)
    values["start"] = start.isoformat()
    cohort = f"SELECT member FROM {cohorts} WHERE {_start(question, 'came')} = {{start:Date}}"
    if age is None:
        return tuple(int(row[0]) for row in query(f"{cohort} ORDER BY member", values).rows)
    if not 0 <= age <= AGES[question.unit] or question.after(start, age).first > question.last_day:
        return ()
    there, more = _there(question, cohorts)
    bucket = question.after(start, age).first.isoformat()
    people = f"SELECT arrayJoin(bitmapToArray(people)) FROM {there} WHERE bucket = {{bucket:Date}}"
    condition = "IN" if is_back else "NOT IN"
    found = query(f"{cohort} AND member {condition} ({people}) ORDER BY member", {**values, **more, "bucket": bucket})
    return tuple(int(row[0]) for row in found.rows)


def statement_of(question: Question) -> Statement:
    """Return the SQL of how many of each cohort were there when; at `_WHOLE`, how many the cohort is."""
    if question.back == "active":
        return _active(question)
    cohorts, values = _cohorts(question)
    there, more = _there(question, cohorts)
    return Statement(
        "SELECT start, bucket, if(bucket = toDate(0), bitmapCardinality(cohort.people),"
        " bitmapAndCardinality(cohort.people, there.people))"
        f" FROM (SELECT {_start(question, 'came')} AS start, groupBitmapState(member) AS people FROM {cohorts}"
        f" GROUP BY start) AS cohort CROSS JOIN (SELECT bucket, people FROM {there} UNION ALL"
        " SELECT toDate(0) AS bucket, groupBitmapStateIf(toUInt32(0), 0) AS people) AS there"
        " WHERE bucket >= start OR bucket = toDate(0)",
        {**values, **more},
    )


def _active(question: Question) -> Statement:
    among, values = question.scope.condition()
    came, more = _came(question)
    there_from, there_to = _units(question)
    values |= more | {
        "acts": list(ACTS),
        "there_from": there_from.isoformat(),
        "there_to": there_to.isoformat(),
        "kinds": sorted({*ACTS, *EVIDENCE}),
        "until": max(there_to, question.period.last).isoformat(),
    }
    there = "kind IN {acts:Array(String)} AND day >= {there_from:Date} AND day <= {there_to:Date}"
    return Statement(
        f"SELECT start, bucket, count() FROM (SELECT {_start(question, 'came')} AS start, {came.day} AS came,"
        f" groupUniqArrayIf({_start(question, 'day')}, {there}) AS buckets FROM {{member_day}}"
        f" WHERE kind IN {{kinds:Array(String)}} AND {among} AND day <= {{until:Date}}{came.who}"
        f" GROUP BY member HAVING {came.holds})"
        " ARRAY JOIN arrayPushBack(arrayFilter(each -> each >= start, buckets), toDate(0)) AS bucket"
        " GROUP BY start, bucket",
        values,
    )


@dataclass(frozen=True, slots=True)
class _Came:
    """The SQL of the day somebody began, of who alone may have (with the AND before it), and of whether they did in the period."""

    day: str
    who: str
    holds: str


def _came(question: Question) -> tuple[_Came, dict[str, Any]]:
    """Return how to tell when a member began, from rows of all kinds of evidence grouped by member."""
    values: dict[str, Any] = {"first": question.period.first.isoformat(), "last": question.period.last.isoformat()}
    within = "came >= {first:Date} AND came <= {last:Date}"
    if question.began == "spoke":
        return _Came("minIf(day, kind = 'message.sent')", "", within), values
    among, more = question.scope.condition()
    values |= {**more, "evidence": list(EVIDENCE)}
    who = ""
    held = days_held()
    if held is None or held[0] < question.period.first:
        # Only those who joined in the period can have begun in it, which leaves few to look back for.
        who = (
            f" AND member IN (SELECT member FROM {{member_day}} WHERE kind = 'member.joined' AND {among}"
            " AND day >= {first:Date} AND day <= {last:Date})"
        )
    if question.how:
        hows = (
            "SELECT member, argMin(JSONExtractString(data, 'how'), (occurred_at, position)) AS how FROM {events}"
            f" WHERE kind = 'member.joined' AND {among} GROUP BY member"
        )
        who += f" AND member IN (SELECT member FROM ({hows}) WHERE if(how = '', 'unknown', how) = {{how:String}})"
        values["how"] = question.how
    holds = f"came = minIf(day, kind IN {{evidence:Array(String)}}) AND {within}"
    return _Came("minIf(day, kind = 'member.joined')", who, holds), values


def _cohorts(question: Question) -> tuple[str, dict[str, Any]]:
    """Return the relation of who began in the period: member and the day they came."""
    among, values = question.scope.condition()
    came, more = _came(question)
    return (
        f"(SELECT member, {came.day} AS came FROM {{member_day}} WHERE kind IN {{evidence:Array(String)}} AND {among}"
        f" AND day <= {{last:Date}}{came.who} GROUP BY member HAVING {came.holds})"
    ), {**values, **more, "evidence": ["message.sent"] if question.began == "spoke" else list(EVIDENCE)}


def _units(question: Question) -> tuple[date, date]:
    """Return the first and the last day of the units that are looked at."""
    starts = question.starts
    return starts[0], min(question.after(starts[-1], AGES[question.unit]).last, question.last_day)


def _there(question: Question, cohorts: str) -> tuple[str, dict[str, Any]]:
    """Return the relation of who was there in which unit: the unit's first day, and the bitmap of people."""
    among, values = question.scope.condition()
    first, end = _units(question)
    values = {**values, "there_from": first.isoformat(), "there_to": end.isoformat()}
    if question.back == "active":
        return (
            f"(SELECT {_start(question, 'day')} AS bucket, groupBitmapState(member) AS people FROM {{member_day}}"
            f" WHERE kind IN {{acts:Array(String)}} AND {among} AND day >= {{there_from:Date}} AND day <= {{there_to:Date}}"
            " GROUP BY bucket)"
        ), {**values, "acts": list(ACTS)}
    ends = sorted({question.after(question.start_of(day), 0).last for day in Period(first, max(end, first)).days})
    values["ends"] = [min(each, question.last_day).isoformat() for each in ends]
    day = local_day_of(question.scope, "occurred_at")
    # In each community, the last coming or going up to the unit's end decides; leaving in the same instant as coming is
    # having left. Whoever began by speaking was there without a join.
    moves = (
        "SELECT member, community, arraySort(groupArray((occurred_at, kind = 'member.left', "
        f"{day}))) AS moves FROM {{events}} WHERE kind IN ('member.joined', 'member.left') AND {among}"
        f" AND member IN (SELECT member FROM {cohorts}) GROUP BY member, community"
    )
    silent = (
        "SELECT member, community, [(toDateTime64(0, 3, 'UTC'), 0, min(day))] AS moves FROM {member_day}"
        f" WHERE kind = 'message.sent' AND {among} AND member IN (SELECT member FROM {cohorts}) GROUP BY member, community"
    )
    source = moves if question.began == "joined" else f"{moves} UNION ALL {silent}"
    return (
        f"(SELECT {_start(question, 'end')} AS bucket, groupBitmapState(member) AS people FROM ("
        " SELECT member, community, arraySort(arrayFlatten(groupArray(moves))) AS moves FROM ("
        f"{source}) GROUP BY member, community) ARRAY JOIN {{ends:Array(Date)}} AS end"
        " WHERE arrayLast(move -> move.3 <= end, moves).3 > toDate(0) AND arrayLast(move -> move.3 <= end, moves).2 = 0"
        " GROUP BY bucket)"
    ), values


def _start(question: Question, day: str) -> str:
    return {"day": day, "week": f"toMonday({day})", "month": f"toStartOfMonth({day})"}[question.unit]


def _months_later(first: date, months: int) -> date:
    place = first.year * 12 + first.month - 1 + months
    return date(place // 12, place % 12 + 1, 1)

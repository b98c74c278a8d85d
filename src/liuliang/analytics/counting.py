"""How metrics are counted in the lake: rows of days with the part and the bucket they belong to, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal

from django.db import connection

from liuliang.analytics import noise
from liuliang.analytics.acts import ACTS, EVIDENCE
from liuliang.analytics.base import Asked, Reading, Side, Statement, Step, Words, metrics
from liuliang.analytics.periods import Period
from liuliang.analytics.remembering import remembered
from liuliang.lake.queries import query

Teller = Callable[[Asked], Statement]
"""How to make a statement of what is asked."""

UNKNOWN = "unknown"
"""The part of those of whom nobody knows how they came."""

Rows = Sequence[tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True)
class Counted(Words):
    """A metric that one statement counts.

    The statement's rows are part, first day of the bucket, and then: of a ``count`` its value; of a ``share`` how many of
    how many people; of a ``ratio`` the same of what is no number of people, so that it has no interval; of a ``mean`` the sum,
    how many, and the sum of squares; of a ``median`` the value, of how many, and its interval (or NULL). ``who`` gives the people behind
    by side: the rows are part, first day and member. Of a ``balance`` the rows say how many people are for and how many against,
    of how many.
    """

    tell: Teller
    result: Literal["count", "share", "ratio", "mean", "median", "balance"] = "count"
    who: tuple[tuple[Side, Teller], ...] = ()

    @property
    def sides(self) -> tuple[Side, ...]:
        """Return who is behind it."""
        return tuple(side for side, _tell in self.who)

    def statements(self, asked: Asked) -> tuple[Statement, ...]:
        """Return the one statement."""
        return (self.tell(asked),)

    def read(self, asked: Asked) -> Sequence[Reading]:
        """Return its values; what the lake has answered before is remembered."""
        statement = self.tell(asked)
        rows = _remembered_rows(self.key, asked) if statement.store == "lake" else answer(statement)
        return tuple(_reading(self.result, row) for row in rows)

    def people(self, asked: Asked, part: str, start: date, side: str = "") -> tuple[int, ...]:
        """Return the members on one side of one value."""
        told = next((tell for known, tell in self.who if side in {"", known.key}), None)
        if told is None:
            raise ValueError(f"nobody is behind {self.key} {side}".rstrip())
        return named(told(asked), part, start)


def named(told: Statement, part: str, start: date) -> tuple[int, ...]:
    """Return the members whom a statement with rows of part, first day and member names for one part and bucket."""
    return tuple(int(row[0]) for row in _behind(told, "member", part, start))


def pairs_of(told: Statement, part: str, start: date) -> frozenset[tuple[int, int]]:
    """Return the same as pairs of community and member, of a statement whose rows have the community too."""
    return frozenset((int(row[0]), int(row[1])) for row in _behind(told, "community, member", part, start))


def _behind(told: Statement, columns: str, part: str, start: date) -> Rows:
    part_is, start_is = ("{part:String}", "{start:Date}") if told.store == "lake" else ("%(part)s", "%(start)s")
    asked_for = {"part": part, "start": start.isoformat()}
    sql = (
        f"SELECT DISTINCT {columns} FROM ({told.sql}) AS behind WHERE part = {part_is} AND start = {start_is}"
        f" ORDER BY {columns}"
    )
    return answer(Statement(sql, {**told.values, **asked_for}, told.store))


@remembered
def _remembered_rows(key: str, asked: Asked) -> Rows:
    return answer(metrics()[key].statements(asked)[0])


def answer(statement: Statement) -> Rows:
    """Ask the store that a statement is for."""
    if statement.store == "lake":
        return query(statement.sql, statement.values).rows
    with connection.cursor() as cursor:
        cursor.execute(statement.sql, statement.values)
        rows: Rows = cursor.fetchall()
        return rows


def _reading(result: str, row: tuple[Any, ...]) -> Reading:
    part, start, amount = str(row[0]), row[1], row[2]
    if result == "count":
        return Reading(part, start, int(amount))
    if result == "median":
        low, high = (None if end is None else float(end) for end in row[4:6])
        return Reading(part, start, float(amount), low, high, of=int(row[3]))
    if result == "balance":
        ups, downs, of = (int(number) for number in row[2:5])
        interval = noise.balance_interval(ups, downs, of)
        low, high = interval if interval is not None else (None, None)
        return Reading(part, start, (ups - downs) / of if of else None, low, high, of=of, balance=(ups, downs))
    if result == "ratio":
        of = int(row[3])
        return Reading(part, start, float(amount) / of if of else None, count=float(amount), of=of)
    return divided(part, start, float(amount), int(row[3]), squares=float(row[4]) if result == "mean" else None)


def divided(part: str, start: date, amount: float, of: int, *, squares: float | None = None) -> Reading:
    """Return a share (of people, with Wilson's interval) or, where the sum of squares is given, a mean."""
    if of <= 0:
        return Reading(part, start, None, count=amount, of=0)
    interval = noise.wilson(min(int(amount), of), of) if squares is None else noise.mean_interval(amount, squares, of)
    if interval is None:
        return Reading(part, start, amount / of, count=amount, of=of)
    # What is counted here cannot be less than nothing.
    return Reading(part, start, amount / of, max(0.0, interval[0]), interval[1], amount, of)


def starting(step: Step, day: str = "day") -> str:
    """Return the SQL of the first day of the bucket that ``day`` falls into; its parameter is ``first``."""
    return {
        "whole": "{first:Date}",
        "day": day,
        "week": f"greatest(toMonday({day}), {{first:Date}})",
        "month": f"greatest(toStartOfMonth({day}), {{first:Date}})",
    }[step]


def days_of(asked: Asked, kinds: Sequence[str], span: Period | None, name: str = "days") -> tuple[str, dict[str, Any]]:
    """Return the relation of what members did: part, day, kind, community, member, count and value; and its parameters.

    Args:
        asked: whose scope and split hold.
        kinds: of which events.
        span: the local days to read; None for all up to the period's end.
        name: keeps the parameters of two relations of one statement apart.
    """
    among, values = asked.scope.condition()
    values = {
        **values,
        "first": asked.period.first.isoformat(),
        f"{name}_kinds": list(kinds),
        f"{name}_to": (span or asked.period).last.isoformat(),
    }
    terms = [f"kind IN {{{name}_kinds:Array(String)}}", among, f"day <= {{{name}_to:Date}}"]
    if span is not None:
        terms.append(f"day >= {{{name}_from:Date}}")
        values[f"{name}_from"] = span.first.isoformat()
    columns = "day, kind, community, member, count, value"
    relation = f"SELECT {columns} FROM {{member_day}} WHERE {' AND '.join(terms)}"
    return split(asked, relation, columns, values)


def split(asked: Asked, relation: str, columns: str, values: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return ``relation`` (which has community and member) with the column ``part``, and its parameters."""
    if asked.split == "how":
        among, more = asked.scope.condition()
        hows = (
            "SELECT community, member, argMin(JSONExtractString(data, 'how'), (occurred_at, position)) AS how"
            f" FROM {{events}} WHERE kind = 'member.joined' AND {among} GROUP BY community, member"
        )
        part = f"if(how = '', '{UNKNOWN}', how)"
        joined = f"({relation}) AS acts LEFT JOIN ({hows}) AS ways USING (community, member)"
        return f"(SELECT {part} AS part, {columns} FROM {joined})", {**values, **more}
    if asked.split == "type":
        part = "transform(community, {typed:Array(UInt32)}, {types:Array(String)}, '')"
        values = {
            **values,
            "typed": [each for each, _type in asked.types],
            "types": [each for _id, each in asked.types],
        }
    else:
        part = {"": "''", "community": "toString(community)"}[asked.split]
    return f"(SELECT {part} AS part, {columns} FROM ({relation}))", values


def by_day(kinds: Sequence[str], measure: str) -> Teller:
    """Return how to count what members did: ``measure`` is an aggregate over the rows of a bucket."""

    def tell(asked: Asked) -> Statement:
        rows, values = days_of(asked, kinds, asked.period)
        return Statement(
            f"SELECT part, {starting(asked.step)} AS start, {measure} FROM {rows} GROUP BY part, start", values
        )

    return tell


def doers(kinds: Sequence[str]) -> Teller:
    """Return how to name who did something of these kinds in each bucket, and in which community."""

    def tell(asked: Asked) -> Statement:
        rows, values = days_of(asked, kinds, asked.period)
        return Statement(
            f"SELECT DISTINCT part, {starting(asked.step)} AS start, community, member FROM {rows}", values
        )

    return tell


def rolling(kinds: Sequence[str], days: int, measure: str) -> Teller:
    """Return how to count people over the ``days`` that end with each bucket, whatever the bucket's length.

    ``measure`` is an aggregate over days with ``people`` (the bitmap of a day), ``place`` (0 for the bucket's last day, 1 for
    the one before) and ``heads``; buckets that end after what the log knows are left out.
    """

    def tell(asked: Asked) -> Statement:
        ends = [(bucket.first, bucket.last) for bucket in asked.buckets if bucket.last <= asked.last_day]
        span = Period(asked.period.first - timedelta(days=days - 1), asked.period.last)
        rows, values = days_of(asked, kinds, span)
        values |= {
            "starts": [start.isoformat() for start, _end in ends],
            "ends": [end.isoformat() for _start, end in ends],
        }
        return Statement(
            f"SELECT part, pair.1 AS start, {measure} FROM ("
            "SELECT part, pair, people, heads, dateDiff('day', day, pair.2) AS place FROM ("
            " SELECT part, day, groupBitmapState(member) AS people, groupBitmap(member) AS heads"
            f" FROM {rows} GROUP BY part, day"
            ") ARRAY JOIN arrayZip({starts:Array(Date)}, {ends:Array(Date)}) AS pair"
            f" WHERE place >= 0 AND place < {days}) GROUP BY part, start",
            values,
        )

    return tell


def rolling_people(kinds: Sequence[str], days: int, bitmap: str) -> Teller:
    """Return how to name people over the ``days`` that end with each bucket: ``bitmap`` is an aggregate as in `rolling`."""
    told = rolling(kinds, days, f"{bitmap} AS found")

    def tell(asked: Asked) -> Statement:
        counted = told(asked)
        return Statement(
            f"SELECT part, start, member FROM ({counted.sql}) ARRAY JOIN bitmapToArray(found) AS member", counted.values
        )

    return tell


def returning(after: int) -> Teller:
    """Return how to count who came for the first time and was active exactly ``after`` days later, of how many.

    Only those count of whom that day is over. Who was there before their first join is not new.
    """

    def tell(asked: Asked) -> Statement:
        came, acts, keys, values = _came_and_acted(asked, after)
        return Statement(
            f"SELECT part, {starting(asked.step, 'came')} AS start, sum(kept), sum(size) FROM ("
            " SELECT part, came, bitmapCardinality(new.people) AS size,"
            " bitmapAndCardinality(new.people, then.people) AS kept"
            f" FROM (SELECT part, came, came + {after} AS day, groupBitmapState(member) AS people FROM {came}"
            " WHERE came <= {observed:Date} GROUP BY part, came) AS new"
            f" LEFT JOIN (SELECT {keys}, groupBitmapState(member) AS people FROM {acts} GROUP BY {keys}) AS then"
            f" USING ({keys})) GROUP BY part, start",
            values,
        )

    return tell


def returned(after: int, *, came_back: bool) -> Teller:
    """Return how to name those whom `returning` counts, or of whom it counts them and who did not come back."""
    among = "IN" if came_back else "NOT IN"

    def tell(asked: Asked) -> Statement:
        came, acts, keys, values = _came_and_acted(asked, after)
        then = keys.replace("day", f"came + {after}")
        return Statement(
            f"SELECT part, {starting(asked.step, 'came')} AS start, member FROM {came} WHERE came <= {{observed:Date}}"
            f" AND (member, {then}) {among} (SELECT member, {keys} FROM {acts})",
            values,
        )

    return tell


def _came_and_acted(asked: Asked, after: int) -> tuple[str, str, str, dict[str, Any]]:
    """Return the relations of newcomers and of what was done ``after`` days later, and the columns that tie them.

    ``observed`` is the last day to come on. By the way of joining people are held against what they did in any community.
    """
    came, values = newcomers_of(asked, "came")
    later = Period(asked.period.first + timedelta(days=after), asked.period.last + timedelta(days=after))
    is_by_way = asked.split == "how"
    acts, more = days_of(replace(asked, split="") if is_by_way else asked, ACTS, later, "acts")
    observed = {"observed": (asked.last_day - timedelta(days=after)).isoformat()}
    return came, acts, "day" if is_by_way else "part, day", values | more | observed


def newcomers_of(asked: Asked, name: str) -> tuple[str, dict[str, Any]]:
    """Return the relation of who came for the first time in the period: part, member and the day they came.

    Split by the way of joining each is new once, wherever they came first, so that the ways add up to the whole.
    """
    is_by_way = asked.split == "how"
    seen, values = days_of(replace(asked, split="") if is_by_way else asked, EVIDENCE, None, name)
    new = (
        "(SELECT part, member, minIf(day, kind = 'member.joined') AS came"
        f" FROM {seen} GROUP BY part, member"
        " HAVING countIf(kind = 'member.joined') > 0 AND came = min(day) AND came >= {first:Date})"
    )
    if not is_by_way:
        return new, values
    among, more = asked.scope.condition()
    ways = (
        "(SELECT member, argMin(JSONExtractString(data, 'how'), (occurred_at, position)) AS how FROM {events}"
        f" WHERE kind = 'member.joined' AND {among} GROUP BY member)"
    )
    part = f"if(how = '', '{UNKNOWN}', how) AS part"
    return f"(SELECT {part}, member, came FROM {new} AS new LEFT JOIN {ways} AS ways USING (member))", {
        **values,
        **more,
    }

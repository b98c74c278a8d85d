"""How long people stay: of those who came, the share that is still there after so many days (Kaplan and Meier 1958).

Who is still there today has not left yet, and how long they will stay is open: they count for as long as they are known to
have stayed, and not as if they never left.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import numpy as np
import scipy  # its parts load when they are first named
from django.db import connection
from django.utils.translation import gettext_lazy as _
from numpy.typing import NDArray

from liuliang.analytics import noise
from liuliang.analytics.base import SMALL
from liuliang.analytics.definitions import Definition
from liuliang.analytics.periods import Period
from liuliang.analytics.presence import among
from liuliang.analytics.remembering import remembered_of_records
from liuliang.analytics.scopes import Scope

End = Literal["left", "silent"]
Split = Literal["", "how", "community"]

SILENT_DAYS = 30
"""Who has said nothing for so many days has fallen silent, on the day of their last words."""

LONGEST = 365
"""Days after coming up to which is told who is still there."""

FEWEST_AT_RISK = 10
"""Where fewer than so many were followed that long, the curve ends: one person would be a step of a tenth."""

MOST_COMPARED = 2_000_000
"""People of which groups are compared; beyond, the sums of SciPy's log-rank test would leave its whole numbers."""

SURVIVAL = Definition(
    "survival",
    _("停留"),
    _(
        "这段时间第一次进群的人（有进群记录、之前没出现过），从进群那一刻起，满几天以后还剩多少。“退群”指现在不在任何一个所选的群里，以最后一次退群为准，退了又回来的算没退；"
        "“沉默”指最近 30 天没说过话，以最后一句话那天为准，从没说过话的算进群那天；说完一句话 30 天以后才知道是不是最后一句，所以只跟到 30 天前，来了不到 30 天的人不算。归档的群只算到归档那天。还没走的人只知道他至少留了多久，按 Kaplan–Meier 法计入，不当成永远不走，也不扔掉。"
        "区间是 95%（Greenwood，对数–对数变换）；跟到那一天的人不到 10 个，就不再往后说。几组之间的差别用对数秩检验，每组和其余的人比，按 Benjamini–Hochberg 校正后仍不像偶然才说有差别。机器人不算。"
        "微信的记录不写谁自己退了群，看微信群请用“沉默”。"
    ),
)


@dataclass(frozen=True, slots=True)
class Question:
    """Of whom: who came first in ``period``; what ends a stay; and by what the people are parted, if by anything."""

    scope: Scope
    period: Period
    at: datetime
    end: End = "left"
    split: Split = ""


@dataclass(frozen=True, slots=True)
class Point:
    """The share still there after ``days`` full days, with its 95% interval.

    ``at_risk`` are those of whom the last of these days is known: they were followed as long, or went on it.
    """

    days: int
    share: float
    low: float
    high: float
    at_risk: int

    @property
    def is_small(self) -> bool:
        """Tell whether it speaks of very few people."""
        return self.at_risk < SMALL


@dataclass(frozen=True, slots=True)
class Curve:
    """A part's people: how many came and how many of them have gone, and who was still there after each number of days.

    ``differs`` is 1 where they stay longer than everybody else beyond chance, -1 where shorter, 0 where that cannot be told.
    """

    part: str
    people: int
    gone: int
    points: tuple[Point, ...]
    differs: int = 0

    def after(self, days: int) -> Point | None:
        """Return how it stood after so many days; None where too few were followed that long."""
        return self.points[days] if days < len(self.points) else None

    @property
    def median(self) -> int | None:
        """Return within how many days half of them were gone; None where more than half are still there."""
        return next((point.days for point in self.points if point.share <= 0.5), None)


@remembered_of_records
def survival(question: Question) -> tuple[Curve, ...]:
    """Return a curve of everybody, or of each part, that with most people first."""
    stays: dict[str, list[tuple[int, int, int]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(*statement_of(question))
        for part, days, is_gone, count in cursor.fetchall():
            stays.setdefault(str(part), []).append((days, is_gone, count))
    samples = {part: _Sample.of(rows) for part, rows in stays.items()}
    differs = _compared(samples)
    curves = [_curve(part, sample, differs.get(part, 0)) for part, sample in samples.items()]
    return tuple(sorted(curves, key=lambda curve: (-curve.people, curve.part)))


def statement_of(question: Question) -> tuple[str, dict[str, Any]]:
    """Return the SQL of how many of each part stayed how many full days, and whether that was the end of it."""
    people, values = _people(question)
    return f"SELECT part, days, is_gone, count(*)::int FROM ({people}) AS stay GROUP BY part, days, is_gone", values


def members_behind(question: Question, part: str, *, is_gone: bool, within: int | None = None) -> tuple[int, ...]:
    """Return who of a part has gone, ``within`` so many days of coming, or who is still there."""
    people, values = _people(question)
    terms = ["part::text = %(part)s", "is_gone = %(is_gone)s"]
    values |= {"part": part, "is_gone": int(is_gone)}
    if within is not None:
        terms.append("days < %(within)s")
        values["within"] = within
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT member_id FROM ({people}) AS stay WHERE {' AND '.join(terms)} ORDER BY 1", values)
        return tuple(row[0] for row in cursor.fetchall())


def _people(question: Question) -> tuple[str, dict[str, Any]]:
    """Return the SQL of everybody who came: their part, the full days they stayed or have stayed, and whether they are gone."""
    where, values = among(question.scope)
    # Whether words were the last ones is known only after so many days without any: until then all stays are followed, and in
    # a group that was closed no longer than it ran.
    rest = timedelta(days=SILENT_DAYS) if question.end == "silent" else timedelta()
    values |= {"first": question.period.first, "last": question.period.last, "at": question.at, "rest": rest}
    until = "(closing - %(rest)s)"
    part = {"": "''", "how": "how", "community": "community::text"}[question.split]
    by = "m.member_id, m.community_id" if question.split == "community" else "m.member_id"
    quiet = "coalesce(spoke, came)"
    gone, ending = {
        "left": ("NOT is_here", "went"),
        "silent": (f"{quiet} <= {until}", quiet),
    }[question.end]
    earliest = "ORDER BY m.first_joined_at NULLS LAST, m.community_id"
    select = (
        f"SELECT member_id, {part} AS part, ({gone})::int AS is_gone,"
        f" greatest(0, floor(extract(epoch FROM CASE WHEN {gone} THEN {ending} ELSE {until} END - came) / 86400))::int AS days"
        " FROM (SELECT m.member_id, min(m.first_joined_at) AS came, min(m.first_seen_at) AS seen,"
        f" (array_agg(m.how {earliest}))[1] AS how, (array_agg(m.community_id {earliest}))[1] AS community,"
        f" (array_agg(c.timezone {earliest}))[1] AS timezone, bool_or(m.is_present) AS is_here,"
        " max(m.last_left_at) AS went, max(m.last_spoke_at) AS spoke,"
        " coalesce(max(least(c.archived_at, %(at)s)) FILTER (WHERE m.is_present), %(at)s) AS closing"
        f" FROM people_membership m JOIN people_community c ON c.id = m.community_id WHERE {where} GROUP BY {by}) AS person"
        f" WHERE came <= seen AND came <= {until} AND (came AT TIME ZONE timezone)::date BETWEEN %(first)s AND %(last)s"
    )
    return select, values


@dataclass(frozen=True, slots=True)
class _Sample:
    """Everybody of a part: the full days they stayed or have stayed so far, and whether they are gone."""

    days: NDArray[np.int64]
    is_gone: NDArray[np.bool_]

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, int]]) -> _Sample:
        days, is_gone, count = np.array(rows, np.int64).T
        return cls(np.repeat(days, count), np.repeat(is_gone == 1, count))

    @property
    def censored(self) -> scipy.stats.CensoredData:
        return scipy.stats.CensoredData.right_censored(self.days, ~self.is_gone)

    def and_others(self, others: Sequence[_Sample]) -> _Sample:
        every = (self, *others)
        return _Sample(np.concatenate([one.days for one in every]), np.concatenate([one.is_gone for one in every]))


def _curve(part: str, sample: _Sample, differs: int) -> Curve:
    # Of whole days: who stayed d of them was still there after d, so the curve after d days is what it is just before d.
    ages = np.arange(1, min(int(sample.days.max()) + 1, LONGEST) + 1)
    still = len(sample.days) - np.searchsorted(np.sort(sample.days), ages)
    at_risk = still + np.bincount(sample.days[sample.is_gone], minlength=ages[-1])[ages - 1]
    ages, at_risk = ages[at_risk >= FEWEST_AT_RISK], at_risk[at_risk >= FEWEST_AT_RISK]
    shown = scipy.stats.ecdf(sample.censored).sf
    with warnings.catch_warnings():
        # Where nobody or everybody has gone there is no such interval; `_point` takes another.
        warnings.simplefilter("ignore", RuntimeWarning)
        bounds: Any = shown.confidence_interval(method="log-log")
    columns = [each.evaluate(ages - 1).tolist() for each in (shown, bounds.low, bounds.high)]
    people = len(sample.days)
    points = [Point(0, 1.0, 1.0, 1.0, people)]
    points += [_point(*told) for told in zip(ages.tolist(), *columns, at_risk.tolist(), strict=True)]
    return Curve(part, people, int(sample.is_gone.sum()), tuple(points), differs)


def _point(days: int, share: float, low: float, high: float, at_risk: int) -> Point:
    if math.isnan(low) or math.isnan(high) or share in {0.0, 1.0}:
        low, high = noise.wilson(share * at_risk, at_risk) or (0.0, 1.0)
    return Point(days, share, low, high, at_risk)


def _compared(samples: Mapping[str, _Sample]) -> dict[str, int]:
    """Return which parts stay longer (1) or shorter (-1) than all others together, of those that differ beyond chance."""
    told = {part: one for part, one in samples.items() if len(one.days) >= SMALL}
    if len(told) <= 1 or sum(len(one.days) for one in told.values()) > MOST_COMPARED:
        return {}
    found = {}
    for part, one in told.items():
        first, *more = (other for key, other in told.items() if key != part)
        rest = first.and_others(more)
        if one.is_gone.any() or rest.is_gone.any():
            found[part] = scipy.stats.logrank(one.censored, rest.censored)
    believed = noise.discoveries([float(each.pvalue) for each in found.values()])
    # The statistic is how many more of the part went than would have if it were like the others.
    return {
        part: -int(np.sign(each.statistic))
        for (part, each), is_believed in zip(found.items(), believed, strict=True)
        if is_believed
    }

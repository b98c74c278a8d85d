"""Whether a community takes people's words away from another: what became of those who joined it, beside others like them.

Who joins another community does so while lively, and is quieter afterwards in any case (regression to the mean). So nobody is
compared with their own past alone: everybody who came is held against people of the same community who, in the same 28 days,
had spoken on as many days and as recently, and who joined no other community within 28 days of that day.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from django.utils.translation import gettext_lazy as _

from liuliang.analytics import noise
from liuliang.analytics.acts import EVIDENCE
from liuliang.analytics.base import SMALL, Asked, Statement
from liuliang.analytics.definitions import Definition
from liuliang.analytics.remembering import remembered
from liuliang.lake.queries import query

WINDOW = 28
"""Days looked at before and after somebody joined: four weeks, so that every weekday counts alike."""

LATELY = 7
"""The last days before, of which it is told apart how many somebody spoke on: who fell silent weeks ago is no match."""

LONGEST = 180
"""Days of joining that are looked at, the latest: with the windows they fit into the 256 bits of a person's days."""

BANDS = (1, 2, 3, 5, 7, 10, 14, 19)
"""The least days spoken before, of each group of people who are held for alike."""

LATE_BANDS = (1, 2, 4)
"""The same of the last week."""

NEGLIGIBLE = 0.1
"""Nothing was taken where surely less than this share of the days was."""

MOST_PAIRS = 1_000
"""Pairs of communities that are told of, those that most people can be compared of first."""

DIVERSION = Definition(
    "diversion",
    _("抢人"),
    _(
        "期内第一次进了另一个群的人，进去以后 28 天在原来的群里说话的天数，减去进去以前 28 天的；再减去对照的人同样这些天的变化。"
        "对照是原来这个群里、前 28 天说话天数和最近 7 天说话天数都差不多、前后 28 天没有进别的群（只看这里选中的群）的人，逐日逐组配对，再按进群的人数合起来。"
        "前 28 天在原来的群里没说过话的人、找不到两个以上对照的人、进群还不满 28 天的人不算；没有进群记录的人、已归档的群不算。最多看期内最后 180 天进群的。"
        "区间是 95% 的分层正态（Student）区间，同一个对照被用几次也只算一个人；不到 30 人不下结论，所有的群一起按 Benjamini–Hochberg 控制在 5%。"
        "“没有抢”是连区间最坏的一头也不到一成。配对只按说话的天数，进群的人还可能有别的不同。"
    ),
    _("天"),
)

Verdict = Literal["taken", "kept", "lifted", ""]
"""They surely speak less than they would have; surely no less worth speaking of; surely more; nothing can be said."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What the statement adds up of those who came from one community to another and were matched.

    ``residuals`` are each one's change less the mean change of their controls, ``squares`` the sum of their squares; ``shared`` is
    the sum over controls of the squares of all that each contributes.
    """

    people: int
    residuals: float
    squares: float
    shared: float
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Effect:
    """By how many of 28 days people speak otherwise than they would have, with the 95 % interval; days are means of people."""

    people: int
    before: float
    after: float
    difference: float
    low: float
    high: float
    surprise: float

    @property
    def expected(self) -> float:
        """Return on how many days they would have spoken."""
        return self.after - self.difference

    @property
    def is_small(self) -> bool:
        """Tell whether they are too few to say anything."""
        return self.people < SMALL


@dataclass(frozen=True, slots=True)
class Diversion:
    """``joined`` people who spoke in community ``home`` came to ``new``; what that did to those who could be compared."""

    home: int
    new: int
    joined: int
    controls: int
    effect: Effect
    verdict: Verdict = ""


def pooled(sums: Sums) -> Effect:
    """Return the mean difference of differences over the strata, weighted by those who came, with Student's interval.

    The variance is that of the residuals between people, and that of the controls, each of whom counts as one however many days
    they serve for. That residuals have something of the controls' chance as well is left in: matches are never perfect, and of
    invented people whom joining did nothing to, the interval without it held zero in somewhat fewer than 95 of 100.

    Raises:
        ValueError: fewer than two people.
    """
    count = sums.people
    if count < 2:
        raise ValueError(f"nothing is known of how {count} differ")
    mean = sums.residuals / count
    own = max(sums.squares - count * mean * mean, 0.0) * count / (count - 1)
    spread = math.sqrt(own + sums.shared) / count
    half = noise.student_quantile((1 + noise.CONFIDENCE) / 2, count - 1) * spread
    low, high = mean - half, mean + half
    return Effect(count, sums.before / count, sums.after / count, mean, low, high, noise.surprise_of(mean, low, high))


def judged(effects: Sequence[Effect]) -> tuple[Verdict, ...]:
    """Return what each effect says, few of them by chance alone; small ones say nothing."""
    asked = [effect for effect in effects if not effect.is_small]
    believed = iter(noise.discoveries([effect.surprise for effect in asked]))
    return tuple("" if effect.is_small else _verdict(effect, next(believed)) for effect in effects)


def _verdict(effect: Effect, is_real: bool) -> Verdict:
    if is_real:
        return "taken" if effect.difference < 0 else "lifted"
    return "kept" if effect.low > -NEGLIGIBLE * effect.expected else ""


@remembered
def diversions(asked: Asked) -> tuple[Diversion, ...]:
    """Return what joining did, of every two communities of which `SMALL` people or more came from one to the other.

    One statement over `member_day`: a person's days in a community are one number with a bit for each, so that windows are masks.
    """
    statement = diversion_statement(asked)
    if statement is None:
        return ()
    rows = query(statement.sql, statement.values).rows
    effects = [pooled(Sums(int(people), *map(float, sums))) for _home, _new, _joined, _controls, people, *sums in rows]
    return tuple(
        Diversion(int(row[0]), int(row[1]), int(row[2]), int(row[3]), effect, verdict)
        for row, effect, verdict in zip(rows, effects, judged(effects), strict=True)
    )


def diversion_statement(asked: Asked) -> Statement | None:
    """Return the SQL of `diversions`; None while nobody who came in the period has been there for a whole window."""
    compared = _compared(asked)
    if compared is None:
        return None
    people, values = compared
    return Statement(
        "SELECT home, new, max(joined) AS joined, countIf(NOT is_ours) AS controls, countIf(is_ours) AS people,"
        " sumIf(amount, is_ours) AS residuals, sumIf(amount * amount, is_ours) AS squares,"
        " sumIf(amount * amount, NOT is_ours) AS shared, sum(had) AS before, sum(has) AS after"
        f" FROM ({people}) GROUP BY home, new HAVING people >= 2 ORDER BY people DESC, home, new LIMIT {{most:UInt32}}",
        values,
    )


def movers(asked: Asked, home: int, new: int) -> tuple[int, ...]:
    """Return who came to ``new`` from ``home`` and could be compared: whom an effect of `diversions` is about."""
    compared = _compared(asked)
    if compared is None:
        return ()
    people, values = compared
    of_two = f"is_ours AND home = {home:d} AND new = {new:d}"
    rows = query(f"SELECT DISTINCT member FROM ({people}) WHERE {of_two} ORDER BY member", values).rows
    return tuple(int(member) for (member,) in rows)


def _compared(asked: Asked) -> tuple[str, dict[str, Any]] | None:
    """Return the SQL of everybody who came and was compared, and of their controls, with its parameters."""
    period = asked.period
    first = max(period.first, period.last - timedelta(days=LONGEST - 1))
    last = min(period.last, asked.last_day - timedelta(days=WINDOW))
    if first > last:
        return None
    among, values = asked.scope.condition()
    among += " AND member NOT IN (SELECT member FROM {member_day} WHERE kind = 'member.erased')"
    return _by_person(among), values | {
        "since": (first - timedelta(days=WINDOW)).isoformat(),
        "until": (last + timedelta(days=WINDOW)).isoformat(),
        "first": first.isoformat(),
        "last": last.isoformat(),
        "evidence": list(EVIDENCE),
        "bands": list(BANDS),
        "late_bands": list(LATE_BANDS),
        "fewest": SMALL,
        "most": MOST_PAIRS,
    }


def _by_person(among: str) -> str:
    """Return the SQL of what each of the people who came, and each control, adds to the effect between two communities.

    Treated people and controls of a day and community that are alike are one stratum; of each, the treated become rows with their
    residuals, and each control a row a new community with what it contributes there.
    """
    during = f"member != 0 AND {among} AND day >= {{since:Date}} AND day <= {{until:Date}}"
    spoken = (
        "SELECT community, member, groupBitOr(bitShiftLeft(toUInt256(1), dateDiff('day', {since:Date}, day))) AS days"
        f" FROM {{member_day}} WHERE kind = 'message.sent' AND {during} GROUP BY community, member"
    )
    seen = (
        "SELECT community, member, min(day) AS seen, minIf(day, kind = 'member.joined') AS joined FROM {member_day}"
        f" WHERE kind IN {{evidence:Array(String)}} AND member != 0 AND {among} AND day <= {{until:Date}}"
        " GROUP BY community, member"
    )
    came = (
        "SELECT member, community AS new, dateDiff('day', {since:Date}, seen) AS at"
        f" FROM ({seen}) WHERE joined = seen AND seen >= {{first:Date}} AND seen <= {{last:Date}}"
    )
    moves = (
        "SELECT member, groupArray((community, dateDiff('day', {since:Date}, day))) AS moves"
        f" FROM {{member_day}} WHERE kind = 'member.joined' AND {during} GROUP BY member"
    )
    people = (
        "SELECT community AS home, member, days, dateDiff('day', {since:Date}, seen) AS known"
        f" FROM ({spoken}) AS spoken JOIN ({seen}) AS seen USING (community, member)"
    )
    window = 2**WINDOW - 1
    before = f"toUInt32(bitAnd(bitShiftRight(days, at - {WINDOW}), toUInt256({window})))"
    settled = f"known <= at - {WINDOW} AND {before} != 0"
    treated = (
        "SELECT home, new, at, member, days, count() OVER (PARTITION BY home, new) AS joined"
        f" FROM ({people}) AS people JOIN ({came}) AS came USING (member) WHERE home != new AND {settled}"
    )
    treated = f"SELECT * FROM ({treated}) WHERE joined >= {{fewest:UInt32}}"
    controls = (
        f"SELECT home, toUInt32(0) AS new, at, member, days, toUInt64(0) AS joined FROM ({people}) AS people"
        f" JOIN (SELECT DISTINCT home, at FROM ({treated})) AS wanted USING (home)"
        f" LEFT JOIN ({moves}) AS moved USING (member) WHERE {settled}"
        f" AND NOT arrayExists(move -> move.1 != home AND abs(move.2 - at) <= {WINDOW}, moves)"
    )
    told = (
        f"SELECT home, new, at, member, joined, {before} AS earlier, bitCount(earlier) AS had,"
        f" bitCount(toUInt32(bitAnd(bitShiftRight(days, at + 1), toUInt256({window})))) AS has,"
        " arrayCount(least_ -> least_ <= had, {bands:Array(UInt8)}) AS band, arrayCount(least_ -> least_ <="
        f" bitCount(bitShiftRight(earlier, {WINDOW - LATELY})), {{late_bands:Array(UInt8)}}) AS late"
        f" FROM (SELECT home, new, at, member, days, joined FROM ({treated}) UNION ALL {controls})"
    )
    change = "toFloat64(has) - toFloat64(had)"
    strata = (
        f"SELECT home, groupArrayIf((new, member, {change}, toFloat64(had), toFloat64(has), joined), new != 0) AS ours,"
        f" groupArrayIf((member, {change}), new = 0) AS theirs FROM ({told}) GROUP BY home, at, band, late"
        " HAVING notEmpty(ours) AND length(theirs) >= 2"
    )
    measured = (
        "SELECT home, ours, theirs, toFloat64(length(theirs)) AS n, arrayAvg(each -> each.2, theirs) AS mean,"
        " arrayMap(each -> each.1, ours) AS places,"
        f" arrayMap(place -> (place, toFloat64(countEqual(places, place))), arrayDistinct(places)) AS shares FROM ({strata})"
    )
    parts = (
        "SELECT home, arrayJoin(arrayConcat("
        "arrayMap(each -> (each.1, 1, each.2, each.3 - mean, each.4, each.5, each.6), ours),"
        " arrayFlatten(arrayMap(share -> arrayMap(each -> (share.1, 0, each.1, share.2 * (each.2 - mean) / sqrt(n * (n - 1)),"
        " toFloat64(0), toFloat64(0), toUInt64(0)), theirs), shares)))) AS part"
        f" FROM ({measured})"
    )
    return (
        "SELECT home, part.1 AS new, part.2 AS is_ours, part.3 AS member, sum(part.4) AS amount,"
        f" sum(part.5) AS had, sum(part.6) AS has, max(part.7) AS joined FROM ({parts}) GROUP BY home, new, is_ours, member"
    )

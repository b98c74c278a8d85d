"""How many are there at the end of each bucket, and who: those present now, without whom came since, with whom went since.

Of whoever came or went since, the first thing they did tells: who then came was not there, and who went was. Thus somebody who
comes twice without having left (two records that are merged) counts once.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

from liuliang.analytics.base import Asked, Statement
from liuliang.analytics.counting import answer
from liuliang.analytics.joining import local_day_of
from liuliang.analytics.periods import ONE_DAY, Period
from liuliang.analytics.presence import presence, presence_statement, present_pairs
from liuliang.analytics.remembering import remembered
from liuliang.analytics.scopes import Scope
from liuliang.kernel.clock import local_day
from liuliang.lake.queries import query

FLOW_KINDS = ("member.joined", "member.left")

_OLDEST = timedelta(hours=1)
"""By how much the present may be later than what is asked ``until``: answers are remembered for an hour."""

Pair = tuple[int, int]
"""A community and a member."""


@dataclass(frozen=True, slots=True)
class Level:
    """Members of one part at the end of one bucket."""

    part: str
    start: date
    members: int


def levels(asked: Asked) -> tuple[Level, ...]:
    """Return the members of every part at the end of every bucket; parts that nobody is or was in are left out.

    Counted is a member in a community.
    """
    parts = parts_of(asked)
    by_bucket: dict[date, defaultdict[str, int]] = {bucket.last: defaultdict(int) for bucket in asked.buckets}
    for (community, day), members in members_at(asked.scope, tuple(by_bucket), last_day_of_moves(asked)).items():
        by_bucket[day][parts[community]] += members
    return tuple(
        Level(part, bucket.first, max(0, members))
        for bucket in asked.buckets
        for part, members in by_bucket[bucket.last].items()
    )


def members_at(scope: Scope, days: Sequence[date], upto: date) -> Mapping[tuple[int, date], int]:
    """Return how many were in each community at the end of each of some days; communities that nobody was seen in are left out.

    ``days`` are in order; ``upto`` is the last day on which somebody can have come or gone by now. Of records that contradict
    each other less than nobody may be there.
    """
    standing = presence(scope)
    # By community: what changed when so many of the days were over, and is to be taken back for each of these.
    changed: defaultdict[int, list[int]] = defaultdict(lambda: [0] * (len(days) + 1))
    for community, day, net in _nets(scope, days[0], upto):
        changed[community][bisect_left(days, day)] += net
    for zone, communities in scope.zones:
        ends = [Period(day, day).instants(zone)[1].timestamp() for day in days]
        for community in standing.keys() & communities:
            for left_at in standing[community].slipped_back:
                changed[community][bisect_right(ends, left_at)] += 1
    since = {community: list(accumulate(reversed(changed[community])))[-2::-1] for community in standing}
    return {
        (community, day): each.members - since[community][place]
        for place, day in enumerate(days)
        for community, each in standing.items()
    }


def present_at_end(asked: Asked, part: str, start: date) -> frozenset[Pair]:
    """Return who was in which community when a bucket was over: whom `levels` counts."""
    bucket = next((each for each in asked.buckets if each.first == start), None)
    if bucket is None:
        return frozenset()
    scope = asked.scope
    if asked.split or part:
        parts = parts_of(asked)
        scope = scope.only(each for each in scope.communities if asked.split and parts[each] == part)
    upto = last_day_of_moves(asked)
    moved = dict[Pair, str]()
    if upto > bucket.last:
        since, values = scope.during(Period(bucket.last + ONE_DAY, upto))
        first = "argMin(kind, (occurred_at, kind = 'member.left'))"
        rows = query(
            f"SELECT community, member, {first} FROM {{events}} WHERE kind IN {{flows:Array(String)}} AND {since}"
            " GROUP BY community, member",
            {**values, "flows": list(FLOW_KINDS)},
        ).rows
        moved = {(int(row[0]), int(row[1])): row[2] for row in rows}
    return (present_pairs(scope) - moved.keys()) | {pair for pair, kind in moved.items() if kind == "member.left"}


def level_statements(asked: Asked) -> tuple[Statement, ...]:
    """Return the queries behind `levels`: who is present now, and the flows by day."""
    sql, values = presence_statement(asked.scope)
    return Statement(sql, values, "records"), _flow_statement(
        asked.scope, asked.buckets[0].last, last_day_of_moves(asked)
    )


def parts_of(asked: Asked) -> Mapping[int, str]:
    """Return the part that each community belongs to, of a split by community or type or of none."""
    parts = dict.fromkeys(asked.scope.communities, "")
    match asked.split:
        case "community":
            return {community: str(community) for community in parts}
        case "type":
            types = dict(asked.types)
            return {community: types.get(community, "") for community in parts}
    return parts


def last_day_of_moves(asked: Asked) -> date:
    """Return the last day on which somebody can have come or gone by now, in whichever community it is latest."""
    now = asked.until + _OLDEST
    zones = [zone for zone, _ids in asked.scope.zones] or [asked.timezone]
    return max(*(local_day(now, zone) for zone in zones), asked.period.last)


def _flow_statement(scope: Scope, after: date, upto: date) -> Statement:
    """Return how to sum up what each coming and going changed, by community and day, after one day and up to another.

    Before a coming somebody was not there, before a going they were; after it, as before the next.
    """
    among, values = scope.during(Period(after + ONE_DAY, max(after + ONE_DAY, upto)))
    return Statement(
        "SELECT community, day, sum(toInt64(after) - before) FROM ("
        f"SELECT community, {local_day_of(scope, 'occurred_at')} AS day, toInt8(kind = 'member.left') AS before,"
        " leadInFrame(before, 1, toInt8(kind = 'member.joined')) OVER (PARTITION BY community, member"
        " ORDER BY occurred_at, before ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS after"
        f" FROM {{events}} WHERE kind IN {{flows:Array(String)}} AND {among}) GROUP BY community, day",
        {**values, "flows": list(FLOW_KINDS)},
    )


@remembered
def _nets(scope: Scope, after: date, upto: date) -> Sequence[tuple[int, date, int]]:
    if after >= upto:
        return ()
    return tuple((int(community), day, int(net)) for community, day, net in answer(_flow_statement(scope, after, upto)))

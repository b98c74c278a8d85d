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
from liuliang.kernel.clock import local_day
from liuliang.lake.queries import query

_FLOW_KINDS = ("member.joined", "member.left")

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
    standing = presence(asked.scope)
    parts = parts_of(asked)
    now: defaultdict[str, int] = defaultdict(int)
    for community, each in standing.items():
        now[parts[community]] += each.members
    lasts = [bucket.last for bucket in asked.buckets]
    # By part: what changed when so many buckets were over, and is to be taken back for each of these.
    changed: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (len(lasts) + 1))
    for community, day, net in _nets(asked):
        changed[parts[community]][bisect_left(lasts, day)] += net
    for zone, communities in asked.scope.zones:
        ends = [bucket.instants(zone)[1].timestamp() for bucket in asked.buckets]
        for community in standing.keys() & communities:
            for left_at in standing[community].slipped_back:
                changed[parts[community]][bisect_right(ends, left_at)] += 1
    since = {part: list(accumulate(reversed(changed[part])))[-2::-1] for part in now}
    return tuple(
        Level(part, bucket.first, max(0, members - since[part][place]))
        for place, bucket in enumerate(asked.buckets)
        for part, members in now.items()
    )


def present_at_end(asked: Asked, part: str, start: date) -> frozenset[Pair]:
    """Return who was in which community when a bucket was over: whom `levels` counts."""
    bucket = next((each for each in asked.buckets if each.first == start), None)
    if bucket is None:
        return frozenset()
    scope = asked.scope
    if asked.split or part:
        parts = parts_of(asked)
        scope = scope.only(each for each in scope.communities if asked.split and parts[each] == part)
    upto = _upto(asked)
    moved = dict[Pair, str]()
    if upto > bucket.last:
        since, values = scope.during(Period(bucket.last + ONE_DAY, upto))
        first = "argMin(kind, (occurred_at, kind = 'member.left'))"
        rows = query(
            f"SELECT community, member, {first} FROM {{events}} WHERE kind IN {{flows:Array(String)}} AND {since}"
            " GROUP BY community, member",
            {**values, "flows": list(_FLOW_KINDS)},
        ).rows
        moved = {(int(row[0]), int(row[1])): row[2] for row in rows}
    return (present_pairs(scope) - moved.keys()) | {pair for pair, kind in moved.items() if kind == "member.left"}


def level_statements(asked: Asked) -> tuple[Statement, ...]:
    """Return the queries behind `levels`: who is present now, and the flows by day."""
    sql, values = presence_statement(asked.scope)
    return Statement(sql, values, "records"), _flow_statement(asked)


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


def _upto(asked: Asked) -> date:
    """Return the last day on which somebody can have come or gone by now, in whichever community it is latest."""
    now = asked.until + _OLDEST
    zones = [zone for zone, _ids in asked.scope.zones] or [asked.timezone]
    return max(*(local_day(now, zone) for zone in zones), asked.period.last)


def _flow_statement(asked: Asked) -> Statement:
    """Return how to sum up what each coming and going changed, by community and day, since the first bucket's end.

    Before a coming somebody was not there, before a going they were; after it, as before the next.
    """
    among, values = asked.scope.during(Period(asked.buckets[0].last + ONE_DAY, _upto(asked)))
    return Statement(
        "SELECT community, day, sum(toInt64(after) - before) FROM ("
        f"SELECT community, {local_day_of(asked.scope, 'occurred_at')} AS day, toInt8(kind = 'member.left') AS before,"
        " leadInFrame(before, 1, toInt8(kind = 'member.joined')) OVER (PARTITION BY community, member"
        " ORDER BY occurred_at, before ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS after"
        f" FROM {{events}} WHERE kind IN {{flows:Array(String)}} AND {among}) GROUP BY community, day",
        {**values, "flows": list(_FLOW_KINDS)},
    )


@remembered
def _nets(asked: Asked) -> Sequence[tuple[int, date, int]]:
    if asked.buckets[0].last >= _upto(asked):
        return ()
    return tuple((int(community), day, int(net)) for community, day, net in answer(_flow_statement(asked)))

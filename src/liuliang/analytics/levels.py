"""How many are there at the end of each bucket: those present now, less the flows since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from liuliang.analytics.base import Asked, Statement
from liuliang.analytics.counting import answer, by_day
from liuliang.analytics.measures import JOINED, LEFT
from liuliang.analytics.presence import presence, presence_statement
from liuliang.analytics.remembering import remembered
from liuliang.analytics.traffic import flows
from liuliang.kernel.clock import local_day

_FLOW_KINDS = ("member.joined", "member.left")


@dataclass(frozen=True, slots=True)
class Level:
    """Members of one part at the end of one bucket."""

    part: str
    start: date
    members: int


def levels(asked: Asked) -> tuple[Level, ...]:
    """Return the members of every part at the end of every bucket; parts that nobody is or was in are left out.

    Counted is a member in a community. The last bucket is what is now less what came and went since; each one before it
    is the one after less the flows of its days.
    """
    upto = max(local_day(asked.until, asked.timezone), asked.period.last)
    moved = flows(asked.scope, asked.period, upto)
    now: defaultdict[str, int] = defaultdict(int)
    for community, standing in presence(asked.scope).items():
        since = moved[community].since.net if community in moved else 0
        now[part_of(asked, community)] += max(0, standing.members - since)
    nets = _nets(asked)
    found: list[Level] = []
    for part, last in now.items():
        level = last
        for bucket in reversed(asked.buckets):
            found.append(Level(part, bucket.first, max(0, level)))
            level -= sum(nets.get((part, day), 0) for day in bucket.days)
    return tuple(reversed(found))


def level_statements(asked: Asked) -> tuple[Statement, ...]:
    """Return the queries behind `levels`: who is present now, and the flows by day."""
    sql, values = presence_statement(asked.scope)
    return Statement(sql, values, "records"), _flow_statement(asked)


def part_of(asked: Asked, community: int) -> str:
    """Return the part that a community belongs to, of a split by community or type or of none."""
    return {"": "", "community": str(community), "type": dict(asked.types).get(community, "")}[asked.split]


def _flow_statement(asked: Asked) -> Statement:
    # Types are summed up from communities, so that one who joins two of them is two, as in the level itself.
    by_community = replace(asked, step="day", split="community" if asked.split else "")
    return by_day(_FLOW_KINDS, f"toInt64({JOINED}) - toInt64({LEFT})")(by_community)


@remembered
def _nets(asked: Asked) -> Mapping[tuple[str, date], int]:
    found: defaultdict[tuple[str, date], int] = defaultdict(int)
    for part, day, net in answer(_flow_statement(asked)):
        found[part_of(asked, int(part)) if asked.split else "", day] += int(net)
    return dict(found)

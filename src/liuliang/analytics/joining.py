"""Who came for the first time, to the instant: whether they spoke soon, who brought them, whom they brought."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from liuliang.analytics.acts import EVIDENCE
from liuliang.analytics.base import Asked, Statement
from liuliang.analytics.counting import Teller, split, starting
from liuliang.analytics.newcomers import WINDOW
from liuliang.analytics.scopes import Scope, stamp
from liuliang.lake.tables import literal

GENERATION = timedelta(days=30)
"""How long somebody has to bring others before it is counted whom they brought."""

_SPOKE_SOON = f"spoke >= at AND dateDiff('millisecond', at, spoke) < {int(WINDOW.total_seconds()) * 1000}"
"""Whether a newcomer's first words came in time; who never spoke has them in 1970."""


def first_words(asked: Asked) -> Statement:
    """Return how to count the newcomers who spoke within `WINDOW`, of those who had that long."""
    came, values = newcomers(asked, asked.until - WINDOW)
    return Statement(
        f"SELECT part, {starting(asked.step)} AS start, countIf({_SPOKE_SOON}), count() FROM {came} GROUP BY part, start",
        values,
    )


def beginners(*, spoke: bool) -> Teller:
    """Return how to name the newcomers whom `first_words` counts, or those who had as long and did not speak."""
    condition = _SPOKE_SOON if spoke else f"NOT ({_SPOKE_SOON})"

    def tell(asked: Asked) -> Statement:
        came, values = newcomers(asked, asked.until - WINDOW)
        return Statement(f"SELECT part, {starting(asked.step)} AS start, member FROM {came} WHERE {condition}", values)

    return tell


def invited(asked: Asked) -> Statement:
    """Return how to count the members in a community whom another member brought in."""
    rows, values = _invited(asked)
    start = starting(asked.step)
    return Statement(
        f"SELECT part, {start} AS start, uniqExact(community, member) FROM {rows} GROUP BY part, start", values
    )


def invited_people(asked: Asked) -> Statement:
    """Return how to name the members whom another member brought in."""
    rows, values = _invited(asked)
    return Statement(f"SELECT DISTINCT part, {starting(asked.step)} AS start, member FROM {rows}", values)


def _invited(asked: Asked) -> tuple[str, dict[str, Any]]:
    during, values = asked.scope.during(asked.period)
    values = {**values, "first": asked.period.first.isoformat()}
    relation = (
        f"SELECT community, member, {local_day_of(asked.scope, 'occurred_at')} AS day FROM {{events}}"
        f" WHERE kind = 'member.joined' AND other != 0 AND other != member AND {during}"
    )
    return split(asked, relation, "community, member, day", values)


def brought(asked: Asked) -> Statement:
    """Return how to count the newcomers each newcomer brought within a `GENERATION`, of those who had that long."""
    rows, values = _generation(asked)
    return Statement(
        f"SELECT part, {starting(asked.step)} AS start, sum(length(brought)), count(),"
        f" sum(length(brought) * length(brought)) FROM {rows} GROUP BY part, start",
        values,
    )


def brought_people(asked: Asked) -> Statement:
    """Return how to name the newcomers whom other newcomers brought."""
    rows, values = _generation(asked)
    return Statement(f"SELECT part, {starting(asked.step)} AS start, arrayJoin(brought) AS member FROM {rows}", values)


def bringers(*, of_any: bool) -> Teller:
    """Return how to name the newcomers who brought somebody, or those who had as long and brought nobody."""
    condition = "notEmpty(brought)" if of_any else "empty(brought)"

    def tell(asked: Asked) -> Statement:
        rows, values = _generation(asked)
        return Statement(f"SELECT part, {starting(asked.step)} AS start, member FROM {rows} WHERE {condition}", values)

    return tell


def _generation(asked: Asked) -> tuple[str, dict[str, Any]]:
    """Return the relation of newcomers who had a `GENERATION`, each with the members they brought into their community."""
    came, values = newcomers(asked, asked.until - GENERATION)
    firsts, more = _first_joins(asked)
    return (
        (
            "(SELECT part, day, came.community, came.member AS member, groupArrayIf(new.newcomer,"
            " new.inviter != 0 AND new.at >= came.at AND new.at < came.at + toIntervalDay("
            f"{GENERATION.days})) AS brought FROM {came} AS came"
            f" LEFT JOIN (SELECT community, inviter, at, member AS newcomer FROM {firsts}"
            " WHERE inviter != 0 AND inviter != member) AS new"
            " ON new.community = came.community AND new.inviter = came.member"
            " GROUP BY part, day, came.community, came.member)"
        ),
        {**values, **more},
    )


def newcomers(asked: Asked, upto: Any) -> tuple[str, dict[str, Any]]:
    """Return the relation of first joins on the period's days and not after ``upto``, with part, day, at and spoke."""
    firsts, values = _first_joins(asked)
    values = {
        **values,
        "first": asked.period.first.isoformat(),
        "last": asked.period.last.isoformat(),
        "upto": stamp(upto),
    }
    relation = (
        f"SELECT community, member, at, spoke, {local_day_of(asked.scope, 'at')} AS day FROM {firsts}"
        " WHERE at <= {upto:DateTime64(3, 'UTC')} AND day >= {first:Date} AND day <= {last:Date}"
    )
    return split(asked, relation, "community, member, at, spoke, day", values)


def _first_joins(asked: Asked) -> tuple[str, dict[str, Any]]:
    """Return everybody's first join of a community who was not there before, with who brought them and their first words."""
    among, values = asked.scope.condition()
    return (
        (
            "(SELECT community, member, minIf(occurred_at, kind = 'member.joined') AS at,"
            " argMinIf(other, (occurred_at, position), kind = 'member.joined') AS inviter,"
            " minIf(occurred_at, kind = 'message.sent') AS spoke"
            f" FROM {{events}} WHERE kind IN {{evidence:Array(String)}} AND {among} GROUP BY community, member"
            " HAVING countIf(kind = 'member.joined') > 0 AND at = min(occurred_at))"
        ),
        {**values, "evidence": list(EVIDENCE)},
    )


def local_day_of(scope: Scope, instant: str) -> str:
    """Return the SQL of the local day of an instant in the communities of a scope."""
    branches = "".join(
        f"community IN ({', '.join(map(str, ids))}), toDate({instant}, {literal(zone)}), "
        for zone, ids in scope.zones[1:]
    )
    otherwise = f"toDate({instant}, {literal(scope.zones[0][0] if scope.zones else 'UTC')})"
    return f"multiIf({branches}{otherwise})" if branches else otherwise

"""What candidates led to since they said yes: whom they brought and who of those stayed, whom they answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection

from liuliang.cultivation.models import Candidacy
from liuliang.lake.queries import query


@dataclass(frozen=True, slots=True)
class Result:
    """Since they accepted: people they invited, how many of them are still there, people they answered, messages sent."""

    invited: int = 0
    stayed: int = 0
    answered: int = 0
    messages: int = 0


def results(pool: Sequence[Candidacy]) -> Mapping[int, Result]:
    """Return by candidacy what each led to; those who have not accepted led to nothing yet."""
    said_yes = [each for each in pool if each.accepted_at is not None]
    if not said_yes:
        return {}
    invited = _invited(said_yes)
    spoken = _spoken(said_yes)
    return {each.pk: Result(*invited.get(each.pk, (0, 0)), *spoken.get(each.pk, (0, 0))) for each in said_yes}


def _invited(pool: Sequence[Candidacy]) -> dict[int, tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.id, count(DISTINCT s.member_id),"
            " count(DISTINCT s.member_id) FILTER (WHERE s.is_present)"
            " FROM cultivation_candidacy c JOIN people_member host ON host.id = c.member_id"
            " JOIN people_member i ON coalesce(i.canonical_id, i.id) = coalesce(host.canonical_id, host.id)"
            " JOIN people_membership s ON s.inviter = i.id AND s.member_id <> i.id AND s.first_joined_at >= c.accepted_at"
            " WHERE c.id = ANY(%s) GROUP BY c.id",
            [[each.pk for each in pool]],
        )
        return {row[0]: (row[1], row[2]) for row in cursor.fetchall()}


def _spoken(pool: Sequence[Candidacy]) -> dict[int, tuple[int, int]]:
    people = {each.pk: each.member.canonical_id or each.member_id for each in pool}
    rows = query(
        "SELECT candidacy, uniqExactIf(other, other != 0 AND other != member), count() FROM {events} AS said"
        " INNER JOIN (SELECT pair.1 AS candidacy, pair.2 AS who, pair.3 AS since FROM (SELECT arrayJoin(arrayZip("
        "{ids:Array(UInt64)}, {members:Array(UInt32)}, {since:Array(Int64)})) AS pair)) AS pool"
        " ON member = who WHERE kind = 'message.sent' AND member IN {members:Array(UInt32)} AND toUnixTimestamp64Milli(occurred_at) >= since"
        " GROUP BY candidacy",
        {
            "ids": list(people),
            "members": list(people.values()),
            "since": [int(each.accepted_at.timestamp() * 1000) for each in pool if each.accepted_at],
        },
    ).rows
    return {int(candidacy): (int(answered), int(messages)) for candidacy, answered, messages in rows}

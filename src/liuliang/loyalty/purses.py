"""Purses: the accounts of points that a person has, one for each member record that was merged into them.

Merging moves nothing between purses, so that it can be undone: a person's points are those of all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, datetime

from django.db import connection

from liuliang.kernel.errors import Refused
from liuliang.kernel.events import Event, Fact
from liuliang.loyalty.accounts import GROWTH, POINTS, Address
from liuliang.loyalty.events import Endings
from liuliang.loyalty.lots import Taken
from liuliang.people.models import Member

SOURCE = "loyalty"
"""The source of the ledger's events in the log; their source id is the transfer's."""


def canonical_of(members: Collection[int]) -> dict[int, int]:
    """Return for each member record whom it means."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, coalesce(canonical_id, id) FROM people_member WHERE id = ANY(%s)", [list(set(members))]
        )
        return dict(cursor.fetchall())


def person_of(member: int) -> int:
    """Return whom a member record means.

    Raises:
        Refused: ``member.unknown`` for none, or one that was erased: nothing new happens to them.
    """
    found = Member.objects.filter(id=member, erased_at=None).values_list("id", "canonical_id").first()
    if found is None:
        raise Refused("member.unknown")
    return found[1] or found[0]


def transfers_of(cause: str, *, kinds: Collection[str] = ()) -> list[int]:
    """Return the ids of the transfers of a cause, in the order of their parts; with ``kinds``, only of these."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM loyalty_transfer WHERE cause = %s AND (%s OR kind = ANY(%s)) ORDER BY part",
            [cause, not kinds, list(kinds)],
        )
        return [row[0] for row in cursor.fetchall()]


def lock_purses(person: int) -> dict[int, int]:
    """Lock all purses of points of a person until the transaction ends; return what each has available, by id."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, balance - held FROM loyalty_account WHERE unit = %s AND kind = 'member' AND member_id = ANY("
            " ARRAY(SELECT id FROM people_member WHERE id = %s OR canonical_id = %s))"
            " ORDER BY id FOR NO KEY UPDATE",
            [POINTS, person, person],
        )
        return dict(cursor.fetchall())


def growth_of(persons: Collection[int]) -> dict[int, int]:
    """Return the growth of persons, all their records together."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(m.canonical_id, m.id), sum(a.balance)::bigint FROM people_member m"
            " JOIN loyalty_account a ON a.member_id = m.id AND a.unit = %s AND a.kind = 'member'"
            " WHERE m.id = ANY(%s) OR m.canonical_id = ANY(%s) GROUP BY 1",
            [GROWTH, list(persons), list(persons)],
        )
        return dict(cursor.fetchall())


def hold_growth(persons: Collection[int]) -> None:
    """Keep the growth of persons as it is until the transaction ends: who is just earning some is waited for."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM loyalty_account a WHERE a.unit = %s AND a.kind = 'member' AND a.member_id IN"
            " (SELECT m.id FROM people_member m WHERE m.id = ANY(%s) OR m.canonical_id = ANY(%s))"
            " ORDER BY a.id FOR NO KEY UPDATE OF a",
            [GROWTH, list(persons), list(persons)],
        )


def find_budgets(keys: Collection[str]) -> list[Address]:
    """Return the addresses of those budgets of points that exist."""
    if not keys:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key FROM loyalty_account WHERE unit = %s AND kind = 'budget' AND key = ANY(%s)"
            " AND member_id IS NULL AND bucket = 0",
            [POINTS, list(keys)],
        )
        return [Address(POINTS, "budget", key) for (key,) in cursor.fetchall()]


def endings(taken: Iterable[Taken]) -> Endings:
    """Return what these amounts add up to by last day."""
    sums: defaultdict[str, int] = defaultdict(int)
    for each in taken:
        sums[each.ends_on.isoformat() if each.ends_on else ""] += each.amount
    return tuple(sorted(sums.items()))


def ending(ends_on: date | None, amount: int) -> Endings:
    """Return an amount with one last day, as events tell it."""
    return ((ends_on.isoformat() if ends_on else "", amount),)


def fact_of(
    payload: Event,
    told_by: int | str,
    member: int,
    at: datetime,
    *,
    community: int | None = None,
    actor: int | None = None,
) -> Fact:
    """Return the fact of a transfer; its id (or another name of its own) makes it happen once."""
    return Fact(payload, at, SOURCE, str(told_by), member, community, actor)

"""The statements by which people become rows: each takes everybody of a call at once."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.db import connection

from liuliang.people.names import grams

# Lists are handed over as one text each and taken apart by the server: the driver escapes the elements of a list one by
# one, which for tens of thousands takes longer than the statement. Cleaned texts hold no control characters.
_BETWEEN = "\x1e"
_LIST = "string_to_array(%s, chr(30))"


class Key(NamedTuple):
    """An identity as stored."""

    kind: str
    value: str


@dataclass(slots=True)
class Person:
    """Everybody of one call who shares an identity.

    ``keys`` are theirs, strongest first; ``alias`` is the name key that an account claims in its chat. ``member`` is the
    record they resolve to, 0 until decided. Of who ``is_elsewhere`` nothing may be changed by whoever tells of them.
    """

    name: str
    keys: dict[Key, None]
    alias: Key | None
    is_bot: bool
    member: int = 0
    is_erased: bool = False
    is_elsewhere: bool = False

    @property
    def first_key(self) -> Key:
        """Return the strongest identity."""
        return next(iter(self.keys))


def digest(key: Key) -> str:
    """Return the keyed hash by which an erased identity is remembered."""
    secret = f"liuliang erased identity {settings.SECRET_KEY}".encode()
    return hmac.digest(secret, f"{key.kind}\0{key.value}".encode(), "sha256").hex()


def owners_of(persons: Iterable[Person]) -> dict[Key, int]:
    """Return which member record each key and alias belongs to, as of now."""
    wanted = {key for person in persons for key in (*person.keys, person.alias) if key is not None}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT i.kind, i.value, i.member_id FROM unnest({_LIST}, {_LIST}) AS k (kind, value)"
            " JOIN people_identity i ON i.kind = k.kind AND i.value = k.value",
            [_packed(key.kind for key in wanted), _packed(key.value for key in wanted)],
        )
        return {Key(kind, value): member for kind, value, member in cursor.fetchall()}


def outside(members: set[int], communities: Collection[int]) -> set[int]:
    """Return those of some records whose person is, and was, in other communities than these alone, or is described somewhere.

    Somebody who is nothing but the buyer of an order so far is nobody's yet.
    """
    if not members:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.id FROM people_member m JOIN people_member p ON p.id = coalesce(m.canonical_id, m.id)"
            " WHERE m.id = ANY(%s) AND NOT EXISTS"
            "  (SELECT 1 FROM people_membership s WHERE s.member_id = p.id AND s.community_id = ANY(%s))"
            " AND (p.attributes <> '{}' OR EXISTS (SELECT 1 FROM people_membership s WHERE s.member_id = p.id))",
            [list(members), list(communities)],
        )
        return {row[0] for row in cursor.fetchall()}


def known_by_name_only(members: set[int], community: int) -> set[int]:
    """Return those of ``members`` who are nothing but a name in this community, stand alone and were not erased."""
    if not members:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.id FROM people_member m WHERE m.id = ANY(%s) AND m.canonical_id IS NULL AND m.erased_at IS NULL"
            " AND NOT EXISTS (SELECT 1 FROM people_member r WHERE r.canonical_id = m.id)"
            " AND NOT EXISTS (SELECT 1 FROM people_identity i WHERE i.member_id = m.id"
            "  AND (i.kind <> 'name' OR split_part(i.value, ':', 1) <> %s))",
            [list(members), str(community)],
        )
        return {row[0] for row in cursor.fetchall()}


def insert_members(fresh: dict[str, Person], at: datetime) -> list[int]:
    """Insert one record for each new person, given by public id, note its id on the person, and return the ids."""
    if not fresh:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO people_member"
            " (public_id, name, name_at, name_grams, attributes, needs, is_bot, created_at)"
            " SELECT public_id, coalesce(name, ''), %s, coalesce(string_to_array(grams, chr(31)), '{}'), '{}', '{}',"
            "  is_bot::bool, %s"
            f" FROM unnest({_LIST}, {_LIST}, {_LIST}, {_LIST}) AS n (public_id, name, grams, is_bot)"
            " RETURNING id, public_id",
            [
                at, at, _packed(fresh), _packed(person.name for person in fresh.values()),
                _packed("\x1f".join(grams(person.name)) for person in fresh.values()),
                _packed("t" if person.is_bot else "f" for person in fresh.values()),
            ],
        )  # fmt: skip
        rows = cursor.fetchall()
    for member, public_id in rows:
        fresh[public_id].member = member
    return [member for member, _ in rows]


def insert_identities(identities: Sequence[tuple[Key, Person]], at: datetime) -> None:
    """Insert what nobody else has meanwhile; sorted, so that two imports cannot wait for each other in a ring."""
    rows = sorted((key.kind, key.value, person.member, person.name) for key, person in identities)
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO people_identity (kind, value, member_id, name, name_at, created_at)"
            " SELECT kind, value, member::int, coalesce(name, ''), %s, %s"
            f" FROM unnest({_LIST}, {_LIST}, {_LIST}, {_LIST}) AS n (kind, value, member, name)"
            " ON CONFLICT (kind, value) DO NOTHING",
            [at, at, *(_packed(str(row[column]) for row in rows) for column in range(4))],
        )


def give_way(created: set[int], persons: Sequence[Person], owners: dict[Key, int]) -> dict[Key, int]:
    """Give up records made in vain, because a concurrent call had one of the identities first; return the owners then.

    Nobody has seen such a record yet, so what it owns is handed over and it is deleted.
    """
    handed = {}
    for person in persons:
        winners = [owners[key] for key in person.keys if key in owners and owners[key] not in created]
        if person.member in created and winners:
            handed[person.member] = winners[0]
    if not handed:
        return owners
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE people_identity i SET member_id = h.winner FROM unnest(%s::int[], %s::int[]) AS h (loser, winner)"
            " WHERE i.member_id = h.loser",
            [list(handed), list(handed.values())],
        )
        cursor.execute("DELETE FROM people_member WHERE id = ANY(%s)", [list(handed)])
    return {key: handed.get(member, member) for key, member in owners.items()}


def note_names(persons: Iterable[Person], at: datetime) -> None:
    """Keep the names under which the persons were seen, on the strongest identity, the record, and whom the record means.

    An unchanged name is touched once an hour of ``at`` at the most, so that batches of one file do not rewrite everybody.
    Rows are locked in the order of their ids, as merges do.
    """
    told = (person for person in persons if person.name and not (person.is_erased or person.is_elsewhere))
    seen = sorted((person.member, person.first_key, person.name, person.is_bot) for person in told)
    if not seen:
        return
    names = _packed(row[2] for row in seen)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH seen AS (SELECT * FROM unnest({_LIST}, {_LIST}, {_LIST}) AS s (kind, value, name)),"
            " due AS (SELECT i.id, s.name FROM people_identity i JOIN seen s USING (kind, value)"
            "  WHERE i.name_at IS NULL OR i.name_at <= %s AND (i.name <> s.name OR i.name_at < %s - interval '1 hour')"
            "  ORDER BY i.id FOR NO KEY UPDATE OF i)"
            " UPDATE people_identity i SET name = due.name, name_at = %s FROM due WHERE due.id = i.id",
            [_packed(row[1].kind for row in seen), _packed(row[1].value for row in seen), names, at, at, at],
        )
        cursor.execute(
            "WITH seen AS (SELECT DISTINCT ON (member) member::int, name, grams, is_bot::bool FROM"
            f"   unnest({_LIST}, {_LIST}, {_LIST}, {_LIST}) AS s (member, name, grams, is_bot)),"
            " meant AS (SELECT member AS id, name, grams, is_bot FROM seen"
            "  UNION SELECT m.canonical_id, s.name, s.grams, s.is_bot FROM seen s JOIN people_member m ON m.id = s.member"
            "  WHERE m.canonical_id IS NOT NULL),"
            " due AS (SELECT m.id, n.name, n.grams, n.is_bot FROM people_member m JOIN meant n ON n.id = m.id"
            "  WHERE m.erased_at IS NULL AND (m.name_at IS NULL OR m.name_at <= %s"
            "   AND (m.name <> n.name OR m.name_at < %s - interval '1 hour'))"
            "  ORDER BY m.id FOR NO KEY UPDATE OF m)"
            " UPDATE people_member m SET name = due.name, name_at = %s, is_bot = m.is_bot OR due.is_bot,"
            "  name_grams = CASE WHEN m.name_grams @> string_to_array(due.grams, chr(31))::varchar[] THEN m.name_grams"
            "   ELSE ARRAY(SELECT DISTINCT unnest(m.name_grams || string_to_array(due.grams, chr(31))::varchar[])) END"
            " FROM due WHERE due.id = m.id",
            [
                _packed(str(row[0]) for row in seen), names, _packed("\x1f".join(grams(row[2])) for row in seen),
                _packed("t" if row[3] else "f" for row in seen), at, at, at,
            ],
        )  # fmt: skip


def _packed(values: Iterable[str]) -> str:
    return _BETWEEN.join(values)

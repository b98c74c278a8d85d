"""Who is who: turn what files and channels say of people into member records, many at a time.

Identities of a strong kind belong to one person wherever they are seen; two members who share one are the same person.
A name is no identity beyond its chat. Inside one chat it stands for the account that wears it, because system lines
("A invited B") hold names where messages hold accounts: otherwise everybody who joined and spoke would be counted twice.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction

from liuliang.people.merging import merge_pairs
from liuliang.people.models import ErasedIdentity, new_public_id
from liuliang.people.names import NAME_LIMIT, clean_name
from liuliang.people.proposals import propose_merges, propose_pairs
from liuliang.people.recording import (
    Key,
    Person,
    digest,
    give_way,
    insert_identities,
    insert_members,
    known_by_name_only,
    note_names,
    outside,
    owners_of,
)

ACCOUNT_KINDS = frozenset({"qq", "wxid", "telegram", "discord", "slack", "zulip", "wecom", "wecom_external"})
"""Kinds that are an account in a chat: whoever wears a name in that chat wears it with such an account."""

STRONG_KINDS = ACCOUNT_KINDS | {"phone", "email", "unionid", "openid"}
"""Kinds that mean one person wherever they are seen."""

CONTACT_KINDS = frozenset({"phone", "email", "qq", "wxid"})
"""Kinds by which anybody could reach the person; shown only to staff who may see contact data."""

PROPOSED_SCORE = 90
"""How likely a pair is one person that a rule would have merged, told by somebody who may not merge."""

# First halves of PostgreSQL's advisory locks; the second half is the community, or 0.
_NAMING = 0x6D65
_ERASING = 0x6D66


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of someone a record speaks of: identities strongest first; without any, the name in this chat."""

    name: str = ""
    identities: tuple[tuple[str, str], ...] = ()
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class Resolved:
    """Who people are, and what was new about that.

    ``members`` has the recorded member id of each of the people, in their order; ``created`` those that were made for them.
    ``identities`` counts what members known before are now known by as well, names apart; ``merged`` and ``proposed`` the
    pairs of members that were found to be one person, or may be. ``elsewhere`` are members who were left as they were, because
    whoever tells of them reaches none of their communities.
    """

    members: tuple[int, ...] = ()
    created: frozenset[int] = frozenset()
    identities: int = 0
    merged: int = 0
    proposed: int = 0
    elsewhere: frozenset[int] = frozenset()


@dataclass(slots=True)
class _Decisions:
    """What the call will write: identities of new members and of known ones, and the pairs that turned out to be one person."""

    fresh: dict[str, Person] = field(default_factory=dict)
    identities: list[tuple[Key, Person]] = field(default_factory=list)
    pairs: list[tuple[int, int]] = field(default_factory=list)


def normal_phone(text: str) -> str:
    """Return a phone number as E.164 where that can be told (a bare mainland mobile number is +86), else its digits."""
    digits = unicodedata.normalize("NFKC", "".join(filter(str.isdecimal, text)))
    if not digits:
        return ""
    if text.strip()[0] in "+＋":
        return f"+{digits}"
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    if len(digits) == 11 and digits.startswith("1"):
        return f"+86{digits}"
    return f"+{digits}" if len(digits) == 13 and digits.startswith("861") else digits


def identity_key(kind: str, value: str) -> Key | None:
    """Return the identity as it is stored, or None when nothing is left of it.

    Phones become E.164, e-mails lower case; what is too long to store keeps its beginning and a hash of the whole.
    """
    if len(value) > NAME_LIMIT:
        value = f"{clean_name(value)[:150]}~{hashlib.sha256(value.encode(errors='replace')).hexdigest()[:40]}"
    else:
        value = clean_name(value)
    if kind == "phone":
        value = normal_phone(value)
    elif kind == "email":
        value = value.lower()
    return Key(kind, value) if value else None


def name_key(community: int | None, name: str) -> Key:
    """Return the identity of someone known by name alone, in one community (or in none)."""
    return Key("name", f"{community or 0}:{clean_name(name)}")


def resolve_members(
    people: Sequence[Known], *, community: int | None, at: datetime, may_merge: bool = True, is_chat: bool = False
) -> list[int]:
    """Return the recorded member id of each of ``people``, creating who is new; see `resolve_people`."""
    return list(resolve_people(people, community=community, at=at, may_merge=may_merge, is_chat=is_chat).members)


def resolve_people(
    people: Sequence[Known],
    *,
    community: int | None,
    at: datetime,
    may_merge: bool = True,
    is_chat: bool = False,
    among: Collection[int] | None = None,
) -> Resolved:
    """Find the recorded member of each of ``people``, creating who is new.

    The id is that of the record which the strongest identity belongs to, also where that record was merged into
    another; an identity gives the same id for ever. Several identities of one person that belong to different members
    merge these, or are proposed to staff where the caller ``may_merge`` nobody. ``at`` is when the people were seen: the
    name of the latest sight is kept.

    ``is_chat`` says that the chat itself tells of these people. A record that is nothing but a name in this chat then becomes
    the account's that wears the name, also where the caller may merge nobody: it touches no member of anywhere else.

    ``among`` are the communities that the caller reaches; None is all. A known member of none of them is found, and is not
    changed: neither renamed nor known by more than before.

    Safe under concurrent calls. Call it outside of a longer transaction: what it creates and locks is then free at
    once, and calls never wait for each other's batches. A bounded number of statements, however many people.
    """
    if not people:
        return Resolved()
    persons, places = _group(people, community)
    with transaction.atomic():
        owners = owners_of(persons)
        _find_erased(persons, owners)
        _find_elsewhere(persons, owners, among)
        made: set[int] = set()
        decisions = _Decisions()
        if not all(_is_settled(person, owners) for person in persons):
            with connection.cursor() as cursor:
                # Not while somebody is being erased; and of two imports into one community, one decides first who a
                # name stands for. Imports into other communities do not wait.
                cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, 0)", [_ERASING])
                cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_NAMING, community or 0])
            owners = owners_of(persons)
            _find_erased(persons, owners)
            _find_elsewhere(persons, owners, among)
            decisions = _decide(persons, owners, community)
            made.update(insert_members(decisions.fresh, at))
            insert_identities(decisions.identities, at)
            owners = give_way(made, persons, owners_of(persons))
        shared = _settle(persons, owners)
        created = frozenset(made & set(owners.values()))
        allowed = {"chat_name": may_merge or is_chat, "same_identity": may_merge}
        merged, proposed = _unite({"chat_name": decisions.pairs, "same_identity": shared}, allowed, at=at)
        proposed += propose_merges(created, at=at)
    # In a transaction of its own: merges lock other members than names do, and each locks its own in one go. New records
    # hold the name they were made with.
    with transaction.atomic():
        note_names((person for person in persons if person.member not in made), at)
    gained = sum(key.kind != "name" and person.member not in created for key, person in decisions.identities)
    elsewhere = frozenset(person.member for person in persons if person.is_elsewhere)
    return Resolved(tuple(persons[place].member for place in places), created, gained, merged, proposed, elsewhere)


def hold_resolving() -> None:
    """Wait for calls that are creating members, and hold later ones back until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [_ERASING])


def _unite(pairs: dict[str, list[tuple[int, int]]], allowed: dict[str, bool], *, at: datetime) -> tuple[int, int]:
    """Merge the pairs by the rules that found them; where a rule is not allowed, leave the decision to staff.

    Returns how many were merged and how many are proposed.
    """
    merged = merge_pairs({rule: found for rule, found in pairs.items() if allowed[rule]}, at=at)
    proposed = 0
    for rule, found in pairs.items():
        if not allowed[rule]:
            proposed += propose_pairs(found, score=PROPOSED_SCORE, evidence={"rule": rule}, at=at)
    return merged, proposed


def _keys(known: Known) -> list[Key]:
    return [key for kind, value in known.identities if (key := identity_key(kind, value))]


def _group(people: Sequence[Known], community: int | None) -> tuple[list[Person], list[int]]:
    """Put together who shares an identity; return the persons and for each of ``people`` the index of theirs."""
    persons: list[Person] = []
    joined: list[int] = []  # a person found to be another points there
    by_key: dict[Key, int] = {}
    by_known: dict[Known, int] = {}

    def root(index: int) -> int:
        while joined[index] != index:
            index = joined[index]
        return index

    for known in people:
        if known in by_known:
            continue
        name = clean_name(known.name)
        keys = _keys(known)
        has_account = any(kind in ACCOUNT_KINDS for kind, _ in keys)
        alias = name_key(community, name) if has_account and name and community else None
        keys = keys or [name_key(community, name)]
        home = len(persons)
        persons.append(Person(name, dict.fromkeys(keys), alias, known.is_bot))
        joined.append(home)
        for other in sorted({root(by_key[key]) for key in keys if key in by_key}):
            # The later sight names the person; the earlier one stands first among the keys.
            first, second = sorted((root(home), other))
            persons[first] = Person(
                persons[second].name or persons[first].name,
                persons[first].keys | persons[second].keys,
                persons[second].alias or persons[first].alias,
                persons[first].is_bot or persons[second].is_bot,
            )
            joined[second] = first
            home = first
        for key in keys:
            by_key[key] = root(home)
        by_known[known] = home
    kept = sorted({root(index) for index in range(len(persons))})
    place = {index: position for position, index in enumerate(kept)}
    return [persons[index] for index in kept], [place[root(by_known[known])] for known in people]


def _find_erased(persons: Sequence[Person], owners: dict[Key, int]) -> None:
    """Send persons with an erased identity to the erased member, and take away aliases that were erased."""
    if not ErasedIdentity.objects.exists():
        return
    unknown = {key for person in persons for key in (*person.keys, person.alias) if key and key not in owners}
    digests = {digest(key): key for key in unknown}
    rows = ErasedIdentity.objects.filter(digest__in=list(digests)).values_list("digest", "member_id")
    gone = {digests[row[0]]: row[1] for row in rows}
    for person in persons:
        if person.alias in gone:
            person.alias = None
        for key in person.keys:
            if key in gone:
                person.member, person.is_erased = gone[key], True
                break


def _find_elsewhere(persons: Sequence[Person], owners: dict[Key, int], among: Collection[int] | None) -> None:
    """Mark whose strongest known identity belongs to a member of none of these communities."""
    if among is None:
        return
    known = {person.first_key: _first_owner(person, owners) for person in persons if not person.is_erased}
    strangers = outside({member for member in known.values() if member is not None}, among)
    for person in persons:
        person.is_elsewhere = not person.is_erased and known[person.first_key] in strangers


def _first_owner(person: Person, owners: dict[Key, int]) -> int | None:
    return next((owners[key] for key in person.keys if key in owners), None)


def _is_settled(person: Person, owners: dict[Key, int]) -> bool:
    if person.is_erased or person.is_elsewhere:
        return True
    if not all(key in owners for key in person.keys):
        return False
    # A name worn by another record may be a ghost of this person, made from a system line.
    return person.alias is None or owners.get(person.alias) in {owners[key] for key in person.keys}


def _decide(persons: Sequence[Person], owners: dict[Key, int], community: int | None) -> _Decisions:
    """Say which members and identities are to be made. Accounts go first: the names of the chat are theirs."""
    decisions = _Decisions()
    name_only = known_by_name_only({owners[p.alias] for p in persons if p.alias in owners}, community or 0)
    claims: dict[Key, Person] = {}
    for person in sorted(persons, key=lambda person: person.alias is None):
        if person.is_erased or person.is_elsewhere:
            continue
        known = [owners[key] for key in person.keys if key in owners]
        wearer = owners.get(person.alias) if person.alias else None
        if wearer in name_only and wearer is not None:
            # Until now this name was somebody without an account; it is this one's.
            name_only.discard(wearer)
            if known:
                decisions.pairs.append((wearer, known[0]))
            else:
                known = [wearer]
        own_name = person.first_key
        if not known and own_name in claims:
            continue
        if known:
            person.member = known[0]
        else:
            decisions.fresh[new_public_id()] = person
        missing = [key for key in person.keys if key not in owners]
        if person.alias and person.alias not in owners and person.alias not in claims:
            claims[person.alias] = person
            missing.append(person.alias)
        decisions.identities += [(key, person) for key in missing]
    return decisions


def _settle(persons: Sequence[Person], owners: dict[Key, int]) -> list[tuple[int, int]]:
    """Give every person the record of their strongest identity; return the pairs of records that share a person."""
    pairs = []
    for person in persons:
        if person.is_erased:
            continue
        if person.is_elsewhere:
            person.member = _first_owner(person, owners) or 0
            continue
        members = list(dict.fromkeys(owners[key] for key in person.keys))
        person.member = members[0]
        pairs += [(other, members[0]) for other in members[1:]]
    return pairs

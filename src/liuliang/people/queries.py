"""Reads of people that other rooms build on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Count, DateTimeField, F, Func, Q, QuerySet, Value, Window
from django.db.models.functions import Coalesce, RowNumber

from liuliang.kernel.models import LoggedEvent
from liuliang.people.models import Community, Identity, Member, Membership, MemberTag
from liuliang.people.names import clean_name, grams

MOST_FOUND = 1_000
"""Most members that a search by identity considers."""


def time_zones() -> dict[int, str]:
    """Return every community's time zone by its id, for counting its days."""
    return dict(Community.objects.values_list("id", "timezone"))


def records_of(member: Member) -> list[int]:
    """Return the ids of all records that mean this person, the canonical one first."""
    merged = Member.objects.filter(canonical=member).order_by("id").values_list("id", flat=True)
    return [member.id, *merged]


def named(text: str, *, with_contacts: bool, contact_kinds: Collection[str]) -> Q:
    """Return the condition on members whose name contains ``text`` or one of whose identities begins with it.

    Names are searched through their grams, identities through their beginning; both have an index. Identities of
    ``contact_kinds`` are searched only ``with_contacts``: else a number could be guessed digit by digit. The identities
    are looked up at once, at most `MOST_FOUND`, because PostgreSQL joins two indexes only where both sides are known.
    """
    found = Q(name_grams__contains=grams(text)) if grams(text) else Q(pk__in=[])
    value = clean_name(text)
    if len(value) < 3:
        return found
    identities = Identity.objects.filter(value__startswith=value).exclude(kind="name")
    if not with_contacts:
        identities = identities.exclude(kind__in=contact_kinds)
    elif value.isdecimal():
        # A mainland number is stored with +86, and looked for without.
        identities = Identity.objects.exclude(kind="name").filter(
            Q(value__startswith=value) | Q(value__startswith=f"+86{value}")
        )
    return found | Q(pk__in=list(identities.values_list(_person("member"), flat=True)[:MOST_FOUND]))


def tagged(tags: Collection[int], at: datetime) -> Q:
    """Return the condition on members who have one of these tags now."""
    held = counting(at).filter(tag__in=tags)
    return Q(pk__in=held.annotate(person=_person("member")).values("person"))


def leading() -> list[int]:
    """Return the people who are owner or admin of a community now, by their canonical records: those who run it, mostly colleagues."""
    rows = Membership.objects.filter(role__in=("owner", "admin"), is_present=True)
    return sorted(set(rows.values_list("member", flat=True)))


def holders(people: QuerySet[Member], at: datetime) -> dict[int, int]:
    """Return how many of these people have each tag now; a tag that none of them has is left out.

    Only somebody with several records can have two tags of an exclusive group, so only theirs are put in order
    (measured on 100,000 members with two tags each: half the time of asking `counting` about everybody).
    """
    held = _not_expired(at).annotate(person=_person("member")).filter(person__in=people.values("pk"))
    merged = Member.objects.filter(canonical__isnull=False).exclude(canonical=F("pk")).values("canonical")
    several = Q(tag__group__is_exclusive=True, person__in=merged)
    place = Window(RowNumber(), partition_by=["person", "tag__group"], order_by=["-added_at", "-pk"])
    latest = held.filter(several).annotate(place=place).filter(place=1)
    numbers: Counter[int] = Counter()
    for part in (held.exclude(several), held.filter(pk__in=latest.values("pk"))):
        numbers.update(dict(part.values_list("tag").annotate(number=Count("person", distinct=True))))
    return dict(numbers)


def counting(at: datetime) -> Any:
    """Return the tags on records that count: not expired, and in an exclusive group the latest of the person."""
    overruled = _Overruled(
        F("member__canonical_id"), F("member_id"), F("tag__group_id"), F("tag_id"), F("added_at"), F("pk"),
        Value(at, DateTimeField()),
    )  # fmt: skip
    # In this order: of groups that are not exclusive, which most are, no other tag need be looked at.
    return _not_expired(at).filter(Q(tag__group__is_exclusive=False) | ~Q(overruled))


def _not_expired(at: datetime) -> QuerySet[MemberTag]:
    return MemberTag.objects.filter(Q(expires_at=None) | Q(expires_at__gt=at))


def overruled(*, person: str, group: str, tag: str, added_at: str, pk: str, at: str) -> str:
    """Return the SQL condition that a later tag of the same group is on a record of the same person; all arguments are SQL.

    They may name nothing ``merged``, ``later`` or ``latertag``, as the tables here are called.

    Written by hand, because the person's records must be an array for the index on tags to be used: joined, PostgreSQL
    reads every tag of the group for every tag it checks (measured: 44 s against 20 ms on 200,000 members).
    """
    records = (
        f"SELECT {person} UNION ALL SELECT merged.id FROM people_member merged WHERE merged.canonical_id = {person}"
    )
    return (
        "EXISTS (SELECT 1 FROM people_membertag later JOIN people_tag latertag ON latertag.id = later.tag_id"
        f" WHERE later.member_id = ANY(ARRAY({records})) AND latertag.group_id = {group} AND later.tag_id <> {tag}"
        f" AND (later.expires_at IS NULL OR later.expires_at > {at}) AND (later.added_at, later.id) > ({added_at}, {pk}))"
    )


class _Overruled(Func):
    """`overruled`, of the columns and the instant given."""

    output_field = BooleanField()

    def as_sql(self, compiler: Any, connection: Any, **_extra: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        """Compile the condition."""
        del connection
        parts = [compiler.compile(expression) for expression in self.get_source_expressions()]
        (canonical, _c), (member, _m), (group, _g), (tag, _t), (added, _a), (pk, _p), (at, values) = parts
        person = f"coalesce({canonical}, {member})"
        return overruled(person=person, group=group, tag=tag, added_at=added, pk=pk, at=at), list(values)


def tags_by_person(members: Collection[int], at: datetime) -> dict[int, list[MemberTag]]:
    """Return the tags that count of each of these persons, in the order of groups and names."""
    held = (
        counting(at)
        .filter(Q(member__in=members) | Q(member__canonical__in=members))
        .select_related("tag__group", "staff", "member")
        .order_by("tag__group__position", "tag__group__name", "tag__name")
    )
    found: dict[int, dict[int, MemberTag]] = {}
    for each in held:
        found.setdefault(each.member.canonical_id or each.member_id, {}).setdefault(each.tag_id, each)
    return {member: list(tags.values()) for member, tags in found.items()}


def attributes_of(members: Iterable[Member]) -> dict[str, Any]:
    """Return what the records of one person say together; the canonical one, given first, has the last word."""
    together: dict[str, Any] = {}
    for member in reversed(list(members)):
        together |= member.attributes
    return {key: value for key, value in together.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a timeline: just after this event."""

    at: datetime
    position: int


def timeline(
    records: Sequence[int],
    *,
    communities: Collection[int] | None,
    without: Collection[str] = (),
    kinds: Collection[str] = (),
    after: Place | None = None,
    size: int = 30,
) -> list[LoggedEvent]:
    """Return events of these records, newest first, at most ``size``, from a place on.

    Each record's index is walked from its newest event, so the cost does not grow with the length of the history.

    Args:
        records: the records of a person.
        communities: only what happened there or in no community; None for everywhere.
        without: kinds left out.
        kinds: only these kinds; empty for all.
        after: the last event of the page before.
        size: rows a page.
    """
    terms = ["e.member = r.id"]
    params: list[Any] = []
    if communities is not None:
        terms.append("(e.community IS NULL OR e.community = ANY(%s))")
        params.append(list(communities))
    if without:
        terms.append("e.kind <> ALL(%s)")
        params.append(list(without))
    if kinds:
        terms.append("e.kind = ANY(%s)")
        params.append(list(kinds))
    if after is not None:
        terms.append("(e.occurred_at, e.position) < (%s, %s)")
        params += [after.at, after.position]
    return list(
        LoggedEvent.objects.raw(
            "SELECT e.* FROM unnest(%s::int[]) AS r (id) CROSS JOIN LATERAL ("
            " SELECT position, id, kind, occurred_at, recorded_at, member, community, actor, source, source_id, data"
            f" FROM kernel_event e WHERE {' AND '.join(terms)} ORDER BY occurred_at DESC, position DESC LIMIT %s) e"
            " ORDER BY e.occurred_at DESC, e.position DESC LIMIT %s",
            [list(records), *params, size, size],
        )
    )


@dataclass(frozen=True, slots=True)
class Tie:
    """Another person, and where or how often the two met."""

    member: int
    community: int | None
    at: datetime | None
    times: int = 1


def inviters(member: int) -> list[Tie]:
    """Return who invited this person, by community."""
    rows = Membership.objects.filter(member=member, inviter__isnull=False)
    ties = [(row.inviter, row.community_id, row.last_joined_at) for row in rows]
    meant = _meant({inviter for inviter, _, _ in ties if inviter})
    return [Tie(meant[inviter], community, at) for inviter, community, at in ties if inviter in meant]


def invitees(records: Collection[int], *, communities: Collection[int] | None, limit: int = 100) -> list[Tie]:
    """Return whom this person invited, the latest first."""
    rows = Membership.objects.filter(inviter__in=records).order_by("-last_joined_at")
    if communities is not None:
        rows = rows.filter(community__in=communities)
    return [Tie(row.member_id, row.community_id, row.last_joined_at) for row in rows[:limit]]


def answered(
    records: Collection[int], *, communities: Collection[int] | None, limit: int = 8, looked_at: int = 2_000
) -> list[Tie]:
    """Return whom this person answers most, among the latest messages."""
    place = "" if communities is None else " AND community = ANY(%(communities)s)"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(m.canonical_id, m.id) AS person, max(e.occurred_at), count(*) FROM ("
            " SELECT (data->>'reply_member')::int AS other, occurred_at FROM kernel_event"
            f" WHERE member = ANY(%(records)s) AND kind = 'message.sent'{place}"
            " ORDER BY occurred_at DESC LIMIT %(looked_at)s) e"
            " JOIN people_member m ON m.id = e.other"
            " WHERE e.other <> ALL(%(records)s) AND m.erased_at IS NULL"
            " GROUP BY 1 ORDER BY 3 DESC, 1 LIMIT %(limit)s",
            {
                "records": list(records),
                "communities": list(communities or ()),
                "looked_at": looked_at,
                "limit": limit,
            },
        )
        return [Tie(member, None, at, times) for member, at, times in cursor.fetchall()]


def _meant(records: Collection[int]) -> dict[int, int]:
    rows = Member.objects.filter(id__in=records, erased_at=None).values_list("id", "canonical_id")
    return {record: canonical or record for record, canonical in rows}


def _person(path: str) -> Coalesce:
    """Return the expression for whom the record at this path means."""
    return Coalesce(F(f"{path}__canonical_id"), F(f"{path}_id"))

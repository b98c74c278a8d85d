"""Merging records into one person, and taking them apart again.

Standing merges are a forest: each says that one record is the person of another. A record's ``canonical`` is the root of
its tree, never a step on the way, so readers look once. Nothing recorded moves: projections fold again for the people
concerned, and undoing a merge gives back exactly what was there.

Everybody who writes of people takes locks in one order, so that nobody waits in a ring: who creates members (advisory), the
identities that are inserted, the cursors of projections, rows of identities by id, rows of members by id, proposals. A
transaction that has come to one of these takes none that stands before it, and rows of one kind in one statement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.kernel.errors import Refused
from liuliang.kernel.events import Fact
from liuliang.kernel.log import append
from liuliang.kernel.projections import MemberProjection
from liuliang.kernel.readers import readers
from liuliang.lake.aliases import set_canonical
from liuliang.people.events import MemberMerged, MemberSplit
from liuliang.people.models import Identity, Member, Merge, MergeProposal
from liuliang.people.names import grams

STAFF_RULE = "staff"
"""The rule of merges that a person decided."""

MERGED = audit.action("member.merged", _("合并成员"))
SPLIT = audit.action("member.split", _("拆分成员"))


@transaction.atomic
def merge_members(record: int, into: int, *, at: datetime, reason: str = "") -> Merge:
    """Merge the person of ``record`` into the person of ``into``, because staff say so.

    Raises:
        Refused: ``member.same`` when they are one person already; ``member.erased`` when one of them was erased.
    """
    done = _merge({STAFF_RULE: [(record, into)]}, at=at, reason=reason)
    if not done:
        raise Refused("member.same")
    # The reason may name the person, and the audit log outlives them.
    audit.record(
        MERGED, done[0].record, changes={"into": (None, done[0].into_id)}, personal={"reason"} if reason else ()
    )
    return done[0]


@transaction.atomic
def merge_pairs(pairs: Mapping[str, Sequence[tuple[int, int]]], *, at: datetime) -> int:
    """Merge the first person of each pair into the second, by the rule that found the pair; return how many merges that took.

    Pairs that staff took apart or refused stay apart; erased members are passed over.
    """
    return len(_merge(pairs, at=at)) if any(pairs.values()) else 0


@transaction.atomic
def split_member(record: int, *, at: datetime) -> None:
    """Make ``record`` a person of its own again, with everything that had been merged into it before.

    Raises:
        Refused: ``member.not_merged`` when no merge of this record stands.
    """
    hold_projections()
    merge = Merge.objects.select_for_update().filter(record_id=record, undone_at=None).first()
    if merge is None:
        raise Refused("member.not_merged")
    merge.undone_at, merge.undone_by = at, audit.actor().staff
    merge.save(update_fields=["undone_at", "undone_by"])
    root = Member.objects.values_list("canonical_id", flat=True).get(id=record)
    assert root is not None  # noqa: S101 - a standing merge means a canonical record
    _hold_members({root})
    tree = _tree(record)
    Member.objects.filter(id__in=tree).update(canonical_id=record)
    Member.objects.filter(id=record).update(canonical=None)
    _recount_names(root)
    append([_fact(record, MemberSplit(out_of=root), at, f"split:{merge.pk}")])
    _follow({record, root})
    rest = _records([root])
    MergeProposal.objects.filter(is_accepted=True).filter(
        Q(first_id__in=tree, second_id__in=rest) | Q(first_id__in=rest, second_id__in=tree)
    ).update(is_accepted=False)
    audit.record(SPLIT, merge.record, changes={"out_of": (root, None)})


def hold_projections() -> None:
    """Stop the folding of every projection of members until the transaction ends.

    Taken in one order by everybody, this is also what makes merges, splits and erasures wait for each other: read
    what they depend on only after it.
    """
    for projection in member_projections():
        projection.hold()


def member_projections() -> list[MemberProjection]:
    """Return the registered projections of members, in the order in which they are held."""
    found = [reader for reader in readers() if isinstance(reader, MemberProjection)]
    return sorted(found, key=lambda projection: projection.name)


def refold(canonical: Collection[int]) -> None:
    """Fold every projection again for these persons; the projections must be held."""
    recorded = _records(canonical)
    for projection in member_projections():
        projection.refold(canonical, recorded)


def _merge(pairs: Mapping[str, Sequence[tuple[int, int]]], *, at: datetime, reason: str = "") -> list[Merge]:
    hold_projections()
    named = {member for found in pairs.values() for pair in found for member in pair}
    rows = list(Member.objects.filter(id__in=named).values_list("id", "canonical_id"))
    root = {record: canonical or record for record, canonical in rows}
    _hold_members(set(root.values()))
    records = _trees(set(root.values()))
    gone = set(Member.objects.filter(id__in=records, erased_at__isnull=False).values_list("id", flat=True))
    if STAFF_RULE in pairs and gone:
        raise Refused("member.erased")
    apart = {} if STAFF_RULE in pairs else _kept_apart({record for tree in records.values() for record in tree})
    merges = []
    staff = audit.actor().staff
    for rule, record, into in ((rule, *pair) for rule, found in pairs.items() for pair in found):
        loser, winner = _find(root, record), _find(root, into)
        if loser == winner or {loser, winner} & gone:
            continue
        if any(not records[winner].isdisjoint(apart.get(member, ())) for member in records[loser]):
            continue
        root[loser] = winner
        records[winner] |= records.pop(loser)
        merges.append(Merge(record_id=loser, into_id=winner, rule=rule, reason=reason[:300], staff=staff, at=at))
    if merges:
        Merge.objects.bulk_create(merges)
        winners = {merge.record_id: _find(root, merge.record_id) for merge in merges}
        _point(winners)
        _gather_names(set(winners.values()))
        append([_fact(m.record_id, MemberMerged(into=m.into_id, rule=m.rule), at, f"merge:{m.pk}") for m in merges])
        _follow(set(winners) | set(winners.values()))
        _close_proposals({member for winner in winners.values() for member in records[winner]}, at)
    return merges


def _hold_members(canonical: Collection[int]) -> None:
    """Lock every record of these persons, before any of them is written."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM people_member WHERE id = ANY(%(people)s) OR canonical_id = ANY(%(people)s)"
            " ORDER BY id FOR NO KEY UPDATE",
            {"people": list(canonical)},
        )


def _find(root: dict[int, int], record: int) -> int:
    while root.get(record, record) != record:
        record = root[record]
    return record


def _point(winners: dict[int, int]) -> None:
    """Let the losers, and whoever meant them, mean the winners."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH change AS (SELECT * FROM unnest(%s::int[], %s::int[]) AS c (loser, winner)),"
            " due AS (SELECT m.id, c.winner FROM change c JOIN people_member m ON m.id = c.loser OR m.canonical_id = c.loser)"
            " UPDATE people_member m SET canonical_id = due.winner FROM due WHERE due.id = m.id",
            [list(winners), list(winners.values())],
        )


def _follow(canonical: Collection[int]) -> None:
    """Make projections and the columnar copy follow what these persons now are."""
    refold(canonical)
    # Whoever lost a merge is among them and means the winner, so the records are asked, not the persons.
    meanings = Member.objects.filter(id__in=_records(canonical)).values_list("id", "canonical_id")
    set_canonical({record: person or record for record, person in meanings})


def _fact(record: int, payload: MemberMerged | MemberSplit, at: datetime, source_id: str) -> Fact:
    who = audit.actor().staff
    return Fact(payload, at, "people", source_id, member=record, actor=who.pk if who else None)


def _records(canonical: Collection[int]) -> set[int]:
    """Return every record that means one of these persons, themselves included."""
    return set(Member.objects.filter(Q(id__in=canonical) | Q(canonical_id__in=canonical)).values_list("id", flat=True))


def _trees(canonical: Collection[int]) -> dict[int, set[int]]:
    """Return the records of each of these persons."""
    trees = {person: {person} for person in canonical}
    for record, person in Member.objects.filter(canonical_id__in=canonical).values_list("id", "canonical_id"):
        if person is not None:
            trees[person].add(record)
    return trees


def _tree(record: int) -> set[int]:
    """Return ``record`` and every record merged into it, directly or through others, by merges that stand."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE tree (id) AS (SELECT %s UNION"
            " SELECT g.record_id FROM people_merge g JOIN tree ON g.into_id = tree.id WHERE g.undone_at IS NULL)"
            " SELECT id FROM tree",
            [record],
        )
        return {row[0] for row in cursor.fetchall()}


def _kept_apart(records: set[int]) -> dict[int, set[int]]:
    """Return for each record those that staff have said are somebody else."""
    undone = Merge.objects.filter(record_id__in=records, into_id__in=records, undone_at__isnull=False)
    refused = MergeProposal.objects.filter(first_id__in=records, second_id__in=records, is_accepted=False)
    apart = defaultdict(set)
    for first, second in [
        *undone.values_list("record_id", "into_id"),
        *refused.values_list("first_id", "second_id"),
    ]:
        apart[first].add(second)
        apart[second].add(first)
    return apart


def _close_proposals(records: set[int], at: datetime) -> None:
    """Answer the open proposals that a merge has made true."""
    open_ones = MergeProposal.objects.filter(decided_at=None, first_id__in=records, second_id__in=records)
    person = dict(Member.objects.filter(id__in=records).values_list("id", "canonical_id"))
    done = [
        proposal.pk
        for proposal in open_ones
        if (person[proposal.first_id] or proposal.first_id) == (person[proposal.second_id] or proposal.second_id)
    ]
    MergeProposal.objects.filter(pk__in=done).update(decided_at=at, decided_by=audit.actor().staff, is_accepted=True)


def _gather_names(canonical: set[int]) -> None:
    """Give persons who gained records the latest of all their names, and the grams of all of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE people_member p SET name = latest.name, name_at = latest.name_at,"
            " name_grams = ARRAY(SELECT DISTINCT unnest(r.name_grams) FROM people_member r"
            "  WHERE r.id = p.id OR r.canonical_id = p.id)"
            " FROM (SELECT DISTINCT ON (person) coalesce(canonical_id, id) AS person, name, name_at FROM people_member"
            "  WHERE id = ANY(%(people)s) OR canonical_id = ANY(%(people)s)"
            "  ORDER BY person, (name = ''), name_at DESC NULLS LAST, id) AS latest"
            " WHERE latest.person = p.id",
            {"people": list(canonical)},
        )


def _recount_names(person: int) -> None:
    """Give a person who lost records the names of those that remain."""
    records = _records([person])
    member = Member.objects.get(id=person)
    found = set()
    for names in Member.objects.filter(id__in=records - {person}).values_list("name_grams", flat=True):
        found |= set(names)
    seen = []
    for identity in Identity.objects.filter(member_id__in=records).exclude(name=""):
        seen.append((identity.name_at or identity.created_at, identity.name))
        found |= set(grams(identity.name))
    if seen:
        member.name_at, member.name = max(seen)
    member.name_grams = sorted(found | set(grams(member.name)))
    member.save(update_fields=["name", "name_at", "name_grams"])

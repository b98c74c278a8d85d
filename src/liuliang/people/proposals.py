"""Doubtful pairs: members who may be one person, found by what they share, decided by staff.

The score adds up evidence and stays below 100, because none of it is proof:

========================  =====================================================================
the same name             40, as names alone are often shared
length of the name        0 for two characters, 10 for three, 20 for four or more
rarity                    15 when nobody else bears the name; more than 4 bearers: no proposal
the same community        25
the same tree             10 (another community of the same brand)
========================  =====================================================================

Two accounts of one platform under one name in one chat are two people more often than one, so such pairs are passed over.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.kernel.errors import Refused
from liuliang.people.merging import hold_projections, merge_members
from liuliang.people.models import Member, MergeProposal

LEAST_SCORE = 55
"""Pairs below are not worth anybody's time."""

MOST_BEARERS = 4

# First half of PostgreSQL's advisory lock: two who insert the same pairs in different orders would wait for each other.
_PROPOSING = 0x6D67

REJECTED = audit.action("proposal.rejected", _("判定不是同一人"))
REOPENED = audit.action("proposal.reopened", _("撤销合并判定"))

_SHARED_NAMES = """
SELECT o.name, count(*) FROM people_member o
WHERE o.canonical_id IS NULL AND o.erased_at IS NULL AND o.name = ANY(ARRAY(
    SELECT DISTINCT m.name FROM people_member m
    WHERE m.id = ANY(%s) AND m.canonical_id IS NULL AND m.erased_at IS NULL AND char_length(m.name) >= 2))
GROUP BY o.name HAVING count(*) BETWEEN 2 AND %s
"""

# Where somebody has been is read from the names of their chats, which are known before any projection has caught up.
_PROPOSE = """
WITH bearers AS (
    SELECT * FROM unnest(%(names)s::text[], %(bearers)s::int[]) AS b (name, bearers)
), pairs AS (
    SELECT DISTINCT least(a.id, o.id) AS first, greatest(a.id, o.id) AS second, b.name, b.bearers
    FROM bearers b
    JOIN people_member a ON a.name = b.name AND a.id = ANY(%(members)s)
    JOIN people_member o ON o.name = b.name AND o.id <> a.id
    WHERE a.canonical_id IS NULL AND a.erased_at IS NULL AND o.canonical_id IS NULL AND o.erased_at IS NULL
), places AS (
    SELECT i.member_id AS member, split_part(i.value, ':', 1)::int AS community
    FROM people_identity i WHERE i.kind = 'name' AND i.member_id IN (SELECT first FROM pairs UNION SELECT second FROM pairs)
), kinds AS (
    SELECT i.member_id AS member, array_agg(DISTINCT i.kind) AS kinds FROM people_identity i
    WHERE i.kind <> 'name' AND i.member_id IN (SELECT first FROM pairs UNION SELECT second FROM pairs) GROUP BY 1
), weighed AS (
    SELECT p.*, fk.kinds AS first_kinds, sk.kinds AS second_kinds,
        (SELECT min(f.community) FROM places f JOIN places s ON s.community = f.community
         WHERE f.member = p.first AND s.member = p.second AND f.community > 0) AS community,
        (SELECT min(fc.path[1]) FROM places f JOIN people_community fc ON fc.id = f.community
         JOIN people_community sc ON sc.path[1] = fc.path[1] JOIN places s ON s.community = sc.id
         WHERE f.member = p.first AND s.member = p.second) AS tree
    FROM pairs p LEFT JOIN kinds fk ON fk.member = p.first LEFT JOIN kinds sk ON sk.member = p.second
    WHERE NOT coalesce(fk.kinds && sk.kinds, false)
), scored AS (
    SELECT *, 40 + least(20, greatest(0, char_length(name) - 2) * 10) + CASE WHEN bearers = 2 THEN 15 ELSE 0 END
        + CASE WHEN community IS NOT NULL THEN 25 WHEN tree IS NOT NULL THEN 10 ELSE 0 END AS score
    FROM weighed
)
INSERT INTO people_mergeproposal (first_id, second_id, score, evidence, created_at)
SELECT first, second, least(score, 95), jsonb_strip_nulls(jsonb_build_object(
    'bearers', bearers, 'length', char_length(name), 'community', community,
    'tree', CASE WHEN community IS NULL THEN tree END)), %(at)s
FROM scored WHERE score >= %(least)s AND (community IS NOT NULL OR tree IS NOT NULL)
ORDER BY first, second
ON CONFLICT (first_id, second_id) DO NOTHING
"""


def propose_merges(members: Collection[int], *, at: datetime) -> int:
    """Propose the pairs among ``members`` and everybody else that may be one person; return how many are new.

    A pair that was decided once is not proposed again. Of two transactions that propose, one waits until the other has ended.
    """
    if not members:
        return 0
    with connection.cursor() as cursor:
        # Names that are shared are few, so they are found first: the weighing then has little to join.
        cursor.execute(_SHARED_NAMES, [list(members), MOST_BEARERS])
        shared = cursor.fetchall()
        if not shared:
            return 0
        names, bearers = [row[0] for row in shared], [row[1] for row in shared]
        weighing: dict[str, Any] = {
            "names": names,
            "bearers": bearers,
            "members": list(members),
            "least": LEAST_SCORE,
            "at": at,
        }
        _hold_proposing()
        cursor.execute(_PROPOSE, weighing)
        return int(cursor.rowcount)


def propose_pairs(pairs: Collection[tuple[int, int]], *, score: int, evidence: dict[str, object], at: datetime) -> int:
    """Propose pairs for a reason the caller knows, and return how many are new.

    Pairs that are one person already, are proposed or were decided are passed over. Of two transactions that propose, one
    waits until the other has ended.
    """
    if not pairs:
        return 0
    person = {
        member.id: member.canonical_id or member.id
        for member in Member.objects.filter(id__in={member for pair in pairs for member in pair}, erased_at=None)
    }
    meant = {tuple(sorted((person[a], person[b]))) for a, b in pairs if a in person and b in person}
    _hold_proposing()
    firsts, seconds = {pair[0] for pair in meant}, {pair[1] for pair in meant}
    known = MergeProposal.objects.filter(first_id__in=firsts, second_id__in=seconds).values_list(
        "first_id", "second_id"
    )
    fresh = [
        MergeProposal(first_id=first, second_id=second, score=score, evidence=evidence, created_at=at)
        for first, second in sorted(meant - set(known))
        if first != second
    ]
    return len(MergeProposal.objects.bulk_create(fresh))


@transaction.atomic
def accept_proposal(proposal: int, *, at: datetime, keep: int | None = None) -> None:
    """Merge the two; ``keep`` is the record that stays, by default the older one.

    Raises:
        Refused: ``proposal.decided`` when somebody was faster.
    """
    hold_projections()  # before the proposal, as merges by rule do
    found = _open(proposal)
    stays = found.second_id if keep == found.second_id else found.first_id
    goes = found.first_id if stays == found.second_id else found.second_id
    merge_members(goes, stays, at=at, reason="proposal")


@transaction.atomic
def reject_proposal(proposal: int, *, at: datetime) -> None:
    """Note that the two are different people: no rule will merge them and they are not proposed again.

    Raises:
        Refused: ``proposal.decided`` when somebody was faster.
    """
    found = _open(proposal)
    found.decided_at, found.decided_by, found.is_accepted = at, audit.actor().staff, False
    found.save(update_fields=["decided_at", "decided_by", "is_accepted"])
    audit.record(REJECTED, found.first, changes={"other": (None, found.second_id)})


@transaction.atomic
def reopen_proposal(proposal: int) -> None:
    """Take back a rejection.

    Raises:
        Refused: ``proposal.not_rejected`` when there is none to take back.
    """
    found = MergeProposal.objects.select_for_update().filter(id=proposal, is_accepted=False).first()
    if found is None:
        raise Refused("proposal.not_rejected")
    found.decided_at, found.decided_by, found.is_accepted = None, None, None
    found.save(update_fields=["decided_at", "decided_by", "is_accepted"])
    audit.record(REOPENED, found.first, changes={"other": (found.second_id, None)})


def _hold_proposing() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [_PROPOSING])


def _open(proposal: int) -> MergeProposal:
    found = MergeProposal.objects.select_for_update(of=("self",)).filter(id=proposal, decided_at=None).first()
    if found is None:
        raise Refused("proposal.decided")
    return found

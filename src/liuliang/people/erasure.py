"""Erasing what is personal of a member, for good, while what counts without a name remains."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.kernel.errors import Refused
from liuliang.kernel.events import Fact, event_types
from liuliang.kernel.log import append
from liuliang.kernel.readers import Reader, readers
from liuliang.lake import erasure as lake
from liuliang.people.events import MemberErased
from liuliang.people.identities import hold_resolving
from liuliang.people.merging import hold_projections
from liuliang.people.models import (
    Circle,
    CircleMember,
    ErasedIdentity,
    Identity,
    Member,
    MemberTag,
    Merge,
    MergeProposal,
    Note,
)
from liuliang.people.recording import Key, digest

ERASED = audit.action("member.erased", _("删除成员的个人信息"))

SCRUBBER = "people.erasure"
"""The reader that scrubs what is appended later of erased members."""


@transaction.atomic
def erase_member(member: int, *, at: datetime) -> None:
    """Erase the person of this record: identities, names, attributes, tags, notes, and the personal fields of their events.

    Identities are kept as keyed hashes, so that a later import counts the person as the erased member instead of
    bringing them back. Numbers (messages, visits, orders) stay. What others wrote about them in a chat is theirs.

    Raises:
        Refused: ``member.erased`` when that was done before.
    """
    # The order in which everybody takes these: creating members first, then cursors, then identities, then members.
    hold_resolving()
    hold_projections()
    # What a batch begun earlier commits after the scrubbing below is read by the reaction only once it can see whom
    # this erases.
    _scrubber().hold()
    found = Member.objects.get(id=member)
    person = found.canonical_id or found.id
    tree = Q(id=person) | Q(canonical_id=person)
    members = Member.objects.filter(tree).values_list("id", flat=True)
    identities = list(Identity.objects.filter(member_id__in=list(members)).order_by("id").select_for_update())
    records = list(
        Member.objects.filter(tree).order_by("id").select_for_update(no_key=True).values_list("id", "erased_at")
    )
    if any(record == person and erased_at for record, erased_at in records):
        raise Refused("member.erased")
    ids = [record for record, _ in records]
    _forget_identities(identities, at)
    scrub("e.member = ANY(%s)", [ids])
    MemberTag.objects.filter(member_id__in=ids).delete()
    Note.objects.filter(member_id__in=ids).delete()
    Circle.objects.filter(leader_id__in=ids).update(leader=None)
    CircleMember.objects.filter(member_id__in=ids).delete()
    MergeProposal.objects.filter(Q(first_id__in=ids) | Q(second_id__in=ids)).delete()
    Merge.objects.filter(Q(record_id__in=ids) | Q(into_id__in=ids)).update(reason="")
    Member.objects.filter(id__in=ids).update(
        name="", name_at=None, name_grams=[], attributes={}, needs=[], erased_at=at
    )
    lake.erase(ids)
    who = audit.actor().staff
    actor = who.pk if who else None
    append([Fact(MemberErased(), at, "people", f"erase:{record}", record, actor=actor) for record in ids])
    audit.record(ERASED, Member.objects.get(id=person))


def scrub(condition: str, params: Collection[Any]) -> None:
    """Remove the personal fields of the events ``e`` that meet a SQL condition, one statement a kind.

    Nobody can tell any more what was personal in events of kinds that are no longer registered, so they lose all fields,
    as in the columnar copy.
    """
    kinds = event_types()
    with connection.cursor() as cursor:
        for kind, type_ in kinds.items():
            if type_.personal:
                cursor.execute(
                    f"UPDATE kernel_event e SET data = e.data - %s::text[]"
                    f" WHERE e.kind = %s AND e.data ?| %s::text[] AND {condition}",
                    [list(type_.personal), kind, list(type_.personal), *params],
                )
        cursor.execute(
            f"UPDATE kernel_event e SET data = '{{}}' WHERE e.kind <> ALL(%s) AND e.data <> '{{}}' AND {condition}",
            [list(kinds), *params],
        )


def _scrubber() -> Reader:
    return next(reader for reader in readers() if reader.name == SCRUBBER)


def _forget_identities(identities: Collection[Identity], at: datetime) -> None:
    ErasedIdentity.objects.bulk_create(
        [
            ErasedIdentity(
                digest=digest(Key(identity.kind, identity.value)), member_id=identity.member_id, erased_at=at
            )
            for identity in identities
        ],
        ignore_conflicts=True,
    )
    Identity.objects.filter(id__in=[identity.pk for identity in identities]).delete()

"""Whom rows are about, and whether somebody may see them: rows stay with the record they were made for, merged or not."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from liuliang.people.access import Access
from liuliang.people.models import Member


def reached(rows: QuerySet[Any], access: Access, *permissions: str) -> QuerySet[Any]:
    """Return the rows about people whom all these permissions reach; ``member`` of a row may be a merged record.

    One look-up by key for each row that is read, so that a page of a long list costs no more than one of a short list.
    """
    person = Coalesce(F("member__canonical_id"), F("member_id"))
    people = access.members(*permissions).filter(pk=OuterRef("person"))
    found: QuerySet[Any] = rows.annotate(person=person).filter(Exists(people))
    return found


def records_of(member: Member) -> QuerySet[Member]:
    """Return the records that mean a person."""
    return Member.objects.filter(Q(pk=member.pk) | Q(canonical=member.pk))

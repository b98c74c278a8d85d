"""Finding a member by a part of their name, in dialogs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from liuliang.accounts.permissions import MEMBERS_VIEW
from liuliang.console.doors import StaffRequest, find_member
from liuliang.console.members.listing import may_search_contacts, shown_name
from liuliang.loyalty.penalties import blacklisted
from liuliang.people import queries
from liuliang.people.identities import CONTACT_KINDS
from liuliang.people.models import Member, Membership

SHOWN = 8
GROUPS = 2
"""Groups named beside a member."""


@dataclass(frozen=True, slots=True)
class Found:
    """A member by the name they are shown by, and what tells namesakes apart: groups one may see, and when they were last seen."""

    member: Member
    name: str
    groups: Sequence[str]
    is_blacklisted: bool


def people_named(request: StaffRequest, text: str, *permissions: str) -> list[Found]:
    """Return the members one may see, and ``permissions`` hold for, whose name contains a text."""
    text = text.replace("\0", "").strip()[:100]
    if not text or not request.access.may(MEMBERS_VIEW):
        return []
    named = queries.named(text, with_contacts=may_search_contacts(request.access), contact_kinds=CONTACT_KINDS)
    found = request.access.members(MEMBERS_VIEW, *permissions).filter(named).select_related("activity")
    people = list(found.order_by("-activity__last_seen_at", "-pk")[:SHOWN])
    groups = _groups_of(request, people)
    barred = blacklisted([one.pk for one in people])
    return [Found(one, shown_name(one), groups.get(one.pk, []), one.pk in barred) for one in people]


def _groups_of(request: StaffRequest, people: Sequence[Member]) -> dict[int, list[str]]:
    seen = Membership.objects.filter(member__in=people, community__in=request.access.communities(MEMBERS_VIEW))
    groups: dict[int, list[str]] = {}
    for member, name in seen.order_by("-first_seen_at").values_list("member", "community__name"):
        known = groups.setdefault(member, [])
        if len(known) < GROUPS:
            known.append(name)
    return groups


def chosen_member(request: StaffRequest, public_id: str, *permissions: str) -> Member | None:
    """Return the member that was chosen, if one may see them and ``permissions`` hold for them."""
    found: Member | None = find_member(request.access, MEMBERS_VIEW, public_id) if public_id else None
    if found is None or not permissions:
        return found
    return found if request.access.members(MEMBERS_VIEW, *permissions).filter(pk=found.pk).exists() else None

"""Finding a member by a part of their name, in dialogs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from liuliang.accounts.permissions import MEMBERS_VIEW
from liuliang.console.doors import StaffRequest, find_member
from liuliang.console.members.listing import may_search_contacts, shown_name
from liuliang.people import queries
from liuliang.people.access import Access
from liuliang.people.identities import CONTACT_KINDS
from liuliang.people.models import Member, Membership

SHOWN = 8

GROUPS = 2
"""Groups that are named beside a member."""


def people_named(request: StaffRequest, text: str, *permissions: str) -> list[tuple[str, Member, str]]:
    """Return the members one may see, and ``permissions`` hold for, whose name contains a text: shown name, member, where.

    Namesakes are told apart by the groups they are in that one may see, and by their number.
    """
    text = text.replace("\0", "").strip()[:100]
    if not text or not request.access.may(MEMBERS_VIEW):
        return []
    named = queries.named(text, with_contacts=may_search_contacts(request.access), contact_kinds=CONTACT_KINDS)
    found = request.access.members(MEMBERS_VIEW, *permissions).filter(named).select_related("activity")
    people = list(found.order_by("-activity__last_seen_at", "-pk")[:SHOWN])
    groups = _groups_of(people, request.access)
    names = Counter(one.name for one in people)
    return [
        (
            shown_name(one),
            one,
            " · ".join([*groups.get(one.pk, ())[:GROUPS], *([f"#{one.pk}"] if names[one.name] > 1 else [])]),
        )
        for one in people
    ]


def _groups_of(people: Sequence[Member], access: Access) -> dict[int, list[str]]:
    rows = Membership.objects.filter(member__in=people, is_present=True)
    rows = rows.filter(community__in=access.communities(MEMBERS_VIEW)).order_by("-last_spoke_at", "id")
    groups: dict[int, list[str]] = {}
    for member, name in rows.values_list("member_id", "community__name"):
        groups.setdefault(member, []).append(name)
    return groups


def chosen_member(request: StaffRequest, public_id: str, *permissions: str) -> Member | None:
    """Return the member that was chosen, if one may see them and ``permissions`` hold for them."""
    found: Member | None = find_member(request.access, MEMBERS_VIEW, public_id) if public_id else None
    if found is None or not permissions:
        return found
    return found if request.access.members(MEMBERS_VIEW, *permissions).filter(pk=found.pk).exists() else None

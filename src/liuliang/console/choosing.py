"""Finding a member by a part of their name, in dialogs."""

from __future__ import annotations

from liuliang.accounts.permissions import MEMBERS_VIEW
from liuliang.console.doors import StaffRequest, find_member
from liuliang.console.members.listing import may_search_contacts, shown_name
from liuliang.people import queries
from liuliang.people.identities import CONTACT_KINDS
from liuliang.people.models import Member

SHOWN = 8


def people_named(request: StaffRequest, text: str, *permissions: str) -> list[tuple[str, Member]]:
    """Return the members one may see, and ``permissions`` hold for, whose name contains a text, with the names they are shown by."""
    text = text.replace("\0", "").strip()[:100]
    if not text or not request.access.may(MEMBERS_VIEW):
        return []
    named = queries.named(text, with_contacts=may_search_contacts(request.access), contact_kinds=CONTACT_KINDS)
    found = request.access.members(MEMBERS_VIEW, *permissions).filter(named).select_related("activity")
    return [(shown_name(one), one) for one in found.order_by("-activity__last_seen_at", "-pk")[:SHOWN]]


def chosen_member(request: StaffRequest, public_id: str, *permissions: str) -> Member | None:
    """Return the member that was chosen, if one may see them and ``permissions`` hold for them."""
    found: Member | None = find_member(request.access, MEMBERS_VIEW, public_id) if public_id else None
    if found is None or not permissions:
        return found
    return found if request.access.members(MEMBERS_VIEW, *permissions).filter(pk=found.pk).exists() else None

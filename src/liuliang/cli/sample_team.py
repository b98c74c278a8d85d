"""Who works for the sample brand, and who of them is in charge of which groups. Nobody but its owner can sign in."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

from liuliang.accounts.models import Role, Staff
from liuliang.people.access import Access
from liuliang.people.models import Community
from liuliang.people.staffing import grant_role, invite_staff

_IN_CHARGE = (("阿桃", "atao@liuliang.example"), ("阿正", "azheng@liuliang.example"), ("Nico", "nico@liuliang.example"))


def appoint_team(top: Community, communities: Sequence[Community], owner: Staff) -> None:
    """Give every group somebody in charge, in turns, and the brand an analyst."""
    by = Access(owner)
    in_charge, analyst = (Role.objects.get(key=key) for key in ("community_owner", "analyst"))
    places = list(zip(communities, cycle(_IN_CHARGE)))
    for name, email in _IN_CHARGE:
        first, *others = (place for place, who in places if who == (name, email))
        staff = invite_staff(by, email=email, name=name, role=in_charge, community=first).staff
        for place in others:
            grant_role(by, staff, in_charge, place)
    invite_staff(by, email="xiaolan@liuliang.example", name="小岚", role=analyst, community=top)

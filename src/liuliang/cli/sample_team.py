"""Who works for the sample brand, who of them is in charge of which groups, and who of its members they are. Nobody but its owner can sign in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import cycle

from liuliang.accounts.models import Role, Staff
from liuliang.accounts.permissions import MEMBERS_VIEW
from liuliang.cultivation.kinds import KINDS
from liuliang.cultivation.services import change_criteria
from liuliang.people.access import Access
from liuliang.people.capacity import Load, set_own_capacity
from liuliang.people.models import Community
from liuliang.people.staffing import grant_role, invite_staff
from liuliang.people.tagging import create_group, create_tag, tag_members
from liuliang.simulator import brand

_IN_CHARGE = (("阿桃", "atao@liuliang.example"), ("阿正", "azheng@liuliang.example"), ("Nico", "nico@liuliang.example"))

_HALF_THE_WEEK = Load(groups=2, members=700)
"""What the last of them can run: fewer groups than they are given, so that there is something to notice."""


def appoint_team(top: Community, communities: Sequence[Community], owner: Staff) -> None:
    """Give every group somebody in charge, in turns, one of whom works half the week, and the brand an analyst."""
    by = Access(owner)
    in_charge, analyst = (Role.objects.get(key=key) for key in ("community_owner", "analyst"))
    places = list(zip(communities, cycle(_IN_CHARGE)))
    for name, email in _IN_CHARGE:
        first, *others = (place for place, who in places if who == (name, email))
        staff = invite_staff(by, email=email, name=name, role=in_charge, community=first).staff
        for place in others:
            grant_role(by, staff, in_charge, place)
    set_own_capacity(by, staff, _HALF_THE_WEEK)
    invite_staff(by, email="xiaolan@liuliang.example", name="小岚", role=analyst, community=top)


def tell_colleagues_apart(owner: Staff, *, at: datetime) -> None:
    """Tag the members who work for the brand, and let no kind of candidate mean them: they answer most, and are paid for it."""
    tag = create_tag(create_group("身份", is_exclusive=False), "员工", at=at)
    tag_members(Access(owner).members(MEMBERS_VIEW).filter(name__in=brand.STAFF), tag, at=at)
    seed = KINDS["seed"]
    change_criteria(seed, seed.minimums, at=at, without=[tag.pk])

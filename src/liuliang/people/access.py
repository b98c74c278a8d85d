"""What a staff member may do, and where: the one place that every door asks.

A grant is a role in one community and everything below it, or everywhere. Owners may do everything. Permissions that
concern the whole installation (``per_community=False``) count only from a grant that was made everywhere.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from django.db.models import Exists, F, OuterRef, Q

from liuliang.accounts.models import AuditEntry, Role, Staff
from liuliang.accounts.permissions import PERMISSIONS
from liuliang.people.models import ApiKey, Community, Grant, Member, Membership

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet


class Access:
    """What one staff member may do. Computed on first use with at most two queries; keep one for a request."""

    def __init__(self, staff: Staff) -> None:
        self.staff = staff

    @cached_property
    def _grants(self) -> tuple[frozenset[str], Mapping[str, frozenset[int]]]:
        """Return the permissions held everywhere, and for each of the others the communities that were named."""
        everywhere: set[str] = set()
        named: defaultdict[str, set[int]] = defaultdict(set)
        if self.staff.is_active:
            for grant in Grant.objects.filter(staff=self.staff).select_related("role"):
                community: int | None = grant.community_id
                known = PERMISSIONS.keys() & set(grant.role.permissions)
                if community is None:
                    everywhere |= known
                    continue
                for key in known:
                    if PERMISSIONS[key].per_community:
                        named[key].add(community)
        return frozenset(everywhere), {key: frozenset(ids) for key, ids in named.items()}

    @cached_property
    def _below(self) -> Mapping[int, frozenset[int]]:
        """Return the subtree, itself included, of every community that a grant names."""
        _everywhere, named = self._grants
        roots = frozenset().union(*named.values())
        if not roots:
            return {}
        below: defaultdict[int, set[int]] = defaultdict(set)
        for community, path in Community.objects.filter(path__overlap=sorted(roots)).values_list("id", "path"):
            for root in roots.intersection(path):
                below[root].add(community)
        return {root: frozenset(ids) for root, ids in below.items()}

    @property
    def is_owner(self) -> bool:
        """Tell whether everything is allowed."""
        return self.staff.is_owner and self.staff.is_active

    def may_everywhere(self, permission: str) -> bool:
        """Tell whether ``permission`` holds for the whole installation, communities made tomorrow included."""
        _known(permission)
        return self.is_owner or permission in self._grants[0]

    def community_ids(self, permission: str, *more: str) -> frozenset[int] | None:
        """Return the communities where ``permission``, and each of ``more``, holds; ``None`` means everything."""
        if more:
            narrowed = [ids for ids in map(self.community_ids, (permission, *more)) if ids is not None]
            return frozenset.intersection(*narrowed) if narrowed else None
        if self.may_everywhere(permission):
            return None
        _everywhere, named = self._grants
        return frozenset().union(*(self._below.get(root, frozenset()) for root in named.get(permission, ())))

    def may(self, permission: str, community: Community | int | None = None) -> bool:
        """Tell whether ``permission`` holds in ``community`` (itself or its id), or, without one, anywhere at all."""
        if self.may_everywhere(permission):
            return True
        _everywhere, named = self._grants
        if community is None:
            return permission in named
        allowed = self.community_ids(permission)
        return allowed is None or (community.id if isinstance(community, Community) else community) in allowed

    def held(self, community: Community | int | None) -> frozenset[str]:
        """Return the permissions that hold in ``community``; ``None`` asks for those that hold everywhere."""
        if community is None:
            return frozenset(key for key in PERMISSIONS if self.may_everywhere(key))
        return frozenset(key for key in PERMISSIONS if self.may(key, community))

    def communities(self, permission: str) -> QuerySet[Community]:
        """Return the communities where ``permission`` holds."""
        allowed = self.community_ids(permission)
        if allowed is None:
            return Community.objects.all()
        return Community.objects.filter(id__in=allowed)

    def members(self, permission: str, *more: str) -> QuerySet[Member]:
        """Return the people who are, or were, in a community where all these permissions hold; everyone if everywhere.

        One record a person: merged and erased records are left out. The condition is an EXISTS, so nobody comes twice.
        """
        people = Member.objects.filter(Q(canonical__isnull=True) | Q(canonical=F("id")), erased_at__isnull=True)
        allowed = self.community_ids(permission, *more)
        if allowed is None:
            return people
        return people.filter(Exists(Membership.objects.filter(member=OuterRef("pk"), community__in=allowed)))

    def member(self, value: str, permission: str, *more: str) -> Member | None:
        """Return the person with this public id, or that of a record merged into theirs, if these permissions reach them."""
        named = Q(public_id=value) | Q(records__public_id=value)
        return self.members(permission, *more).filter(named).distinct().first()

    def colleagues(self, permission: str) -> QuerySet[Staff]:
        """Return the staff who were given a role where ``permission`` holds; all staff if it holds everywhere."""
        allowed = self.community_ids(permission)
        if allowed is None:
            return Staff.objects.all()
        return Staff.objects.filter(Exists(self.grants(permission).filter(staff=OuterRef("pk"))))

    def chargeable(self, permission: str) -> QuerySet[Staff]:
        """Return whom one may name as in charge of something: active colleagues as of `colleagues`, and oneself."""
        return (self.colleagues(permission) | Staff.objects.filter(pk=self.staff.pk)).filter(is_active=True)

    def grants(self, permission: str) -> QuerySet[Grant]:
        """Return the grants made where ``permission`` holds; those made everywhere only if it holds everywhere."""
        allowed = self.community_ids(permission)
        return Grant.objects.all() if allowed is None else Grant.objects.filter(community__in=allowed)

    def audit_entries(self, permission: str) -> QuerySet[AuditEntry]:
        """Return the audit entries about communities where ``permission`` holds; all of them if it holds everywhere."""
        allowed = self.community_ids(permission)
        return AuditEntry.objects.all() if allowed is None else AuditEntry.objects.filter(community__in=allowed)

    def may_give(self, role: Role, community: Community | int | None) -> bool:
        """Tell whether this person may give ``role`` there: everything it allows there must be held there already."""
        return self.is_owner or effective(role, community) <= self.held(community)


class KeyAccess(Access):
    """What a key may do: what it was given, as long as whoever made it may do that there themselves."""

    def __init__(self, key: ApiKey) -> None:
        super().__init__(key.staff)
        self.key = key

    @cached_property
    def _grants(self) -> tuple[frozenset[str], Mapping[str, frozenset[int]]]:
        whose = Access(self.staff)
        place: int | None = self.key.community_id
        given = PERMISSIONS.keys() & set(self.key.permissions)
        if place is None:
            return frozenset(key for key in given if whose.may_everywhere(key)), {}
        held = {key for key in given if PERMISSIONS[key].per_community and whose.may(key, place)}
        return frozenset(), {key: frozenset({place}) for key in held}

    @property
    def is_owner(self) -> bool:
        """Deny it: a key made by an owner may do what it was given, and no more."""
        return False


def effective(role: Role, community: Community | int | None) -> frozenset[str]:
    """Return what ``role`` allows when given in ``community``, or everywhere (``None``)."""
    known = PERMISSIONS.keys() & set(role.permissions)
    if community is None:
        return frozenset(known)
    return frozenset(key for key in known if PERMISSIONS[key].per_community)


def _known(permission: str) -> None:
    if permission not in PERMISSIONS:
        raise ValueError(f"{permission!r} is not in liuliang.accounts.permissions")

"""What staff do to each other: invite, give and take roles, deactivate, help with a lost password.

One rule for all of it: nobody gives, takes or touches more than they have themselves, where they have it. Owners stand above
it, and only owners touch owners.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.accounts.models import Role, Staff
from liuliang.accounts.permissions import STAFF_MANAGE
from liuliang.accounts.services.account import end_sessions
from liuliang.accounts.services.links import link_token
from liuliang.accounts.words import normal, normal_email
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.people.models import Community, Grant

if TYPE_CHECKING:
    from liuliang.people.access import Access

INVITED = audit.action("staff.invited", _("邀请员工"))
INVITATION_RENEWED = audit.action("staff.invitation_renewed", _("重新生成邀请链接"))
RESET_LINK_MADE = audit.action("staff.reset_link_made", _("生成重设密码链接"))
GRANTED = audit.action("grant.given", _("授予角色"))
REVOKED = audit.action("grant.taken", _("收回角色"))
DEACTIVATED = audit.action("staff.deactivated", _("停用员工"))
REACTIVATED = audit.action("staff.reactivated", _("恢复员工"))


@dataclass(frozen=True, slots=True)
class Invited:
    """Who was invited, and the token of their link.

    The token is empty for whoever simply got the role: they have joined, or wait with an invitation that others gave.
    """

    staff: Staff
    token: str


def may_manage(by: Access, staff: Staff) -> bool:
    """Tell whether ``by`` may act on the whole of ``staff``: not an owner, and nothing granted that ``by`` could not grant."""
    if by.is_owner:
        return True
    if staff.is_owner:
        return False
    grants = list(staff.grants.select_related("role"))
    if not grants:
        return by.may_everywhere(STAFF_MANAGE)
    return all(_may_touch(by, grant.role, grant.community_id) for grant in grants)


@transaction.atomic
def invite_staff(by: Access, *, email: str, name: str, role: Role, community: Community | None) -> Invited:
    """Make an account that waits for its person, with a first role; whoever has an account already just gets the role.

    A link opens the whole account. For an account that waits already it is given only to who may manage all of it, as it
    was before this role: otherwise an invitation to something small would open what others were to have.

    Raises:
        Refused: ``grant.beyond_you``, ``staff.deactivated``.
    """
    # The same order of locks as when a role is given.
    role = Role.objects.select_for_update().get(pk=role.pk)
    _demand(by, role, community)
    email = normal_email(email)
    staff, is_new = Staff.objects.get_or_create(
        email=email, defaults={"name": normal(name), "created_at": clock.now(), "password": _no_password()}
    )
    if not staff.is_active:
        raise Refused("staff.deactivated")
    if is_new:
        audit.record(INVITED, staff, name=staff.name, community=community.pk if community else None)
    else:
        staff = Staff.objects.select_for_update().get(pk=staff.pk)
    may_open = not staff.has_usable_password() and (is_new or may_manage(by, staff))
    grant_role(by, staff, role, community)
    return Invited(staff, link_token(staff) if may_open else "")


@transaction.atomic
def renew_invitation(by: Access, staff: Staff) -> str:
    """Return the token of a new link for someone who has not joined; older links end.

    Raises:
        Refused: ``staff.beyond_you``, ``staff.has_joined``.
    """
    staff = _manageable(by, staff)
    if staff.has_usable_password():
        raise Refused("staff.has_joined", name=staff.name)
    staff.set_unusable_password()
    staff.save(update_fields=["password"])
    audit.record(INVITATION_RENEWED, staff, name=staff.name)
    return link_token(staff)


@transaction.atomic
def make_reset_link(by: Access, staff: Staff) -> str:
    """Return the token of a link with which someone who lost their password sets a new one. It works once, for a day.

    Raises:
        Refused: ``staff.beyond_you``, ``staff.not_joined``, ``staff.not_active``.
    """
    staff = _manageable(by, staff)
    if not staff.is_active:
        raise Refused("staff.not_active", name=staff.name)
    if not staff.has_usable_password():
        raise Refused("staff.not_joined", name=staff.name)
    audit.record(RESET_LINK_MADE, staff, name=staff.name)
    return link_token(staff)


@transaction.atomic
def grant_role(by: Access, staff: Staff, role: Role, community: Community | None) -> Grant:
    """Give a role in a community and everything below it, or (``community`` None) everywhere.

    Raises:
        Refused: ``grant.beyond_you``, ``staff.not_active``.
    """
    # Both stay as they are until this is done: the role's permissions are what is judged, and nobody deactivates meanwhile.
    role = Role.objects.select_for_update().get(pk=role.pk)
    staff = Staff.objects.select_for_update().get(pk=staff.pk)
    _demand(by, role, community)
    if not staff.is_active:
        raise Refused("staff.not_active", name=staff.name)
    grant, is_new = Grant.objects.get_or_create(staff=staff, role=role, community=community)
    if is_new:
        audit.record(
            GRANTED, staff, name=staff.name, community=grant.community_id, changes={"role": (None, _words(grant))}
        )
    return grant


@transaction.atomic
def revoke_grant(by: Access, grant: Grant) -> None:
    """Take a role back.

    Raises:
        Refused: ``grant.beyond_you``.
    """
    if not by.is_owner and (grant.staff.is_owner or not _may_touch(by, grant.role, grant.community_id)):
        raise Refused("grant.beyond_you", role=grant.role.name)
    told = _words(grant)
    community = grant.community_id
    if Grant.objects.filter(pk=grant.pk).delete()[0]:
        audit.record(REVOKED, grant.staff, name=grant.staff.name, community=community, changes={"role": (told, None)})


@transaction.atomic
def deactivate_staff(by: Access, staff: Staff) -> None:
    """Let someone in no more, from this moment: every session ends. Grants stay, for the day they come back.

    Raises:
        Refused: ``staff.is_oneself``, ``staff.is_owner`` (ownership is handed over first), ``staff.beyond_you``.
    """
    staff = _manageable(by, staff)
    if staff.pk == by.staff.pk:
        raise Refused("staff.is_oneself")
    if staff.is_owner:
        raise Refused("staff.is_owner", name=staff.name)
    if not staff.is_active:
        return
    staff.is_active = False
    staff.save(update_fields=["is_active"])
    end_sessions(staff)
    audit.record(DEACTIVATED, staff, name=staff.name, changes={"is_active": (True, False)})


@transaction.atomic
def reactivate_staff(by: Access, staff: Staff) -> None:
    """Let someone in again, with the grants they had.

    Raises:
        Refused: ``staff.beyond_you``.
    """
    staff = _manageable(by, staff)
    if staff.is_active:
        return
    staff.is_active = True
    staff.save(update_fields=["is_active"])
    audit.record(REACTIVATED, staff, name=staff.name, changes={"is_active": (False, True)})


def _demand(by: Access, role: Role, community: Community | None) -> None:
    if not _may_touch(by, role, community.pk if community else None):
        raise Refused("grant.beyond_you", role=role.name)


def _may_touch(by: Access, role: Role, community: int | None) -> bool:
    manages = by.may_everywhere(STAFF_MANAGE) if community is None else by.may(STAFF_MANAGE, community)
    return manages and by.may_give(role, community)


def _manageable(by: Access, staff: Staff) -> Staff:
    """Return the staff member, locked and fresh, if ``by`` may act on them."""
    staff = Staff.objects.select_for_update().get(pk=staff.pk)
    if not by.may(STAFF_MANAGE) or not may_manage(by, staff):
        raise Refused("staff.beyond_you", name=staff.name)
    return staff


def _no_password() -> str:
    blank = Staff()
    blank.set_unusable_password()
    return blank.password


def _words(grant: Grant) -> str:
    """Name a grant for the audit log; names of roles and communities are not personal."""
    return f"{grant.role.name} · {grant.community.name}" if grant.community else grant.role.name

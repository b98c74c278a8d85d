"""Making and changing roles. Nobody adds to a role, or takes from it, a permission that they do not hold everywhere."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.accounts.models import Role
from liuliang.accounts.permissions import PERMISSIONS, ROLES_MANAGE
from liuliang.accounts.words import normal
from liuliang.kernel.errors import Refused

if TYPE_CHECKING:
    from liuliang.people.access import Access

CREATED = audit.action("role.created", _("新建角色"))
CHANGED = audit.action("role.changed", _("修改角色"))
DELETED = audit.action("role.deleted", _("删除角色"))


@transaction.atomic
def create_role(by: Access, *, name: str, description: str, permissions: Collection[str]) -> Role:
    """Make a role.

    Raises:
        Refused: ``role.beyond_you``, ``role.name_taken``.
    """
    _demand(by, permissions)
    role = Role(name=normal(name), description=normal(description), permissions=_ordered(permissions))
    _save(role)
    audit.record(CREATED, role, name=role.name, changes={"permissions": ([], role.permissions)})
    return role


@transaction.atomic
def change_role(by: Access, role: Role, *, name: str, description: str, permissions: Collection[str]) -> None:
    """Change a role, for everyone who has it.

    Raises:
        Refused: ``role.beyond_you``, ``role.name_taken``.
    """
    role = Role.objects.select_for_update().get(pk=role.pk)
    # A permission that the code no longer knows stays out; it never meant anything while it was unknown.
    known = PERMISSIONS.keys() & set(role.permissions)
    _demand(by, known ^ set(permissions))
    before = {"name": role.name, "description": role.description, "permissions": role.permissions}
    role.name, role.description, role.permissions = normal(name), normal(description), _ordered(permissions)
    changes = {key: (value, getattr(role, key)) for key, value in before.items() if value != getattr(role, key)}
    if not changes:
        return
    _save(role)
    audit.record(CHANGED, role, name=role.name, changes=changes)


@transaction.atomic
def delete_role(by: Access, role: Role) -> None:
    """Delete a role that nobody has.

    Raises:
        Refused: ``role.built_in``, ``role.in_use`` with ``count``, ``role.beyond_you``.
    """
    role = Role.objects.select_for_update().get(pk=role.pk)
    if role.key:
        raise Refused("role.built_in")
    _demand(by, PERMISSIONS.keys() & set(role.permissions))
    if count := role.grants.count():
        raise Refused("role.in_use", count=count)
    audit.record(DELETED, role, name=role.name, changes={"permissions": (role.permissions, [])})
    role.delete()


def _demand(by: Access, permissions: Collection[str]) -> None:
    unknown = set(permissions) - PERMISSIONS.keys()
    if unknown:
        raise ValueError(f"unknown permissions: {', '.join(sorted(unknown))}")
    if not by.may_everywhere(ROLES_MANAGE) or not all(by.may_everywhere(key) for key in permissions):
        raise Refused("role.beyond_you")


def _ordered(permissions: Collection[str]) -> list[str]:
    return [key for key in PERMISSIONS if key in permissions]


def _save(role: Role) -> None:
    try:
        with transaction.atomic():
            role.save()
    except IntegrityError:
        raise Refused("role.name_taken", name=role.name) from None

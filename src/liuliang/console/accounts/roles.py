"""Roles: who may do what, at a glance, and the editor of one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from liuliang.accounts.models import Role
from liuliang.accounts.permissions import PERMISSIONS, ROLES_MANAGE, Permission
from liuliang.console import errors
from liuliang.console.accounts.forms import RoleForm, role_text, role_title
from liuliang.console.accounts.signin import INVALID
from liuliang.console.doors import StaffRequest, finds, page
from liuliang.kernel.errors import Refused
from liuliang.people import roles
from liuliang.people.access import Access


@dataclass(frozen=True, slots=True)
class Row:
    """A permission, and for each role in the order of the head whether it has it."""

    permission: Permission
    cells: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class Box:
    """A permission in the editor. What the editor does not hold everywhere cannot be moved."""

    permission: Permission
    is_on: bool
    is_fixed: bool


Lined = TypeVar("Lined", Row, Box)


@finds("role")
def find_role(access: Access, permission: str, value: str) -> Role | None:
    """Return the role with this id; roles belong to the whole installation."""
    del access, permission
    return Role.objects.filter(pk=int(value)).first() if value.isdecimal() else None


@page(permission=ROLES_MANAGE)
def role_list(request: StaffRequest) -> HttpResponse:
    """Show all roles against all permissions."""
    found = list(Role.objects.annotate(people=Count("grants__staff", distinct=True)).order_by("id"))
    rows = [
        Row(permission, tuple((role_title(role), permission.key in role.permissions) for role in found))
        for permission in PERMISSIONS.values()
    ]
    context = {"roles": [(role, role_title(role), role_text(role)) for role in found], "groups": _grouped(rows)}
    return render(request, "console/accounts/roles.html", context)


@page(permission=ROLES_MANAGE, methods=("GET", "POST"))
def new_role(request: StaffRequest) -> HttpResponse:
    """Make a role."""
    form = RoleForm(request.POST or None)
    if form.is_valid():
        try:
            role = roles.create_role(request.access, **form.cleaned_data)
        except Refused as refusal:
            _explain(form, refusal)
        else:
            messages.success(request, _("角色“{name}”已新建。").format(name=role.name))
            return redirect("console:roles")
    return _editor(request, form, None)


@page(permission=ROLES_MANAGE, methods=("GET", "POST"))
def edit_role(request: StaffRequest, role: Role) -> HttpResponse:
    """Change a role, for everyone who has it."""
    now = {"name": role.name, "description": role.description, "permissions": role.permissions}
    form = RoleForm(request.POST or None, initial=now)
    if form.is_valid():
        fixed = {key for key in PERMISSIONS if key in role.permissions and not request.access.may_everywhere(key)}
        try:
            roles.change_role(
                request.access,
                role,
                name=form.cleaned_data["name"],
                description=form.cleaned_data["description"],
                # A box that cannot be moved is not sent by the browser; it stays as it is.
                permissions=fixed.union(form.cleaned_data["permissions"]),
            )
        except Refused as refusal:
            _explain(form, refusal)
        else:
            messages.success(request, _("角色“{name}”已保存。").format(name=form.cleaned_data["name"]))
            return redirect("console:roles")
    return _editor(request, form, role)


@page(permission=ROLES_MANAGE, methods=("POST",))
def delete_role(request: StaffRequest, role: Role) -> HttpResponse:
    """Delete a role that nobody has."""
    roles.delete_role(request.access, role)
    messages.success(request, _("角色“{name}”已删除。").format(name=role.name))
    return redirect("console:roles")


def _editor(request: StaffRequest, form: RoleForm, role: Role | None) -> HttpResponse:
    chosen = set(form["permissions"].value() or ())
    boxes = [
        Box(permission, permission.key in chosen, not request.access.may_everywhere(permission.key))
        for permission in PERMISSIONS.values()
    ]
    context = {
        "form": form,
        "role": role,
        "title": role_title(role) if role else "",
        "groups": _grouped(boxes),
        "people": role.grants.values("staff").distinct().count() if role else 0,
    }
    return render(request, "console/accounts/role.html", context, status=INVALID if form.errors else 200)


def _grouped(rows: Iterable[Lined]) -> list[tuple[str, list[Lined]]]:
    groups: dict[str, list[Lined]] = {}
    for row in rows:
        groups.setdefault(str(row.permission.group), []).append(row)
    return list(groups.items())


def _explain(form: RoleForm, refusal: Refused) -> None:
    form.add_error("name" if refusal.code == "role.name_taken" else None, errors.sentence(refusal))

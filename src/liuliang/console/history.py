"""The audit log in words: what each entry says to the person who reads it, and where it leads.

An area tells how its things are called now, and where they are shown, by the type that entries hold::

    @targets("people.member")
    def members(access: Access, ids: Collection[str]) -> Mapping[str, Target]: ...

Only what the reader may see is named: an entry about somebody beyond their scope stays without a name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.accounts import audit
from liuliang.accounts.models import AuditEntry, Role, Staff
from liuliang.accounts.permissions import (
    BUILT_IN_ROLES,
    COMMUNITIES_VIEW,
    MEMBERS_VIEW,
    PERMISSIONS,
    ROLES_MANAGE,
    STAFF_MANAGE,
)
from liuliang.people.access import Access
from liuliang.people.models import Member
from liuliang.ui import formats


@dataclass(frozen=True, slots=True)
class Target:
    """What something is called now, and its page."""

    name: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One field that changed. Of a list, or where there was nothing, what came and went; of a personal field nothing more."""

    field: str
    before: str = ""
    after: str = ""
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    is_hidden: bool = False

    def __str__(self) -> str:
        if self.is_hidden:
            return _("{field} 已更改").format(field=self.field)
        if self.added or self.removed:
            return (
                f"{self.field} {' '.join([*(f'+{one}' for one in self.added), *(f'−{one}' for one in self.removed)])}"
            )
        return f"{self.field} {self.before} → {self.after}"


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as people read it."""

    pk: int
    at: datetime
    who: str
    did: str
    target: Target
    place: Target
    changes: tuple[Change, ...]
    address: str | None

    # What a timeline asks for.
    icon = "history"

    @property
    def title(self) -> str:
        """Say who did what, in one line."""
        return f"{self.did} · {self.who}"

    @property
    def text(self) -> str:
        """Say what changed."""
        return _("；").join(str(change) for change in self.changes)


Naming = Callable[[Access, Collection[str]], Mapping[str, Target]]

_targets: dict[str, Naming] = {}

_values: dict[str, dict[str, str | Promise]] = {}

_fields: dict[str, str | Promise] = {
    "name": gettext_lazy("名字"),
    "description": gettext_lazy("说明"),
    "language": gettext_lazy("语言"),
    "permissions": gettext_lazy("权限"),
    "role": gettext_lazy("角色"),
    "is_owner": gettext_lazy("所有者"),
    "is_active": gettext_lazy("在用"),
    "password": gettext_lazy("密码"),
    "sessions": gettext_lazy("登录的设备"),
    "list": gettext_lazy("列表"),
    "rows": gettext_lazy("行数"),
}


MONEY = frozenset({"amount", "received", "refunded"})
"""Fields of entries that keep money in minor units, where what they are about is paid in money."""

PAID_IN_MONEY = ("commerce.", "partners.", "analytics.")
"""Apps whose things have prices; elsewhere amounts are points."""


def targets(kind: str) -> Callable[[Naming], Naming]:
    """Declare how entries about things of this type (``app.model``) name them."""

    def declare(naming: Naming) -> Naming:
        if kind in _targets:
            raise ValueError(f"{kind} is named twice")
        _targets[kind] = naming
        return naming

    return declare


def name_fields(names: Mapping[str, str | Promise]) -> None:
    """Declare what fields of entries are called."""
    _fields.update(names)


def name_values(field: str, names: Mapping[str, str | Promise]) -> None:
    """Declare what the values that a field keeps by their keys are called."""
    _values.setdefault(field, {}).update(names)


# Roles are kept by their names; those that come with the product are called so in every language.
name_values("role", {role.name: gettext_lazy(role.name) for role in BUILT_IN_ROLES})


def lines(entries: Iterable[AuditEntry], access: Access) -> list[Line]:
    """Put entries into words, with one look-up for each type of thing among them."""
    entries = list(entries)
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    for entry in entries:
        wanted[entry.target_type].add(entry.target_id)
    places = {entry.community for entry in entries if entry.community is not None}
    wanted["people.community"] |= {str(place) for place in places}
    found = {kind: _targets[kind](access, ids) for kind, ids in wanted.items() if kind in _targets and ids}
    nothing: Mapping[str, Target] = {}
    return [
        Line(
            pk=entry.pk,
            at=entry.at,
            who=_who(entry),
            did=str(audit.ACTIONS[entry.action].title) if entry.action in audit.ACTIONS else entry.action,
            target=found.get(entry.target_type, nothing).get(entry.target_id) or Target(entry.target_name),
            place=found.get("people.community", nothing).get(str(entry.community)) or Target(""),
            changes=tuple(_change(field, told) for field, told in _in_money(entry).items()),
            address=entry.address,
        )
        for entry in entries
    ]


def _in_money(entry: AuditEntry) -> dict[str, list[object] | None]:
    """Write what is kept in minor units as money, in the currency that the entry names or else in yuan."""
    changes: dict[str, list[object] | None] = entry.changes
    if not entry.target_type.startswith(PAID_IN_MONEY):
        return changes
    named = changes.get("currency")
    currency = str(named[1] or named[0] or "CNY") if named else "CNY"
    return {
        field: [formats.money(one, currency) if isinstance(one, int) else one for one in told]
        if told is not None and field in MONEY
        else told
        for field, told in changes.items()
    }


def _who(entry: AuditEntry) -> str:
    who = entry.staff.name if entry.staff else _("系统")
    return _("{who}（密钥“{key}”）").format(who=who, key=entry.via) if entry.via else who


def _change(field: str, told: list[object] | None) -> Change:
    name = str(_fields.get(field, field))
    if told is None:
        return Change(name, is_hidden=True)
    names = _values.get(field, {})
    before, after = told
    if isinstance(before, list) and isinstance(after, list):
        return Change(
            name,
            added=tuple(_word(one, names) for one in after if one not in before),
            removed=tuple(_word(one, names) for one in before if one not in after),
        )
    if before is None or after is None:
        return Change(
            name,
            added=() if after is None else (_word(after, names),),
            removed=() if before is None else (_word(before, names),),
        )
    return Change(name, _word(before, names), _word(after, names))


def _word(value: object, names: Mapping[str, str | Promise]) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if isinstance(value, str) and value in PERMISSIONS:
        return str(PERMISSIONS[value].title)
    if isinstance(value, list):
        return formats.listed(_word(one, names) for one in value)
    return str(names.get(str(value), value))


def _numbers(ids: Collection[str]) -> list[int]:
    return [int(one) for one in ids if one.isdecimal()]


@targets("accounts.staff")
def _staff(access: Access, ids: Collection[str]) -> Mapping[str, Target]:
    near = set(access.colleagues(STAFF_MANAGE).filter(pk__in=_numbers(ids)).values_list("pk", flat=True))
    names = Staff.objects.filter(pk__in=_numbers(ids)).values_list("pk", "name")
    return {str(pk): Target(name, reverse("console:colleague", args=[pk]) if pk in near else "") for pk, name in names}


@targets("accounts.role")
def _roles(access: Access, ids: Collection[str]) -> Mapping[str, Target]:
    may_open = access.may(ROLES_MANAGE)
    names = Role.objects.filter(pk__in=_numbers(ids)).values_list("pk", "name")
    return {str(pk): Target(name, reverse("console:role", args=[pk]) if may_open else "") for pk, name in names}


@targets("people.community")
def _communities(access: Access, ids: Collection[str]) -> Mapping[str, Target]:
    seen = access.communities(COMMUNITIES_VIEW).filter(pk__in=_numbers(ids)).values_list("pk", "name", "public_id")
    return {str(pk): Target(name, reverse("console:community-plan", args=[public_id])) for pk, name, public_id in seen}


@targets("people.member")
def _members(access: Access, ids: Collection[str]) -> Mapping[str, Target]:
    seen = access.members(MEMBERS_VIEW).filter(pk__in=_numbers(ids)).values_list("pk", "name", "public_id")
    found = {str(pk): Target(name, reverse("console:member", args=[public_id])) for pk, name, public_id in seen}
    # Of the erased the number is left: it names nobody, and tells one erasure from another.
    gone = Member.objects.filter(pk__in=_numbers(ids), erased_at__isnull=False).values_list("pk", flat=True)
    return found | {str(pk): Target(_("已删除的成员 #{number}").format(number=pk)) for pk in gone}

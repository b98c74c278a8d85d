"""The warning before groups become more than can be run: the numbers, who has room, and a way to go on all the same."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from liuliang.accounts.models import Role, Staff
from liuliang.accounts.permissions import COMMUNITIES_EDIT, STAFF_MANAGE
from liuliang.console.capacity.ground import Seen, members_of, scope_of, see
from liuliang.console.capacity.words import load_words, over_words
from liuliang.console.doors import StaffRequest
from liuliang.people.charge import NEW, Charge, Overload, overload, runs
from liuliang.people.communities import closed_together
from liuliang.people.models import Community
from liuliang.ui import formats

INVALID = 422

ACCEPTED = "accepted"
"""The field with which a form says that its sender has read the warning, and which."""

MOST_SHOWN = 5
"""People with room that a warning names."""


def before_creating(request: StaffRequest, parent: Community | None) -> HttpResponse | None:
    """Ask before one more group is opened under ``parent``; None where it can be run, or was asked already."""

    def with_one_more(seen: Seen) -> Charge:
        path = (*(parent.path if parent is not None else ()), NEW)
        return seen.charge.with_groups({NEW: path}, {})

    return _ask(request, COMMUNITIES_EDIT, with_one_more, title=_("再开一个群就带不过来了"), button=_("仍然新建"))


def before_restoring(request: StaffRequest, community: Community) -> HttpResponse | None:
    """Ask before groups are opened again; None as for a new one."""

    def with_restored(seen: Seen) -> Charge:
        groups = list(closed_together(community).filter(is_group=True)) if community.archived_at is not None else []
        return seen.charge.with_groups({each.id: tuple(each.path) for each in groups}, members_of(scope_of(groups)))

    return _ask(request, COMMUNITIES_EDIT, with_restored, title=_("恢复以后就带不过来了"), button=_("仍然恢复"))


def before_giving(
    request: StaffRequest, staff: Staff | None, name: str, role: Role, community: Community | None
) -> HttpResponse | None:
    """Ask before somebody (None: who has no account yet) is put in charge of a community; None as for a new one."""
    if community is None or not runs(role):
        return None

    def with_another(seen: Seen) -> Charge:
        return seen.charge.with_named(community.id, staff.pk if staff is not None else NEW, name)

    title = _("{name} 会带不过来").format(name=name)
    return _ask(request, STAFF_MANAGE, with_another, title=title, button=_("仍然授予"))


def before_reactivating(request: StaffRequest, staff: Staff) -> HttpResponse | None:
    """Ask before somebody comes back to the groups they were named in; None as for a new one."""

    def with_them(seen: Seen) -> Charge:
        charge = seen.charge
        for grant in staff.grants.select_related("role", "community"):
            if grant.community is not None and runs(grant.role):
                charge = charge.with_named(grant.community.id, staff.pk, staff.name)
        return charge

    title = _("{name} 会带不过来").format(name=staff.name)
    return _ask(request, STAFF_MANAGE, with_them, title=title, button=_("仍然恢复"))


def _ask(
    request: StaffRequest, permission: str, change: Callable[[Seen], Charge], *, title: str, button: str
) -> HttpResponse | None:
    seen = see(request.access, permission)
    found = overload(seen.charge, change(seen))
    if found is None or request.POST.get(ACCEPTED) == found.mark:
        return None
    context = {
        "title": title,
        "button": button,
        "over": [(each.name, over_words(each.load, each.most)) for each in found.over],
        "together": load_words(*found.together) if found.together is not None else "",
        "free": _free(found),
        "fields": [
            (name, value)
            for name, values in request.POST.lists()
            if name not in {"csrfmiddlewaretoken", ACCEPTED}
            for value in values
        ],
        "accepted": (ACCEPTED, found.mark),
    }
    return render(request, "console/capacity/ask.html", context, status=INVALID)


def _free(found: Overload) -> list[tuple[str, str]]:
    return [
        (
            each.name,
            ngettext("还能带 {n} 个群", "还能带 {n} 个群", each.room).format(n=formats.exact(each.room))
            + _("（现在 {load}）").format(load=load_words(each.load, each.most)),
        )
        for each in found.free[:MOST_SHOWN]
    ]

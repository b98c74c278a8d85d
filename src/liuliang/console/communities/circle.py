"""One circle: its people and its little leader, how it does, and what staff change by hand."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from liuliang.accounts.permissions import ANALYTICS_VIEW, COMMUNITIES_VIEW, MEMBERS_EDIT, MEMBERS_VIEW
from liuliang.analytics.circles import weeks
from liuliang.console.analysis.behind import Crowd, behind_url, declare
from liuliang.console.analysis.ground import Ground
from liuliang.console.choosing import people_named
from liuliang.console.communities.circles import chosen
from liuliang.console.communities.dashboard import FOLDER, board_of
from liuliang.console.communities.dashboard_people import faces
from liuliang.console.doors import StaffRequest, finds, page
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access
from liuliang.people.circles import (
    NAME_LIMIT,
    add_to_circle,
    change_circle,
    disband_circle,
    leader_of,
    people_in,
    restore_circle,
    take_from_circle,
)
from liuliang.people.models import Circle, Member, Membership


@finds("circle")
def find_circle(access: Access, permission: str, value: str) -> Circle | None:
    """Find a circle of a community where the permission holds."""
    found = Circle.objects.select_related("community").filter(community__in=access.communities(permission))
    return found.filter(public_id=value).first()


@page(permission=MEMBERS_VIEW)
def circle(request: StaffRequest, circle: Circle) -> HttpResponse:
    """Show a circle."""
    access, community = request.access, circle.community
    inside, were, leader = people_in(circle), people_in(circle, were=True), leader_of(circle)
    known = faces([*inside, *were], may_see=True)
    ids = dict(Member.objects.filter(pk__in=known).values_list("pk", "public_id"))
    there = set(
        Membership.objects.filter(community=community, member__in=inside, is_present=True).values_list(
            "member", flat=True
        )
    )
    may_change = access.may(MEMBERS_EDIT, community)
    text = request.GET.get("q", "").strip()[:100]
    named = people_named(request, text, MEMBERS_EDIT) if may_change and text else []
    of_community = set(
        Membership.objects.filter(
            community=community, member__in=[each.member for each in named], is_present=True
        ).values_list("member", flat=True)
    )
    context: dict[str, object] = {
        "circle": circle,
        "community": community,
        "leader": known.get(leader) if leader is not None else None,
        "leader_id": ids.get(leader, "") if leader is not None else "",
        "people": [
            (ids[each], known[each], each == leader, each in there) for each in inside if each in ids and each in known
        ],
        "were": [(ids[each], known[each]) for each in were if each in ids and each in known],
        "list_url": behind_url("circle", f"circle={circle.public_id}") if inside else "",
        "may_change": may_change and circle.disbanded_at is None,
        "may_restore": may_change and circle.disbanded_at is not None,
        "may_see_community": access.may(COMMUNITIES_VIEW, community) and access.may(ANALYTICS_VIEW, community),
        "q": text,
        "named": [each for each in named if each.member.pk in of_community and each.member.pk not in set(inside)],
        "name_limit": NAME_LIMIT,
    }
    if access.may(ANALYTICS_VIEW, community):
        here = board_of(request, community)
        context["choice"] = here.choice
        if here.choice.known is not None:
            found = weeks(here.scope, here.period, tuple(sorted(inside)), leader)
            context |= {
                "weeks": found,
                "said": sum(each.messages for each in found),
                "led": sum(each.leader for each in found),
                "is_led": leader is not None,
            }
    return render(request, f"{FOLDER}/circle.html", context)


@page(permission=MEMBERS_EDIT, methods=("POST",))
def change(request: StaffRequest, circle: Circle) -> HttpResponse:
    """Set the name and the little leader."""
    leader = chosen(request, request.POST.get("leader", ""))
    change_circle(circle, name=request.POST.get("name", ""), leader=leader)
    messages.success(request, _("小圈子已更新。"))
    return _back(circle)


@page(permission=MEMBERS_EDIT, methods=("POST",))
def add(request: StaffRequest, circle: Circle) -> HttpResponse:
    """Put somebody in, or back."""
    member = chosen(request, request.POST.get("member", ""))
    if member is None or not add_to_circle(circle, [member], at=clock.now()):
        messages.info(request, _("没有加人：这个人已经在圈子里，或者现在不在群里。"))
    else:
        messages.success(request, _("已加进小圈子。"))
    return _back(circle)


@page(permission=MEMBERS_EDIT, methods=("POST",))
def take(request: StaffRequest, circle: Circle) -> HttpResponse:
    """Take somebody out."""
    member = chosen(request, request.POST.get("member", ""))
    if member is None:
        raise Refused("circle.not_in")
    take_from_circle(circle, member, at=clock.now())
    messages.success(request, _("已移出小圈子。点错了可以在“移出过的人”里放回来。"))
    return _back(circle)


@page(permission=MEMBERS_EDIT, methods=("POST",))
def disband(request: StaffRequest, circle: Circle) -> HttpResponse:
    """Disband it."""
    disband_circle(circle, at=clock.now())
    messages.success(request, _("小圈子已解散，里面有谁还记着，随时可以恢复。"))
    return _back(circle)


@page(permission=MEMBERS_EDIT, methods=("POST",))
def restore(request: StaffRequest, circle: Circle) -> HttpResponse:
    """Bring it back."""
    restore_circle(circle, at=clock.now())
    messages.success(request, _("小圈子已恢复。"))
    return _back(circle)


def _back(circle: Circle) -> HttpResponse:
    return redirect("console:circle", circle.public_id)


def _asked(parameters: QueryDict) -> Circle:
    found = Circle.objects.filter(public_id=parameters.get("circle", "")).first()
    if found is None:
        raise ValueError(parameters.get("circle"))
    return found


def _members(ground: Ground, parameters: QueryDict) -> tuple[int, ...]:
    asked = _asked(parameters)
    return tuple(people_in(asked)) if ground.access.may(MEMBERS_VIEW, asked.community_id) else ()


declare("circle", Crowd(lambda _access, _parameters: _("小圈子里的人"), lambda _parameters: (), _members))

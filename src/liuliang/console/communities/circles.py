"""小圈子: the circles that the talk of a community shows, for staff to confirm, and those that they confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from liuliang.accounts.permissions import ANALYTICS_VIEW, MEMBERS_EDIT, MEMBERS_VIEW
from liuliang.analytics import circles as story
from liuliang.analytics.circles import Found
from liuliang.console.analysis.behind import Crowd, behind_url, declare
from liuliang.console.analysis.ground import Ground
from liuliang.console.communities.dashboard import FOLDER, board_of
from liuliang.console.communities.dashboard_people import Face, faces
from liuliang.console.communities.editing import tabs
from liuliang.console.doors import StaffRequest, find_member, page
from liuliang.cultivation.finding import colleagues
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.people.circles import NAME_LIMIT, form_circle, leader_of, people_in
from liuliang.people.models import Circle, Community, Member


@dataclass(frozen=True, slots=True)
class Proposal:
    """A circle that was found: its people as the form offers them, and the way to them as a list."""

    found: Found
    people: list[tuple[str, Face]]
    leader: Face | None
    leader_id: str
    url: str
    known_as: Circle | None


@page(permission=ANALYTICS_VIEW)
def circles(request: StaffRequest, community: Community) -> HttpResponse:
    """Show the circles of a community: confirmed, and found."""
    here = board_of(request, community)
    may_see = request.access.may(MEMBERS_VIEW, community)
    context: dict[str, object] = {**tabs(request, community, "community-circles"), "choice": here.choice}
    standing = list(Circle.objects.filter(community=community).order_by("name"))
    people = {each.pk: people_in(each) for each in standing}
    context |= {
        "confirmed": [
            (each, len(people[each.pk]), _leader(each, may_see=may_see))
            for each in standing
            if each.disbanded_at is None
        ],
        "disbanded": [each for each in standing if each.disbanded_at is not None],
        "may_see": may_see,
        "may_change": may_see and request.access.may(MEMBERS_EDIT, community),
        "definition": story.CIRCLES,
        "fewest": (story.FEWEST_PEOPLE, story.FEWEST_TIES),
        "name_limit": NAME_LIMIT,
    }
    if here.choice.known is None:
        return render(request, f"{FOLDER}/empty.html", context)
    found = story.circles(here.scope, here.period, _without())
    first, last = here.period.first.isoformat(), here.period.last.isoformat()
    query = f"community={community.public_id}&from={first}&to={last}"
    known = faces([member for each in found.found for member in each.members], may_see=may_see)
    ids = dict(Member.objects.filter(pk__in=known).values_list("pk", "public_id"))
    standing_people = {each: people[each.pk] for each in standing if each.disbanded_at is None}
    context |= {
        "circles": found,
        "proposals": [
            Proposal(
                each,
                [(ids[member], known[member]) for member in each.members if member in ids and member in known],
                known.get(each.leader),
                ids.get(each.leader, ""),
                behind_url("circles", query, leader=ids[each.leader]) if may_see and each.leader in ids else "",
                _known_as(each, standing_people),
            )
            for each in found.found
        ],
    }
    return render(request, f"{FOLDER}/circles.html", context)


@page(permission=MEMBERS_EDIT, methods=("POST",))
def form(request: StaffRequest, community: Community) -> HttpResponse:
    """Confirm a circle of the ticked people."""
    reached = request.access.members(MEMBERS_EDIT)
    ticked = reached.filter(public_id__in=request.POST.getlist("member")[:1_000]).values_list("pk", flat=True)
    made = form_circle(
        community,
        name=request.POST.get("name", ""),
        members=list(ticked),
        leader=chosen(request, request.POST.get("leader", "")),
        at=clock.now(),
    )
    messages.success(request, _("小圈子“{name}”已确认。").format(name=made.name))
    return redirect("console:circle", made.public_id)


def chosen(request: StaffRequest, public_id: str) -> int | None:
    """Return the member whom a form names, if one may edit them; None for nobody.

    Raises:
        Refused: ``circle.not_in`` when somebody is named who is not there.
    """
    if not public_id:
        return None
    found = find_member(request.access, MEMBERS_EDIT, public_id)
    if not isinstance(found, Member):
        raise Refused("circle.not_in")
    return found.pk


def _without() -> tuple[int, ...]:
    return tuple(sorted(colleagues(clock.now())))


def _leader(circle: Circle, *, may_see: bool) -> Face | None:
    leader = leader_of(circle)
    return None if leader is None else faces([leader], may_see=may_see).get(leader)


def _known_as(found: Found, standing: Mapping[Circle, list[int]]) -> Circle | None:
    """Return the confirmed circle that most of these people are in."""
    members = set(found.members)
    return next((one for one, people in standing.items() if len(members & set(people)) * 2 > len(members)), None)


def _members(ground: Ground, parameters: QueryDict) -> tuple[int, ...]:
    if len(ground.scope.communities) != 1 or ground.choice.known is None:
        return ()
    leader = ground.access.member(parameters.get("leader", ""), MEMBERS_VIEW)
    found = story.circles(ground.scope, ground.choice.period, _without()).found
    return next((each.members for each in found if leader is not None and each.leader == leader.pk), ())


declare(
    "circles",
    Crowd(lambda _access, _parameters: _("数据里找到的小圈子"), lambda _parameters: (ANALYTICS_VIEW,), _members),
)

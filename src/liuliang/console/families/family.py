"""One family: how each tier stands, who is to be asked over, and asking them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.postgres.fields import ArrayField
from django.db.models import BooleanField, F, Func, IntegerField, QuerySet, Value
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from pyroaring import BitMap

from liuliang.accounts.permissions import COMMUNITIES_EDIT, MEMBERS_EDIT, MEMBERS_VIEW
from liuliang.console.communities.dashboard_people import Face, face_of
from liuliang.console.doors import StaffRequest, page
from liuliang.console.families.ground import may_look, part_url
from liuliang.console.families.listing import FOLDER
from liuliang.console.members.listing import shown_name
from liuliang.families.belonging import Look, Standing, look_through, refs_of, rule_of, tiers_of
from liuliang.families.models import Family
from liuliang.families.results import Result, results
from liuliang.families.services import AT_ONCE, invite, origins, room
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.people.models import Community, Member
from liuliang.segments.base import Names
from liuliang.segments.naming import StoredNames
from liuliang.segments.rules import leaves
from liuliang.segments.standing import last_layering

SHOWN = 30
"""People to be asked who are shown; the list of members holds all of them."""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of a tier, and how many it can still take (None: as many as come)."""

    community: Community
    room: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """A tier in the table: who belongs there in words, its groups, numbers that open, and what asking over led to."""

    standing: Standing
    who: str
    groups: Sequence[Group]
    at_home: int
    home_width: int
    astray_width: int
    result: Result
    urls: dict[str, str]


@dataclass(frozen=True, slots=True)
class Mover:
    """Somebody to be asked over: who, where they are now, and why they belong elsewhere."""

    public_id: str
    who: Face
    origin: str
    reason: str


@page(permission=MEMBERS_VIEW)
def family(request: StaffRequest, family: Family) -> HttpResponse:
    """Show a family."""
    access = request.access
    tiers = tiers_of(family)
    context: dict[str, object] = {
        "family": family,
        "may_see": may_look(access, tiers),
        "may_change": family.dissolved_at is None and access.may_everywhere(COMMUNITIES_EDIT),
        "may_ask": family.dissolved_at is None and access.may_everywhere(MEMBERS_EDIT),
    }
    if context["may_see"] and family.dissolved_at is None:
        look, names = look_through(family, at=clock.now()), StoredNames()
        led_to = results(family)
        widest = max((len(each.inside) for each in look.tiers), default=0) or 1
        lines = [_line(look, each, led_to.get(each.tier.pk, Result()), widest, names) for each in look.tiers]
        chosen = next((line for line in lines if str(line.standing.tier.pk) == request.GET.get("tier")), None)
        chosen = chosen or next((line for line in lines if line.standing.movers), lines[0])
        context |= {
            "lines": lines,
            "look": look,
            "chosen": chosen,
            "movers": _movers(look, chosen.standing, names),
            "free": [each for each in chosen.groups if each.community.archived_at is None and each.room != 0],
            "at_once": AT_ONCE,
            "is_layered": last_layering() is not None or not refs_of(tiers).layers,
        }
    return render(request, f"{FOLDER}/family.html", context)


@page(permission=MEMBERS_EDIT, methods=("POST",))
def ask(request: StaffRequest, family: Family) -> HttpResponse:
    """Note that the ticked people are asked over, or the first of all of them."""
    tiers = tiers_of(family)
    tier = next((each for each in tiers if str(each.pk) == request.POST.get("tier")), None)
    if not may_look(request.access, tiers):
        raise Refused("family.for_everybody")
    if tier is None:
        raise Refused("family.tier_gone")
    community = Community.objects.filter(public_id=request.POST.get("group", "")).first()
    if community is None:
        raise Refused("family.not_its_group")
    if "all" in request.POST:
        standing = next(each for each in look_through(family, at=clock.now()).tiers if each.tier.pk == tier.pk)
        free = room(community)
        most = AT_ONCE if free is None else min(AT_ONCE, free)
        members = list(_ordered(standing.movers)[:most].values_list("pk", flat=True))
    else:
        chosen = Member.objects.filter(public_id__in=request.POST.getlist("member")[:AT_ONCE])
        members = list(chosen.values_list("pk", flat=True))
    asked = invite(tier, members, community, at=clock.now())
    if asked.count:
        said = ngettext("记下了：请 {count} 人到“{group}”。", "记下了：请 {count} 人到“{group}”。", asked.count)
        messages.success(request, said.format(count=asked.count, group=community.name))
    else:
        messages.info(request, _("没有请人：先勾选人；已经请过、已经在群里或不再够格的不会再请。"))
    return redirect(f"{reverse('console:family', args=[family.public_id])}?tier={tier.pk}")


def who_words(standing: Standing, names: Names) -> str:
    """Return who belongs in a tier, in words."""
    rule = rule_of(standing.tier)
    if rule is None:
        return _("其余的人")
    return _("；或").join(leaf.condition.sentence(leaf.config, names) for leaf in leaves(rule))


def _line(look: Look, standing: Standing, result: Result, widest: int, names: Names) -> Line:
    home = look.at_home(standing)
    parts = ("belongs", "inside", "astray", "movers", "settling", "waiting", "declined")
    groups = Community.objects.in_bulk(standing.groups)
    return Line(
        standing,
        who_words(standing, names),
        [Group(groups[each], room(groups[each])) for each in standing.groups if each in groups],
        home,
        round(1000 * home / widest),
        round(1000 * len(standing.astray) / widest),
        result,
        {part: part_url(standing.tier, part) for part in parts if getattr(standing, part)},
    )


def _ordered(members: BitMap) -> QuerySet[Member]:
    """Return people, those who spoke last first: they are the likeliest to read an invitation."""
    among = Func(
        F("pk"), Value(list(members), ArrayField(IntegerField())),
        template="%(expressions)s)", arg_joiner=" = ANY(", output_field=BooleanField(),
    )  # fmt: skip
    return Member.objects.filter(among).order_by(F("activity__last_spoke_at").desc(nulls_last=True), "-pk")


def _movers(look: Look, standing: Standing, names: Names) -> list[Mover]:
    people = list(_ordered(standing.movers)[:SHOWN])
    groups = origins(standing.tier.family, [each.pk for each in people])
    called = dict(Community.objects.filter(pk__in=groups.values()).values_list("pk", "name"))
    return [
        Mover(
            each.public_id,
            face_of(shown_name(each), each.public_id),
            called.get(groups.get(each.pk, 0), ""),
            look.reason(standing, each.pk, names) or _("上面各档的条件都不满足"),
        )
        for each in people
    ]

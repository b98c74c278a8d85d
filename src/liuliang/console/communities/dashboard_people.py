"""Who is behind a board's figures, for those who may see members: names, and the way to the list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _

from liuliang.people.models import Community, Member


@dataclass(frozen=True, slots=True)
class Face:
    """A member as a board names them; without an address where the viewer may not see members."""

    name: str
    url: str = ""


def faces(members: Iterable[int], *, may_see: bool) -> Mapping[int, Face]:
    """Return whom these ids mean, by id; those who may not see members learn that there is somebody, not who."""
    wanted = set(members)
    if not may_see:
        return dict.fromkeys(wanted, Face(_("一位成员")))
    meant = dict(
        Member.objects.filter(id__in=wanted).annotate(person=Coalesce("canonical_id", "id")).values_list("id", "person")
    )
    named = {
        each.id: each for each in Member.objects.filter(id__in=set(meant.values())).only("id", "public_id", "name")
    }
    return {
        member: face_of(named[person].name, named[person].public_id)
        for member, person in meant.items()
        if person in named
    }


def face_of(name: str, public_id: str) -> Face:
    """Return how a member is named and where their page is."""
    return Face(name or _("没有昵称"), reverse("console:member", args=[public_id]))


def member_list(community: Community, *, may_see: bool, **filters: str) -> str:
    """Return the address of the list of a community's members who are there, narrowed further; empty if it may not be seen."""
    if not may_see:
        return ""
    query = {"community": community.public_id, "presence": "present", **filters}
    return f"{reverse('console:members')}?{urlencode(query)}"

"""群家族: the families there are, with who is in which tier and how many are to be asked over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render

from liuliang.accounts.permissions import COMMUNITIES_EDIT, MEMBERS_VIEW
from liuliang.console.doors import StaffRequest, page
from liuliang.console.families.ground import may_look, reached
from liuliang.families.belonging import Look, look_through, tiers_of
from liuliang.families.models import Family
from liuliang.kernel import clock

FOLDER = "console/families"


@dataclass(frozen=True, slots=True)
class Line:
    """A family of the list; ``look`` is None for who may not see who belongs where."""

    family: Family
    tiers: Sequence[str]
    look: Look | None


@page(permission=MEMBERS_VIEW)
def families(request: StaffRequest) -> HttpResponse:
    """List the families."""
    may_see = request.access.may_everywhere(MEMBERS_VIEW)
    lines = []
    for family in reached(request.access, MEMBERS_VIEW).filter(dissolved_at=None).order_by("name"):
        tiers = tiers_of(family)
        look = look_through(family, at=clock.now()) if may_look(request.access, tiers) else None
        lines.append(Line(family, [tier.name for tier in tiers], look))
    context = {
        "lines": lines,
        "may_see": may_see,
        "may_make": may_see and request.access.may_everywhere(COMMUNITIES_EDIT),
    }
    return render(request, f"{FOLDER}/families.html", context)

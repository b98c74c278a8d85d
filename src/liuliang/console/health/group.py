"""One group's health: its parts with who is behind them, its weeks, what would raise it, its stage and the next move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import cast

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _

from liuliang.accounts.permissions import ANALYTICS_EDIT, ANALYTICS_VIEW, MEMBERS_VIEW, ORDERS_VIEW
from liuliang.analytics.checkups import Checkup, trend
from liuliang.analytics.health import HEALTH, PARTS, Graded, Health, Lift, compare, lifts
from liuliang.analytics.health_people import Side, names_people, people_behind
from liuliang.analytics.lifecycle import LIFECYCLE, STAGES
from liuliang.analytics.signals import WEEK, window
from liuliang.console.analysis.behind import Crowd, behind_url, declare
from liuliang.console.analysis.ground import Ground
from liuliang.console.communities.editing import tabs
from liuliang.console.doors import StaffRequest, page
from liuliang.console.health.ground import see
from liuliang.console.health.listing import A_WINDOW, change_of
from liuliang.console.health.words import ADVICE, GRADES, lift_words, reason_words, stage_title
from liuliang.people.access import Access
from liuliang.people.models import Community
from liuliang.ui.charts import Chart, Series

WEEKS = 13
"""Ends of weeks in the trend: a quarter."""

SHOWN = 3
"""Things to do that are told."""

BAR = 1000


@dataclass(frozen=True, slots=True)
class DrawnPart:
    """A part as it is drawn: its bar and the interval on it in thousandths, and where its people are."""

    graded: Graded
    width: int
    low: int
    span: int
    in_url: str
    out_url: str


@dataclass(frozen=True, slots=True)
class ToDo:
    """Something worth doing: the sentence with its number, how, and whom to begin with."""

    sentence: str
    advice: str
    url: str


@page(permission=ANALYTICS_VIEW)
def group(request: StaffRequest, community: Community) -> HttpResponse:
    """Show how one group does."""
    context = {**tabs(request, community, "community-health"), "health": HEALTH, "lifecycle": LIFECYCLE}
    if not community.is_group or community.archived_at is not None:
        return render(request, "console/health/none.html", context)
    seen = see(request.access)
    found = seen.found.get(community.id)
    if seen.looked is None or found is None:
        return render(request, "console/health/none.html", context)
    last = seen.looked.last
    may_see = request.access.may(MEMBERS_VIEW, community)
    weeks = trend(seen.looked, [community.id], WEEKS)[community.id]
    told = found.health
    peers = seen.peers
    context |= {
        "found": found,
        "told": told,
        "grade": GRADES[told.grade],
        "change": change_of(compare(weeks[-1], weeks[-1 - A_WINDOW])),
        "period": window(last),
        "parts": [_drawn(each, community, last, may_see=may_see) for each in told.parts],
        "peers": len(peers),
        "todos": [_todo(each, community, last, may_see=may_see) for each in lifts(told, peers)[:SHOWN]],
        "chart": _chart(weeks, last),
        "stage": stage_title(found.stage),
        "proposed": stage_title(found.proposal.stage),
        "move": STAGES[found.stage][1] if found.stage in STAGES else "",
        "reason": reason_words(found.proposal),
        "survivors": _survivors(found, community, last, may_see=may_see),
        "may_decide": request.access.may(ANALYTICS_EDIT, community),
        "may_weigh": request.access.may_everywhere(ANALYTICS_EDIT),
    }
    return render(request, "console/health/group.html", context)


def _drawn(graded: Graded, community: Community, last: date, *, may_see: bool) -> DrawnPart:
    low, high = round(graded.low * 10), round(graded.high * 10)
    rest = graded.of - graded.count
    return DrawnPart(
        graded,
        round((graded.points or 0.0) * 10),
        low,
        high - low,
        _behind(community, last, graded.part.key, "in") if may_see and graded.count else "",
        _behind(community, last, graded.part.key, "out") if may_see and rest else "",
    )


def _todo(found: Lift, community: Community, last: date, *, may_see: bool) -> ToDo:
    key = found.graded.part.key
    side: Side = "in" if key == "growth" else "out"
    return ToDo(lift_words(found), str(ADVICE[key]), _behind(community, last, key, side) if may_see else "")


def _survivors(found: Checkup, community: Community, last: date, *, may_see: bool) -> tuple[int, str] | None:
    """Return how many still speak in a dying group, and where they are; those of the days before where nobody does."""
    if found.stage != "dying":
        return None
    spoke, before = found.health.signals.spoke, found.health.signals.spoke_before
    part, count = ("participation", spoke) if spoke else ("retention", before)
    if not count:
        return 0, ""
    return count, _behind(community, last, part, "in" if spoke else "out") if may_see else ""


def _behind(community: Community, last: date, part: str, side: Side) -> str:
    if not names_people(part, side):
        return ""
    return behind_url("health", "", community=community.public_id, part=part, side=side, last=last.isoformat())


def _chart(weeks: Sequence[Health], last: date) -> Chart:
    labels = [f"{last - WEEK * back:%m-%d}" for back in range(len(weeks) - 1, -1, -1)]
    score = Series(
        "value",
        HEALTH.title,
        [_rounded(each.score) for each in weeks],
        low=[_rounded(each.low) if each.score is not None else None for each in weeks],
        high=[_rounded(each.high) if each.score is not None else None for each in weeks],
    )
    return Chart(
        "health",
        _("是在变好还是变差？"),
        "line",
        labels,
        [score],
        definition=_(
            "每个点是到那天为止 28 天的健康度，隔一周一个点，相邻的点有 21 天是同样的日子。停在点上能看到 95% 区间。"
        ),
        label_title=_("截至"),
        unit=HEALTH.unit,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _asked(parameters: QueryDict) -> tuple[str, Side, date]:
    part, side = parameters.get("part", ""), parameters.get("side", "")
    if side not in {"in", "out"} or not names_people(part, cast("Side", side)):
        raise ValueError(part)
    last = date.fromisoformat(parameters.get("last", ""))
    # So early a day has no window before it.
    if last - timedelta(days=366) < date.min + timedelta(days=366):
        raise ValueError(last)
    return part, cast("Side", side), last


def _words(_access: Access, parameters: QueryDict) -> str:
    part, side, last = _asked(parameters)
    told = {"part": PARTS[part].definition.title, "day": last.isoformat()}
    if side == "in":
        return _("健康度 · {part}：算在里面的人，截至 {day}").format(**told)
    return _("健康度 · {part}：没算进来的人，截至 {day}").format(**told)


def _needs(parameters: QueryDict) -> tuple[str, ...]:
    return (ORDERS_VIEW,) if parameters.get("part") == "conversion" else ()


def _members(ground: Ground, parameters: QueryDict) -> tuple[int, ...]:
    part, side, last = _asked(parameters)
    return people_behind(ground.scope, last, part, side)


declare("health", Crowd(_words, _needs, _members))

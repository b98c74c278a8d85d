"""复盘: a week or a month of one group or of all, on screen and as a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from io import BytesIO

from django.http import FileResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.accounts.permissions import ANALYTICS_VIEW, MEMBERS_VIEW
from liuliang.analytics.base import Asked, Style, metrics
from liuliang.analytics.health import Health, lifts
from liuliang.analytics.periods import ONE_DAY, Period
from liuliang.analytics.reviews import KEYS, REVIEW, Finding, Part, Unit, latest_period, period_of, review
from liuliang.console.analysis.ground import Ground, ground_of, query_of
from liuliang.console.analysis.metrics import needs_of, write
from liuliang.console.doors import StaffRequest, page
from liuliang.console.figures import change_of
from liuliang.console.health.ground import Seen, see
from liuliang.console.health.listing import health_url
from liuliang.console.health.words import lift_words, reason_words
from liuliang.console.reviews.file import write_review
from liuliang.console.reviews.pdf import write_review_pdf
from liuliang.people.models import Member
from liuliang.ui.figures import Change

UNITS = {"week": gettext_lazy("周复盘"), "month": gettext_lazy("月复盘")}
EARLIEST = date(1990, 1, 1)
TODOS = 8


@dataclass(frozen=True, slots=True)
class Who:
    """A group or a member behind a change, as it is told."""

    name: str
    url: str
    before: str
    now: str


@dataclass(frozen=True, slots=True)
class Line:
    """A metric in the review, as it is told."""

    title: str
    url: str
    before: str
    now: str
    unit: str
    change: Change | None
    is_real: bool
    counted: str
    groups: Sequence[Who]
    members: Sequence[Who]


@dataclass(frozen=True, slots=True)
class ToDo:
    """Something to do next: where, what, and where it opens."""

    place: str
    text: str
    url: str


@page(permission=ANALYTICS_VIEW)
def reviews(request: StaffRequest) -> HttpResponseBase:
    """Show the review of a period."""
    unit: Unit = "month" if request.GET.get("unit") == "month" else "week"
    ground = ground_of(request.access, request.GET, path=request.path)
    if ground.choice.known is None:
        return render(request, "console/analysis/empty.html", {"title": REVIEW.title})
    last = ground.asked().last_day
    period = _period(unit, request.GET.get("start", ""), last)
    known = ground.choice.known
    is_comparable = known.first <= period.previous.first
    lines = [
        _line(request, ground, period, each)
        for each in review(_questions(request, period), is_comparable=is_comparable)
    ]
    todos = _todos(see(request.access), ground)
    later = period_of(unit, period.last + ONE_DAY)
    context = {
        "ground": ground,
        "unit": unit,
        "units": [
            (words, f"?{query_of(request.GET, unit=key, start=None)}", key == unit) for key, words in UNITS.items()
        ],
        "period": period,
        "title": _title(ground),
        "changed": [line for line in lines if line.is_real],
        "steady": [line for line in lines if not line.is_real],
        "todos": todos,
        "review": REVIEW,
        "is_comparable": is_comparable,
        "known": known,
        "is_over": period.last <= last,
        "before_url": f"?{query_of(request.GET, start=period_of(unit, period.first - ONE_DAY).first.isoformat())}",
        "after_url": f"?{query_of(request.GET, start=later.first.isoformat())}" if later.first <= last else "",
        "unit_words": UNITS[unit],
        "file_url": f"?{query_of(request.GET, export='xlsx')}",
        "paper_url": f"?{query_of(request.GET, export='pdf')}",
    }
    name = f"{REVIEW.title}-{_title(ground)}-{period.first:%Y%m%d}-{period.last:%Y%m%d}"
    if request.GET.get("export") == "xlsx":
        return FileResponse(write_review(context), as_attachment=True, filename=f"{name}.xlsx")
    if request.GET.get("export") == "pdf":
        return FileResponse(BytesIO(write_review_pdf(context)), as_attachment=True, filename=f"{name}.pdf")
    return render(request, "console/reviews/page.html", context)


def _period(unit: Unit, start: str, last: date) -> Period:
    """Return the period of the address; anything unreadable or yet to come means the latest that is over."""
    try:
        day = parse_date(start)
    except ValueError:
        day = None
    if day is None or not EARLIEST <= day <= last:
        return latest_period(unit, last)
    return period_of(unit, day)


def _questions(request: StaffRequest, period: Period) -> Mapping[str, Asked]:
    """Return the question of every metric that may be seen somewhere, with the groups where it may."""
    found = {}
    for key in KEYS:
        needed = needs_of(metrics()[key])
        if all(map(request.access.may, needed)):
            asked = ground_of(request.access, request.GET, *needed).asked()
            found[key] = replace(asked, period=period)
    return found


def _title(ground: Ground) -> str:
    chosen = ground.chosen
    if not chosen:
        return _("全部社群")
    return chosen[0].name if len(chosen) == 1 else _("{n} 个社群").format(n=len(chosen))


def _line(request: StaffRequest, ground: Ground, period: Period, finding: Finding) -> Line:
    metric, found = finding.found.metric, finding.found
    style = metric.style
    days = {"from": period.first.isoformat(), "to": period.last.isoformat()}
    query = query_of(request.GET, unit=None, start=None, export=None, days=None, **days)
    nothing = 0 if style in {"count", "money"} and metric.key != "arpu" else None
    return Line(
        str(metric.definition.title),
        f"{reverse('console:metric', args=[metric.key])}?{query}",
        write(style, found.before.value if found.before is not None else nothing),
        write(style, found.now.value if found.now is not None else nothing),
        "" if style in {"money", "percent", "duration"} else str(metric.definition.unit),
        change_of(found.comparison, metric.definition, in_points=style == "percent"),
        finding.is_real,
        str(metric.definition.counted),
        [_group(ground, style, each) for each in finding.groups],
        _people(request, style, finding.members),
    )


def _group(ground: Ground, style: Style, part: Part) -> Who:
    public_id = next((place.public_id for place in ground.places if place.id == part.id), "")
    url = reverse("console:community", args=[public_id]) if public_id else ""
    return Who(ground.names.get(part.id, str(part.id)), url, write(style, part.before), write(style, part.now))


def _people(request: StaffRequest, style: Style, parts: Sequence[Part]) -> list[Who]:
    """Return members by name; only those that the viewer may see."""
    mine = request.access.members(MEMBERS_VIEW) if request.access.may(MEMBERS_VIEW) else Member.objects.none()
    names = {
        pk: (name, public_id)
        for pk, name, public_id in mine.filter(pk__in=[each.id for each in parts]).values_list(
            "pk", "name", "public_id"
        )
    }
    return [
        Who(names[each.id][0] or _("没有昵称"), reverse("console:member", args=[names[each.id][1]]),
            write(style, each.before), write(style, each.now))
        for each in parts
        if each.id in names
    ]  # fmt: skip


def _todos(seen: Seen, ground: Ground) -> list[ToDo]:
    """Return what to do now: dying groups first, then what would raise the chosen groups most."""
    here = set(ground.scope.communities)
    found = [(seen.places[key], each) for key, each in seen.found.items() if key in here]
    dying = [
        ToDo(place.name, f"{_('死群')} · {reason_words(each.proposal)}", health_url(place.public_id))
        for place, each in found
        if each.stage == "dying"
    ]
    peers: list[Health] = seen.peers
    best = [
        (lift, place)
        for place, each in found
        if each.stage != "dying"
        for lift in (lifts(each.health, peers)[:3] if len(found) == 1 else lifts(each.health, peers)[:1])
    ]
    best.sort(key=lambda one: -one[0].gain)
    rest = [ToDo(place.name, lift_words(lift), health_url(place.public_id)) for lift, place in best]
    return [*dying, *rest][:TODOS]

"""The page of proposals, and its parts: people worth a segment, when to call somebody lost, when to speak."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from liuliang.accounts.permissions import ANALYTICS_VIEW, MEMBERS_VIEW, ORDERS_VIEW, SEGMENTS_EDIT
from liuliang.analytics.comebacks import COMEBACKS, RARE, SILENCES, WITHIN, Comeback, comebacks, lost_after
from liuliang.analytics.hours import BEST_HOURS, Slot, best_hours
from liuliang.analytics.periods import ONE_DAY
from liuliang.analytics.presence import robots
from liuliang.analytics.traffic import activity
from liuliang.console.analysis.ground import ground_of
from liuliang.console.doors import StaffRequest, finds, page
from liuliang.console.segments.editor import chosen_place, place_options, speaks_of_trade
from liuliang.kernel import clock
from liuliang.people.access import Access
from liuliang.people.models import Community
from liuliang.segments.dimensions.activity import Thresholds
from liuliang.segments.layering import dimensions
from liuliang.segments.patterns import PATTERNS, Pattern
from liuliang.segments.queries import try_rule
from liuliang.segments.standing import rules_of
from liuliang.ui import formats
from liuliang.ui.charts import Chart, Mark, Series
from liuliang.ui.words import WEEKDAYS

FOLDER = "console/advice"
SHOWN = 12
"""Groups whose hours are shown: those in which most is said."""


@finds("pattern")
def find_pattern(access: Access, permission: str, value: str) -> Pattern | None:
    """Find a rule worth trying; who may not see orders is not told of rules about them."""
    pattern = PATTERNS.get(value)
    if pattern is None or (speaks_of_trade(pattern.rule) and not access.may(ORDERS_VIEW)):
        return None
    del permission
    return pattern


@page(permission=SEGMENTS_EDIT)
def advice(request: StaffRequest) -> HttpResponse:
    """Show what is proposed; each part works itself out once the page is shown."""
    place = chosen_place(request.access, request.GET.get("in", ""))
    context = {
        "place": place,
        "places": place_options(request.access),
        "may_be_everywhere": request.access.may_everywhere(SEGMENTS_EDIT),
        "patterns": [each for each in PATTERNS.values() if _may_try(request.access, each, place)],
        "may_change_layers": _may_change_layers(request.access),
        "may_see_figures": request.access.may(ANALYTICS_VIEW),
        "comebacks": COMEBACKS,
        "best_hours": BEST_HOURS,
    }
    return render(request, f"{FOLDER}/page.html", context)


def _may_try(access: Access, pattern: Pattern, place: Community | None) -> bool:
    if not speaks_of_trade(pattern.rule):
        return True
    return access.may(ORDERS_VIEW, place) if place else access.may_everywhere(ORDERS_VIEW)


def _may_change_layers(access: Access) -> bool:
    return access.may_everywhere(SEGMENTS_EDIT) and access.may_everywhere(MEMBERS_VIEW)


@page(permission=SEGMENTS_EDIT)
def people(request: StaffRequest, pattern: Pattern) -> HttpResponse:
    """Count the people of a rule worth trying."""
    place = chosen_place(request.access, request.GET.get("in", ""))
    trial = None
    if _may_try(request.access, pattern, place):
        trial = try_rule(pattern.rule, community=place.pk if place else None, at=clock.now())
    asked = {"like": pattern.key, **({"in": place.public_id} if place else {})}
    context = {
        "pattern": pattern,
        "trial": trial,
        "share": trial.size / trial.of if trial and trial.of else None,
        "url": f"{reverse('console:new-segment')}?{urlencode(asked)}",
    }
    return render(request, f"{FOLDER}/people.html", context)


@page(permission=SEGMENTS_EDIT)
def lost(request: StaffRequest) -> HttpResponse:
    """Show after how many days of silence people no longer come back, beside the threshold in force."""
    if not _may_change_layers(request.access):
        return render(request, f"{FOLDER}/lost.html", {})
    dimension = dimensions()["activity"]
    rules = rules_of(dimension)
    if not isinstance(rules, Thresholds):
        raise TypeError(rules)
    last_day = clock.local_day(clock.now(), settings.TIME_ZONE) - ONE_DAY
    steps = comebacks(tuple(sorted({*SILENCES, rules.silent_days})), last_day, robots())
    verdict = lost_after(steps, rules.silent_days)
    proposed = verdict.there.silent if verdict.there is not None else None
    is_allowed = proposed is not None and rules.active_days < proposed < rules.long_lost_days
    context = {
        "verdict": verdict,
        "chart": _drawn([step for step in steps if step.people], rules.silent_days),
        "dimension": dimension,
        "fields": {**rules.model_dump(), "silent_days": proposed} if is_allowed else None,
        "within": WITHIN,
        "rare": RARE,
        "now_words": _share_words(verdict.now),
        "there_words": _share_words(verdict.there) if verdict.there else "",
    }
    return render(request, f"{FOLDER}/lost.html", context)


def _share_words(step: Comeback) -> str:
    if step.share is None or step.interval is None:
        return ""
    low, high = step.interval
    return _("{share}（{low} ~ {high}，{people} 人里 {back} 人）").format(
        share=formats.percent(step.share, 1), low=formats.percent(low, 1), high=formats.percent(high, 1),
        people=formats.exact(step.people), back=formats.exact(step.back),
    )  # fmt: skip


def _drawn(steps: list[Comeback], now: int) -> Chart:
    labels = [ngettext("{n} 天", "{n} 天", step.silent).format(n=step.silent) for step in steps]
    here = ngettext("{n} 天", "{n} 天", now).format(n=now)
    shares = Series(
        "value",
        _("之后 30 天又有动静的"),
        [step.share if step.interval else None for step in steps],
        "percent",
        low=[step.interval[0] if step.interval else None for step in steps],
        high=[step.interval[1] if step.interval else None for step in steps],
    )
    marks = [Mark(_("现在的界线"), here)] if here in labels else []
    return Chart(
        "comebacks", COMEBACKS.title, "line", labels, [shares], definition=COMEBACKS.counted,
        label_title=_("安静了"), marks=marks,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Lively:
    """A group and its best hours, as they are shown."""

    name: str
    url: str
    slots: tuple[tuple[str, Slot], ...]


@page(permission=ANALYTICS_VIEW)
def hours(request: StaffRequest) -> HttpResponse:
    """Show in which hours most people speak, of the groups in which most is said."""
    ground = ground_of(request.access, request.GET)
    if ground.choice.known is None:
        return render(request, f"{FOLDER}/hours.html", {"groups": []})
    said = activity(ground.scope, ground.choice.period).talk
    loudest = sorted(said, key=lambda each: (-said[each].messages, each))[:SHOWN]
    found = best_hours(ground.scope.only(loudest), ground.choice.period.last)
    ids = {place.id: place.public_id for place in ground.places}
    groups = [
        Lively(
            ground.names[each],
            reverse("console:community", args=[ids[each]]),
            tuple((f"{WEEKDAYS[slot.weekday]} {slot.hour}:00", slot) for slot in found[each]),
        )
        for each in loudest
        if each in found
    ]
    return render(request, f"{FOLDER}/hours.html", {"groups": groups, "best_hours_counted": BEST_HOURS.counted})

"""What a review says of a week, a month or a stage of one group or of all, to whoever may see what: on screen, as a file, by mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.accounts.permissions import MEMBERS_VIEW
from liuliang.analytics.base import Asked, Style, metrics
from liuliang.analytics.checkups import Checkup
from liuliang.analytics.contributions import Contribution
from liuliang.analytics.health import Health, lifts
from liuliang.analytics.models import StageChoice
from liuliang.analytics.periods import ONE_DAY, Period
from liuliang.analytics.reviews import KEYS, REVIEW, Finding, Part, Unit, latest_period, period_of, review
from liuliang.console.analysis.ground import Ground, ground_of, query_of, recorded_until
from liuliang.console.analysis.metrics import behind_metric, grounds_of, write
from liuliang.console.figures import change_of
from liuliang.console.health.ground import Seen, see
from liuliang.console.health.listing import health_url
from liuliang.console.health.words import lift_words, reason_words, stage_title
from liuliang.console.periods import STALE
from liuliang.kernel import clock
from liuliang.lake.queries import in_one_state
from liuliang.people.access import Access
from liuliang.people.blueprint import read_blueprint
from liuliang.people.models import Community, Member
from liuliang.ui import formats
from liuliang.ui.figures import Change

UNITS = {"week": gettext_lazy("周复盘"), "month": gettext_lazy("月复盘")}
"""What is sent again and again, and stands on a dashboard."""

STAGE = "stage"
"""The review of days that somebody chose, as of a stage of a group's life or of a sale."""

STAGE_WORDS = gettext_lazy("阶段复盘")
STAGE_DAYS = 90
"""Days of a stage's review while nobody has chosen any, or said since when the stage lasts."""

EARLIEST = date(1990, 1, 1)
_NO_DAYS = {"from": None, "to": None}
TODOS = 8
WORTH_DOING = 1.0
"""Points of the score that something must add to be proposed in a review."""


@dataclass(frozen=True, slots=True)
class Who:
    """A group or a member behind a change, as it is told; ``values`` are the numbers before and now.

    ``usual`` is what it changed by in the period before, where that is what it is held against.
    """

    name: str
    url: str
    before: str
    now: str
    values: tuple[float, float]
    usual: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A metric in the review, as it is told; ``values`` are the numbers before and now, money in minor units."""

    key: str
    title: str
    url: str
    before: str
    now: str
    values: tuple[float | None, float | None]
    style: Style
    unit: str
    change: Change | None
    is_real: bool
    is_unsure: bool
    counted: str
    groups: Sequence[Who]
    members: Sequence[Who]
    people: People | None = None

    @property
    def is_rate(self) -> bool:
        """Tell whether its groups add to it by more than their numbers, so that each needs a line of its own."""
        return self.style not in {"count", "money"}


@dataclass(frozen=True, slots=True)
class People:
    """Some of the people whose doing a change is: what they have in common, a few of them as (name, url), and where all are listed."""

    title: str
    few: Sequence[tuple[str, str]]
    url: str


@dataclass(frozen=True, slots=True)
class ToDo:
    """Something to do next: where, what, and where it opens."""

    place: str
    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What is known of a period: every figure as a line, and by its key the question it answers.

    ``why_not`` says why it cannot be compared with the one before; empty where it can.
    """

    period: Period
    why_not: str
    lines: Sequence[Line]
    questions: Mapping[str, Asked]

    @property
    def changed(self) -> list[Line]:
        """Return the lines that changed beyond the usual."""
        return [line for line in self.lines if line.is_real]

    @property
    def unsure(self) -> list[Line]:
        """Return the lines of which nothing can be told."""
        return [line for line in self.lines if line.is_unsure]

    @property
    def steady(self) -> list[Line]:
        """Return the lines that are as usual."""
        return [line for line in self.lines if not line.is_real and not line.is_unsure]


def changes_of(ground: Ground, parameters: QueryDict, *, names_people: bool = True) -> Changes | None:
    """Return what changed in the period that ``parameters`` ask for; None while nothing is known. Arguments as of `tell_review`."""
    access, known = ground.access, ground.choice.known
    if known is None:
        return None
    period = _period(ground, parameters)
    why_not = _why_not(known.first, period, is_over=_is_over(ground, period))
    who = access.members(MEMBERS_VIEW) if names_people and access.may(MEMBERS_VIEW) else Member.objects.none()
    questions = _questions(access, parameters, period)
    with in_one_state():
        found = review(questions, is_comparable=not why_not)
        lines = [_line(who, parameters, ground, period, each, is_comparable=not why_not) for each in found]
    return Changes(period, why_not, lines, questions)


def _is_over(ground: Ground, period: Period) -> bool:
    """Tell whether all of a period is known: that a group fell silent within it is no end of what is known."""
    return period.last <= _last_day(ground)


def _last_day(ground: Ground) -> date:
    """Return the last day of which all is known; a group that fell silent is reviewed in its silence too."""
    return clock.local_day(recorded_until(ground), ground.timezone) - ONE_DAY


def _why_not(first_known: date, period: Period, *, is_over: bool) -> str:
    """Say why a period cannot be compared with the one before; nothing where it can."""
    if not is_over:
        return _("这一期还没过完，过完才和上一期比：几天的数和整期放在一起，什么都像跌了。")
    if first_known > period.previous.first:
        return _("记录从 {day} 才开始，没有完整的上一期，所以说不出变化。").format(day=formats.day(first_known))
    return ""


def _unit(parameters: QueryDict) -> Unit:
    return "month" if parameters.get("unit") == "month" else "week"


def _is_of_stage(parameters: QueryDict) -> bool:
    return parameters.get("unit") == STAGE


def tell_review(
    access: Access, parameters: QueryDict, *, path: str = "", names_people: bool = True
) -> Mapping[str, Any] | None:
    """Return all that is said of the period that ``parameters`` ask for, as somebody may see it; None while nothing is known.

    Args:
        access: of whoever reads it.
        parameters: of the address: unit, start and community.
        path: of the page on which other periods are chosen.
        names_people: whether members are named; files that leave the console name none.
    """
    ground = ground_of(access, parameters, path=path)
    changes = changes_of(ground, parameters, names_people=names_people)
    known = ground.choice.known
    if changes is None or known is None:
        return None
    last, period = _last_day(ground), changes.period
    seen = see(access, period.last)
    is_of_stage = _is_of_stage(parameters)
    unit = STAGE if is_of_stage else _unit(parameters)
    before, after = _beside(unit, period)
    stage, note = _stage_known(ground, last) if is_of_stage else (None, "")
    is_latest = period.last >= (last if is_of_stage else latest_period(_unit(parameters), last).last)
    return {
        "ground": ground,
        "unit": unit,
        "units": [
            (words, f"?{query_of(parameters, unit=key, start=None, **_NO_DAYS)}", key == unit)
            for key, words in {**UNITS, STAGE: STAGE_WORDS}.items()
        ],
        "is_of_stage": is_of_stage,
        "stage_note": note if stage == period else "",
        "period": period,
        "title": ground.place_words,
        "changed": changes.changed,
        "unsure": changes.unsure,
        "steady": changes.steady,
        "todos": _todos(seen, ground, is_latest=is_latest),
        "todos_day": seen.looked.last if seen.looked is not None else None,
        "review": REVIEW,
        "why_not": changes.why_not,
        "silent_since": known.last if known.last < min(period.last, last) - STALE else None,
        "is_over": _is_over(ground, period),
        "before_url": f"?{query_of(parameters, **before)}",
        "after_url": f"?{query_of(parameters, **after)}" if period.last < last else "",
        "unit_words": STAGE_WORDS if is_of_stage else UNITS[unit],
        "file_url": f"?{query_of(parameters, export='xlsx')}",
        "paper_url": f"?{query_of(parameters, export='pdf')}",
    }


def file_name(told: Mapping[str, Any], kind: str) -> str:
    """Return what the file of a review is called; ``kind`` is its extension."""
    period = told["period"]
    return f"{REVIEW.title}-{told['title']}-{period.first:%Y%m%d}-{period.last:%Y%m%d}.{kind}"


def _period(ground: Ground, parameters: QueryDict) -> Period:
    """Return the period of the address; anything unreadable or yet to come means the latest that is over."""
    last = _last_day(ground)
    if _is_of_stage(parameters):
        period = ground.choice.period
        # Of today only a part is known: it would be held against whole days.
        is_chosen = ground.choice.is_custom and period.first <= last
        return Period(period.first, min(period.last, last)) if is_chosen else _usual_stage(ground, last)
    unit = _unit(parameters)
    try:
        day = parse_date(parameters.get("start", ""))
    except ValueError:
        day = None
    if day is None or not EARLIEST <= day <= last:
        return latest_period(unit, last)
    return period_of(unit, day)


def _beside(unit: str, period: Period) -> tuple[dict[str, str], dict[str, str]]:
    """Return what an address says of the period before, and of the one after."""
    if unit == STAGE:
        days = timedelta(days=len(period))
        later = Period(period.first + days, period.last + days)
        return _days(period.previous), _days(later)
    kind: Unit = "month" if unit == "month" else "week"
    beside = (period_of(kind, period.first - ONE_DAY), period_of(kind, period.last + ONE_DAY))
    before, after = ({"start": each.first.isoformat()} for each in beside)
    return before, after


def _days(period: Period) -> dict[str, str]:
    return {"from": period.first.isoformat(), "to": period.last.isoformat()}


def _usual_stage(ground: Ground, last: date) -> Period:
    """Return the stage that is known of the one chosen community, or the last `STAGE_DAYS`."""
    stage, _note = _stage_known(ground, last)
    return stage or Period(last - timedelta(days=STAGE_DAYS - 1), last)


def _stage_known(ground: Ground, last: date) -> tuple[Period | None, str]:
    """Return the days since staff said which stage the one chosen community is in, or those of its blueprint, and say so."""
    if len(ground.chosen) != 1:
        return None, ""
    chosen = StageChoice.objects.filter(community=ground.chosen[0].id).first()
    if chosen is not None and (since := clock.local_day(chosen.at, ground.timezone)) < last:
        words = _("从 {day} 定为“{stage}”那天起").format(stage=stage_title(chosen.stage), day=formats.day(since))
        return Period(since, last), words
    plan = read_blueprint(Community.objects.values_list("blueprint", flat=True).get(id=ground.chosen[0].id))
    if plan.begins is not None and plan.begins < last:
        end = min(plan.ends or last, last)
        return Period(plan.begins, end), _("按蓝图里写的起止日")
    return None, ""


def _questions(access: Access, parameters: QueryDict, period: Period) -> Mapping[str, Asked]:
    """Return the question of every metric that may be seen somewhere, with the groups where it may."""
    grounds = grounds_of(access, parameters, [metrics()[key] for key in KEYS])
    return {
        key: replace(ground.asked(), period=period, until=recorded_until(ground)) for key, ground in grounds.items()
    }


def _line(
    who: QuerySet[Member],
    parameters: QueryDict,
    ground: Ground,
    period: Period,
    finding: Finding,
    *,
    is_comparable: bool,
) -> Line:
    metric, found = finding.found.metric, finding.found
    style = metric.style
    days = {"from": period.first.isoformat(), "to": period.last.isoformat()}
    query = query_of(parameters, unit=None, start=None, export=None, days=None, **days)
    nothing = 0 if style in {"count", "money"} and metric.key != "arpu" else None
    # Of a period that is not looked at nobody knows whether it had nothing.
    before = found.before.value if found.before is not None else nothing if is_comparable else None
    now = found.now.value if found.now is not None else nothing
    return Line(
        metric.key,
        str(metric.definition.title),
        f"{reverse('console:metric', args=[metric.key])}?{query}",
        write(style, before),
        write(style, now),
        (before, now),
        style,
        "" if style in {"money", "percent", "duration"} else str(metric.definition.unit),
        change_of(found.comparison, metric.definition, in_points=style == "percent"),
        finding.is_real,
        finding.is_unsure,
        str(metric.definition.counted),
        [
            *(_group(ground, style, each) for each in finding.groups),
            *(_rate(ground, style, each) for each in finding.rates),
        ],
        _people(who, style, finding.members),
        _behind(who, finding, ground, period, query),
    )


def _group(ground: Ground, style: Style, part: Part) -> Who:
    public_id = next((place.public_id for place in ground.places if place.id == part.id), "")
    url = reverse("console:community", args=[public_id]) if public_id else ""
    name = ground.names.get(part.id, str(part.id))
    usual = _("上一期 {change}").format(change=f"{part.usual:+,.0f}") if part.usual else ""
    return Who(name, url, write(style, part.before), write(style, part.now), (part.before, part.now), usual)


def _rate(ground: Ground, style: Style, part: Contribution) -> Who:
    """Return a group with what it adds to the change of a share or a median: of its own, and by having more or fewer of all."""
    told = _group(ground, style, Part(part.id, part.before or 0.0, part.now or 0.0))
    if style == "percent":
        adds, within, mix = (_("{points} 个百分点").format(points=f"{100 * each:+.1f}") for each in
                             (part.difference, part.within, part.mix))  # fmt: skip
    else:
        adds, within, mix = (_signed(style, each) for each in (part.difference, part.within, part.mix))
    sizes = f"{part.size_before:,} → {part.size_now:,}"
    words = _("带来 {adds}：群里自己 {within}，占比变化 {mix}；样本 {sizes}").format(
        adds=adds, within=within, mix=mix, sizes=sizes
    )
    return replace(told, before=write(style, part.before), now=write(style, part.now), usual=words)


def _signed(style: Style, value: float) -> str:
    """Write a difference with its sign; one that rounds to nothing has none."""
    size = write(style, abs(value))
    if size == write(style, 0.0):
        return size
    return f"{'+' if value > 0 else '−'}{size}"


def _behind(who: QuerySet[Member], finding: Finding, ground: Ground, period: Period, query: str) -> People | None:
    """Return the people whose doing a change is; only where the reader may see them."""
    metric = finding.found.metric
    names = {pk: (name, public_id) for pk, name, public_id in
             who.filter(pk__in=finding.people).values_list("pk", "name", "public_id")}  # fmt: skip
    if not names:
        return None
    title = next(str(side.title) for side in metric.sides if side.key == finding.side)
    few = [
        (names[each][0] or _("没有昵称"), reverse("console:member", args=[names[each][1]]))
        for each in finding.people
        if each in names
    ]
    asked = replace(ground.asked(), period=period, until=recorded_until(ground))
    return People(title, few, behind_metric(metric, asked, "", query, side=finding.side))


def _people(mine: QuerySet[Member], style: Style, parts: Sequence[Part]) -> list[Who]:
    """Return members by name; only those that the reader may see."""
    names = {
        pk: (name, public_id)
        for pk, name, public_id in mine.filter(pk__in=[each.id for each in parts]).values_list(
            "pk", "name", "public_id"
        )
    }
    return [
        Who(names[each.id][0] or _("没有昵称"), reverse("console:member", args=[names[each.id][1]]),
            write(style, each.before), write(style, each.now), (each.before, each.now))
        for each in parts
        if each.id in names
    ]  # fmt: skip


def _todos(seen: Seen, ground: Ground, *, is_latest: bool) -> list[ToDo]:
    """Return what there was to do when the period ended: dying groups first, then what would raise the chosen groups most."""
    here = set(ground.scope.communities)
    found = [(seen.places[key], each) for key, each in seen.found.items() if key in here]
    dying = [
        ToDo(place.name, f"{_('死群')} · {reason_words(each.proposal)}", health_url(place.public_id))
        for place, each in found
        if _stage(each, is_latest=is_latest) == "dying"
    ]
    peers: list[Health] = seen.peers
    best = [
        (lift, place)
        for place, each in found
        if _stage(each, is_latest=is_latest) != "dying"
        for lift in lifts(each.health, peers)[: 3 if len(found) == 1 else 1]
        if not lift.is_small and lift.gain >= WORTH_DOING
    ]
    best.sort(key=lambda one: -one[0].gain)
    rest = [ToDo(place.name, lift_words(lift), health_url(place.public_id)) for lift, place in best]
    return [*dying, *rest][:TODOS]


def _stage(found: Checkup, *, is_latest: bool) -> str:
    """Return the stage in force when a period ended: staff's word holds from the day it was given."""
    chosen, end = found.chosen, found.health.signals.end
    if chosen is not None and not is_latest and clock.local_day(chosen.at, settings.TIME_ZONE) > end:
        return found.proposal.stage
    return found.stage

"""Looking at alerts: every day that is over is judged once, and a day that goes on as often as it may fire before its end.

The question is asked outside any transaction; what it came to is written under a lock of the alert's row, and only if the
alert was not looked at or changed meanwhile. So of two workers one writes, and a firing is unique in the database besides.
Whoever is to be told of new firings finds them by `liuliang.alerting.queries.untold`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction

from liuliang.alerting.judging import Series, Verdict, judge_all
from liuliang.alerting.models import Alert, Firing
from liuliang.alerting.rules import Condition, may_fire_early, read_condition
from liuliang.alerting.series import Ground, ground_of, series_of
from liuliang.analytics.base import Metric, metrics
from liuliang.analytics.periods import ONE_DAY, Period
from liuliang.importers.models import Import
from liuliang.kernel import readers
from liuliang.kernel.errors import Refused

SETTLES = timedelta(minutes=15)
"""After midnight, until the readers of the log have seen what was said before it."""

EARLY = timedelta(minutes=15)
"""Between two looks at a day that may fire before it is over."""

WAITS = timedelta(hours=1)
"""Until somebody looks again for a day that is over and of which the log knows nothing yet."""

CATCHES_UP = 7
"""Days that are judged later than the next day, as after an import or a standstill; those before are past."""

MOST_BEHIND = 1_000
"""Events that the lake may lack while days are judged."""

RECENT = 30
"""Days kept for the small picture in the list."""

BATCH = 50


@dataclass(frozen=True, slots=True)
class Look:
    """What a look came to: the last day judged, the verdicts that fired, the outcome, and the metric's latest days."""

    looked_day: date
    fired: Sequence[tuple[int | None, Verdict, bool]]
    outcome: str
    recent: Sequence[float | None]
    recent_day: date | None


def look_at_due(at: datetime) -> int:
    """Look at the alerts that are due, at most `BATCH`; return how many there were.

    While a file is on its way into the log, or the lake lacks much of it, nothing is judged.
    """
    due = list(Alert.objects.filter(due_at__lte=at).order_by("due_at", "id").select_related("community")[:BATCH])
    if not due or is_unsettled(at):
        return 0
    for alert in due:
        try:
            look_at(alert, at)
        except Refused:
            # The lake gave up: the others are not to wait for it.
            Alert.objects.filter(pk=alert.pk).update(due_at=at + WAITS, outcome="slow")
    return len(due)


def is_unsettled(at: datetime) -> bool:
    """Tell whether facts of days that are over are on their way: an import of the last hours runs, or the lake is behind."""
    if Import.objects.filter(state__in=("queued", "running"), created_at__gt=at - timedelta(hours=6)).exists():
        return True
    return readers.lag().get("lake", 0) > MOST_BEHIND


def look_at(alert: Alert, at: datetime) -> int:
    """Judge the days of an alert that were not judged yet; return how many firings were new."""
    metric = metrics().get(alert.metric)
    is_gone = metric is None or (alert.community is not None and alert.community.archived_at is not None)
    ground = None if is_gone else ground_of(alert.community, at)
    if metric is None or ground is None:
        found = Look(alert.looked_day, (), "gone" if is_gone else "nothing", (), None)
    else:
        found = examine(alert, metric, ground)
    return _record(alert, found, _next(alert, metric, ground, found.looked_day, at), at)


def examine(alert: Alert, metric: Metric, ground: Ground) -> Look:
    """Return what there is to say of the days after the last that was judged."""
    condition = read_condition(alert.condition)
    last = ground.last_known(metric)
    first = max(alert.looked_day + ONE_DAY, last - timedelta(days=CATCHES_UP - 1))
    days = Period(first, last).days if first <= last else ()
    is_early = ground.is_live and last == ground.last_day and may_fire_early(metric, condition)
    end = last + ONE_DAY if is_early else last
    begin = min(first, last - timedelta(days=RECENT - 1)) - timedelta(days=condition.history)
    told = series_of(metric, ground, Period(begin, end), is_each=alert.is_each)
    fired: list[tuple[int | None, Verdict, bool]] = []
    states: list[str] = []
    for day in days:
        verdicts = judge_all(condition, told, day)
        states = [each.state for each in verdicts.values()]
        fired += [(key, each, False) for key, each in verdicts.items() if each.is_fired]
    if is_early:
        verdicts = judge_all(condition, told, end, is_over=False)
        fired += [(key, each, True) for key, each in verdicts.items() if each.is_fired]
    whole = told if not alert.is_each else series_of(metric, ground, Period(begin, end), is_each=False)
    recent = recent_of(whole[None], last)
    before = outcome_before(recent) if alert.outcome in {"gone", "nothing"} else alert.outcome
    return Look(max(last, alert.looked_day), fired, outcome_of(states, bool(fired), before), recent, last)


def outcome_of(states: Sequence[str], has_fired: bool, before: str) -> str:
    """Return what a look came to: that of its last day; without a day that is over, what it was before."""
    if has_fired:
        return "fired"
    if not states:
        return before
    return next((state for state in ("quiet", "short", "thin") if state in states), "nothing")


def outcome_before(recent: Sequence[float | None]) -> str:
    """Return how an alert stands before it has judged a day: of a metric without any value nothing can be called usual."""
    return "quiet" if any(value is not None for value in recent) else "nothing"


def recent_of(series: Series, last: date) -> list[float | None]:
    """Return the last days of a metric, for a small picture."""
    days = Period(last - timedelta(days=RECENT - 1), last).days
    return [point.value if (point := series.get(day)) is not None else None for day in days]


def _next(alert: Alert, metric: Metric | None, ground: Ground | None, looked: date, at: datetime) -> datetime:
    """Return when to look again: soon where today may still fire, else after the next midnight."""
    if metric is None or ground is None:
        return at + WAITS
    if not ground.is_live or looked < ground.last_known(metric):
        return at + WAITS
    ends = max(
        Period(ground.last_day, ground.last_day + ONE_DAY).instants(zone)[1] for zone, _ids in ground.asked.scope.zones
    )
    settled = ends + SETTLES
    if may_fire_early(metric, read_condition(alert.condition)):
        return min(settled, at + EARLY)
    return settled if settled > at else at + WAITS


@transaction.atomic
def _record(alert: Alert, found: Look, due_at: datetime, at: datetime) -> int:
    """Write down what a look came to, unless somebody else was first."""
    now = (
        Alert.objects.select_for_update(of=("self",))
        .filter(pk=alert.pk, looked_day=alert.looked_day, changed_at=alert.changed_at)
        .first()
    )
    if now is None:
        return 0
    is_muted = now.muted_until is not None and now.muted_until > at
    communities = {key: key if key is not None else now.community_id for key, _verdict, _early in found.fired}
    days = {verdict.day for _key, verdict, _early in found.fired}
    there = set(Firing.objects.filter(alert=now, day__in=days).values_list("community_id", "day"))
    condition = read_condition(now.condition)
    fresh = [
        _firing(now, condition, communities[key], verdict, is_early=is_early, is_muted=is_muted, at=at)
        for key, verdict, is_early in found.fired
        if (communities[key], verdict.day) not in there
    ]
    Firing.objects.bulk_create(fresh)
    now.looked_day, now.outcome, now.due_at = found.looked_day, found.outcome, due_at
    if found.recent_day is not None:
        now.recent, now.recent_day = list(found.recent), found.recent_day
    now.save(update_fields=["looked_day", "outcome", "due_at", "recent", "recent_day"])
    return len(fresh)


def _firing(
    alert: Alert,
    condition: Condition,
    community: int | None,
    verdict: Verdict,
    *,
    is_early: bool,
    is_muted: bool,
    at: datetime,
) -> Firing:
    return Firing(
        alert=alert,
        community_id=community,
        day=verdict.day,
        value=verdict.value or 0.0,
        expected=verdict.expected,
        low=verdict.low,
        high=verdict.high,
        condition=condition.written,
        is_early=is_early,
        is_muted=is_muted,
        fired_at=at,
    )

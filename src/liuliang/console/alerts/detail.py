"""One alert: its days, every time it fired with the people behind it, the plan, and what people do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.accounts.permissions import ANALYTICS_EDIT, ANALYTICS_VIEW
from liuliang.alerting.models import Alert, Firing
from liuliang.alerting.queries import firings, who_may_see
from liuliang.alerting.rehearsing import rehearse
from liuliang.alerting.rules import read_condition
from liuliang.alerting.series import ground_of
from liuliang.alerting.services import acknowledge, delete_alert, mute_alert, resume_alert
from liuliang.analytics.base import metrics
from liuliang.analytics.periods import Period
from liuliang.console import errors
from liuliang.console.alerts.letters import letter_key
from liuliang.console.alerts.pictures import each_chart, whole_chart
from liuliang.console.alerts.words import STATES, alert_words, firing_words, place_words, state_of
from liuliang.console.analysis.behind import behind_url
from liuliang.console.analysis.ground import may_see_members
from liuliang.console.doors import StaffRequest, finds, page
from liuliang.console.leading import back, lead_to
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.mail import services as mail
from liuliang.mail.models import Letter
from liuliang.people.access import Access
from liuliang.ui.charts import Chart

SHOWN = 100
"""Firings on the page: the latest."""

MUTES = {"1": gettext_lazy("1 天"), "7": gettext_lazy("7 天"), "30": gettext_lazy("30 天")}

LETTERS: dict[str, tuple[str | Promise, str]] = {
    "waiting": (gettext_lazy("等着发"), ""),
    "sending": (gettext_lazy("正在发"), ""),
    "sent": (gettext_lazy("已发出"), "good"),
    "failed": (gettext_lazy("没有发出去"), "bad"),
    "unknown": (gettext_lazy("不知道有没有到"), "warn"),
    "dropped": (gettext_lazy("账号已停用，没有发"), ""),
}
"""What the state of a letter is called, and its tone."""


@dataclass(frozen=True, slots=True)
class Post:
    """A letter about a firing: to whom, and what became of it."""

    name: str
    words: str | Promise
    tone: str
    error: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A firing as the page tells it."""

    firing: Firing
    sentence: str
    place: str
    metric_url: str
    behind: str
    letters: list[Post]


@finds("firing")
def find_firing(access: Access, permission: str, value: str) -> Firing | None:
    """Find a firing of an alert that somebody may see, where the permission holds."""
    return firings(access, permission).filter(public_id=value).first()


@page(permission=ANALYTICS_VIEW)
def alert(request: StaffRequest, alert: Alert) -> HttpResponse:
    """Show one alert."""
    rows = list(alert.firings.select_related("alert", "community", "acknowledged_by").order_by("-day", "-id")[:SHOWN])
    letters = _letters(alert, rows)
    may_name = may_see_members(request.access)
    waiting = alert.firings.filter(acknowledged_at=None, is_muted=False).count()
    now = clock.now()
    seeing = {each.pk for each in who_may_see(alert.metric, alert.community)}
    told = [
        (each.staff, each.staff.is_active and each.staff_id in seeing) for each in alert.told.select_related("staff")
    ]
    state, tone = STATES[state_of(alert, waiting, now)]
    context = {
        "alert": alert,
        "asks": alert_words(alert),
        "place": place_words(alert.community, is_each=alert.is_each),
        "state": state,
        "tone": tone,
        "is_muted": alert.muted_until is not None and alert.muted_until > now,
        "mutes": MUTES,
        "chart": _chart(alert),
        "shown": [_shown(each, letters.get(each.pk, []), may_name=may_name) for each in rows],
        "fired": alert.firings.count(),
        "waiting": waiting,
        "lately": alert.firings.filter(day__gt=alert.looked_day - timedelta(days=30)).count(),
        "told": told,
        "may_change": _may_change(request.access, alert),
        "mail_is_set": mail.is_set(),
        "steps": [line.strip() for line in alert.steps.splitlines() if line.strip()],
    }
    return render(request, "console/alerts/alert.html", context)


@page(permission=ANALYTICS_VIEW, methods=("POST",))
def take(request: StaffRequest, firing: Firing) -> HttpResponse:
    """Take a firing on."""
    taken = acknowledge(firing, note=request.POST.get("note", ""), at=clock.now())
    messages.success(request, _("已接手，其他人看得到是你在处理。"))
    return _back(request, taken.alert)


@page(permission=ANALYTICS_EDIT, methods=("POST",))
def mute(request: StaffRequest, alert: Alert) -> HttpResponse:
    """Tell nobody for some days, or until the end of a day."""
    now = clock.now()
    mute_alert(alert, _until(request.POST, alert, now), at=now)
    messages.success(request, _("已静音，响了照样记下来，只是不通知。"))
    return _back(request, alert)


@page(permission=ANALYTICS_EDIT, methods=("POST",))
def resume(request: StaffRequest, alert: Alert) -> HttpResponse:
    """Tell people again."""
    resume_alert(alert)
    messages.success(request, _("已恢复通知。"))
    return _back(request, alert)


@page(permission=ANALYTICS_EDIT, methods=("POST",))
def remove(request: StaffRequest, alert: Alert) -> HttpResponse:
    """Delete an alert and its history."""
    delete_alert(alert)
    return back(request, reverse("console:alerts"), _("预警已删除。"))


def _until(posted: QueryDict, alert: Alert, now: datetime) -> datetime:
    """Return until when nobody is told: some days from now, or the end of a day where the community is."""
    days = posted.get("days", "")
    if days in MUTES:
        return now + timedelta(days=int(days))
    try:
        day = parse_date(posted.get("until", ""))
    except ValueError:
        day = None
    if day is None or day.year > now.year + 5:
        raise Refused("alert.mute")
    zone = alert.community.timezone if alert.community is not None else settings.TIME_ZONE
    return Period(day, day).instants(zone)[1]


def _may_change(access: Access, alert: Alert) -> bool:
    if alert.community is None:
        return access.may_everywhere(ANALYTICS_EDIT)
    return access.may(ANALYTICS_EDIT, alert.community)


def _chart(alert: Alert) -> Chart | str:
    """Return the picture of the last 90 days, or why there is none."""
    metric, ground = metrics().get(alert.metric), ground_of(alert.community, clock.now())
    if metric is None or ground is None:
        return _("没有可以画的数据。")
    condition = read_condition(alert.condition)
    try:
        found = rehearse(metric, ground, condition, is_each=alert.is_each)
    except Refused as refusal:
        return errors.sentence(refusal)
    return each_chart(found) if alert.is_each else whole_chart(metric, condition, found.whole)


def _shown(firing: Firing, letters: list[Post], *, may_name: bool) -> Shown:
    url, behind = links_of(firing, may_name=may_name)
    return Shown(firing, firing_words(firing), place_words(firing.community), url, behind, letters)


def links_of(firing: Firing, *, may_name: bool) -> tuple[str, str]:
    """Return where the day of a firing is shown on the page of its metric, and who was counted; empty where that is nothing."""
    query = {"from": firing.day.isoformat(), "to": firing.day.isoformat()}
    if firing.community is not None:
        query = {"community": firing.community.public_id, **query}
    asked = urlencode(query)
    metric = metrics().get(firing.alert.metric)
    url = f"{reverse('console:metric', args=[metric.key])}?{asked}" if metric is not None else ""
    behind = ""
    if metric is not None and metric.sides and may_name and firing.value:
        behind = behind_url("metric", asked, metric=metric.key, step="whole", start=firing.day.isoformat())
    return url, behind


def _letters(alert: Alert, rows: list[Firing]) -> dict[int, list[Post]]:
    """Return what became of the letters about some firings, in one look."""
    owners = list(alert.told.values_list("staff_id", flat=True))
    first = {each.told_with for each in rows if each.told_with is not None}
    keys = {letter_key(each, staff): each for each in first for staff in owners}
    posts: dict[int, list[Post]] = {}
    for letter in Letter.objects.filter(key__in=list(keys)).select_related("staff").defer("text", "attachment"):
        words, tone = LETTERS[letter.state]
        posts.setdefault(keys[letter.key], []).append(Post(letter.staff.name, words, tone, letter.error))
    return {each.pk: posts.get(each.told_with, []) for each in rows if each.told_with is not None}


def _back(request: StaffRequest, alert: Alert) -> HttpResponse:
    return lead_to(request, reverse("console:alert", args=[alert.public_id]))

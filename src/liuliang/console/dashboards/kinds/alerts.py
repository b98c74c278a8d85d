"""The card of alerts: which fired lately and are not taken, and who was told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django import forms
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.alerting.models import Firing
from liuliang.alerting.queries import firings, waiting
from liuliang.analytics.periods import ONE_DAY
from liuliang.console.alerts.detail import links_of
from liuliang.console.alerts.words import alert_url, firing_words, place_words, style_of
from liuliang.console.analysis.ground import Ground, may_see_members
from liuliang.console.analysis.statements import of_records, told
from liuliang.console.dashboards.drawn import Drawn, Line
from liuliang.console.dashboards.face import Face, Fields, Standing
from liuliang.dashboards.models import Card
from liuliang.dashboards.questions import AlertsQuestion
from liuliang.people.access import Access

SHOWN = 10
"""Firings on the card: the latest."""

MOST_LINES = 500
"""Firings in the file."""

WHOSE = {"all": gettext_lazy("所有我能看的预警"), "mine": gettext_lazy("通知我的预警")}


@dataclass(frozen=True, slots=True)
class Row:
    """A firing as the card tells it: ``told`` are the names of those who are told of the alert."""

    firing: Firing
    url: str
    sentence: str
    place: str
    told: str
    behind: str


def draw(standing: Standing, question: AlertsQuestion) -> Drawn:
    """Draw the firings of the period that wait for somebody, the latest first."""
    ground = standing.ground
    rows = _among(waiting(ground.access) if question.whose == "mine" else _untaken(ground.access), ground)
    first, last = ground.choice.period.first, _until(ground)
    lately = rows.filter(day__gte=first, day__lte=last).select_related("alert", "community").order_by("-day", "-id")
    found = list(lately.prefetch_related("alert__owners")[:MOST_LINES])
    earlier = rows.filter(day__lt=first).count()
    may_name = may_see_members(ground.access)
    notes = [_("{n} 次没人接手").format(n=len(found)) if found else _("这段时间响过的都有人接手了，或者没有响过。")]
    if len(found) > SHOWN:
        notes.append(_("列出最近 {n} 次").format(n=SHOWN))
    if earlier:
        notes.append(_("更早还有 {n} 次没人接手").format(n=earlier))
    return Drawn(
        _("哪些预警还没人接手？"),
        _(
            "响了、没有静音、还没有人点“我来处理”的预警，一个群一天算一次，按响的那天算在期内。只列你能看的预警；选了社群，就只列那些社群的。"
        ),
        reverse("console:alerts"),
        sqls=[told(of_records(lately.values("id", "alert", "community", "day", "value")))],
        part="console/dashboards/alerts.html" if found else "",
        context={"firings": [_row(each, may_name=may_name) for each in found[:SHOWN]]},
        note=" · ".join(notes),
        lines=[
            Line(
                " · ".join((each.day.isoformat(), each.alert.name, place_words(each.community))), each.value,
                style_of(each.alert.metric), each.low, each.high,
            )
            for each in found
        ],
    )  # fmt: skip


def _untaken(access: Access) -> QuerySet[Firing]:
    return firings(access).filter(acknowledged_at=None, is_muted=False)


def _among(rows: QuerySet[Firing], ground: Ground) -> QuerySet[Firing]:
    """Keep the firings of the communities that were chosen and of what lies below them."""
    if ground.chosen:
        rows = rows.filter(community__path__overlap=[place.id for place in ground.chosen])
    if ground.charged is not None:
        rows = rows.filter(community__path__overlap=list(ground.charged.communities))
    return rows


def _until(ground: Ground) -> date:
    """Return the last day told of. A period that reaches the end of the records has all that fired since, today included."""
    choice = ground.choice
    ends = choice.today - ONE_DAY if choice.known is None else min(choice.known.last, choice.today - ONE_DAY)
    return choice.today if choice.period.last >= ends else choice.period.last


def _row(firing: Firing, *, may_name: bool) -> Row:
    _page, behind = links_of(firing, may_name=may_name)
    names = _("、").join(staff.name for staff in firing.alert.owners.all())
    return Row(
        firing, alert_url(firing.alert), firing_words(firing), place_words(firing.community), names or "–", behind
    )


def _fields(access: Access, card: Card | None) -> Fields:
    del access, card
    return {"whose": forms.ChoiceField(label=_("哪些预警"), choices=list(WHOSE.items()))}


FACE = Face("alerts", draw, fields=_fields, has_days=True)

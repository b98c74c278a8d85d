"""预警: every alert one may see, how it stands, and what its metric does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Max, Q
from django.http import HttpResponseBase
from django.utils.translation import gettext_lazy as _

from liuliang.accounts.permissions import ANALYTICS_EDIT, ANALYTICS_VIEW
from liuliang.alerting.models import Alert
from liuliang.alerting.queries import visible
from liuliang.console.alerts.words import STATES, alert_url, alert_words, place_words, state_of
from liuliang.console.doors import StaffRequest, finds, page
from liuliang.kernel import clock
from liuliang.mail import services as mail
from liuliang.people.access import Access
from liuliang.ui.listing import Choice, Column, Empty, Listing, ListSource, Option, Source, Text, cells

SHOWN = 500
"""Alerts in one list: the latest."""


@finds("alert")
def find_alert(access: Access, permission: str, value: str) -> Alert | None:
    """Find an alert that somebody may see, where the permission holds."""
    return visible(access, permission).select_related("community").filter(public_id=value).first()


@dataclass(frozen=True, slots=True)
class Row:
    """An alert as the list shows it."""

    id: int
    public_id: str
    name: str
    place: str
    asks: str
    state: str
    waiting: int
    fired: int
    last_day: date | None
    recent: list[float | None]
    told: list[str]
    url: str


LISTING = Listing(
    key="alerts",
    title=_("预警"),
    columns=(
        Column("name", _("预警"), sort="name", is_fixed=True, space="clipped"),
        Column("state", _("状态"), show=cells.state(STATES), sort="state"),
        Column("place", _("社群"), sort="place", space="clipped"),
        Column("asks", _("什么时候响"), space="wrapping"),
        Column("recent", _("近 30 天"), show=cells.spark),
        Column("last_day", _("最近一次响"), show=cells.day, sort="last_day"),
        Column("fired", _("响过"), show=cells.count, sort="fired", align="end"),
        Column("waiting", _("待处理"), show=cells.count, sort="waiting", align="end"),
        Column("told", _("通知谁"), show=cells.tags),
    ),
    filters=(
        Text("q", _("搜索预警、社群或指标")),
        Choice("state", _("状态"), options=[Option(key, words[0]) for key, words in STATES.items()], is_primary=True),
    ),
    default_sort="-waiting",
    tie_breaker="id",
    key_field="public_id",
    row_url=lambda row: row.url,
    export_name=_("预警"),
    export_permission=ANALYTICS_VIEW,
    empty=Empty(
        _("还没有预警"),
        _(
            "选一个指标，说清什么时候该叫你：低于一个数，或者和平常的这一天不一样。保存以前就能看到过去 90 天里它会响几次。"
        ),
        _("设预警"),
        "/alerts/new/",
        "chart",
        ANALYTICS_EDIT,
    ),
)


@page(permission=ANALYTICS_VIEW)
def listing(request: StaffRequest) -> HttpResponseBase:
    """List the alerts one may see."""
    rows = rows_of(request.access)
    context = {
        "may_set": request.access.may(ANALYTICS_EDIT),
        "mail_is_set": mail.is_set(),
        "ringing": sum(each.waiting for each in rows),
    }
    return LISTING.respond(request, _narrowed(rows), template="console/alerts/list.html", context=context)


def rows_of(access: Access) -> list[Row]:
    """Return the alerts somebody may see, with what waits and what there was."""
    waiting = Q(firings__acknowledged_at=None, firings__is_muted=False, firings__pk__isnull=False)
    found = (
        visible(access)
        .select_related("community")
        .prefetch_related("owners")
        .annotate(waiting=Count("firings", filter=waiting), fired=Count("firings"), last=Max("firings__day"))
        .order_by("-created_at", "-id")[:SHOWN]
    )
    now = clock.now()
    return [
        Row(
            alert.pk, alert.public_id, alert.name, place_words(alert.community, is_each=alert.is_each), alert_words(alert),
            state_of(alert, alert.waiting, now), alert.waiting, alert.fired, alert.last, list(alert.recent),
            [each.name for each in alert.owners.all()], alert_url(alert),
        )
        for alert in found
    ]  # fmt: skip


def _narrowed(found: list[Row]) -> Callable[[Mapping[str, Any]], Source]:
    def rows(values: Mapping[str, Any]) -> Source:
        wanted = str(values.get("q", "")).casefold()
        return ListSource(
            [
                each
                for each in found
                if any(wanted in text.casefold() for text in (each.name, each.place, each.asks))
                and values.get("state", each.state) == each.state
            ]
        )

    return rows

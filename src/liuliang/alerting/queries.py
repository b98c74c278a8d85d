"""Which alerts somebody may see, and which firings wait for whom."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from django.db.models import Exists, OuterRef, Q, QuerySet

from liuliang.accounts.models import Staff
from liuliang.accounts.permissions import ANALYTICS_VIEW
from liuliang.alerting.models import Alert, Firing
from liuliang.analytics.base import metrics
from liuliang.people.access import Access
from liuliang.people.models import Community, Grant

UNTOLD = 200
"""Alerts whose firings are told of at once."""


def visible(access: Access, permission: str = ANALYTICS_VIEW) -> QuerySet[Alert]:
    """Return the alerts of communities where ``permission`` holds and their figures may be seen; of all only to whom all is shown.

    What a metric needs besides (orders) must hold there as well. Those of metrics that are gone are seen like any figure.
    """
    return Alert.objects.filter(_reach(access, permission, ""))


def firings(access: Access, permission: str = ANALYTICS_VIEW) -> QuerySet[Firing]:
    """Return the firings of the alerts that somebody may see."""
    return Firing.objects.filter(_reach(access, permission, "alert__"))


def waiting(access: Access) -> QuerySet[Firing]:
    """Return the firings that somebody is told of and nobody has taken yet."""
    mine = Firing.objects.filter(alert__told__staff=access.staff, acknowledged_at=None, is_muted=False)
    return mine.filter(_reach(access, ANALYTICS_VIEW, "alert__"))


def untold() -> Sequence[int]:
    """Return the ids of alerts with firings of which nobody was told yet."""
    waiting = Firing.objects.filter(told_at=None, is_muted=False)
    return list(waiting.order_by("alert").values_list("alert", flat=True).distinct()[:UNTOLD])


def who_may_see(metric: str, community: Community | None) -> Sequence[Staff]:
    """Return the staff who may see what an alert on this metric tells of this community (None: of all), by name."""
    needed = [ANALYTICS_VIEW]
    found = metrics().get(metric)
    if found is not None and found.permission:
        needed.append(found.permission)
    above = Q(community=None) if community is None else Q(community=None) | Q(community__in=community.path)
    staff = Staff.objects.filter(is_active=True)
    for permission in needed:
        held = Grant.objects.filter(above, staff=OuterRef("pk"), role__permissions__contains=[permission])
        staff = staff.filter(Q(is_owner=True) | Exists(held))
    return list(staff.order_by("name", "id"))


def _reach(access: Access, permission: str, prefix: str) -> Q:
    allowed = Q()
    reach = access.community_ids(permission, ANALYTICS_VIEW)
    if reach is not None:
        allowed &= Q(**{f"{prefix}community__in": reach})
    for needed, keys in _demanding().items():
        reach = access.community_ids(needed)
        if reach is not None:
            allowed &= ~Q(**{f"{prefix}metric__in": keys}) | Q(**{f"{prefix}community__in": reach})
    return allowed


@cache
def _demanding() -> dict[str, list[str]]:
    """Return the metrics that need a permission of their own, by it."""
    found: dict[str, list[str]] = {}
    for metric in metrics():
        if metric.permission:
            found.setdefault(metric.permission, []).append(metric.key)
    return found

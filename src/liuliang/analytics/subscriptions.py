"""Having reviews sent: to whom, of what, how often."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.accounts.models import Staff
from liuliang.analytics.models import ReviewSubscription
from liuliang.analytics.periods import ONE_DAY
from liuliang.analytics.reviews import Unit, latest_period
from liuliang.kernel.clock import local_day
from liuliang.people.models import Community

SUBSCRIBED = audit.action("review.subscribed", _("订阅复盘"))
UNSUBSCRIBED = audit.action("review.unsubscribed", _("退订复盘"))


@transaction.atomic
def subscribe(staff: Staff, community: Community | None, unit: Unit, *, at: datetime) -> ReviewSubscription:
    """Have somebody sent the reviews of a community (None: of all) from the period on that is not over yet; once is enough."""
    past = latest_period(unit, local_day(at, zone_of(community)) - ONE_DAY).first
    row, is_new = ReviewSubscription.objects.get_or_create(
        staff=staff, community=community, unit=unit, defaults={"sent_first": past, "at": at}
    )
    if is_new:
        audit.record(SUBSCRIBED, row, name=_name(row), community=row.community_id, changes={"review_unit": ("", unit)})
    return row


@transaction.atomic
def unsubscribe(subscription: ReviewSubscription) -> None:
    """Have somebody sent these reviews no more."""
    changes = {"review_unit": (subscription.unit, "")}
    audit.record(
        UNSUBSCRIBED, subscription, name=_name(subscription), community=subscription.community_id, changes=changes
    )
    subscription.delete()


def zone_of(community: Community | None) -> str:
    """Return the time zone of the days in a community's reviews; of all, the one that all groups have, else the installation's."""
    if community is not None:
        return community.timezone
    zones = set(Community.objects.filter(is_group=True).values_list("timezone", flat=True).distinct())
    return zones.pop() if len(zones) == 1 else settings.TIME_ZONE


def _name(row: ReviewSubscription) -> str:
    return row.community.name if row.community is not None else ""

"""Who has which plan."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db.models import Q, QuerySet

from liuliang.accounts.permissions import SHOP_VIEW
from liuliang.people.access import Access
from liuliang.subscriptions.models import Plan, Subscription


def plans_on(person: int, day: date) -> list[Plan]:
    """Return the plans that a person (canonical record) has on a local day."""
    rows = subscriptions_of(person).filter(starts_on__lte=day, ends_on__gte=day)
    return list({row.plan_id: row.plan for row in rows}.values())


def subscriptions_of(person: int) -> QuerySet[Subscription]:
    """Return the subscriptions of all records of a person, what lasts longest first."""
    whose = Q(member=person) | Q(member__canonical=person)
    return Subscription.objects.filter(whose).select_related("plan").order_by("-ends_on", "id")


def plans(access: Access, permission: str = SHOP_VIEW) -> QuerySet[Plan]:
    """Return the plans of branches where the permission holds, and, to look at, those above them."""
    allowed = access.community_ids(permission)
    if allowed is None:
        return Plan.objects.all()
    return Plan.objects.filter(Q(community__in=allowed) | Q(community=None))


def named_plans(ids: Sequence[int]) -> dict[int, str]:
    """Return what plans are called."""
    return dict(Plan.objects.filter(pk__in=ids).values_list("pk", "name"))

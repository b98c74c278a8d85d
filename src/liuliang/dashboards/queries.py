"""Which dashboards somebody may read, and which they may change."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet

from liuliang.accounts.permissions import ANALYTICS_VIEW
from liuliang.dashboards.models import Card, Dashboard
from liuliang.people.access import Access
from liuliang.people.models import Community, Grant


def visible(access: Access) -> QuerySet[Dashboard]:
    """Return the dashboards that somebody may read: their own, and those shared with a role that they hold.

    Of a dashboard that speaks of a branch, the role must be held in that branch, above it, or below it. Owners of the
    installation read all.
    """
    rows = Dashboard.objects.select_related("community", "owner")
    if access.is_owner:
        return rows
    grants = Grant.objects.filter(staff=access.staff, role__permissions__contains=[ANALYTICS_VIEW])
    held = grants.filter(role=OuterRef("roles"))
    # The paths of communities hold their own ids, so that "above" and "below" are containment both ways.
    below = Community.objects.filter(pk=OuterRef("community"), path__contains=[OuterRef(OuterRef("community"))])
    above = Community.objects.filter(pk=OuterRef(OuterRef("community")), path__contains=[OuterRef("community")])
    near = held.filter(Q(community=None) | Exists(below) | Exists(above))
    # By id: one dashboard may be shared with several roles that somebody holds.
    shared = Dashboard.objects.filter(Q(community=None) & Exists(held) | Exists(near)).values("pk")
    return rows.filter(Q(owner=access.staff) | Q(pk__in=shared))


def changeable(access: Access) -> QuerySet[Dashboard]:
    """Return the dashboards that somebody may change: their own; owners of the installation may change all."""
    rows = Dashboard.objects.select_related("community", "owner")
    return rows if access.is_owner else rows.filter(owner=access.staff)


def cards_of(dashboard: Dashboard) -> list[Card]:
    """Return the cards of a dashboard in their order, without those that were removed."""
    return list(dashboard.cards.filter(removed_at=None).select_related("community").order_by("position", "id"))


def cards_in(dashboards: QuerySet[Dashboard]) -> QuerySet[Card]:
    """Return the cards of some dashboards, those removed included."""
    rows = Card.objects.select_related("dashboard__community", "community")
    return rows.filter(dashboard__in=dashboards.values("pk"))

"""Making, changing, sharing and deleting dashboards."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.accounts.models import Role, Staff
from liuliang.accounts.permissions import ANALYTICS_VIEW
from liuliang.dashboards.models import Card, Dashboard
from liuliang.dashboards.queries import cards_of
from liuliang.dashboards.questions import read_question
from liuliang.dashboards.ready import ReadyCard
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access
from liuliang.people.models import Community

CREATED = audit.action("dashboard.created", _("新建看板"))
RENAMED = audit.action("dashboard.renamed", _("修改看板"))
SHARED = audit.action("dashboard.shared", _("分享看板"))
DELETED = audit.action("dashboard.deleted", _("删除看板"))

MOST_EACH = 100
"""Dashboards of one person at the most."""

LENGTHS = (7, 30, 90)
"""Days that a dashboard or a card can usually speak of."""

NAME_LIMIT = 100


@transaction.atomic
def create_dashboard(
    name: str, *, owner: Staff, community: Community | None, cards: Collection[ReadyCard] = (), at: datetime
) -> Dashboard:
    """Make a dashboard with some cards.

    Raises:
        Refused: ``dashboard.name``, ``dashboard.too_many``, and as for questions.
    """
    name = _named(name)
    Staff.objects.select_for_update().get(pk=owner.pk)
    if Dashboard.objects.filter(owner=owner).count() >= MOST_EACH:
        raise Refused("dashboard.too_many", most=MOST_EACH)
    made = Dashboard.objects.create(name=name, owner=owner, community=community, created_at=at, changed_at=at)
    Card.objects.bulk_create(
        Card(
            dashboard=made, position=place, kind=card.kind, width=card.width,
            question=read_question(card.kind, card.question).model_dump(exclude_defaults=True),
        )
        for place, card in enumerate(cards)
    )  # fmt: skip
    audit.record(CREATED, made, name=name, community=made.community_id, changes={"cards": (0, len(cards))})
    return made


@transaction.atomic
def copy_dashboard(dashboard: Dashboard, *, name: str, owner: Staff, at: datetime) -> Dashboard:
    """Make somebody a dashboard of their own with the same cards; it is shared with nobody.

    Raises:
        Refused: as for `create_dashboard`.
    """
    made = create_dashboard(name, owner=owner, community=dashboard.community, at=at)
    made.meaning, made.days = dashboard.meaning, dashboard.days
    made.save(update_fields=["meaning", "days"])
    Card.objects.bulk_create(
        Card(
            dashboard=made, position=place, kind=card.kind, question=card.question, title=card.title, width=card.width,
            follows=card.follows, community=card.community, days=card.days,
        )
        for place, card in enumerate(cards_of(dashboard))
    )  # fmt: skip
    return made


@transaction.atomic
def change_dashboard(
    dashboard: Dashboard, *, name: str, meaning: str, community: Community | None, days: int, by: Access, at: datetime
) -> None:
    """Change what a dashboard is called, and which branch and period it usually speaks of.

    Raises:
        Refused: ``dashboard.name``, ``dashboard.days``, ``dashboard.share_everywhere``.
    """
    if days not in LENGTHS:
        raise Refused("dashboard.days")
    row = Dashboard.objects.select_for_update(of=("self",)).select_related("community").get(pk=dashboard.pk)
    if row.roles.exists():
        _check_reach(community, by)
    before = (row.name, row.meaning, row.community, row.days)
    row.name, row.meaning, row.community, row.days = _named(name), meaning.strip()[:300], community, days
    row.changed_at = at
    row.save()
    changes: dict[str, tuple[object, object]] = {
        "name": (before[0], row.name),
        "meaning": (before[1], row.meaning),
        "community": (_place(before[2]), _place(community)),
        "days": (before[3], days),
    }
    if any(old != new for old, new in changes.values()):
        audit.record(RENAMED, row, name=row.name, community=row.community_id, changes=changes)


@transaction.atomic
def share_dashboard(dashboard: Dashboard, roles: Collection[Role], *, by: Access, at: datetime) -> None:
    """Let the holders of some roles read a dashboard, and of no others.

    Raises:
        Refused: ``dashboard.role_blind`` for a role that may not see figures, ``dashboard.share_everywhere`` where the
            dashboard speaks of no branch and ``by`` may not see all communities.
    """
    row = Dashboard.objects.select_for_update(of=("self",)).select_related("community").get(pk=dashboard.pk)
    if roles:
        _check_reach(row.community, by)
    for role in roles:
        if ANALYTICS_VIEW not in role.permissions:
            raise Refused("dashboard.role_blind", role=role.name)
    before = sorted(row.roles.values_list("name", flat=True))
    row.roles.set(roles)
    row.changed_at = at
    row.save(update_fields=["changed_at"])
    after = sorted(role.name for role in roles)
    if before != after:
        audit.record(SHARED, row, name=row.name, community=row.community_id, changes={"roles": (before, after)})


@transaction.atomic
def delete_dashboard(dashboard: Dashboard) -> None:
    """Delete a dashboard for everybody it is shared with."""
    count = len(cards_of(dashboard))
    audit.record(
        DELETED, dashboard, name=dashboard.name, community=dashboard.community_id, changes={"cards": (count, 0)}
    )
    dashboard.delete()


def _check_reach(community: Community | None, by: Access) -> None:
    """Refuse to show something to holders of a role in every branch by somebody who does not see every branch."""
    if community is None and not by.may_everywhere(ANALYTICS_VIEW):
        raise Refused("dashboard.share_everywhere")


def _named(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise Refused("dashboard.name")
    return name[:NAME_LIMIT]


def _place(community: Community | None) -> str:
    return community.name if community is not None else ""

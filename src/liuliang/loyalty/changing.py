"""Changes that a job carries on with: the change and the job's order commit together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from liuliang.loyalty import jobs
from liuliang.loyalty.honour import Rule, write_badge
from liuliang.loyalty.leveling import NewLevel, set_ladder
from liuliang.loyalty.models import Badge, Level


@transaction.atomic
def change_ladder(levels: Sequence[NewLevel]) -> list[Level]:
    """Make these the levels, and let everybody rise whose growth is enough. Raises as `set_ladder`."""
    made = set_ladder(levels)
    jobs.raise_members.defer()
    return made


@transaction.atomic
def save_badge(badge: Badge, rule: Rule | None, *, at: datetime) -> Badge:
    """Save a badge, and let its rule, where it has one, give it soon. Raises as `write_badge`."""
    write_badge(badge, rule, at=at)
    if rule is not None and badge.is_active:
        jobs.give_badge.defer(badge=badge.pk)
    return badge

"""What staff decide and enter: the weights of health, stages by hand, costs and goals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.analytics.base import metrics
from liuliang.analytics.health import PARTS, READY_WEIGHTS
from liuliang.analytics.lifecycle import STAGES
from liuliang.analytics.models import ChannelCost, Goal, HealthWeights, StageChoice
from liuliang.kernel.errors import Refused
from liuliang.people.models import Community

WEIGHED = audit.action("health.weighed", _("改健康度权重"))
STAGED = audit.action("community.staged", _("手动定社群阶段"))
UNSTAGED = audit.action("community.unstaged", _("社群阶段改回按数据"))
SPENT = audit.action("cost.entered", _("登记获客花费"))
UNSPENT = audit.action("cost.deleted", _("删除获客花费"))
AIMED = audit.action("goal.set", _("定目标"))
UNAIMED = audit.action("goal.deleted", _("删除目标"))

HEAVIEST = 100
MOST_SPENT = 10**13
"""Minor units of one cost at the most."""

LONGEST = 366
"""Days of one cost or goal at the most."""


@transaction.atomic
def set_weights(weights: Mapping[str, int], *, at: datetime) -> None:
    """Set how much each part of health weighs, for everybody. Parts that are not named keep nothing.

    Raises:
        Refused: ``health.weight`` where one is not from 0 to 100, ``health.weightless`` where all are 0.
    """
    told = {key: weights.get(key, 0) for key in PARTS}
    for key, weight in told.items():
        if not 0 <= weight <= HEAVIEST:
            raise Refused("health.weight", part=str(PARTS[key].definition.title), most=HEAVIEST)
    if not any(told.values()):
        raise Refused("health.weightless")
    row = HealthWeights.objects.select_for_update().filter(id=1).first()
    before = dict(READY_WEIGHTS) | (row.weights if row else {})
    if told == {key: before[key] for key in PARTS}:
        return
    row, _is_new = HealthWeights.objects.update_or_create(
        id=1, defaults={"weights": told, "changed_at": at, "changed_by": audit.actor().staff}
    )
    audit.record(WEIGHED, row, changes={str(PARTS[key].definition.title): (before[key], told[key]) for key in PARTS})


@transaction.atomic
def set_stage(community: Community, stage: str, *, reason: str = "", at: datetime) -> None:
    """Say which stage a community is in; it holds until it is taken back.

    Raises:
        Refused: ``stage.unknown``.
    """
    if stage not in STAGES:
        raise Refused("stage.unknown", stage=stage[:40])
    row = StageChoice.objects.select_for_update().filter(community=community).first()
    before = str(STAGES[row.stage][0]) if row is not None and row.stage in STAGES else ""
    reason = reason.strip()[:300]
    StageChoice.objects.update_or_create(
        community=community, defaults={"stage": stage, "reason": reason, "staff": audit.actor().staff, "at": at}
    )
    changes = {"stage": (before, str(STAGES[stage][0])), "reason": (row.reason if row else "", reason)}
    audit.record(STAGED, community, name=community.name, community=community.id, changes=changes)


@transaction.atomic
def take_back_stage(community: Community) -> None:
    """Let the data say again which stage a community is in."""
    row = StageChoice.objects.select_for_update().filter(community=community).first()
    if row is None:
        return
    before = str(STAGES[row.stage][0]) if row.stage in STAGES else row.stage
    row.delete()
    audit.record(UNSTAGED, community, name=community.name, community=community.id, changes={"stage": (before, "")})


@transaction.atomic
def enter_cost(
    *,
    community: Community | None,
    how: str,
    first_day: date,
    last_day: date,
    amount: int,
    at: datetime,
    note: str = "",
) -> ChannelCost:
    """Enter what was spent on bringing people in; ``amount`` is in minor units of CNY.

    Raises:
        Refused: ``cost.amount`` unless more than nothing was spent, ``cost.days`` for days that end before they begin or are
            more than a year.
    """
    if not 0 < amount <= MOST_SPENT:
        raise Refused("cost.amount")
    _check_days(first_day, last_day, "cost.days")
    row = ChannelCost.objects.create(
        community=community, how=how, first_day=first_day, last_day=last_day, amount=amount, note=note.strip()[:200],
        staff=audit.actor().staff, at=at,
    )  # fmt: skip
    audit.record(
        SPENT, row, name=f"{first_day} ~ {last_day}", community=row.community_id, changes={"amount": (0, amount)}
    )
    return row


@transaction.atomic
def delete_cost(cost: ChannelCost) -> None:
    """Take back what was entered."""
    name = f"{cost.first_day} ~ {cost.last_day}"
    audit.record(UNSPENT, cost, name=name, community=cost.community_id, changes={"amount": (cost.amount, 0)})
    cost.delete()


@transaction.atomic
def set_goal(
    *, community: Community | None, metric: str, first_day: date, last_day: date, target: float, at: datetime
) -> Goal:
    """Set what a metric should reach in a period; a goal of the same metric, place and period takes the new number.

    Raises:
        Refused: ``goal.metric``, ``goal.target`` where it is no number above zero, ``goal.days`` as for costs.
    """
    known = metrics().get(metric)
    if known is None:
        raise Refused("goal.metric")
    if not math.isfinite(target) or target <= 0:
        raise Refused("goal.target")
    _check_days(first_day, last_day, "goal.days")
    row = Goal.objects.select_for_update().filter(
        community=community, metric=metric, first_day=first_day, last_day=last_day
    ).first()  # fmt: skip
    before = row.target if row is not None else 0.0
    row = row or Goal(community=community, metric=metric, first_day=first_day, last_day=last_day)
    row.target, row.staff, row.at = target, audit.actor().staff, at
    row.save()
    title = str(known.definition.title)
    audit.record(AIMED, row, name=title, community=row.community_id, changes={"target": (before, target)})
    return row


@transaction.atomic
def delete_goal(goal: Goal) -> None:
    """Take a goal away."""
    known = metrics().get(goal.metric)
    title = str(known.definition.title) if known is not None else goal.metric
    audit.record(UNAIMED, goal, name=title, community=goal.community_id, changes={"target": (goal.target, 0.0)})
    goal.delete()


def _check_days(first_day: date, last_day: date, code: str) -> None:
    if not 0 <= (last_day - first_day).days < LONGEST:
        raise Refused(code, most=LONGEST)

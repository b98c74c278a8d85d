"""Coupons to many at once, in batches that can be stopped and gone on with, and for what members do."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _
from pyroaring import BitMap

from liuliang.accounts import audit
from liuliang.commerce.coupons import give_coupon, give_coupons
from liuliang.commerce.models import CouponRule, CouponRun, CouponTemplate
from liuliang.kernel.errors import Refused
from liuliang.loyalty.behaviours import Behaviour, behaviours
from liuliang.people.names import clean_name

RUN_BEGUN = audit.action("coupon.run_begun", _("批量发放优惠券"))
RULE_ADDED = audit.action("coupon.rule_added", _("添加发券规则"))
RULE_CHANGED = audit.action("coupon.rule_changed", _("修改发券规则"))

KINDS = ("member.joined", "order.paid", "order.claimed")
"""Kinds of events that a rule may give for: rare ones, so that following them costs next to nothing."""

BATCH = 200
"""Members that one call gives theirs."""


HOLDS = (0, 10, 20, 50)
"""Per cent of a set that may be held back."""


@transaction.atomic
def begin_run(template: CouponTemplate, members: BitMap, *, title: str, at: datetime, hold: int = 0) -> CouponRun:
    """Begin to give everybody of a set one coupon; `go_on` does it. Who has theirs already is passed over.

    ``hold`` per cent of them, drawn by lot, get none, so that it can be told what the coupon did
    (`liuliang.analytics.experiments`).

    Raises:
        Refused: ``coupon.nobody``, ``coupon.inactive``, ``coupon.hold`` (so few of them that nobody would be held back).
    """
    if not members:
        raise Refused("coupon.nobody")
    if not template.is_active:
        raise Refused("coupon.inactive")
    held = _drawn(members, hold)
    if hold and not held:
        raise Refused("coupon.hold", fewest=-(-100 // hold))
    given = members - held
    run = CouponRun.objects.create(
        template=template, title=clean_name(title)[:120], members=given.serialize(), size=len(given),
        held=held.serialize() if held else b"", held_size=len(held), created_at=at, staff=audit.actor().staff,
    )  # fmt: skip
    audit.record(
        RUN_BEGUN, template, name=template.name, community=template.community_id,
        changes={"segment": (None, run.title), "count": (None, run.size), "held": (None, run.held_size)},
    )  # fmt: skip
    return run


def _drawn(members: BitMap, hold: int) -> BitMap:
    """Return so many per cent of a set, each as likely as any other."""
    count = len(members) * hold // 100
    return BitMap(np.random.default_rng().choice(members.to_array(), count, replace=False).tolist())


@transaction.atomic
def go_on(run: int, *, at: datetime) -> bool:
    """Give the next batch of a run theirs; return whether anybody is left. One worker at a time."""
    row = CouponRun.objects.select_for_update(of=("self",)).select_related("template").get(id=run)
    if row.ended_at is not None:
        return False
    members = BitMap.deserialize(bytes(row.members))
    begin = members.rank(row.after) if row.after >= 0 else 0
    batch = list(members[begin : begin + BATCH])
    is_over = len(batch) < BATCH
    if batch:
        given, refused = give_coupons(row.template, batch, how="segment", cause=f"run:{run}", at=at)
        CouponRun.objects.filter(pk=run).update(
            after=batch[-1], given=F("given") + given, refused=F("refused") + refused
        )
    if is_over:
        CouponRun.objects.filter(pk=run).update(ended_at=at)
    return not is_over


def occasions() -> list[Behaviour]:
    """Return what members do that a rule may give for."""
    return [each for each in behaviours() if set(each.kinds) <= set(KINDS)]


@transaction.atomic
def add_rule(template: CouponTemplate, behaviour: str, *, community: int | None, at: datetime) -> CouponRule:
    """Give this coupon to whoever does something from now on.

    Raises:
        Refused: ``rule.behaviour``.
    """
    if behaviour not in {each.key for each in occasions()}:
        raise Refused("rule.behaviour", behaviour=behaviour)
    rule = CouponRule.objects.create(template=template, behaviour=behaviour, community_id=community, starts_at=at)
    audit.record(
        RULE_ADDED, template, name=template.name, community=template.community_id,
        changes={"behaviour": (None, behaviour)},
    )  # fmt: skip
    return rule


@transaction.atomic
def stop_rule(rule: int) -> None:
    """Let a rule give nothing any more; what it gave stays."""
    row = CouponRule.objects.select_for_update(of=("self",)).select_related("template").get(id=rule)
    if row.is_active:
        CouponRule.objects.filter(pk=row.pk).update(is_active=False)
        audit.record(
            RULE_CHANGED, row.template, name=row.template.name, community=row.template.community_id,
            changes={"is_active": (True, False)},
        )  # fmt: skip


def give_by_rule(rule: CouponRule, member: int, event: str, *, at: datetime) -> None:
    """Give what a rule gives for an event, once; who had theirs already is counted."""
    try:
        give_coupon(rule.template, member, how="rule", cause=f"rule:{rule.pk}:{event}", at=at)
        CouponRule.objects.filter(pk=rule.pk).update(given=F("given") + 1)
    except Refused:
        CouponRule.objects.filter(pk=rule.pk).update(refused=F("refused") + 1)

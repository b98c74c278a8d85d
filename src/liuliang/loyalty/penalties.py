"""Penalties: a ladder of warning, mute, deduction, removal and blacklist, each with its reason, and an appeal.

A penalty is recorded and told to the log; points go through the ledger. Muting and removing in the chat itself is done by
whoever runs the chat: no channel does it for them here.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.kernel.errors import Refused
from liuliang.kernel.events import Event, Fact
from liuliang.kernel.log import append
from liuliang.loyalty.adjusting import programme
from liuliang.loyalty.events import PenaltyAppealed, PenaltyGiven, PenaltyLifted, PenaltyUpheld
from liuliang.loyalty.models import Penalty
from liuliang.loyalty.points import spend
from liuliang.loyalty.refunds import refund
from liuliang.people.models import Community, Member

PENALISED = audit.action("penalty.given", _("处罚成员"))
APPEALED = audit.action("penalty.appealed", _("登记申诉"))
UPHELD = audit.action("penalty.upheld", _("维持处罚"))
LIFTED = audit.action("penalty.lifted", _("撤销处罚"))

LADDER: dict[str, str | Promise] = {
    "warn": _("警告"),
    "mute": _("禁言"),
    "deduct": _("扣分"),
    "remove": _("移出"),
    "blacklist": _("拉黑"),
}
"""The steps from the mildest to the hardest."""

MEMORY = timedelta(days=90)
"""For so long a penalty makes the next one harder."""

SOURCE = "penalties"


def next_step(steps: list[str]) -> str:
    """Return the step that follows those a member had lately: one harder than the hardest, the last one at the most."""
    order = list(LADDER)
    hardest = max((order.index(step) for step in steps if step in order), default=-1)
    return order[min(hardest + 1, len(order) - 1)]


def proposed_step(person: int, *, at: datetime) -> str:
    """Return the step that a person's penalties of the last 90 days lead to, by any of their records; those that were lifted do not count."""
    recent = Penalty.objects.filter(Q(member=person) | Q(member__canonical=person), at__gte=at - MEMORY)
    recent = recent.exclude(state="lifted")
    return next_step(list(recent.values_list("step", flat=True)))


def is_blacklisted(person: int) -> bool:
    """Tell whether a person, by any of their records, stands on the blacklist."""
    return bool(blacklisted([person]))


def blacklisted(persons: Collection[int]) -> set[int]:
    """Return those of some persons who, by any of their records, stand on the blacklist."""
    standing = Penalty.objects.filter(step="blacklist").exclude(state="lifted")
    found = standing.filter(Q(member__in=persons) | Q(member__canonical__in=persons))
    return {canonical or member for member, canonical in found.values_list("member", "member__canonical")}


@transaction.atomic
def penalise(
    person: int,
    step: str,
    *,
    reason: str,
    at: datetime,
    community: Community | None = None,
    points: int = 0,
    until: datetime | None = None,
) -> Penalty:
    """Punish a member.

    Args:
        person: the canonical record.
        step: one of `LADDER`.
        reason: why; the member is told.
        at: when.
        community: where it holds, None for everywhere.
        points: how many a deduction takes.
        until: when a mute ends.

    Raises:
        Refused: ``penalty.step``, ``penalty.reason``, ``penalty.until`` for a mute without an end to come, ``member.unknown``,
            ``points.amount``, ``points.not_enough`` where there are fewer to take, and ``penalty.approval`` for more than one
            person may take by hand.
    """
    if step not in LADDER:
        raise Refused("penalty.step", step=step)
    if not reason.strip():
        raise Refused("penalty.reason")
    if step == "mute" and (until is None or until <= at):
        raise Refused("penalty.until")
    if step == "deduct" and points > (limit := programme().approval_from):
        raise Refused("penalty.approval", limit=limit)
    member = Member.objects.filter(pk=person, erased_at=None).first()
    if member is None:
        raise Refused("member.unknown")
    row = Penalty.objects.create(
        member=member,
        community=community,
        step=step,
        reason=reason.strip()[:300],
        points=points if step == "deduct" else 0,
        until=until if step == "mute" else None,
        staff=audit.actor().staff,
        at=at,
    )
    if step == "deduct":
        spend(person, points, cause=_cause(row), at=at, kind="deduction", community=row.community_id, actor=_actor())
    ends = row.until.isoformat() if row.until else ""
    _tell(PenaltyGiven(row.pk, step, row.points, ends), row, at)
    changes = {"step": (None, step), "points": (None, row.points or None), "until": (None, row.until)}
    audit.record(PENALISED, member, community=row.community_id, changes=changes, personal={"reason"})
    return row


@transaction.atomic
def appeal(penalty: int, *, text: str, at: datetime) -> Penalty:
    """Write down what a member says against a penalty, once.

    Raises:
        Refused: ``penalty.unknown``, ``penalty.appeal`` for no words, ``penalty.decided`` when it was appealed or lifted before.
    """
    row = _locked(penalty)
    if not text.strip():
        raise Refused("penalty.appeal")
    if row.state != "standing" or row.appealed_at is not None:
        raise Refused("penalty.decided")
    row.state, row.appeal, row.appealed_at = "appealed", text.strip()[:1000], at
    row.save(update_fields=["state", "appeal", "appealed_at"])
    _tell(PenaltyAppealed(row.pk, row.step), row, at)
    changes = {"step": (row.step, row.step), "state": ("standing", "appealed")}
    audit.record(APPEALED, row.member, community=row.community_id, changes=changes, personal={"appeal"})
    return row


@transaction.atomic
def uphold(penalty: int, *, answer: str, at: datetime) -> Penalty:
    """Refuse an appeal, with an answer.

    Raises:
        Refused: ``penalty.unknown``, ``penalty.answer``, ``penalty.decided`` where no appeal waits, ``penalty.own`` for who gave it.
    """
    row = _locked(penalty)
    if row.state != "appealed":
        raise Refused("penalty.decided")
    if not answer.strip():
        raise Refused("penalty.answer")
    _not_own(row)
    _decide(row, "standing", answer, at)
    _tell(PenaltyUpheld(row.pk, row.step), row, at)
    changes = {"state": ("appealed", "standing")}
    audit.record(UPHELD, row.member, community=row.community_id, changes=changes, personal={"answer"})
    return row


@transaction.atomic
def lift(penalty: int, *, answer: str, at: datetime) -> Penalty:
    """Take a penalty back, appealed or not; points that it took go back to their lots.

    Raises:
        Refused: ``penalty.unknown``, ``penalty.answer``, ``penalty.decided`` when it was lifted before.
    """
    row = _locked(penalty)
    if row.state == "lifted":
        raise Refused("penalty.decided")
    if not answer.strip():
        raise Refused("penalty.answer")
    before = row.state
    _decide(row, "lifted", answer, at)
    if row.points:
        refund(_cause(row), cause=f"{_cause(row)}:lifted", at=at, actor=_actor())
    _tell(PenaltyLifted(row.pk, row.step, row.points), row, at)
    changes = {"state": (before, "lifted")}
    audit.record(LIFTED, row.member, community=row.community_id, changes=changes, personal={"answer"})
    return row


def _cause(row: Penalty) -> str:
    return f"penalty:{row.pk}"


def _actor() -> int | None:
    who = audit.actor().staff
    return who.pk if who else None


def _locked(penalty: int) -> Penalty:
    row = Penalty.objects.select_for_update(of=("self",)).select_related("member").filter(pk=penalty).first()
    if row is None:
        raise Refused("penalty.unknown")
    return row


def _not_own(row: Penalty) -> None:
    """Let nobody judge the appeal against their own penalty."""
    if row.staff is not None and row.staff == audit.actor().staff:
        raise Refused("penalty.own")


def _decide(row: Penalty, state: str, answer: str, at: datetime) -> None:
    row.state, row.answer, row.decided_by, row.decided_at = state, answer.strip()[:300], audit.actor().staff, at
    row.save(update_fields=["state", "answer", "decided_by", "decided_at"])


def _tell(payload: Event, row: Penalty, at: datetime) -> None:
    append(
        [
            Fact(
                payload,
                at,
                SOURCE,
                f"{payload.kind}:{row.pk}:{at.isoformat()}",
                row.member_id,
                row.community_id,
                _actor(),
            )
        ]
    )

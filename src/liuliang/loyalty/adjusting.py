"""Points by hand: staff give or take with a reason, and above a limit a second person must agree."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.kernel.errors import Refused
from liuliang.loyalty.ledger import MOST
from liuliang.loyalty.models import Adjustment, Programme
from liuliang.loyalty.points import Reward, earn, spend
from liuliang.loyalty.purses import person_of
from liuliang.loyalty.queries import balance_of
from liuliang.loyalty.validity import today

MOST_BY_HAND = 10**9
"""Points that one adjustment may give or take, whoever agrees: more is a slip of the keys."""

PROPOSED = audit.action("points.adjustment_proposed", _("申请调整积分"))
ADJUSTED = audit.action("points.adjusted", _("调整积分"))
REJECTED = audit.action("points.adjustment_rejected", _("驳回积分调整"))
PROGRAMME_CHANGED = audit.action("points.programme_changed", _("修改积分设置"))


def programme() -> Programme:
    """Return the terms of the points, made with their defaults on first use."""
    return Programme.objects.get_or_create(id=1)[0]


@transaction.atomic
def change_programme(
    *, worth_money: int, worth_points: int, approval_from: int, set_aside: int | None = None
) -> Programme:
    """Change what a point is worth, what money is kept for them, and above how many points a second person must agree.

    Raises:
        Refused: ``programme.numbers``.
    """
    if worth_money < 0 or worth_points < 1 or not 0 <= approval_from <= MOST or not 0 <= (set_aside or 0) <= MOST:
        raise Refused("programme.numbers")
    row = Programme.objects.select_for_update().get(id=programme().pk)
    after = {
        "worth_money": worth_money, "worth_points": worth_points, "approval_from": approval_from, "set_aside": set_aside,
    }  # fmt: skip
    changes = {name: (getattr(row, name), value) for name, value in after.items()}
    Programme.objects.filter(id=1).update(**after)
    audit.record(PROGRAMME_CHANGED, row, changes=changes)
    row.refresh_from_db()
    return row


@transaction.atomic
def adjust(member: int, amount: int, *, reason: str, at: datetime, ends_on: date | None = None) -> Adjustment:
    """Give a member points, or take (negative) some, because staff say so; more than the limit waits for a second person.

    Raises:
        Refused: ``adjustment.amount``, ``adjustment.reason``, ``validity.past``, ``member.unknown``, and
            ``points.not_enough`` when there is less to take.
    """
    if not reason.strip():
        raise Refused("adjustment.reason")
    _check(member, amount, ends_on, at)
    row = Adjustment.objects.create(
        member_id=member, amount=amount, ends_on=ends_on, reason=reason.strip()[:300], staff=audit.actor().staff, at=at
    )
    if abs(amount) > programme().approval_from:
        audit.record(PROPOSED, row.member, changes={"amount": (None, amount)}, personal={"reason"})
        return row
    return _carry_out(row, at)


@transaction.atomic
def approve(adjustment: int, *, at: datetime) -> Adjustment:
    """Carry out what somebody else has proposed.

    Raises:
        Refused: ``adjustment.own`` for one's own, ``adjustment.decided`` for one that is done or refused,
            ``adjustment.unknown``, and as `adjust`.
    """
    row = _open(adjustment)
    _check(row.member_id, row.amount, row.ends_on, at)
    return _carry_out(row, at)


@transaction.atomic
def reject(adjustment: int, *, at: datetime) -> Adjustment:
    """Refuse what somebody else has proposed. Raises as `approve`."""
    row = _open(adjustment)
    _decide(row, "refused", at)
    audit.record(REJECTED, row.member, changes={"amount": (row.amount, None)})
    return row


def _check(member: int, amount: int, ends_on: date | None, at: datetime) -> None:
    """Refuse what could not be carried out; asked when it is proposed and again when it is approved, for days may lie between."""
    if not amount or abs(amount) > MOST_BY_HAND:
        raise Refused("adjustment.amount", amount=amount, highest=MOST_BY_HAND)
    if ends_on is not None and ends_on < today(at):
        raise Refused("validity.past", day=ends_on)
    # A record may have been merged since: what is taken is the person's.
    person = person_of(member)
    if amount < 0 and (available := balance_of(person).available) < -amount:
        raise Refused("points.not_enough", available=available, amount=-amount)


def _open(adjustment: int) -> Adjustment:
    row = Adjustment.objects.select_for_update(of=("self",)).select_related("member").filter(pk=adjustment).first()
    if row is None:
        raise Refused("adjustment.unknown")
    if row.state != "proposed":
        raise Refused("adjustment.decided", state=row.state)
    if row.staff == audit.actor().staff:
        raise Refused("adjustment.own")
    return row


def _carry_out(row: Adjustment, at: datetime) -> Adjustment:
    who = audit.actor().staff
    actor = who.pk if who else None
    cause = f"adjustment:{row.pk}"
    if row.amount > 0:
        (posting,) = earn([Reward(row.member_id, row.amount, cause, row.ends_on)], at=at, actor=actor)
        if posting.transfer is None:
            raise Refused(f"ledger.{posting.outcome}", amount=row.amount)
    else:
        spend(row.member_id, -row.amount, cause=cause, at=at, kind="deduction", actor=actor)
    _decide(row, "done", at)
    audit.record(ADJUSTED, row.member, changes={"amount": (None, row.amount)}, personal={"reason"})
    return row


def _decide(row: Adjustment, state: str, at: datetime) -> None:
    row.state, row.decided_by, row.decided_at = state, audit.actor().staff, at
    row.save(update_fields=["state", "decided_by", "decided_at"])

"""Who has a plan from when to when: granted when it is paid or given, shortened when money goes back, and over in the end.

All of it under the lock of the person, so that two purchases at once are one after the other. Days are those of the brand's
zone (`liuliang.loyalty.validity.today`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.kernel.errors import Refused
from liuliang.kernel.events import Event, Fact
from liuliang.kernel.log import append
from liuliang.loyalty.purses import canonical_of
from liuliang.loyalty.validity import day_begins, today
from liuliang.people.models import Member
from liuliang.subscriptions import terms
from liuliang.subscriptions.events import (
    SubscriptionExpired,
    SubscriptionRenewed,
    SubscriptionShortened,
    SubscriptionStarted,
)
from liuliang.subscriptions.models import Plan, Subscription, Term
from liuliang.subscriptions.terms import Stretch

GIVEN = audit.action("subscription.given", _("赠送会员"))
TAKEN_BACK = audit.action("subscription.taken_back", _("收回赠送的会员"))

SOURCE = "subscriptions"
ACTIVE, EXPIRED, ENDED = "active", "expired", "ended"
ORDER, GIFT = "order", "gift"
SWEEP = 500


@dataclass(frozen=True, slots=True)
class Grant:
    """Days of a plan for a member: ``count`` times its length. ``cause`` names why, once and for ever; ``how`` is order or gift."""

    member: int
    plan: Plan
    cause: str
    count: int = 1
    how: str = ORDER
    reason: str = ""
    community: int | None = None


@transaction.atomic
def grant(told: Grant, *, at: datetime) -> Term:
    """Let a member have a plan: from today, or from the day after the last on which they have it already.

    The same cause again changes nothing.

    Raises:
        Refused: ``member.unknown``.
    """
    person = _lock(told.member)
    known = Term.objects.filter(cause=told.cause).first()
    if known is not None:
        return known
    day = today(at)
    rows = _rows(person, told.plan)
    ends = [row.ends_on for row in rows]
    first = terms.first_of(ends, day)
    last = terms.last_of(first, told.plan.unit, told.plan.length * told.count)
    is_running = bool(ends) and max(ends) >= day
    row = max(rows, key=lambda each: each.ends_on, default=None)
    if row is None:
        row = Subscription(member_id=person, plan=told.plan, starts_on=first)
    if not is_running:
        row.starts_on = first
    row.ends_on, row.state = last, ACTIVE
    row.save()
    term = Term.objects.create(
        subscription=row, cause=told.cause, how=told.how, first=first, last=last, days=(last - first).days + 1,
        reason=told.reason.strip()[:300], at=at, staff=audit.actor().staff,
    )  # fmt: skip
    kind = SubscriptionRenewed if is_running else SubscriptionStarted
    payload = kind(told.plan.pk, last.isoformat(), told.how, told.plan.name)
    _tell(payload, row, f"{told.cause}:granted", at, told.community)
    return term


def give(told: Grant, *, at: datetime) -> Term:
    """Give a plan away, by hand and for a reason.

    Raises:
        Refused: ``subscription.reason``, ``subscription.count``, ``subscription.off_sale``, ``member.unknown``.
    """
    if not told.reason.strip():
        raise Refused("subscription.reason")
    if not 1 <= told.count <= 24:
        raise Refused("subscription.count", most=24)
    if not told.plan.is_active:
        raise Refused("subscription.off_sale")
    with transaction.atomic():
        term = grant(told, at=at)
        audit.record(
            GIVEN, term.subscription, name=told.plan.name, community=told.plan.community_id,
            changes={"ends_on": (None, term.last), "days": (None, term.days)}, personal={"reason"},
        )  # fmt: skip
        return term


@transaction.atomic
def shorten(cause: str, *, paid: int, refunded: int, at: datetime) -> Term | None:
    """Leave of what a cause granted what its money still pays for: in proportion to its days, none when all went back.

    Days before today stay; what was bought afterwards and has not begun moves up. Returns None for a cause that granted
    nothing.
    """
    term = Term.objects.select_related("subscription__plan").filter(cause=cause).first()
    if term is None:
        return None
    return _shorten(term, terms.kept_days(term.days, paid, refunded), at)


def take_back(term: int, *, at: datetime) -> Term:
    """Take back what is left of a gift.

    Raises:
        Refused: ``subscription.not_gift``: what was bought ends by giving the money back.
    """
    row = Term.objects.select_related("subscription__plan").get(pk=term)
    if row.how != GIFT:
        raise Refused("subscription.not_gift")
    with transaction.atomic():
        found = _shorten(row, 0, at)
        plan = row.subscription.plan
        audit.record(
            TAKEN_BACK, row.subscription, name=plan.name, community=plan.community_id,
            changes={"ends_on": (row.last, found.last)},
        )  # fmt: skip
        return found


def _shorten(told: Term, kept: int, at: datetime) -> Term:
    person = _lock(told.subscription.member_id)
    day = today(at)
    plan = told.subscription.plan
    rows = {row.pk: row for row in _rows(person, plan)}
    found = {term.pk: term for term in Term.objects.filter(subscription__in=rows).order_by("first", "pk")}
    before = max(row.ends_on for row in rows.values())
    stretches = [Stretch(term.pk, term.first, term.last) for term in found.values()]
    for stretch in terms.shorten(stretches, told.pk, kept, day):
        term = found[stretch.key]
        if (term.first, term.last) != (stretch.first, stretch.last):
            term.first, term.last = stretch.first, stretch.last
            term.save(update_fields=["first", "last"])
    for row in rows.values():
        _fold(row, [term for term in found.values() if term.subscription_id == row.pk], day)
    ends_on = max(row.ends_on for row in rows.values())
    if ends_on < before:
        payload = SubscriptionShortened(plan.pk, ends_on.isoformat(), (before - ends_on).days, plan.name)
        _tell(payload, rows[told.subscription_id], f"{told.cause}:kept:{kept}", at, None)
    return found[told.pk]


def _fold(row: Subscription, its: list[Term], day: date) -> None:
    """Let a subscription say what its terms say. One without any day left has its last day before its first."""
    left = [term for term in its if term.last >= term.first]
    ends_on = max((term.last for term in left), default=min(term.first for term in its) - terms.ONE_DAY)
    if ends_on != row.ends_on:
        row.ends_on, row.state = ends_on, ACTIVE if ends_on >= day else ENDED
        row.save(update_fields=["ends_on", "state"])


def expire_due(*, at: datetime) -> int:
    """Expire a batch of subscriptions whose last day is over; return how many."""
    day = today(at)
    due = Subscription.objects.filter(state=ACTIVE, ends_on__lt=day).order_by("ends_on", "id")
    count = 0
    for number in list(due.values_list("id", flat=True)[:SWEEP]):
        with transaction.atomic():
            row = Subscription.objects.select_for_update(of=("self",)).select_related("plan").get(pk=number)
            if row.state == ACTIVE and row.ends_on < day:
                row.state = EXPIRED
                row.save(update_fields=["state"])
                payload = SubscriptionExpired(row.plan_id, row.ends_on.isoformat(), row.plan.name)
                # It was over when the next day began, whenever the job came to it.
                over = min(day_begins(row.ends_on + terms.ONE_DAY), at)
                _tell(payload, row, f"{row.pk}:{row.ends_on}:expired", over, None)
                count += 1
    return count


def _lock(member: int) -> int:
    """Lock the person of a record and return their id. Somebody who is merged meanwhile is looked up again."""
    while True:
        person = canonical_of([member]).get(member)
        if person is None:
            raise Refused("member.unknown")
        Member.objects.select_for_update(of=("self",), no_key=True).get(pk=person)
        if canonical_of([member]).get(member) == person:
            return person


def _rows(person: int, plan: Plan) -> list[Subscription]:
    """Return a person's subscriptions to a plan: one for each of their records that had it before they were merged."""
    whose = Q(member=person) | Q(member__canonical=person)
    return list(Subscription.objects.select_for_update(of=("self",)).filter(whose, plan=plan).order_by("id"))


def _tell(payload: Event, row: Subscription, what: str, at: datetime, community: int | None) -> None:
    staff = audit.actor().staff
    append([Fact(payload, at, SOURCE, what, row.member_id, community, staff.pk if staff else None)])

"""What happens with partners. The member of an event is the partner's own record, where they have one."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from liuliang.kernel.events import Event, event


@event("commission.given", title=_("获得佣金"), icon="coins", value="amount")
@dataclass(frozen=True, slots=True)
class CommissionGiven(Event):
    """An order earned a partner ``amount`` minor units of ``currency``; ``level`` is 1 for who brought it, 2 for who brought them."""

    commission: int
    partner: int
    order: int
    level: int
    amount: int
    currency: str = "CNY"


@event("commission.taken_back", title=_("佣金退回"), icon="arrow-back-up", value="amount")
@dataclass(frozen=True, slots=True)
class CommissionTakenBack(Event):
    """A refund took ``amount`` of a commission back, ``owed`` of it as a debt because it had been settled already; or all of it, for the order is another's."""

    commission: int
    partner: int
    order: int
    amount: int
    owed: int = 0
    currency: str = "CNY"


@event("commission.paid", title=_("佣金已付"), icon="cash", value="amount")
@dataclass(frozen=True, slots=True)
class CommissionPaid(Event):
    """Staff confirmed that what stands for a partner on a settlement sheet was paid."""

    settlement: int
    partner: int
    amount: int
    currency: str = "CNY"


@event("partner.bound", title=_("归属合伙人"), icon="link")
@dataclass(frozen=True, slots=True)
class MemberBound(Event):
    """A member belongs to a partner for a while: their orders earn the partner a commission. ``how`` is invite or staff."""

    partner: int
    how: str
    days: int

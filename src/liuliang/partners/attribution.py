"""Whose order it is: by the code that staff noted, else by a partner's coupon, else by whom the buyer is bound to."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from liuliang.commerce.models import Order
from liuliang.partners.models import Binding, OrderClaim, Partner
from liuliang.people.models import Member


@dataclass(frozen=True, slots=True)
class Share:
    """A partner's share of an order: the level, and the rate in hundredths of a percent."""

    partner: Partner
    level: int
    rate: int
    how: str


def shares_of(order: Order) -> list[Share]:
    """Return who is to be paid for an order: the partner who brought it, and who brought that partner in.

    Nobody is paid for what they buy themselves, nor for what was bought before they began.
    """
    found = _brought_by(order)
    if found is None:
        return []
    partner, how = found
    if not _may_earn(partner, order):
        return []
    shares = [Share(partner, 1, partner.plan.first_rate, how)]
    parent = partner.parent
    if parent is not None and parent.plan.second_rate and _may_earn(parent, order):
        shares.append(Share(parent, 2, parent.plan.second_rate, how))
    return shares


def records_of(member: int) -> list[int]:
    """Return all records of a person, by any of them."""
    known = Member.objects.filter(pk=member).values_list("canonical", flat=True).first()
    person = known or member
    return list(Member.objects.filter(Q(pk=person) | Q(canonical=person)).values_list("pk", flat=True))


def _brought_by(order: Order) -> tuple[Partner, str] | None:
    partners = Partner.objects.select_related("plan", "parent__plan")
    claim = OrderClaim.objects.filter(order=order).values_list("partner", flat=True).first()
    if claim is not None:
        return partners.get(pk=claim), "code"
    coupon = partners.filter(coupon__coupons__uses__order=order, coupon__coupons__uses__taken__isnull=False)
    if (first := coupon.order_by("id").first()) is not None:
        return first, "coupon"
    if order.member_id is None:
        return None
    binding = (
        Binding.objects.filter(member__in=records_of(order.member_id), since__lte=order.at, until__gt=order.at)
        .order_by("since", "id")
        .values_list("partner", flat=True)
        .first()
    )
    return (partners.get(pk=binding), "binding") if binding is not None else None


def _may_earn(partner: Partner, order: Order) -> bool:
    if not partner.is_active or order.at < partner.joined_at:
        return False
    return partner.member_id is None or order.member_id is None or partner.member_id not in records_of(order.member_id)

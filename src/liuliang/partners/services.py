"""What staff do with partners: take them in, change them, bind members, and note whose an order is."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.accounts.models import Staff
from liuliang.commerce.codes import LETTERS
from liuliang.commerce.models import CouponTemplate, Order
from liuliang.commerce.services import UNPAID
from liuliang.kernel.errors import Refused
from liuliang.kernel.events import Fact
from liuliang.kernel.log import append
from liuliang.partners.attribution import records_of
from liuliang.partners.commissions import SOURCE, settle_orders
from liuliang.partners.events import MemberBound
from liuliang.partners.links import checked_link
from liuliang.partners.models import Binding, OrderClaim, Partner, Plan
from liuliang.people.models import Member
from liuliang.people.names import clean_name

CREATED = audit.action("partner.created", _("添加合伙人"))
CHANGED = audit.action("partner.changed", _("修改合伙人"))
BOUND = audit.action("partner.bound", _("绑定成员到合伙人"))
CLAIMED = audit.action("partner.order_claimed", _("记订单归属合伙人"))

KINDS: dict[str, str | Promise] = {
    "partner": _("合伙人"),
    "assistant": _("导购"),
    "reseller": _("小 B"),
}

CODE_LENGTH = 8
"""32^8 codes: of a thousand partners one is hit once in 10^9 guesses."""

SHORTEST, LONGEST = 4, 20


@dataclass(frozen=True, slots=True)
class NewPartner:
    """A partner as staff take them in. Without a ``code`` they get one that cannot be guessed."""

    name: str
    kind: str
    plan: Plan
    code: str = ""
    member: int | None = None
    staff: Staff | None = None
    parent: Partner | None = None
    coupon: CouponTemplate | None = None
    link: str = ""


@transaction.atomic
def create_partner(partner: NewPartner, *, at: datetime) -> Partner:
    """Take a partner in. They earn from orders that are paid from now on.

    Raises:
        Refused: ``partner.name``, ``partner.kind``, ``partner.plan_stopped``, ``partner.code``, ``partner.code_taken``,
            ``partner.member_taken``, ``partner.coupon_taken``, ``partner.depth`` (article 7 (3): who was brought in brings
            nobody in), ``partner.link``.
    """
    name = clean_name(partner.name)[:80]
    if not name:
        raise Refused("partner.name")
    if partner.kind not in KINDS:
        raise Refused("partner.kind")
    if not partner.plan.is_active:
        raise Refused("partner.plan_stopped")
    if partner.parent is not None and partner.parent.parent_id is not None:
        raise Refused("partner.depth", name=partner.parent.name)
    code = normal_code(partner.code) or new_code()
    if not SHORTEST <= len(code) <= LONGEST:
        raise Refused("partner.code", shortest=SHORTEST, longest=LONGEST)
    link = checked_link(partner.link)
    person = None
    if partner.member is not None:
        records = records_of(partner.member)
        if Partner.objects.filter(member__in=records).exists():
            raise Refused("partner.member_taken")
        member = Member.objects.select_related("canonical").get(pk=partner.member)
        person = member.canonical or member
    _check_free(code, partner.coupon, None)
    made = Partner.objects.create(
        code=code, name=name, kind=partner.kind, plan=partner.plan, member=person, staff=partner.staff,
        parent=partner.parent, coupon=partner.coupon, link=link, joined_at=at,
    )  # fmt: skip
    audit.record(CREATED, made, changes={"code": (None, code), "plan": (None, partner.plan.name)})
    return made


@transaction.atomic
def change_partner(
    partner: Partner, *, name: str, plan: Plan, coupon: CouponTemplate | None, link: str, is_active: bool
) -> Partner:
    """Change a partner; what was earned stays as it was earned. The code stays: it is out in the world.

    Raises:
        Refused: ``partner.name``, ``partner.plan_stopped``, ``partner.coupon_taken``, ``partner.link``.
    """
    row = Partner.objects.select_for_update(of=("self",)).select_related("plan", "coupon").get(pk=partner.pk)
    name = clean_name(name)[:80]
    if not name:
        raise Refused("partner.name")
    if plan.pk != row.plan_id and not plan.is_active:
        raise Refused("partner.plan_stopped")
    _check_free("", coupon, row)
    link = checked_link(link)
    changes: dict[str, tuple[object, object]] = {
        "plan": (row.plan.name, plan.name),
        "is_active": (row.is_active, is_active),
        "coupon": (row.coupon.name if row.coupon else "", coupon.name if coupon else ""),
    }
    # Who they are and where they sell is theirs: of these the log keeps only that they changed.
    personal = {told for told, value in (("name", name), ("link", link)) if getattr(row, told) != value}
    row.name, row.plan, row.coupon, row.link, row.is_active = name, plan, coupon, link, is_active
    row.save(update_fields=["name", "plan", "coupon", "link", "is_active"])
    audit.record(CHANGED, row, changes=changes, personal=personal)
    return row


def _check_free(code: str, coupon: CouponTemplate | None, own: Partner | None) -> None:
    others = Partner.objects.exclude(pk=own.pk) if own else Partner.objects.all()
    if code and others.filter(code=code).exists():
        raise Refused("partner.code_taken", taken=code)
    if coupon is not None and others.filter(coupon=coupon).exists():
        raise Refused("partner.coupon_taken", name=coupon.name)


@transaction.atomic
def bind_member(member: int, partner: Partner, *, how: str, at: datetime) -> Binding:
    """Let a member's orders be a partner's, for as long as the partner's plan says.

    A binding that holds is not taken over: while it does, the same partner gets the same one and another is refused.

    Raises:
        Refused: ``partner.inactive``, ``partner.bound`` with the name of who has them, ``partner.own`` for oneself.
    """
    if not partner.is_active:
        raise Refused("partner.inactive", name=partner.name)
    records = records_of(member)
    # Two who bind the same person wait for each other at the person's record.
    list(Member.objects.select_for_update(no_key=True).filter(pk__in=records).order_by("pk"))
    if partner.member_id in records:
        raise Refused("partner.own")
    days = partner.plan.binding_days
    until = at + timedelta(days=days)
    # Two bindings of a person never overlap, so that an order has one answer whenever it is asked for.
    known = Binding.objects.filter(member__in=records, since__lt=until, until__gt=at).select_related("partner")
    for binding in known.order_by("since"):
        if binding.partner_id == partner.pk:
            return binding
        raise Refused("partner.bound", name=binding.partner.name)
    made = Binding.objects.create(member_id=member, partner=partner, since=at, until=until, how=how)
    append([Fact(MemberBound(partner.pk, how, days), at, SOURCE, f"binding:{made.pk}", member)])
    if how == "staff":
        audit.record(BOUND, partner, changes={"member": (None, member), "days": (None, days)})
    return made


@transaction.atomic
def claim_order(order: int, code: str, *, at: datetime) -> OrderClaim:
    """Note that an order is the partner's of this code, before coupons and bindings.

    Until its refund window is over another code corrects it: commission that waits moves on.

    Raises:
        Refused: ``partner.code_unknown``, ``partner.order_settled`` when commission on it was released already,
            ``partner.inactive``, ``partner.own``, ``partner.order_early``, ``partner.order_refunded``, ``order.closed``.
    """
    row = Order.objects.select_for_update(of=("self",)).get(pk=order)
    partner = Partner.objects.filter(code=normal_code(code)).first()
    if partner is None:
        raise Refused("partner.code_unknown")
    known = OrderClaim.objects.select_related("partner").filter(order=row).first()
    if known is not None and known.partner_id == partner.pk:
        return known
    if not partner.is_active:
        raise Refused("partner.inactive", name=partner.name)
    if row.member_id is not None and partner.member_id in records_of(row.member_id):
        raise Refused("partner.own")
    if row.status == "cancelled":
        raise Refused("order.closed")
    if row.at < partner.joined_at:
        raise Refused("partner.order_early", name=partner.name)
    if row.amount and row.refunded >= row.amount:
        raise Refused("partner.order_refunded")
    before = known.partner.code if known is not None else None
    made, _is_new = OrderClaim.objects.update_or_create(
        order=row, defaults={"partner": partner, "at": at, "staff": audit.actor().staff}
    )
    audit.record(CLAIMED, row, name=row.number, community=row.community_id, changes={"partner": (before, partner.code)})
    if row.status not in UNPAID:
        settle_orders([row.pk], at=at, is_anew=True)
    return made


def normal_code(text: str) -> str:
    """Return a code as it is stored: letters and digits in capitals."""
    return "".join(letter for letter in text.upper() if letter.isascii() and letter.isalnum())


def new_code() -> str:
    """Return a code that cannot be guessed and has no letters that look alike."""
    return "".join(secrets.choice(LETTERS) for _letter in range(CODE_LENGTH))

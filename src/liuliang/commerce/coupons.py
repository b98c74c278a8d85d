"""Coupons: made as a template, given once for each cause, never more than there are, never more than a person may have."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.commerce import discounts
from liuliang.commerce.events import CouponGiven
from liuliang.commerce.models import Coupon, CouponTemplate
from liuliang.commerce.products import CURRENCIES, HIGHEST
from liuliang.kernel.errors import Refused
from liuliang.kernel.events import Fact
from liuliang.kernel.log import append
from liuliang.loyalty import stock
from liuliang.loyalty.models import Account
from liuliang.loyalty.purses import person_of
from liuliang.people.models import Member
from liuliang.people.names import clean_name

TEMPLATE_CREATED = audit.action("coupon.template_created", _("新建优惠券"))
TEMPLATE_CHANGED = audit.action("coupon.template_changed", _("修改优惠券"))
GIVEN = audit.action("coupon.given", _("发放优惠券"))
WITHDRAWN = audit.action("coupon.withdrawn", _("收回优惠券"))

SOURCE = "commerce"
_AT_ONCE = timedelta(minutes=1)
"""How long the reservation behind a gift may last; it is redeemed in the same transaction."""


@dataclass(frozen=True, slots=True)
class NewTemplate:
    """A coupon as staff write it; see `liuliang.commerce.models.CouponTemplate`. Amounts are minor units."""

    name: str
    kind: str
    off: int
    starts_at: datetime
    ends_at: datetime
    total: int
    most: int | None = None
    threshold: int = 0
    currency: str = "CNY"
    products: tuple[int, ...] = ()
    days: int | None = None
    per_person: int = 1
    is_stacking: bool = False
    community: int | None = None


@transaction.atomic
def create_template(told: NewTemplate, *, at: datetime) -> CouponTemplate:
    """Make a coupon that can be given from now on.

    Raises:
        Refused: ``coupon.name``, ``coupon.kind``, ``coupon.off``, ``coupon.limits``, ``coupon.time`` or
            ``product.currency`` for what makes no sense.
    """
    name = clean_name(told.name)[:80]
    if not name:
        raise Refused("coupon.name")
    if told.kind not in discounts.KINDS:
        raise Refused("coupon.kind")
    highest = 100 if told.kind == discounts.PERCENT else HIGHEST
    if not 1 <= told.off <= highest or (told.most is not None and not 1 <= told.most <= HIGHEST):
        raise Refused("coupon.off", highest=highest)
    is_sound = 0 <= told.threshold <= HIGHEST and 1 <= told.per_person <= 10_000 and 1 <= told.total <= 10**8
    if not is_sound or (told.days is not None and not 1 <= told.days <= 3_650):
        raise Refused("coupon.limits")
    if told.ends_at <= max(told.starts_at, at):
        raise Refused("coupon.time")
    if told.currency not in CURRENCIES:
        raise Refused("product.currency", currency=told.currency)
    row = CouponTemplate.objects.create(
        name=name, community_id=told.community, kind=told.kind, off=told.off, threshold=told.threshold,
        most=told.most if told.kind == discounts.PERCENT else None, currency=told.currency,
        products=sorted(set(told.products)), starts_at=told.starts_at, ends_at=told.ends_at, days=told.days,
        per_person=told.per_person, total=told.total, is_stacking=told.is_stacking, created_at=at,
    )  # fmt: skip
    row.stock = Account.objects.get(pk=stock.open_stock(row.thing, told.total, cause=f"{row.thing}:first", at=at))
    row.save(update_fields=["stock"])
    audit.record(
        TEMPLATE_CREATED, row, name=name, community=told.community,
        changes={"kind": (None, told.kind), "off": (None, told.off), "total": (None, told.total)},
    )  # fmt: skip
    return row


@transaction.atomic
def change_template(
    template: int, *, name: str, ends_at: datetime, total: int, per_person: int, is_active: bool, at: datetime
) -> CouponTemplate:
    """Change what may still be changed. What coupons take off stays as it was promised; those given keep their end.

    Raises:
        Refused: ``coupon.name``, ``coupon.limits``, ``coupon.time``; ``stock.not_enough`` for a total below what was given.
    """
    row = CouponTemplate.objects.select_for_update(of=("self",)).get(id=template)
    name = clean_name(name)[:80]
    if not name:
        raise Refused("coupon.name")
    if not (1 <= per_person <= 10_000 and 1 <= total <= 10**8):
        raise Refused("coupon.limits")
    if ends_at <= row.starts_at:
        raise Refused("coupon.time")
    after = {"name": name, "ends_at": ends_at, "total": total, "per_person": per_person, "is_active": is_active}
    changes: dict[str, tuple[object, object]] = {key: (getattr(row, key), value) for key, value in after.items()}
    by, account = total - row.total, stock_of(row)
    cause = f"{row.thing}:total:{at.isoformat()}"
    if by > 0:
        stock.add(account, by, cause=cause, at=at)
    elif by < 0:
        stock.withdraw(account, -by, cause=cause, at=at)
    CouponTemplate.objects.filter(pk=row.pk).update(**after)
    audit.record(TEMPLATE_CHANGED, row, name=name, community=row.community_id, changes=changes)
    row.refresh_from_db()
    return row


def stock_of(template: CouponTemplate) -> int:
    """Return the account of what is left to give."""
    assert template.stock_id is not None  # noqa: S101 - opened with the template
    return template.stock_id


@transaction.atomic
def give_coupon(template: CouponTemplate, member: int, *, how: str, cause: str, at: datetime) -> Coupon:
    """Give a member one coupon; the same cause again is the same coupon.

    Args:
        template: what to give.
        member: any record of the person.
        how: hand, code, segment or rule.
        cause: names why among all gifts of this template, for ever.
        at: now.

    Raises:
        Refused: ``coupon.inactive``, ``coupon.ended``, ``member.unknown``, ``stock.sold_out``, ``stock.limit``.
    """
    person = person_of(member)
    named = f"{template.pk}:{cause}"
    known = Coupon.objects.filter(cause=named).first()
    if known is not None:
        return known
    if not template.is_active:
        raise Refused("coupon.inactive")
    if at >= template.ends_at:
        raise Refused("coupon.ended", ends_at=template.ends_at)
    held = stock.reserve(
        stock_of(template), template.thing, person, cause=f"{template.thing}:{cause}", at=at, until=at + _AT_ONCE,
        at_most=template.per_person,
    )  # fmt: skip
    taken = stock.redeem(held.hold, at=at).transfer
    assert taken is not None  # noqa: S101 - what was just reserved is redeemed
    coupon, is_new = Coupon.objects.get_or_create(
        cause=named,
        defaults={
            "template": template, "member_id": person, "how": how, "given_at": at, "ends_at": _end(template, at),
            "taken": taken,
        },
    )  # fmt: skip
    if is_new:
        append([_told(template, coupon, how, at)])
    return coupon


def hold_takers(template: CouponTemplate, members: Collection[int]) -> None:
    """Hold what these people have of a coupon, before several of them are given one in this transaction."""
    known = Member.objects.filter(id__in=members).values_list("id", "canonical_id")
    stock.hold_takers(template.thing, {canonical or member for member, canonical in known})


@transaction.atomic
def give_coupons(
    template: CouponTemplate, members: Collection[int], *, how: str, cause: str, at: datetime
) -> tuple[int, int]:
    """Give many people one coupon each, up to some hundreds; return how many got theirs, and how many could not.

    ``cause`` names the occasion; who had theirs on this occasion before, by another record too, is neither. The rest is as for
    `give_coupon`.
    """
    known = list(Member.objects.filter(id__in=members, erased_at=None).values_list("id", "canonical_id"))
    persons = sorted({canonical or member for member, canonical in known})
    if not template.is_active or at >= template.ends_at:
        return 0, len(members)
    wanted = [stock.Wanted(person, f"{template.thing}:{cause}:{person}") for person in persons]
    found = stock.reserve_many(
        stock_of(template), template.thing, wanted, at=at, until=at + _AT_ONCE, at_most=template.per_person
    )
    fresh = [
        (person, held.hold)
        for person, held in zip(persons, found, strict=True)
        if not isinstance(held, Refused) and held.is_new
    ]
    transfers = stock.redeem_many([hold for _person, hold in fresh], at=at)
    coupons = Coupon.objects.bulk_create(
        Coupon(
            template=template, member_id=person, how=how, cause=f"{template.pk}:{cause}:{person}", given_at=at,
            ends_at=_end(template, at), taken=taken,
        )
        for (person, _hold), taken in zip(fresh, transfers, strict=True)
    )  # fmt: skip
    append([_told(template, coupon, how, at) for coupon in coupons])
    refused = sum(isinstance(each, Refused) for each in found)
    return len(coupons), refused + len(members) - len(known)


def _end(template: CouponTemplate, at: datetime) -> datetime:
    """Return when a coupon given at ``at`` ends."""
    if template.days is None:
        return template.ends_at
    return min(template.ends_at, max(at, template.starts_at) + timedelta(days=template.days))


def _told(template: CouponTemplate, coupon: Coupon, how: str, at: datetime) -> Fact:
    given = CouponGiven(coupon.pk, template.pk, how, template.name)
    return Fact(given, at, SOURCE, f"coupon:{coupon.pk}:given", coupon.member_id, None, _actor())


@transaction.atomic
def give_by_hand(template: CouponTemplate, member: int, *, key: str, at: datetime) -> Coupon:
    """Give a member one coupon because staff say so; ``key`` is of the form that was sent. Raises as `give_coupon`."""
    coupon = give_coupon(template, member, how="hand", cause=f"hand:{key}", at=at)
    audit.record(GIVEN, template, name=template.name, community=template.community_id, changes={"count": (0, 1)})
    return coupon


@transaction.atomic
def withdraw_coupon(coupon: int, *, at: datetime) -> None:
    """Take a coupon back that is not used. It may then be given to somebody else, or to the same person again.

    Raises:
        Refused: ``coupon.used`` for one that is used or waits in an order.
    """
    row = Coupon.objects.select_related("template").get(id=coupon)
    # As in an order that is paid: first its use, then the row, or the two wait for each other.
    taken = reserve_voucher(row, cause=f"{row.thing}:withdrawn", at=at, until=at + _AT_ONCE)
    stock.redeem(taken, at=at)
    if not Coupon.objects.filter(id=coupon, withdrawn_at=None).update(withdrawn_at=at):
        return
    stock.give_back(row.taken, cause=f"{row.thing}:back", at=at)
    audit.record(WITHDRAWN, row.template, name=row.template.name, community=row.template.community_id)


def reserve_voucher(coupon: Coupon, *, cause: str, at: datetime, until: datetime) -> int:
    """Reserve the use of a coupon and return the hold.

    Raises:
        Refused: ``coupon.used`` when it is used, or reserved for something else.
    """
    account = stock.open_stock(coupon.thing, 1, cause=f"{coupon.thing}:made", at=at, buckets=0)
    try:
        return stock.reserve(account, coupon.thing, coupon.member_id, cause=cause, at=at, until=until).hold
    except Refused as refusal:
        if refusal.code != "stock.sold_out":
            raise
        raise Refused("coupon.used") from None


def terms_of(coupon: Coupon) -> discounts.Terms:
    """Return what a coupon does."""
    template = coupon.template
    return discounts.Terms(
        kind=template.kind, off=template.off, currency=template.currency, starts_at=template.starts_at,
        ends_at=coupon.ends_at, threshold=template.threshold, most=template.most,
        products=frozenset(template.products), is_stacking=template.is_stacking, key=coupon.pk,
    )  # fmt: skip


def usable(person: int, *, at: datetime, among: Collection[int] | None = None) -> list[Coupon]:
    """Return a person's coupons that are not used or in an order, not withdrawn and not over, those that end first before others.

    A person of several records has those of all of them. ``among`` are ids of coupons to look at only.
    """
    rows = Coupon.objects.filter(used_at=None, withdrawn_at=None, ends_at__gt=at).select_related("template")
    rows = rows.filter(member__canonical=person) | rows.filter(member=person)
    voucher = Concat(Value("voucher:"), Cast(OuterRef("pk"), CharField()))
    rows = rows.exclude(Exists(Account.objects.filter(unit=voucher, kind="stock", held__gt=0)))
    if among is not None:
        rows = rows.filter(id__in=among)
    return list(rows.order_by("ends_at", "id")[:100])


def _actor() -> int | None:
    staff = audit.actor().staff
    return staff.pk if staff else None

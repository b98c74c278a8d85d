"""Coupons and the mall: what there is, giving a coupon, redeeming something for points."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeVar

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from pydantic import Field, StringConstraints

from liuliang.accounts.permissions import COUPONS_GIVE, MEMBERS_VIEW, ORDERS_EDIT, SHOP_VIEW
from liuliang.api.operations import Answer, Asked, Call, Told, operation
from liuliang.commerce import codes, queries
from liuliang.commerce.coupons import give_by_hand
from liuliang.commerce.mall import Wanted, redeem
from liuliang.commerce.models import Coupon, CouponTemplate, MallItem
from liuliang.kernel.errors import Refused
from liuliang.loyalty.queries import balance_of
from liuliang.people.models import Member

_SHOWN = 100

Row = TypeVar("Row", CouponTemplate, MallItem)

Part = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", min_length=1, max_length=200)]


class AskPage(Asked):
    """Which page."""

    after: Annotated[int, Field(ge=0, lt=2**62)] = 0
    """What the page before gave as ``next``."""


class TemplateAnswer(Answer):
    """A coupon that can be given."""

    coupon: str
    """The public id, which `give-coupon` takes."""
    name: str
    kind: str
    off: int
    """Minor units, or per cent of the price."""
    threshold: int
    currency: str
    starts_at: datetime
    ends_at: datetime
    is_active: bool


class TemplatesAnswer(Answer):
    """Coupons, a hundred at a time."""

    coupons: tuple[TemplateAnswer, ...]
    next: int | None


class ItemAnswer(Answer):
    """Something of the mall."""

    item: str
    """The public id, which `redeem-item` takes."""
    name: str
    kind: str
    points: int
    amount: int
    currency: str
    is_active: bool


class ItemsAnswer(Answer):
    """What there is in the mall, a hundred at a time."""

    items: tuple[ItemAnswer, ...]
    next: int | None


class GiveCoupon(Told):
    """Which coupon."""

    coupon: Annotated[str, StringConstraints(max_length=24)]


class CouponAnswer(Answer):
    """A member's coupon."""

    number: int
    coupon: str
    name: str
    given_at: datetime
    ends_at: datetime


class ClaimCode(Told):
    """A coupon code as the member typed it."""

    code: Annotated[str, StringConstraints(max_length=100)]
    """Spaces, dashes and lower case make no difference."""


class ToldAddress(Told):
    """Where goods go."""

    name: Part
    phone: Part
    address: Part


class RedeemItem(Told):
    """What to redeem."""

    item: Annotated[str, StringConstraints(max_length=24)]
    quantity: Annotated[int, Field(ge=1, le=1_000)] = 1
    address: ToldAddress | None = None
    """For goods."""
    paid_how: Literal["offline", "transfer", "wechat", "alipay", "free"] | None = None
    """How the money came, for what costs money beside points; that it came is the caller's word."""


class RedemptionAnswer(Answer):
    """What was redeemed."""

    number: str
    item: str
    quantity: int
    points: int
    state: str
    available: int
    """The points that are left."""


@operation("GET", "coupons", summary=_("列出优惠券"), permissions=(SHOP_VIEW,), asks=AskPage, answers=TemplatesAnswer)
def get_coupons(call: Call, asked: AskPage) -> TemplatesAnswer:
    """List the coupons that there are, the oldest first."""
    rows, after = _page(queries.templates(call.access, SHOP_VIEW), asked)
    shown = tuple(
        TemplateAnswer(
            coupon=one.public_id, name=one.name, kind=one.kind, off=one.off, threshold=one.threshold,
            currency=one.currency, starts_at=one.starts_at, ends_at=one.ends_at, is_active=one.is_active,
        )
        for one in rows
    )  # fmt: skip
    return TemplatesAnswer(coupons=shown, next=after)


@operation("GET", "mall-items", summary=_("列出积分商城"), permissions=(SHOP_VIEW,), asks=AskPage, answers=ItemsAnswer)
def get_mall_items(call: Call, asked: AskPage) -> ItemsAnswer:
    """List what there is in the mall, the oldest first."""
    rows, after = _page(MallItem.objects.filter(queries.sold_by(call.access, SHOP_VIEW)), asked)
    shown = tuple(
        ItemAnswer(
            item=one.public_id, name=one.name, kind=one.kind, points=one.points, amount=one.amount,
            currency=one.currency, is_active=one.is_active,
        )
        for one in rows
    )  # fmt: skip
    return ItemsAnswer(items=shown, next=after)


@operation(
    "POST", "members/<str:member>/coupons", summary=_("给成员发一张优惠券"), permissions=(MEMBERS_VIEW, COUPONS_GIVE),
    takes=GiveCoupon, answers=CouponAnswer, moves=True,
)  # fmt: skip
def give_coupon(call: Call, told: GiveCoupon, member: Member) -> CouponAnswer:
    """Give a member a coupon of a branch where the key may give coupons."""
    template = _template(call, told.coupon)
    return _answer(give_by_hand(template, member.pk, key=call.cause, at=call.at))


def _count_wrong(call: Call, refusal: Refused, member: Member) -> None:
    codes.count_wrong(refusal, member.pk, asker=_asker(call), at=call.at)


@operation(
    "POST", "members/<str:member>/coupon-codes", summary=_("替成员兑换券码"), permissions=(MEMBERS_VIEW, COUPONS_GIVE),
    takes=ClaimCode, answers=CouponAnswer, moves=True, after_refusal=_count_wrong,
)  # fmt: skip
def claim_coupon_code(call: Call, told: ClaimCode, member: Member) -> CouponAnswer:
    """Turn a code into a member's coupon, of a branch where the key may give coupons.

    Whatever is wrong with it (unknown, used, expired, of another branch), the answer is ``code.unusable``. After five wrong
    ones in ten minutes a member must wait, after a hundred the key: ``code.wait``.
    """
    made = codes.try_code(told.code, member.pk, asker=_asker(call), at=call.at, tries=codes.TRIES_OF_SYSTEMS)
    if not queries.own_templates(call.access, COUPONS_GIVE).filter(pk=made.template_id).exists():
        raise Refused("code.unusable")
    return _answer(made)


@operation(
    "POST", "members/<str:member>/redemptions", summary=_("替成员用积分兑换"), permissions=(MEMBERS_VIEW, ORDERS_EDIT),
    takes=RedeemItem, answers=RedemptionAnswer, moves=True,
)  # fmt: skip
def redeem_item(call: Call, told: RedeemItem, member: Member) -> RedemptionAnswer:
    """Redeem something of the mall for a member: points, stock and what is got move together, or not at all."""
    found = MallItem.objects.filter(queries.sold_by(call.access, ORDERS_EDIT), public_id=told.item).first()
    if found is None:
        raise Refused("gift.unknown")
    address = told.address.model_dump() if told.address else {}
    wanted = Wanted(found.pk, member.pk, told.quantity, address, told.paid_how or "")
    made = redeem(wanted, key=call.cause, at=call.at)
    return RedemptionAnswer(
        number=made.number, item=found.public_id, quantity=made.quantity, points=made.points, state=made.state,
        available=balance_of(member.pk).available,
    )  # fmt: skip


def _asker(call: Call) -> str:
    return f"key:{call.access.key.pk}"


def _answer(made: Coupon) -> CouponAnswer:
    of = made.template
    return CouponAnswer(
        number=made.pk, coupon=of.public_id, name=of.name, given_at=made.given_at, ends_at=made.ends_at
    )  # fmt: skip


def _page(rows: QuerySet[Row], asked: AskPage) -> tuple[list[Row], int | None]:
    """Return a page of rows, the oldest first, and what the next one is asked for with."""
    found = list(rows.filter(pk__gt=asked.after).order_by("pk")[: _SHOWN + 1])
    return found[:_SHOWN], found[_SHOWN - 1].pk if len(found) > _SHOWN else None


def _template(call: Call, public_id: str) -> CouponTemplate:
    found = queries.own_templates(call.access, COUPONS_GIVE).filter(public_id=public_id).first()
    if found is None:
        raise Refused("coupon.unknown")
    return found

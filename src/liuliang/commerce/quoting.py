"""What an order would cost somebody, worked out before anything is reserved: the prices, the coupons, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from liuliang.commerce import coupons
from liuliang.commerce.discounts import Discount, Item, take_off
from liuliang.commerce.models import Coupon, Variant
from liuliang.commerce.prices import Priced
from liuliang.commerce.shoppers import prices_for, shopper_of
from liuliang.kernel.errors import Refused
from liuliang.loyalty.purses import person_of

MOST_LINES = 50
MOST_OF_ONE = 100_000


@dataclass(frozen=True, slots=True)
class Sale:
    """An order that somebody wants.

    Attributes:
        member: any record of the buyer.
        lines: pairs of a variant's id and how many.
        coupons: ids of the buyer's coupons.
        community: where it came from, None for none.
        content: the piece of content it came from, in words.
        play: the play it came from, in words.
        staff: the id of the person in charge, None for nobody.
    """

    member: int
    lines: tuple[tuple[int, int], ...]
    coupons: tuple[int, ...] = ()
    community: int | None = None
    content: str = ""
    play: str = ""
    staff: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A variant in a quote: how many, what each costs and why, and what coupons take off the whole line."""

    variant: Variant
    quantity: int
    priced: Priced
    discount: int

    @property
    def before(self) -> int:
        """Return what the line costs before coupons."""
        return self.priced.amount * self.quantity

    @property
    def total(self) -> int:
        """Return what the line costs."""
        return self.before - self.discount


@dataclass(frozen=True, slots=True)
class Quote:
    """What an order costs. Amounts are minor units of ``currency``."""

    person: int
    currency: str
    lines: tuple[Line, ...]
    coupons: tuple[Coupon, ...]
    discount: Discount

    @property
    def total(self) -> int:
        """Return what is to be paid."""
        return sum(line.total for line in self.lines)


def quote(sale: Sale, *, at: datetime) -> Quote:
    """Return what a sale costs now.

    Raises:
        Refused: ``member.unknown``, ``order.lines``, ``order.off_sale``, ``order.plan_alone``, ``order.currency``, ``coupon.not_yours``, and as
            `liuliang.commerce.discounts.take_off`.
    """
    person = person_of(sale.member)
    wanted = _wanted(sale)
    currencies = {variant.product.currency for variant, _quantity in wanted}
    if len(currencies) > 1:
        raise Refused("order.currency", currencies="、".join(sorted(currencies)))
    (currency,) = currencies
    priced = prices_for(shopper_of(person, at=at), wanted)
    used = coupons.usable(person, at=at, among=sale.coupons) if sale.coupons else []
    if len(used) < len(set(sale.coupons)):
        raise Refused("coupon.not_yours")
    items = [
        Item(variant.product_id, each.amount * quantity)
        for (variant, quantity), each in zip(wanted, priced, strict=True)
    ]
    discount = take_off([coupons.terms_of(coupon) for coupon in used], items, currency=currency, at=at)
    lines = [
        Line(variant, quantity, each, off)
        for (variant, quantity), each, off in zip(wanted, priced, discount.by_line, strict=True)
    ]
    return Quote(person, currency, tuple(lines), tuple(used), discount)


def _wanted(sale: Sale) -> list[tuple[Variant, int]]:
    if not 1 <= len(sale.lines) <= MOST_LINES or len(dict(sale.lines)) < len(sale.lines):
        raise Refused("order.lines", most=MOST_LINES)
    if not all(1 <= quantity <= MOST_OF_ONE for _variant, quantity in sale.lines):
        raise Refused("order.quantity", most=MOST_OF_ONE)
    variants = Variant.objects.select_related("product", "plan").in_bulk([variant for variant, _quantity in sale.lines])
    for number, _quantity in sale.lines:
        variant = variants.get(number)
        if variant is None or not variant.is_active or not variant.product.is_on_sale:
            raise Refused("order.off_sale", name=variant.product.name if variant else "")
        if variant.plan is not None and not variant.plan.is_active:
            raise Refused("order.off_sale", name=variant.product.name)
        # So that it is plain how much of a refund is for which days.
        if variant.plan is not None and len(sale.lines) > 1:
            raise Refused("order.plan_alone", name=variant.product.name)
    return [(variants[number], quantity) for number, quantity in sale.lines]

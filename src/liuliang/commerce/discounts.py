"""What coupons take off an order: pure functions of their terms and of the lines.

Thresholds are measured on what the lines cost before any coupon. Percentages come first, then amounts, each on what is left
of the lines it is for; so the order in which coupons are named does not matter, and nothing falls below zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from liuliang.kernel.errors import Refused

AMOUNT, PERCENT = "amount", "percent"
KINDS = (AMOUNT, PERCENT)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a coupon does.

    Attributes:
        kind: ``amount`` or ``percent``.
        off: minor units, or percent (20 is 20% off).
        currency: of its amounts; orders in others do not take it.
        starts_at: from when it counts.
        ends_at: from when it no longer does.
        threshold: minor units that the lines it is for must cost together.
        most: minor units that a percentage takes off at the most; None for no limit.
        products: ids it is for; empty for all.
        is_stacking: whether it goes with others that are.
        key: tells coupons apart.
    """

    kind: str
    off: int
    currency: str
    starts_at: datetime
    ends_at: datetime
    threshold: int = 0
    most: int | None = None
    products: frozenset[int] = frozenset()
    is_stacking: bool = False
    key: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """A line of an order: its product's id and what the whole line costs in minor units."""

    product: int
    amount: int


@dataclass(frozen=True, slots=True)
class Discount:
    """What coupons take off: by each coupon's key, and off each line in the order of the lines."""

    by_coupon: dict[int, int]
    by_line: tuple[int, ...]

    @property
    def total(self) -> int:
        """Return all that is taken off."""
        return sum(self.by_line)


def check(terms: Terms, items: Sequence[Item], *, currency: str, at: datetime) -> None:
    """Refuse a coupon that does not go with these lines now.

    Raises:
        Refused: ``coupon.not_yet``, ``coupon.ended``, ``coupon.currency``, ``coupon.scope``, or ``coupon.threshold`` with
            what is missing.
    """
    if at < terms.starts_at:
        raise Refused("coupon.not_yet", starts_at=terms.starts_at)
    if at >= terms.ends_at:
        raise Refused("coupon.ended", ends_at=terms.ends_at)
    if currency != terms.currency:
        raise Refused("coupon.currency", coupon=terms.currency, currency=currency)
    reached = [item.amount for item in items if _is_for(terms, item)]
    if not reached:
        raise Refused("coupon.scope")
    if sum(reached) < terms.threshold:
        raise Refused("coupon.threshold", threshold=terms.threshold, missing=terms.threshold - sum(reached))


def take_off(coupons: Sequence[Terms], items: Sequence[Item], *, currency: str, at: datetime) -> Discount:
    """Return what these coupons together take off these lines.

    Raises:
        Refused: as `check`; ``coupon.stacking`` for several of which one does not go with others; ``coupon.twice``.
    """
    for terms in coupons:
        check(terms, items, currency=currency, at=at)
    if len({terms.key for terms in coupons}) < len(coupons):
        raise Refused("coupon.twice")
    if len(coupons) > 1 and not all(terms.is_stacking for terms in coupons):
        raise Refused("coupon.stacking")
    left = [item.amount for item in items]
    by_coupon: dict[int, int] = {}
    for terms in sorted(coupons, key=lambda terms: (terms.kind != PERCENT, terms.key)):
        places = [place for place, item in enumerate(items) if _is_for(terms, item)]
        reached = sum(left[place] for place in places)
        off = min(_off(terms, reached), reached)
        for place, share in zip(places, spread(off, [left[place] for place in places]), strict=True):
            left[place] -= share
        by_coupon[terms.key] = off
    return Discount(by_coupon, tuple(item.amount - rest for item, rest in zip(items, left, strict=True)))


def _is_for(terms: Terms, item: Item) -> bool:
    return not terms.products or item.product in terms.products


def _off(terms: Terms, reached: int) -> int:
    """Return what a coupon takes off lines of this sum. A fraction of the smallest coin stays with the seller."""
    if terms.kind == AMOUNT:
        return terms.off
    off = reached * terms.off // 100
    return off if terms.most is None else min(off, terms.most)


def spread(amount: int, weights: Sequence[int]) -> list[int]:
    """Share an amount out in proportion to weights that are at least as much together, exactly; no share is above its weight."""
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    shares = [amount * weight // whole for weight in weights]
    # What rounding left goes to those who lost most by it; of equals, to the first.
    order = sorted(range(len(weights)), key=lambda place: (-(amount * weights[place] % whole), place))
    for place in order[: amount - sum(shares)]:
        shares[place] += 1
    return shares

"""What happens in trade."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from liuliang.kernel.events import Event, event


@event("order.paid", title=_("下单付款"), icon="shopping-cart", value="amount")
@dataclass(frozen=True, slots=True)
class OrderPaid(Event):
    """A member paid an order. ``amount`` is minor units of ``currency``."""

    order: int
    amount: int
    currency: str = "CNY"
    product: str = ""
    quantity: int = 1


@event("order.refunded", title=_("退款"), icon="receipt-refund", value="amount")
@dataclass(frozen=True, slots=True)
class OrderRefunded(Event):
    """Money went back for an order; ``amount`` is what went back, in minor units."""

    order: int
    amount: int
    currency: str = "CNY"


@event("order.claimed", title=_("订单认领"), icon="user-check")
@dataclass(frozen=True, slots=True)
class OrderClaimed(Event):
    """An order that was paid by nobody known turned out to be this member's.

    ``amount`` and ``refunded`` are what had been logged without a buyer, in minor units; metrics of money do not add
    them again. ``product`` and ``quantity`` are what was bought.
    """

    order: int
    amount: int
    refunded: int = 0
    currency: str = "CNY"
    product: str = ""
    quantity: int = 1


@event("coupon.given", title=_("获得优惠券"), icon="ticket")
@dataclass(frozen=True, slots=True)
class CouponGiven(Event):
    """A member got a coupon. ``how`` is hand, code, segment or rule."""

    coupon: int
    template: int
    how: str
    name: str = ""


@event("coupon.used", title=_("使用优惠券"), icon="ticket", value="discount")
@dataclass(frozen=True, slots=True)
class CouponUsed(Event):
    """A coupon paid for a part of an order: ``discount`` minor units of ``currency``."""

    coupon: int
    template: int
    order: int
    discount: int
    currency: str = "CNY"
    name: str = ""


@event("mall.redeemed", title=pgettext_lazy("event", "兑换礼品"), icon="gift", value="points")
@dataclass(frozen=True, slots=True)
class MallRedeemed(Event):
    """A member got something of the mall for ``points``, and perhaps money, which an order holds."""

    redemption: int
    item: int
    quantity: int
    points: int
    name: str = ""


@event("mall.refunded", title=pgettext_lazy("event", "退回兑换"), icon="arrow-back-up", value="points")
@dataclass(frozen=True, slots=True)
class MallRefunded(Event):
    """A redemption was taken back; its ``points`` are in the lots they came from."""

    redemption: int
    item: int
    quantity: int
    points: int
    name: str = ""

"""What happens in trade."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

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
    them again.
    """

    order: int
    amount: int
    refunded: int = 0
    currency: str = "CNY"

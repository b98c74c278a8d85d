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

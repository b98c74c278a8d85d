"""What is sold, what makes it cheaper, what was sold and how it is paid.

How many there are of anything is the ledger's business (`liuliang.loyalty.stock`): rows here only name its accounts.
"""

from __future__ import annotations

from liuliang.commerce.models.coupons import (
    CodeAttempt,
    CodeBatch,
    Coupon,
    CouponCode,
    CouponRule,
    CouponRun,
    CouponTemplate,
)
from liuliang.commerce.models.goods import Offer, Product, Variant
from liuliang.commerce.models.mall import MallItem, Redemption
from liuliang.commerce.models.orders import Buyer, Order, OrderCoupon, OrderLine, OrderRefund
from liuliang.commerce.models.payments import Payment, PaymentAccount, PaymentRefund

__all__ = [
    "Buyer",
    "CodeAttempt",
    "CodeBatch",
    "Coupon",
    "CouponCode",
    "CouponRule",
    "CouponRun",
    "CouponTemplate",
    "MallItem",
    "Offer",
    "Order",
    "OrderCoupon",
    "OrderLine",
    "OrderRefund",
    "Payment",
    "PaymentAccount",
    "PaymentRefund",
    "Product",
    "Redemption",
    "Variant",
]

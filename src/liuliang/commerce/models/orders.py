"""Orders, what is in them, what went back; and the projection that says who bought."""

from __future__ import annotations

from django.db import models
from django.db.models import F

from liuliang.accounts.models import Staff
from liuliang.commerce.models.coupons import Coupon
from liuliang.commerce.models.goods import Variant
from liuliang.loyalty.models import Hold
from liuliang.people.models import Community, Member


class Order(models.Model):
    """A sale, imported or made here. Amounts are minor units of ``currency``; ``amount`` is what is paid.

    ``source`` and ``number`` identify it: the same order imported again is the same row. ``member`` is the buyer's record.
    An order made here (`liuliang.commerce.selling`) has lines; unpaid, it waits until ``until``. ``content`` and ``play``
    say in words what it came from, ``staff`` is the person in charge, ``paid_how`` how the money came. ``refunding`` is what is
    on its way back and has not arrived.
    """

    source = models.CharField(max_length=60)
    number = models.CharField(max_length=100)
    member = models.ForeignKey(Member, null=True, db_index=False, on_delete=models.PROTECT, related_name="orders")
    community = models.ForeignKey(Community, null=True, on_delete=models.PROTECT, related_name="orders")
    at = models.DateTimeField()
    amount = models.BigIntegerField()
    refunded = models.BigIntegerField(default=0)
    refunding = models.BigIntegerField(default=0, db_default=0)
    currency = models.CharField(max_length=3, default="CNY")
    product = models.CharField(max_length=300, blank=True, default="")
    quantity = models.IntegerField(default=1)
    status = models.CharField(max_length=20, default="paid")
    until = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)
    paid_how = models.CharField(max_length=20, blank=True, default="", db_default="")
    reference = models.CharField(max_length=100, blank=True, default="", db_default="")
    discount = models.BigIntegerField(default=0, db_default=0)
    content = models.CharField(max_length=120, blank=True, default="", db_default="")
    play = models.CharField(max_length=120, blank=True, default="", db_default="")
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "number"], name="commerce_order_number"),
            models.CheckConstraint(
                condition=models.Q(refunded__gte=0, refunding__gte=0)
                & models.Q(amount__gte=F("refunded") + F("refunding")),
                name="commerce_order_refund",
            ),
        ]
        indexes = [
            models.Index(fields=["member", "-at"], name="commerce_order_member"),
            # With what sales are added up from: a period's orders may lie anywhere in the table.
            models.Index(
                fields=["-at", "-id"],
                include=["member", "community", "status", "currency", "amount", "refunded"],
                name="commerce_order_sold",
            ),
            models.Index(
                fields=["until", "id"],
                condition=models.Q(status="unpaid", until__isnull=False),
                name="commerce_order_waiting",
            ),
            models.Index(fields=["number"], opclasses=["varchar_pattern_ops"], name="commerce_order_lookup"),
            # Nearly all orders are paid; whoever looks for others must not walk past those.
            models.Index(
                fields=["status", "-at", "-id"],
                condition=models.Q(status__in=["unpaid", "cancelled", "refunded"]),
                name="commerce_order_unusual",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class OrderLine(models.Model):
    """A variant in an order: ``amount`` each, which ``listed`` was the price of before offers; ``why`` names the offer's conditions.

    ``discount`` is what coupons took off the whole line. ``hold`` keeps it in stock, ``taken`` is the transfer that took it out,
    ``returned`` how many came back.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines")
    variant = models.ForeignKey(Variant, db_index=False, on_delete=models.PROTECT, related_name="lines")
    quantity = models.IntegerField()
    listed = models.BigIntegerField()
    amount = models.BigIntegerField()
    discount = models.BigIntegerField(default=0)
    why = models.JSONField(default=list)
    hold = models.ForeignKey(Hold, null=True, db_index=False, on_delete=models.PROTECT, related_name="+")
    taken = models.BigIntegerField(null=True)
    returned = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(quantity__gte=1, returned__gte=0, returned__lte=models.F("quantity")),
                name="commerce_orderline_numbers",
            )
        ]
        indexes = [models.Index(fields=["variant", "-order"], name="commerce_orderline_variant")]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.variant_id}"

    @property
    def total(self) -> int:
        """What the line costs after coupons."""
        return self.amount * self.quantity - self.discount


class OrderCoupon(models.Model):
    """A coupon in an order and what it took off."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="coupons")
    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="uses")
    discount = models.BigIntegerField()
    hold = models.ForeignKey(Hold, db_index=False, on_delete=models.PROTECT, related_name="+")
    taken = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return f"{self.discount} by {self.coupon_id}"


class OrderRefund(models.Model):
    """Money that went back, once for each ``key``; ``state`` is processing while it is on its way, succeeded or failed.

    The amount is 0 only where an order that cost nothing was taken back.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="refunds")
    key = models.CharField(max_length=60)
    amount = models.BigIntegerField()
    state = models.CharField(max_length=10, default="succeeded", db_default="succeeded")
    reason = models.CharField(max_length=300, blank=True, default="")
    at = models.DateTimeField()
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "key"], name="commerce_orderrefund_once"),
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="commerce_orderrefund_amount"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} back"


class Buyer(models.Model):
    """What the log says a member bought. A projection, keyed by canonical member; CNY minor units.

    What somebody spent is ``paid`` less ``refunded``, wherever it is said.
    """

    member = models.OneToOneField(Member, on_delete=models.CASCADE, primary_key=True, related_name="buyer")
    orders = models.IntegerField(default=0)
    paid = models.BigIntegerField(default=0)
    refunded = models.BigIntegerField(default=0)
    first_order_at = models.DateTimeField(null=True)
    last_order_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index((F("paid") - F("refunded")).desc(), F("member").desc(), name="commerce_buyer_spent")]

    def __str__(self) -> str:
        return f"buyer {self.member_id}"

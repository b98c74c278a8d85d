"""Orders, and the projection that says who bought."""

from __future__ import annotations

from django.db import models

from liuliang.people.models import Community, Member


class Order(models.Model):
    """A sale, imported or recorded here. Amounts are minor units of ``currency``.

    ``source`` and ``number`` identify it: the same order imported again is the same row. ``member`` is the buyer's record.
    """

    source = models.CharField(max_length=60)
    number = models.CharField(max_length=100)
    member = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="orders")
    community = models.ForeignKey(Community, null=True, on_delete=models.PROTECT, related_name="orders")
    at = models.DateTimeField()
    amount = models.BigIntegerField()
    refunded = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, default="CNY")
    product = models.CharField(max_length=300, blank=True, default="")
    quantity = models.IntegerField(default=1)
    status = models.CharField(max_length=20, default="paid")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "number"], name="commerce_order_number"),
            models.CheckConstraint(
                condition=models.Q(refunded__gte=0, refunded__lte=models.F("amount")), name="commerce_order_refund"
            ),
        ]
        indexes = [
            models.Index(fields=["member", "-at"], name="commerce_order_member"),
            models.Index(fields=["-at", "-id"], name="commerce_order_at"),
        ]

    def __str__(self) -> str:
        return self.number


class Buyer(models.Model):
    """What the log says a member bought. A projection, keyed by canonical member; CNY minor units."""

    member = models.OneToOneField(Member, on_delete=models.CASCADE, primary_key=True, related_name="buyer")
    orders = models.IntegerField(default=0)
    paid = models.BigIntegerField(default=0)
    refunded = models.BigIntegerField(default=0)
    first_order_at = models.DateTimeField(null=True)
    last_order_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["-paid", "-member"], name="commerce_buyer_paid")]

    def __str__(self) -> str:
        return f"buyer {self.member_id}"

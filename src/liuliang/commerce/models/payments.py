"""How orders are paid through others: accounts with them, each attempt to pay, and what they were asked to give back."""

from __future__ import annotations

from django.db import models

from liuliang.accounts.models import Staff
from liuliang.commerce.models.orders import Order, OrderRefund


class PaymentAccount(models.Model):
    """An account with who takes money, such as WeChat Pay. ``adapter`` is the key of a `liuliang.commerce.payments` file.

    ``config`` is what everybody may see of its configuration, ``sealed`` the rest (`liuliang.kernel.sealing`). Buyers can
    pay by it while it ``is_active``; what was begun before is still heard and asked for afterwards.
    """

    adapter = models.CharField(max_length=20, unique=True)
    config = models.JSONField(default=dict)
    sealed = models.TextField(blank=True, default="")
    is_active = models.BooleanField(default=False)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.adapter


class Payment(models.Model):
    """An attempt to pay an order. ``amount`` is what was asked for, ``received`` what came; minor units of ``currency``.

    ``state``: new (the adapter has not answered), open (the buyer can pay), paid, closed, failed; stray when money came that
    the order could not take, and returned when that went back. ``problem`` names why. ``handle`` is what the buyer needs to
    pay, ``reference`` what the payment is called there. ``ask_at`` is when to ask about it next, None for no more.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="payments")
    adapter = models.CharField(max_length=20)
    way = models.CharField(max_length=20)
    number = models.CharField(max_length=32, unique=True)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=10)
    problem = models.CharField(max_length=300, blank=True, default="")
    handle = models.JSONField(default=dict)
    reference = models.CharField(max_length=64, blank=True, default="")
    received = models.BigIntegerField(default=0)
    refunding = models.BigIntegerField(default=0)
    refunded = models.BigIntegerField(default=0)
    begun_at = models.DateTimeField()
    until = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    ask_at = models.DateTimeField(null=True)
    asked = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["adapter", "reference"], condition=~models.Q(reference=""), name="commerce_payment_once"
            ),
            models.CheckConstraint(
                condition=models.Q(amount__gt=0, refunding__gte=0, refunded__gte=0)
                & models.Q(received__gte=models.F("refunding") + models.F("refunded")),
                name="commerce_payment_numbers",
            ),
        ]
        indexes = [
            models.Index(
                fields=["ask_at", "id"], condition=models.Q(ask_at__isnull=False), name="commerce_payment_ask"
            ),
            models.Index(
                fields=["-settled_at", "-id"], condition=models.Q(state="stray"), name="commerce_payment_stray"
            ),
        ]

    def __str__(self) -> str:
        return self.number


class PaymentRefund(models.Model):
    """Money that an adapter was asked to give back: processing, succeeded or failed, ``problem`` saying why.

    ``order_refund`` is the refund of the order it carries out; None for money that the order never took.
    """

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    order_refund = models.OneToOneField(OrderRefund, null=True, on_delete=models.PROTECT, related_name="carried")
    number = models.CharField(max_length=32, unique=True)
    amount = models.BigIntegerField()
    state = models.CharField(max_length=10)
    problem = models.CharField(max_length=300, blank=True, default="")
    reference = models.CharField(max_length=64, blank=True, default="")
    begun_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    ask_at = models.DateTimeField(null=True)
    asked = models.IntegerField(default=0)
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="commerce_paymentrefund_amount"),
        ]
        indexes = [
            models.Index(
                fields=["ask_at", "id"], condition=models.Q(ask_at__isnull=False), name="commerce_payrefund_ask"
            ),
        ]

    def __str__(self) -> str:
        return self.number

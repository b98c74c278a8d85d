"""What points buy, and who got it."""

from __future__ import annotations

from django.db import models

from liuliang.accounts.models import Staff
from liuliang.commerce.models.coupons import Coupon, CouponTemplate
from liuliang.commerce.models.orders import Order
from liuliang.loyalty.models import Account
from liuliang.people.models import Community, Member, new_public_id


class MallItem(models.Model):
    """Something that points buy, money, or both. ``kind`` is goods, coupon, service or privilege.

    ``stock`` is its account in the ledger, None for what never runs out. ``template`` is the coupon that it gives. ``amount``
    is minor units of ``currency``.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, default="")
    kind = models.CharField(max_length=10)
    community = models.ForeignKey(Community, null=True, on_delete=models.PROTECT, related_name="mall_items")
    points = models.BigIntegerField(default=0)
    amount = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, default="CNY")
    stock = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="+")
    per_person = models.IntegerField(null=True)
    template = models.ForeignKey(CouponTemplate, null=True, on_delete=models.PROTECT, related_name="mall_items")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(points__gte=0, amount__gte=0)
                & (models.Q(points__gt=0) | models.Q(amount__gt=0))
                & (models.Q(per_person=None) | models.Q(per_person__gte=1)),
                name="commerce_mallitem_numbers",
            )
        ]
        indexes = [models.Index(fields=["-created_at", "-id"], name="commerce_mallitem_created")]

    def __str__(self) -> str:
        return self.name

    @property
    def thing(self) -> str:
        """The unit of the ledger that counts it."""
        return f"mall:{self.pk}"


class Redemption(models.Model):
    """What a member got from the mall, what they gave for it, and how far it has come: waiting, shipped, done, refunded.

    ``taken`` is the transfer that took it out of the stock, ``order`` the order that its money is in, ``coupon`` what it gave.
    ``address`` is where it goes and is emptied when the member is erased.
    """

    number = models.CharField(max_length=30, unique=True)
    item = models.ForeignKey(MallItem, on_delete=models.PROTECT, related_name="redemptions")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="redemptions")
    quantity = models.IntegerField()
    points = models.BigIntegerField()
    order = models.OneToOneField(Order, null=True, on_delete=models.PROTECT, related_name="redemption")
    coupon = models.OneToOneField(Coupon, null=True, on_delete=models.PROTECT, related_name="redemption")
    taken = models.BigIntegerField(null=True)
    state = models.CharField(max_length=10)
    address = models.JSONField(default=dict)
    carrier = models.CharField(max_length=40, blank=True, default="")
    tracking = models.CharField(max_length=60, blank=True, default="")
    at = models.DateTimeField()
    shipped_at = models.DateTimeField(null=True)
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = [
            models.Index(fields=["-at", "-id"], name="commerce_redemption_at"),
            models.Index(fields=["at", "id"], condition=models.Q(state="waiting"), name="commerce_redemption_wait"),
        ]

    def __str__(self) -> str:
        return self.number

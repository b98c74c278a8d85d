"""What is on sale, in which forms, at which prices."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from liuliang.loyalty.models import Account, Level
from liuliang.people.models import Community, new_public_id
from liuliang.subscriptions.models import Plan


class Product(models.Model):
    """Something on sale. ``community`` is the branch that sells it, None for all; ``picture`` a data URL.

    What is not ``is_on_sale`` keeps its orders and cannot be ordered.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, default="")
    picture = models.TextField(blank=True, default="")
    community = models.ForeignKey(Community, null=True, on_delete=models.PROTECT, related_name="products")
    currency = models.CharField(max_length=3, default="CNY")
    is_on_sale = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["-changed_at", "-id"], name="commerce_product_changed"),
            models.Index(fields=["name", "id"], name="commerce_product_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Variant(models.Model):
    """One form of a product that can be put into an order. ``amount`` is its listed price in minor units.

    ``stock`` is its account in the ledger, None for what never runs out. ``per_person`` is how many one person may have
    in all, None for any number. ``plan`` is the paid membership that it is, None for anything else.
    """

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="variants")
    code = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=80, blank=True, default="")
    amount = models.BigIntegerField()
    per_person = models.IntegerField(null=True)
    stock = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="+")
    plan = models.OneToOneField(Plan, null=True, on_delete=models.PROTECT, related_name="variant")
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(amount__gte=0) & (models.Q(per_person=None) | models.Q(per_person__gte=1)),
                name="commerce_variant_numbers",
            )
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def thing(self) -> str:
        """The unit of the ledger that counts it."""
        return f"variant:{self.pk}"


class Offer(models.Model):
    """A better price for who meets all its conditions; see `liuliang.commerce.prices.Terms`.

    ``communities`` are ids: their members and those of what is below them, and only they. ``level`` is that level or a
    higher one. ``plan`` is for who has that paid membership. ``from_quantity`` is how many of the variant the order must hold.
    """

    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="offers")
    amount = models.BigIntegerField()
    communities = ArrayField(models.IntegerField(), default=list)
    level = models.ForeignKey(Level, null=True, on_delete=models.PROTECT, related_name="+")
    plan = models.ForeignKey(Plan, null=True, db_index=False, on_delete=models.PROTECT, related_name="+")
    from_quantity = models.IntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(amount__gte=0, from_quantity__gte=1), name="commerce_offer_numbers"
            )
        ]

    def __str__(self) -> str:
        return f"{self.amount} for {self.variant_id}"

"""Coupons as templates, those that members have, codes, and how they are given."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from liuliang.accounts.models import Staff
from liuliang.loyalty.models import Account
from liuliang.people.models import Community, Member, new_public_id


class CouponTemplate(models.Model):
    """What a coupon takes off, for whom it is there and how many; see `liuliang.commerce.discounts.Terms`.

    ``off`` is minor units for the kind ``amount`` and percent for ``percent``, which takes off no more than ``most``.
    ``products`` are ids, empty for all. A coupon counts from ``starts_at`` to ``ends_at`` and, with ``days``, no longer than
    so many days after it was given. ``total`` of them stand in ``stock``, and a person gets at most ``per_person``.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    name = models.CharField(max_length=80)
    community = models.ForeignKey(Community, null=True, on_delete=models.PROTECT, related_name="coupon_templates")
    kind = models.CharField(max_length=10)
    off = models.BigIntegerField()
    most = models.BigIntegerField(null=True)
    threshold = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, default="CNY")
    products = ArrayField(models.IntegerField(), default=list)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    days = models.IntegerField(null=True)
    per_person = models.IntegerField(default=1)
    total = models.BigIntegerField()
    stock = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="+")
    is_stacking = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(off__gte=1, threshold__gte=0, per_person__gte=1, total__gte=0),
                name="commerce_coupontemplate_numbers",
            )
        ]
        indexes = [models.Index(fields=["-created_at", "-id"], name="commerce_template_created")]

    def __str__(self) -> str:
        return self.name

    @property
    def thing(self) -> str:
        """The unit of the ledger that counts how many were given, and to whom."""
        return f"coupon:{self.pk}"


class Coupon(models.Model):
    """A coupon that a member has. ``how`` it came: hand, code, segment or rule; ``cause`` names why, once.

    Using it reserves and takes the one of the unit ``voucher:<id>``, so that one coupon pays for one order.
    """

    template = models.ForeignKey(CouponTemplate, db_index=False, on_delete=models.PROTECT, related_name="coupons")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="coupons")
    how = models.CharField(max_length=10)
    cause = models.CharField(max_length=160, unique=True)
    given_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    taken = models.BigIntegerField()
    used_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["template", "-given_at", "-id"], name="commerce_coupon_given"),
            models.Index(fields=["template"], condition=models.Q(used_at__isnull=False), name="commerce_coupon_used"),
        ]

    def __str__(self) -> str:
        return self.cause

    @property
    def thing(self) -> str:
        """The unit of the ledger that says whether it is used."""
        return f"voucher:{self.pk}"


class CodeBatch(models.Model):
    """Codes made at one time for a template, to be printed or sent; each gives one coupon."""

    template = models.ForeignKey(CouponTemplate, on_delete=models.PROTECT, related_name="batches")
    title = models.CharField(max_length=80)
    count = models.IntegerField()
    created_at = models.DateTimeField()
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.title


class CouponCode(models.Model):
    """One code, and the coupon it became."""

    batch = models.ForeignKey(CodeBatch, on_delete=models.PROTECT, related_name="codes")
    code = models.CharField(max_length=20, unique=True)
    coupon = models.OneToOneField(Coupon, null=True, on_delete=models.PROTECT, related_name="code")

    def __str__(self) -> str:
        return f"code {self.pk}"


class CouponRun(models.Model):
    """Giving a coupon to many at once: a serialised roaring bitmap of canonical ids, and how far it has come.

    ``after`` is the last member looked at; ``refused`` counts those who had theirs already or came too late. ``held`` are
    those who were drawn by lot and get none, in the same form, so that it can be told what the coupon did (empty for nobody).
    """

    template = models.ForeignKey(CouponTemplate, on_delete=models.PROTECT, related_name="runs")
    title = models.CharField(max_length=120)
    members = models.BinaryField()
    size = models.IntegerField()
    held = models.BinaryField(default=bytes)
    held_size = models.IntegerField(default=0)
    after = models.BigIntegerField(default=-1)
    given = models.IntegerField(default=0)
    refused = models.IntegerField(default=0)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.title


class CouponRule(models.Model):
    """A coupon that is given for what members do: ``behaviour`` is a key of `liuliang.loyalty.behaviours`.

    It holds from ``starts_at`` on, in ``community`` and below; None is everywhere. ``refused`` counts those who had theirs
    already or came too late.
    """

    template = models.ForeignKey(CouponTemplate, on_delete=models.PROTECT, related_name="rules")
    behaviour = models.CharField(max_length=80)
    community = models.ForeignKey(Community, null=True, on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    is_active = models.BooleanField(default=True)
    given = models.IntegerField(default=0)
    refused = models.IntegerField(default=0)

    def __str__(self) -> str:
        return self.behaviour


class CodeAttempt(models.Model):
    """A code that was wrong, by who asked. Kept as long as it counts against them."""

    asker = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["asker", "at"], name="commerce_codeattempt_asker"),
            models.Index(fields=["at"], name="commerce_codeattempt_at"),
        ]

    def __str__(self) -> str:
        return self.asker

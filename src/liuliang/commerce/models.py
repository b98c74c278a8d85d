"""What is sold, what makes it cheaper, and what was sold; and the projection that says who bought.

How many there are of anything is the ledger's business (`liuliang.loyalty.stock`): rows here only name its accounts.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from liuliang.accounts.models import Staff
from liuliang.loyalty.models import Account, Hold, Level
from liuliang.people.models import Community, Member, new_public_id


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
    in all, None for any number.
    """

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="variants")
    code = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=80, blank=True, default="")
    amount = models.BigIntegerField()
    per_person = models.IntegerField(null=True)
    stock = models.ForeignKey(Account, null=True, on_delete=models.PROTECT, related_name="+")
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
    higher one. ``from_quantity`` is how many of the variant the order must hold.
    """

    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="offers")
    amount = models.BigIntegerField()
    communities = ArrayField(models.IntegerField(), default=list)
    level = models.ForeignKey(Level, null=True, on_delete=models.PROTECT, related_name="+")
    from_quantity = models.IntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(amount__gte=0, from_quantity__gte=1), name="commerce_offer_numbers"
            )
        ]

    def __str__(self) -> str:
        return f"{self.amount} for {self.variant_id}"


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

    ``after`` is the last member looked at; ``refused`` counts those who had theirs already or came too late.
    """

    template = models.ForeignKey(CouponTemplate, on_delete=models.PROTECT, related_name="runs")
    title = models.CharField(max_length=120)
    members = models.BinaryField()
    size = models.IntegerField()
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


class Order(models.Model):
    """A sale, imported or made here. Amounts are minor units of ``currency``; ``amount`` is what is paid.

    ``source`` and ``number`` identify it: the same order imported again is the same row. ``member`` is the buyer's record.
    An order made here (`liuliang.commerce.selling`) has lines; unpaid, it waits until ``until``. ``content`` and ``play``
    say in words what it came from, ``staff`` is the person in charge, ``paid_how`` how the money came.
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
                condition=models.Q(refunded__gte=0, refunded__lte=models.F("amount")), name="commerce_order_refund"
            ),
        ]
        indexes = [
            models.Index(fields=["member", "-at"], name="commerce_order_member"),
            models.Index(fields=["-at", "-id"], name="commerce_order_at"),
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
    """Money that went back, once for each ``key``."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="refunds")
    key = models.CharField(max_length=60)
    amount = models.BigIntegerField()
    reason = models.CharField(max_length=300, blank=True, default="")
    at = models.DateTimeField()
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "key"], name="commerce_orderrefund_once"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="commerce_orderrefund_amount"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} back"


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

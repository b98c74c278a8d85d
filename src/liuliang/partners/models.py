"""Partners, what they are paid by, whose buyers are whose, and what each order earned them.

Amounts of commission stand in the ledger (`liuliang.loyalty.ledger`), in accounts of the order's currency by the key
``partner:<id>``: awaiting, commission, settling, debt. Rows here say why.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from liuliang.accounts.models import Staff
from liuliang.commerce.models import CouponTemplate, Order, Product
from liuliang.people.models import Member, new_public_id


class Plan(models.Model):
    """How commission is worked out; see `liuliang.partners.plans.NewPlan`. Rates are hundredths of a percent of what was paid."""

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    name = models.CharField(max_length=60, unique=True)
    first_rate = models.IntegerField()
    second_rate = models.IntegerField(default=0)
    window_days = models.IntegerField()
    binding_days = models.IntegerField()
    binds_invited = models.BooleanField(default=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(first_rate__gte=1, second_rate__gte=0, second_rate__lte=F("first_rate"), window_days__gte=0)
                & Q(binding_days__gte=1),
                name="partners_plan_numbers",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Partner(models.Model):
    """Somebody who is paid for the orders they bring.

    ``kind`` is partner, assistant or reseller. ``member`` and ``staff`` are who they are here, if anybody. ``parent`` brought
    them in; who was brought in brings nobody in. Whoever is not active earns nothing from new orders. ``link`` is where what
    they send on leads to, empty for nowhere.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=12)
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="partners")
    member = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="+")
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="recruits")
    coupon = models.OneToOneField(CouponTemplate, null=True, on_delete=models.PROTECT, related_name="partner")
    link = models.CharField(max_length=500, blank=True, default="")
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member"], name="partners_partner_member")]
        indexes = [models.Index(fields=["-joined_at", "-id"], name="partners_partner_joined")]

    def __str__(self) -> str:
        return self.code

    @property
    def account_key(self) -> str:
        """The key of this partner's accounts in the ledger."""
        return f"partner:{self.pk}"


class Binding(models.Model):
    """That a member's orders from ``since`` until just before ``until`` are a partner's. ``how`` is invite or staff."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="bindings")
    since = models.DateTimeField()
    until = models.DateTimeField()
    how = models.CharField(max_length=10)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(until__gt=F("since")), name="partners_binding_time")]
        indexes = [models.Index(fields=["member", "-since"], name="partners_binding_member")]

    def __str__(self) -> str:
        return f"{self.member_id} of {self.partner_id}"


class OrderClaim(models.Model):
    """That staff say an order is a partner's, by their code; it goes before coupons and bindings."""

    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="partner_claim")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="claims")
    at = models.DateTimeField()
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.order_id} of {self.partner_id}"


class Commission(models.Model):
    """What an order earned a partner. ``level`` is 1 for who brought it and 2 for who brought the partner in.

    ``rate`` is the plan's when the order was attributed, ``how`` why it is the partner's: code, coupon or binding. ``base`` is
    what was paid and ``refunded`` what went back of it; ``given`` less ``taken_back`` is the commission on the rest. ``owed``
    is the part of what was taken back that became a debt. Before ``released_at`` it waits until ``release_at``. One that was
    ``replaced_at`` some instant was taken back whole, for the order turned out to be another partner's; it counts nowhere.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="commissions")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="commissions")
    level = models.SmallIntegerField()
    how = models.CharField(max_length=10)
    rate = models.IntegerField()
    currency = models.CharField(max_length=3)
    base = models.BigIntegerField()
    refunded = models.BigIntegerField(default=0)
    given = models.BigIntegerField()
    taken_back = models.BigIntegerField(default=0)
    owed = models.BigIntegerField(default=0)
    transfer = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    release_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)
    replaced_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order", "level"], condition=Q(replaced_at=None), name="partners_commission_once"
            ),
            models.CheckConstraint(
                condition=Q(taken_back__gte=0, taken_back__lte=F("given"), owed__gte=0, owed__lte=F("taken_back")),
                name="partners_commission_numbers",
            ),
        ]
        indexes = [
            models.Index(fields=["partner", "-at", "-id"], name="partners_commission_partner"),
            models.Index(fields=["at"], name="partners_commission_at"),
            models.Index(
                fields=["release_at", "id"],
                condition=Q(released_at=None, replaced_at=None),
                name="partners_commission_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.given - self.taken_back} of order {self.order_id}"

    @property
    def kept(self) -> int:
        """What is left of it, in minor units."""
        return self.given - self.taken_back


class Settlement(models.Model):
    """A sheet of what is to be paid to partners: open, paid or cancelled."""

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=10, default="open")
    total = models.BigIntegerField(default=0)
    at = models.DateTimeField()
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    reference = models.CharField(max_length=100, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["-at", "-id"], name="partners_settlement_at")]

    def __str__(self) -> str:
        return f"{self.state} {self.total} {self.currency}"


class SettlementLine(models.Model):
    """What a sheet says of a partner: earned, less a debt that is taken off, is what is paid."""

    settlement = models.ForeignKey(Settlement, on_delete=models.PROTECT, related_name="lines")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="settlements")
    earned = models.BigIntegerField()
    debt = models.BigIntegerField(default=0)
    amount = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["settlement", "partner"], name="partners_line_once"),
            models.CheckConstraint(
                condition=Q(debt__gte=0, amount__gte=0, earned=F("debt") + F("amount")), name="partners_line_numbers"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} to {self.partner_id}"


class Material(models.Model):
    """Words that partners send on, with ``{code}`` and ``{name}`` where each one's own go.

    ``picture`` is JPEG as `liuliang.people.pictures` makes it, None for none; ``product`` what it speaks of, if anything.
    """

    title = models.CharField(max_length=60)
    text = models.TextField()
    picture = models.BinaryField(null=True)
    product = models.ForeignKey(Product, null=True, on_delete=models.PROTECT, related_name="+")
    is_active = models.BooleanField(default=True)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.title


class TrainingItem(models.Model):
    """Something that partners are to learn: what it is, and where to read or watch it (``link``, empty for nowhere)."""

    title = models.CharField(max_length=80)
    text = models.TextField(blank=True, default="")
    link = models.CharField(max_length=500, blank=True, default="")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.title


class TrainingDone(models.Model):
    """That a partner has learnt something, as staff say."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="training")
    item = models.ForeignKey(TrainingItem, on_delete=models.PROTECT, related_name="done")
    at = models.DateTimeField()
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["partner", "item"], name="partners_training_once")]

    def __str__(self) -> str:
        return f"{self.item_id} by {self.partner_id}"

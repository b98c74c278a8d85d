"""The tables of the ledger. What they hold is changed by the functions of migration 0002 and the modules that call them."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from liuliang.accounts.models import Staff
from liuliang.people.models import Community, Member


class Account(models.Model):
    """A place where a quantity of one unit stands. All balances of a unit sum to zero.

    ``unit`` is what is counted: ``points``, ``growth``, ``CNY``, or one limited thing such as ``coupon:12``. ``kind``, ``key`` and
    ``member`` say whose it is (`liuliang.loyalty.accounts`). ``held`` is reserved to go out, ``expected`` reserved to come
    in; both still count in no balance. ``floor`` is what the balance less ``held`` never falls below, None for no limit.

    No index speaks of the quantities, so that a transfer changes two rows in place and no index at all.

    A hot account is a head with ``buckets`` rows below it: the head is only an address, the quantity stands in the
    buckets, so that many may move some of it at once.
    """

    unit = models.CharField(max_length=60)
    kind = models.CharField(max_length=20)
    key = models.CharField(max_length=100, blank=True, default="")
    member = models.ForeignKey(Member, null=True, on_delete=models.PROTECT, related_name="accounts")
    head = models.ForeignKey("self", null=True, db_index=False, on_delete=models.PROTECT, related_name="parts")
    bucket = models.SmallIntegerField(default=0)
    buckets = models.SmallIntegerField(default=0)
    balance = models.BigIntegerField(default=0, db_default=0)
    held = models.BigIntegerField(default=0, db_default=0)
    expected = models.BigIntegerField(default=0, db_default=0)
    floor = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "kind", "key", "member", "bucket"], name="loyalty_account_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(floor=None) | Q(balance__gte=F("floor") + F("held")), name="loyalty_account_floor"
            ),
            models.CheckConstraint(condition=Q(held__gte=0, expected__gte=0), name="loyalty_account_pending"),
        ]
        indexes = [
            models.Index(fields=["head"], condition=Q(head__isnull=False), name="loyalty_account_bucket"),
            models.Index(fields=["unit", "member"], condition=Q(kind="debt"), name="loyalty_account_debt"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key or self.member_id or ''} of {self.unit}"


class Transfer(models.Model):
    """One movement between two accounts of a unit: two entries, equal and opposite. Never changed, never deleted.

    ``cause`` says why, in a form that names the same thing for ever (``rule:3:<event>``), and happens once; one cause may
    have several ``part``s (a person with two purses pays from both). ``corrects`` is the transfer this one takes back,
    wholly or partly. Accounts have no constraint behind them, because the posting function has just locked them and
    they are never deleted, and the check would cost as much as the transfer.
    """

    source = models.ForeignKey(
        Account, db_constraint=False, db_index=False, on_delete=models.PROTECT, related_name="outgoing"
    )
    target = models.ForeignKey(
        Account, db_constraint=False, db_index=False, on_delete=models.PROTECT, related_name="incoming"
    )
    amount = models.BigIntegerField()
    kind = models.CharField(max_length=20)
    cause = models.CharField(max_length=200)
    part = models.SmallIntegerField(default=0)
    corrects = models.ForeignKey(
        "self", null=True, db_constraint=False, db_index=False, on_delete=models.PROTECT, related_name="corrections"
    )
    at = models.DateTimeField()
    community = models.IntegerField(null=True)
    actor = models.IntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cause", "part"], name="loyalty_transfer_cause"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="loyalty_transfer_amount"),
        ]
        indexes = [
            models.Index(fields=["source", "-id"], name="loyalty_transfer_source"),
            models.Index(fields=["target", "-id"], name="loyalty_transfer_target"),
            # Deliveries to stock and budgets are few.
            models.Index(
                fields=["kind", "target", "source"],
                condition=Q(kind__in=["filled", "withdrawn"]),
                name="loyalty_transfer_filled",
            ),
            models.Index(fields=["corrects"], condition=Q(corrects__isnull=False), name="loyalty_transfer_corrects"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} by {self.cause}"


class Hold(models.Model):
    """A quantity reserved on its way from one account to another: posted, voided or timed out, whichever comes first.

    ``lots`` are the lots it was taken from, as pairs of lot and amount, for accounts that keep lots.
    """

    # As for transfers: accounts and transfers are never deleted, so the database need not look them up for each.
    source = models.ForeignKey(Account, db_constraint=False, db_index=False, on_delete=models.PROTECT, related_name="+")
    target = models.ForeignKey(Account, db_constraint=False, db_index=False, on_delete=models.PROTECT, related_name="+")
    amount = models.BigIntegerField()
    kind = models.CharField(max_length=20)
    cause = models.CharField(max_length=200)
    state = models.CharField(max_length=10, default="open", db_default="open")
    lots = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    at = models.DateTimeField()
    until = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    transfer = models.ForeignKey(
        Transfer, null=True, db_constraint=False, db_index=False, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cause"], name="loyalty_hold_cause"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="loyalty_hold_amount"),
        ]
        indexes = [
            models.Index(fields=["until", "id"], condition=Q(state="open"), name="loyalty_hold_open"),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.amount} by {self.cause}"


class Lot(models.Model):
    """What is left of one credit to a purse, and the last local day on which it counts (None: for ever).

    The lots of a purse sum to its balance less what is held. Touched only under the lock of the account.
    """

    account = models.ForeignKey(Account, db_index=False, on_delete=models.PROTECT, related_name="lots")
    transfer = models.OneToOneField(Transfer, on_delete=models.PROTECT, related_name="lot")
    amount = models.BigIntegerField()
    remaining = models.BigIntegerField()
    ends_on = models.DateField(null=True)
    restored = models.IntegerField(default=0, db_default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(remaining__gte=0, remaining__lte=F("amount")), name="loyalty_lot_remaining"
            )
        ]
        indexes = [
            models.Index(fields=["account", "ends_on", "id"], condition=Q(remaining__gt=0), name="loyalty_lot_open"),
            models.Index(
                fields=["ends_on", "id"],
                condition=Q(remaining__gt=0, ends_on__isnull=False),
                name="loyalty_lot_ending",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.remaining} of {self.amount} until {self.ends_on}"


class LotUse(models.Model):
    """That a transfer took so much from a lot, or, negative, gave it back. Never changed, never deleted."""

    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="uses")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="uses")
    amount = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="loyalty_lotuse_amount")]

    def __str__(self) -> str:
        return f"{self.amount} of lot {self.lot_id}"


class IdempotencyKey(models.Model):
    """A request that was answered: its key, whose it is, a hash of its body, and the answer."""

    owner = models.CharField(max_length=200)
    key = models.CharField(max_length=200)
    body = models.CharField(max_length=64)
    answer = models.JSONField(null=True)
    is_answered = models.BooleanField(default=False)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="loyalty_idempotency_once")]
        indexes = [models.Index(fields=["at"], name="loyalty_idempotency_at")]

    def __str__(self) -> str:
        return self.key


class EarningRule(models.Model):
    """What members are given for what they do; see `liuliang.loyalty.rules.Terms` for what the numbers mean.

    ``behaviour`` is a key of `liuliang.loyalty.behaviours`. ``community`` is where it holds, with everything below; None
    is everywhere. ``validity`` is JSON of `liuliang.loyalty.validity.Validity`. ``undo_hours``: an undoing later than that
    no longer counts, for behaviours where time matters. ``is_forgiving``: what was spent of a reward that is taken back is
    let go; else it becomes a debt. ``refused`` counts rewards that the empty budget could not pay.
    """

    title = models.CharField(max_length=100)
    unit = models.CharField(max_length=60, default="points")
    behaviour = models.CharField(max_length=80)
    community = models.ForeignKey(Community, null=True, on_delete=models.PROTECT, related_name="+")
    conditions = models.JSONField(default=list)
    low = models.IntegerField()
    high = models.IntegerField()
    per = models.IntegerField(default=0)
    cap_day = models.IntegerField(null=True)
    cap_week = models.IntegerField(null=True)
    cap_total = models.IntegerField(null=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    budget = models.CharField(max_length=100, blank=True, default="")
    validity = models.JSONField(default=dict)
    undo_hours = models.IntegerField(default=24)
    is_forgiving = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    refused = models.BigIntegerField(default=0)
    refused_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.title


class RuleDay(models.Model):
    """What a rule gave a person on one local day, for its caps. Written by the reaction that pays, alone."""

    rule = models.ForeignKey(EarningRule, on_delete=models.PROTECT, related_name="days")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    amount = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "member", "day"], name="loyalty_ruleday_once")]

    def __str__(self) -> str:
        return f"{self.amount} on {self.day}"


class Level(models.Model):
    """A level and what it takes: ``threshold`` of growth to reach, ``keep`` of growth in a period not to lose it.

    ``rights`` are what it gives, as lines of text.
    """

    key = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=60)
    threshold = models.BigIntegerField(unique=True)
    keep = models.BigIntegerField(default=0)
    rights = models.JSONField(default=list)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(threshold__gte=0, keep__gte=0), name="loyalty_level_numbers")]

    def __str__(self) -> str:
        return self.name


class MemberLevel(models.Model):
    """The level of a person, by canonical record, since when, and when it is looked at again."""

    member = models.OneToOneField(Member, on_delete=models.PROTECT, primary_key=True, related_name="level")
    level = models.ForeignKey(Level, on_delete=models.PROTECT, related_name="members")
    since = models.DateTimeField()
    review_on = models.DateField()

    class Meta:
        indexes = [models.Index(fields=["review_on", "member"], name="loyalty_memberlevel_review")]

    def __str__(self) -> str:
        return f"{self.level_id} of {self.member_id}"


class PointsDay(models.Model):
    """What moved on a local day, by why. A projection: written by `PointsDayProjection` alone."""

    day = models.DateField()
    kind = models.CharField(max_length=40)
    rule = models.BigIntegerField(default=0)
    community = models.IntegerField(default=0)
    times = models.BigIntegerField(default=0)
    amount = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["day", "kind", "rule", "community"], name="loyalty_pointsday_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} on {self.day}"


class Standing(models.Model):
    """What a person has by the log, all records together. A projection, keyed by canonical member, for boards.

    ``points`` and ``growth`` are balances, ``earned`` is all points that ever came in and were not taken back.
    """

    member = models.OneToOneField(Member, on_delete=models.CASCADE, primary_key=True, related_name="standing")
    points = models.BigIntegerField(default=0)
    growth = models.BigIntegerField(default=0)
    earned = models.BigIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["-points", "member"], name="loyalty_standing_points"),
            models.Index(fields=["-growth", "member"], name="loyalty_standing_growth"),
            models.Index(fields=["-earned", "member"], name="loyalty_standing_earned"),
        ]

    def __str__(self) -> str:
        return f"standing of {self.member_id}"


class PointsEnding(models.Model):
    """How many points end with a day (None: never). A projection: written by `PointsEndingProjection` alone."""

    ends_on = models.DateField(null=True)
    amount = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ends_on"], name="loyalty_pointsending_once", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return f"{self.amount} until {self.ends_on}"


class Programme(models.Model):
    """The one set of terms of the points: what a point is worth, and what staff may give or take by themselves.

    ``worth_money`` minor units of money stand for ``worth_points`` points. More than ``approval_from`` points at once need a
    second person. ``set_aside`` is the money (minor units) that is kept for what members have not spent; None where nobody
    has said.
    """

    worth_money = models.IntegerField(default=1)
    worth_points = models.IntegerField(default=1)
    approval_from = models.BigIntegerField(default=1_000)
    set_aside = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="loyalty_programme_single_row"),
            models.CheckConstraint(
                condition=Q(worth_money__gte=0, worth_points__gte=1, approval_from__gte=0),
                name="loyalty_programme_numbers",
            ),
        ]

    def __str__(self) -> str:
        return "the programme"


class Adjustment(models.Model):
    """Points that staff give or (negative) take by hand: proposed, then done or refused.

    The reason stands here and not in the ledger, because it may name people and the ledger is never changed.
    """

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    amount = models.BigIntegerField()
    ends_on = models.DateField(null=True)
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=10, default="proposed")
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    decided_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["member", "-id"], name="loyalty_adjustment_member"),
            models.Index(fields=["id"], condition=Q(state="proposed"), name="loyalty_adjustment_open"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.state}"


class Season(models.Model):
    """A clearing of points: what was left of points earned before ``cutoff`` is taken, purse by purse.

    ``purses`` and ``points`` are what the preview found when it was confirmed; ``finished_at`` is None while it goes on.
    """

    title = models.CharField(max_length=60)
    cutoff = models.DateTimeField()
    purses = models.BigIntegerField()
    points = models.BigIntegerField()
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["title"], name="loyalty_season_title")]

    def __str__(self) -> str:
        return self.title


class Badge(models.Model):
    """A badge. ``rule`` is JSON of `liuliang.loyalty.honour.Rule`, empty for one that staff give by hand.

    ``community`` is where it is earned and given, with everything below; None is everywhere. ``icon`` is one of
    `liuliang.loyalty.honour.ICONS`. A badge that is not active is given to nobody any more; who has it keeps it.
    """

    name = models.CharField(max_length=40)
    description = models.CharField(max_length=200, blank=True, default="")
    icon = models.CharField(max_length=40)
    community = models.ForeignKey(Community, null=True, on_delete=models.PROTECT, related_name="+")
    rule = models.JSONField(default=dict)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "community"], name="loyalty_badge_name", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return self.name


class Award(models.Model):
    """That a person (by canonical record) has a badge, once. ``staff`` is None where the badge's rule gave it.

    ``revoked_at`` says that it was taken away; a rule does not give it again. ``reason`` goes when the member is erased.
    """

    badge = models.ForeignKey(Badge, on_delete=models.PROTECT, related_name="awards")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="awards")
    reason = models.CharField(max_length=300, blank=True, default="")
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["badge", "member"], name="loyalty_award_once")]
        indexes = [models.Index(fields=["-at", "-id"], condition=Q(revoked_at=None), name="loyalty_award_wall")]

    def __str__(self) -> str:
        return f"{self.badge_id} for {self.member_id}"


class Penalty(models.Model):
    """What somebody was punished with in a community (None: everywhere), and what became of it.

    ``step`` is one of `liuliang.loyalty.penalties.LADDER`. ``state`` is standing, appealed, or lifted; a mute that is over
    is still standing, ``until`` says when it ended. ``points`` were taken by the ledger under the cause ``penalty:<id>``.
    ``reason``, ``appeal`` and ``answer`` are emptied when the member is erased.
    """

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="penalties")
    community = models.ForeignKey(Community, null=True, on_delete=models.PROTECT, related_name="+")
    step = models.CharField(max_length=20)
    reason = models.CharField(max_length=300)
    points = models.BigIntegerField(default=0)
    until = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, default="standing")
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    appeal = models.CharField(max_length=1000, blank=True, default="")
    appealed_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=300, blank=True, default="")
    decided_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["member", "-at"], name="loyalty_penalty_member"),
            models.Index(fields=["-at", "-id"], name="loyalty_penalty_at"),
            models.Index(fields=["id"], condition=Q(state="appealed"), name="loyalty_penalty_appealed"),
        ]

    def __str__(self) -> str:
        return f"{self.step} of {self.member_id}"

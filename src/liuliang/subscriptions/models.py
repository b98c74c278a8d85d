"""Plans of paid membership, who has one, and of what stretches of days that is made."""

from __future__ import annotations

from django.db import models

from liuliang.accounts.models import Staff
from liuliang.people.models import Community, Member, new_public_id


class Plan(models.Model):
    """A paid membership that can be had for ``length`` of a ``unit`` (month or day) at a time.

    ``rights`` are what members get, in words. On the member day (``day_kind`` month or week, and the number of its day;
    empty for none) they pay ``day_off`` percent less and earn ``day_points`` percent more points. ``community`` is the
    branch that offers it, None for all.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    name = models.CharField(max_length=40)
    description = models.TextField(blank=True, default="")
    community = models.ForeignKey(Community, null=True, on_delete=models.PROTECT, related_name="plans")
    unit = models.CharField(max_length=5)
    length = models.IntegerField()
    rights = models.JSONField(default=list)
    day_kind = models.CharField(max_length=5, blank=True, default="")
    day_number = models.IntegerField(default=1)
    day_off = models.IntegerField(default=0)
    day_points = models.IntegerField(default=0)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(length__gte=1, day_off__gte=0, day_off__lte=99, day_points__gte=0),
                name="subscriptions_plan_numbers",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Subscription(models.Model):
    """A member and a plan: the days ``starts_on`` to ``ends_on`` that they have it now, or had it last.

    ``state``: active, expired when its last day is over, ended when it was shortened to nothing.
    """

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="subscriptions")
    plan = models.ForeignKey(Plan, db_index=False, on_delete=models.PROTECT, related_name="subscriptions")
    starts_on = models.DateField()
    ends_on = models.DateField()
    state = models.CharField(max_length=10)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "plan"], name="subscriptions_once")]
        indexes = [
            models.Index(fields=["ends_on", "id"], name="subscriptions_ends"),
            models.Index(fields=["plan", "ends_on"], name="subscriptions_of_plan"),
            models.Index(fields=["ends_on"], condition=models.Q(state="active"), name="subscriptions_active"),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id} of {self.member_id} until {self.ends_on}"


class Term(models.Model):
    """A stretch of days of a subscription, bought or given, once for its ``cause``. Nothing is left when ``last`` is before ``first``.

    ``days`` is how many it had at first. ``how`` is order or gift; a gift has a ``reason`` in words of the staff.
    """

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="terms")
    cause = models.CharField(max_length=80, unique=True)
    how = models.CharField(max_length=10)
    first = models.DateField()
    last = models.DateField()
    days = models.IntegerField()
    reason = models.CharField(max_length=300, blank=True, default="")
    at = models.DateTimeField()
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.cause

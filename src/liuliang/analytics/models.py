"""What staff decide and enter: how much each part of health weighs, stages by hand, costs, goals, who is sent which reviews."""

from __future__ import annotations

from django.db import models

from liuliang.accounts.models import Staff
from liuliang.people.models import Community, new_public_id


class HealthWeights(models.Model):
    """The weights of the parts of health, where they differ from the ready-made ones; one row."""

    weights = models.JSONField(default=dict)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name_plural = "health weights"
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="analytics_weights_single_row")]

    def __str__(self) -> str:
        return "weights of health"


class StageChoice(models.Model):
    """The stage that staff say a community is in; it holds until it is taken back."""

    community = models.OneToOneField(Community, primary_key=True, on_delete=models.CASCADE, related_name="+")
    stage = models.CharField(max_length=40)
    reason = models.CharField(max_length=300, blank=True, default="")
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.community_id}: {self.stage}"


class ChannelCost(models.Model):
    """Money spent on bringing people in, over the days from ``first_day`` to ``last_day``, both included.

    Without a community it was spent for all of them; ``how`` is a way of joining, empty for all ways. ``amount`` is in minor
    units of CNY.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    community = models.ForeignKey(Community, null=True, on_delete=models.CASCADE, related_name="+")
    how = models.CharField(max_length=20, blank=True, default="")
    first_day = models.DateField()
    last_day = models.DateField()
    amount = models.BigIntegerField()
    note = models.CharField(max_length=200, blank=True, default="")
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(last_day__gte=models.F("first_day")), name="analytics_cost_days"),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="analytics_cost_amount"),
        ]
        indexes = [models.Index(fields=["last_day", "first_day"], name="analytics_cost_within")]

    def __str__(self) -> str:
        return f"{self.amount} from {self.first_day} to {self.last_day}"


class Goal(models.Model):
    """What a metric should reach over the days from ``first_day`` to ``last_day``, in the metric's own unit.

    Without a community it is a goal of all of them; of a branch it is one of all groups below.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    community = models.ForeignKey(Community, null=True, on_delete=models.CASCADE, related_name="+")
    metric = models.CharField(max_length=60)
    first_day = models.DateField()
    last_day = models.DateField()
    target = models.FloatField()
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(last_day__gte=models.F("first_day")), name="analytics_goal_days"),
            models.UniqueConstraint(
                fields=["metric", "community", "first_day", "last_day"],
                name="analytics_goal_once",
                nulls_distinct=False,
            ),
        ]
        indexes = [models.Index(fields=["-last_day", "-id"], name="analytics_goal_latest")]

    def __str__(self) -> str:
        return f"{self.metric} {self.target} by {self.last_day}"


class ReviewSubscription(models.Model):
    """Somebody who has the reviews of a community (without one, of all) sent by mail, every ``unit`` (week or month).

    ``sent_first`` is the first day of the latest period that was sent, or was over when they subscribed.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="+")
    community = models.ForeignKey(Community, null=True, on_delete=models.CASCADE, related_name="+")
    unit = models.CharField(max_length=10)
    sent_first = models.DateField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["staff", "community", "unit"], name="analytics_review_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.staff_id}: {self.unit} of {self.community_id}"

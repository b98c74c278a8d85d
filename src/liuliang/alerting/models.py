"""Alerts, who is told, and every time one fired."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from liuliang.accounts.models import Staff
from liuliang.people.models import Community, new_public_id


class Alert(models.Model):
    """A condition on a metric, and what to do when it holds.

    Without a community it is about all of them; of a branch it is about all groups below, together or (``is_each``) each by
    itself. ``condition`` is JSON of `liuliang.alerting.rules.Condition`. ``steps`` and ``duties`` are the plan: what is
    done, and by whom.

    ``looked_day`` is the last local day that was judged; ``due_at`` when it is looked at next. ``outcome`` is what the last
    look came to, ``recent`` the metric's days up to ``recent_day``.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    name = models.CharField(max_length=80)
    metric = models.CharField(max_length=60)
    community = models.ForeignKey(Community, null=True, on_delete=models.CASCADE, related_name="+")
    is_each = models.BooleanField(default=False)
    condition = models.JSONField()
    steps = models.TextField(blank=True, default="")
    duties = models.TextField(blank=True, default="")
    muted_until = models.DateTimeField(null=True)
    looked_day = models.DateField()
    due_at = models.DateTimeField()
    outcome = models.CharField(max_length=20)
    recent = ArrayField(models.FloatField(null=True), default=list)
    recent_day = models.DateField(null=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    owners = models.ManyToManyField(Staff, through="AlertOwner", related_name="alerts_owned")

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="alerting_alert_due"),
            models.Index(fields=["-created_at", "-id"], name="alerting_alert_latest"),
        ]

    def __str__(self) -> str:
        return self.name


class AlertOwner(models.Model):
    """Somebody who is told when an alert fires."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="told")
    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alert", "staff"], name="alerting_owner_once")]

    def __str__(self) -> str:
        return f"{self.alert_id}: {self.staff_id}"


class Firing(models.Model):
    """An alert that fired for one community (none for all of them together) and one local day: once, whatever happens.

    ``value`` is what the metric was, ``expected`` with ``low`` and ``high`` what it was to be; of a threshold these are empty.
    ``condition`` is what held then. ``is_early`` says that the day was not over. ``is_muted`` firings are kept and nobody is told;
    ``told_at`` is when the letters of the others were written, ``told_with`` the first firing that stands in the same letters.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="firings")
    community = models.ForeignKey(Community, null=True, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    value = models.FloatField()
    expected = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    condition = models.JSONField()
    is_early = models.BooleanField(default=False)
    is_muted = models.BooleanField(default=False)
    fired_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)
    told_with = models.BigIntegerField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["alert", "community", "day"], name="alerting_firing_once", nulls_distinct=False
            ),
        ]
        indexes = [
            models.Index(fields=["alert", "-day", "-id"], name="alerting_firing_latest"),
            models.Index(
                fields=["alert"],
                condition=Q(acknowledged_at__isnull=True, is_muted=False),
                name="alerting_firing_waiting",
            ),
            models.Index(
                fields=["id"], condition=Q(told_at__isnull=True, is_muted=False), name="alerting_firing_untold"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.alert_id} on {self.day}"

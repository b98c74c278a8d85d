"""What staff decided about repurchase and win-back; everything else is worked out from the log."""

from __future__ import annotations

from django.db import models

from liuliang.accounts.models import Staff


class ProductCycle(models.Model):
    """How many days a product lasts, as staff know it. ``product`` is its name as orders tell it."""

    product = models.CharField(max_length=300, primary_key=True)
    days = models.IntegerField()
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(days__gte=1), name="winback_cycle_days")]

    def __str__(self) -> str:
        return f"{self.product}: {self.days} days"


class ListRules(models.Model):
    """The rules of the lists where they differ from the ready-made ones; JSON of `liuliang.winback.rules.Rules`."""

    config = models.JSONField(default=dict)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="winback_rules_single_row")]
        verbose_name_plural = "list rules"

    def __str__(self) -> str:
        return "rules of the lists"

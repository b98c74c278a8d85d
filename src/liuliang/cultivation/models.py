"""Criteria where they were changed, whom no kind means, and the pool of candidates."""

from __future__ import annotations

from django.db import models

from liuliang.accounts.models import Staff
from liuliang.people.models import Member, Tag


class Criteria(models.Model):
    """What a kind of candidate must reach, where that differs from the ready-made minimums. JSON of `kinds.Minimums`."""

    kind = models.CharField(max_length=40, primary_key=True)
    minimums = models.JSONField(default=dict)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name_plural = "criteria"

    def __str__(self) -> str:
        return self.kind


class PassedOver(models.Model):
    """A tag whose holders are candidates of no kind: colleagues, say, who run no group but answer in all of them."""

    tag = models.OneToOneField(Tag, on_delete=models.CASCADE, primary_key=True, related_name="+")

    class Meta:
        verbose_name_plural = "passed over"

    def __str__(self) -> str:
        return str(self.tag)


class Candidacy(models.Model):
    """A member in the pool of a kind.

    ``evidence`` is what they had reached when they came in, by measure. ``since`` is when the present state began,
    ``accepted_at`` when they said yes: what they lead to counts from there.
    """

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="candidacies")
    kind = models.CharField(max_length=40)
    state = models.CharField(max_length=20)
    evidence = models.JSONField(default=dict)
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "kind"], name="cultivation_candidacy_once")]
        indexes = [models.Index(fields=["kind", "state", "-since", "-id"], name="cultivation_candidacy_pool")]
        verbose_name_plural = "candidacies"

    def __str__(self) -> str:
        return f"{self.member_id}: {self.kind}, {self.state}"

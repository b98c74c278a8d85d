"""Dashboards, and the cards on them. They hold questions and never an answer."""

from __future__ import annotations

from django.db import models

from liuliang.accounts.models import Role, Staff
from liuliang.people.models import Community, new_public_id


class Dashboard(models.Model):
    """A named, ordered grid of cards.

    ``community`` is the branch it speaks of: the usual scope of its cards, and where those it is shared with must work;
    empty means whatever a reader may see. ``days`` is its usual period. ``roles`` may read it.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    name = models.CharField(max_length=100)
    meaning = models.CharField(max_length=300, blank=True, default="")
    community = models.ForeignKey(Community, null=True, on_delete=models.CASCADE, related_name="+")
    days = models.PositiveSmallIntegerField(default=30)
    owner = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+")
    roles = models.ManyToManyField(Role, related_name="+")
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["owner", "-changed_at", "-id"], name="dashboards_dashboard_owner")]

    def __str__(self) -> str:
        return self.name


class Card(models.Model):
    """A question on a dashboard. ``question`` is JSON of the kind's configuration in `liuliang.dashboards.questions`.

    With ``follows`` it is asked of the communities that the dashboard is looked at with, else of ``community`` (empty:
    everything a reader may see). Without ``days`` it follows the dashboard's period. ``width`` is in quarters of the
    page. From ``removed_at`` on it is gone, and can be brought back for a while.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    dashboard = models.ForeignKey(Dashboard, on_delete=models.CASCADE, related_name="cards")
    position = models.IntegerField()
    kind = models.CharField(max_length=20)
    question = models.JSONField(default=dict)
    title = models.CharField(max_length=100, blank=True, default="")
    width = models.PositiveSmallIntegerField(default=1)
    follows = models.BooleanField(default=True)
    community = models.ForeignKey(Community, null=True, on_delete=models.CASCADE, related_name="+")
    days = models.PositiveSmallIntegerField(null=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["dashboard", "position", "id"], name="dashboards_card_order")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.dashboard_id}"

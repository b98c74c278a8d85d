"""Segments with the sets they hold, and layers with theirs. Sets are serialised roaring bitmaps of canonical member ids."""

from __future__ import annotations

from django.db import models

from liuliang.accounts.models import Staff
from liuliang.people.models import Community, Member, new_public_id


class Segment(models.Model):
    """A named set of members.

    ``community`` is the branch it belongs to: its people are those of the branch, and its rule sees only what happened
    there; empty means everywhere. ``rule`` is JSON as `liuliang.segments.rules` reads it. A static segment keeps
    ``members`` as they were; a dynamic one is kept up to date, as of ``evaluated_at``.
    """

    id = models.AutoField(primary_key=True)
    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    name = models.CharField(max_length=100)
    description = models.CharField(max_length=500, blank=True, default="")
    community = models.ForeignKey(Community, null=True, on_delete=models.CASCADE, related_name="segments")
    rule = models.JSONField(default=dict)
    is_dynamic = models.BooleanField(default=True)
    members = models.BinaryField(default=bytes)
    size = models.IntegerField(default=0)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()
    evaluated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "community"], name="segments_segment_name", nulls_distinct=False)
        ]
        indexes = [models.Index(fields=["-changed_at", "-id"], name="segments_segment_changed")]

    def __str__(self) -> str:
        return self.name


class KeptLeaf(models.Model):
    """The set of one condition in one branch, kept up to date for all dynamic segments that use it.

    ``key`` is a hash of branch, condition and configuration. From ``due_at`` on, time alone may have changed the set.
    ``extent`` is a hash of the communities and time zones it was worked out with; empty when it has to be worked out as a whole
    from ``due_at`` on, and must not be brought up to date in part before.
    """

    key = models.CharField(max_length=40, unique=True)
    community = models.ForeignKey(Community, null=True, on_delete=models.CASCADE, related_name="+")
    condition = models.CharField(max_length=60)
    config = models.JSONField(default=dict)
    members = models.BinaryField(default=bytes)
    evaluated_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    extent = models.CharField(max_length=40)

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="segments_leaf_due")]

    def __str__(self) -> str:
        return f"{self.condition} {self.key[:8]}"


class SegmentSize(models.Model):
    """How large a segment was at the end of a day (of the installation's time zone), and who came and went on it."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="sizes")
    day = models.DateField()
    size = models.IntegerField()
    entered = models.IntegerField(default=0)
    left = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["segment", "day"], name="segments_size_day")]

    def __str__(self) -> str:
        return f"{self.segment_id} on {self.day}: {self.size}"


class LayerRules(models.Model):
    """The thresholds by which a dimension layers members, where they differ from the ready-made ones."""

    dimension = models.CharField(max_length=40, primary_key=True)
    config = models.JSONField(default=dict)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name_plural = "layer rules"

    def __str__(self) -> str:
        return self.dimension


class LayerSet(models.Model):
    """Who is in a layer of a dimension, corrections by hand included."""

    dimension = models.CharField(max_length=40)
    layer = models.CharField(max_length=40)
    members = models.BinaryField(default=bytes)
    size = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dimension", "layer"], name="segments_layer")]

    def __str__(self) -> str:
        return f"{self.dimension}: {self.layer}"


class Layering(models.Model):
    """When layers were last worked out, and from what: the same fingerprint means that nothing would change.

    ``norms`` are what people were held against, by dimension. ``people`` were looked at: ``here`` are in a community,
    ``gone`` have left all of theirs, the rest are known from lists and orders alone. ``last_member`` is the newest of them.
    """

    at = models.DateTimeField()
    fingerprint = models.CharField(max_length=64)
    norms = models.JSONField(default=dict)
    people = models.IntegerField(default=0)
    here = models.IntegerField(default=0)
    gone = models.IntegerField(default=0)
    last_member = models.IntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="segments_layering_single_row")]

    def __str__(self) -> str:
        return f"layers as of {self.at}"


class LayerSize(models.Model):
    """How many were in a layer on a day (of the installation's time zone), as last worked out on it."""

    dimension = models.CharField(max_length=40)
    layer = models.CharField(max_length=40)
    day = models.DateField()
    size = models.IntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dimension", "layer", "day"], name="segments_layer_day")]

    def __str__(self) -> str:
        return f"{self.dimension}: {self.layer} on {self.day}: {self.size}"


class LayerCorrection(models.Model):
    """Staff say that a member belongs in another layer than the rules say. It holds until it is taken back."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="layer_corrections")
    dimension = models.CharField(max_length=40)
    layer = models.CharField(max_length=40)
    reason = models.CharField(max_length=300, blank=True, default="")
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "dimension"], name="segments_correction_once")]

    def __str__(self) -> str:
        return f"{self.member_id}: {self.dimension} is {self.layer}"

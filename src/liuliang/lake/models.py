"""The catalogue of the lake: which files hold the log's columnar copy, and what they do not yet say."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class LakeFile(models.Model):
    """One Parquet file. Readers take live files (``retired_at`` empty) from here, never from the folder.

    ``table`` is ``event`` or ``member_day``; ``level`` 0 as sealed, 1 merged of an hour's sealing, 2 of a day's, 3 of a
    month; ``period`` is the first instant (UTC) of the month whose events it holds. Retired files stay on disk long
    enough for running queries to end.
    """

    table = models.CharField(max_length=20)
    path = models.CharField(max_length=200, unique=True)
    level = models.SmallIntegerField(default=0)
    period = models.DateTimeField()
    rows = models.BigIntegerField()
    bytes = models.BigIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["table", "period", "level"], condition=Q(retired_at=None), name="lake_file_live"),
            models.Index(fields=["retired_at"], condition=~Q(retired_at=None), name="lake_file_retired"),
        ]

    def __str__(self) -> str:
        return self.path


class LakeAlias(models.Model):
    """What the log's copy must say of a recorded member: whom it means, and whether its personal data is erased.

    While ``settled_at`` is empty the files may still say otherwise, and queries apply the row themselves; the rewrite of
    the files settles it. Whatever is written to the lake later applies every row, settled or not.
    """

    recorded = models.IntegerField(primary_key=True)
    canonical = models.IntegerField()
    is_erased = models.BooleanField(default=False)
    changed_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["recorded"], condition=Q(settled_at=None), name="lake_alias_pending"),
            models.Index(fields=["settled_at"], name="lake_alias_settled"),
        ]
        verbose_name_plural = "lake aliases"

    def __str__(self) -> str:
        return f"{self.recorded} means {self.canonical}"


class LakeZone(models.Model):
    """The time zone in which a community's days have been counted; 0 stands for events outside any community."""

    community = models.IntegerField(primary_key=True)
    timezone = models.CharField(max_length=64)
    counted_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.community} in {self.timezone}"


class LakeKind(models.Model):
    """The number that stands for a kind of event in files; it is never given to another."""

    number = models.SmallIntegerField(primary_key=True)
    name = models.CharField(max_length=100, unique=True)

    def __str__(self) -> str:
        return f"{self.number} is {self.name}"


class LakeBatch(models.Model):
    """A span of the log on its way to a ClickHouse server: fixed when the cursor passes it, so that it can be sent again.

    The span runs from after one (xid, position) up to another. ``delivered_at`` is empty until the server has it.
    """

    after_xid = models.BigIntegerField()
    after_position = models.BigIntegerField()
    upto_xid = models.BigIntegerField()
    upto_position = models.BigIntegerField()
    created_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)

    log_places = (("after_xid", "after_position"), ("upto_xid", "upto_position"))

    class Meta:
        indexes = [models.Index(fields=["id"], condition=Q(delivered_at=None), name="lake_batch_waiting")]
        verbose_name_plural = "lake batches"

    def __str__(self) -> str:
        return f"batch {self.pk} up to ({self.upto_xid}, {self.upto_position})"

"""The catalogue of the lake: which files hold the log's columnar copy."""

from __future__ import annotations

from django.db import models


class LakeFile(models.Model):
    """One Parquet file. Readers take live files (``retired_at`` empty) from here, never from the folder.

    ``table`` is ``event`` or ``member_day``; ``level`` 0 as sealed, 1 merged by hour, 2 by day, 3 by month; ``period`` is the first
    instant of the span it covers. Retired files stay on disk long enough for running queries to end.
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
            models.Index(
                fields=["table", "level", "period"], condition=models.Q(retired_at=None), name="lake_file_live"
            )
        ]

    def __str__(self) -> str:
        return self.path


class LakeAlias(models.Model):
    """A recorded member who now means another (or nobody: erased, ``canonical`` null) than the files may say.

    Readers apply these at once; the rewrite of the files removes them.
    """

    recorded = models.IntegerField(primary_key=True)
    canonical = models.IntegerField(null=True)
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "lake aliases"

    def __str__(self) -> str:
        return f"{self.recorded} means {self.canonical}"

"""The tables of the log. The event table itself is made by SQL, for its `xid8` column, which Django does not know."""

from __future__ import annotations

from django.db import models


class LoggedEvent(models.Model):
    """A row of the log, for reads that page through a member's or a community's history.

    Written by `liuliang.kernel.log.append` alone.
    """

    position = models.BigAutoField(primary_key=True)
    id = models.UUIDField()
    kind = models.TextField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    member = models.IntegerField(null=True)
    community = models.IntegerField(null=True)
    actor = models.IntegerField(null=True)
    source = models.TextField()
    source_id = models.TextField()
    data = models.JSONField()

    class Meta:
        db_table = "kernel_event"

    def __str__(self) -> str:
        return f"{self.kind} at {self.position}"


class Cursor(models.Model):
    """How far one reader has come in one shard of members: everything up to (xid, position) has taken effect."""

    reader = models.TextField()
    shard = models.SmallIntegerField()
    xid = models.BigIntegerField(default=0)
    position = models.BigIntegerField(default=0)
    advanced_at = models.DateTimeField(null=True)

    log_places = (("xid", "position"),)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reader", "shard"], name="kernel_cursor_reader_shard")]

    def __str__(self) -> str:
        return f"{self.reader}/{self.shard} at ({self.xid}, {self.position})"


class FactKey(models.Model):
    """The key under which importers hash what has no id of its own. It is kept with the log: a dump takes it along."""

    value = models.BinaryField(max_length=32)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="kernel_factkey_single_row")]

    def __str__(self) -> str:
        return "the key of facts"


class Cluster(models.Model):
    """The PostgreSQL cluster whose transaction ids the log speaks of; another one means the log was restored elsewhere."""

    system_identifier = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="kernel_cluster_single_row")]

    def __str__(self) -> str:
        return str(self.system_identifier)

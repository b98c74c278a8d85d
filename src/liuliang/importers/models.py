"""Imports: what was given, how far it came, and what it brought."""

from __future__ import annotations

from django.db import models
from django.db.models import Value

from liuliang.accounts.models import Staff
from liuliang.people.models import Community, new_public_id


class Import(models.Model):
    """One file on its way into the log.

    ``state`` goes uploaded → ready (recognised, waits for a person) → queued → running → done, or failed / cancelled at
    any point. ``checkpoint`` is how many records are safely in the log: a run that was killed goes on from there.
    ``inspection`` is what was recognised, ``options`` what a person corrected. ``path`` is empty once the file is dropped.

    ``counts`` tells what the file holds: records read, those of them that are of private chats and left out, messages, joins,
    leaves, and rows of members and orders. And what of it is
    new: what was added and what known (facts of a chat, members of a list, orders), people created, identities that known
    people gained, memberships, orders changed, and pairs of people merged and proposed. A run that was killed between two
    batches may have created people whom nobody counts.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    file_name = models.CharField(max_length=300)
    path = models.CharField(max_length=500, blank=True, default="")
    size = models.BigIntegerField()
    digest = models.CharField(max_length=64, blank=True, default="")
    source = models.CharField(max_length=40, blank=True, default="")
    state = models.CharField(max_length=20, default="uploaded")
    error = models.CharField(max_length=60, blank=True, default="")
    error_data = models.JSONField(default=dict)
    inspection = models.JSONField(default=dict)
    options = models.JSONField(default=dict)
    timezone = models.CharField(max_length=64, default="Asia/Shanghai")
    community = models.ForeignKey(Community, null=True, on_delete=models.SET_NULL, related_name="imports")
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="imports")
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    progress = models.BigIntegerField(default=0)
    checkpoint = models.BigIntegerField(default=0)
    counts = models.JSONField(default=dict)
    unreadable = models.IntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["-created_at", "-id"], name="importers_import_at")]

    def __str__(self) -> str:
        return self.file_name


class ImportProblem(models.Model):
    """A place in an imported file that could not be read: what its error file is made of.

    ``cells`` is the whole row, of a table.
    """

    import_run = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="problems")
    line = models.BigIntegerField()
    reason = models.CharField(max_length=60)
    excerpt = models.CharField(max_length=200, blank=True, default="")
    cells = models.JSONField(default=list, db_default=Value([], models.JSONField()))

    class Meta:
        indexes = [models.Index(fields=["import_run", "line", "id"], name="importers_problem_line")]

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"

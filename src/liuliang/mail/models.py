"""Letters, and what became of each."""

from __future__ import annotations

from django.db import models

from liuliang.accounts.models import Staff


class Letter(models.Model):
    """An e-mail to one member of staff. ``key`` says what for: there is never a second letter with it.

    ``state`` goes waiting → sending → sent. Back to waiting when it surely was not taken and is tried again, to failed when it
    is given up, to unknown when the answer was lost after the text had gone out, and to dropped for somebody who may not
    sign in any more. The attachment is forgotten when it has been sent.
    """

    key = models.CharField(max_length=200, unique=True)
    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="letters")
    subject = models.CharField(max_length=200)
    text = models.TextField()
    attachment = models.BinaryField(null=True)
    attachment_name = models.CharField(max_length=200, blank=True, default="")
    state = models.CharField(max_length=20, default="waiting")
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True, default="")
    written_at = models.DateTimeField()
    tried_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["written_at"], name="mail_letter_written"),
            models.Index(fields=["tried_at"], condition=models.Q(state="sending"), name="mail_letter_sending"),
        ]

    def __str__(self) -> str:
        return self.key

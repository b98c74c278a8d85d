"""What customers said and showed, and the record of their consent."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from liuliang.accounts.models import Staff
from liuliang.people.models import Community, Member, new_public_id


class Testimonial(models.Model):
    """What a member says of the brand (testimonial) or shows of an order (showcase).

    ``state`` is pending, accepted or refused. ``consent`` is asked, given, declined or withdrawn; ``uses`` are what it was
    given for, ``consent_how`` in which way, ``consent_by`` who noted it. It is shown only while accepted and given. When
    consent is withdrawn the words and pictures are deleted and the record of the consent stays. ``source`` and
    ``source_id`` name the message it was taken from.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    sort = models.CharField(max_length=12)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="testimonials")
    community = models.ForeignKey(Community, null=True, on_delete=models.PROTECT, related_name="testimonials")
    text = models.TextField(blank=True, default="")
    product = models.CharField(max_length=300, blank=True, default="")
    source = models.CharField(max_length=100, blank=True, default="")
    source_id = models.CharField(max_length=200, blank=True, default="")
    state = models.CharField(max_length=10, default="pending")
    reason = models.CharField(max_length=300, blank=True, default="")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    consent = models.CharField(max_length=10, default="asked")
    uses = ArrayField(models.CharField(max_length=10), default=list)
    consent_at = models.DateTimeField(null=True)
    consent_how = models.CharField(max_length=200, blank=True, default="")
    consent_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    at = models.DateTimeField()
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "source_id"],
                condition=~models.Q(source=""),
                name="testimonials_testimonial_message",
            )
        ]
        indexes = [models.Index(fields=["-at", "-id"], name="testimonials_testimonial_at")]

    def __str__(self) -> str:
        return f"{self.sort} {self.pk}"

    @property
    def is_shown(self) -> bool:
        """Whether it may be shown anywhere."""
        return self.state == "accepted" and self.consent == "given"


class Picture(models.Model):
    """A picture of a testimonial: JPEG made anew from what was sent, without anything but the picture."""

    testimonial = models.ForeignKey(Testimonial, on_delete=models.CASCADE, related_name="pictures")
    data = models.BinaryField()
    width = models.IntegerField()
    height = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.width}×{self.height}"

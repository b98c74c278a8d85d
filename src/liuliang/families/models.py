"""Families, their tiers and groups, and who was asked to move."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from liuliang.accounts.models import Staff
from liuliang.people.models import Community, Member, new_public_id


class Family(models.Model):
    """Groups of one brand by tier: VIP, active, newcomers, ordinary.

    ``steady_days`` is for how long somebody must belong in a tier before they are asked over, so that nobody is asked back
    and forth. ``to_invite`` is how many were to be asked when the family was last looked through, at ``looked_at``.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    name = models.CharField(max_length=60)
    steady_days = models.PositiveSmallIntegerField(default=7)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    dissolved_at = models.DateTimeField(null=True)
    to_invite = models.PositiveIntegerField(default=0)
    looked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name"], condition=Q(dissolved_at=None), name="families_family_name")
        ]
        verbose_name_plural = "families"

    def __str__(self) -> str:
        return self.name


class Tier(models.Model):
    """A tier of a family. Somebody belongs in the first one, by ``place``, whose ``rule`` they meet.

    ``rule`` is JSON of `liuliang.segments.rules`; an empty one means everybody who belongs in none above. ``invites`` tells
    whether people are asked over into it at all. ``invitation`` is what they are told. A tier that was taken out of its family keeps who was asked into it.
    """

    family = models.ForeignKey(Family, on_delete=models.CASCADE, related_name="tiers")
    place = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=40)
    rule = models.JSONField(default=dict)
    invites = models.BooleanField(default=True)
    invitation = models.TextField(blank=True, default="")
    removed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class TierGroup(models.Model):
    """A group of a tier. A group is in one tier of one family."""

    tier = models.ForeignKey(Tier, on_delete=models.CASCADE, related_name="tier_groups")
    community = models.OneToOneField(Community, on_delete=models.CASCADE, related_name="tier_group")

    def __str__(self) -> str:
        return f"{self.community_id} in tier {self.tier_id}"


class Invitation(models.Model):
    """Somebody who was asked over into a group of a tier: once at a time in a family.

    ``origin`` is the group of the family they were in. ``state`` is invited, arrived, declined or withdrawn; ``ended_at`` when
    it became one of the latter, and for ``arrived`` ``community`` is the group of the tier that they came into.
    """

    family = models.ForeignKey(Family, on_delete=models.CASCADE, related_name="invitations")
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, related_name="invitations")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="family_invitations")
    community = models.ForeignKey(Community, on_delete=models.CASCADE, related_name="+")
    origin = models.ForeignKey(Community, null=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=20, default="invited")
    invited_at = models.DateTimeField()
    invited_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["family", "member"],
                condition=Q(state="invited"),
                name="families_invitation_once",
            )
        ]
        indexes = [
            models.Index(fields=["family", "-id"], name="families_invitation_family"),
            models.Index(fields=["member"], condition=Q(state="invited"), name="families_invitation_open"),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} to tier {self.tier_id}: {self.state}"

"""Members, communities, and what ties them."""

from __future__ import annotations

import secrets

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest

from liuliang.accounts.models import Role, Staff


def new_public_id() -> str:
    """Return an id for addresses: 16 characters that nobody can guess."""
    return secrets.token_urlsafe(12)


class Community(models.Model):
    """A group, or a branch of the tree that groups hang on.

    ``path`` holds the ids of all ancestors and the community itself, so that "this and everything below" is one indexed
    condition. ``blueprint`` and ``identity`` are JSON of the models in `liuliang.people.blueprint`.
    """

    id = models.AutoField(primary_key=True)
    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    name = models.CharField(max_length=200)
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    path = ArrayField(models.IntegerField(), default=list)
    type = models.CharField(max_length=40)
    timezone = models.CharField(max_length=64, default="Asia/Shanghai")
    size_limit = models.PositiveIntegerField(null=True)
    blueprint = models.JSONField(default=dict)
    identity = models.JSONField(default=dict)
    house_rules = models.TextField(blank=True, default="")
    is_group = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [GinIndex(fields=["path"], name="people_community_path")]

    def __str__(self) -> str:
        return self.name


class CommunityChat(models.Model):
    """A chat in the world that a community is: the platform and its id (or title, where files have no id)."""

    platform = models.CharField(max_length=40)
    key = models.CharField(max_length=300)
    community = models.ForeignKey(Community, on_delete=models.CASCADE, related_name="chats")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["platform", "key"], name="people_chat_key")]

    def __str__(self) -> str:
        return f"{self.platform}:{self.key}"


class Member(models.Model):
    """A person. ``canonical`` is the person this record means: itself, or another after a merge.

    Everything recorded stays with the record it was made for and is read through ``canonical``, so a merge can be undone.
    ``name`` is the latest seen, as of ``name_at``. ``name_grams`` are the characters and character bigrams of all names,
    those of merged records included, for search. ``needs`` are keys of `liuliang.people.profile.NEEDS`.
    """

    id = models.AutoField(primary_key=True)
    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    name = models.CharField(max_length=200, blank=True, default="")
    name_at = models.DateTimeField(null=True)
    name_grams = ArrayField(models.CharField(max_length=2), default=list)
    canonical = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="records")
    attributes = models.JSONField(default=dict)
    needs = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    is_bot = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            GinIndex(fields=["name_grams"], name="people_member_grams"),
            models.Index(fields=["name", "id"], name="people_member_name"),
            models.Index(fields=["id"], condition=Q(erased_at__isnull=False), name="people_member_erased"),
            models.Index(fields=["id"], condition=Q(is_bot=True), name="people_member_bot"),
            # Everybody who is a person, for sets of all of them.
            models.Index(
                fields=["id"],
                condition=(Q(canonical=None) | Q(canonical=F("id"))) & Q(erased_at=None, is_bot=False),
                name="people_member_person",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Identity(models.Model):
    """A way to recognise a member in one place: (``qq``, 10001), (``wxid``, …), (``phone``, +86…), (``name``, 12:昵称)."""

    kind = models.CharField(max_length=40)
    value = models.CharField(max_length=300)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="identities")
    name = models.CharField(max_length=200, blank=True, default="")
    name_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "value"], name="people_identity_value")]
        indexes = [models.Index(fields=["value"], opclasses=["varchar_pattern_ops"], name="people_identity_lookup")]
        verbose_name_plural = "identities"

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


class ErasedIdentity(models.Model):
    """A keyed hash of an identity whose member was erased: a later import must not bring the person back by accident."""

    digest = models.CharField(max_length=64, unique=True)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    erased_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.digest[:8]


class Merge(models.Model):
    """One merge of a member record into another, by a rule or by staff, and whether it was undone.

    The standing merges are a forest: a record has at most one, and a person is one tree whose root is canonical.
    """

    record = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="merges")
    into = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    rule = models.CharField(max_length=60)
    reason = models.CharField(max_length=300, blank=True, default="")
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["record"], condition=Q(undone_at=None), name="people_merge_standing")
        ]

    def __str__(self) -> str:
        return f"{self.record_id} into {self.into_id} by {self.rule}"


class MergeProposal(models.Model):
    """Two members who may be one person; staff decide. ``score`` is 0 to 100, ``evidence`` says why."""

    first = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    score = models.SmallIntegerField()
    evidence = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    is_accepted = models.BooleanField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="people_proposal_pair"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="people_proposal_order"),
        ]
        indexes = [
            # What waits, as the page lists it and the sidebar counts it; what was decided stays for ever.
            models.Index(fields=["-score", "id"], condition=Q(decided_at__isnull=True), name="people_proposal_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} and {self.second_id}"


class Membership(models.Model):
    """What the log says of a member in a community. A projection: written by `MembershipProjection` alone.

    ``member`` is the canonical one. Somebody is present unless the last thing known is that they left.
    """

    # The indexes below begin with either, and every event that is folded writes them all.
    member = models.ForeignKey(Member, db_index=False, on_delete=models.CASCADE, related_name="memberships")
    community = models.ForeignKey(Community, db_index=False, on_delete=models.CASCADE, related_name="memberships")
    first_seen_at = models.DateTimeField()
    first_joined_at = models.DateTimeField(null=True)
    last_joined_at = models.DateTimeField(null=True)
    last_left_at = models.DateTimeField(null=True)
    first_spoke_at = models.DateTimeField(null=True)
    last_spoke_at = models.DateTimeField(null=True)
    last_listed_at = models.DateTimeField(null=True)
    messages = models.IntegerField(default=0)
    inviter = models.IntegerField(null=True)
    how = models.CharField(max_length=40, blank=True, default="")
    role = models.CharField(max_length=20, blank=True, default="")
    role_at = models.DateTimeField(null=True)
    source = models.CharField(max_length=60, blank=True, default="")
    is_present = models.GeneratedField(
        expression=models.Case(
            models.When(last_left_at__isnull=True, then=True),
            models.When(last_left_at__lt=Greatest("last_joined_at", "last_spoke_at", "last_listed_at"), then=True),
            default=False,
        ),
        output_field=models.BooleanField(),
        db_persist=True,
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "community"], name="people_membership_pair")]
        indexes = [
            models.Index(fields=["community", "is_present", "member"], name="people_membership_community"),
            models.Index(fields=["community", "-last_spoke_at"], name="people_membership_spoke"),
            models.Index(fields=["inviter"], condition=Q(inviter__isnull=False), name="people_membership_inviter"),
        ]

    def __str__(self) -> str:
        return f"{self.member_id} in {self.community_id}"


class Activity(models.Model):
    """What the log says of a member anywhere. A projection, keyed by canonical member; sorts and filters the member list."""

    member = models.OneToOneField(Member, on_delete=models.CASCADE, primary_key=True, related_name="activity")
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    last_spoke_at = models.DateTimeField(null=True)
    messages = models.IntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(F("last_spoke_at").desc(nulls_last=True), F("member").desc(), name="people_activity_spoke"),
            models.Index(fields=["-last_seen_at", "-member"], name="people_activity_seen"),
            models.Index(fields=["-messages", "-member"], name="people_activity_messages"),
            models.Index(fields=["-first_seen_at", "-member"], name="people_activity_first"),
        ]
        verbose_name_plural = "activities"

    def __str__(self) -> str:
        return f"activity of {self.member_id}"


class AttributeDefinition(models.Model):
    """A custom field of the profile. ``type`` is text, number, date, boolean or choice (then ``choices``)."""

    key = models.SlugField(max_length=40, unique=True, allow_unicode=True)
    title = models.CharField(max_length=100)
    type = models.CharField(max_length=20, default="text")
    choices = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    is_personal = models.BooleanField(default=True)
    position = models.SmallIntegerField(default=0)

    def __str__(self) -> str:
        return self.title


class TagGroup(models.Model):
    """Tags that belong together; of an exclusive group a member has at most one."""

    name = models.CharField(max_length=60, unique=True)
    is_exclusive = models.BooleanField(default=False)
    position = models.SmallIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    """A word that staff, an import or a rule puts on members; shared across the whole tree of communities."""

    group = models.ForeignKey(TagGroup, on_delete=models.PROTECT, related_name="tags")
    name = models.CharField(max_length=60)
    colour = models.CharField(max_length=20, blank=True, default="")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "name"], name="people_tag_name")]

    def __str__(self) -> str:
        return self.name


class MemberTag(models.Model):
    """A tag on a member record; ``source`` is staff, import or a rule's key. An expired one no longer counts."""

    member = models.ForeignKey(Member, db_index=False, on_delete=models.CASCADE, related_name="member_tags")
    tag = models.ForeignKey(Tag, db_index=False, on_delete=models.CASCADE, related_name="member_tags")
    source = models.CharField(max_length=60)
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "tag"], name="people_member_tag")]
        indexes = [models.Index(fields=["tag", "member"], name="people_tag_member")]

    def __str__(self) -> str:
        return f"{self.tag_id} on {self.member_id}"


class Circle(models.Model):
    """A few members of a community who keep company, as staff confirmed them, with a little leader; none is known if it is empty.

    The leader is one of those in it. A circle that was disbanded keeps who was in it, so that it can come back.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    community = models.ForeignKey(Community, on_delete=models.CASCADE, related_name="circles")
    name = models.CharField(max_length=60)
    leader = models.ForeignKey(Member, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    disbanded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "name"], condition=Q(disbanded_at=None), name="people_circle_name"
            )
        ]

    def __str__(self) -> str:
        return self.name


class CircleMember(models.Model):
    """A member record in a circle, until ``left_at``: from then on it can be put back."""

    circle = models.ForeignKey(Circle, on_delete=models.CASCADE, related_name="circle_members")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="circle_members")
    since = models.DateTimeField()
    left_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["circle", "member"], name="people_circle_member")]

    def __str__(self) -> str:
        return f"{self.member_id} in circle {self.circle_id}"


class Note(models.Model):
    """Something staff wrote about a member."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="notes")
    staff = models.ForeignKey(Staff, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(max_length=5000)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"note on {self.member_id}"


class Grant(models.Model):
    """A role given to staff, in one community and everything below it, or (community empty) everywhere."""

    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="grants")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="grants")
    community = models.ForeignKey(Community, null=True, on_delete=models.CASCADE, related_name="grants")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["staff", "role", "community"], name="people_grant_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.role_id} to {self.staff_id} in {self.community_id}"


class ApiKey(models.Model):
    """A key with which another system acts for a staff member: in one community and everything below it, or everywhere.

    It allows ``permissions``, as long as whoever made it holds them there. Of the secret only a hash is kept, and ``hint``, its
    end, by which people tell keys apart. ``calls`` counts those since ``minute``.
    """

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id)
    name = models.CharField(max_length=80)
    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="api_keys")
    community = models.ForeignKey(Community, null=True, on_delete=models.CASCADE, related_name="+")
    permissions = ArrayField(models.CharField(max_length=60), default=list)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=8)
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    minute = models.DateTimeField()
    calls = models.IntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class Capacity(models.Model):
    """How many groups, with how many members, a colleague can run; without a colleague, anybody who has no row of their own."""

    staff = models.ForeignKey(Staff, null=True, on_delete=models.CASCADE, related_name="+")
    groups = models.PositiveIntegerField()
    members = models.PositiveIntegerField()

    class Meta:
        verbose_name_plural = "capacities"
        constraints = [models.UniqueConstraint(fields=["staff"], name="people_capacity_once", nulls_distinct=False)]

    def __str__(self) -> str:
        return f"{self.staff_id}: {self.groups} groups, {self.members} members"

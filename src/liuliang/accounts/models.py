"""Staff, their sessions and roles, and the audit log."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models.functions import Lower


class StaffManager(BaseUserManager["Staff"]):
    """Look staff up by e-mail, which is kept in lower case."""

    def get_by_natural_key(self, username: str | None) -> Staff:
        """Return the staff member with this e-mail."""
        return self.get(email=(username or "").lower())


class Staff(AbstractBaseUser):
    """Someone who works with the product. What they may do comes from their grants, except for owners, who may do everything."""

    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=100)
    is_owner = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    language = models.CharField(max_length=10, blank=True, default="")
    created_at = models.DateTimeField()

    objects: ClassVar[StaffManager] = StaffManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="accounts_staff_email")]

    def __str__(self) -> str:
        return self.name


class StaffSession(AbstractBaseSession):
    """A browser session, and whose it is: so that a person sees where they are signed in, and can end it.

    Written by `liuliang.accounts.sessions` from the session's own data; a stranger's session has no staff.
    """

    staff = models.ForeignKey(Staff, null=True, on_delete=models.CASCADE, related_name="sessions")
    signed_in_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField()
    address = models.GenericIPAddressField(null=True)
    agent = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        indexes = [models.Index(fields=["staff", "-seen_at"], name="accounts_session_staff")]

    def __str__(self) -> str:
        return f"session of {self.staff_id}"


class Role(models.Model):
    """A named set of permissions. Built-in roles have a ``key`` and cannot be deleted; their permissions may be changed."""

    key = models.CharField(max_length=40, blank=True, default="")
    name = models.CharField(max_length=100)
    description = models.CharField(max_length=300, blank=True, default="")
    permissions = ArrayField(models.CharField(max_length=60), default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key"], condition=~models.Q(key=""), name="accounts_role_key"),
            models.UniqueConstraint(fields=["name"], name="accounts_role_name"),
        ]

    def __str__(self) -> str:
        return self.name


class SignInAttempt(models.Model):
    """A failed sign-in, kept for throttling; ``subject`` is a keyed hash of the e-mail or the address, never the thing itself."""

    subject = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["subject", "at"], name="accounts_attempt_subject")]

    def __str__(self) -> str:
        return f"{self.subject[:8]} at {self.at}"


class AuditEntry(models.Model):
    """Who changed what, when. Written by `liuliang.accounts.audit.record` in the transaction of the change, never altered.

    ``changes`` maps a field to [before, after]; fields that are personal hold only the fact that they changed. ``via`` is the
    name of the key with which another system did it for the staff member; empty when they did it themselves.
    """

    at = models.DateTimeField()
    staff = models.ForeignKey(Staff, null=True, on_delete=models.PROTECT, related_name="+")
    via = models.CharField(max_length=80, blank=True, default="", db_default="")
    action = models.CharField(max_length=60)
    target_type = models.CharField(max_length=40)
    target_id = models.CharField(max_length=64, blank=True, default="")
    target_name = models.CharField(max_length=200, blank=True, default="")
    community = models.IntegerField(null=True)
    changes = models.JSONField(default=dict)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["-at", "-id"], name="accounts_audit_at"),
            models.Index(fields=["target_type", "target_id", "-at"], name="accounts_audit_target"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.target_type} {self.target_id}"

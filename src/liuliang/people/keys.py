"""Keys for other systems: made by staff, never with more than they hold themselves, shown once, taken back at any time."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.accounts.permissions import (
    COUPONS_GIVE,
    KEYS_MANAGE,
    MEMBERS_CONTACT,
    MEMBERS_EDIT,
    MEMBERS_VIEW,
    ORDERS_EDIT,
    ORDERS_VIEW,
    PERMISSIONS,
    POINTS_ADJUST,
    POINTS_VIEW,
    SHOP_VIEW,
)
from liuliang.accounts.words import normal
from liuliang.kernel.errors import Refused
from liuliang.people.models import ApiKey, Community

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from liuliang.people.access import Access

MADE = audit.action("key.made", _("生成接口密钥"))
REVOKED = audit.action("key.revoked", _("作废接口密钥"))

PREFIX = "llk_"
"""What secrets begin with, so that people, and programs that look for leaked ones, know them when they see them."""

PER_MINUTE = 600
"""Calls a minute that a key may make."""

FOR_KEYS = (
    MEMBERS_VIEW, MEMBERS_CONTACT, MEMBERS_EDIT, POINTS_VIEW, POINTS_ADJUST, ORDERS_VIEW, ORDERS_EDIT, SHOP_VIEW, COUPONS_GIVE,
)  # fmt: skip
"""What a key can be given: what the operations of the interface ask for."""

_HINT = 4


@dataclass(frozen=True, slots=True)
class Made:
    """A new key, and its secret, which nobody can tell again."""

    key: ApiKey
    secret: str


def keys(access: Access) -> QuerySet[ApiKey]:
    """Return the keys one may see and take back; those that hold everywhere only for who may everywhere."""
    allowed = access.community_ids(KEYS_MANAGE)
    return ApiKey.objects.all() if allowed is None else ApiKey.objects.filter(community__in=allowed)


@transaction.atomic
def make_key(by: Access, *, name: str, permissions: Collection[str], community: Community | None, at: datetime) -> Made:
    """Make a key that acts for ``by`` in a community and everything below it, or (``community`` None) everywhere.

    Raises:
        Refused: ``key.name``, ``key.permissions`` for none, ``key.beyond_you`` for what one does not hold there oneself, or
            what holds only everywhere.
        ValueError: a permission is none that keys can be given.
    """
    if not set(permissions) <= set(FOR_KEYS):
        raise ValueError(f"not for keys: {sorted(set(permissions) - set(FOR_KEYS))}")
    name = normal(name)[:80]
    if not name:
        raise Refused("key.name")
    if not permissions:
        raise Refused("key.permissions")
    held = by.held(community)
    if KEYS_MANAGE not in held or not all(_counts(key, community) and key in held for key in permissions):
        raise Refused("key.beyond_you")
    secret = PREFIX + secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        name=name, staff=by.staff, community=community, permissions=[one for one in FOR_KEYS if one in permissions],
        digest=_digest(secret), hint=secret[-_HINT:], created_at=at, minute=at,
    )  # fmt: skip
    audit.record(
        MADE, key, name=name, community=community.pk if community else None,
        changes={"permissions": ([], key.permissions)},
    )  # fmt: skip
    return Made(key, secret)


@transaction.atomic
def revoke_key(key: ApiKey, *, at: datetime) -> None:
    """Let a key do nothing any more, from this moment."""
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=at):
        audit.record(REVOKED, key, name=key.name, community=key.community_id)


def use_key(secret: str, *, at: datetime) -> ApiKey | None:
    """Return the key with this secret and count the call; None for one that is unknown, revoked, or of staff who left.

    Raises:
        Refused: ``key.too_many`` with ``seconds`` until it may be used again.
    """
    minute = at.replace(second=0, microsecond=0)
    with connection.cursor() as cursor:
        # One statement, so that calls at the same moment are all counted.
        cursor.execute(
            "UPDATE people_apikey k SET used_at = %s, minute = %s,"
            " calls = CASE WHEN k.minute = %s THEN least(k.calls, %s) + 1 ELSE 1 END"
            " FROM accounts_staff s WHERE k.digest = %s AND k.revoked_at IS NULL AND s.id = k.staff_id AND s.is_active"
            " RETURNING k.id, k.calls",
            [at, minute, minute, PER_MINUTE, _digest(secret)],
        )
        found = cursor.fetchone()
    if found is None:
        return None
    if found[1] > PER_MINUTE:
        raise Refused("key.too_many", seconds=60 - at.second, most=PER_MINUTE)
    return ApiKey.objects.select_related("staff", "community").get(pk=found[0])


def _counts(permission: str, community: Community | None) -> bool:
    return community is None or PERMISSIONS[permission].per_community


def _digest(secret: str) -> str:
    """Return what is kept of a secret. It is 256 random bits, so that a slow hash would protect nothing more."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()

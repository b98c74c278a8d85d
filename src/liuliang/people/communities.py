"""Making, changing, moving and closing communities."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.accounts.permissions import COMMUNITIES_EDIT
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access
from liuliang.people.blueprint import Blueprint, CommunityIdentity
from liuliang.people.models import Community, CommunityChat
from liuliang.people.names import clean_name
from liuliang.people.ready_types import BRAND, INTEREST, KOL, LEARNING
from liuliang.people.ready_types_trade import DEALS, FLASH, PAID, PARTNER, SERVICE
from liuliang.people.types import CommunityType, carry_over

if TYPE_CHECKING:
    from django.db.models import QuerySet

TYPES: dict[str, CommunityType] = {
    type_.key: type_ for type_ in (BRAND, LEARNING, KOL, INTEREST, DEALS, PAID, SERVICE, PARTNER, FLASH)
}
"""Every type by its key."""

CREATED = audit.action("community.created", _("新建社群"))
CHANGED = audit.action("community.changed", _("修改社群"))
PLANNED = audit.action("community.planned", _("修改社群蓝图"))
TRANSFORMED = audit.action("community.transformed", _("社群转型"))
MOVED = audit.action("community.moved", _("移动社群"))
ARCHIVED = audit.action("community.archived", _("归档社群"))
RESTORED = audit.action("community.restored", _("恢复社群"))

SEATS = {"wechat": 500, "wecom": 500, "qq": 2_000, "whatsapp": 1_024}
"""How many people a group of a platform can hold; those of others hold more than anybody counts in seats."""

NAME_LIMIT = 200
RULES_LIMIT = 20_000
DEEPEST = 12
"""Levels of the tree; deeper ones cannot be told apart on a screen."""

_CHATS = 0x6368
_TREE = 0x7472


@transaction.atomic
def create_community(
    *,
    name: str,
    at: datetime,
    type_key: str = INTEREST.key,
    parent: Community | None = None,
    timezone: str = "",
    is_group: bool = True,
    platform: str = "",
) -> Community:
    """Create a community from the template of its type.

    Args:
        name: what people call it.
        at: now.
        type_key: a key of `TYPES`.
        parent: what it hangs under, None for a root of the tree.
        timezone: IANA name; empty for the parent's, or the installation's.
        is_group: whether it is a chat of its own, or only a branch that groups hang on.
        platform: where the chat lives, if it lives already: it then holds what the platform lets it hold, where a new one
            holds what its type recommends.

    Raises:
        Refused: ``community.name_empty``, ``community.type_unknown``, ``community.zone_unknown``,
            ``community.parent_archived`` or ``community.too_deep``.
    """
    _hold_tree()
    template = _template(type_key)
    if parent is not None:
        parent = Community.objects.get(id=parent.id)
        _check_parent(parent, depth=1)
    zone = timezone or (parent.timezone if parent else settings.TIME_ZONE)
    community = Community(
        name=_checked_name(name),
        parent=parent,
        type=template.key,
        timezone=_checked_zone(zone),
        size_limit=(SEATS.get(platform) if platform else template.size_limit) if is_group else None,
        blueprint=template.stored_blueprint,
        identity=template.stored_identity,
        house_rules=template.house_rules,
        is_group=is_group,
        created_at=at,
    )
    community.save()
    community.path = [*(parent.path if parent else []), community.id]
    community.save(update_fields=["path"])
    audit.record(CREATED, community, name=community.name, community=community.id, changes={"type": ("", template.key)})
    return community


def chat_community(platform: str, key: str, title: str, *, at: datetime) -> Community:
    """Return the community that a chat is, made on first sight and named by the chat's title.

    ``key`` is what the platform calls the chat, or its title where it has no id. Two imports that meet a chat at once
    get the same community.
    """
    platform, key = platform[:40], clean_name(key)
    found = _community_of(platform, key)
    if found is not None:
        return found
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_CHATS, f"{platform}\x1f{key}"])
        found = _community_of(platform, key)
        if found is None:
            found = create_community(name=clean_name(title) or key or platform, at=at, platform=platform)
            CommunityChat.objects.create(platform=platform, key=key, community=found)
    return found


def remember_chat(community: Community, platform: str, key: str) -> None:
    """Note that a chat is this community, unless it is known to be another."""
    if clean_name(key):
        CommunityChat.objects.get_or_create(
            platform=platform[:40], key=clean_name(key), defaults={"community": community}
        )


@transaction.atomic
def change_community(
    community: int, *, name: str, timezone: str, size_limit: int | None, house_rules: str, is_group: bool
) -> Community:
    """Change what stands on a community's first page. Its days are counted anew when the time zone changes.

    Raises:
        Refused: ``community.name_empty``, ``community.zone_unknown`` or ``community.size_unusable``.
    """
    found = _locked(community)
    if size_limit is not None and not 0 < size_limit <= 1_000_000:
        raise Refused("community.size_unusable")
    told: dict[str, Any] = {
        "name": _checked_name(name),
        "timezone": _checked_zone(timezone),
        "size_limit": size_limit,
        "house_rules": house_rules.strip()[:RULES_LIMIT],
        "is_group": is_group,
    }
    before = {field: getattr(found, field) for field in told}
    if told == before:
        return found
    for field, value in told.items():
        setattr(found, field, value)
    found.save(update_fields=list(told))
    changes = {field: (before[field], value) for field, value in told.items()}
    audit.record(CHANGED, found, name=found.name, community=found.id, changes=changes)
    return found


@transaction.atomic
def plan_community(
    community: int, *, blueprint: Blueprint | None = None, identity: CommunityIdentity | None = None
) -> Community:
    """Store a new blueprint, a new identity, or both."""
    found = _locked(community)
    told = {}
    if blueprint is not None:
        told["blueprint"] = blueprint.model_dump(mode="json")
    if identity is not None:
        told["identity"] = identity.model_dump(mode="json")
    changed = [
        f"{part}.{field}"
        for part, value in told.items()
        for field in value
        if value[field] != getattr(found, part).get(field)
    ]
    if not changed:
        return found
    for part, value in told.items():
        setattr(found, part, value)
    found.save(update_fields=list(told))
    # What changed is named; whole texts before and after would make the log unreadable.
    audit.record(PLANNED, found, name=found.name, community=found.id, changes={"fields": ("", ", ".join(changed))})
    return found


@transaction.atomic
def change_type(community: int, type_key: str) -> Community:
    """Turn a community into one of another type (转型).

    What still stands as the old type's template gave it becomes what the new one gives; what somebody edited is kept.

    Raises:
        Refused: ``community.type_unknown``, or ``community.type_same`` when it is of that type already.
    """
    found = _locked(community)
    new = _template(type_key)
    if found.type == new.key:
        raise Refused("community.type_same")
    old = TYPES.get(found.type)
    before = found.type
    old_plan = old.stored_blueprint if old else {}
    old_identity = old.stored_identity if old else {}
    found.blueprint = carry_over(found.blueprint or old_plan, old_plan, new.stored_blueprint)
    found.identity = carry_over(found.identity or old_identity, old_identity, new.stored_identity)
    found.house_rules = carry_over(found.house_rules, old.house_rules if old else "", new.house_rules)
    if found.is_group:
        found.size_limit = carry_over(found.size_limit, old.size_limit if old else None, new.size_limit)
    found.type = new.key
    found.save(update_fields=["blueprint", "identity", "house_rules", "size_limit", "type"])
    audit.record(TRANSFORMED, found, name=found.name, community=found.id, changes={"type": (before, new.key)})
    return found


@transaction.atomic
def move_community(by: Access, community: int, parent: int | None) -> Community:
    """Hang a community, with everything below it, under another one, or make it a root.

    Raises:
        Refused: ``community.move_takes``, ``community.move_gives``; ``community.cycle`` when ``parent`` is below it, ``community.parent_archived``, ``community.too_deep``.
    """
    _hold_tree()
    found = Community.objects.get(id=community)
    target = Community.objects.get(id=parent) if parent is not None else None
    if target is not None and community in target.path:
        raise Refused("community.cycle")
    below = list(Community.objects.filter(path__contains=[community]))
    height = max(len(each.path) for each in below) - len(found.path) + 1
    if target is not None:
        _check_parent(target, depth=height)
    before = found.parent_id
    if before == parent:
        return found
    _check_move(by, found, parent)
    passed = len(found.path) - 1
    above = target.path if target else []
    for each in below:
        each.path = [*above, *each.path[passed:]]
    Community.objects.bulk_update(below, ["path"])
    Community.objects.filter(id=community).update(parent=target)
    audit.record(MOVED, found, name=found.name, community=community, changes={"parent": (before, parent)})
    return Community.objects.get(id=community)


@transaction.atomic
def archive_community(community: int, *, at: datetime) -> None:
    """Close a community and everything below it. Nothing is deleted, and it can be restored.

    Raises:
        Refused: ``community.archived`` when it is closed already.
    """
    _hold_tree()
    found = _locked(community)
    if found.archived_at is not None:
        raise Refused("community.archived")
    Community.objects.filter(path__contains=[community], archived_at=None).update(archived_at=at)
    audit.record(ARCHIVED, found, name=found.name, community=community)


@transaction.atomic
def restore_community(community: int) -> None:
    """Open a community again, with what was closed together with it.

    Raises:
        Refused: ``community.not_archived``; ``community.parent_archived`` when what it hangs under is closed.
    """
    _hold_tree()
    found = _locked(community)
    if found.archived_at is None:
        raise Refused("community.not_archived")
    if found.parent is not None and found.parent.archived_at is not None:
        raise Refused("community.parent_archived")
    closed_together(found).update(archived_at=None)
    audit.record(RESTORED, found, name=found.name, community=community)


def closed_together(community: Community) -> QuerySet[Community]:
    """Return what was closed together with an archived community, itself included: what opens again with it."""
    return Community.objects.filter(path__contains=[community.id], archived_at=community.archived_at)


def _hold_tree() -> None:
    """Let changes of the tree's shape go one after another: a cycle can come from two moves that are each harmless."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [_TREE])


def _locked(community: int) -> Community:
    return Community.objects.select_for_update(no_key=True, of=("self",)).get(id=community)


def _community_of(platform: str, key: str) -> Community | None:
    chat = CommunityChat.objects.filter(platform=platform, key=key).select_related("community").first()
    return chat.community if chat else None


def _template(key: str) -> CommunityType:
    if key not in TYPES:
        raise Refused("community.type_unknown", type=key)
    return TYPES[key]


def _check_parent(parent: Community, *, depth: int) -> None:
    if parent.archived_at is not None:
        raise Refused("community.parent_archived")
    if len(parent.path) + depth > DEEPEST:
        raise Refused("community.too_deep", most=DEEPEST)


def _check_move(by: Access, community: Community, parent: int | None) -> None:
    """Refuse a move that takes what is not the mover's to give away, or that gives the mover rights.

    Rights hold for everything below a community, so that a new place brings the rights held there along.
    """
    # Asked anew: what is below what may have changed until the tree was held.
    by = Access(by.staff)
    if by.may_everywhere(COMMUNITIES_EDIT):
        return
    if not by.may(COMMUNITIES_EDIT, community) or not by.may(COMMUNITIES_EDIT, community.parent_id or community):
        raise Refused("community.move_takes")
    if parent is None or not by.may(COMMUNITIES_EDIT, parent) or not by.held(parent) <= by.held(community):
        raise Refused("community.move_gives")


def _checked_name(name: str) -> str:
    cleaned = clean_name(name)
    if not cleaned:
        raise Refused("community.name_empty")
    return cleaned[:NAME_LIMIT]


def _checked_zone(timezone: str) -> str:
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Refused("community.zone_unknown", zone=timezone) from error
    return timezone

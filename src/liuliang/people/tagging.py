"""Tags: words in groups that staff, imports and rules put on members, many members at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.kernel.errors import Refused
from liuliang.kernel.events import Fact
from liuliang.kernel.log import append
from liuliang.people.events import MemberTagged, MemberUntagged
from liuliang.people.models import Member, MemberTag, Tag, TagGroup
from liuliang.people.names import clean_name

NAME_LIMIT = 60
BATCH = 20_000
"""Members per statement of a bulk change."""

TAGGED = audit.action("members.tagged", _("给成员打标签"))
UNTAGGED = audit.action("members.untagged", _("去掉成员的标签"))
GROUP_CREATED = audit.action("tag_group.created", _("新建标签组"))
GROUP_CHANGED = audit.action("tag_group.changed", _("修改标签组"))
GROUP_DELETED = audit.action("tag_group.deleted", _("删除标签组"))
CREATED = audit.action("tag.created", _("新建标签"))
CHANGED = audit.action("tag.changed", _("修改标签"))
DELETED = audit.action("tag.deleted", _("删除标签"))

_EXCLUSIVE = 0x7467

_PUT = """
INSERT INTO people_membertag AS known (member_id, tag_id, source, staff_id, added_at, expires_at)
SELECT m.id, %(tag)s, %(source)s, %(staff)s, %(at)s, %(expires)s
FROM people_member m WHERE m.id = ANY(%(members)s) AND m.erased_at IS NULL ORDER BY m.id
ON CONFLICT (member_id, tag_id) DO UPDATE
SET expires_at = excluded.expires_at, source = excluded.source, staff_id = excluded.staff_id,
    added_at = CASE WHEN known.expires_at <= %(at)s THEN %(at)s ELSE known.added_at END
WHERE known.expires_at IS DISTINCT FROM excluded.expires_at
RETURNING id, member_id, added_at = %(at)s
"""

# A person may carry the other tag on a record that was merged into them.
_TAKE = """
DELETE FROM people_membertag t USING people_member r
WHERE r.id = t.member_id AND (r.id = ANY(%(members)s) OR r.canonical_id = ANY(%(members)s)) AND t.tag_id = ANY(%(tags)s)
RETURNING t.id, t.member_id, t.tag_id
"""


@transaction.atomic
def tag_members(
    members: Sequence[int] | QuerySet[Member],
    tag: Tag,
    *,
    at: datetime,
    source: str = "staff",
    expires_at: datetime | None = None,
) -> int:
    """Put ``tag`` on these persons and return how many had it not. In an exclusive group it takes the place of others.

    Args:
        members: canonical members, as ids or as a queryset.
        tag: the tag.
        at: now.
        source: ``staff``, ``import`` or the key of a rule.
        expires_at: until when it counts; None for ever. Putting it on again sets this anew.
    """
    ids = _ids(members)
    rivals = []
    if tag.group.is_exclusive:
        with connection.cursor() as cursor:
            # Two tags of one group put on at once must not both stay.
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_EXCLUSIVE, tag.group_id])
        rivals = list(Tag.objects.filter(group=tag.group).exclude(pk=tag.pk).values_list("pk", flat=True))
    staff = audit.actor().staff
    added = 0
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        if rivals:
            _take(batch, rivals, at)
        told: dict[str, Any] = {
            "members": batch,
            "tag": tag.pk,
            "source": source,
            "at": at,
            "expires": expires_at,
            "staff": staff.pk if staff else None,
        }
        with connection.cursor() as cursor:
            cursor.execute(_PUT, told)
            new = [(row, member) for row, member, is_new in cursor.fetchall() if is_new]
        log_tagged([(row, member, tag) for row, member in new], at)
        added += len(new)
    if ids:
        audit.record(TAGGED, tag, name=tag.name, changes={"members": (0, added)})
    return added


@transaction.atomic
def untag_members(members: Sequence[int] | QuerySet[Member], tag: Tag, *, at: datetime) -> int:
    """Take ``tag`` off these persons, on whichever of their records it is, and return how many tags that were."""
    ids = _ids(members)
    taken = sum(_take(ids[start : start + BATCH], [tag.pk], at) for start in range(0, len(ids), BATCH))
    if taken:
        audit.record(UNTAGGED, tag, name=tag.name, changes={"members": (taken, 0)})
    return taken


def drop_expired(*, at: datetime) -> int:
    """Take off the tags whose time is over; return how many. They have not counted since."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM people_membertag WHERE id IN (SELECT id FROM people_membertag WHERE expires_at <= %s"
            " ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING id, member_id, tag_id",
            [at, BATCH],
        )
        return _log_taken(cursor.fetchall(), at)


@transaction.atomic
def create_group(name: str, *, is_exclusive: bool) -> TagGroup:
    """Create a group of tags.

    Raises:
        Refused: ``tag.name_empty`` or ``tag_group.name_taken``.
    """
    group = TagGroup(name=_checked(name), is_exclusive=is_exclusive, position=TagGroup.objects.count())
    _save(group, "tag_group.name_taken")
    audit.record(GROUP_CREATED, group, name=group.name)
    return group


@transaction.atomic
def change_group(group: TagGroup, *, name: str, is_exclusive: bool) -> None:
    """Rename a group, or say whether a member has at most one of its tags. Of several, the latest counts then.

    Raises:
        Refused: ``tag.name_empty`` or ``tag_group.name_taken``.
    """
    changes = {"name": (group.name, _checked(name)), "is_exclusive": (group.is_exclusive, is_exclusive)}
    group.name, group.is_exclusive = _checked(name), is_exclusive
    _save(group, "tag_group.name_taken")
    audit.record(GROUP_CHANGED, group, name=group.name, changes=changes)


@transaction.atomic
def delete_group(group: TagGroup) -> None:
    """Delete a group without tags.

    Raises:
        Refused: ``tag_group.in_use`` while it has tags.
    """
    if group.tags.exists():
        raise Refused("tag_group.in_use", count=group.tags.count())
    audit.record(GROUP_DELETED, group, name=group.name)
    group.delete()


@transaction.atomic
def create_tag(group: TagGroup, name: str, *, at: datetime, colour: str = "") -> Tag:
    """Create a tag.

    Raises:
        Refused: ``tag.name_empty`` or ``tag.name_taken``.
    """
    tag = Tag(group=group, name=_checked(name), colour=colour[:20], created_at=at)
    _save(tag, "tag.name_taken")
    audit.record(CREATED, tag, name=tag.name)
    return tag


@transaction.atomic
def change_tag(tag: Tag, *, name: str, group: TagGroup) -> None:
    """Rename a tag or move it to another group.

    Raises:
        Refused: ``tag.name_empty`` or ``tag.name_taken``.
    """
    changes = {"name": (tag.name, _checked(name)), "group": (tag.group.name, group.name)}
    tag.name, tag.group = _checked(name), group
    _save(tag, "tag.name_taken")
    audit.record(CHANGED, tag, name=tag.name, changes=changes)


@transaction.atomic
def delete_tag(tag: Tag) -> int:
    """Delete a tag from every member; return how many had it. The log keeps that they once did."""
    held = MemberTag.objects.filter(tag=tag).count()
    audit.record(DELETED, tag, name=tag.name, changes={"members": (held, 0)})
    tag.delete()
    return held


def _ids(members: Sequence[int] | QuerySet[Member]) -> list[int]:
    if isinstance(members, QuerySet):
        return list(members.order_by("pk").values_list("pk", flat=True))
    return sorted(set(members))


def _take(members: list[int], tags: list[int], at: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"members": members, "tags": tags})
        return _log_taken(cursor.fetchall(), at)


def log_tagged(tagged: Sequence[tuple[int, int, Tag]], at: datetime) -> None:
    """Log that tags were put on: the row that says so, the member and the tag of each."""
    append([_fact(MemberTagged(tag.pk, tag.name), row, member, at) for row, member, tag in tagged])


def _log_taken(taken: list[tuple[int, int, int]], at: datetime) -> int:
    names = dict(Tag.objects.filter(pk__in={tag for _, _, tag in taken}).values_list("pk", "name"))
    append([_fact(MemberUntagged(tag, names.get(tag, "")), row, member, at) for row, member, tag in taken])
    return len(taken)


def _fact(payload: MemberTagged | MemberUntagged, row: int, member: int, at: datetime) -> Fact:
    staff = audit.actor().staff
    key = f"{payload.kind}:{row}:{int(at.timestamp() * 1_000_000)}"
    return Fact(payload, at, "people", key, member, actor=staff.pk if staff else None)


def _checked(name: str) -> str:
    cleaned = clean_name(name)[:NAME_LIMIT]
    if not cleaned:
        raise Refused("tag.name_empty")
    return cleaned


def _save(thing: Tag | TagGroup, code: str) -> None:
    try:
        with transaction.atomic():
            thing.save()
    except IntegrityError as error:
        raise Refused(code, name=thing.name) from error

"""What a member list says of its members: attributes, tags and notes, many members at a time.

A list fills in what is missing. What is there already, by hand or from an earlier list, stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import msgspec
from django.db import connection, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from liuliang.kernel.events import Fact
from liuliang.kernel.log import append
from liuliang.people.events import MemberDescribed
from liuliang.people.models import Member, Tag, TagGroup
from liuliang.people.names import clean_name
from liuliang.people.tagging import log_tagged

IMPORTED = "导入"
"""The group that tags of lists go into until staff sort them."""

TITLES: dict[str, str | Promise] = {
    "name": _("姓名"),
    "birthday": _("生日"),
    "gender": _("性别"),
    "city": _("城市"),
    "note": _("名单里的备注"),
}
"""What people call the attributes that every list may have; others keep the header they came with."""

VALUE_LIMIT = 500
ATTRIBUTES_LIMIT = 60


@dataclass(frozen=True, slots=True)
class Described:
    """One member (by record id) and what a list says of them."""

    member: int
    attributes: Mapping[str, str] = field(default_factory=dict)
    tags: Sequence[str] = ()
    note: str = ""
    birthday: date | None = None


@transaction.atomic
def describe_members(described: Sequence[Described], *, at: datetime) -> None:
    """Fill in attributes and add tags, in a bounded number of statements. A note becomes the attribute ``note``."""
    _fill_in(described, at)
    _tag(described, at)


def _fill_in(described: Sequence[Described], at: datetime) -> None:
    values: dict[int, dict[str, str]] = {}
    for each in described:
        said = {clean_name(key)[:40]: clean_name(value)[:VALUE_LIMIT] for key, value in each.attributes.items()}
        if each.note:
            said["note"] = clean_name(each.note)[:VALUE_LIMIT]
        if each.birthday is not None:
            said["birthday"] = each.birthday.isoformat()
        said = {key: value for key, value in list(said.items())[:ATTRIBUTES_LIMIT] if key and value}
        if said:
            values.setdefault(each.member, {}).update(said)
    if not values:
        return
    members = sorted(values)
    with connection.cursor() as cursor:
        # In the order of ids, so that two lists that describe the same people never wait for each other in a circle.
        cursor.execute("SELECT 1 FROM people_member WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [members])
        cursor.execute(
            "UPDATE people_member m SET attributes = said.attributes || m.attributes"
            " FROM unnest(%s::int[], %s::jsonb[]) AS said (member, attributes)"
            " WHERE m.id = said.member AND m.erased_at IS NULL AND said.attributes || m.attributes <> m.attributes"
            " RETURNING m.id",
            [members, [msgspec.json.encode(values[member]).decode() for member in members]],
        )
        changed = [member for (member,) in cursor.fetchall()]
    stamp = int(at.timestamp() * 1_000_000)
    append(
        [
            Fact(MemberDescribed(tuple(sorted(values[member]))), at, "people", f"described:{member}:{stamp}", member)
            for member in changed
        ]
    )


def _tag(described: Sequence[Described], at: datetime) -> None:
    pairs = {(each.member, clean_name(name)[:60]) for each in described for name in each.tags if clean_name(name)}
    erased = set(
        Member.objects.filter(id__in={member for member, _ in pairs}, erased_at__isnull=False).values_list(
            "id", flat=True
        )
    )
    pairs = {(member, name) for member, name in pairs if member not in erased}
    if not pairs:
        return
    names = sorted({name for _, name in pairs})
    # A tag of this name that staff keep in another group is the same word: it is used rather than a second one.
    known = dict(Tag.objects.filter(name__in=names).order_by("-id").values_list("name", "id"))
    missing = [name for name in names if name not in known]
    if missing:
        group, _ = TagGroup.objects.get_or_create(name=IMPORTED)
        Tag.objects.bulk_create([Tag(group=group, name=name, created_at=at) for name in missing], ignore_conflicts=True)
        known |= dict(Tag.objects.filter(group=group, name__in=missing).values_list("name", "id"))
    ordered = sorted(pairs)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO people_membertag (member_id, tag_id, source, added_at)"
            " SELECT member, tag, 'import', %s FROM unnest(%s::int[], %s::bigint[]) AS said (member, tag)"
            " ON CONFLICT (member_id, tag_id) DO NOTHING RETURNING id, member_id, tag_id",
            [at, [member for member, _ in ordered], [known[name] for _, name in ordered]],
        )
        added = cursor.fetchall()
    tags = Tag.objects.in_bulk({tag for _, _, tag in added})
    log_tagged([(row, member, tags[tag]) for row, member, tag in added], at)

"""What staff do with segments: make, change, freeze and delete them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _
from pyroaring import BitMap

from liuliang.accounts import audit
from liuliang.kernel.errors import Refused
from liuliang.people.models import Community
from liuliang.people.names import clean_name
from liuliang.segments.checking import check_rule
from liuliang.segments.evaluating import context_of, everybody
from liuliang.segments.keeping import hold, keep_segment, remember_size, sweep
from liuliang.segments.models import Segment
from liuliang.segments.rules import Rule, leaves, read_rule, written

NAME_LIMIT = 60
DESCRIPTION_LIMIT = 300

CREATED = audit.action("segment.created", _("新建人群"))
CHANGED = audit.action("segment.changed", _("修改人群"))
DELETED = audit.action("segment.deleted", _("删除人群"))
FROZEN = audit.action("segment.frozen", _("把人群改为静态"))


@transaction.atomic
def create_segment(
    name: str,
    rule: Rule,
    *,
    community: Community | None,
    at: datetime,
    is_dynamic: bool = True,
    description: str = "",
) -> Segment:
    """Create a segment from a rule and work out who is in it. A static one stays as it is now.

    Raises:
        Refused: ``segment.name_empty``, ``segment.name_taken``, what `check_rule` refuses, or ``lake.too_slow`` and
            ``lake.too_much`` when it cannot be worked out within bounds.
    """
    check_rule(rule, community=community.pk if community else None)
    # The reader that keeps dynamic segments stands still until they agree with what is there.
    hold(at)
    segment = Segment(
        name=_checked_name(name),
        description=clean_name(description)[:DESCRIPTION_LIMIT],
        community=community,
        rule=written(rule),
        is_dynamic=is_dynamic,
        created_at=at,
        created_by=audit.actor().staff,
        changed_at=at,
        evaluated_at=at,
    )
    _save(segment)
    keep_segment(segment, at=at, cause="")
    audit.record(CREATED, segment, name=segment.name, changes={"size": (0, segment.size)})
    return segment


@transaction.atomic
def create_list(
    name: str, members: Iterable[int], *, community: Community | None, at: datetime, description: str = ""
) -> Segment:
    """Create a static segment of given members; those who are not people of the branch are left out.

    Raises:
        Refused: ``segment.name_empty`` or ``segment.name_taken``.
    """
    chosen = BitMap(members)
    context = context_of(community.pk if community else None, at)
    people = everybody(context, chosen)
    segment = Segment(
        name=_checked_name(name),
        description=clean_name(description)[:DESCRIPTION_LIMIT],
        community=community,
        is_dynamic=False,
        members=people.serialize(),
        size=len(people),
        created_at=at,
        created_by=audit.actor().staff,
        changed_at=at,
        evaluated_at=at,
    )
    _save(segment)
    remember_size(segment, at=at)
    audit.record(CREATED, segment, name=segment.name, changes={"size": (0, segment.size)})
    return segment


@transaction.atomic
def change_segment(
    segment: Segment, *, name: str, rule: Rule | None, at: datetime, is_dynamic: bool, description: str = ""
) -> Segment:
    """Change a segment's words, its rule, or whether it is kept up to date.

    Who comes in or goes out by a new rule of a dynamic segment does so as an event with the cause ``rule``. A static
    segment that becomes dynamic is worked out anew.

    Raises:
        Refused: as `create_segment`, and ``segment.no_rule`` for a list that is to become dynamic.
    """
    hold(at)
    found = Segment.objects.select_for_update(of=("self",)).get(pk=segment.pk)
    if rule is None and is_dynamic:
        raise Refused("segment.no_rule")
    if rule is not None:
        check_rule(rule, segment=found.pk, community=found.community_id)
    told = {
        "name": _checked_name(name),
        "description": clean_name(description)[:DESCRIPTION_LIMIT],
        "rule": written(rule) if rule is not None else {},
        "is_dynamic": is_dynamic,
    }
    changes = {field: (getattr(found, field), value) for field, value in told.items() if field != "rule"}
    must_work_out = rule is not None and (told["rule"] != found.rule or (is_dynamic and not found.is_dynamic))
    for field, value in told.items():
        setattr(found, field, value)
    found.changed_at = at
    _save(found)
    if must_work_out:
        keep_segment(found, at=at, cause="rule")
    sweep()
    audit.record(CHANGED, found, name=found.name, changes=changes)
    return found


@transaction.atomic
def delete_segment(segment: Segment, *, at: datetime) -> None:
    """Delete a segment. The log keeps who came and went.

    Raises:
        Refused: ``segment.in_use`` while another segment's rule names it.
    """
    hold(at)
    users = [each.name for each in dependents(segment.pk)]
    if users:
        raise Refused("segment.in_use", name=users[0], count=len(users))
    audit.record(DELETED, segment, name=segment.name, changes={"size": (segment.size, 0)})
    segment.delete()
    sweep()


def dependents(segment: int) -> list[Segment]:
    """Return the segments whose rules name this one."""
    return [
        each
        for each in Segment.objects.exclude(rule={})
        if any(segment in leaf.refs.segments for leaf in leaves(read_rule(each.rule)))
    ]


def _checked_name(name: str) -> str:
    cleaned = clean_name(name)[:NAME_LIMIT]
    if not cleaned:
        raise Refused("segment.name_empty")
    return cleaned


def _save(segment: Segment) -> None:
    try:
        with transaction.atomic():
            segment.save()
    except IntegrityError as error:
        raise Refused("segment.name_taken", name=segment.name) from error

"""Circles (小圈子): groups within a community that staff confirmed, with who is in them and their little leader."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from liuliang.accounts import audit
from liuliang.kernel.errors import Refused
from liuliang.kernel.events import Fact
from liuliang.kernel.log import append
from liuliang.people.events import CircleJoined, CircleLeft
from liuliang.people.models import Circle, CircleMember, Community, Member, Membership
from liuliang.people.names import clean_name

NAME_LIMIT = 60

FEWEST, MOST = 2, 500
"""How many people a circle may be made of."""

FORMED = audit.action("circle.formed", _("确认小圈子"))
CHANGED = audit.action("circle.changed", _("修改小圈子"))
PEOPLE_ADDED = audit.action("circle.people_added", _("把人加进小圈子"))
PEOPLE_TAKEN = audit.action("circle.people_taken", _("把人移出小圈子"))
DISBANDED = audit.action("circle.disbanded", _("解散小圈子"))
RESTORED = audit.action("circle.restored", _("恢复小圈子"))

_FORMING = 0x6369


def people_in(circle: Circle, *, were: bool = False) -> list[int]:
    """Return who is in a circle, by canonical record, the longest first; with ``were``, who was taken out and is not back."""
    rows = CircleMember.objects.filter(circle=circle, member__erased_at=None).annotate(person=_person("member"))
    inside = list(dict.fromkeys(rows.filter(left_at=None).order_by("since", "pk").values_list("person", flat=True)))
    if not were:
        return inside
    out = rows.filter(left_at__isnull=False).order_by("-left_at", "pk").values_list("person", flat=True)
    return [person for person in dict.fromkeys(out) if person not in set(inside)]


def leader_of(circle: Circle) -> int | None:
    """Return the little leader's canonical record."""
    if circle.leader_id is None:
        return None
    found = Member.objects.filter(pk=circle.leader_id).annotate(person=Coalesce("canonical_id", "id"))
    return found.values_list("person", flat=True).first()


@transaction.atomic
def form_circle(
    community: Community, *, name: str, members: Collection[int], leader: int | None, at: datetime
) -> Circle:
    """Confirm a circle of people who are in the community; those who are not are left out.

    Raises:
        Refused: ``circle.name_empty``, ``circle.name_taken``, ``circle.size``, ``circle.leader`` (not one of them), or
            ``circle.known`` when most of them are a circle already: two who confirm the same one at once make one.
    """
    _one_at_a_time(community.pk)
    there = _present(community.pk, members)
    if not FEWEST <= len(there) <= MOST:
        raise Refused("circle.size", fewest=FEWEST, most=MOST)
    if leader is not None and leader not in there:
        raise Refused("circle.leader")
    _refuse_known(community.pk, there)
    circle = Circle(community=community, leader_id=leader, created_at=at, created_by=audit.actor().staff)
    circle.name = _free_name(circle, name)
    circle.save()
    _put(circle, there, at)
    audit.record(
        FORMED, circle, name=circle.name, community=community.pk, changes={"members": (0, len(there))}
    )  # fmt: skip
    return circle


@transaction.atomic
def change_circle(circle: Circle, *, name: str, leader: int | None) -> None:
    """Name a circle and its little leader, who must be in it.

    Raises:
        Refused: ``circle.disbanded``, ``circle.name_empty``, ``circle.name_taken`` or ``circle.leader``.
    """
    held = _held(circle)
    if leader is not None and leader not in people_in(held):
        raise Refused("circle.leader")
    before, led_before = held.name, leader_of(held)
    held.name, held.leader_id = _free_name(held, name), leader
    held.save(update_fields=["name", "leader"])
    audit.record(
        CHANGED,
        held,
        name=held.name,
        community=held.community_id,
        changes={"name": (before, held.name)},
        personal={"leader"} if led_before != leader else (),
    )


@transaction.atomic
def add_to_circle(circle: Circle, members: Collection[int], *, at: datetime) -> int:
    """Put people who are in the community into a circle, back if they were taken out; return how many were not in it.

    Raises:
        Refused: ``circle.disbanded``, or ``circle.size`` when they are too many.
    """
    held = _held(circle)
    inside = people_in(held)
    new = _present(held.community_id, members) - set(inside)
    if len(inside) + len(new) > MOST:
        raise Refused("circle.size", fewest=FEWEST, most=MOST)
    if new:
        _put(held, new, at)
        changes = {"members": (len(inside), len(inside) + len(new))}
        audit.record(PEOPLE_ADDED, held, name=held.name, community=held.community_id, changes=changes)
    return len(new)


@transaction.atomic
def take_from_circle(circle: Circle, member: int, *, at: datetime) -> None:
    """Take somebody out of a circle, on whichever of their records they are in it; a leader is then leader no more.

    Raises:
        Refused: ``circle.disbanded``, or ``circle.not_in`` when they are not in it (any more).
    """
    held = _held(circle)
    inside = people_in(held)
    if member not in inside:
        raise Refused("circle.not_in")
    rows = CircleMember.objects.filter(Q(member=member) | Q(member__canonical=member), circle=held, left_at=None)
    rows.update(left_at=at)
    if leader_of(held) == member:
        held.leader = None
        held.save(update_fields=["leader"])
    _log(CircleLeft(held.pk), [member], at)
    changes = {"members": (len(inside), len(inside) - 1)}
    audit.record(PEOPLE_TAKEN, held, name=held.name, community=held.community_id, changes=changes)


@transaction.atomic
def disband_circle(circle: Circle, *, at: datetime) -> None:
    """Let a circle be none any more; who was in it is kept.

    Raises:
        Refused: ``circle.disbanded`` when that was done before.
    """
    held = _held(circle)
    held.disbanded_at = at
    held.save(update_fields=["disbanded_at"])
    _log(CircleLeft(held.pk), people_in(held), at)
    audit.record(DISBANDED, held, name=held.name, community=held.community_id)


@transaction.atomic
def restore_circle(circle: Circle, *, at: datetime) -> None:
    """Bring a disbanded circle back with everybody who was in it.

    Raises:
        Refused: ``circle.standing`` when it is not disbanded, ``circle.name_taken`` when another has its name by now, or
            ``circle.known`` when most of its people are another one.
    """
    _one_at_a_time(circle.community_id)
    held = Circle.objects.select_for_update(of=("self",)).get(pk=circle.pk)
    if held.disbanded_at is None:
        raise Refused("circle.standing")
    held.name = _free_name(held, held.name)
    _refuse_known(held.community_id, people_in(held))
    held.disbanded_at = None
    held.save(update_fields=["disbanded_at"])
    _log(CircleJoined(held.pk), people_in(held), at)
    audit.record(RESTORED, held, name=held.name, community=held.community_id)


def _person(member: str) -> Coalesce:
    return Coalesce(F(f"{member}__canonical"), F(member))


def _one_at_a_time(community: int) -> None:
    """Let nobody else name a circle of the community before this is over."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_FORMING, community])


def _held(circle: Circle) -> Circle:
    """Return a circle that stands, so that nobody else changes it or names another of its community before this is over."""
    _one_at_a_time(circle.community_id)
    held = Circle.objects.select_for_update(of=("self",)).get(pk=circle.pk)
    if held.disbanded_at is not None:
        raise Refused("circle.disbanded")
    return held


def _refuse_known(community: int, people: Collection[int]) -> None:
    for other in Circle.objects.filter(community=community, disbanded_at=None).order_by("pk"):
        if len(set(people) & set(people_in(other))) * 2 > len(people):
            raise Refused("circle.known", name=other.name)


def _present(community: int, members: Collection[int]) -> set[int]:
    rows = Membership.objects.filter(
        community=community, is_present=True, member__in=list(members), member__erased_at=None, member__is_bot=False
    )
    return set(rows.values_list("member", flat=True))


def _free_name(circle: Circle, name: str) -> str:
    """Return the name as it is kept, if no other circle of the community that stands has it."""
    cleaned = clean_name(name)[:NAME_LIMIT]
    if not cleaned:
        raise Refused("circle.name_empty")
    named = Circle.objects.filter(community=circle.community_id, name=cleaned, disbanded_at=None)
    if named.exclude(pk=circle.pk).exists():
        raise Refused("circle.name_taken", name=cleaned)
    return cleaned


def _put(circle: Circle, members: Iterable[int], at: datetime) -> None:
    ids = sorted(members)
    CircleMember.objects.bulk_create(
        (CircleMember(circle=circle, member_id=member, since=at) for member in ids),
        update_conflicts=True,
        unique_fields=["circle", "member"],
        update_fields=["since", "left_at"],
    )
    _log(CircleJoined(circle.pk), ids, at)


def _log(payload: CircleJoined | CircleLeft, members: Iterable[int], at: datetime) -> None:
    staff = audit.actor().staff
    instant = int(at.timestamp() * 1_000_000)
    append([
        Fact(payload, at, "people", f"{payload.kind}:{payload.circle}:{member}:{instant}", member, actor=staff.pk if staff else None)
        for member in sorted(members)
    ])  # fmt: skip

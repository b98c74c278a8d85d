"""Planning families, and asking people over."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from pyroaring import BitMap

from liuliang.accounts import audit
from liuliang.families.belonging import look_through
from liuliang.families.events import FamilyArrived, FamilyDeclined, FamilyInvited
from liuliang.families.models import Family, Invitation, Tier, TierGroup
from liuliang.kernel.errors import Refused
from liuliang.kernel.events import Fact
from liuliang.kernel.log import append
from liuliang.people.models import Community, Membership
from liuliang.people.names import clean_name
from liuliang.segments.rules import Rule, written

MADE = audit.action("family.made", _("建群家族"))
CHANGED = audit.action("family.changed", _("修改群家族"))
DISSOLVED = audit.action("family.dissolved", _("解散群家族"))
INVITED = audit.action("family.invited", _("请人换群"))
ENDED = audit.action("family.invitation_ended", _("记录换群的结果"))

FEWEST_TIERS, MOST_TIERS = 2, 8
MOST_GROUPS = 500
LONGEST_WAIT = 90
"""The most days for which somebody must belong in a tier before they are asked."""

AT_ONCE = 500
"""How many people can be asked at once."""

INVITATION_LIMIT = 500

_PLANNING = 0x6661


@dataclass(frozen=True, slots=True)
class NewTier:
    """A tier as it is to be: ``rule`` None takes whoever belongs in none above; ``known`` is the tier that it was."""

    name: str
    rule: Rule | None
    groups: Sequence[int]
    invites: bool = True
    invitation: str = ""
    known: int | None = None


@transaction.atomic
def make_family(name: str, tiers: Sequence[NewTier], *, steady_days: int, at: datetime) -> Family:
    """Make a family of groups.

    Raises:
        Refused: ``family.name_empty``, ``family.name_taken``, ``family.tiers``, ``family.tier_name``, ``family.tier_twice``,
            ``family.rest_last``, ``family.no_groups``, ``family.group_twice``, ``family.group_taken`` or ``family.steady``.
    """
    _one_at_a_time()
    family = Family(created_at=at, created_by=audit.actor().staff)
    _set(family, name, tiers, steady_days, at)
    audit.record(MADE, family, name=family.name, changes={"tiers": (0, len(tiers))})
    return family


@transaction.atomic
def change_family(family: Family, name: str, tiers: Sequence[NewTier], *, steady_days: int, at: datetime) -> None:
    """Change a family. Who was asked into a tier that goes need not come any more.

    Raises:
        Refused: as for `make_family`, or ``family.dissolved``.
    """
    held = _held(family)
    before = (held.name, held.steady_days, held.tiers.filter(removed_at=None).count())
    _set(held, name, tiers, steady_days, at)
    changes = {
        "name": (before[0], held.name),
        "steady_days": (before[1], held.steady_days),
        "tiers": (before[2], len(tiers)),
    }
    audit.record(CHANGED, held, name=held.name, changes=changes)


@transaction.atomic
def dissolve_family(family: Family, *, at: datetime) -> None:
    """Let a family be none any more: its groups are free for another, and nobody is waited for.

    Raises:
        Refused: ``family.dissolved`` when that was done before.
    """
    held = _held(family)
    held.dissolved_at = at
    held.to_invite = 0
    held.save(update_fields=["dissolved_at", "to_invite"])
    _withdraw(held.invitations.filter(state="invited"), at)
    TierGroup.objects.filter(tier__family=held).delete()
    audit.record(DISSOLVED, held, name=held.name)


@dataclass(frozen=True, slots=True)
class Asked:
    """How many were asked over, and how many of those named were not to be (any more)."""

    count: int
    left_out: int


@transaction.atomic
def invite(tier: Tier, members: Collection[int], community: Community, *, at: datetime) -> Asked:
    """Note that people are asked over into a group of a tier; those who are not to be are left out.

    Raises:
        Refused: ``family.dissolved``, ``family.tier_gone``, ``family.not_its_group``, ``family.too_many`` or ``family.no_room``.
    """
    family = _held(tier.family)
    standing = next((each for each in look_through(family, at=at).tiers if each.tier.pk == tier.pk), None)
    if standing is None:
        raise Refused("family.tier_gone")
    if community.pk not in standing.groups or community.archived_at is not None:
        raise Refused("family.not_its_group")
    if len(set(members)) > AT_ONCE:
        raise Refused("family.too_many", most=AT_ONCE)
    asked = sorted(BitMap(members) & standing.movers)
    free = room(community)
    if free is not None and len(asked) > free:
        raise Refused("family.no_room", name=community.name, room=free, asked=len(asked))
    were_in = origins(family, asked)
    staff = audit.actor().staff
    made = Invitation.objects.bulk_create(
        Invitation(
            family=family, tier=tier, member_id=member, community=community, origin_id=were_in.get(member),
            invited_at=at, invited_by=staff,
        )
        for member in asked
    )  # fmt: skip
    _log(FamilyInvited, made, at)
    if made:
        audit.record(
            INVITED, family, name=family.name, community=community.pk, changes={"tier": ("", tier.name), "members": (0, len(made))}
        )  # fmt: skip
    return Asked(len(made), len(set(members)) - len(made))


def room(community: Community) -> int | None:
    """Return how many a group can still take, those who are asked and have not come included; None where it has no limit."""
    if community.size_limit is None:
        return None
    inside = Membership.objects.filter(community=community, is_present=True).count()
    return max(
        0, community.size_limit - inside - Invitation.objects.filter(community=community, state="invited").count()
    )


def origins(family: Family, members: Sequence[int]) -> dict[int, int]:
    """Return by member which group of the family they are in; of several, the one of the highest tier."""
    rows = Membership.objects.filter(
        member__in=members,
        is_present=True,
        community__tier_group__tier__family=family,
    )
    ordered = rows.order_by("-community__tier_group__tier__place", "-community")
    return dict(ordered.values_list("member", "community"))


@transaction.atomic
def decline(invitation: Invitation, *, at: datetime) -> None:
    """Note that somebody will not come: they are not to be asked into the tier again for a while.

    Raises:
        Refused: ``family.invitation_over`` when it has ended already.
    """
    _end(invitation, "declined", at)
    _log(FamilyDeclined, [invitation], at)


@transaction.atomic
def withdraw(invitation: Invitation, *, at: datetime) -> None:
    """Take an invitation back, as if it had not been made.

    Raises:
        Refused: ``family.invitation_over`` when it has ended already.
    """
    _end(invitation, "withdrawn", at)


@transaction.atomic
def arrive(arrivals: Collection[tuple[int, int, datetime]]) -> None:
    """Note that people came who were asked: the invitation, the group, and when. One that has ended meanwhile stays as it is."""
    found = {each: (community, at) for each, community, at in arrivals}
    rows = Invitation.objects.select_for_update(of=("self",)).filter(pk__in=found, state="invited")
    for row in rows.select_related("tier").order_by("pk"):
        row.community_id, at = found[row.pk]
        row.state, row.ended_at = "arrived", at
        row.save(update_fields=["community", "state", "ended_at"])
        _log(FamilyArrived, [row], at)


def _one_at_a_time() -> None:
    """Let nobody else plan a family before this is over: a group is in one, and a name is of one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_PLANNING])


def _held(family: Family) -> Family:
    """Return a family that stands, so that nobody else changes it or asks anybody over before this is over."""
    _one_at_a_time()
    held = Family.objects.select_for_update(of=("self",)).get(pk=family.pk)
    if held.dissolved_at is not None:
        raise Refused("family.dissolved")
    return held


def _set(family: Family, name: str, tiers: Sequence[NewTier], steady_days: int, at: datetime) -> None:
    cleaned = clean_name(name)[:60]
    if not cleaned:
        raise Refused("family.name_empty")
    if Family.objects.filter(name=cleaned, dissolved_at=None).exclude(pk=family.pk).exists():
        raise Refused("family.name_taken", name=cleaned)
    if not 0 <= steady_days <= LONGEST_WAIT:
        raise Refused("family.steady", most=LONGEST_WAIT)
    _check(tiers)
    family.name, family.steady_days = cleaned, steady_days
    family.save()
    known = {tier.pk: tier for tier in family.tiers.filter(removed_at=None)}
    kept = {tier.known for tier in tiers if tier.known in known}
    gone = known.keys() - kept
    family.tiers.filter(pk__in=gone).update(removed_at=at)
    _withdraw(family.invitations.filter(tier__in=gone, state="invited"), at)
    TierGroup.objects.filter(tier__family=family).delete()
    for place, told in enumerate(tiers):
        tier = known[told.known] if told.known in kept and told.known is not None else Tier(family=family)
        tier.place, tier.name, tier.invites = place, clean_name(told.name)[:40], told.invites
        tier.rule = written(told.rule) if told.rule is not None else {}
        tier.invitation = told.invitation.strip()[:INVITATION_LIMIT]
        tier.save()
        _settle_groups(tier, told.groups)


def _check(tiers: Sequence[NewTier]) -> None:
    if not FEWEST_TIERS <= len(tiers) <= MOST_TIERS:
        raise Refused("family.tiers", fewest=FEWEST_TIERS, most=MOST_TIERS)
    names = [clean_name(tier.name)[:40] for tier in tiers]
    if not all(names):
        raise Refused("family.tier_name")
    if len(set(names)) < len(names):
        raise Refused("family.tier_twice")
    for tier, name in zip(tiers, names, strict=True):
        if tier.rule is None and tier is not tiers[-1]:
            raise Refused("family.rest_last", name=name)
        if not 1 <= len(tier.groups) <= MOST_GROUPS:
            raise Refused("family.no_groups", name=name, most=MOST_GROUPS)
    every = [group for tier in tiers for group in tier.groups]
    if len(set(every)) < len(every):
        raise Refused("family.group_twice")


def _settle_groups(tier: Tier, groups: Sequence[int]) -> None:
    taken = TierGroup.objects.filter(community__in=groups).select_related("community", "tier__family").first()
    if taken is not None:
        raise Refused("family.group_taken", name=taken.community.name, family=taken.tier.family.name)
    TierGroup.objects.bulk_create(TierGroup(tier=tier, community_id=group) for group in groups)


def _end(invitation: Invitation, state: str, at: datetime) -> None:
    found = Invitation.objects.select_for_update(of=("self",)).select_related("family", "tier").get(pk=invitation.pk)
    if found.state != "invited":
        raise Refused("family.invitation_over")
    found.state, found.ended_at = state, at
    found.save(update_fields=["state", "ended_at"])
    changes = {"state": ("invited", state), "tier": ("", found.tier.name)}
    audit.record(ENDED, found.family, name=found.family.name, community=found.community_id, changes=changes)


def _withdraw(invitations: QuerySet[Invitation], at: datetime) -> None:
    invitations.update(state="withdrawn", ended_at=at)


def _log(
    payload: type[FamilyInvited | FamilyArrived | FamilyDeclined], invitations: Sequence[Invitation], at: datetime
) -> None:
    staff = audit.actor().staff
    append([
        Fact(
            payload(each.family_id, each.tier_id), at, "families", f"{payload.kind}:{each.pk}", each.member_id,
            each.community_id, staff.pk if staff else None,
        )
        for each in invitations
    ])  # fmt: skip

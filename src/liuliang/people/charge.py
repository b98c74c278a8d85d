"""Who is in charge of which groups, what each carries, and whether a change would be more than they can run.

In charge of a group is whoever was given, by name, a role that lets them run it: edit the group and its members. A role
in the group itself goes before one in a branch above it, and a nearer branch before a farther one: who leads an area
does not run the groups in which somebody of their own is named. Roles that hold everywhere name no group, so nobody is
in charge by them. A group that two people share counts whole for each: both have to read it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from liuliang.accounts.permissions import COMMUNITIES_EDIT, MEMBERS_EDIT
from liuliang.people.capacity import Limits, Load, limits
from liuliang.people.models import Grant

if TYPE_CHECKING:
    from liuliang.accounts.models import Role

RUNS = (COMMUNITIES_EDIT, MEMBERS_EDIT)
"""What a role allows that puts somebody in charge."""

NEW = 0
"""The id of a group, or of a colleague, that does not exist yet."""


@dataclass(frozen=True)
class Charge:
    """Running groups and who is in charge of them.

    ``paths`` holds the ids from the root down to each group, itself included; ``members`` how many are in it; ``named`` the
    staff named in a community; ``names`` what the staff are called.
    """

    paths: Mapping[int, tuple[int, ...]]
    members: Mapping[int, int]
    named: Mapping[int, frozenset[int]]
    names: Mapping[int, str]
    limits: Limits

    @cached_property
    def of_group(self) -> Mapping[int, frozenset[int]]:
        """Return who is in charge of each group; nobody is an empty set."""
        return {group: _nearest(path, self.named) for group, path in self.paths.items()}

    @cached_property
    def loads(self) -> Mapping[int, Load]:
        """Return what everybody who is in charge of a group carries."""
        found: defaultdict[int, Load] = defaultdict(Load)
        for group, staff in self.of_group.items():
            for each in staff:
                found[each] += self._one(group)
        return dict(found)

    @cached_property
    def unattended(self) -> Sequence[int]:
        """Return the groups that nobody is in charge of."""
        return [group for group, staff in self.of_group.items() if not staff]

    @cached_property
    def total(self) -> Load:
        """Return all groups, each once."""
        return Load(len(self.paths), sum(self.members.get(group, 0) for group in self.paths))

    @cached_property
    def able(self) -> Load:
        """Return what all who are in charge can run together. Where nobody is named, somebody does it: one person."""
        each = [self.limits.of(staff) for staff in self.loads] or [self.limits.usual]
        return Load(sum(one.groups for one in each), sum(one.members for one in each))

    def with_groups(self, paths: Mapping[int, tuple[int, ...]], members: Mapping[int, int]) -> Charge:
        """Return the same with more groups running."""
        return replace(self, paths={**self.paths, **paths}, members={**self.members, **members})

    def with_named(self, community: int, staff: int, name: str) -> Charge:
        """Return the same with one more colleague named."""
        known = self.named.get(community, frozenset())
        return replace(self, named={**self.named, community: known | {staff}}, names={**self.names, staff: name})

    def _one(self, group: int) -> Load:
        return Load(1, self.members.get(group, 0))


@dataclass(frozen=True, slots=True)
class Standing:
    """A colleague, what they carry (or would) and what they can run."""

    staff: int
    name: str
    load: Load
    most: Load

    @property
    def room(self) -> int:
        """Return for how many more groups there is room."""
        return self.most.groups - self.load.groups if self.load.leaves_room_in(self.most) else 0


@dataclass(frozen=True, slots=True)
class Overload:
    """What a change would make too much.

    ``over`` would have more than they can run, ``together`` is everybody's sum with what they can run where that is
    exceeded. ``free`` have room, most of it first.
    """

    over: tuple[Standing, ...]
    together: tuple[Load, Load] | None
    free: tuple[Standing, ...]

    @property
    def mark(self) -> str:
        """Return what tells this warning from others: who, and how many groups.

        Members come and go while somebody reads it, so they are no part of it.
        """
        told = [f"{each.staff}.{each.load.groups}" for each in self.over]
        return "-".join([*told, f"all.{self.together[0].groups}"] if self.together else told)


def charge_of(paths: Mapping[int, tuple[int, ...]], members: Mapping[int, int]) -> Charge:
    """Return who is in charge of these groups, with one question for the roles and one for the limits.

    Who is named where none of them is counts as well: for the groups that `Charge.with_groups` adds there.
    """
    named: defaultdict[int, set[int]] = defaultdict(set)
    names: dict[int, str] = {}
    grants = Grant.objects.filter(
        community__isnull=False, staff__is_active=True, role__permissions__contains=list(RUNS)
    )
    for community, staff, name in grants.values_list("community_id", "staff_id", "staff__name"):
        named[community].add(staff)
        names[staff] = name
    return Charge(paths, members, {each: frozenset(staff) for each, staff in named.items()}, names, limits())


def overload(before: Charge, after: Charge) -> Overload | None:
    """Return what is too much after a change that the change adds to; None where nothing is."""
    over = [
        standing
        for standing in standings(after)
        if standing.load.exceeds(standing.most) and _grew(before.loads.get(standing.staff, Load()), standing.load)
    ]
    is_much = after.total.exceeds(after.able) and _grew(before.total, after.total)
    if not over and not is_much:
        return None
    free = sorted(
        (each for each in standings(after) if each.room), key=lambda each: (-each.room, each.name, each.staff)
    )
    return Overload(tuple(over), (after.total, after.able) if is_much else None, tuple(free))


def standings(charge: Charge) -> Sequence[Standing]:
    """Return everybody who is in charge of a group, by name."""
    found = [
        Standing(staff, charge.names[staff], load, charge.limits.of(staff)) for staff, load in charge.loads.items()
    ]
    return sorted(found, key=lambda each: (each.name, each.staff))


def runs(role: Role) -> bool:
    """Tell whether a role puts whoever has it in a community in charge there."""
    return set(RUNS) <= set(role.permissions)


def _nearest(path: Sequence[int], named: Mapping[int, frozenset[int]]) -> frozenset[int]:
    return next((named[step] for step in reversed(path) if step in named), frozenset())


def _grew(before: Load, after: Load) -> bool:
    return after.exceeds(before)

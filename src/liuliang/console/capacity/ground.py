"""What the pages of capacity speak of: the running groups somebody was given, and who is in charge of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

from liuliang.analytics.presence import presence, robots
from liuliang.analytics.scopes import Scope
from liuliang.analytics.traffic import coverage
from liuliang.analytics.workload import Workload, workload
from liuliang.kernel import clock
from liuliang.people.access import Access
from liuliang.people.charge import Charge, charge_of
from liuliang.people.models import Community


@dataclass(frozen=True, slots=True)
class Group:
    """A running group, as the pages name it."""

    id: int
    public_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Seen:
    """The running groups where somebody has a permission: of others neither they nor the sums of people know anything."""

    groups: Mapping[int, Group]
    scope: Scope
    charge: Charge


def see(access: Access, permission: str) -> Seen:
    """Return the groups that run where ``permission`` holds, and who is in charge of them."""
    rows = list(
        access.communities(permission)
        .filter(is_group=True)
        .order_by("id")
        .values_list("id", "public_id", "name", "timezone", "path", "archived_at")
    )
    machines = robots()
    # Asked of archived groups too: so it is the question of the overview, which is remembered.
    every = Scope.of(
        [(row[0], row[3]) for row in rows], is_everything=access.may_everywhere(permission), robots=machines
    )
    members = members_of(every)
    running = [row for row in rows if row[5] is None]
    scope = Scope.of([(row[0], row[3]) for row in running], robots=machines)
    charge = charge_of({row[0]: tuple(row[4]) for row in running}, members)
    return Seen({row[0]: Group(*row[:3]) for row in running}, scope, charge)


def members_of(scope: Scope) -> Mapping[int, int]:
    """Return how many people are in each group."""
    return {group: each.members for group, each in presence(scope).items()} if scope.zones else {}


def scope_of(groups: list[Community]) -> Scope:
    """Return the scope of some groups."""
    return Scope.of([(each.id, each.timezone) for each in groups], robots=robots())


def work_of(seen: Seen) -> Workload | None:
    """Return what the groups take; None while nothing is known of any of them."""
    known = coverage(seen.scope) if seen.groups else None
    if known is None:
        return None
    today = clock.local_day(clock.now(), seen.scope.timezone(settings.TIME_ZONE))
    return workload(seen.scope, known, seen.charge.of_group, today=today)

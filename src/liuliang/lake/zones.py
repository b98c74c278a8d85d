"""In which time zone a community's days are counted.

Communities live above the lake, so whoever knows them says it: `register` a provider. What has been counted remembers
its zone; when a community moves to another, `recount` counts all its days again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from liuliang.kernel import clock
from liuliang.lake import catalogue, engine, server
from liuliang.lake.models import LakeZone
from liuliang.lake.tables import EVENT, MEMBER_DAY, count_days

if TYPE_CHECKING:
    from collections.abc import Iterable

Provider = Callable[[], Mapping[int, str]]

_providers: list[Provider] = []


def register(provider: Provider) -> None:
    """Take the communities' time zones (IANA names by community id) from ``provider``, called whenever they are needed."""
    if provider not in _providers:
        _providers.append(provider)


def default_zone() -> str:
    """Return the zone of events in no community, or in one whose zone nobody knows."""
    return _usable(settings.TIME_ZONE, "UTC")


def wanted() -> dict[int, str]:
    """Return the zones that communities have now; names the engine does not know give way to the default."""
    zones: dict[int, str] = {}
    for provider in _providers:
        zones.update(provider())
    otherwise = default_zone()
    return {community: _usable(zone, otherwise) for community, zone in zones.items()}


def _usable(zone: str, otherwise: str) -> str:
    return zone if zone in _known() else otherwise


@cache
def _known() -> frozenset[str]:
    _, rows = engine.fetch("SELECT time_zone FROM system.time_zones")
    return frozenset(name for (name,) in rows)


def settle_zones(communities: Iterable[int]) -> dict[str, list[int]]:
    """Return the communities by the zone their days are counted in, fixing it for those never counted before.

    A community that has moved keeps its old zone here until `recount`, so that its days are never counted in two.
    """
    asked = set(communities)
    fixed = dict(LakeZone.objects.filter(community__in=asked).values_list("community", "timezone"))
    fresh = asked - fixed.keys()
    if fresh:
        zones, at = wanted(), clock.now()
        added = {community: zones.get(community, default_zone()) for community in fresh}
        LakeZone.objects.bulk_create(
            LakeZone(community=community, timezone=zone, counted_at=at) for community, zone in added.items()
        )
        fixed |= added
    return by_zone(fixed)


def by_zone(zones: Mapping[int, str]) -> dict[str, list[int]]:
    """Turn zones by community into communities by zone."""
    grouped: dict[str, list[int]] = {}
    for community, zone in sorted(zones.items()):
        grouped.setdefault(zone, []).append(community)
    return grouped


def moved() -> dict[int, str]:
    """Return the communities whose days are counted in another zone than they have now, with the new one."""
    now = wanted()
    otherwise = default_zone()
    counted = LakeZone.objects.values_list("community", "timezone")
    return {
        community: now.get(community, otherwise) for community, zone in counted if now.get(community, otherwise) != zone
    }


def recount() -> int:
    """Count the days of communities that moved to another zone again; return how many communities that were.

    Sealing waits meanwhile, queries do not. Returns 0 without doing anything while somebody else merges or rewrites.
    """
    changed = moved()
    if not changed:
        return 0
    with transaction.atomic():
        if not catalogue.start_tidying():
            return 0
        if engine.is_embedded():
            catalogue.wait_for_sealing()
            _recount_files(changed)
        elif server.hold_still():
            server.recount_days(by_zone(changed), sorted(changed))
        else:
            return 0
        for community, zone in changed.items():
            LakeZone.objects.filter(community=community).update(timezone=zone, counted_at=clock.now())
    return len(changed)


def _recount_files(changed: Mapping[int, str]) -> None:
    """Take the days of the moved out of the files that hold some, and count them from the files of their events.

    File by file: a file is small enough to be written in bounded memory, all of them are not.
    """
    files = catalogue.take_snapshot().files
    concerned = f"community IN ({', '.join(map(str, sorted(changed)))})"
    for file in catalogue.holding(MEMBER_DAY, files[MEMBER_DAY.name], concerned):
        others = f"(SELECT * FROM {catalogue.read_files(MEMBER_DAY, [file.path])} WHERE NOT {concerned})"
        rows = MEMBER_DAY.merged(others)
        catalogue.put(MEMBER_DAY, rows, level=file.level, at=file.created_at, instead_of=[file])
    for file in catalogue.holding(EVENT, files[EVENT.name], concerned):
        events = catalogue.read_files(EVENT, [file.path])
        days = count_days(events, by_zone(changed), default_zone(), concerned)
        catalogue.put(MEMBER_DAY, days, level=0, at=clock.now())

"""Which communities a figure speaks of, and the SQL that keeps to them."""

from __future__ import annotations

import hashlib
from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from liuliang.analytics.periods import Period

STAMP = "%Y-%m-%d %H:%M:%S.%f"


@dataclass(frozen=True, slots=True)
class Population:
    """The people a figure is narrowed to, such as a segment. Two of the same people are equal, however many they are."""

    digest: str
    ids: tuple[int, ...] = field(repr=False, compare=False)

    @classmethod
    def of(cls, members: Iterable[int]) -> Population:
        """Make a population of members' ids: a list, a set, a roaring bitmap."""
        ids = tuple(sorted(set(members)))
        return cls(hashlib.sha256(array("Q", ids).tobytes()).hexdigest(), ids)


@dataclass(frozen=True, slots=True)
class Scope:
    """Communities with their time zones, and the members who are no people.

    ``is_everything`` means no other community exists, so none need be named. ``zones`` is a tuple of (time zone, ids),
    so that a scope can be hashed and remembered. ``robots`` are left out of every figure. ``population`` narrows the figures
    to some people; None is everybody.
    """

    zones: tuple[tuple[str, tuple[int, ...]], ...]
    is_everything: bool = False
    robots: tuple[int, ...] = ()
    population: Population | None = None

    @classmethod
    def of(cls, places: Iterable[tuple[int, str]], *, is_everything: bool = False, robots: Iterable[int] = ()) -> Scope:
        """Make a scope of (community id, time zone) pairs."""
        by_zone: defaultdict[str, list[int]] = defaultdict(list)
        for community, timezone in places:
            by_zone[timezone].append(community)
        zones = tuple((zone, tuple(sorted(ids))) for zone, ids in sorted(by_zone.items()))
        return cls(zones, is_everything, tuple(sorted(robots)))

    def only(self, communities: Iterable[int]) -> Scope:
        """Return the part of this scope that holds just these communities."""
        wanted = set(communities)
        kept = ((zone, tuple(each for each in ids if each in wanted)) for zone, ids in self.zones)
        zones = tuple((zone, ids) for zone, ids in kept if ids)
        return Scope(zones, robots=self.robots, population=self.population)

    def among(self, population: Population | None) -> Scope:
        """Return this scope narrowed to some people."""
        return replace(self, population=population)

    @property
    def communities(self) -> tuple[int, ...]:
        """Return the ids in order."""
        return tuple(sorted(community for _zone, ids in self.zones for community in ids))

    def timezone(self, otherwise: str) -> str:
        """Return the time zone that all communities have, or, where they have several or there are none, ``otherwise``."""
        return self.zones[0][0] if len(self.zones) == 1 else otherwise

    def condition(self) -> tuple[str, dict[str, Any]]:
        """Return the lake SQL that keeps to these communities, and its parameters. Never keeps rows of no community."""
        people, values = self.people()
        if self.is_everything:
            return f"community != 0{people}", values
        return f"community IN {{communities:Array(UInt32)}}{people}", {**values, "communities": list(self.communities)}

    def during(self, period: Period, name: str = "period", *, is_anywhere: bool = False) -> tuple[str, dict[str, Any]]:
        """Return the lake SQL for events that happened in these communities on the local days of ``period``.

        ``name`` keeps the parameters of two periods in one statement apart. One range of instants for every time zone.
        With ``is_anywhere`` those in no community are meant too, on the days of the first time zone.
        """
        terms: list[str] = []
        values: dict[str, Any] = {}
        is_plain = len(self.zones) == 1 and self.is_everything
        for place, (timezone, ids) in enumerate(self.zones):
            begin, end = period.instants(timezone)
            since, until, among = f"{name}_from_{place}", f"{name}_until_{place}", f"{name}_communities_{place}"
            term = f"occurred_at >= {{{since}:DateTime64(3, 'UTC')}} AND occurred_at < {{{until}:DateTime64(3, 'UTC')}}"
            values |= {since: stamp(begin), until: stamp(end)}
            if not is_plain:
                term += f" AND community IN {{{among}:Array(UInt32)}}"
                values[among] = list(ids)
            terms.append(f"({term})")
        if not terms:
            return "0", {}
        people, more = self.people()
        outside = " AND community != 0" if is_plain and not is_anywhere else ""
        if is_anywhere and not is_plain:
            span = f"occurred_at >= {{{name}_from_0:DateTime64(3, 'UTC')}} AND occurred_at < {{{name}_until_0:DateTime64(3, 'UTC')}}"
            terms.append(f"({span} AND community = 0)")
        return f"({' OR '.join(terms)}){outside}{people}", values | more

    def instants(self, period: Period) -> tuple[datetime, datetime]:
        """Return the first instant of ``period`` in any of the time zones and the first one after it in all of them."""
        spans = [period.instants(timezone) for timezone, _ids in self.zones] or [period.instants("UTC")]
        return min(begin for begin, _end in spans), max(end for _begin, end in spans)

    def people(self) -> tuple[str, dict[str, Any]]:
        """Return the SQL that leaves out robots and everybody outside the population, with the AND before it."""
        text, values = "", dict[str, Any]()
        if self.robots:
            text, values = " AND member NOT IN {robots:Array(UInt32)}", {"robots": list(self.robots)}
        if self.population is not None:
            text += " AND member IN {population:Array(UInt32)}"
            values["population"] = list(self.population.ids)
        return text, values


def stamp(instant: datetime) -> str:
    """Write an instant as the lake reads it: UTC, milliseconds."""
    return instant.astimezone(UTC).strftime(STAMP)[:-3]


def between(period: Period) -> tuple[str, Mapping[str, str]]:
    """Return the lake SQL for rows of ``member_day`` whose day lies in ``period``, and its parameters."""
    return (
        "day >= {first:Date} AND day <= {last:Date}",
        {"first": period.first.isoformat(), "last": period.last.isoformat()},
    )


def days_of(_scope: Scope, period: Period, *_rest: object, **_more: object) -> tuple[datetime, datetime]:
    """Return the instants at which rows of ``member_day`` lie for the days of ``period``: for `remembered_within`."""
    return period.instants("UTC")


def days_with_previous(_scope: Scope, period: Period, *_rest: object, **_more: object) -> tuple[datetime, datetime]:
    """Return those of ``period`` and of the one before."""
    return period.with_previous.instants("UTC")


def instants_of(scope: Scope, period: Period, *_rest: object, **_more: object) -> tuple[datetime, datetime]:
    """Return the instants at which the events of ``period`` happened: for `remembered_within`."""
    return scope.instants(period)


def instants_with_previous(scope: Scope, period: Period, *_rest: object, **_more: object) -> tuple[datetime, datetime]:
    """Return those of ``period`` and of the one before."""
    return scope.instants(period.with_previous)

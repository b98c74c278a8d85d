"""Who is there now: how large communities are, who is silent, who never spoke. Read from the projections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.utils.translation import gettext_lazy as _
from msgspec import Struct
from psycopg.types.datetime import TimestamptzLoader

from liuliang.analytics.definitions import Definition
from liuliang.analytics.periods import Period
from liuliang.analytics.remembering import remembered_of_records
from liuliang.analytics.scopes import Scope
from liuliang.people.models import Member

_ROBOTS = "analytics:robots"

MEMBERS = Definition(
    "members",
    _("群成员"),
    _("到期末仍在群里的“人·群”：现在在群的，减去期末以后进的，加上期末以后退的。一个人在两个群里算两次；机器人不算。"),
    _("人次"),
)
SILENT = Definition(
    "silent",
    _("谁在潜水"),
    _(
        "现在在群的人，按说话分三种：期内说过话；以前说过、期内没说；从有记录以来没说过话（潜水）。三种相加就是群成员。机器人不算。"
    ),
    _("人"),
    good="down",
)


class Presence(Struct, frozen=True):
    """A community as it stands: members present, when anybody last spoke, and its first sign of life.

    ``slipped_back`` has, of each who left and was seen there later without having joined again, when they left, as a
    POSIX timestamp: instants by the ten thousand take long to read and to remember.
    """

    members: int = 0
    last_spoke_at: datetime | None = None
    first_seen_at: datetime | None = None
    slipped_back: tuple[float, ...] = ()

    def slipped_back_since(self, instant: datetime) -> int:
        """Return how many who are there, and of whom no coming tells, left at ``instant`` or later."""
        since = instant.timestamp()
        return sum(left_at >= since for left_at in self.slipped_back)


@dataclass(frozen=True, slots=True)
class SilentMember:
    """Somebody who is there and did not speak in the period. ``last_spoke_at`` is None for those who never did."""

    member: int
    public_id: str
    name: str
    first_seen_at: datetime
    joined_at: datetime | None
    last_spoke_at: datetime | None


@dataclass(frozen=True, slots=True)
class Silence:
    """Present members by whether they spoke, and the first of those who did not."""

    spoke: int
    fell_silent: int
    never_spoke: int
    examples: tuple[SilentMember, ...]

    @property
    def members(self) -> int:
        """Return all who are there."""
        return self.has_spoken + self.never_spoke

    @property
    def has_spoken(self) -> int:
        """Return those who ever spoke."""
        return self.spoke + self.fell_silent


def robots() -> tuple[int, ...]:
    """Return the members that are no people, as of at most a minute ago: every figure asks for them."""
    known: tuple[int, ...] | None = cache.get(_ROBOTS)
    if known is None:
        known = tuple(Member.objects.filter(is_bot=True).order_by("id").values_list("id", flat=True))
        cache.set(_ROBOTS, known, 60)
    return known


@remembered_of_records
def presence(scope: Scope) -> Mapping[int, Presence]:
    """Return how each community stands now; those that nobody was ever seen in are left out."""
    with connection.cursor() as cursor:
        # Two instants of each of a thousand communities: Django's own loader takes ten times as long for them.
        cursor.adapters.register_loader("timestamptz", TimestamptzLoader)
        cursor.execute(*presence_statement(scope))
        return {
            community: Presence(members, spoke, seen, tuple(back))
            for community, members, spoke, seen, back in cursor.fetchall()
        }


def presence_statement(scope: Scope) -> tuple[str, dict[str, Any]]:
    """Return the SQL of `presence`, and its parameters."""
    where, values = among(scope)
    return (
        (
            "SELECT community_id, count(*) FILTER (WHERE is_present), max(last_spoke_at), min(first_seen_at),"
            " coalesce(array_agg(extract(epoch FROM last_left_at)::float8) FILTER (WHERE is_present AND last_left_at IS NOT NULL"
            " AND (last_joined_at IS NULL OR last_joined_at <= last_left_at)), '{}')"
            f" FROM people_membership m WHERE {where} GROUP BY community_id"
        ),
        values,
    )


def present_pairs(scope: Scope) -> frozenset[tuple[int, int]]:
    """Return the community and the member of everybody who is there now."""
    with connection.cursor() as cursor:
        cursor.execute(*pairs_statement(scope))
        return frozenset(cursor.fetchall())


def pairs_statement(scope: Scope) -> tuple[str, dict[str, Any]]:
    """Return the SQL of `present_pairs`, and its parameters."""
    where, values = among(scope)
    return f"SELECT community_id, member_id FROM people_membership m WHERE {where} AND is_present", values


def present_people(scope: Scope) -> tuple[str, dict[str, Any]]:
    """Return the SQL of the community and the member of every person who is there now, those erased left out, and its parameters."""
    pairs, values = pairs_statement(scope)
    return (
        f"{pairs} AND NOT EXISTS (SELECT 1 FROM people_member e WHERE e.id = m.member_id AND e.erased_at IS NOT NULL)",
        values,
    )


def silence(scope: Scope, period: Period, *, examples: int = 20) -> Silence:
    """Return who of one community's present members spoke in ``period``, fell silent, or never spoke.

    Examples are those who never spoke, the longest there first, then those silent for longest.

    Raises:
        ValueError: the scope is not one community.
    """
    timezone, _community = one_community(scope)
    begin, _end = period.instants(timezone)
    where, values = among(scope)
    quiet = "is_present AND (last_spoke_at IS NULL OR last_spoke_at < %(begin)s)"
    values |= {"begin": begin, "examples": examples}
    with connection.cursor() as cursor:
        # Who last spoke after the period may have been silent in it, but is not now: counted as speaking.
        cursor.execute(
            "SELECT count(*) FILTER (WHERE last_spoke_at >= %(begin)s),"
            " count(*) FILTER (WHERE last_spoke_at < %(begin)s), count(*) FILTER (WHERE last_spoke_at IS NULL)"
            f" FROM people_membership m WHERE {where} AND is_present",
            values,
        )
        spoke, fell_silent, never = cursor.fetchone() or (0, 0, 0)
        cursor.execute(
            "SELECT p.id, p.public_id, p.name, m.first_seen_at, m.last_joined_at, m.last_spoke_at"
            f" FROM people_membership m JOIN people_member p ON p.id = m.member_id WHERE {where} AND {quiet}"
            " ORDER BY m.last_spoke_at NULLS FIRST, m.first_seen_at, p.id LIMIT %(examples)s",
            values,
        )
        shown = tuple(SilentMember(*row) for row in cursor.fetchall())
    return Silence(int(spoke), int(fell_silent), int(never), shown)


def one_community(scope: Scope) -> tuple[str, int]:
    """Return the time zone and id of a scope that is one community.

    Raises:
        ValueError: it is none, or several.
    """
    communities = scope.communities
    if len(communities) != 1:
        raise ValueError(f"one community is asked for, not {len(communities)}")
    return scope.zones[0][0], communities[0]


def among(scope: Scope) -> tuple[str, dict[str, Any]]:
    """Return the SQL on ``people_membership m`` that keeps to the scope, and its parameters."""
    terms, values = ["true"], dict[str, Any]()
    if not scope.is_everything:
        terms.append("m.community_id = ANY(%(communities)s)")
        values["communities"] = list(scope.communities)
    if scope.robots:
        terms.append("NOT m.member_id = ANY(%(robots)s)")
        values["robots"] = list(scope.robots)
    if scope.population is not None:
        terms.append("m.member_id = ANY(%(population)s)")
        values["population"] = list(scope.population.ids)
    return " AND ".join(terms), values

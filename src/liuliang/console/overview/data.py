"""What the overview needs to know before it can count: which communities, which days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from django.conf import settings

from liuliang.accounts.permissions import ANALYTICS_VIEW, ORDERS_VIEW
from liuliang.analytics.orders import NOWHERE, paid_by_community
from liuliang.analytics.overview import Overview, overview
from liuliang.analytics.presence import robots
from liuliang.analytics.scopes import Scope
from liuliang.analytics.traffic import coverage
from liuliang.console.doors import StaffRequest
from liuliang.console.periods import PeriodChoice, choose
from liuliang.kernel import clock
from liuliang.people.access import Access


@dataclass(frozen=True, slots=True)
class Place:
    """A community as the overview names it."""

    id: int
    public_id: str
    name: str
    timezone: str
    size_limit: int | None
    is_archived: bool


@dataclass(frozen=True)
class Seen:
    """The communities somebody may see, and the period they asked for.

    ``buying`` is the part of the communities whose orders they may see; None where there is none.
    """

    places: Mapping[int, Place]
    scope: Scope
    choice: PeriodChoice
    buying: Scope | None

    @property
    def timezone(self) -> str:
        """Return the time zone of the days of the whole, as the pages of analysis take them."""
        return self.scope.timezone(settings.TIME_ZONE)

    @cached_property
    def overview(self) -> Overview | None:
        """Return the figures of the period; None when nothing is known yet."""
        if self.choice.known is None:
            return None
        return overview(self.scope, self.choice.period, today=self.choice.today, known=self.choice.known)


@dataclass(frozen=True, slots=True)
class MoneyApart:
    """Why the amounts of the communities do not add up to the whole, in CNY minor units.

    ``outside`` was paid by people in none of them; ``twice`` counts for more than one community of its buyer.
    """

    total: int
    communities: int
    outside: int

    @property
    def twice(self) -> int:
        """Return what is in the table more than once."""
        return max(0, self.communities - (self.total - self.outside))


def money_apart(seen: Seen, total: int) -> MoneyApart | None:
    """Return what is to be said of the table's amounts beside the whole; None where they add up."""
    if seen.buying is None:
        return None
    paid = dict(paid_by_community(seen.buying, seen.choice.period, seen.timezone))
    outside = paid.pop(NOWHERE, 0)
    communities = sum(paid.values())
    return None if total == communities else MoneyApart(total, communities, outside)


def places_of(access: Access) -> list[Place]:
    """Return the groups whose figures somebody may see."""
    rows = access.communities(ANALYTICS_VIEW).filter(is_group=True).order_by("id")
    return [
        Place(*row[:5], row[5] is not None)
        for row in rows.values_list("id", "public_id", "name", "timezone", "size_limit", "archived_at")
    ]


def see(request: StaffRequest) -> Seen:
    """Return everything the person may see, for the period of the address."""
    access = request.access
    places = places_of(access)
    is_everything = access.may_everywhere(ANALYTICS_VIEW)
    machines = robots()
    scope = Scope.of([(place.id, place.timezone) for place in places], is_everything=is_everything, robots=machines)
    buying = _buying(access, places, machines)
    today = clock.local_day(clock.now(), scope.timezone(settings.TIME_ZONE))
    choice = choose(request, coverage(scope) if places else None, today)
    return Seen({place.id: place for place in places}, scope, choice, buying)


def _buying(access: Access, places: list[Place], machines: tuple[int, ...]) -> Scope | None:
    """Return the part of the communities whose orders the person may see; None where there is none."""
    if access.may_everywhere(ORDERS_VIEW):
        return Scope.of(
            [(place.id, place.timezone) for place in places],
            is_everything=access.may_everywhere(ANALYTICS_VIEW),
            robots=machines,
        )
    allowed = access.community_ids(ORDERS_VIEW) or frozenset[int]()
    mine = [(place.id, place.timezone) for place in places if place.id in allowed]
    return Scope.of(mine, robots=machines) if mine else None

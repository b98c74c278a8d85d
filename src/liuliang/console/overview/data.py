"""What the overview needs to know before it can count: which communities, which days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

from liuliang.accounts.permissions import ANALYTICS_VIEW, ORDERS_VIEW
from liuliang.analytics.orders import sales_outside
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


@dataclass(frozen=True, slots=True)
class Seen:
    """The communities somebody may see, and the figures of the period they asked for (None when nothing is known yet)."""

    places: Mapping[int, Place]
    scope: Scope
    choice: PeriodChoice
    overview: Overview | None
    buying: Scope | None

    @property
    def may_see_orders(self) -> bool:
        """Tell whether the person may see orders anywhere."""
        return self.buying is not None


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


def money_apart(seen: Seen) -> MoneyApart | None:
    """Return what is to be said below the table; None where it adds up."""
    if seen.overview is None or seen.overview.totals.sales is None or seen.buying is None:
        return None
    total = seen.overview.totals.sales.amount
    communities = sum(each.sales.amount for each in seen.overview.communities if each.sales is not None)
    if total == communities:
        return None
    everything = seen.buying.is_everything
    outside = sales_outside(seen.buying, seen.choice.period, settings.TIME_ZONE) if everything else 0
    return MoneyApart(total, communities, outside)


def places_of(access: Access) -> list[Place]:
    """Return the groups whose figures somebody may see."""
    rows = access.communities(ANALYTICS_VIEW).filter(is_group=True).order_by("id")
    return [
        Place(*row[:5], row[5] is not None)
        for row in rows.values_list("id", "public_id", "name", "timezone", "size_limit", "archived_at")
    ]


def see(request: StaffRequest) -> Seen:
    """Return the figures of everything the person may see, for the period of the address."""
    access = request.access
    places = places_of(access)
    is_everything = access.may_everywhere(ANALYTICS_VIEW)
    machines = robots()
    scope = Scope.of([(place.id, place.timezone) for place in places], is_everything=is_everything, robots=machines)
    buying = _buying(access, places, machines)
    today = clock.local_day(clock.now(), settings.TIME_ZONE)
    known = coverage(scope) if places else None
    choice = choose(request, known, today)
    found = None
    if known is not None:
        found = overview(scope, choice.period, today=today, known=known, buying=buying, timezone=settings.TIME_ZONE)
    return Seen({place.id: place for place in places}, scope, choice, found, buying)


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

"""What the pages of health speak of: the living groups somebody may see, and the last day that is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.conf import settings

from liuliang.accounts.permissions import ANALYTICS_VIEW, ORDERS_VIEW
from liuliang.analytics.checkups import Checkup, Looked, checkups
from liuliang.analytics.health import Health
from liuliang.analytics.periods import latest
from liuliang.analytics.presence import robots
from liuliang.analytics.scopes import Scope
from liuliang.analytics.signals import WINDOW
from liuliang.analytics.traffic import Coverage, coverage
from liuliang.kernel import clock
from liuliang.people.access import Access


@dataclass(frozen=True, slots=True)
class Place:
    """A group as the pages of health name it."""

    id: int
    public_id: str
    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Seen:
    """The groups with their checkups; ``looked`` is None while nothing is known of any of them."""

    places: Mapping[int, Place]
    known: Coverage | None
    looked: Looked | None
    found: Mapping[int, Checkup]

    @property
    def peers(self) -> list[Health]:
        """Return the healths that one of them is held against."""
        return [each.health for each in self.found.values() if each.health.score is not None]


def see(access: Access, upto: date | None = None) -> Seen:
    """Return the health of every group whose figures somebody may see and that is not archived.

    Args:
        access: of whoever looks.
        upto: the last day to go by; without one the last that is over.
    """
    mine = access.communities(ANALYTICS_VIEW).filter(is_group=True, archived_at=None).order_by("id")
    rows = list(mine.values_list("id", "public_id", "name", "type", "timezone"))
    places = {row[0]: Place(*row[:4]) for row in rows}
    scope = Scope.of([(row[0], row[4]) for row in rows], robots=robots())
    known = coverage(scope) if rows else None
    if known is None:
        return Seen(places, None, None, {})
    now = clock.now()
    zones = [zone for zone, _ids in scope.zones] or [settings.TIME_ZONE]
    today = min(clock.local_day(now, zone) for zone in zones)
    last = latest(WINDOW, today=today, first_known=known.first, last_known=known.last).last
    if upto is not None:
        last = min(last, upto)
    allowed = access.community_ids(ORDERS_VIEW)
    buying = frozenset(places) if allowed is None else allowed & frozenset(places)
    looked = Looked(scope, last, max(clock.local_day(now, zone) for zone in zones), frozenset(buying))
    return Seen(places, known, looked, checkups(looked))

"""Local days in SQL: when "today" is, and which rows of the lake a window of days holds.

Days are those of the community where something happened. At any instant the communities of the world are on two or three
different days, so a condition on days needs few parameters however many time zones there are.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from liuliang.lake.models import LakeZone
from liuliang.lake.zones import default_zone, wanted
from liuliang.people.models import Community
from liuliang.segments.parameters import Parameters

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Calendar:
    """An instant, and the time zones of the communities; those not named are in ``default``."""

    at: datetime
    zones: Mapping[int, str] = field(default_factory=dict)
    default: str = "UTC"

    @cached_property
    def _communities(self) -> dict[str, list[int]]:
        """Return the communities by zone, without those in the default one."""
        grouped: defaultdict[str, list[int]] = defaultdict(list)
        for community, zone in sorted(self.zones.items()):
            if zone != self.default:
                grouped[zone].append(community)
        return dict(grouped)

    def today(self, zone: str | None = None) -> date:
        """Return the local day in ``zone``, or in the default one."""
        return self.at.astimezone(ZoneInfo(zone or self.default)).date()

    def today_in(self, community: int | None) -> date:
        """Return the local day in a community."""
        return self.today(self.zones.get(community or 0))

    @cached_property
    def next_midnight(self) -> datetime:
        """Return the first instant (UTC) at which a day ends somewhere."""
        zones = {self.default, *self._communities}
        return min(_midnight(self.today(zone) + ONE_DAY, zone) for zone in zones)

    def today_sql(self, parameters: Parameters) -> str:
        """Return the SQL of the present local day of a row's ``community``."""
        by_day: defaultdict[date, list[int]] = defaultdict(list)
        for zone, communities in self._communities.items():
            by_day[self.today(zone)] += communities
        by_day.pop(self.today(), None)
        return _by_community(
            {parameters.day(day): ids for day, ids in by_day.items()}, parameters.day(self.today()), parameters
        )

    def day_sql(self, parameters: Parameters) -> str:
        """Return the SQL of the local day on which a row of ``events`` happened."""
        days = {
            f"toDate(occurred_at, {parameters.text(zone)})": communities
            for zone, communities in self._communities.items()
        }
        return _by_community(days, f"toDate(occurred_at, {parameters.text(self.default)})", parameters)

    def midnight_sql(self, days_ago: int, parameters: Parameters) -> str:
        """Return the SQL of the instant at which the local day ``days_ago`` of a row's ``community`` began."""
        return self._instant_sql(
            {zone: self.today(zone) - timedelta(days=days_ago) for zone in self._zones}, parameters
        )

    def begin_sql(self, day: date, parameters: Parameters) -> str:
        """Return the SQL of the instant at which ``day`` began in a row's ``community``."""
        return self._instant_sql(dict.fromkeys(self._zones, day), parameters)

    @property
    def _zones(self) -> list[str]:
        return [self.default, *self._communities]

    def _instant_sql(self, days: Mapping[str, date], parameters: Parameters) -> str:
        begins: defaultdict[datetime, list[int]] = defaultdict(list)
        for zone, communities in self._communities.items():
            begins[_midnight(days[zone], zone)] += communities
        otherwise = _midnight(days[self.default], self.default)
        begins.pop(otherwise, None)
        return _by_community(
            {parameters.instant(begin): ids for begin, ids in begins.items()},
            parameters.instant(otherwise),
            parameters,
        )


def calendar(at: datetime) -> Calendar:
    """Return the calendar of the installation's communities at an instant."""
    return Calendar(at, wanted(), default_zone())


def extent() -> str:
    """Return a hash of what sets depend on beside events: the tree of communities, and how their days are counted."""
    tree = list(Community.objects.order_by("id").values_list("id", "path", "timezone"))
    counted = list(LakeZone.objects.order_by("community").values_list("community", "timezone", "counted_at"))
    return hashlib.sha256(repr((tree, counted)).encode()).hexdigest()[:40]


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def _by_community(values: Mapping[str, Iterable[int]], otherwise: str, parameters: Parameters) -> str:
    branches = "".join(f"community IN {parameters.numbers(ids)}, {value}, " for value, ids in values.items())
    return f"multiIf({branches}{otherwise})" if branches else otherwise

from __future__ import annotations

from datetime import UTC, date, datetime

from liuliang.lake import zones
from liuliang.lake.models import LakeZone
from liuliang.lake.queries import fingerprint, query

from .conftest import read_days, seal_here

BEFORE_MIDNIGHT = datetime(2026, 3, 31, 15, 59, 59, 999_000, tzinfo=UTC)
MIDNIGHT_IN_SHANGHAI = datetime(2026, 3, 31, 16, tzinfo=UTC)
BY_COMMUNITY = "SELECT day, community, sum(count) FROM {member_day} GROUP BY ALL ORDER BY ALL"


def days() -> dict[date, int]:
    return {key[1]: count for key, (count, _) in read_days().items()}


def test_a_day_ends_at_the_communitys_midnight(ripple, time_zones):
    time_zones[1] = "Asia/Shanghai"
    ripple(at=BEFORE_MIDNIGHT)
    ripple(at=MIDNIGHT_IN_SHANGHAI)
    seal_here()
    assert days() == {date(2026, 3, 31): 1, date(2026, 4, 1): 1}


def test_a_day_of_summer_time_has_23_hours(ripple, time_zones):
    time_zones[1] = "America/New_York"
    for at in (
        datetime(2026, 3, 8, 4, 59, tzinfo=UTC),
        datetime(2026, 3, 8, 5, 0, tzinfo=UTC),
        datetime(2026, 3, 9, 3, 59, tzinfo=UTC),
        datetime(2026, 3, 9, 4, 0, tzinfo=UTC),
    ):
        ripple(at=at)
    seal_here()
    assert days() == {date(2026, 3, 7): 1, date(2026, 3, 8): 2, date(2026, 3, 9): 1}


def test_events_of_no_known_community_are_counted_in_the_installations_zone(ripple, time_zones, settings):
    settings.TIME_ZONE = "Asia/Shanghai"
    ripple(at=MIDNIGHT_IN_SHANGHAI, community=None)
    ripple(at=MIDNIGHT_IN_SHANGHAI, community=77)
    seal_here()
    assert query(BY_COMMUNITY).rows == [(date(2026, 4, 1), 0, 1), (date(2026, 4, 1), 77, 1)]


def test_a_zone_that_the_engine_does_not_know_gives_way_to_the_installations(ripple, time_zones, settings):
    settings.TIME_ZONE = "Asia/Shanghai"
    time_zones[1] = "Mars/Olympus"
    ripple(at=MIDNIGHT_IN_SHANGHAI)
    seal_here()
    assert days() == {date(2026, 4, 1): 1}


def test_a_community_that_moves_keeps_its_days_until_they_are_counted_again(ripple, time_zones):
    time_zones |= {1: "Asia/Shanghai", 2: "Asia/Shanghai"}
    ripple(at=MIDNIGHT_IN_SHANGHAI, community=1)
    ripple(at=MIDNIGHT_IN_SHANGHAI, community=2)
    mark = seal_here()
    time_zones[1] = "UTC"
    ripple(at=MIDNIGHT_IN_SHANGHAI, community=1)
    seal_here(mark)
    assert query(BY_COMMUNITY).rows == [(date(2026, 4, 1), 1, 2), (date(2026, 4, 1), 2, 1)]
    before = fingerprint()
    assert zones.recount() == 1
    assert query(BY_COMMUNITY).rows == [(date(2026, 3, 31), 1, 2), (date(2026, 4, 1), 2, 1)]
    assert fingerprint() != before
    assert dict(LakeZone.objects.values_list("community", "timezone")) == {1: "UTC", 2: "Asia/Shanghai"}
    assert zones.recount() == 0


def test_what_no_member_did_is_an_event_but_nobodys_day(ripple, time_zones):
    ripple(member=None)
    seal_here()
    assert query("SELECT count() FROM {events}").rows == [(1,)]
    assert days() == {}

from __future__ import annotations

from zoneinfo import ZoneInfo

from liuliang.console.timezones import zone_choices


def test_every_zone_is_a_place_that_can_be_read_and_stands_once():
    (_usual, usual), (_all, others) = zone_choices("Asia/Shanghai")
    zones = [zone for zone, _name in (*usual, *others)]
    assert zones[0] == "Asia/Shanghai"
    assert len(zones) == len(set(zones)) > 400
    assert all("/" in zone or zone == "UTC" for zone in zones)
    assert all(ZoneInfo(zone) for zone in zones)


def test_the_zone_that_is_chosen_already_is_offered_whatever_it_is():
    for chosen in ("PRC", "Asia/Shanghai", "Asia/Dili"):
        zones = [zone for _title, group in zone_choices(chosen) for zone, _name in group]
        assert zones.count(chosen) == 1
        assert "localtime" not in zones

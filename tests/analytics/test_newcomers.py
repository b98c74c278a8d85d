from __future__ import annotations

from datetime import date, timedelta

from liuliang.analytics.newcomers import newcomers
from liuliang.analytics.periods import Period
from liuliang.simulator import truth

MARCH = Period(date(2026, 3, 2), date(2026, 3, 15))


def test_newcomers_are_followed_for_seven_days_and_to_the_present(told, at, only):
    here = told.community()
    inviter, spoke, late, left, fresh, returned = (told.member(name) for name in "甲乙丙丁戊己")
    told.says(inviter, here, at(2026, 1, 5, 9))
    told.joins(spoke, here, at(2026, 3, 3, 9), inviter)
    told.says(spoke, here, at(2026, 3, 10, 8, 59))
    told.joins(late, here, at(2026, 3, 3, 9), inviter)
    told.says(late, here, at(2026, 3, 10, 9))
    told.joins(left, here, at(2026, 3, 4, 9))
    told.leaves(left, here, at(2026, 3, 5, 9))
    told.joins(fresh, here, at(2026, 3, 12, 9))
    told.says(fresh, here, at(2026, 3, 12, 10))
    # Seen before their join was recorded: not new.
    told.says(returned, here, at(2026, 2, 1, 9))
    told.joins(returned, here, at(2026, 3, 4, 9))
    told.settle()

    found = newcomers(only(here), MARCH, at(2026, 3, 16))

    assert found.total.joined == 4
    assert found.total.observed == 3
    assert found.total.spoke_soon == 1
    assert found.total.present == 3
    assert found.total.left == 1
    assert found.spoke_share == 1 / 3
    assert found.present_share == 0.75
    assert found.inviters == ((inviter.id, 2, 2),)
    assert [(week.first, week.joined) for week in found.weeks] == [(date(2026, 3, 2), 3), (date(2026, 3, 9), 1)]


def test_nobody_new_is_no_share(told, at, only):
    here = told.community()
    told.settle()

    found = newcomers(only(here), MARCH, at(2026, 3, 16))

    assert found.total.joined == 0
    assert found.spoke_share is None
    assert found.present_share is None
    assert len(found.weeks) == 2


def test_the_invented_brand_s_newcomers_fare_as_they_do(simulated):
    world = simulated.world
    period = Period(world.starting + timedelta(days=20), world.starting + timedelta(days=50))
    for key, community in simulated.communities.items():
        begin, end = (int(each.timestamp()) for each in period.instants(community.timezone))
        told = {join.person for join in world.joins if join.community == key and join.is_told}
        mine = [each for each in truth.newcomers(world, key) if each.person in told and begin <= each.joined_at < end]
        inside = truth.members_at(world, key, world.exported_at)

        found = newcomers(simulated.one(key), period, period.instants(community.timezone)[1] + timedelta(days=20))

        assert found.total.joined == len(mine)
        assert found.total.present == sum(each.person in inside for each in mine)
        assert found.total.spoke_soon == sum(
            each.spoke_at is not None and each.spoke_at - each.joined_at < 7 * 86_400 for each in mine
        )

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from liuliang.accounts.models import Staff
from liuliang.alerting.models import Alert
from liuliang.analytics.models import Goal
from liuliang.cli.sample_watch import keep_an_eye
from liuliang.dashboards.models import Dashboard
from liuliang.people.communities import create_community
from liuliang.segments.models import Segment
from telling import Told, told

__all__ = ["told"]

# Where the brand is, December has begun.
NOW = datetime(2026, 11, 30, 18, tzinfo=UTC)


@pytest.fixture
def watched(told: Told) -> Told:
    quiet, asks, bought = told.member("才来"), told.member("爱聊"), told.member("买过")
    group = create_community(name="雾汀老友会", type_key="brand", at=NOW - timedelta(days=300))
    for who, days in ((quiet, 3), (asks, 100), (bought, 200)):
        told.joins(who, group, NOW - timedelta(days=days))
    for hours in range(5):
        told.says(asks, group, NOW - timedelta(days=2, hours=hours))
    told.buys(bought, NOW - timedelta(days=40), 9_900, community=group)
    told.settle()
    owner = Staff.objects.create(email="demo@liuliang.example", name="雾汀运营", is_owner=True, created_at=NOW)
    keep_an_eye(group, owner, at=NOW)
    return told


def test_the_sample_brand_has_something_of_everything_to_watch(watched):
    assert (Dashboard.objects.count(), Alert.objects.count()) == (3, 1)
    assert set(Goal.objects.values_list("metric", "first_day", "last_day")) == {
        (metric, date(2026, 12, 1), date(2026, 12, 31)) for metric in ("gmv", "speakers", "joined")
    }
    assert dict(Segment.objects.values_list("name", "size")) == {
        "半年买过至少三次": 0,
        "新来一周，还没开口": 1,
        "常来说话，近 30 天没买": 1,
        "老买家，一个月没说话": 1,
    }

from __future__ import annotations

import pytest

from liuliang.kernel import log
from liuliang.kernel.events import Fact
from liuliang.lake import aliases, catalogue, tidying
from liuliang.lake.queries import query

from .conftest import START, Rippled, connect, seal_committed

pytestmark = pytest.mark.django_db(transaction=True)


def test_upkeep_settles_counts_and_leaves_the_answers_alone(time_zones):
    time_zones[1] = "Asia/Shanghai"
    log.append([Fact(Rippled(), START, "pond", str(n), 1 + n % 2, 1) for n in range(10)])
    seal_committed()
    aliases.set_canonical({2: 1})
    time_zones[1] = "UTC"
    tidying.tidy()
    assert not catalogue.take_snapshot().pending
    assert query("SELECT toString(day), member, sum(count) FROM {member_day} GROUP BY ALL").rows == [
        ("2026-01-01", 1, 10)
    ]


def test_two_workers_do_not_tidy_at_once(time_zones):
    log.append([Fact(Rippled(), START, "pond", "1", 2, 1)])
    seal_committed()
    aliases.set_canonical({2: 1})
    with connect() as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [catalogue._TIDYING])
        tidying.tidy()
        assert catalogue.take_snapshot().pending
    tidying.tidy()
    assert not catalogue.take_snapshot().pending

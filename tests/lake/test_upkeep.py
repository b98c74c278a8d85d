from __future__ import annotations

from datetime import timedelta

import pytest

from crowds import connect
from liuliang.kernel import log, restore
from liuliang.kernel.events import Fact
from liuliang.kernel.models import Cursor, LoggedEvent
from liuliang.lake import aliases, catalogue, tidying
from liuliang.lake.models import LakeFile
from liuliang.lake.queries import READER, query
from liuliang.lake.verifying import Difference, make_whole, reseal, verify

from .conftest import START, Rippled, seal_committed

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


def test_a_lake_that_says_what_the_log_says_is_found_to(time_zones):
    time_zones[1] = "America/New_York"
    log.append([Fact(Rippled(amount=n), START + timedelta(hours=n), "pond", str(n), 1 + n % 3, 1) for n in range(50)])
    seal_committed()
    aliases.set_canonical({2: 1})
    assert verify() == Difference(events=50, missing=0, extra=0, days=0)
    tidying.tidy()
    assert verify().is_none


def test_a_lake_that_lost_a_file_is_found_out_and_copied_anew(time_zones):
    log.append([Fact(Rippled(), START, "pond", str(n), 1, 1) for n in range(5)])
    seal_committed()
    LakeFile.objects.filter(table="event").delete()
    assert verify() == Difference(events=0, missing=5, extra=0, days=1)
    reseal()
    assert query("SELECT count() FROM {events}").rows == [(0,)]
    seal_committed()
    assert verify() == Difference(events=5, missing=0, extra=0, days=0)


def test_a_lake_whose_cursor_was_set_back_is_found_to_say_things_twice(time_zones):
    log.append([Fact(Rippled(), START, "pond", str(n), 1, 1) for n in range(5)])
    seal_committed()
    Cursor.objects.filter(reader=READER).update(xid=0, position=0)
    seal_committed()
    found = verify()
    assert (found.extra, found.missing) == (5, 0)


def test_a_restored_database_whose_lake_was_not_kept_gets_its_lake_again(time_zones, lake_root):
    log.append([Fact(Rippled(), START, "pond", str(n), 1, 1) for n in range(5)])
    seal_committed()
    for path in lake_root.iterdir():
        path.unlink()
    assert make_whole(is_renumbered=False)
    assert query("SELECT count() FROM {events}").rows == [(0,)], "queries are answered at once, and see it fill"
    seal_committed()
    assert verify() == Difference(events=5, missing=0, extra=0, days=0)


def test_a_lake_that_was_kept_follows_a_log_that_was_renumbered(time_zones):
    log.append([Fact(Rippled(), START, "gone", "1", 1, 1)])
    LoggedEvent.objects.all().delete()
    log.append([Fact(Rippled(), START, "pond", str(n), 1, 1) for n in range(5)])
    seal_committed()
    restore.renumber()
    assert not verify().is_none
    assert make_whole(is_renumbered=True)
    seal_committed()
    assert verify() == Difference(events=5, missing=0, extra=0, days=0)


def test_a_lake_that_is_whole_is_left_alone(time_zones):
    log.append([Fact(Rippled(), START, "pond", "1", 1, 1)])
    seal_committed()
    before = catalogue.take_snapshot()
    assert not make_whole(is_renumbered=False)
    assert catalogue.take_snapshot() == before

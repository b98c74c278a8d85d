"""The statements for a ClickHouse server, run against tables of the engine in this process through the same client."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import transaction

from liuliang.kernel import log, readers
from liuliang.kernel.events import Fact
from liuliang.lake import aliases, engine, erasure, rewriting, server, tidying, zones
from liuliang.lake.models import LakeBatch, LakeFile
from liuliang.lake.queries import fingerprint, freshness, query
from liuliang.lake.sealer import Sealer
from liuliang.lake.tables import EVENT, MEMBER_DAY
from liuliang.lake.verifying import Difference, reseal, verify

from .conftest import START, Rippled, seal_committed

pytestmark = pytest.mark.django_db(transaction=True)


class Killed(BaseException):
    pass


@pytest.fixture(autouse=True)
def on_a_server(settings, monkeypatch, time_zones):
    """Point the product at a server, which is this process's engine with a database of its own."""
    from clickhouse_connect.driver import create_client

    time_zones[1] = "Asia/Shanghai"
    embedded = create_client(interface="chdb", tz_mode="aware")
    embedded.command("DROP DATABASE IF EXISTS served")
    embedded.command("CREATE DATABASE served")
    settings.CLICKHOUSE_URL = "http://in-this-process/served"
    monkeypatch.setattr(engine, "_connect", lambda: create_client(interface="chdb", database="served", tz_mode="aware"))
    yield
    embedded.command("DROP DATABASE served")
    embedded.close()


def happen(number: int, member: int = 1, text: str = "", at: datetime = START, friend: int | None = None) -> None:
    log.append([Fact(Rippled(text, number, friend), at, "pond", str(number), member, 1)])


def counts() -> tuple[int, int, int]:
    """Return the events, the distinct ones, and what the days say."""
    ((events, distinct),) = query("SELECT count(), uniqExact(position) FROM {events}").rows
    ((days,),) = query("SELECT sum(count) FROM {member_day}").rows
    return events, distinct, days


def test_batches_arrive_as_events_and_days(db):
    happen(1, at=datetime(2026, 1, 31, 16, tzinfo=UTC), text='tab\t "quote" \\')
    happen(2, member=2, friend=1)
    seal_committed()
    assert not LakeFile.objects.exists()
    assert query("SELECT member, value, other, JSONExtractString(data, 'text') FROM {events} ORDER BY member").rows == [
        (1, 1, 0, 'tab\t "quote" \\'),
        (2, 2, 1, ""),
    ]
    assert query("SELECT day, member, sum(count), sum(value) FROM {member_day} GROUP BY ALL ORDER BY ALL").rows == [
        (date(2026, 1, 1), 2, 1, 2),
        (date(2026, 2, 1), 1, 1, 1),
    ]
    assert freshness().seconds == 0


@pytest.mark.parametrize("died_after", ["event", "member_day"])
def test_a_sender_that_dies_anywhere_sends_again_and_nothing_counts_twice(monkeypatch, died_after):
    for number in range(30):
        happen(number, member=number % 7, at=START.replace(month=1 + number % 3))
    insert = server._insert_once

    def die(table, select, token):
        insert(table, select, token)
        if table.name == died_after:
            raise Killed

    monkeypatch.setattr(server, "_insert_once", die)
    with pytest.raises(Killed):
        seal_committed()
    monkeypatch.setattr(server, "_insert_once", insert)
    assert LakeBatch.objects.filter(delivered_at=None).count() == 1
    assert freshness().seconds > 0
    happen(30)
    seal_committed()
    server.deliver()
    # Member 0 is nobody: its events count, its days do not.
    assert counts() == (31, 31, 26)


def test_a_server_that_cannot_be_reached_gets_everything_later(monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(server, "ensure_tables", lambda: (_ for _ in ()).throw(OSError("no route")))
        happen(1)
        seal_committed()
        happen(2)
        seal_committed()
    assert LakeBatch.objects.filter(delivered_at=None).count() == 2
    before = fingerprint()
    tidying.tidy()
    assert counts() == (2, 2, 2)
    assert fingerprint() != before


def test_merges_splits_and_erasure_reach_the_server(monkeypatch):
    happen(1, member=1, text="secret")
    happen(2, member=2, friend=1, at=START.replace(month=2))
    seal_committed()
    erasure.erase([1])
    aliases.set_canonical({1: 2})
    for _ in range(2):
        assert query("SELECT member, other, position(data, 'secret') FROM {events} ORDER BY occurred_at").rows == [
            (2, 0, 0),
            (2, 2, 0),
        ]
        assert query("SELECT uniqExact(member) FROM {member_day}").rows == [(1,)]
        rewriting.settle()
    _, stored = engine.fetch(f"SELECT count() FROM {server.table_name(EVENT)} WHERE position(data, 'secret') > 0")
    assert stored == [(0,)]
    aliases.set_canonical({1: 1})
    rewriting.settle()
    assert query("SELECT groupUniqArray(member) FROM (SELECT member FROM {member_day} ORDER BY 1)").rows[0][0] in (
        [1, 2],
        [2, 1],
    )
    assert counts() == (2, 2, 2)


def test_a_batch_under_way_is_not_doubled_by_a_rewrite(monkeypatch):
    happen(1, member=2)
    insert = server._insert_once

    def die(table, select, token):
        insert(table, select, token)
        raise Killed

    monkeypatch.setattr(server, "_insert_once", die)
    with pytest.raises(Killed):
        seal_committed()
    monkeypatch.setattr(server, "_insert_once", insert)
    aliases.set_canonical({2: 1})
    assert rewriting.settle() == 1
    server.deliver()
    assert counts() == (1, 1, 1)
    assert query("SELECT member FROM {member_day}").rows == [(1,)]


def test_a_community_that_moves_is_counted_again(time_zones):
    happen(1, at=datetime(2026, 1, 31, 16, tzinfo=UTC))
    happen(2, at=datetime(2026, 1, 31, 12, tzinfo=UTC))
    seal_committed()
    time_zones[1] = "UTC"
    assert zones.recount() == 1
    assert query("SELECT day, sum(count) FROM {member_day} GROUP BY day").rows == [(date(2026, 1, 31), 2)]
    assert counts() == (2, 2, 2)


def test_the_tables_can_be_made_twice():
    server.ensure_tables()
    server.ensure_tables()
    _, rows = engine.fetch("SELECT name FROM system.tables WHERE database = 'served'")
    assert {server.table_name(EVENT), server.table_name(MEMBER_DAY)} <= {name for (name,) in rows}


def test_a_batch_is_written_down_with_the_cursor_or_not_at_all():
    happen(1)
    readers.ensure_cursors(Sealer())
    with pytest.raises(Killed), transaction.atomic():
        for _ in range(200):
            if readers.advance(Sealer()):
                break
        raise Killed
    assert not LakeBatch.objects.exists()
    seal_committed()
    assert counts() == (1, 1, 1)


def test_a_server_is_held_to_the_log_and_filled_anew():
    for number in range(5):
        happen(number, member=1 + number % 2)
    seal_committed()
    assert verify().is_none
    reseal()
    seal_committed()
    server.deliver()
    assert verify() == Difference(events=5, missing=0, extra=0, days=0)

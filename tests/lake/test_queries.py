from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from liuliang.kernel import readers
from liuliang.kernel.errors import Refused
from liuliang.lake import aliases, bitmaps, catalogue, engine, queries, rewriting
from liuliang.lake.queries import query
from liuliang.lake.sealer import Sealer
from liuliang.lake.tables import EVENT, TABLES

from .conftest import START, seal_here

ENDLESS = "SELECT sum(sipHash64(number)) FROM numbers(1000000000000)"


def test_an_empty_lake_answers_with_nothing(db):
    assert query("SELECT count(), max(occurred_at), any(data) FROM {events} WHERE kind = 'x'").rows[0][0] == 0
    assert query("SELECT day, uniqExact(member) FROM {member_day} GROUP BY day").rows == []


def test_values_are_parameters_and_never_text(ripple, time_zones):
    nasty = "it's \\ a {events} 'quote' % \n--"
    ripple(text=nasty)
    ripple(text="other", member=2)
    seal_here()
    found = query(
        "SELECT member FROM {events} WHERE JSONExtractString(data, 'text') = {text:String} AND member IN {ids:Array(UInt32)}"
        " AND occurred_at >= {since:DateTime64(3)} AND toDate(occurred_at) <= {day:Date}",
        {"text": nasty, "ids": [1, 2], "since": START, "day": date(2026, 1, 2)},
    )
    assert found.rows == [(1,)]


def test_instants_come_back_aware_and_in_utc(ripple, time_zones):
    ripple(at=datetime(2026, 5, 1, 1, 2, 3, 456_789, tzinfo=UTC))
    seal_here()
    assert query("SELECT occurred_at FROM {events}").dicts() == [
        {"occurred_at": datetime(2026, 5, 1, 1, 2, 3, 456_000, tzinfo=UTC)}
    ]


def test_a_query_that_takes_too_long_is_refused(db):
    with pytest.raises(Refused, match=r"lake\.too_slow") as refusal:
        query(ENDLESS, seconds=0.3)
    assert refusal.value.data == {"seconds": 0.3}


def test_a_query_that_needs_too_much_memory_is_refused(db):
    with pytest.raises(Refused, match=r"lake\.too_much"):
        query("SELECT groupArray(number) FROM numbers(100000000)", memory=20_000_000)


def test_a_mistake_in_a_statement_is_a_fault_and_no_refusal(db):
    with pytest.raises(Exception, match="nonsense") as fault:
        query("SELECT nonsense FROM {events}")
    assert not isinstance(fault.value, Refused)


def test_a_file_that_was_deleted_meanwhile_is_looked_up_again(ripple, time_zones, monkeypatch):
    ripple()
    seal_here()
    present = catalogue.take_snapshot()
    gone = catalogue.Snapshot({"event": ("event-gone-202601.parquet",), "member_day": ()}, {}, {}, (), {}, None)
    states = iter([gone, present])
    monkeypatch.setattr(queries, "take_snapshot", lambda: next(states))
    assert query("SELECT count() FROM {events}").rows == [(1,)]


def test_all_questions_of_one_state_are_of_the_same_files_and_look_them_up_once(
    ripple, time_zones, django_assert_num_queries
):
    ripple()
    seal_here()
    counted = "SELECT count() FROM {events}"
    with queries.in_one_state():
        told = queries.fingerprint()
        ripple(member=2)
        seal_here()
        with django_assert_num_queries(0), queries.in_one_state():
            assert query(counted).rows == query(counted).rows == [(1,)]
            assert queries.fingerprint() == told
    assert query(counted).rows > [(1,)]


def test_what_is_known_of_a_day_stays_while_events_of_others_are_sealed(ripple, time_zones):
    def told() -> list[str]:
        return [queries.fingerprint_within(table, START, START + timedelta(days=1)) for table in TABLES]

    ripple()
    upto = seal_here()
    before, whole = told(), queries.fingerprint()
    ripple(at=START + timedelta(days=1))
    ripple(at=START - timedelta(days=1))
    upto = seal_here(upto)
    assert told() == before
    ripple(at=START + timedelta(hours=9))
    seal_here(upto)
    late = told()
    assert all(now != then for now, then in zip(late, before, strict=True))
    aliases.set_canonical({1: 2})
    merged = told()
    assert all(now != then for now, then in zip(merged, late, strict=True))
    assert queries.fingerprint() != whole
    aliases.set_canonical({1: 1})
    rewriting.settle()
    # No file has changed, but who asked in between was told of one person fewer.
    assert not {*told()} & {*merged, *late}


def test_a_server_is_not_told_of_this_machines_processors(settings):
    with engine.one_of_several():
        assert "max_threads" in engine.limits()
        settings.CLICKHOUSE_URL = "http://elsewhere:8123"
        assert "max_threads" not in engine.limits()


def test_rows_that_several_parts_of_a_statement_name_are_read_once_while_they_are_few(ripple, time_zones, monkeypatch):
    ripple()
    ripple(at=START + timedelta(days=1))
    seal_here()
    day = START, START + timedelta(days=1)

    def plan() -> str:
        held = queries.read_once(EVENT, *day)
        rows = query(
            f"EXPLAIN WITH r AS {held} (SELECT * FROM {{events}}) SELECT count() FROM r UNION ALL SELECT 1 FROM r"
        )
        return "\n".join(row[0] for row in rows.rows)

    assert plan().count("ReadFromFile") == 1
    monkeypatch.setattr(queries, "MOST_HELD", 0)
    assert plan().count("ReadFromFile") == 2


def test_every_thread_has_a_client_of_its_own(db):
    seen = [id(engine.client())]
    threads = [threading.Thread(target=lambda: seen.append(id(engine.client()))) for _ in range(3)]
    for thread in threads:
        thread.start()
        thread.join()
    assert engine.client() is engine.client()
    assert seen[0] not in seen[1:]


def test_the_lakes_folder_is_nobody_elses_business(lake_root):
    assert catalogue.root().stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("members", [set(), {7}, set(range(1, 33)), set(range(1, 34)), {1, 70_000, 4_294_967_295}])
def test_sets_of_members_come_back_as_they_are(db, members):
    everyone, nobody, again = queries.query_sets(
        "SELECT groupBitmapState(m), groupBitmapStateIf(m, m = 0), groupBitmapState(m)"
        " FROM (SELECT toUInt32(arrayJoin({members:Array(UInt32)})) AS m)",
        {"members": sorted(members)},
    )
    assert set(everyone) == set(again) == members
    assert not nobody


@pytest.mark.parametrize("kind", ["i8", ">i4", "u4"])
def test_a_set_is_made_of_any_array_of_ids_in_any_order(kind):
    ids = [7, 2**31 - 1, 3, 7, 70_000]
    assert set(bitmaps.from_ids(np.array(ids, kind))) == set(ids)
    assert not bitmaps.from_ids(np.array([], kind))


def test_the_lake_says_how_far_it_holds_the_log(ripple, time_zones):
    assert queries.sealed_upto() == readers.Mark()
    assert Sealer.name == queries.READER

from __future__ import annotations

import itertools
import random
import threading

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from liuliang.kernel import log, readers
from liuliang.kernel.readers import Mark, Reader, Window

INSERT = (
    "INSERT INTO kernel_event (id, kind, occurred_at, member, source, source_id, data)"
    " VALUES (gen_random_uuid(), 'test.happened', now(), %s, 'raw', %s, '{}')"
)


class Recorder(Reader):
    """Write down the position of every event it is given, in the database, as a real reader would."""

    name = "test.recorder"
    kinds = ("test.happened",)
    batch = 7

    def apply(self, window: Window) -> None:
        condition, params = window.where()
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO seen SELECT e.position FROM kernel_event e WHERE {condition}", params)


@pytest.fixture
def seen(transactional_db):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE seen (position bigint)")
        readers.ensure_cursors(Recorder())

    def positions() -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT position FROM seen ORDER BY position")
            return [row[0] for row in cursor.fetchall()]

    yield positions
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE seen")


def all_positions() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT position FROM kernel_event ORDER BY position")
        return [row[0] for row in cursor.fetchall()]


def test_a_transaction_that_commits_late_is_not_stepped_over(seen, others, make_fact):
    early = others()
    early.execute(INSERT, [1, "early"])
    log.append([make_fact(1, member=2)])
    readers.catch_up(Recorder())
    assert seen() == [], "the later event waits below the horizon of the open transaction"
    early.commit()
    readers.catch_up(Recorder())
    assert seen() == all_positions()
    assert len(seen()) == 2


def test_events_of_a_rolled_back_transaction_are_never_seen(seen, others, make_fact):
    lost = others()
    lost.execute(INSERT, [1, "lost"])
    log.append([make_fact(1)])
    lost.rollback()
    readers.catch_up(Recorder())
    assert len(seen()) == 1


def test_interleaved_transactions_are_seen_once_each(seen, others):
    dice = random.Random(7)
    writers = [others() for _ in range(6)]
    for number in range(600):
        writer = dice.choice(writers)
        writer.execute(INSERT, [dice.randrange(50), str(number)])
        if dice.random() < 0.2:
            (writer.commit if dice.random() < 0.8 else writer.rollback)()
        if dice.random() < 0.1:
            readers.advance(Recorder())
    for writer in writers:
        writer.commit()
    readers.catch_up(Recorder())
    assert seen() == all_positions()


def test_threads_that_write_and_read_together_miss_and_double_nothing(seen, others):
    writers = [others() for _ in range(3)]

    def write(writer, name: int) -> None:
        for number in range(150):
            writer.execute(INSERT, [number % 13, f"{name}-{number}"])
            if number % 4 == 0:
                writer.commit()
        writer.commit()

    done = threading.Event()

    def read() -> None:
        try:
            for together in itertools.cycle((True, False)):
                readers.advance(Recorder(), together=together)
                if done.is_set():
                    break
        finally:
            connections.close_all()

    writing = [threading.Thread(target=write, args=(writer, name)) for name, writer in enumerate(writers)]
    reading = [threading.Thread(target=read) for _ in range(2)]
    for thread in writing + reading:
        thread.start()
    for thread in writing:
        thread.join()
    done.set()
    for thread in reading:
        thread.join()
    readers.catch_up(Recorder())
    assert seen() == all_positions()
    assert len(seen()) == 450


def test_a_step_that_fails_moves_nothing(seen, make_fact):
    class Failing(Recorder):
        def apply(self, window: Window) -> None:
            super().apply(window)
            raise RuntimeError

    log.append([make_fact(number) for number in range(5)])
    with pytest.raises(RuntimeError):
        readers.advance(Failing())
    assert seen() == []
    readers.catch_up(Recorder())
    assert len(seen()) == 5


def test_a_shard_in_other_hands_is_passed_over(seen, others, make_fact):
    log.append([make_fact(number, member=number) for number in range(20)])
    holder = others()
    holder.execute("SELECT 1 FROM kernel_cursor WHERE reader = 'test.recorder' AND shard = 2 FOR UPDATE")
    readers.catch_up(Recorder())
    assert len(seen()) == 15
    holder.rollback()
    readers.catch_up(Recorder())
    assert len(seen()) == 20


def test_all_shards_together_read_a_window_once(seen, make_fact):
    log.append([make_fact(number, member=number) for number in range(20)])
    steps = 0
    while readers.advance(Recorder(), together=True):
        steps += 1
    assert steps == 3, "20 events in windows of 7"
    assert seen() == all_positions()


def test_shards_that_stand_apart_are_not_taken_together(seen, make_fact):
    log.append([make_fact(number, member=number) for number in range(20)])
    readers.advance_shard(Recorder(), 1, readers.horizon())
    readers.catch_up(Recorder())
    assert seen() == all_positions()


def test_shards_that_stand_apart_come_together_again(seen, make_fact):
    log.append([make_fact(number, member=number) for number in range(6)])
    readers.advance_shard(Recorder(), 1, readers.horizon())
    log.append([make_fact(number, member=number) for number in range(6, 12)])
    readers.catch_up(Recorder())
    log.append([make_fact(number, member=number) for number in range(12, 18)])
    assert readers.advance(Recorder(), together=True)
    assert not readers.advance(Recorder(), together=True), "one step for all shards"
    assert seen() == all_positions()


def test_nothing_is_read_beyond_what_is_said_to_be_settled(seen, make_fact):
    log.append([make_fact(1)])
    settled = readers.horizon()
    log.append([make_fact(2)])
    assert readers.advance(Recorder(), together=True, settled=settled)
    assert not readers.advance(Recorder(), together=True, settled=settled)
    assert len(seen()) == 1


def test_a_reader_is_given_its_kinds_only(seen, make_fact):
    log.append([make_fact(1)])
    with connection.cursor() as cursor:
        cursor.execute(INSERT.replace("test.happened", "test.other"), [1, "other"])
    readers.catch_up(Recorder())
    assert len(seen()) == 1


def test_events_of_a_window_come_decoded_and_in_order(transactional_db, make_fact):
    log.append([make_fact(number, member=3, text=f"n{number}") for number in range(10)])
    with transaction.atomic():
        window = Window(readers.horizon(), Mark(), kinds=("test.happened",))
        events = list(window.events())
    assert [each.payload.amount for each in events] == list(range(10))
    assert {each.member for each in events} == {3}


def test_a_reader_that_starts_now_is_not_given_the_past(seen, make_fact):
    class Now(Recorder):
        name = "test.now"
        starts_now = True

    log.append([make_fact(1)])
    readers.ensure_cursors(Now())
    log.append([make_fact(2)])
    readers.catch_up(Now())
    assert len(seen()) == 1


def test_lag_counts_what_is_ahead(seen, make_fact, monkeypatch):
    monkeypatch.setattr(readers, "_readers", {"test.recorder": Recorder()})
    log.append([make_fact(number) for number in range(9)])
    assert readers.lag()["test.recorder"] >= 9
    readers.catch_up(Recorder())
    assert readers.lag()["test.recorder"] == 0


def test_what_a_reader_does_not_act_on_is_passed_over_in_large_steps(seen, make_fact):
    other = INSERT.replace("test.happened", "test.other")
    with connection.cursor() as cursor:
        cursor.executemany(other, [[1, f"before-{number}"] for number in range(50)])
    log.append([make_fact(number) for number in range(15)])
    with connection.cursor() as cursor:
        cursor.executemany(other, [[1, f"after-{number}"] for number in range(50)])
    for expected in (7, 14, 15):
        assert readers.advance_shard(Recorder(), 0, readers.horizon())
        assert len(seen()) == expected
    assert not readers.advance_shard(Recorder(), 0, readers.horizon())


def test_a_reader_that_rests_passes_over_the_log_in_one_step_and_acts_on_what_comes_later(seen, make_fact):
    class Resting(Recorder):
        name = "test.resting"
        shards = 1
        is_resting = True

        def rests(self):
            return self.is_resting

    reader = Resting()
    readers.ensure_cursors(reader)
    log.append([make_fact(number) for number in range(15)])
    assert readers.advance_shard(reader, 0, readers.horizon())
    assert not readers.advance_shard(reader, 0, readers.horizon())
    reader.is_resting = False
    log.append([make_fact(15)])
    assert readers.catch_up(reader) == 1
    assert seen() == all_positions()[-1:]


def test_a_reader_that_builds_on_another_stays_behind_it(seen, make_fact):
    class Follower(Recorder):
        name = "test.follower"

        def limit(self):
            return readers.reached(Recorder.name)

    for number in range(3):
        log.append([make_fact(number)])
    readers.catch_up(Follower())
    assert seen() == []
    readers.catch_up(Recorder())
    before = seen()
    readers.catch_up(Follower())
    assert seen() == sorted(before * 2)


def test_the_end_of_a_long_log_is_found_without_sorting_it(seen, make_fact):
    log.append([make_fact(number) for number in range(100)])
    with CaptureQueriesContext(connection) as asked:
        assert readers.horizon() != Mark()
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute(f"EXPLAIN {asked.captured_queries[-1]['sql']}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
        cursor.execute("RESET enable_seqscan")
    assert "Backward using kernel_event_reading" in plan
    assert "Sort" not in plan

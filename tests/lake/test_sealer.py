from __future__ import annotations

from datetime import UTC, datetime

import pyarrow.parquet as pq
import pytest
from django.db import transaction

from crowds import connect
from liuliang.kernel import log, readers
from liuliang.kernel.events import Fact
from liuliang.lake import catalogue
from liuliang.lake.models import LakeFile
from liuliang.lake.queries import freshness, query
from liuliang.lake.sealer import Sealer

from .conftest import START, Rippled, read_events, seal_committed, seal_here

INSERT = (
    "INSERT INTO kernel_event (id, kind, occurred_at, member, source, source_id, data)"
    " VALUES (gen_random_uuid(), 'pond.rippled', now(), %s, 'raw', %s, '{}')"
)


class Killed(Exception):  # noqa: N818
    pass


class DyingSealer(Sealer):
    """Seals, and dies before the cursor moves."""

    def apply(self, window):
        super().apply(window)
        raise Killed


def positions() -> list[int]:
    return sorted(row[0] for row in query("SELECT position FROM {events}").rows)


def test_what_cannot_be_read_as_a_number_counts_as_none(db, time_zones):
    odd = [("many", "Bob"), (2.0, -5), (10**30, 2**40), (None, None), (7, 3)]
    log.append(
        [Fact(Rippled("x", amount, friend), START, "odd", str(n), 1, 1) for n, (amount, friend) in enumerate(odd)]
    )
    seal_here()
    assert query("SELECT value, other FROM {events} ORDER BY position").rows[-1] == (7, 3)
    assert query("SELECT count(), max(other) FROM {events}").rows == [(5, 3)]


def test_text_comes_through_as_it_was_written(ripple, time_zones):
    texts = [
        "tab\there",
        "line\nbreak\r\n",
        "back\\slash \\N \\t",
        "quote \" ' `",
        "表情 🙂‍↔️ \u202eright",
        "\x7f\x01",
        "{events}",
    ]
    for text in texts:
        ripple(text=text)
    seal_here()
    assert [row[7]["text"] for row in read_events()] == texts


def test_impossible_instants_do_not_stop_the_sealer(ripple, time_zones):
    ripple(at=datetime(1, 1, 1, tzinfo=UTC))
    ripple(at=datetime(9999, 12, 30, tzinfo=UTC))
    ripple(at=datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC))
    seal_here()
    assert query("SELECT count(), min(occurred_at) FROM {events}").rows == [(3, datetime(1900, 1, 1, tzinfo=UTC))]


def test_files_are_split_by_month_and_sorted_by_kind_member_and_time(ripple, time_zones):
    for month, day, member in ((2, 13, 2), (1, 2, 3), (1, 3, 1), (1, 2, 1)):
        ripple(member=member, at=START.replace(month=month, day=day))
    seal_here()
    files = LakeFile.objects.filter(table="event").order_by("period")
    assert [(file.period.month, file.rows) for file in files] == [(1, 3), (2, 1)]
    rows = pq.read_table(catalogue.root() / files[0].path).to_pylist()
    order = [(row["kind"], row["member"], row["occurred_at"]) for row in rows]
    assert len(rows) == 3
    assert order == sorted(order)


@pytest.mark.django_db(transaction=True)
class TestBesideOthers:
    def test_a_transaction_that_commits_late_is_neither_missed_nor_doubled(self, time_zones):
        readers.ensure_cursors(Sealer())
        with connect() as early:
            early.execute(INSERT, [1, "early"])
            log.append([Fact(Rippled(), START, "pond", "late", 2, 1)])
            readers.advance(Sealer())
            assert positions() == []
            assert freshness().seconds > 0
            early.commit()
        seal_committed()
        assert query("SELECT member FROM {events} ORDER BY member").rows == [(1,), (2,)]
        assert freshness().seconds == 0

    def test_a_sealer_that_dies_before_its_cursor_moves_leaves_nothing_that_counts(self, time_zones):
        log.append([Fact(Rippled(), START, "pond", str(n), 1, 1) for n in range(5)])
        seal_committed()
        log.append([Fact(Rippled(), START, "pond", str(n), 1, 1) for n in range(5, 9)])
        with pytest.raises(Killed):
            for _ in range(200):
                readers.advance(DyingSealer())
        assert len(positions()) == 5
        seal_committed()
        assert len(positions()) == len(set(positions())) == 9
        assert query("SELECT sum(count) FROM {member_day}").rows == [(9,)]

    def test_files_that_no_transaction_listed_are_swept_up_and_strangers_files_are_not(self, time_zones):
        log.append([Fact(Rippled(), START, "pond", "1", 1, 1)])
        seal_committed()
        (catalogue.root() / "event-orphan-202601.parquet").write_bytes(b"half a file")
        stranger = catalogue.root() / "README.txt"
        stranger.write_text("not the lake's")
        with transaction.atomic():
            assert catalogue.sweep() == 1
        assert stranger.exists()
        assert len(positions()) == 1

    def test_nothing_is_swept_up_while_somebody_seals(self, time_zones):
        log.append([Fact(Rippled(), START, "pond", "1", 1, 1)])
        seal_committed()
        orphan = catalogue.root() / "event-under-way-202601.parquet"
        orphan.write_bytes(b"half a file")
        with connect() as other:
            other.execute("SELECT pg_advisory_xact_lock_shared(%s)", [catalogue._SEALING])
            with transaction.atomic():
                assert catalogue.sweep() == 0
        assert orphan.exists()

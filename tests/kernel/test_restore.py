from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection

from liuliang.kernel import clock, log, readers, restore
from liuliang.kernel.models import Cluster
from liuliang.lake.models import LakeBatch

pytestmark = pytest.mark.django_db


def order() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT source_id FROM kernel_event ORDER BY xid, position")
        return [row[0] for row in cursor.fetchall()]


def set_xid(source_id: str, xid: int) -> None:
    """Pretend that the event was written by a transaction of another cluster's life."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE kernel_event SET xid = %s::text::xid8 WHERE source_id = %s", [xid + 10_000_000, source_id]
        )


def unread(reader: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.source_id FROM kernel_event e, kernel_cursor c WHERE c.reader = %s"
            " AND (e.xid, e.position) > (c.xid::text::xid8, c.position) ORDER BY e.xid, e.position",
            [reader],
        )
        return [row[0] for row in cursor.fetchall()]


def place(reader: str, xid: int, position: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO kernel_cursor (reader, shard, xid, position) VALUES (%s, 0, %s, %s)",
            [reader, xid + 10_000_000, position],
        )


@pytest.fixture
def restored(make_fact):
    """A log whose transactions committed in another order than its positions were given out."""
    log.append([make_fact(number) for number in range(6)])
    for number, xid in enumerate([3, 1, 2, 1, 9, 3]):
        set_xid(str(number), xid)
    with connection.cursor() as cursor:
        cursor.execute("SELECT position FROM kernel_event WHERE source_id = '0'")
        return cursor.fetchone()[0]


def test_renumbering_keeps_the_reading_order(restored):
    before = order()
    assert before == ["1", "3", "2", "0", "5", "4"]
    assert restore.renumber() == 6
    assert order() == before


def test_every_reader_goes_on_exactly_where_it_stood(restored):
    first = restored
    place("at the start", -10_000_000, 0)
    place("in the middle", 2, first + 2)
    place("between events", 2, first + 900)
    place("at the end", 9, first + 4)
    names = ["at the start", "in the middle", "between events", "at the end"]
    before = {name: unread(name) for name in names}
    assert before["in the middle"] == ["0", "5", "4"]
    restore.renumber()
    assert {name: unread(name) for name in names} == before


def test_new_events_come_after_the_restored_ones(restored, make_fact):
    restore.renumber()
    log.append([make_fact(100)])
    assert order()[-1] == "100"


def test_an_empty_log_can_be_renumbered(make_fact):
    assert restore.renumber() == 0
    log.append([make_fact(1)])
    assert order() == ["1"]


def test_a_log_in_its_own_cluster_is_left_alone(restored):
    assert restore.settle() == 0
    before = readers.horizon()
    assert restore.settle() == 0
    assert readers.horizon() == before


def test_a_log_from_another_cluster_is_renumbered_once(restored):
    restore.settle()
    Cluster.objects.update(system_identifier=1)
    assert restore.settle() == 6
    assert restore.settle() == 0


def span(batch: LakeBatch) -> list[str]:
    """Return the events of a span, as they will be sent."""
    window = readers.Window(
        readers.Mark(batch.upto_xid, batch.upto_position), readers.Mark(batch.after_xid, batch.after_position)
    )
    return [event.source_id for event in window.events()]


def test_a_span_that_waits_to_be_sent_holds_the_same_events(restored):
    """The columnar copy's server is sent what lies between two places of the log, which were written down before."""
    first = restored
    old = 10_000_000
    spans = [(0, 0, old + 1, first + 3), (old + 1, first + 3, old + 3, first), (old + 3, first, old + 9, first + 900)]
    for after_xid, after_position, upto_xid, upto_position in spans:
        LakeBatch.objects.create(
            after_xid=after_xid,
            after_position=after_position,
            upto_xid=upto_xid,
            upto_position=upto_position,
            created_at=clock.now(),
        )
    before = [span(batch) for batch in LakeBatch.objects.order_by("id")]
    assert before == [["1", "3"], ["2", "0"], ["5", "4"]]
    restore.renumber()
    assert [span(batch) for batch in LakeBatch.objects.order_by("id")] == before


def test_every_column_that_holds_a_transaction_id_is_declared():
    kept = {
        (model._meta.db_table, field.column)
        for model in apps.get_models()
        for field in model._meta.fields
        if field.column.endswith("xid")
    }
    assert kept == {(table, xid) for table, xid, _ in restore.log_places()}

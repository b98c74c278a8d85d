from __future__ import annotations

import pytest
from django.db import connection

from liuliang.kernel import log, readers, restore
from liuliang.kernel.models import Cluster

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

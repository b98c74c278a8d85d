"""A log that was restored in another PostgreSQL cluster: renumber it, so that readers go on exactly where they stood.

Transaction ids mean nothing outside the cluster that gave them. In a new cluster they start low again: new events would
sort before restored ones, and readers would stall or step over them. So the log is numbered anew, in the (xid, position)
order that readers have followed, with transaction id 0, and every place in the log that is kept anywhere (cursors, spans
on their way to another store) is mapped to the same place in that order. A model says which of its columns are such places:
``log_places = (("xid", "position"),)``, pairs of the columns of a transaction id and a position.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps
from django.db import connection, transaction

from liuliang.kernel.models import Cluster


def system_identifier() -> int:
    """Return the id that PostgreSQL gave its cluster when it was initialised."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT system_identifier FROM pg_control_system()")
        row = cursor.fetchone()
    assert row is not None  # noqa: S101 - the function always answers one row
    return int(row[0])


def settle() -> int:
    """Make sure that the log belongs to this cluster; renumber it if it was restored from another.

    Returns:
        How many events were renumbered; 0 in the ordinary case.
    """
    with transaction.atomic():
        here = system_identifier()
        known = Cluster.objects.select_for_update().filter(id=1).first()
        if known is None:
            Cluster.objects.create(id=1, system_identifier=here)
            return 0
        if known.system_identifier == here:
            return 0
        renumbered = renumber()
        known.system_identifier = here
        known.save(update_fields=["system_identifier"])
        return renumbered


def log_places() -> Iterator[tuple[str, str, str]]:
    """Yield table, column of the transaction id and column of the position of every place in the log that models keep."""
    for model in apps.get_models():
        for xid, position in getattr(model, "log_places", ()):
            yield model._meta.db_table, xid, position  # noqa: SLF001 - Django's documented model API


def renumber() -> int:
    """Number all events 1…n in reading order with transaction id 0, and map every place that is kept; return n.

    Takes the tables for itself until the surrounding transaction ends. A place between two events (its own was erased)
    maps to the last event at or before it.
    """
    places = sorted(log_places())
    tables = ", ".join(sorted({"kernel_event", *(table for table, _, _ in places)}))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE")
        cursor.execute(
            "CREATE TEMP TABLE renumbered ON COMMIT DROP AS SELECT xid, position,"
            " row_number() OVER (ORDER BY xid, position) AS number FROM kernel_event"
        )
        cursor.execute("CREATE UNIQUE INDEX ON renumbered (xid, position)")
        for table, xid, position in places:
            # From the index, for there may be thousands of places among millions of events.
            cursor.execute(
                f"UPDATE {table} p SET {xid} = 0, {position} = coalesce((SELECT r.number FROM renumbered r"
                f" WHERE (r.xid, r.position) <= (p.{xid}::text::xid8, p.{position})"
                " ORDER BY r.xid DESC, r.position DESC LIMIT 1), 0)"
            )
        # Two steps, because the new numbers may meet old ones that are still to be changed.
        cursor.execute(
            "UPDATE kernel_event e SET xid = '0', position = -r.number FROM renumbered r"
            " WHERE r.xid = e.xid AND r.position = e.position"
        )
        cursor.execute("UPDATE kernel_event SET position = -position")
        count = int(cursor.rowcount)
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence('kernel_event', 'position'), greatest(%s, 1), %s)",
            [count, count > 0],
        )
        cursor.execute("DROP TABLE renumbered")
        return count

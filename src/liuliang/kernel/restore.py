"""A log that was restored in another PostgreSQL cluster: renumber it, so that readers go on exactly where they stood.

Transaction ids mean nothing outside the cluster that gave them. In a new cluster they start low again: new events would
sort before restored ones, and readers would stall or step over them. So the log is numbered anew, in the (xid, position)
order that readers have followed, with transaction id 0, and every cursor is mapped to the same place in that order.
"""

from __future__ import annotations

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


def renumber() -> int:
    """Number all events 1…n in reading order with transaction id 0, and map every cursor; return n.

    Takes the table for itself until the surrounding transaction ends. A cursor between two events (its own was erased)
    maps to the last event at or before it.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE kernel_event, kernel_cursor IN ACCESS EXCLUSIVE MODE")
        cursor.execute(
            "CREATE TEMP TABLE renumbered ON COMMIT DROP AS SELECT xid, position,"
            " row_number() OVER (ORDER BY xid, position) AS number FROM kernel_event"
        )
        cursor.execute("CREATE UNIQUE INDEX ON renumbered (xid, position)")
        cursor.execute(
            "UPDATE kernel_cursor c SET xid = 0, position = coalesce((SELECT max(r.number) FROM renumbered r"
            " WHERE (r.xid, r.position) <= (c.xid::text::xid8, c.position)), 0)"
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

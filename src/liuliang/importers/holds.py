"""Who is at work on an import: a lock of the database session, which ends with the process, however that ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import DatabaseError, connection

# First half of PostgreSQL's advisory locks; the second half is the import.
_WORKING = 0x696D


@contextmanager
def hold(import_id: int) -> Iterator[bool]:
    """Hold an import while it is examined or run; the value is False where another process does so already."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_WORKING, import_id])
        is_mine = cursor.fetchone() == (True,)
    try:
        yield is_mine
    finally:
        if is_mine:
            # A connection that is gone has taken its locks with it.
            with suppress(DatabaseError), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_WORKING, import_id])


def held() -> set[int]:
    """Return the imports that somebody is at work on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT objid::bigint FROM pg_locks JOIN pg_database d ON d.oid = database"
            " WHERE locktype = 'advisory' AND granted AND classid = %s AND objsubid = 2 AND d.datname = current_database()",
            [_WORKING],
        )
        return {row[0] for row in cursor.fetchall()}

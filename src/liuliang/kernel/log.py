"""The event log: append facts once, in batches, inside the caller's transaction."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import psycopg
import uuid_utils
from django.db import connection, transaction
from psycopg import sql

from liuliang.kernel.events import Fact, encode
from liuliang.kernel.models import FactKey

COLUMNS = ("id", "kind", "occurred_at", "member", "community", "actor", "source", "source_id", "data")
_TYPES = ("uuid", "text", "timestamptz", "int4", "int4", "int4", "text", "text", "jsonb")
_NAMES = ", ".join(COLUMNS)

COPY_FROM = 50
"""Batches of this many facts or more are copied; below, one INSERT with arrays is quicker."""


def fact_key() -> bytes:
    """Return this log's key for hashes in source ids, made on first use.

    Keyed, because what is hashed may be a phone number, of which there are few enough to try them all.
    """
    FactKey.objects.bulk_create([FactKey(id=1, value=secrets.token_bytes(32))], ignore_conflicts=True)
    return bytes(FactKey.objects.values_list("value", flat=True).get(id=1))


def append(facts: Sequence[Fact]) -> int:
    """Append ``facts`` in the caller's transaction and return how many were new.

    A fact whose (source, source_id) the log already holds, or an earlier fact of the batch has, is passed over. Nothing
    is visible to readers before the caller commits. One statement for small batches; COPY for large ones.
    """
    if not facts:
        return 0
    connection.ensure_connection()
    if len(facts) < COPY_FROM:
        return _insert(facts)
    try:
        with transaction.atomic():
            _copy_into("kernel_event", facts)
    except psycopg.errors.UniqueViolation:
        return _merge(facts)
    except Exception as error:
        # Django wraps the driver's error; anything else than a duplicate is the caller's business.
        if isinstance(error.__cause__, psycopg.errors.UniqueViolation):
            return _merge(facts)
        raise
    return len(facts)


def _row(fact: Fact) -> tuple[object, ...]:
    return (
        str(uuid_utils.uuid7()),
        type(fact.payload).kind,
        fact.occurred_at,
        fact.member,
        fact.community,
        fact.actor,
        fact.source,
        fact.source_id,
        encode(fact.payload),
    )


_INSERT = (
    f"INSERT INTO kernel_event ({_NAMES}) SELECT * FROM unnest("
    + ", ".join(f"%s::{kind}[]" for kind in _TYPES)
    + ") ON CONFLICT (source, source_id) DO NOTHING"
)


def _insert(facts: Sequence[Fact]) -> int:
    columns = [list(column) for column in zip(*map(_row, facts), strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, columns)
        return int(cursor.rowcount)


def _copy_into(table: str, facts: Sequence[Fact]) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
    )
    with connection.cursor() as cursor, cursor.cursor.copy(statement) as copy:
        for fact in facts:
            copy.write_row(_row(fact))


def _merge(facts: Sequence[Fact]) -> int:
    """Take the way that tolerates known facts: copy beside the log, then insert what is missing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE IF NOT EXISTS incoming_event"
            " (id uuid, kind text, occurred_at timestamptz, member int4, community int4, actor int4,"
            " source text, source_id text, data jsonb) ON COMMIT DELETE ROWS"
        )
        cursor.execute("TRUNCATE incoming_event")
    _copy_into("incoming_event", facts)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO kernel_event ({_NAMES}) SELECT {_NAMES} FROM incoming_event"
            " ON CONFLICT (source, source_id) DO NOTHING"
        )
        return int(cursor.rowcount)

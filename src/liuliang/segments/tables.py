"""Sets of members out of PostgreSQL, as bitmaps: a million of them without a million Python objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import QuerySet
from numpy.typing import NDArray
from pyroaring import BitMap

PEOPLE = "(m.canonical_id IS NULL OR m.canonical_id = m.id) AND m.erased_at IS NULL AND NOT m.is_bot"
"""The SQL condition on ``people_member m`` that leaves one record a person, nobody erased, and no robots."""

_HEAD = 19
"""Bytes before the first row of PostgreSQL's binary COPY format: signature, flags, length of the extension."""

_TAIL = 2


def read_members(select: str, params: Mapping[str, Any] | Sequence[Any] = ()) -> BitMap:
    """Return the ids that a SELECT of one non-null int4 column gives."""
    (ids,) = read_columns(select, params, columns=1)
    return BitMap(ids.astype("=u4"))


def read_columns(select: str, params: Mapping[str, Any] | Sequence[Any] = (), *, columns: int) -> list[NDArray[Any]]:
    """Return the non-null int4 columns of a SELECT, as arrays.

    The rows come in PostgreSQL's binary COPY format, where such rows are all of one length.
    """
    with (
        connection.cursor() as cursor,
        cursor.cursor.copy(f"COPY ({select}) TO STDOUT (FORMAT BINARY)", params) as copy,
    ):
        raw = b"".join(copy)
    row = np.dtype(
        [("fields", ">i2"), *((f"{part}{at}", ">i4") for at in range(columns) for part in ("size", "value"))]
    )
    rows = np.frombuffer(raw, row, count=(len(raw) - _HEAD - _TAIL) // row.itemsize, offset=_HEAD)
    return [rows[f"value{at}"] for at in range(columns)]


def among_queryset(people: QuerySet[Any, Any]) -> tuple[str, dict[str, Any]]:
    """Return a queryset of ids as the SELECT of a `TableSet` whose person is ``found.person``, with its parameters.

    PostgreSQL moves the condition on the person into the queryset by itself.
    """
    statement, values = people.query.sql_with_params()
    params = {f"q{at}": value for at, value in enumerate(values)}
    named = statement % tuple(f"%({name})s" for name in params)
    return f"SELECT DISTINCT found.person FROM ({named}) AS found (person) WHERE true {{among}}", params

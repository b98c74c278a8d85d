"""Sets of members out of PostgreSQL, as bitmaps: a million of them without a million Python objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray
from pyroaring import BitMap

from liuliang.lake.bitmaps import from_ids

PEOPLE = "(m.canonical_id IS NULL OR m.canonical_id = m.id) AND m.erased_at IS NULL AND NOT m.is_bot"
"""The SQL condition on ``people_member m`` that leaves one record a person, nobody erased, and no robots."""

_HEAD = 19 + 2
"""Bytes before the first field of PostgreSQL's binary COPY format: signature, flags, length of the extension, number of fields."""

_ARRAY = 5 * 4
"""Bytes before the first element of an array of one dimension: dimensions, flags, type, length, lower bound."""

_OF_NUMBERS = (0).to_bytes(4, "big") + (23).to_bytes(4, "big")
"""Flags and type of an array of int4 without nulls."""

_ELEMENT = np.dtype([("size", ">i4"), ("value", ">i4")])


def read_members(select: str, params: Mapping[str, Any] | Sequence[Any] = ()) -> BitMap:
    """Return the ids that a SELECT of one non-null int4 column gives."""
    (ids,) = read_columns(select, params, columns=1)
    return from_ids(ids)


def read_columns(select: str, params: Mapping[str, Any] | Sequence[Any] = (), *, columns: int) -> list[NDArray[Any]]:
    """Return the non-null int4 columns of a SELECT, as arrays.

    They come as one row of arrays: of a million rows, to take each out of the connection would need twenty times as long.

    Raises:
        ValueError: a column is not of int4, or has nulls.
    """
    names = [f"c{at}" for at in range(columns)]
    arrays = ", ".join(f"array_agg({name})" for name in names)
    statement = f"COPY (SELECT {arrays} FROM ({select}) AS told ({', '.join(names)})) TO STDOUT (FORMAT BINARY)"
    with connection.cursor() as cursor, cursor.cursor.copy(statement, params) as copy:
        raw = b"".join(copy)
    found: list[NDArray[Any]] = []
    at = _HEAD
    for _name in names:
        size = int.from_bytes(raw[at : at + 4], "big", signed=True)
        at += 4
        # No rows are no array.
        count = max(0, size - _ARRAY) // _ELEMENT.itemsize
        if count and raw[at + 4 : at + 12] != _OF_NUMBERS:
            raise ValueError("a column of numbers holds something else, or nothing in some row")
        found.append(np.frombuffer(raw, _ELEMENT, count=count, offset=at + _ARRAY if count else 0)["value"])
        at += max(0, size)
    return found

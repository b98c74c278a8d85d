"""Columns of numbers come out of PostgreSQL as they are there."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from liuliang.segments.tables import read_columns, read_members

NUMBERS = st.integers(-(2**31), 2**31 - 1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(rows=st.lists(st.tuples(NUMBERS, NUMBERS), max_size=50))
def test_two_columns_come_out_row_by_row(db, rows):
    given = {"one": [row[0] for row in rows], "two": [row[1] for row in rows]}
    one, two = read_columns("SELECT * FROM unnest(%(one)s::int4[], %(two)s::int4[])", given, columns=2)
    assert list(zip(one.tolist(), two.tolist(), strict=True)) == rows


@pytest.mark.parametrize("ids", [(), (7,), (3, 3, 2**31 - 1)])
def test_members_are_a_set_of_ids(db, ids):
    found = read_members("SELECT unnest(%(ids)s::int4[]) UNION ALL SELECT 5 WHERE false", {"ids": list(ids)})
    assert found == BitMap(ids)


@pytest.mark.parametrize("column", ["CASE WHEN n = 2 THEN NULL ELSE n END", "n::int8"])
def test_what_is_no_number_of_a_member_is_not_taken_for_one(db, column):
    with pytest.raises(ValueError, match="something else"):
        read_members(f"SELECT {column} FROM generate_series(1, 3) n")

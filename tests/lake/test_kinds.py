"""Kinds are numbers in files and names in statements."""

from __future__ import annotations

import pytest
from tests.lake.conftest import START, Frozen, seal_here

from liuliang.kernel import log
from liuliang.kernel.events import Fact
from liuliang.lake import catalogue
from liuliang.lake.compaction import compact
from liuliang.lake.models import LakeFile, LakeKind
from liuliang.lake.queries import query
from liuliang.lake.tables import EVENT, MEMBER_DAY, Table

COUNTED = {
    MEMBER_DAY.name: "SELECT kind, sum(count) FROM {member_day} WHERE kind IN ('pond.rippled', 'pond.frozen') GROUP BY kind",
    EVENT.name: "SELECT kind, count() FROM {events} WHERE kind IN ('pond.rippled', 'pond.frozen') GROUP BY kind",
}


def counted(table: str) -> list[tuple[object, ...]]:
    return sorted(query(COUNTED[table]).rows)


@pytest.fixture
def freeze(db):
    def append(name: str) -> None:
        assert log.append([Fact(Frozen(3), START, "pond", name, 1, 1)]) == 1

    return append


@pytest.mark.parametrize("table", COUNTED)
def test_a_kind_keeps_its_number_when_others_come(table, ripple, freeze, time_zones):
    ripple()
    upto = seal_here()
    first = LakeKind.objects.get(name="pond.rippled").number
    # By name it would stand before the other.
    freeze("a")
    seal_here(upto)
    assert catalogue.numbered_kinds() == {"pond.rippled": first, "pond.frozen": first + 1}
    assert counted(table) == [("pond.frozen", 1), ("pond.rippled", 1)]


def test_kinds_that_nothing_was_heard_of_may_be_asked_for(ripple, time_zones):
    ripple()
    seal_here()
    asked = (
        "SELECT sum(count) FROM {member_day} WHERE kind = 'pond.frozen' AND day > '2025-01-01' OR kind = 'pond.rippled'"
    )
    assert query(asked).rows == [(1,)]
    assert query("SELECT sum(count) FROM {member_day} WHERE kind = 'pond.frozen'").rows == [(0,)]


@pytest.mark.parametrize("table", COUNTED)
def test_files_that_name_their_kinds_read_alike_and_are_numbered_when_they_are_merged(
    table, ripple, freeze, time_zones, monkeypatch
):
    ripple()
    freeze("a")
    with monkeypatch.context() as as_before:
        as_before.setattr(Table, "file_schema", lambda each, _kinds: each.schema)
        upto = seal_here()
    (named,) = LakeFile.objects.filter(table=table)
    expected = [("pond.frozen", 1), ("pond.rippled", 1)]
    assert counted(table) == expected
    freeze("b")
    seal_here(upto)
    LakeFile.objects.update(created_at=START)
    assert compact() > 0
    named.refresh_from_db()
    assert named.retired_at is not None
    assert counted(table) == [("pond.frozen", 2), ("pond.rippled", 1)]

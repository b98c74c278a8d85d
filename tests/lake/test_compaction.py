from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from liuliang.kernel.readers import Mark
from liuliang.lake import catalogue, compaction, engine
from liuliang.lake.aliases import set_canonical
from liuliang.lake.compaction import Merge, choose
from liuliang.lake.models import LakeFile
from liuliang.lake.queries import query
from liuliang.lake.tables import EVENT

from .conftest import START, seal_here

NOW = datetime(2026, 3, 15, 12, 30, tzinfo=UTC)
MARCH = datetime(2026, 3, 1, tzinfo=UTC)
JANUARY = datetime(2026, 1, 1, tzinfo=UTC)


def file(level: int = 0, age: timedelta = timedelta(0), rows: int = 100, period: datetime = MARCH) -> LakeFile:
    return LakeFile(level=level, created_at=NOW - age, rows=rows, bytes=rows * 30, period=period)


def merged(files: list[LakeFile], *, is_parted: bool = False) -> tuple[int, int] | None:
    merge: Merge | None = choose(files, NOW, is_parted=is_parted)
    return None if merge is None else (len(merge.files), merge.level)


def test_few_fresh_files_are_left_alone():
    assert merged([file() for _ in range(7)]) is None


def test_many_files_are_merged_whatever_their_age():
    assert merged([file() for _ in range(8)]) == (8, 1)


def test_files_of_an_hour_are_merged_when_the_hour_is_over():
    assert merged([file(age=timedelta(minutes=61)), file()]) == (2, 1)


def test_merged_hours_become_a_day_and_days_a_month():
    assert merged([file(1, timedelta(hours=25)), file(1), file()]) == (2, 2)
    assert merged([file(2, timedelta(days=32)), file(2), file(1)]) == (2, 3)


def test_a_past_month_is_merged_whole_once_it_is_quiet():
    busy = [file(level, timedelta(minutes=1), period=JANUARY) for level in (0, 1, 3)]
    quiet = [file(level, timedelta(minutes=3), period=JANUARY) for level in (0, 1, 3)]
    assert merged(busy) is None
    assert merged(quiet) == (3, 3)


def test_a_large_month_is_not_rewritten_for_one_late_event_until_a_day_has_passed():
    large = file(3, timedelta(days=9), 400_000, JANUARY)
    assert merged([large, file(0, timedelta(minutes=9), 1, JANUARY)]) is None
    assert merged([large, file(0, timedelta(hours=25), 1, JANUARY)]) == (2, 3)


def test_a_month_of_any_size_is_merged_in_pieces_of_bounded_size():
    files = [file(0, timedelta(hours=2, seconds=n), 150_000, JANUARY) for n in range(100)]
    while (merge := choose(files, NOW, is_parted=False)) is not None:
        assert sum(each.rows for each in merge.files) <= compaction.MOST_ROWS
        files = [each for each in files if each not in merge.files]
        rows = sum(each.rows for each in merge.files)
        files.append(file(merge.level, timedelta(hours=2), rows, JANUARY))
    assert sum(each.rows for each in files) == 100 * 150_000
    assert len(files) <= 100 * 150_000 // (compaction.MOST_ROWS // 2)


def test_a_full_file_is_never_written_again():
    full = file(3, timedelta(days=9), 600_000, JANUARY)
    heavy = LakeFile(level=3, created_at=NOW - timedelta(days=9), rows=9, bytes=compaction.MOST_BYTES, period=JANUARY)
    assert merged([full, heavy, file(0, timedelta(days=9), 1, JANUARY)]) is None


def test_months_are_never_mixed():
    assert (
        merged([file() for _ in range(5)] + [file(period=JANUARY, age=timedelta(seconds=1)) for _ in range(5)]) is None
    )


def test_full_files_are_parted_once_they_are_as_many_as_those_that_are():
    full = [file(3, timedelta(days=9), 600_000, JANUARY) for _ in range(3)]
    parted = [file(4, timedelta(days=9), 700_000, JANUARY) for _ in range(2)]
    small = file(0, timedelta(minutes=1), 5, JANUARY)
    assert merged([*full[:2], small]) is None, "a table that is not parted"
    assert merged([*full[:1], small], is_parted=True) is None
    assert merged([*full[:2], small], is_parted=True) == (2, 4)
    assert merged([*full[:2], *parted, small], is_parted=True) is None
    assert merged([*full[:3], *parted, small], is_parted=True) == (5, 4)
    assert merged([*parted, small], is_parted=True) is None


def test_parted_files_are_not_merged_however_small():
    parted = [file(4, timedelta(days=9), 9, JANUARY) for _ in range(9)]
    assert merged([*parted, file(0, timedelta(days=9), 1, JANUARY)], is_parted=True) is None


@pytest.mark.parametrize("is_parted", [False, True])
def test_upkeep_ends(is_parted):
    """Every merge leaves fewer files, or parts what was not, so that choosing until nothing is left comes to an end."""
    files = [file(n % 4, timedelta(hours=n), 10 ** (n % 6), (MARCH, JANUARY)[n % 2]) for n in range(200)]
    files += [file(3, timedelta(hours=n), 900_000, JANUARY) for n in range(3)]
    rounds = 0
    while (merge := choose(files, NOW, is_parted=is_parted)) is not None:
        assert len(merge.files) > 1
        files = [each for each in files if each not in merge.files]
        oldest = min(each.created_at for each in merge.files)
        rows = sum(each.rows for each in merge.files)
        pieces = -(-rows // 750_000) if merge.level == compaction.PARTED else 1
        files += [file(merge.level, NOW - oldest, rows // pieces, merge.files[0].period) for _ in range(pieces)]
        rounds += 1
    assert rounds < 200
    assert len(files) < 25


@pytest.fixture
def small_files(monkeypatch) -> None:
    monkeypatch.setattr(compaction, "MOST_ROWS", 40)
    monkeypatch.setattr(compaction, "MOST_BYTES", 1 << 30)


def parted() -> list[LakeFile]:
    """Merge until nothing is left to do, and return the parts, none of which is too large."""
    while compaction.compact():
        pass
    parts = list(LakeFile.objects.filter(table="event", retired_at=None))
    assert {part.level for part in parts} == {compaction.PARTED}
    assert max(part.rows for part in parts) <= compaction.MOST_ROWS
    return parts


def test_parting_has_what_a_member_did_in_one_file_and_leaves_the_answers(ripple, time_zones, small_files):
    mark = Mark()
    for n in range(4):
        for m in range(30):
            ripple(member=1 + (m * 7 + n) % 30, at=START + timedelta(minutes=n * 30 + m), amount=n)
        mark = seal_here(mark)
    events = "SELECT position, kind, member, occurred_at, value, data FROM {events} ORDER BY position"
    before = query(events).rows
    set_canonical({5: 9})
    meant = [(row[0], row[1], 9 if row[2] == 5 else row[2], *row[3:]) for row in before]
    parts = parted()
    assert len(parts) == 4
    assert sum(part.rows for part in parts) == 120
    assert query(events).rows == meant
    stored = catalogue.read_files(EVENT, [part.path for part in parts])
    _, inside = engine.fetch(f"SELECT member, uniqExact(_file) FROM {stored} GROUP BY member")
    assert sum(1 for _member, count in inside if count > 1) <= len(parts) - 1, "those at the bounds"


def test_one_member_alone_can_fill_several_parts(ripple, time_zones, small_files):
    mark = Mark()
    for n in range(3):
        for m in range(40):
            ripple(member=1, at=START + timedelta(minutes=n * 60 + m), amount=n)
        mark = seal_here(mark)
    assert len(parted()) > 1
    assert query("SELECT count(), uniqExact(position) FROM {events}").rows == [(120, 120)]


def test_merging_leaves_one_file_a_month_and_the_same_answers(ripple, time_zones):
    mark = Mark()
    for n in range(20):
        ripple(member=1 + n % 3, at=START + timedelta(days=n * 3), amount=n)
        mark = seal_here(mark)
    question = "SELECT kind, day, member, sum(count), sum(value) FROM {member_day} GROUP BY ALL ORDER BY ALL"
    events = "SELECT position, member, value FROM {events} ORDER BY position"
    before = query(question).rows, query(events).rows
    LakeFile.objects.update(created_at=START)
    assert compaction.compact() == 4
    assert (query(question).rows, query(events).rows) == before
    live = catalogue.take_snapshot().files
    assert (len(live["event"]), len(live["member_day"])) == (2, 2)
    assert query("SELECT count() FROM {member_day}").rows == [(20,)]

from __future__ import annotations

import json
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from liuliang.simulator.bulk import write_bulk
from liuliang.simulator.formats.catalogue import FORMATS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("key", list(FORMATS))
def test_the_same_arguments_give_the_same_bytes(key: str, tmp_path: Path) -> None:
    first, second = (write_bulk(tmp_path / name, key, 500, 20, 1).read_bytes() for name in ("one", "two"))
    assert first == second
    assert write_bulk(tmp_path / "three", key, 500, 20, 2).read_bytes() != first


def test_every_entry_is_written(tmp_path: Path) -> None:
    path = write_bulk(tmp_path / "bulk.json", "weflow_json", 1_000, 50, 1)
    rows = json.loads(path.read_text(encoding="utf-8"))["messages"]
    assert len(rows) == 1_000
    assert len({row["senderUsername"] for row in rows}) > 20
    assert [row["createTime"] for row in rows] == sorted(row["createTime"] for row in rows)


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    peaks = []
    for count in (10_000, 40_000):
        tracemalloc.start()
        write_bulk(tmp_path / "bulk.txt", "qq_txt", count, 50, 1)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]


@pytest.mark.parametrize(("messages", "people"), [(0, 5), (5, 1)])
def test_an_empty_history_is_refused(messages: int, people: int, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs messages"):
        write_bulk(tmp_path / "bulk.txt", "qq_txt", messages, people, 1)

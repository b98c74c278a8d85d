"""What every source keeps, checked over the registry: a new file in `sources` is tested before it has a test of its own.

Samples are found by folder: ``samples/<key of the source>/<any file>``. Put one there for every variant of the format.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liuliang.importers.base import Inspection, Options, Read, Source, sources
from liuliang.importers.head import LEAST, head_of, recognise
from liuliang.importers.records import Message, Unreadable
from liuliang.kernel.errors import Refused
from liuliang.simulator.formats.catalogue import FORMATS, write_chat
from liuliang.simulator.formats.entries import Chat, Said, Who

SAMPLES = Path(__file__).parent / "samples"
KEYS = [source.key for source in sources()]
FILES = [(key, path) for key in KEYS for path in sorted((SAMPLES / key).glob("*"))]
each_source = pytest.mark.parametrize("key", KEYS)
each_sample = pytest.mark.parametrize(("key", "path"), FILES, ids=[f"{key}-{path.name}" for key, path in FILES])


def read_all(source: Source, path: Path, options: Options | None = None) -> tuple[Inspection, list[Read]]:
    inspection = source.inspect(path, head_of(path))
    return inspection, list(source.read(path, inspection, options or Options()))


@each_source
def test_a_source_has_a_sample(key: str) -> None:
    assert list((SAMPLES / key).glob("*")), f"put a file into tests/importers/samples/{key}/"


@each_sample
def test_a_sample_is_recognised_by_its_own_source_and_by_no_other_as_surely(key: str, path: Path) -> None:
    head = head_of(path)
    sureness = {source.key: source.recognise(head) for source in sources()}
    own = sureness.pop(key)
    assert own >= LEAST
    assert all(0 <= other < own for other in sureness.values()), sureness
    assert recognise(path)[0].key == key


@each_sample
def test_a_sample_is_read_without_anything_unreadable(key: str, path: Path) -> None:
    inspection, reads = read_all(sources()[key], path)
    assert inspection.chats or sources()[key].kind != "chat"
    assert reads
    assert not [read for read in reads if isinstance(read.record, Unreadable)]


@each_sample
def test_reading_twice_gives_the_same(key: str, path: Path) -> None:
    assert read_all(sources()[key], path) == read_all(sources()[key], path)


@each_sample
def test_places_are_told_in_lines_from_one_and_in_bytes_that_never_go_back(key: str, path: Path) -> None:
    _, reads = read_all(sources()[key], path)
    positions = [read.position for read in reads]
    assert positions == sorted(positions)
    assert positions[0] >= 0
    assert positions[-1] <= path.stat().st_size
    assert all(read.line >= 1 for read in reads)


@each_sample
def test_every_record_belongs_to_a_chat_that_the_inspection_found(key: str, path: Path) -> None:
    inspection, reads = read_all(sources()[key], path)
    if sources()[key].kind == "chat":
        assert {read.chat for read in reads} <= set(inspection.chats)


def _survives(path: Path) -> None:
    """Do with a file what the product does with it; only a refusal before the reading begins is an answer."""
    try:
        head = head_of(path)
        for source in sources():
            assert 0 <= source.recognise(head) <= 1
        source, head = recognise(path)
        inspection = source.inspect(path, head)
    except Refused:
        return
    for read in source.read(path, inspection, Options()):
        assert read.line >= 1
        assert read.position <= head.size
        if isinstance(read.record, Unreadable):
            assert read.record.reason.isidentifier()
            assert len(read.record.excerpt) <= 200


@given(st.binary(min_size=1, max_size=2_000))
def test_random_bytes_are_refused_or_read_but_never_raise(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "random.bin"
    path.write_bytes(raw)
    _survives(path)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=25)
@each_sample
@given(data=st.data())
def test_a_damaged_sample_is_read_as_far_as_it_goes(
    tmp_path_factory: pytest.TempPathFactory, key: str, path: Path, data: st.DataObject
) -> None:
    raw = path.read_bytes()
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, min(len(raw), start + 64)))
    junk = data.draw(st.one_of(st.binary(max_size=40), st.sampled_from([b"", b"\0", b'"', b"\n", b"\r", b"\xff\xfe"])))
    is_truncated = data.draw(st.booleans())
    damaged = tmp_path_factory.getbasetemp() / f"damaged{path.suffix}"
    damaged.write_bytes((raw[:start] + junk + (b"" if is_truncated else raw[end:])) or b" ")
    _survives(damaged)


def _entries(count: int) -> Iterator[Said]:
    people = [Who(str(10_000_000 + n), f"成员{n}") for n in range(50)]
    for n in range(count):
        yield Said(1_700_000_000 + 97 * n, people[n % 50], f"第 {n} 句话，说得不长也不短", n + 1)


def _peak(source: Source, path: Path) -> int:
    head = head_of(path)
    tracemalloc.start()
    try:
        inspection = source.inspect(path, head)
        count = sum(isinstance(read.record, Message) for read in source.read(path, inspection, Options()))
        assert count >= 8_000
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("key", [key for key in KEYS if key in FORMATS])
def test_memory_does_not_grow_with_the_file(key: str, tmp_path: Path) -> None:
    chat = Chat("123456789", "很长的群", Who("10000000", "成员0"))
    peaks = []
    for count in (8_000, 20_000):
        path = tmp_path / f"2023-11-14-{count}{FORMATS[key].suffix}"
        peaks.append(_peak(sources()[key], write_chat(path, key, chat, _entries(count))))
    assert peaks[1] < peaks[0] + 1_000_000

from __future__ import annotations

import tracemalloc
import unicodedata
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuliang.importers import text as reading
from liuliang.importers.text import MAX_LINE, lines_of, read_blocks, unreadable
from liuliang.kernel.errors import Refused


def lines(path: Path, encoding: str = "utf-8", **more: str) -> list[str]:
    return [line for _, line, _ in lines_of(read_blocks(path, encoding, **more))]


def test_every_kind_of_line_end_ends_a_line(tmp_path: Path) -> None:
    path = tmp_path / "mixed.txt"
    path.write_bytes("一\r\n二\n三\r四\r\n\r\n五".encode())
    assert lines(path) == ["一", "二", "三", "四", "", "五"]


def test_line_numbers_count_every_line_from_one(tmp_path: Path) -> None:
    path = tmp_path / "numbers.txt"
    path.write_bytes(b"a\r\nb\rc\n")
    assert [number for number, _, _ in lines_of(read_blocks(path, "utf-8"))] == [1, 2, 3]


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028"), max_size=30), min_size=1
    ),
    st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.integers(1, 50),
)
def test_what_was_written_is_read_whatever_the_encoding_and_the_block(
    tmp_path_factory: pytest.TempPathFactory, written: list[str], encoding: str, end: str, block: int
) -> None:
    # Given lines as NFC, for so they are read
    written = [unicodedata.normalize("NFC", line).lstrip("\ufeff") for line in written]
    path = tmp_path_factory.getbasetemp() / "encoded.txt"
    path.write_bytes(end.join([*written, "end"]).encode(encoding))
    # When it is read in blocks so small that every character is cut somewhere
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "BLOCK", block)
        read = lines(path, encoding.removesuffix("-sig"))
    # Then it is the same
    assert read == [*written, "end"]


def test_a_line_that_is_not_in_the_encoding_is_marked_and_the_others_are_whole(tmp_path: Path) -> None:
    path = tmp_path / "broken.txt"
    path.write_bytes("好\n".encode() + "坏".encode("gb18030") + "\n也好\n".encode())
    blocks = list(read_blocks(path, "utf-8"))
    assert [(block.line, block.flaw) for block in blocks] == [(1, ""), (2, "bad_encoding")]
    assert blocks[1].text.split("\n")[1] == "也好"


def test_nul_is_dropped_and_text_is_composed(tmp_path: Path) -> None:
    path = tmp_path / "nul.txt"
    path.write_bytes(b"a\0b\ncafe\xcc\x81\n")
    assert lines(path) == ["ab", "café"]


def test_a_line_without_end_is_cut_and_takes_no_more_memory_than_is_kept_of_it(tmp_path: Path) -> None:
    # Given a line of 64 MiB between two short ones
    path = tmp_path / "endless.txt"
    with path.open("wb") as file:
        file.write(b"before\n")
        for _ in range(64):
            file.write(b"x" * (1 << 20))
        file.write(b"\nafter\n")
    # When it is read
    tracemalloc.start()
    read = [(block.line, len(block.text), block.flaw) for block in read_blocks(path, "utf-8")]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Then it was cut, and what follows it is there
    assert read == [(1, 6, ""), (2, MAX_LINE, "line_too_long"), (3, 5, "")]
    assert peak < 8 * MAX_LINE


def test_the_position_is_that_of_the_file_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_bytes("一行字\n".encode() * 200_000)
    positions = [block.position for block in read_blocks(path, "utf-8")]
    assert positions == sorted(positions)
    assert len(positions) > 4
    assert positions[-1] == path.stat().st_size


def test_a_text_in_an_archive_is_read_and_its_position_is_in_the_archive(tmp_path: Path) -> None:
    path = tmp_path / "chat.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_chat.txt", "一\n二\n")
    blocks = list(read_blocks(path, "utf-8", member="_chat.txt"))
    assert [block.text for block in blocks] == ["一\n二"]
    assert blocks[-1].position == path.stat().st_size


def test_a_zip_bomb_is_refused_before_anything_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_chat.txt", b"\0" * (32 << 20))
    with pytest.raises(Refused, match="archive_too_large"):
        list(read_blocks(path, "utf-8", member="_chat.txt"))


def test_a_broken_archive_gives_what_came_before_the_break(tmp_path: Path) -> None:
    path = tmp_path / "broken.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("_chat.txt", "一\n" * 200_000)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 0xFF  # the checksum no longer fits
    path.write_bytes(raw)
    assert len(lines(path, member="_chat.txt")) > 100_000


def test_an_encoding_nobody_knows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"a")
    with pytest.raises(Refused, match="encoding_unknown"):
        list(read_blocks(path, "klingon"))


def test_an_excerpt_is_short_and_fit_to_be_shown() -> None:
    record = unreadable(3, "bad_date", "\x1b[2J\u202e" + "长" * 500)
    assert len(record.excerpt) <= 200
    assert record.excerpt.isprintable()

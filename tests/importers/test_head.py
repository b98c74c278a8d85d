from __future__ import annotations

from pathlib import Path

import pytest

from liuliang.importers.head import detect_encoding, head_of, recognise, settled_encoding
from liuliang.kernel.errors import Refused

CHINESE = "消息记录，大家好。今天的团购什么时候开始？\n" * 40


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_chinese_is_known_in_every_encoding_it_is_written_in(encoding: str) -> None:
    raw = ("2024-01-01 10:00:00 成员(10001)\n" + CHINESE).encode(encoding)
    found = detect_encoding(raw)
    assert raw.decode(found).removeprefix("\ufeff").startswith("2024-01-01 10:00:00 成员")


TRADITIONAL = "2024-01-01 10:00:00 書友(10001)\n早安，團購幾點開始？我們下午三點見，謝謝大家。\n"


@pytest.mark.parametrize("encoding", ["big5", "cp950", "big5hkscs"])
def test_big5_is_told_from_the_encoding_of_the_mainland(encoding: str) -> None:
    raw = (TRADITIONAL * 20).encode(encoding)
    assert raw.decode(detect_encoding(raw)) == TRADITIONAL * 20


@pytest.mark.parametrize("text", [CHINESE, TRADITIONAL, "唔好意思，聽日先再傾啦，係咁先！\n", "小雨，𠮷野家，㐂\n"])
def test_traditional_characters_in_the_encoding_of_the_mainland_stay_there(text: str) -> None:
    assert detect_encoding((text * 20).encode("gb18030")) == "gb18030"


def test_a_cut_inside_a_character_changes_nothing() -> None:
    for length in range(100, 104):
        assert detect_encoding(CHINESE.encode()[:length]) == "utf-8"
        assert detect_encoding(CHINESE.encode("gb18030")[:length]) == "gb18030"


def test_a_few_wrong_bytes_do_not_make_utf_8_another_encoding() -> None:
    assert detect_encoding(CHINESE.encode() + b"\xff\xfe\xc3" + CHINESE.encode()) == "utf-8"


def test_accents_of_the_west_are_not_taken_for_chinese() -> None:
    text = "[00:01] <jose> el niño está aquí, ¿qué tal? Größe, déjà vu\n"
    assert detect_encoding(text.encode("cp1252") * 5) == "cp1252"


def test_pictures_and_programs_are_no_text() -> None:
    assert detect_encoding(b"\x89PNG\r\n\x1a\n" + bytes(range(32)) * 20) == ""
    assert detect_encoding(b"\x7fELF" + b"\x01\x02\x00\x03" * 100) == ""


def test_the_zeros_a_crash_leaves_do_not_make_a_text_a_program() -> None:
    assert detect_encoding(CHINESE.encode() + bytes(60_000)) == "utf-8"
    assert detect_encoding(bytes(60_000)) == ""


def test_a_file_that_speaks_chinese_only_later_is_read_as_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "late.txt"
    path.write_bytes(b"plain words\n" * 10_000 + CHINESE.encode("gb18030"))
    assert head_of(path).encoding == "utf-8"
    assert settled_encoding(head_of(path)) == "gb18030"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "import.file_empty"),
        (b"Dear diary, nothing happened.\n" * 20, "import.format_unknown"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "import.format_unknown"),
        (b"PK\x05\x06" + bytes(18), "import.format_unknown"),
        (b"PK\x03\x04 not an archive", "import.archive_broken"),
    ],
)
def test_a_file_of_the_wrong_kind_is_refused_by_name(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "日记.txt"
    path.write_bytes(content)
    with pytest.raises(Refused) as refusal:
        recognise(path)
    assert refusal.value.code == code
    assert refusal.value.data["name"] == "日记.txt"


def test_what_is_not_there_or_a_folder_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.txt"):
        with pytest.raises(Refused, match="file_missing"):
            recognise(path)


def test_the_name_of_a_file_plays_no_part(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_bytes("[2023/12/8 下午3:13:07] 甲: 你好\n[2023/12/8 下午3:14:07] 乙: 你好\n".encode())
    assert recognise(path)[0].key == "whatsapp_txt"

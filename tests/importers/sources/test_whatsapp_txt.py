"""WhatsApp's text export; its times are local and the file does not say where."""

# ruff: noqa: DTZ001

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from liuliang.importers.base import Chat, Options
from liuliang.importers.records import (
    ChatRenamed,
    Joined,
    Left,
    Message,
    Person,
    Recalled,
    Record,
    Renamed,
    RoleChanged,
    Unreadable,
)

SAMPLES = Path(__file__).parents[1] / "samples" / "whatsapp_txt"

ReadText = Callable[..., list[Record]]


@pytest.fixture
def read(read_text: ReadText) -> ReadText:
    return lambda text, **more: read_text(text, expected="whatsapp_txt", **more)


def test_chinese_on_an_iphone(read_file: Callable[..., object]) -> None:
    inspection, reads = read_file(SAMPLES / "ios_zh.txt", expected="whatsapp_txt")  # type: ignore[misc]
    fang, lei = Person("王芳"), Person("李雷")
    assert inspection.chats == (Chat("whatsapp", title="家乡美食群"),)
    assert [read.record for read in reads] == [
        Joined(datetime(2023, 12, 8, 15, 13, 7), fang, how="created"),
        ChatRenamed(datetime(2023, 12, 8, 15, 13, 7), fang, "家乡美食群"),
        Joined(datetime(2023, 12, 8, 15, 14), lei, fang, "invite"),
        Message(datetime(2023, 12, 8, 15, 15, 21), lei, "大家好\n第二行"),
        Message(datetime(2023, 12, 8, 23, 59, 59), fang, "", "image"),
        Message(datetime(2023, 12, 9, 0, 0, 5), Person("+86 138 0013 8000", (("phone", "+8613800138000"),)), "半夜了"),
        Message(datetime(2023, 12, 9, 8), Person("路人甲"), "@\u2068李雷\u2069 早", mentions=(lei,)),
        Recalled(datetime(2023, 12, 9, 12, 30), lei),
        Left(datetime(2023, 12, 9, 13), lei),
    ]


@pytest.mark.parametrize("name", ["ios_en.txt", "WhatsApp Chat - Home Cooks.zip"])
def test_english_on_an_iphone_as_text_and_in_its_archive(name: str, read_file: Callable[..., object]) -> None:
    inspection, reads = read_file(SAMPLES / name, expected="whatsapp_txt")  # type: ignore[misc]
    ann, ben = Person("Ann"), Person("Ben")
    assert inspection.chats == (Chat("whatsapp", title="Home Cooks"),)
    assert inspection.date_order == "mdy"
    assert [read.record for read in reads] == [
        Joined(datetime(2023, 12, 8, 15, 13, 7), ann, how="created"),
        ChatRenamed(datetime(2023, 12, 8, 15, 13, 7), ann, "Home Cooks"),
        Joined(datetime(2023, 12, 8, 15, 14), ben, how="link"),
        Message(datetime(2023, 12, 8, 15, 15), ben, "hi: all"),
        Message(datetime(2023, 12, 8, 23, 59, 59), ann, "", "image"),
        Message(datetime(2023, 12, 9, 0, 0, 5), ann, "recipe.pdf", "file"),
        Message(datetime(2023, 12, 13, 9), ann, "", "image"),
        Left(datetime(2023, 12, 13, 9, 1), ben, ann),
        Recalled(datetime(2023, 12, 13, 9, 2), ann),
    ]


def test_english_on_android(read_file: Callable[..., object]) -> None:
    inspection, reads = read_file(SAMPLES / "android_en_24h.txt", expected="whatsapp_txt")  # type: ignore[misc]
    ann, ben, cy = Person("Ann"), Person("Ben"), Person("Cy")
    old = Person("+44 7700 900123", (("phone", "+447700900123"),))
    both = Person("+44 7700 900123", (("phone", "+447700900124"), ("phone", "+447700900123")))
    other = Person("+447700900999", (("phone", "+447700900999"),))
    assert inspection.date_order == "dmy"
    assert [read.record for read in reads] == [
        Joined(datetime(2023, 12, 8, 15, 13), ann, how="created"),
        ChatRenamed(datetime(2023, 12, 8, 15, 13), ann, "Trip: May"),
        Joined(datetime(2023, 12, 8, 15, 14), ben, ann, "invite"),
        Joined(datetime(2023, 12, 8, 15, 14), cy, ann, "invite"),
        Message(datetime(2023, 12, 8, 15, 15), ben, "look at this", "image"),
        Joined(datetime(2023, 12, 9, 9), old, how="link"),
        Message(datetime(2023, 12, 9, 9, 1), old, "hello @447700900999", mentions=(other,)),
        Renamed(datetime(2023, 12, 13, 9, 2), both, "+44 7700 900123", "+44 7700 900124"),
        Recalled(datetime(2023, 12, 13, 9, 3), ann),
        Left(datetime(2023, 12, 13, 9, 4), cy),
    ]


def test_chinese_on_android(read_file: Callable[..., object]) -> None:
    _, reads = read_file(SAMPLES / "android_zh.txt", expected="whatsapp_txt")  # type: ignore[misc]
    records = [read.record for read in reads]
    assert records[2:4] == [
        Joined(datetime(2023, 12, 8, 15, 14), Person(name), Person("王芳"), "invite") for name in ("李雷", "韩梅梅")
    ]
    assert records[-1] == RoleChanged(datetime(2023, 12, 9, 9, 3), Person("韩梅梅"), "admin")
    assert Message(datetime(2023, 12, 8, 15, 16), Person("韩梅梅"), "", "other") in records


def test_the_date_order_is_decided_by_the_whole_file_and_can_be_corrected(read: ReadText) -> None:
    text = "5/6/23, 10:00 - A: one\n5/7/23, 10:00 - A: two\n5/13/23, 10:00 - A: three\n"
    assert [record.at.day for record in read(text) if isinstance(record, Message)] == [6, 7, 13]
    records = read(text, options=Options(date_order="dmy"))
    assert [record.at.month for record in records if isinstance(record, Message)] == [6, 7]
    assert records[-1] == Unreadable(3, "bad_date", "5/13/23, 10:00 - A: three")


def test_what_continues_a_message_is_part_of_it_whatever_it_looks_like(read: ReadText) -> None:
    body = "list:\n- one\n1. two - three\n[note] four: five\n\n8 - six"
    assert read(f"08/12/2023, 15:13 - Ann: {body}\n13/12/2023, 15:14 - Ben: ok\n") == [
        Message(datetime(2023, 12, 8, 15, 13), Person("Ann"), body),
        Message(datetime(2023, 12, 13, 15, 14), Person("Ben"), "ok"),
    ]


def test_a_person_saying_that_somebody_left_removes_nobody(read: ReadText) -> None:
    records = read("13/12/2023, 15:13 - Ann: Ben left\n13/12/2023, 15:14 - Ann: Bob added Cy\n")
    assert [type(record) for record in records] == [Message, Message]


@pytest.mark.parametrize(
    ("text", "kind", "rest"),
    [
        ("<Media omitted>", "other", ""),
        ("<省略多媒体文件>", "other", ""),
        ("<Multimedia omitido>", "other", ""),
        ("\u200evideo omitted", "video", ""),
        ("\u200eaudio omitted", "voice", ""),
        ("\u200esticker omitted", "sticker", ""),
        ("\u200eContact card omitted", "card", ""),
        ("\u200e贴图已忽略", "sticker", ""),
        ("\u200e<attached: 00000012-AUDIO-2023-12-08-15-13-07.opus>", "voice", ""),
        ("价目表.pdf • \u200e2页 \u200e文档已忽略", "file", "价目表.pdf"),
        ("\u200eprices.pdf <attached: 00000013-prices.pdf>", "file", "00000013-prices.pdf"),
        ("IMG-20231208-WA0001.jpg (file attached)", "image", ""),
        ("PTT-20231208-WA0002.opus (文件附件)", "voice", ""),
        (
            "location: https://maps.google.com/?q=31.2,121.5",
            "location",
            "location: https://maps.google.com/?q=31.2,121.5",
        ),
        ("\u200eMissed voice call", "call", "Missed voice call"),
        ("see you <3>", "text", "see you <3>"),
        ("(ok)", "text", "(ok)"),
        ("fixed it \u200e<This message was edited>", "text", "fixed it"),
    ],
)
def test_what_is_no_text_is_told_by_its_stand_in(read: ReadText, text: str, kind: str, rest: str) -> None:
    (record, _) = read(f"[2023/12/8 下午3:13:07] 甲: {text}\n[2023/12/8 下午3:14:07] 甲: 好\n")
    assert isinstance(record, Message)
    assert (record.type, record.text) == (kind, rest)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("WhatsApp Chat with Home Cooks.txt", "Home Cooks"),
        ("与家乡美食群的 WhatsApp 聊天.txt", "家乡美食群"),
        ("Chat de WhatsApp con Cocina.txt", "Cocina"),
        ("WhatsApp Chat with 读书群 (2).txt", "读书群"),
        ("WhatsApp 与群聊的聊天记录 - 读书群.txt", "读书群"),
        ("WhatsApp 聊天 - 读书群.txt", "读书群"),
        ("读书群.txt", "读书群"),
        ("晨跑打卡 (1).txt", "晨跑打卡"),
        ("Book club 2026.txt", "Book club 2026"),
        ("_chat.txt", ""),
        ("chat(3).txt", ""),
        ("WhatsApp.txt", ""),
        ("whatsapp-export_2026-03-01.txt", ""),
        ("WhatsApp 聊天记录.txt", ""),
        ("聊天记录导出.txt", ""),
    ],
)
def test_the_title_is_in_the_name_of_the_file(
    tmp_path: Path, read_file: Callable[..., object], name: str, title: str
) -> None:
    path = tmp_path / name
    path.write_text("2023/12/8 15:13 - 甲: 好\n2023/12/8 15:14 - 乙: 好\n", encoding="utf-8")
    inspection, _ = read_file(path, expected="whatsapp_txt")  # type: ignore[misc]
    assert inspection.chats == (Chat("whatsapp", title=title, is_group=False),)


def test_bad_lines_are_reported_and_the_rest_is_read(read: ReadText) -> None:
    records = read(
        "tail of something\nmore of it\n2023/12/8 15:13 - 甲: 好\n2023/13/45 15:13 - 甲: 丢了\n还是丢了\n"
        "2023/12/9 15:13 - 甲: 还在\x00\x07\u202e\n2023/12/9 15:14 - 甲:\n"
    )
    assert records == [
        Unreadable(1, "no_header", "tail of something"),
        Message(datetime(2023, 12, 8, 15, 13), Person("甲"), "好"),
        Unreadable(4, "bad_date", "2023/13/45 15:13 - 甲: 丢了"),
        Message(datetime(2023, 12, 9, 15, 13), Person("甲"), "还在\x07\u202e"),
        Message(datetime(2023, 12, 9, 15, 14), Person("甲"), ""),
    ]


@pytest.mark.parametrize(
    ("good", "broken"),
    [
        ("[2023/12/8 下午3:13:07] ", "[2023/12/8 下午3:1x:07] "),
        ("[2023/12/8 下午3:13:07] ", "\u200e[2O23/12/8 下午3:13:07] "),
        ("[2023/12/8 下午3:13:07] ", "[2023/12/8 下午3:13:07 "),
        ("2023/12/8 15:13 - ", "2023/1\ufffd/8 15:13 - "),
        ("08/12/2023, 15:13 - ", "08/12/2023, 15:l3 - "),
    ],
)
def test_a_line_with_a_broken_stamp_is_told_and_not_put_into_the_mouth_of_the_one_before(
    read: ReadText, good: str, broken: str
) -> None:
    records = read(f"{good}甲: 一\n二\n{broken}乙: 丢了\n还是丢了\n{good}丙: 三\n")
    said = [(record.sender.name, record.text) for record in records if isinstance(record, Message)]
    assert said == [("甲", "一\n二"), ("丙", "三")]
    [told] = [record for record in records if isinstance(record, Unreadable)]
    assert (told.line, told.reason) == (3, "bad_date")
    assert told.excerpt.endswith("乙: 丢了")


@pytest.mark.parametrize(
    "line",
    [
        "[2023/12/8 下午3:1x:07] 丁: 别的手机的记录", "2023/12/8 - 开会: 三点", "2023/12/8: 开会", "[1] 第一: 好", "[12:30] 丁: 好",
        "1. two - three: four", "2023/12/8 15:1x 出发: 集合",
    ],
)  # fmt: skip
def test_what_people_write_of_days_and_times_stays_in_their_message(read: ReadText, line: str) -> None:
    assert read(f"2023/12/8 15:13 - 甲: 一\n{line}\n2023/12/8 15:14 - 乙: 二\n") == [
        Message(datetime(2023, 12, 8, 15, 13), Person("甲"), f"一\n{line}"),
        Message(datetime(2023, 12, 8, 15, 14), Person("乙"), "二"),
    ]


def test_an_archive_that_breaks_off_inside_its_text_is_read_up_to_there_and_told(
    tmp_path: Path, read_file: Callable[..., object]
) -> None:
    path = tmp_path / "WhatsApp Chat - Cooks.zip"
    lines = [f"[2023/12/8 15:{n // 60:02}:{n % 60:02}] 甲: {n * 7919} {n * 104729}\n" for n in range(3_000)]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_chat.txt", "".join(lines))
    raw = bytearray(path.read_bytes())
    raw[len(raw) * 9 // 10 : len(raw) * 9 // 10 + 20] = b"\xff" * 20
    path.write_bytes(raw)
    _, reads = read_file(path, expected="whatsapp_txt")  # type: ignore[misc]
    records = [read.record for read in reads]
    assert isinstance(records[0], Message)
    assert [record.reason for record in records if isinstance(record, Unreadable)][-1] == "archive_broken"


def test_what_was_said_of_the_title_counts_more_than_a_name_that_somebody_gave_the_file(
    tmp_path: Path, read_file: Callable[..., object]
) -> None:
    path = tmp_path / "备份三月.txt"
    said = "2023/12/8 15:13 - 甲: 好\n2023/12/8 15:14 - 甲将群组名称更改为“读书群”\n2023/12/8 15:15 - 乙: 好\n"
    path.write_text(said, encoding="utf-8")
    inspection, _ = read_file(path, expected="whatsapp_txt")  # type: ignore[misc]
    assert inspection.chats == (Chat("whatsapp", title="读书群"),)

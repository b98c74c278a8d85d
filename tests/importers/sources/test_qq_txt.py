"""QQ's text export; its times are local and the file does not say where."""

# ruff: noqa: DTZ001

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from liuliang.importers.base import Chat
from liuliang.importers.records import Joined, Left, Message, Person, Recalled, Record, RoleChanged, Unreadable

SAMPLES = Path(__file__).parents[1] / "samples" / "qq_txt"
TITLE = "消息记录（此消息记录为文本格式，不支持重新导入）\n\n"

ReadText = Callable[..., list[Record]]


def qq(number: int, name: str) -> Person:
    return Person(name=name, identities=(("qq", str(number)),))


@pytest.fixture
def read(read_text: ReadText) -> ReadText:
    return lambda text: read_text(text, expected="qq_txt")


@pytest.mark.parametrize("name", ["group.txt", "group_gb18030.txt", "group_utf16.txt"])
def test_the_whole_group_is_read_in_every_encoding(name: str, read_file: Callable[..., object]) -> None:
    inspection, reads = read_file(SAMPLES / name, expected="qq_txt")  # type: ignore[misc]
    boss, man, mu = qq(10001, "书店老板"), qq(20002, "小满"), qq(30003, "阿木(木工)")
    mail = Person("阿木(木工)", (("email", "amu@example.com"),))
    assert inspection.chats == (Chat("qq", title="周末读书会"),)
    assert [read.record for read in reads] == [
        RoleChanged(datetime(2019, 7, 16, 18, 15, 5), boss, "owner"),
        Message(datetime(2019, 7, 16, 18, 15, 5), boss, "欢迎大家，这周读《平凡的世界》"),
        Joined(datetime(2019, 7, 16, 18, 15, 40), man, boss, "invite"),
        Message(datetime(2019, 7, 16, 18, 16, 2), man, "大家好！\n我是小满，\n第二行后面有空行\n\n还有第四行"),
        RoleChanged(datetime(2019, 7, 16, 9, 5, 11), mu, "admin"),
        Message(datetime(2019, 7, 16, 9, 5, 11), mu, "", "image"),
        Message(datetime(2019, 7, 17, 9, 5, 12), mail, "@小满 你好", mentions=(man,)),
        Message(datetime(2019, 7, 17, 9, 6), qq(40004, "40004"), "[图片]这张是谁拍的"),
        Recalled(datetime(2019, 7, 17, 9, 7), Person("阿木")),
        Left(datetime(2019, 7, 17, 9, 8), man),
    ]


def test_twelve_hour_clocks_are_read_in_both_languages(read_file: Callable[..., object]) -> None:
    _, reads = read_file(SAMPLES / "twelve_hours.txt", expected="qq_txt")  # type: ignore[misc]
    assert [(read.record.at.day, read.record.at.hour, read.record.at.minute) for read in reads] == [
        (23, 20, 43), (24, 0, 0), (24, 12, 30), (24, 15, 13), (24, 15, 14), (24, 20, 49),
    ]  # fmt: skip


def test_a_file_may_hold_several_chats_and_friends_have_no_numbers(read_file: Callable[..., object]) -> None:
    inspection, reads = read_file(SAMPLES / "two_chats.txt", expected="qq_txt")  # type: ignore[misc]
    assert inspection.chats == (Chat("qq", title="一群"), Chat("qq", title="乙", is_group=False))
    assert [(read.chat.title, read.record.sender.name, read.record.text) for read in reads] == [
        ("一群", "甲", "一群的话"),
        ("乙", "乙", "好友没有号码"),
        ("乙", "甲", "是的，例如\n2020-01-01 12:00:00 这一行不是消息头"),
        ("乙", "乙", "好"),
    ]


def test_a_file_without_preamble_is_known_by_its_headers(read: ReadText) -> None:
    assert read("2020-03-04 12:12:29 AM 礼(852649)\n1\n\n2020-03-04 12:12:39 AM kp(100550)\n2\n") == [
        Message(datetime(2020, 3, 4, 0, 12, 29), qq(852649, "礼"), "1"),
        Message(datetime(2020, 3, 4, 0, 12, 39), qq(100550, "kp"), "2"),
    ]


def test_the_number_is_in_the_last_brackets(read: ReadText) -> None:
    assert read(TITLE + "2020-01-01 8:00:00 阿木(1990)(木)(30003)\n好\n") == [
        Message(datetime(2020, 1, 1, 8), qq(30003, "阿木(1990)(木)"), "好")
    ]


def test_talk_of_a_date_is_no_header_in_a_group(read: ReadText) -> None:
    text = "会议安排\n\n2020-01-02 09:00:00 开会\n2020-01-02 (周四) 散会"
    assert read(TITLE + f"2020-01-01 08:00:00 甲(11111)\n{text}\n") == [
        Message(datetime(2020, 1, 1, 8), qq(11111, "甲"), text)
    ]


def test_a_join_before_the_first_word_finds_the_number(read: ReadText) -> None:
    records = read(
        TITLE + "2020-01-01 08:00:00 系统消息(10000)\n小满加入本群。\n\n2020-01-01 09:00:00 小满(20002)\n我来了\n"
    )
    assert records[0] == Joined(datetime(2020, 1, 1, 8), qq(20002, "小满"))


def test_a_name_two_people_share_is_left_a_name(read: ReadText) -> None:
    records = read(
        TITLE + "2020-01-01 08:00:00 小满(20002)\n我\n\n2020-01-01 08:00:01 小满(20003)\n我也是\n\n"
        "2020-01-01 09:00:00 系统消息(10000)\n小满退出了本群。\n"
    )
    assert records[-1] == Left(datetime(2020, 1, 1, 9), Person("小满"))


def test_anonymous_members_share_no_number(read: ReadText) -> None:
    assert read(TITLE + "2020-01-01 08:00:00 (80000000)\n悄悄话\n") == [
        Message(datetime(2020, 1, 1, 8), Person("匿名"), "悄悄话")
    ]


def test_roles_are_told_once_and_again_when_they_change(read: ReadText) -> None:
    head = "2020-01-01 08:00:0{} {}甲(11111)\n话\n\n"
    badges = ["", "【管理员】", "【管理员】", "", "【群主】"]
    records = read(TITLE + "".join(head.format(n, badge) for n, badge in enumerate(badges)))
    assert [record.role for record in records if isinstance(record, RoleChanged)] == ["admin", "", "owner"]


@pytest.mark.parametrize(
    ("text", "kind", "rest"),
    [
        ("[图片]", "image", ""),
        ("[图片][图片]", "image", ""),
        ("[图片]好看", "text", "[图片]好看"),
        ("[表情]", "sticker", ""),
        ("[分享]新书上架", "link", "新书上架"),
        ("[文件]价目表.xlsx", "file", "价目表.xlsx"),
        ("[QQ红包]恭喜发财", "red_packet", "恭喜发财"),
        ("[语音]", "voice", ""),
        ("[未知]什么", "text", "[未知]什么"),
        ("[", "text", "["),
    ],
)
def test_labels_tell_what_a_text_file_cannot_hold(read: ReadText, text: str, kind: str, rest: str) -> None:
    (record,) = read(TITLE + f"2020-01-01 08:00:00 甲(11111)\n{text}\n")
    assert isinstance(record, Message)
    assert (record.type, record.text) == (kind, rest)


def test_a_day_that_never_was_is_reported_with_its_line_and_the_rest_is_read(read: ReadText) -> None:
    records = read(
        TITLE + "2019-02-30 18:15:05 甲(11111)\n丢了\n\n2019-03-01 25:00:00 甲(11111)\n也丢了\n\n"
        "2019-03-01 10:00:00 甲(11111)\n还在\n"
    )
    assert records == [
        Unreadable(3, "bad_date", "2019-02-30 18:15:05 甲(11111)"),
        Unreadable(6, "bad_date", "2019-03-01 25:00:00 甲(11111)"),
        Message(datetime(2019, 3, 1, 10), qq(11111, "甲"), "还在"),
    ]


def test_a_file_that_begins_in_the_middle_says_so_once(read: ReadText) -> None:
    records = read("上一条消息的后半句\n又一句\n2020-01-01 08:00:00 甲(11111)\n话\n")
    assert records[0] == Unreadable(1, "no_header", "上一条消息的后半句")
    assert len(records) == 2


def test_names_may_be_long_and_odd(read: ReadText) -> None:
    names = ["长" * 10_000, "👨‍👩‍👧 家", "\u202eeman", "a\tb", "<b>", "=cmd()", "%s"]
    head = "2020-01-01 08:00:00 {}({})\n话\n\n"
    records = read(TITLE + "".join(head.format(name, 10000 + n) for n, name in enumerate(names, 1)))
    assert [record.sender for record in records if isinstance(record, Message)] == [
        qq(10000 + n, name) for n, name in enumerate(names, 1)
    ]


def test_wrong_bytes_in_the_middle_cost_one_warning_and_no_message(read: ReadText) -> None:
    raw = (TITLE + "2020-01-01 08:00:00 甲(11111)\n好@@话\n\n2020-01-01 08:00:01 乙(22222)\n话\n").encode()
    records = read(raw.replace(b"@@", b"\xff\xfe"))
    assert [type(record) for record in records] == [Unreadable, Message, Message]
    assert records[0] == Unreadable(4, "bad_encoding", "好\ufffd\ufffd话")


def test_a_message_of_many_megabytes_is_cut(read: ReadText) -> None:
    records = read(TITLE + "2020-01-01 08:00:00 甲(11111)\n" + "一行很长的话\n" * 300_000)
    assert [record.reason for record in records if isinstance(record, Unreadable)] == ["message_too_long"]
    assert [len(record.text) <= 1 << 20 for record in records if isinstance(record, Message)] == [True]


@pytest.mark.timeout(20)
def test_a_line_of_blanks_takes_no_time_however_long_it_is(read: ReadText) -> None:
    said = f"2026-03-01 08:00:00 a{' ' * 300_000}b"
    records = read(f"{TITLE}2026-03-01 08:00:00 小明(10001)\n{said}\n")
    assert [len(record.text) for record in records if isinstance(record, Message)] == [len(said)]

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from liuliang.importers.base import Chat
from liuliang.importers.records import Joined, Left, Message, Person, Record, Unreadable

SAMPLES = Path(__file__).parents[1] / "samples" / "qq_exporter_json"
START = 1_704_074_400


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(START + seconds, UTC)


def qq(name: str, number: int) -> Person:
    return Person(name, (("qq", str(number)),))


def number(n: int) -> str:
    return f"730000000000000000{n}"


SELF, MING, HONG, LU = qq("群主", 10001), qq("阿明", 20002), qq("小红", 30003), qq("路人", 40004)


@pytest.fixture
def read(read_text: Callable[..., list[Record]]) -> Callable[..., list[Record]]:
    def read(**changes: object) -> list[Record]:
        plain = {"id": "1", "timestamp": START * 1000, "sender": {"uid": "u", "uin": "20002", "name": "阿明"}}
        one = {**plain, "type": "text", "content": {"text": "hi"}, "recalled": False, "system": False, **changes}
        whole = {"chatInfo": {"name": "群", "type": "group", "selfUin": "10001", "selfName": "群主"}, "messages": [one]}
        return read_text(json.dumps(whole), expected="qq_exporter_json", name="群.json")

    return read


def test_version_5(read_file: Callable[..., Any]) -> None:
    inspection, reads = read_file(SAMPLES / "v5.json", expected="qq_exporter_json")
    assert inspection.chats == (Chat("qq", "123456789", "摄影交流"),)
    assert inspection.timezone_known
    assert [read.record for read in reads] == [
        Joined(at(0), HONG, MING, "invite", number(1)),
        Message(at(60), MING, "大家好", "text", number(2)),
        Message(at(120), HONG, "欢迎 @阿明 ", "text", number(3), number(2), (MING,)),
        Message(at(180), HONG, "", "image", number(4)),
        Message(at(240), HONG, "合影.zip", "file", number(5)),
        Message(at(300), LU, "广告", "text", number(6), is_recalled=True),
        Left(at(360), LU, SELF, number(7)),
        Message(at(420), SELF, "", "voice", number(8)),
    ]


def test_version_3(read_file: Callable[..., Any]) -> None:
    inspection, reads = read_file(SAMPLES / "v3.json", expected="qq_exporter_json")
    assert inspection.chats == (Chat("qq", "", "摄影交流"),)
    hong = Person("", (("qq", "30003"),))
    assert [read.record for read in reads] == [
        Message(at(0), MING, "第一条", "text", number(1)),
        Message(at(60), hong, "@阿明 收到", "text", number(2), number(1), (MING,)),
        Left(at(120), Person("小红"), None, number(3)),
    ]


@pytest.mark.parametrize(("name", "texts"), [("chunks.json", ["甲", "乙"]), ("chunk.jsonl", ["一行一条", ""])])
def test_chunks_and_lines(read_file: Callable[..., Any], name: str, texts: list[str]) -> None:
    _, reads = read_file(SAMPLES / name, expected="qq_exporter_json")
    assert [read.record.text for read in reads] == texts


@pytest.mark.parametrize(
    ("text", "kind", "left"),
    [
        ("[图片: a.jpg]", "image", ""), ("[图片]看这个", "text", "[图片]看这个"), ("[动画表情]", "sticker", ""), ("[表情14][表情14]", "sticker", ""),
        ("[语音:3秒]", "voice", ""), ("[视频:b.mp4]", "video", ""), ("[文件:c.pdf]", "file", "c.pdf"), ("[文件]c.pdf", "file", "c.pdf"),
        ("[回复消息]好的", "text", "好的"), ("[红包]恭喜", "red_packet", "恭喜"), ("[不是标签]好", "text", "[不是标签]好"),
    ],
)  # fmt: skip
def test_labels_say_what_is_not_text(read: Callable[..., list[Record]], text: str, kind: str, left: str) -> None:
    (record,) = read(content={"text": text})
    assert isinstance(record, Message)
    assert (record.type, record.text) == (kind, left)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"timestamp": None}, "bad_date"),
        ({"timestamp": "2024-02-31T00:00:00Z"}, "bad_date"),
        ({"sender": None}, "no_sender"),
        ({"sender": {"uid": None, "uin": 0, "name": []}}, "no_sender"),
    ],
)
def test_a_message_that_cannot_be_read_is_told(
    read: Callable[..., list[Record]], changes: dict[str, object], reason: str
) -> None:
    (wrong,) = read(**changes)
    assert isinstance(wrong, Unreadable)
    assert wrong.reason == reason


def test_who_has_no_number_is_known_by_the_opaque_id(read: Callable[..., list[Record]]) -> None:
    (record,) = read(sender={"uid": "u_x", "uin": "0", "name": "匿名"})
    assert record.sender == Person("匿名", (("qq_uid", "u_x"),))  # type: ignore[union-attr]


def test_what_the_exporter_did_is_theirs(read: Callable[..., list[Record]]) -> None:
    (record,) = read(system=True, content={"text": "你邀请小红加入了群聊"})
    assert record == Joined(at(0), Person("小红"), SELF, "invite", "1")

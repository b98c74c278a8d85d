from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from liuliang.importers.base import Chat
from liuliang.importers.records import Joined, Left, Message, Person, Record, Unreadable

SAMPLES = Path(__file__).parents[1] / "samples" / "chatlog_json"
START = 1_704_074_400


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(START + seconds, UTC)


def wx(name: str, wxid: str) -> Person:
    return Person(name, (("wxid", wxid),))


SELF, MING, HONG = wx("店长", "wxid_self"), wx("阿明", "wxid_ming"), wx("小红", "wxid_hong")


@pytest.fixture
def read(read_text: Callable[..., list[Record]]) -> Callable[..., list[Record]]:
    def read(**changes: object) -> list[Record]:
        plain = {"seq": START * 1000, "time": "2024-01-01T10:00:00+08:00", "talker": "1@chatroom", "talkerName": "群"}
        who = {"isChatRoom": True, "sender": "wxid_ming", "senderName": "阿明", "isSelf": False}
        one = {**plain, **who, "type": 1, "subType": 0, "content": "hi", **changes}
        return read_text(json.dumps([one]), expected="chatlog_json", name="群.json")

    return read


def test_several_chats_in_one_array(read_file: Callable[..., Any]) -> None:
    inspection, reads = read_file(SAMPLES / "chatlog.json", expected="chatlog_json")
    room = Chat("wechat", "34567890123@chatroom", "豆友会")
    assert inspection.chats == (room, Chat("wechat", "wxid_ming", "阿明", is_group=False))
    number = "1704074{}000".format
    assert [(read.chat.key, read.record) for read in reads] == [
        (room.key, Joined(at(0), HONG, MING, "invite", number(400))),
        (room.key, Message(at(60), MING, "大家好", "text", number(460))),
        (room.key, Message(at(61), SELF, "", "image", number(461))),
        (room.key, Message(at(62), HONG, "同意", "text", number(462), number(460))),
        (room.key, Message(at(63), HONG, "冲煮指南", "link", number(463))),
        (room.key, Left(at(64), HONG, SELF, number(464))),
        ("wxid_ming", Message(at(70), MING, "", "video", number(470))),
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"time": "2024-02-31T10:00:00+08:00", "seq": None}, "bad_date"),
        ({"time": None, "seq": 0}, "bad_date"),
        ({"sender": None, "senderName": None}, "no_sender"),
        ({"sender": "系统消息"}, "no_sender"),
    ],
)
def test_a_message_that_cannot_be_read_is_told(
    read: Callable[..., list[Record]], changes: dict[str, object], reason: str
) -> None:
    (wrong,) = read(**changes)
    assert isinstance(wrong, Unreadable)
    assert wrong.reason == reason


def test_the_sequence_number_tells_the_time_where_the_time_does_not(read: Callable[..., list[Record]]) -> None:
    (record,) = read(time="")
    assert record.at == at(0)  # type: ignore[union-attr]


def test_fields_of_the_wrong_type_do_no_harm(read: Callable[..., list[Record]]) -> None:
    (record,) = read(content=["x"], contents="y", subType={}, type="1")
    assert record == Message(at(0), MING, "", "text", str(START * 1000))

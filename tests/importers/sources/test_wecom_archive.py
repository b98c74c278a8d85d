from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from liuliang.importers.base import Chat
from liuliang.importers.records import Message, Person, Recalled, Record, Unreadable

SAMPLES = Path(__file__).parents[1] / "samples" / "wecom_archive"
START = 1_704_074_400_123
XU, KEN = Person(identities=(("wecom", "XuJinSheng"),)), Person(identities=(("wecom", "kenshin"),))
OUTSIDER = Person(identities=(("wecom_external", "wmErxtDgAA9AW32YyyuYRimKr7D1KWlw"),))
ROOM = Chat("wecom", "wrRoom")


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp((START + 1000 * seconds) / 1000, UTC)


@pytest.fixture
def read(read_text: Callable[..., list[Record]]) -> Callable[..., list[Record]]:
    def read(**changes: object) -> list[Record]:
        plain = {"msgid": "1", "action": "send", "from": "kenshin", "tolist": ["x"], "roomid": "r", "msgtime": START}
        one = {**plain, "msgtype": "text", "text": {"content": "hi"}, **changes}
        return read_text(json.dumps([one]), expected="wecom_archive", name="a.json")

    return read


def test_messages_in_lines(read_file: Callable[..., Any]) -> None:
    inspection, reads = read_file(SAMPLES / "messages.jsonl", expected="wecom_archive")
    assert inspection.chats == (ROOM,)
    assert inspection.timezone_known
    assert [read.record for read in reads] == [
        Message(at(0), XU, "大家好", "text", "1"),
        Message(at(1), OUTSIDER, "邀请你加入群聊", "link", "2_external"),
        Recalled(at(2), XU, "1", "3"),
        Message(at(4), KEN, "图文", "text", "5"),
        Message(at(5), KEN, "恭喜发财，大吉大利", "red_packet", "6"),
        Message(at(6), KEN, "**加粗**", "text", "7"),
    ]


def test_messages_in_what_they_came_in(read_file: Callable[..., Any]) -> None:
    inspection, reads = read_file(SAMPLES / "chatdata.json", expected="wecom_archive")
    pair = Chat("wecom", "XuJinSheng,icefog", is_group=False)
    room = Chat("wecom", "wrErxtDgAA0jgXE5VVVVVVVVVVVVVVVV")
    assert inspection.chats == (pair, room)
    assert [(read.chat, read.record) for read in reads] == [
        (pair, Message(at(0), XU, '这是一条"单聊"消息', "text", "CAQQluDa4QUY0On2rYSAgAMgzPrShAE=")),
        (room, Message(at(1), OUTSIDER, "", "image", "b1_external")),
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"msgtime": None}, "bad_date"),
        ({"msgtime": 10**30}, "bad_date"),
        ({"from": None}, "no_sender"),
        ({"from": ["x"]}, "no_sender"),
        ({"msgtype": None}, "bad_type"),
    ],
)
def test_a_message_that_cannot_be_read_is_told(
    read: Callable[..., list[Record]], changes: dict[str, object], reason: str
) -> None:
    (wrong,) = read(**changes)
    assert isinstance(wrong, Unreadable)
    assert wrong.reason == reason


def test_what_is_still_encrypted_is_told(read_text: Callable[..., list[Record]]) -> None:
    locked = {"chatdata": [{"seq": 1, "msgid": "1", "encrypt_random_key": "x", "encrypt_chat_msg": "y"}]}
    (wrong,) = read_text(json.dumps(locked), expected="wecom_archive", name="a.json")
    assert isinstance(wrong, Unreadable)
    assert wrong.reason == "encrypted"


@pytest.mark.parametrize(
    ("sort", "body", "kind", "text"),
    [
        ("file", {"filename": "a.pdf"}, "file", "a.pdf"), ("weapp", {"title": "点单"}, "mini_program", "点单"),
        ("vote", {"votetitle": "去哪"}, "poll", "去哪"), ("location", {"address": "上海"}, "location", "上海"),
        ("chatrecord", {"title": "聊天记录", "item": []}, "forward", "聊天记录"), ("emotion", {}, "sticker", ""),
        ("calendar", {"title": "例会"}, "other", "例会"), ("text", "no object", "text", ""), ("mixed", {"item": None}, "text", ""),
    ],
)  # fmt: skip
def test_every_sort_of_message(
    read: Callable[..., list[Record]], sort: str, body: object, kind: str, text: str
) -> None:
    (record,) = read(**{"text": None, "msgtype": sort, sort: body})
    assert isinstance(record, Message)
    assert (record.type, record.text) == (kind, text)

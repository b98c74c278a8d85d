from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from liuliang.importers.base import Chat
from liuliang.importers.records import ChatRenamed, Joined, Left, Message, Person, Recalled, Record, Unreadable

SAMPLES = Path(__file__).parents[1] / "samples" / "weflow_json"
CHAT = Chat("wechat", "34567890123@chatroom", "豆友会")
START = 1_704_074_400


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(START + seconds, UTC)


def wx(name: str, wxid: str) -> Person:
    return Person(name, (("wxid", wxid),))


SELF, MING, HONG = wx("店长", "wxid_self"), wx("阿明", "wxid_ming"), wx("小红", "wxid_hong")
WANG = Person("老王")


@pytest.fixture
def read(read_text: Callable[..., list[Record]]) -> Callable[..., list[Record]]:
    def read(**changes: object) -> list[Record]:
        plain = {"localId": 1, "createTime": START, "type": "文本消息", "content": "hi", "isSend": 0}
        one = {**plain, "senderUsername": "wxid_ming", "senderDisplayName": "阿明", **changes}
        whole = {"weflow": {}, "session": {"wxid": "1@chatroom", "type": "群聊"}, "messages": [one]}
        return read_text(json.dumps(whole), expected="weflow_json", name="群.json")

    return read


def test_weflow_with_the_notices_of_wechat(read_file: Callable[..., Any]) -> None:
    inspection, reads = read_file(SAMPLES / "weflow.json", expected="weflow_json")
    assert inspection.chats == (CHAT,)
    assert inspection.timezone_known
    assert [read.record for read in reads] == [
        Joined(at(0), MING, SELF, "invite"),
        Joined(at(0), HONG, SELF, "invite"),
        Message(at(60), SELF, "欢迎新朋友", "text", "8800000000000000001"),
        Message(at(70), MING, "谢谢店长", "text", "8800000000000000002", "8800000000000000001"),
        Message(at(80), HONG, "", "image"),
        Message(at(90), HONG, "", "voice"),
        Message(at(100), HONG, "", "sticker"),
        Message(at(110), MING, "菜单.pdf", "file"),
        Joined(at(120), WANG, MING, "code"),
        Recalled(at(130), MING),
        ChatRenamed(at(140), SELF, "豆友会"),
        Left(at(150), WANG, SELF),
        Message(at(160), SELF, "恭喜发财", "red_packet"),
    ]


def test_a_member_who_is_named_as_the_chat_is_known_by_name(read_text: Callable[..., list[Record]]) -> None:
    def one(kind: str, sender: str, text: str) -> dict[str, object]:
        said = {"createTime": START, "type": kind, "content": text, "isSend": None}
        return {**said, "senderUsername": sender, "senderDisplayName": "豆友会"}

    messages = [one("文本消息", "wxid_dou", "hi"), one("系统消息", CHAT.key, '"豆友会"通过扫描二维码加入群聊')]
    whole = {"weflow": {}, "session": {"wxid": CHAT.key, "type": "群聊"}, "messages": messages}
    _, joined = read_text(json.dumps(whole), expected="weflow_json", name="群.json")
    assert isinstance(joined, Joined)
    assert joined.member == wx("豆友会", "wxid_dou")


def test_echotrace(read_file: Callable[..., Any]) -> None:
    inspection, reads = read_file(SAMPLES / "echotrace.json", expected="weflow_json")
    assert inspection.chats == (CHAT,)
    assert [read.record for read in reads] == [Message(at(60), SELF, "欢迎"), Message(at(70), MING, "", "location")]


def test_the_compact_form_has_its_senders_in_a_table(read_file: Callable[..., Any]) -> None:
    _, reads = read_file(SAMPLES / "arkme.json", expected="weflow_json")
    assert [read.record for read in reads] == [
        Message(at(60), SELF, "欢迎"),
        Message(at(70), MING, "你好"),
        Recalled(at(80), SELF),
    ]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("文本消息", "text"), ("引用消息", "text"), ("图片消息", "image"), ("语音消息", "voice"), ("视频消息", "video"), ("动画表情", "sticker"),
        ("位置消息", "location"), ("名片消息", "card"), ("通话消息", "call"), ("语音通话", "call"), ("文件消息", "file"), ("卡片式链接", "link"),
        ("小程序分享", "mini_program"), ("红包卡片", "red_packet"), ("转账卡片", "transfer"), ("聊天记录", "forward"), ("音乐分享", "music"),
        ("视频号动态", "link"), ("其他消息", "other"), ("将来才有的消息", "other"),
    ],
)  # fmt: skip
def test_the_name_of_a_type_says_what_a_message_is(read: Callable[..., list[Record]], name: str, kind: str) -> None:
    (record,) = read(type=name, content="")
    assert isinstance(record, Message)
    assert record.type == kind


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"createTime": None}, "bad_date"),
        ({"createTime": "soon"}, "bad_date"),
        ({"createTime": -5}, "bad_date"),
        ({"createTime": 10**40}, "bad_date"),
        ({"senderUsername": None, "senderDisplayName": None}, "no_sender"),
        ({"senderUsername": "", "senderDisplayName": 5}, "no_sender"),
    ],
)
def test_a_message_that_cannot_be_read_is_told(
    read: Callable[..., list[Record]], changes: dict[str, object], reason: str
) -> None:
    (wrong,) = read(**changes)
    assert isinstance(wrong, Unreadable)
    assert (wrong.line, wrong.reason) == (1, reason)


def test_a_voice_that_was_written_down_keeps_its_words(read: Callable[..., list[Record]]) -> None:
    assert read(type="语音消息", content="明天见") == [Message(at(0), MING, "明天见", "voice")]
    assert read(type="语音消息", content="media/voices/1.wav") == [Message(at(0), MING, "", "voice")]


def test_a_number_of_the_export_is_no_id_of_a_message(read: Callable[..., list[Record]]) -> None:
    (record,) = read(localId=77)
    assert record.message_id == ""  # type: ignore[union-attr]

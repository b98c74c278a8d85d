"""WeChat: the JSON of WeFlow and of EchoTrace, from which it came.

``{weflow, session, messages}``; EchoTrace writes no ``weflow``, and WeFlow's compact form ("arkme") puts the senders into a
table. ``localId`` is counted anew for every export, so it is no id of a message; ``platformMessageId``, where it is given,
is. ``localType`` is unreliable for what an app shares: ``type``, a Chinese name, decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from liuliang.importers.base import Chat, Head, Inspection, Options, Read
from liuliang.importers.fields import (
    People,
    accounts_by_name,
    first_match,
    instant_of,
    mapping,
    sequence,
    text_of,
)
from liuliang.importers.head import settled_encoding
from liuliang.importers.jsonstream import read_json
from liuliang.importers.records import Message, MessageType, Person, Record
from liuliang.importers.text import unreadable
from liuliang.importers.wechat_sentences import parse
from liuliang.importers.wechat_types import SYSTEM

_STRING = r'"((?:[^"\\]|\\.)*)"'
# The chat itself is the sender of notices, under its title, which a member may have for a name.
_ACCOUNTS = re.compile(
    r'"senderUsername"\s*:\s*"(?P<account>(?![^"]*chatroom")(?:[^"\\]|\\.)*)"\s*,\s*"senderDisplayName"\s*:\s*"(?P<name>(?:[^"\\]|\\.)*)"'
)
_MYSELF = re.compile(
    rf'"isSend"\s*:\s*1\s*,\s*"senderUsername"\s*:\s*{_STRING}\s*,\s*"senderDisplayName"\s*:\s*{_STRING}'
)
_COMPACT_MYSELF = re.compile(r'"isSend"\s*:\s*1\s*,\s*"senderID"\s*:\s*(\d{1,9})()')

# The first word that stands in a type's name decides.
_WORDS: tuple[tuple[str, MessageType], ...] = (
    ("引用", "text"), ("文本", "text"), ("通话", "call"), ("语音", "voice"), ("图片", "image"), ("视频号", "link"),
    ("视频", "video"), ("表情", "sticker"), ("位置", "location"), ("名片", "card"), ("小程序", "mini_program"),
    ("红包", "red_packet"), ("转账", "transfer"), ("文件", "file"), ("聊天记录", "forward"), ("转发", "forward"),
    ("音乐", "music"), ("链接", "link"), ("分享", "link"), ("图文", "link"), ("公众号", "link"), ("卡片", "link"),
    ("接龙", "text"), ("公告", "text"),
)  # fmt: skip
_SILENT = frozenset({"image", "video", "sticker"})
_LABEL = re.compile(r"\[[^\[\]\n]{1,12}\]\s*")
_SOUND = re.compile(r"[^\n]{1,300}\.(?:wav|mp3|silk|amr|m4a|ogg)", re.IGNORECASE)


class WeFlowJSON:
    """JSON of WeFlow and EchoTrace."""

    key = "weflow_json"
    title: str | Promise = _("微信聊天记录，WeFlow 或 EchoTrace 导出 (.json)")
    kind: Literal["chat"] = "chat"

    def recognise(self, head: Head) -> float:
        """Say how sure the format is this one."""
        text = head.text.lstrip("\ufeff \t\r\n")
        if not text.startswith("{") or '"session"' not in text[:8_000]:
            return 0.0
        if '"weflow"' in text[:200]:
            return 1.0
        return 0.95 if '"senderUsername"' in text or '"senderID"' in text or '"wxid"' in text[:2_000] else 0.0

    def inspect(self, path: Path, head: Head) -> Inspection:
        """Find the chat, which the file names before its messages."""
        encoding = settled_encoding(head)
        chat = Chat("wechat")
        with path.open("rb") as stream:
            for found in read_json(stream, encoding=encoding, fields=frozenset({"session"})):
                if found.kind == "field":
                    chat = _chat(found.value)
                    break
        return Inspection(chats=(chat,), encoding=encoding, timezone_known=True)

    def read(self, path: Path, inspection: Inspection, options: Options) -> Iterator[Read]:
        """Yield every record in file order."""
        encoding = options.encoding or inspection.encoding
        chat = inspection.chats[0] if inspection.chats else Chat("wechat")
        people = People("wxid", accounts_by_name(path, encoding, _ACCOUNTS))
        cast = _Cast(people, people.of(*(first_match(path, encoding, _MYSELF) or ("", ""))))
        with path.open("rb") as stream:
            for found in read_json(
                stream, encoding=encoding, items=frozenset({"messages"}), fields=frozenset({"senders"})
            ):
                if found.kind == "item":
                    for record in _records(found.value, found.number, cast):
                        yield Read(record, chat, found.number, found.position)
                elif found.kind == "field":
                    cast.read_table(found.value)
                    number = first_match(path, encoding, _COMPACT_MYSELF) or ("",)
                    cast.myself = cast.table.get(number[0], cast.myself)
                else:
                    yield Read(found.value, chat, found.number, found.position)


def _chat(value: object) -> Chat:
    session = mapping(value)
    key = text_of(session.get("wxid"))
    title = text_of(session.get("displayName")) or text_of(session.get("nickname")) or text_of(session.get("remark"))
    kind = text_of(session.get("type"))
    return Chat("wechat", key, title, is_group=kind == "群聊" or key.endswith(("@chatroom", "@im.chatroom")))


@dataclass(slots=True)
class _Cast:
    """The people of a file, who of them made it, and the senders of the compact form by their numbers."""

    people: People
    myself: Person
    table: dict[str, Person] = field(default_factory=dict)

    def read_table(self, value: object) -> None:
        """Take the senders of the compact form."""
        for sender in map(mapping, sequence(value)):
            name = text_of(sender.get("displayName")) or text_of(sender.get("nickname"))
            self.table[text_of(sender.get("senderID"))] = self.people.of(text_of(sender.get("wxid")), name)


def _records(value: object, number: int, cast: _Cast) -> list[Record] | tuple[Record]:
    """Return what one element of ``messages`` says."""
    if not isinstance(value, dict):
        return (unreadable(number, "bad_type", str(value)[:200]),)
    at = instant_of(value.get("createTime"))
    if at is None:
        return (unreadable(number, "bad_date", f"{value.get('createTime')} {value.get('content')}"),)
    kind = value.get("type")
    name = kind if isinstance(kind, str) else ""
    if _is_notice(name) or text_of(value.get("localType")) in SYSTEM:
        message_id = text_of(value.get("platformMessageId"))
        return parse(text_of(value.get("content")), at, cast.myself, cast.people.named, message_id=message_id)
    return (_said(value, at, number, name, cast),)


def _said(value: dict[str, Any], at: datetime, number: int, name: str, cast: _Cast) -> Record:
    sender = value.get("senderUsername")
    shown = value.get("senderDisplayName")
    if isinstance(sender, str) and sender:
        person = cast.people.of(sender, shown if isinstance(shown, str) else "")
    elif (found := cast.table.get(text_of(value.get("senderID")))) is not None:
        person = found
    elif isinstance(shown, str) and shown:
        person = cast.people.named(shown)
    else:
        return unreadable(number, "no_sender", str(value)[:200])
    kind = _kind(name)
    text = text_of(value.get("content"))
    if kind != "text":
        text = _without_label(text, kind)
    message_id = text_of(value.get("platformMessageId"))
    return Message(at, person, text, kind, message_id, text_of(value.get("replyToMessageId")))


@lru_cache(maxsize=1_000)
def _is_notice(name: str) -> bool:
    return "系统" in name or "撤回" in name or "拍一拍" in name


@lru_cache(maxsize=1_000)
def _kind(name: str) -> MessageType:
    for word, kind in _WORDS:
        if word in name:
            return kind
    return "other" if name else "text"


def _without_label(text: str, kind: MessageType) -> str:
    """Return what a person wrote: not the label or the path of a file that stands for a picture or a sound."""
    if kind in _SILENT:
        return ""
    text = text[match.end() :] if (match := _LABEL.match(text)) else text
    return "" if kind == "voice" and _SOUND.fullmatch(text) else text


SOURCE = WeFlowJSON()

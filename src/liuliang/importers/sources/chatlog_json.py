"""WeChat: the JSON that the chatlog tool answers with, a bare array of messages of one chat or of several.

``seq`` is the instant with a counter in its last digits and names a message within its chat; ``type`` and ``subType`` are
the numbers of WeChat's database (the tool's source: ``internal/model/message.go``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from liuliang.importers.base import Chat, Head, Inspection, Options, Read
from liuliang.importers.fields import (
    People,
    accounts_by_name,
    all_matches,
    clean,
    first_match,
    instant_of,
    iso_instant,
    mapping,
    text_of,
)
from liuliang.importers.head import settled_encoding
from liuliang.importers.jsonstream import read_json
from liuliang.importers.records import Message, Person, Record
from liuliang.importers.text import unreadable
from liuliang.importers.wechat_sentences import parse
from liuliang.importers.wechat_types import SYSTEM, kind_of

_STRING = r'"((?:[^"\\]|\\.)*)"'
_ACCOUNTS = re.compile(
    r'"sender"\s*:\s*"(?P<account>(?:[^"\\]|\\.)+)"\s*,\s*"senderName"\s*:\s*"(?P<name>(?:[^"\\]|\\.)+)"'
)
_MYSELF = re.compile(rf'"sender"\s*:\s*{_STRING}\s*,\s*"senderName"\s*:\s*{_STRING}\s*,\s*"isSelf"\s*:\s*true')
_CHATS = re.compile(
    rf'"talker"\s*:\s*{_STRING}\s*,\s*"talkerName"\s*:\s*{_STRING}\s*,\s*"isChatRoom"\s*:\s*(true|false)'
)
_NOBODY = "系统消息"
_ITEMS = frozenset({"", "items", "messages", "data"})
_SILENT = frozenset({"image", "voice", "video", "sticker"})


class ChatlogJSON:
    """JSON of chatlog."""

    key = "chatlog_json"
    title: str | Promise = _("微信聊天记录，chatlog 导出 (.json)")
    kind: Literal["chat"] = "chat"

    def recognise(self, head: Head) -> float:
        """Say how sure the format is this one."""
        text = head.text.lstrip("\ufeff \t\r\n")
        if text[:1] not in {"[", "{"} or '"talker"' not in text[:20_000]:
            return 0.0
        return 1.0 if '"isChatRoom"' in text or '"senderName"' in text else 0.0

    def inspect(self, path: Path, head: Head) -> Inspection:
        """Find the chats; reads the file once."""
        encoding = settled_encoding(head)
        chats = {
            key: Chat("wechat", key, clean(title), is_group=is_room == "true")
            for key, title, is_room in sorted(all_matches(path, encoding, _CHATS))
        }
        return Inspection(chats=tuple(chats.values()) or (Chat("wechat"),), encoding=encoding, timezone_known=True)

    def read(self, path: Path, inspection: Inspection, options: Options) -> Iterator[Read]:
        """Yield every record in file order."""
        encoding = options.encoding or inspection.encoding
        chats = {chat.key: chat for chat in inspection.chats}
        chat = inspection.chats[0] if inspection.chats else Chat("wechat")
        people = People("wxid", accounts_by_name(path, encoding, _ACCOUNTS))
        myself = people.of(*(first_match(path, encoding, _MYSELF) or ("", "")))
        with path.open("rb") as stream:
            for found in read_json(stream, encoding=encoding, items=_ITEMS):
                if found.kind == "flaw":
                    yield Read(found.value, chat, found.number, found.position)
                    continue
                value = found.value
                if not isinstance(value, dict):
                    wrong = unreadable(found.number, "bad_type", str(value)[:200])
                    yield Read(wrong, chat, found.number, found.position)
                    continue
                talker = value.get("talker")
                if talker != chat.key and isinstance(talker, str):
                    chat = chats.get(talker) or _chat(value)
                    chats[talker] = chat
                for record in _records(value, found.number, people, myself):
                    yield Read(record, chat, found.number, found.position)


def _chat(value: dict[str, Any]) -> Chat:
    key = text_of(value.get("talker"))
    is_group = value.get("isChatRoom") is True or key.endswith("@chatroom")
    return Chat("wechat", key, text_of(value.get("talkerName")), is_group=is_group)


def _records(value: dict[str, Any], number: int, people: People, myself: Person) -> list[Record] | tuple[Record]:
    """Return what one message says."""
    at = iso_instant(value.get("time"))
    if at is None or at.tzinfo is None:
        at = instant_of(value.get("seq"))
    if at is None:
        return (unreadable(number, "bad_date", f"{value.get('time')} {value.get('seq')} {value.get('content')}"),)
    sort, second = text_of(value.get("type")), text_of(value.get("subType"))
    sequence_number = text_of(value.get("seq"))
    message_id = "" if sequence_number == "0" else sequence_number
    if sort in SYSTEM:
        return parse(text_of(value.get("content")), at, myself, people.named, message_id=message_id)
    account, name = text_of(value.get("sender")), text_of(value.get("senderName"))
    if account == _NOBODY or not (account or name):
        return (unreadable(number, "no_sender", str(value)[:200]),)
    kind = kind_of(sort, second)
    contents = mapping(value.get("contents"))
    text = "" if kind in _SILENT else text_of(value.get("content"))
    if not text and kind not in _SILENT:
        text = text_of(contents.get("title")) or text_of(contents.get("desc"))
    answered = text_of(mapping(contents.get("refer")).get("seq"))
    sender = people.of(account, name) if account else people.named(name)
    return (Message(at, sender, text, kind, message_id, "" if answered == "0" else answered),)


SOURCE = ChatlogJSON()

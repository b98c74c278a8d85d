"""QQ: the JSON of qq-chat-exporter, versions 3 to 5.

One document with ``chatInfo`` and ``messages``, or the same in ``chunks``, or JSON Lines of messages. Version 4 renamed the
fields of a message (``messageId`` became ``id``, ``isRecalled`` became ``recalled``, ``isSystemMessage`` became ``system``) and
put replies and pictures into ``content.elements``. Notices are sentences, as in QQ's own text export.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from liuliang.importers.base import Chat, Head, Inspection, Options, Read
from liuliang.importers.fields import (
    People,
    accounts_by_name,
    clean,
    instant_of,
    iso_instant,
    mapping,
    sequence,
    text_of,
)
from liuliang.importers.head import settled_encoding
from liuliang.importers.jsonstream import read_json
from liuliang.importers.message_ids import Spoken, numbered
from liuliang.importers.records import Message, MessageType, Person, Record
from liuliang.importers.system_lines import read_notice, records_of
from liuliang.importers.text import unreadable
from liuliang.importers.wechat_sentences import parse

_ITEMS = frozenset({"messages", "chunks.messages"})
_FIELDS = frozenset({"chatInfo", "chunks.chatInfo"})
_INSIDE = frozenset({"chunks"})
_LINE = re.compile(r'\{\s*"(?:id|messageId|seq)"\s*:')
_ACCOUNTS = re.compile(
    r'"uin"\s*:\s*"(?P<account>[1-9]\d{4,11})"\s*,\s*"(?:name|nickname)"\s*:\s*"(?P<name>(?:[^"\\]|\\.)*)"'
)

_SYSTEM_NUMBERS = frozenset({"10000", "1000000"})
_TWO = frozenset({"private", "friend", "c2c", "temp"})
_ELEMENTS: dict[str, MessageType] = {
    "image": "image", "pic": "image", "market_face": "sticker", "marketface": "sticker", "face": "sticker",
    "audio": "voice", "voice": "voice", "ptt": "voice", "record": "voice", "video": "video", "file": "file",
    "forward": "forward", "multi_forward": "forward", "location": "location", "json": "link", "ark": "link", "link": "link",
    "card": "card", "contact": "card", "music": "music", "red_packet": "red_packet", "wallet": "red_packet",
    "transfer": "transfer", "call": "call", "poll": "poll",
}  # fmt: skip
_SILENT = frozenset({"image", "voice", "video", "sticker"})
# Labels the exporter writes for what is not text: [图片: a.jpg], [语音:3秒], [动画表情], [表情14].
_LABELS: tuple[tuple[str, MessageType], ...] = (
    ("图片", "image"), ("动画表情", "sticker"), ("表情", "sticker"), ("语音通话", "call"), ("视频通话", "call"), ("语音", "voice"),
    ("视频", "video"), ("文件", "file"), ("位置", "location"), ("名片", "card"), ("小程序", "mini_program"), ("红包", "red_packet"),
    ("转账", "transfer"), ("转发", "forward"), ("聊天记录", "forward"), ("合并转发", "forward"), ("链接", "link"), ("分享", "link"),
    ("JSON", "link"), ("卡片", "link"), ("音乐", "music"), ("投票", "poll"),
)  # fmt: skip
_LABEL = re.compile(rf"\[((?:{'|'.join(word for word, _kind in _LABELS)})[^\[\]\n]{{0,200}})\]\s*")
_REPLY = re.compile(r"^\[回复[^\[\]\n]{0,200}\]\s*")


class QQExporterJSON:
    """JSON of qq-chat-exporter."""

    key = "qq_exporter_json"
    title: str | Promise = _("QQ 聊天记录，QQChatExporter 导出 (.json)")
    kind: Literal["chat"] = "chat"

    def recognise(self, head: Head) -> float:
        """Say how sure the format is this one."""
        text = head.text.lstrip("\ufeff \t\r\n")
        if not text.startswith("{"):
            return 0.0
        if '"chatInfo"' in text[:20_000]:
            return 1.0 if "QQChatExporter" in text[:2_000] or '"messages"' in text else 0.8
        return 0.9 if _is_lines(text) else 0.0

    def inspect(self, path: Path, head: Head) -> Inspection:
        """Find the chat, which the file names before its messages."""
        encoding = settled_encoding(head)
        chat = Chat("qq", title="" if _is_lines(head.text) else path.stem)
        with path.open("rb") as stream:
            for found in read_json(stream, encoding=encoding, fields=_FIELDS, inside=_INSIDE):
                if found.kind == "field":
                    chat = _chat(found.value)
                    break
        return Inspection(chats=(chat,), encoding=encoding, timezone_known=True)

    def read(self, path: Path, inspection: Inspection, options: Options) -> Iterator[Read]:
        """Yield every record in file order."""
        encoding = options.encoding or inspection.encoding
        chat = inspection.chats[0] if inspection.chats else Chat("qq")
        cast = _Cast(People("qq", accounts_by_name(path, encoding, _ACCOUNTS)))
        with path.open("rb") as stream:
            beginning = stream.read(8_000).decode(encoding, "replace")
            stream.seek(0)
            is_lines = _is_lines(beginning)
            items = frozenset({""}) if is_lines else _ITEMS
            for found in read_json(
                stream, encoding=encoding, items=items, fields=_FIELDS, inside=_INSIDE, lines=is_lines
            ):
                if found.kind == "item":
                    for record in _records(found.value, found.number, cast):
                        yield Read(record, chat, found.number, found.position)
                elif found.kind == "flaw":
                    yield Read(found.value, chat, found.number, found.position)
                elif found.kind == "field":
                    cast.read_exporter(mapping(found.value))


@dataclass(slots=True)
class _Cast:
    """The people of a file; the QQ numbers behind its opaque user ids; who made it."""

    people: People
    numbers: dict[str, str] = field(default_factory=dict)
    strangers: People = field(default_factory=lambda: People("qq_uid"))
    myself: Person = field(default_factory=Person)

    def read_exporter(self, info: Mapping[str, Any]) -> None:
        """Take from ``chatInfo`` who made the file."""
        number, name = text_of(info.get("selfUin")), text_of(info.get("selfName"))
        self.myself = self.people.of(number if number != "0" else "", name)

    def of(self, value: Mapping[str, Any]) -> Person | None:
        """Return whom a ``sender`` or a mention means; None when it names nobody."""
        number, uid, name = value.get("uin"), value.get("uid"), value.get("name")
        number = number if isinstance(number, str) else text_of(number)
        uid = uid if isinstance(uid, str) else ""
        if not isinstance(name, str) or not name:
            name = text_of(value.get("nickname")) or text_of(value.get("remark"))
        if number and number != "0":
            if uid and uid not in self.numbers and len(self.numbers) < 1_000_000:
                self.numbers[uid] = number
            return self.people.of(number, name)
        if known := self.numbers.get(uid):
            return self.people.of(known, name)
        if uid:
            return self.strangers.of(uid, name)
        return self.people.named(name) if name else None


def _is_lines(text: str) -> bool:
    """Tell JSON Lines: the first line begins a message, not a document."""
    line = text.lstrip("\ufeff \t\r\n").split("\n", 1)[0]
    return bool(_LINE.match(line)) and '"sender"' in line and '"messages"' not in line


def _chat(value: object) -> Chat:
    info = mapping(value)
    key = next((text for name in ("peerUin", "groupCode", "id", "peerUid") if (text := text_of(info.get(name)))), "")
    kind = text_of(info.get("type")).lower()
    return Chat("qq", "" if key == "0" else key, text_of(info.get("name")), kind not in _TWO)


def _records(value: object, number: int, cast: _Cast) -> list[Record] | tuple[Record]:
    """Return what one message says."""
    if not isinstance(value, dict):
        return (unreadable(number, "bad_type", str(value)[:200]),)
    at = instant_of(value.get("timestamp")) or iso_instant(value.get("timestamp")) or iso_instant(value.get("time"))
    if at is None:
        return (unreadable(number, "bad_date", f"{value.get('timestamp')} {value.get('time')} {value.get('content')}"),)
    sender = mapping(value.get("sender"))
    if (
        value.get("system") is True
        or value.get("isSystemMessage") is True
        or value.get("type") == "system"
        or text_of(sender.get("uin")) in _SYSTEM_NUMBERS
    ):
        return _noticed(value, at, cast)
    return (_said(value, sender, at, number, cast),)


def _noticed(value: dict[str, Any], at: datetime, cast: _Cast) -> list[Record]:
    """Return what a notice tells; what the exporter did is told as 你, which the file can resolve."""
    message_id = text_of(value.get("id")) or text_of(value.get("messageId"))
    found: list[Spoken] = []
    for sentence in text_of(mapping(value.get("content")).get("text")).split("\n"):
        told = parse(sentence, at, cast.myself, cast.people.named)
        if not told and (notice := read_notice(sentence)):
            told = list(records_of(notice, at, cast.people.named))
        found += [record for record in told if isinstance(record, Spoken)]
    return numbered(found, message_id)


def _said(value: dict[str, Any], sender: Mapping[str, Any], at: datetime, number: int, cast: _Cast) -> Record:
    person = cast.of(sender)
    if person is None:
        raw = mapping(value.get("rawMessage"))
        name = text_of(raw.get("sendMemberName")) or text_of(raw.get("sendNickName"))
        if not name:
            return unreadable(number, "no_sender", str(value)[:200])
        person = cast.people.named(name)
    content = mapping(value.get("content"))
    text = content.get("text")
    text = clean(text) if isinstance(text, str) else text_of(value.get("content"))
    elements = sequence(content.get("elements"))
    kind, text = _kind(text, elements, sequence(content.get("resources")))
    return Message(
        at,
        person,
        text,
        kind,
        text_of(value.get("id")) or text_of(value.get("messageId")),
        _reply(content, elements),
        _mentions(content, elements, cast),
        value.get("recalled") is True or value.get("isRecalled") is True,
    )


def _kind(text: str, elements: list[Any], resources: list[Any]) -> tuple[MessageType, str]:
    """Return the sort of a message and what a person wrote in it: words beside a picture make it a text."""
    kind: MessageType | None = None
    for part in elements or resources:
        sort = mapping(part).get("type")
        if isinstance(sort, str) and (found := _ELEMENTS.get(sort)):
            kind = kind or found
    if "[" not in text:
        return ("text", text) if text or kind is None else (kind, "")
    text = _REPLY.sub("", text)
    first = _LABEL.match(text)
    bare = _LABEL.sub("", text).strip()
    if kind is None and first:
        kind = next(sort for word, sort in _LABELS if first[1].startswith(word))
    if kind is None:
        return "text", text
    if kind in _SILENT:
        return ("text", text) if bare else (kind, "")
    return kind, text[first.end() :] if first and bare else first[1].partition(":")[2].strip() if first else text


def _reply(content: Mapping[str, Any], elements: list[Any]) -> str:
    reply = mapping(content.get("reply"))
    if not reply:
        replies = (part for part in elements if isinstance(part, dict) and part.get("type") == "reply")
        reply = next((mapping(part.get("data")) for part in replies), reply)
    answered = text_of(reply.get("referencedMessageId")) or text_of(reply.get("messageId"))
    return "" if answered == "0" else answered


def _mentions(content: Mapping[str, Any], elements: list[Any], cast: _Cast) -> tuple[Person, ...]:
    mentioned = sequence(content.get("mentions"))
    if not mentioned and not elements:
        return ()
    found = [mapping(part) for part in mentioned]
    called = (part for part in elements if isinstance(part, dict) and part.get("type") in {"at", "mention"})
    found += [mapping(part.get("data")) for part in called]
    people = (cast.of(part) for part in found if part.get("type") != "all" and part.get("uid") != "all")
    return tuple(dict.fromkeys(person for person in people if person is not None))


SOURCE = QQExporterJSON()

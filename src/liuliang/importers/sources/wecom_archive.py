"""WeCom (企业微信): messages of the conversation archive (会话存档), already decrypted.

An array of messages, the same under ``chatdata``, or JSON Lines; each message as it came out of the decryption, or wrapped
in what it came in. There are no names and no titles in it: people and rooms are ids. Ids of people outside of the company
begin with ``wm`` or ``wo`` (their messages' ids end in ``_external``), those of robots with ``wb``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from liuliang.importers.base import Chat, Head, Inspection, Options, Read
from liuliang.importers.fields import clean, instant_of, mapping, sequence, text_of
from liuliang.importers.head import settled_encoding
from liuliang.importers.jsonstream import read_json
from liuliang.importers.records import Message, MessageType, Person, Recalled, Record
from liuliang.importers.text import unreadable

_ITEMS = frozenset({"", "chatdata", "data", "messages", "list"})
_WRAPPERS = (
    "decrypt_chat_msg", "decrypted_chat_msg", "decrypt_msg", "decrypted", "plaintext", "chat_msg", "message", "msg",
)  # fmt: skip
_OUTSIDE = re.compile(r"w[mo][A-Za-z0-9_-]{26,}")
_ROBOT = re.compile(r"wb[A-Za-z0-9_-]{26,}")
_MANY = 100_000

_TYPES: dict[str, MessageType] = {
    "text": "text", "markdown": "text", "mixed": "text", "image": "image", "voice": "voice", "video": "video", "card": "card",
    "location": "location", "emotion": "sticker", "file": "file", "qydiskfile": "file", "link": "link", "news": "link",
    "docmsg": "link", "sphfeed": "link", "weapp": "mini_program", "chatrecord": "forward", "vote": "poll", "collect": "poll",
    "redpacket": "red_packet", "external_redpacket": "red_packet", "meeting_voice_call": "call", "voiptext": "call",
    "meeting": "call", "voip_doc_share": "file",
}  # fmt: skip
_TITLES = (
    "content", "title", "filename", "wish", "votetitle", "room_name", "topic", "sph_name", "feed_desc", "address",
    "displayname", "corpname",
)  # fmt: skip


class WeComArchive:
    """Decrypted conversation archive of WeCom."""

    key = "wecom_archive"
    title: str | Promise = _("企业微信会话存档，已解密 (.json)")
    kind: Literal["chat"] = "chat"

    def recognise(self, head: Head) -> float:
        """Say how sure the format is this one."""
        text = head.text.lstrip("\ufeff \t\r\n")
        if text[:1] not in {"[", "{"}:
            return 0.0
        if '"encrypt_chat_msg"' in text:
            return 1.0
        plain = text.replace('\\"', '"') if '\\"msgtype\\"' in text else text
        is_message = '"msgtype"' in plain and '"msgid"' in plain and ('"tolist"' in plain or '"roomid"' in plain)
        return 1.0 if is_message else 0.0

    def inspect(self, path: Path, head: Head) -> Inspection:
        """Find the chats; reads the file once."""
        encoding = settled_encoding(head)
        chats: dict[Chat, None] = {}
        with path.open("rb") as stream:
            for found in read_json(stream, encoding=encoding, items=_ITEMS, lines=_is_lines(head.text)):
                if found.kind == "item" and len(chats) < _MANY:
                    message = _message(found.value)
                    if message.get("from"):
                        chats[_chat(message)] = None
        return Inspection(chats=tuple(chats) or (Chat("wecom"),), encoding=encoding, timezone_known=True)

    def read(self, path: Path, inspection: Inspection, options: Options) -> Iterator[Read]:
        """Yield every record in file order."""
        encoding = options.encoding or inspection.encoding
        chat = inspection.chats[0] if inspection.chats else Chat("wecom")
        people: dict[str, Person] = {}
        with path.open("rb") as stream:
            is_lines = _is_lines(stream.read(8_000).decode(encoding, "replace"))
            stream.seek(0)
            for found in read_json(stream, encoding=encoding, items=_ITEMS, lines=is_lines):
                if found.kind == "flaw":
                    yield Read(found.value, chat, found.number, found.position)
                    continue
                message = _message(found.value)
                if message.get("from"):
                    chat = _chat(message)
                if record := _record(message, found.value, found.number, people):
                    yield Read(record, chat, found.number, found.position)


def _is_lines(text: str) -> bool:
    """Tell JSON Lines: the first line is a message, or what wraps one, and not a document."""
    line = text.lstrip("\ufeff \t\r\n").split("\n", 1)[0]
    return line.startswith("{") and ('"msgid"' in line or '"msgtype"' in line) and '"chatdata"' not in line


def _message(value: object) -> Mapping[str, Any]:
    """Return the message itself, out of what wraps it."""
    message = mapping(value)
    if "msgtype" in message or "action" in message:
        return message
    for name in _WRAPPERS:
        inner = message.get(name)
        if isinstance(inner, str) and inner.startswith("{"):
            try:
                inner = json.loads(inner, strict=False)
            except (ValueError, RecursionError):
                continue
        if isinstance(inner, dict):
            return inner
    return message


def _chat(message: Mapping[str, Any]) -> Chat:
    """Return the room, or the talk of two, which has no id of its own but its two people."""
    if room := text_of(message.get("roomid")):
        return Chat("wecom", room)
    pair = sorted({text_of(message.get("from")), *(text_of(one) for one in sequence(message.get("tolist"))[:1])})
    return Chat("wecom", ",".join(filter(None, pair)), is_group=False)


def _person(account: str, people: dict[str, Person]) -> Person:
    person = people.get(account)
    if person is None:
        is_outside = account.endswith("_external") or _OUTSIDE.fullmatch(account) is not None
        kind = "wecom_external" if is_outside else "wecom"
        person = Person(identities=((kind, clean(account)),), is_bot=_ROBOT.fullmatch(account) is not None)
        if len(people) > _MANY:
            people.clear()
        people[account] = person
    return person


def _record(message: Mapping[str, Any], value: object, number: int, people: dict[str, Person]) -> Record | None:
    """Return what a message says; nothing of somebody changing the company they act for."""
    action = message.get("action")
    if action == "switch":
        return None
    sort = text_of(message.get("msgtype"))
    if not sort:
        is_locked = "encrypt_chat_msg" in message or "encrypt_random_key" in message
        return unreadable(number, "encrypted" if is_locked else "bad_type", str(value)[:200])
    at = instant_of(message.get("msgtime"))
    if at is None:
        return unreadable(number, "bad_date", f"{message.get('msgtime')} {message.get('msgid')}")
    account = text_of(message.get("from"))
    if not account:
        return unreadable(number, "no_sender", str(message)[:200])
    sender = _person(account, people)
    message_id = text_of(message.get("msgid"))
    if action == "recall" or sort == "revoke":
        return Recalled(at, sender, text_of(mapping(message.get("revoke")).get("pre_msgid")), message_id)
    return _said(message, sort, at, sender, message_id)


def _said(message: Mapping[str, Any], sort: str, at: datetime, sender: Person, message_id: str) -> Message:
    # Documents and rich texts stand under names of their own.
    body = mapping(message.get(sort)) or mapping(message.get("doc")) or mapping(message.get("info"))
    kind = _TYPES.get(sort, "other")
    if sort == "mixed":
        parts = [mapping(part) for part in sequence(body.get("item"))]
        text = "".join(_part(part) for part in parts)
        kind = "text" if text or not parts else _TYPES.get(text_of(parts[0].get("type")), "other")
    else:
        text = _title(body) or _title(mapping(body.get("info")) or mapping(message.get("info")))
    return Message(at, sender, text, kind, message_id)


def _part(part: Mapping[str, Any]) -> str:
    """Return the words of one part of a mixed message, whose content is JSON in a string."""
    if part.get("type") != "text":
        return ""
    content = part.get("content")
    if isinstance(content, str):
        try:
            content = json.loads(content, strict=False)
        except (ValueError, RecursionError):
            return clean(content)
    return text_of(mapping(content).get("content"))


def _title(body: Mapping[str, Any]) -> str:
    """Return the words a message is known by."""
    if items := sequence(body.get("item")):
        titles = (text_of(mapping(item).get("title")) for item in items)
        return text_of(body.get("title")) or " ".join(filter(None, titles))
    for name in _TITLES:
        if text := text_of(body.get(name)):
            return text
    return ""


SOURCE = WeComArchive()

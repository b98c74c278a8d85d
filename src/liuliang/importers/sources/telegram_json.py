"""Telegram: ``result.json`` of Telegram Desktop, of one chat or of a whole account.

A message names its sender and their account; a service message names its actor so, but whom it speaks of by name only
(the exporter's source: ``Telegram/SourceFiles/export/output/export_output_json.cpp``). Before 2021 there was no
``date_unixtime``, and ``date`` is in the exporter's zone; accounts were bare numbers.
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
from liuliang.importers.records import ChatRenamed, Joined, Left, Message, MessageType, Person, Record
from liuliang.importers.text import unreadable

_LISTS = ("chats.list", "left_chats.list")
_INSIDE = frozenset({"chats", "left_chats", *_LISTS})
_ITEMS = frozenset({"messages", *(f"{path}.messages" for path in _LISTS)})
_FIELDS = frozenset({"name", "type", "id", *(f"{path}.{key}" for path in _LISTS for key in ("name", "type", "id"))})

_TYPES = frozenset(
    {
        "private_group", "private_supergroup", "public_supergroup", "private_channel", "public_channel", "personal_chat",
        "bot_chat", "saved_messages", "replies", "verification_codes",
    }
)  # fmt: skip
_OF_TWO = frozenset({"personal_chat", "bot_chat", "saved_messages", "replies", "verification_codes"})
_MEDIA: dict[str, MessageType] = {
    "sticker": "sticker",
    "voice_message": "voice",
    "video_message": "video",
    "video_file": "video",
    "animation": "video",
    "audio_file": "music",
}
_KINDS: tuple[tuple[str, MessageType], ...] = (
    ("photo", "image"),
    ("file", "file"),
    ("location_information", "location"),
    ("place_name", "location"),
    ("contact_information", "card"),
    ("poll", "poll"),
    ("todo_list", "poll"),
    ("game_title", "mini_program"),
    ("invoice_information", "other"),
    ("giveaway_information", "other"),
    ("giveaway_results", "other"),
    ("paid_media", "other"),
    ("story", "other"),
)
_GROUP = "Group"
"""What Telegram writes for whoever's link it was when that is not known."""

_CALLS = frozenset({"phone_call", "conference_call", "group_call"})

_SIGN = re.compile(r'"(?:from_id|actor_id|date_unixtime)"\s*:')
_NAMED_TYPE = re.compile(r'"type"\s*:\s*"(\w+)"')
_ACCOUNTS = re.compile(
    r'"(?:from|actor)"\s*:\s*"(?P<name>(?:[^"\\]|\\.)*)"\s*,\s*"(?:from|actor)_id"\s*:\s*"?(?P<account>(?:user|channel|chat)?\d+)'
)
_PEER_SPACE = 0x1_0000_0000
_PEERS = ("user", "chat", "channel")


@dataclass(slots=True)
class _Header:
    """What stands before the messages of a chat."""

    fields: dict[str, Any] = field(default_factory=dict)

    def chat(self) -> Chat:
        """Return the chat these fields describe."""
        kind = text_of(self.fields.get("type"))
        return Chat("telegram", text_of(self.fields.get("id")), text_of(self.fields.get("name")), kind not in _OF_TWO)


class TelegramJSON:
    """``result.json`` of Telegram Desktop."""

    key = "telegram_json"
    title: str | Promise = _("Telegram 聊天记录 (result.json)")
    kind: Literal["chat"] = "chat"

    def recognise(self, head: Head) -> float:
        """Say how sure the format is this one."""
        text = head.text.lstrip("\ufeff \t\r\n")
        if not text.startswith("{"):
            return 0.0
        if '"messages"' in text and _SIGN.search(text):
            return 1.0
        if '"about"' in text[:200] and "Telegram" in text[:2000]:
            return 0.95
        named = _NAMED_TYPE.search(text[:2000])
        return 0.9 if named and named[1] in _TYPES and '"messages"' in text[:4000] else 0.0

    def inspect(self, path: Path, head: Head) -> Inspection:
        """Find the chats; an account's export is read once, for its chats follow one another."""
        encoding = settled_encoding(head)
        chats: dict[Chat, None] = {}
        header = _Header()
        with path.open("rb") as stream:
            for found in read_json(stream, encoding=encoding, fields=_FIELDS, inside=_INSIDE):
                if found.kind == "start":
                    if header.fields:
                        chats[header.chat()] = None
                    header = _Header()
                elif found.kind == "field":
                    header.fields[found.path.rsplit(".", 1)[-1]] = found.value
                    if "." not in found.path and header.fields.keys() >= {"name", "type", "id"}:
                        break
        chats[header.chat()] = None
        return Inspection(
            chats=tuple(chats),
            encoding=encoding,
            timezone_known='"date_unixtime"' in head.text or '"date"' not in head.text,
        )

    def read(self, path: Path, inspection: Inspection, options: Options) -> Iterator[Read]:
        """Yield every record in file order."""
        encoding = options.encoding or inspection.encoding
        people = People("telegram", _accounts(path, encoding))
        header = _Header()
        chat = inspection.chats[0] if inspection.chats else Chat("telegram")
        is_fresh = False
        with path.open("rb") as stream:
            for found in read_json(stream, encoding=encoding, items=_ITEMS, fields=_FIELDS, inside=_INSIDE):
                kind = found.kind
                if kind == "item":
                    if is_fresh:
                        chat, is_fresh = header.chat(), False
                    for record in _records(found.value, found.number, people):
                        yield Read(record, chat, found.number, found.position)
                elif kind == "flaw":
                    yield Read(found.value, chat, found.number, found.position)
                elif kind == "start":
                    header, is_fresh = _Header(), True
                elif kind == "field":
                    header.fields[found.path.rsplit(".", 1)[-1]] = found.value


def _accounts(path: Path, encoding: str) -> dict[str, str]:
    return {name: _account(account) for name, account in accounts_by_name(path, encoding, _ACCOUNTS).items()}


def _records(value: object, number: int, people: People) -> Iterator[Record]:
    """Yield what one element of ``messages`` says."""
    if not isinstance(value, dict):
        yield unreadable(number, "bad_type", str(value)[:200])
        return
    kind = value.get("type")
    if kind == "unsupported":
        yield unreadable(number, "unsupported", str(value)[:200])
        return
    at = _instant(value)
    if at is None:
        yield unreadable(number, "bad_date", f"{value.get('date_unixtime')} {value.get('date')} {value.get('text')}")
    elif kind == "service":
        yield from _service(value, at, number, people)
    else:
        yield _said(value, at, number, people)


def _instant(value: Mapping[str, Any]) -> datetime | None:
    if "date_unixtime" in value:
        return instant_of(value["date_unixtime"])
    return iso_instant(value.get("date"))


def _account(value: object) -> str:
    """Return an account as ``user123``; older exports have bare numbers with the sort of peer in the upper bits."""
    if isinstance(value, str):
        return value if not value.isdecimal() else _account(int(value[:30]))
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        return ""
    sort, peer = divmod(value, _PEER_SPACE)
    return f"{_PEERS[sort]}{peer}" if sort < len(_PEERS) and sort else f"user{value}"


def _said(value: Mapping[str, Any], at: datetime, number: int, people: People) -> Record:
    account = _account(value.get("from_id"))
    name = value.get("from") or value.get("author")
    if not isinstance(name, str):
        name = ""
    if not account and not name:
        return unreadable(number, "no_sender", str(value)[:200])
    sender = people.of(account, name) if account else people.named(name)
    text, mentions = _text(value, people)
    kind = _kind(value)
    if not text and kind != "text":
        text = _named(value, kind)
    reply = "" if value.get("reply_to_peer_id") else text_of(value.get("reply_to_message_id"))
    return Message(at, sender, text, kind, text_of(value.get("id")), reply, mentions)


def _kind(value: Mapping[str, Any]) -> MessageType:
    media = value.get("media_type")
    if media is not None:
        return _MEDIA.get(media, "file") if isinstance(media, str) else "file"
    for key, kind in _KINDS:
        if key in value:
            return kind
    return "text"


def _text(value: Mapping[str, Any], people: People) -> tuple[str, tuple[Person, ...]]:
    """Return the text, which is a string or a list of strings and of parts with a type, and whom it mentions by id."""
    text = value.get("text")
    if isinstance(text, str):
        return clean(text), ()
    parts = sequence(text if text is not None else value.get("text_entities"))
    mentions = tuple(
        people.of(_account(part.get("user_id")), text_of(part.get("text")).removeprefix("@"))
        for part in parts
        if isinstance(part, dict) and part.get("type") == "mention_name" and _account(part.get("user_id"))
    )
    texts = (part if isinstance(part, str) else mapping(part).get("text") for part in parts)
    return clean("".join(part for part in texts if isinstance(part, str))), mentions


def _named(value: Mapping[str, Any], kind: MessageType) -> str:
    """Return what a message without words is called: the question of a poll, the title of a song, the name of a file."""
    if kind == "poll":
        return text_of(mapping(value.get("poll")).get("question") or mapping(value.get("todo_list")).get("title"))
    if kind == "music":
        return " - ".join(filter(None, (text_of(value.get("performer")), text_of(value.get("title")))))
    if kind == "location":
        return text_of(value.get("place_name"))
    if kind == "card":
        contact = mapping(value.get("contact_information"))
        return " ".join(filter(None, (text_of(contact.get("first_name")), text_of(contact.get("last_name")))))
    return text_of(value.get("file_name") if kind == "file" else value.get("game_title"))


def _service(value: Mapping[str, Any], at: datetime, number: int, people: People) -> Iterator[Record]:
    """Yield what a service message tells of people and titles; other actions tell nothing that is kept."""
    account, name = _account(value.get("actor_id")), text_of(value.get("actor"))
    actor = people.of(account, name) if account else people.named(name) if name else None
    action = text_of(value.get("action"))
    found: list[Spoken | None] = []
    if action in {"create_group", "invite_members", "remove_members"}:
        if action == "create_group" and actor:
            found.append(Joined(at, actor, how="created"))
        names = [text_of(member) for member in sequence(value.get("members"))]
        for member in (people.named(name) if name else None for name in names):
            if member is None:
                found.append(None)
                continue
            is_self = actor is not None and (member == actor or (not member.identities and member.name == actor.name))
            person = actor if actor is not None and is_self else member
            if action == "remove_members":
                found.append(Left(at, person, by=None if is_self else actor))
            elif action == "invite_members" or not is_self:
                found.append(Joined(at, person, *((None, "") if is_self else (actor, "invite"))))
    elif action in {"join_group_by_link", "join_group_by_request", "join_group_via_community"} and actor:
        inviter = text_of(value.get("inviter"))
        # So it calls the group itself, where nobody is known whose link it was.
        inviter = "" if inviter == _GROUP else inviter
        how = "" if action == "join_group_via_community" else "link"
        found.append(Joined(at, actor, people.named(inviter) if inviter else None, how))
    elif action == "edit_group_title" and text_of(value.get("title")):
        found.append(ChatRenamed(at, actor, text_of(value.get("title"))))
    elif action in _CALLS and actor:
        found.append(Message(at, actor, type="call"))
    yield from numbered(found, text_of(value.get("id")))
    if None in found:
        # Accounts that were deleted since have no name: that they came or went is known, who they were is not.
        yield unreadable(number, "no_member", f"{action} {value.get('members')}")


SOURCE = TelegramJSON()

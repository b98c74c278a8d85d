"""Discord: the JSON that DiscordChatExporter writes of one channel.

Times carry an offset. Joins of a server and changes of a group's members are messages of their own type; what the exporter
does not know a name for has its number as its type (the tool's source: ``Exporting/JsonMessageWriter.cs``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from liuliang.importers.base import Chat, Head, Inspection, Options, Read
from liuliang.importers.fields import People, clean, iso_instant, mapping, sequence, text_of
from liuliang.importers.head import settled_encoding
from liuliang.importers.jsonstream import read_json
from liuliang.importers.message_ids import numbered
from liuliang.importers.records import ChatRenamed, Joined, Left, Message, MessageType, Person, Record
from liuliang.importers.text import unreadable

_FIELDS = frozenset({"guild", "channel"})
_ITEMS = frozenset({"messages"})
_OF_TWO = frozenset({"DirectTextChat", "DM", "1"})
_SAID = frozenset(
    {"Default", "Reply", "ChatInputCommand", "ContextMenuCommand", "ThreadStarterMessage", "0", "19", "20", "21", "23"}
)
_JOINED, _ADDED = frozenset({"GuildMemberJoin", "7"}), frozenset({"RecipientAdd", "1"})
_REMOVED, _RETITLED = frozenset({"RecipientRemove", "2"}), frozenset({"ChannelNameChange", "4"})
_CALLED = frozenset({"Call", "3"})
_TITLE = re.compile(r"^[^:：]{1,60}[:：]\s*(.+)$", re.DOTALL)
_SUFFIXES: dict[str, MessageType] = {
    **dict.fromkeys(("jpg", "jpeg", "png", "gif", "webp", "bmp", "heic", "avif"), "image"),
    **dict.fromkeys(("ogg", "mp3", "wav", "m4a", "flac", "opus", "aac"), "voice"),
    **dict.fromkeys(("mp4", "mov", "webm", "mkv", "avi"), "video"),
}


class DiscordJSON:
    """JSON of DiscordChatExporter."""

    key = "discord_json"
    title: str | Promise = _("Discord 聊天记录，DiscordChatExporter 导出 (.json)")
    kind: Literal["chat"] = "chat"

    def recognise(self, head: Head) -> float:
        """Say how sure the format is this one."""
        text = head.text.lstrip("\ufeff \t\r\n")
        if not text.startswith("{") or '"guild"' not in text[:2_000]:
            return 0.0
        return 1.0 if '"channel"' in text[:8_000] and ('"messages"' in text or '"dateRange"' in text) else 0.0

    def inspect(self, path: Path, head: Head) -> Inspection:
        """Find the channel, which the file names before its messages."""
        encoding = settled_encoding(head)
        parts: dict[str, Any] = {}
        with path.open("rb") as stream:
            for found in read_json(stream, encoding=encoding, fields=_FIELDS):
                if found.kind == "field":
                    parts[found.path] = found.value
                    if len(parts) == len(_FIELDS):
                        break
        return Inspection(chats=(_chat(parts),), encoding=encoding, timezone_known=True)

    def read(self, path: Path, inspection: Inspection, options: Options) -> Iterator[Read]:
        """Yield every record in file order."""
        encoding = options.encoding or inspection.encoding
        chat = inspection.chats[0] if inspection.chats else Chat("discord")
        people = People("discord")
        with path.open("rb") as stream:
            for found in read_json(stream, encoding=encoding, items=_ITEMS):
                if found.kind == "item":
                    for record in _records(found.value, found.number, people):
                        yield Read(record, chat, found.number, found.position)
                elif found.kind == "flaw":
                    yield Read(found.value, chat, found.number, found.position)


def _chat(parts: Mapping[str, Any]) -> Chat:
    guild, channel = mapping(parts.get("guild")), mapping(parts.get("channel"))
    names = [text_of(channel.get("name"))]
    if text_of(guild.get("id")) != "0":  # 0 stands for direct messages
        names.insert(0, text_of(guild.get("name")))
    is_group = text_of(channel.get("type")) not in _OF_TWO
    return Chat("discord", text_of(channel.get("id")), " · ".join(filter(None, names)), is_group=is_group)


def _records(value: object, number: int, people: People) -> list[Record] | tuple[Record, ...]:
    """Return what one message says."""
    if not isinstance(value, dict):
        return (unreadable(number, "bad_type", str(value)[:200]),)
    at = iso_instant(value.get("timestamp"))
    if at is None:
        return (unreadable(number, "bad_date", f"{value.get('timestamp')} {value.get('content')}"),)
    author = _person(value.get("author"), people)
    if author is None:
        return (unreadable(number, "no_sender", str(value)[:200]),)
    kind = text_of(value.get("type"))
    if kind in _SAID or not kind:
        return (_said(value, at, author, people),)
    return _noticed(value, kind, at, author, people)


def _person(value: object, people: People) -> Person | None:
    if not isinstance(value, dict):
        return None
    account, name = value.get("id"), value.get("nickname") or value.get("name")
    account = account if isinstance(account, str) else text_of(account)
    name = name if isinstance(name, str) else ""
    if not account and not name:
        return None
    return people.of(account, name, is_bot=value.get("isBot") is True)


def _said(value: Mapping[str, Any], at: datetime, author: Person, people: People) -> Message:
    text = value.get("content")
    text = clean(text) if isinstance(text, str) else ""
    reference = mapping(value.get("reference"))
    forwarded = mapping(value.get("forwardedMessage"))
    kind: MessageType = "text"
    if forwarded:
        kind, text = "forward", text or text_of(forwarded.get("content"))
    elif attachments := sequence(value.get("attachments")):
        kind = _kind(mapping(attachments[0]))
        if not text and kind == "file":
            text = text_of(mapping(attachments[0]).get("fileName"))
    elif value.get("stickers"):
        kind = "sticker"
    elif value.get("poll"):
        kind = "poll"
    elif not text and (embeds := sequence(value.get("embeds"))):
        embed = mapping(embeds[0])
        kind, text = "link", " ".join(filter(None, (text_of(embed.get("title")), text_of(embed.get("url")))))
    reply = "" if forwarded or reference.get("type") == "Forward" else text_of(reference.get("messageId"))
    mentioned = value.get("mentions")
    mentions = () if not mentioned else tuple(filter(None, (_person(one, people) for one in sequence(mentioned))))
    return Message(at, author, text, kind, text_of(value.get("id")), reply, mentions)


def _kind(attachment: Mapping[str, Any]) -> MessageType:
    name = text_of(attachment.get("fileName")) or text_of(attachment.get("url"))
    return _SUFFIXES.get(name.rsplit(".", 1)[-1].split("?", 1)[0].lower(), "file")


def _noticed(
    value: Mapping[str, Any], kind: str, at: datetime, author: Person, people: People
) -> list[Record] | tuple[Record, ...]:
    """Return what a notice tells; pins, boosts and new threads tell nothing that is kept."""
    message_id = text_of(value.get("id"))
    others = list(filter(None, (_person(one, people) for one in sequence(value.get("mentions")))))
    if kind in _JOINED:
        return (Joined(at, author, message_id=message_id),)
    if kind in _ADDED:
        return numbered([Joined(at, one, author, "invite") for one in others], message_id)
    if kind in _REMOVED:
        gone = others or [author]
        return numbered([Left(at, one, None if one == author else author) for one in gone], message_id)
    if kind in _RETITLED:
        match = _TITLE.match(text_of(value.get("content")))
        return (ChatRenamed(at, author, match[1], message_id),) if match else ()
    if kind in _CALLED:
        return (Message(at, author, type="call", message_id=message_id),)
    return ()


SOURCE = DiscordJSON()

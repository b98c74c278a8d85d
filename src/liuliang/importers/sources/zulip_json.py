"""Zulip: an organisation's export, whole (.tar.gz, .zip) or one of its ``messages-000001.json``.

Messages name senders and recipients by number; ``realm.json`` of the whole export has their names, and in its audit log
who subscribed to which channel and when. A channel is known by the number of its recipient, which both have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from liuliang.importers.archives import PACKED, Archive, open_archive, tar_names
from liuliang.importers.base import Chat, Head, Inspection, Options, Read
from liuliang.importers.fields import clean, instant_of, text_of
from liuliang.importers.jsonstream import Found, read_json
from liuliang.importers.records import Joined, Left, Message, MessageType, Person, Record
from liuliang.importers.text import unreadable
from liuliang.kernel.errors import Refused

_MESSAGES = re.compile(r"(?:.*/)?messages-\d+\.json(?:\.partial)?")
_MESSAGE = frozenset({"zerver_message"})
_PROFILES = frozenset({"zerver_userprofile", "zerver_userprofile_crossrealm", "zerver_userprofile_mirrordummy"})
_LISTS = _PROFILES | {"zerver_stream", "zerver_recipient"}
_AUDIT = frozenset({"zerver_realmauditlog"})
_SUBSCRIBED, _UNSUBSCRIBED = frozenset({"301", "302"}), frozenset({"303"})
_DIRECT, _STREAM = "1", "2"
_MENTION = re.compile(r"@_?\*\*([^*|\n]{1,200})(?:\|(\d+))?\*\*")
_UPLOAD = re.compile(r"\s*!?\[([^\]\n]*)\]\((/user_uploads/[^)\s]+)\)\s*")
_QUOTE = re.compile(r"/near/(\d+)\)")
_IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".heic", ".bmp")
_PACKED = tuple(PACKED)
_LOOKED_AT = 50
_MOST_CHATS = 100_000


class ZulipJSON:
    """Export of Zulip."""

    key = "zulip_json"
    title: str | Promise = _("Zulip 导出 (.tar.gz, .json)")
    kind: Literal["chat"] = "chat"

    def recognise(self, head: Head) -> float:
        """Say how sure the format is this one."""
        if head.text.lstrip("\ufeff \t\r\n").startswith("{"):
            return 1.0 if '"zerver_message"' in head.text else 0.9 if '"zerver_usermessage"' in head.text else 0.0
        packed = head.raw.startswith(_PACKED)
        names = islice(tar_names(head.path), _LOOKED_AT) if packed else head.names
        return 1.0 if any(map(_MESSAGES.fullmatch, names)) else 0.0

    def inspect(self, path: Path, head: Head) -> Inspection:
        """Find the channels and who is who; reads the file once."""
        with _opened(path) as export:
            realm = _read_realm(export)
            chats: dict[str, Chat] = {}
            for found in _found(export, _MESSAGE):
                if found.kind == "item" and isinstance(found.value, dict) and len(chats) < _MOST_CHATS:
                    key = text_of(found.value.get("recipient"))
                    chats.setdefault(key, realm.chat(key))
            for key in realm.streams:
                chats.setdefault(key, realm.chat(key))
        return Inspection(chats=tuple(chats.values()) or (Chat("zulip"),), timezone_known=True)

    def read(self, path: Path, inspection: Inspection, options: Options) -> Iterator[Read]:
        """Yield every record: who subscribed, then what was said."""
        chat = inspection.chats[0] if inspection.chats else Chat("zulip")
        try:
            with _opened(path) as export:
                realm = _read_realm(export)
                for found in _found(export, _AUDIT):
                    if found.kind == "item" and (read := _subscribed(found, realm)):
                        yield read
                for found in _found(export, _MESSAGE):
                    if found.kind == "flaw":
                        yield Read(found.value, chat, found.number, found.position)
                        continue
                    if isinstance(found.value, dict):
                        chat = realm.chat(text_of(found.value.get("recipient")))
                    yield Read(_said(found.value, found.number, realm), chat, found.number, found.position)
        except Refused as refused:
            yield Read(unreadable(1, refused.code.removeprefix("import."), path.name), chat, 1, 0)


@dataclass(slots=True)
class _Realm:
    """Who and what the numbers mean."""

    people: dict[str, Person] = field(default_factory=dict)
    streams: dict[str, str] = field(default_factory=dict)
    directs: set[str] = field(default_factory=set)
    recipients: dict[str, str] = field(default_factory=dict)
    _chats: dict[str, Chat] = field(default_factory=dict)
    _named: dict[str, Person] = field(default_factory=dict)

    def chat(self, recipient: str) -> Chat:
        """Return the channel of a recipient."""
        chat = self._chats.get(recipient)
        if chat is None:
            title = self.streams.get(recipient, "")
            chat = self._chats[recipient] = Chat("zulip", recipient, title, is_group=recipient not in self.directs)
        return chat

    def person(self, number: str) -> Person:
        """Return a user; one that the export does not describe is known by number."""
        person = self.people.get(number)
        if person is None:
            person = self.people[number] = Person(identities=(("zulip", number),))
        return person

    def named(self, name: str) -> Person | None:
        """Return the user who goes by a name, if there is one."""
        if not self._named:
            self._named = {person.name: person for person in self.people.values()}
        return self._named.get(name)


@contextmanager
def _opened(path: Path) -> Iterator[Archive | Path]:
    """Open an export: an archive, or a single file as its path."""
    with path.open("rb") as stream:
        beginning = stream.read(6)
    if beginning.startswith((b"PK", *_PACKED)):
        with open_archive(path) as archive:
            yield archive
    else:
        yield path


def _found(export: Archive | Path, items: frozenset[str]) -> Iterator[Found]:
    """Yield the elements of the named lists, from every file that may hold them; numbers run on from file to file."""
    if isinstance(export, Path):
        with export.open("rb") as stream:
            yield from read_json(stream, items=items)
        return
    count = 0
    for member in sorted(export.members, key=lambda member: member.name):
        is_message = _MESSAGES.fullmatch(member.name) is not None
        if is_message != (items is _MESSAGE) or not (is_message or member.name.endswith("realm.json")):
            continue
        last = 0
        with export.open(member) as (stream, consumed):
            for found in read_json(stream, items=items, consumed=consumed):
                last = found.number
                yield found._replace(number=count + found.number)
        count += last


def _read_realm(export: Archive | Path) -> _Realm:
    realm = _Realm()
    streams: dict[str, str] = {}
    places: dict[str, str] = {}
    for found in _found(export, _LISTS):
        if found.kind != "item" or not isinstance(found.value, dict):
            continue
        value, number = found.value, text_of(found.value.get("id"))
        if found.path == "zerver_stream":
            streams[number] = text_of(value.get("name"))
        elif found.path == "zerver_recipient":
            sort = text_of(value.get("type"))
            if sort == _STREAM:
                places[number] = text_of(value.get("type_id"))
            elif sort == _DIRECT:
                realm.directs.add(number)
        else:
            realm.people[number] = _profile(value, number)
    realm.streams = {recipient: streams.get(stream, "") for recipient, stream in places.items()}
    realm.recipients = {stream: recipient for recipient, stream in places.items()}
    return realm


def _profile(value: Mapping[str, Any], number: str) -> Person:
    mail = (text_of(value.get("delivery_email")) or text_of(value.get("email"))).strip().lower()
    identities: list[tuple[str, str]] = [("zulip", number)]
    # Where addresses are hidden, Zulip makes one up of the number.
    if "@" in mail and not re.match(r"user\d+@", mail):
        identities.append(("email", mail))
    is_bot = value.get("is_bot") is True or value.get("bot_type") is not None
    return Person(text_of(value.get("full_name")), tuple(identities), is_bot)


def _subscribed(found: Found, realm: _Realm) -> Read | None:
    """Return who came to a channel or left it, of one line of the audit log."""
    value = found.value
    if not isinstance(value, dict):
        return None
    sort = text_of(value.get("event_type"))
    recipient = realm.recipients.get(text_of(value.get("modified_stream")))
    at = instant_of(value.get("event_time"))
    who = text_of(value.get("modified_user"))
    if recipient is None or at is None or not who or sort not in _SUBSCRIBED | _UNSUBSCRIBED:
        return None
    actor = text_of(value.get("acting_user"))
    by = realm.person(actor) if actor and actor != who else None
    member, message_id = realm.person(who), f"audit{text_of(value.get('id'))}"
    record: Record
    if sort in _SUBSCRIBED:
        record = Joined(at, member, by, "invite" if by else "", message_id)
    else:
        record = Left(at, member, by, message_id)
    return Read(record, realm.chat(recipient), found.number, found.position)


def _said(value: object, number: int, realm: _Realm) -> Record:
    if not isinstance(value, dict):
        return unreadable(number, "bad_type", str(value)[:200])
    at = instant_of(value.get("date_sent"))
    if at is None:
        return unreadable(number, "bad_date", f"{value.get('date_sent')} {value.get('content')}")
    sender = text_of(value.get("sender"))
    if not sender:
        return unreadable(number, "no_sender", str(value)[:200])
    text = value.get("content")
    text = clean(text) if isinstance(text, str) else ""
    kind: MessageType = "text"
    if upload := _UPLOAD.fullmatch(text):
        is_image = upload[2].lower().endswith(_IMAGES)
        kind, text = ("image", "") if is_image else ("file", upload[1])
    mentions: tuple[Person, ...] = ()
    if "**" in text:
        found = (realm.person(account) if account else realm.named(name) for name, account in _MENTION.findall(text))
        mentions = tuple(dict.fromkeys(person for person in found if person is not None))
    quoted = _QUOTE.search(text) if "/near/" in text else None
    reply = quoted[1] if quoted else ""
    return Message(at, realm.person(sender), text, kind, text_of(value.get("id")), reply, mentions)


SOURCE = ZulipJSON()

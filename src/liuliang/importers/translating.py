"""From records to facts: who is meant, when it was, and under which key it counts."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeGuard, get_args
from zoneinfo import ZoneInfo

from liuliang.importers.base import Chat
from liuliang.importers.keys import TIMELESS, Keys
from liuliang.importers.records import (
    ChatRenamed,
    Joined,
    Left,
    Message,
    Person,
    Recalled,
    Record,
    Renamed,
    RoleChanged,
    Unreadable,
    words_of,
)
from liuliang.importers.text import unreadable
from liuliang.kernel.events import Event, Fact
from liuliang.kernel.log import fact_key
from liuliang.people.events import (
    CommunityRenamed,
    MemberJoined,
    MemberLeft,
    MemberRenamed,
    MemberRoleChanged,
    MessageRecalled,
    MessageSent,
)
from liuliang.people.identities import Known, Resolved, name_key, resolve_people
from liuliang.people.questions import is_question

TEXT_LIMIT = 20_000
"""Characters of a message that are kept; the rest is cut, because it is a paste and not a thing somebody said."""

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_REMEMBERED = 200_000
_LINK = re.compile(r"https?://[^\s<>\"'，。；）】]+")

ChatRecord = Message | Joined | Left | Renamed | Recalled | ChatRenamed | RoleChanged

_CHAT_RECORDS = frozenset(get_args(ChatRecord))


def is_of_chat(record: Record) -> TypeGuard[ChatRecord]:
    """Tell whether a record is something that happened in a chat; asked of every record, so it looks at the type alone."""
    return type(record) in _CHAT_RECORDS


@dataclass(frozen=True, slots=True)
class Translated:
    """What records became: facts, those whose time cannot be true, and what was new about the people they speak of.

    ``kinds`` counts the records that became facts, by their type.
    """

    facts: list[Fact]
    refused: list[Unreadable]
    people: Resolved
    kinds: Counter[type]


@dataclass
class Translator:
    """Translates the records of one chat, in file order, batch by batch.

    ``zone`` is that of naive times. ``latest`` is the last instant that can be true: files hold no messages of tomorrow.
    ``may_merge`` says whether members who turn out to be one person are merged; else they are proposed to staff.
    """

    chat: Chat
    community: int
    zone: ZoneInfo
    latest: datetime
    may_merge: bool
    source: str = ""
    _keys: Keys = field(init=False)
    _members: dict[tuple[str, tuple[tuple[str, str], ...]], int] = field(default_factory=dict)
    _said_by: OrderedDict[str, tuple[Person, str]] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        """Name the source after the chat, so that every tool's export of one chat shares it."""
        self.source = f"{self.chat.platform}:{self.chat.key or self.community}"
        self._keys = Keys(self.chat.platform, fact_key())

    def translate(self, records: Sequence[tuple[int, ChatRecord]]) -> Translated:
        """Return the facts of ``records`` (each with its line), those whose time cannot be true, and who is new.

        New members are created at once, in a transaction of their own: call this outside of the one that appends.
        """
        timed: list[tuple[ChatRecord, datetime]] = []
        refused: list[Unreadable] = []
        for line, record in records:
            at = self.instant(record.at)
            if at is None:
                refused.append(unreadable(line, "date_out_of_range", f"{record.at} {words_of(record)}"))
            else:
                timed.append((record, at))
        people = Resolved()
        if timed:
            people = self._resolve([record for record, _ in timed], seen_at=max(at for _, at in timed))
        kinds: Counter[type] = Counter(type(record) for record, _ in timed)
        return Translated([self._fact(record, at) for record, at in timed], refused, people, kinds)

    def skip(self, records: Iterable[ChatRecord]) -> None:
        """Pass over records that an earlier run has already put into the log, so that later ones get the same keys."""
        for record in records:
            at = self.instant(record.at)
            if at is not None:
                self._key(record, at)

    def instant(self, at: datetime) -> datetime | None:
        """Return the instant of a time in the file; None when it cannot be true."""
        return instant_of(at, self.zone, self.latest)

    def _resolve(self, records: Sequence[ChatRecord], *, seen_at: datetime) -> Resolved:
        wanted = {(person.name, person.identities): person for record in records for person in self._people(record)}
        missing = {key: person for key, person in wanted.items() if key not in self._members}
        if not missing:
            return Resolved()
        if len(self._members) > _REMEMBERED:
            self._members = {key: self._members[key] for key in wanted if key in self._members}
        renamed = {record.old_name: record.new_name for record in records if isinstance(record, Renamed)}
        known = [self._known(person, renamed.get(person.name, "")) for person in missing.values()]
        found = resolve_people(known, community=self.community, at=seen_at, may_merge=self.may_merge, is_chat=True)
        self._members.update(zip(missing, found.members, strict=True))
        return found

    def _known(self, person: Person, new_name: str) -> Known:
        """Return what is known of somebody; who is known by name alone goes by the old and the new one after a change."""
        if person.identities or not new_name:
            return Known(person.name, person.identities, person.is_bot)
        names = (name_key(self.community, person.name), name_key(self.community, new_name))
        return Known(person.name, tuple((key.kind, key.value) for key in names), person.is_bot)

    def _people(self, record: ChatRecord) -> Iterator[Person]:
        """Yield everybody a record speaks of, also the author of what it answers."""
        if isinstance(record, Message):
            yield record.sender
            yield from record.mentions
            answered = self._said_by.get(record.reply_to) if record.reply_to else None
            if answered:
                yield answered[0]
            return
        if not isinstance(record, ChatRenamed):
            yield record.member
        other = record.inviter if isinstance(record, Joined) else None
        if isinstance(record, Left | ChatRenamed):
            other = record.by
        if other is not None and (other.name or other.identities):
            yield other

    def _member(self, person: Person | None) -> int | None:
        return None if person is None else self._members.get((person.name, person.identities))

    def _key(self, record: ChatRecord, at: datetime) -> str:
        if isinstance(record, RoleChanged) and not record.message_id:
            # Seen by the badge on a message, and an export that begins later sees it later: so the time is no part of it.
            return self._keys.key("role", TIMELESS, _who(record.member), record.role, "")
        key = self._keys.key(*_identity(record, at))
        if isinstance(record, Message) and record.message_id:
            if len(self._said_by) > _REMEMBERED:
                # The first of a plain dict is found by passing over all that were dropped before it.
                self._said_by.popitem(last=False)
            self._said_by[record.message_id] = (record.sender, key)
        return key

    def _fact(self, record: ChatRecord, at: datetime) -> Fact:
        key = self._key(record, at)
        payload: Event
        if isinstance(record, Message):
            return Fact(self._said(record), at, self.source, key, self._member(record.sender), self.community)
        if isinstance(record, Joined):
            member, payload = record.member, MemberJoined(self._member(record.inviter), record.how)
        elif isinstance(record, Left):
            member, payload = record.member, MemberLeft(self._member(record.by), record.by is not None)
        elif isinstance(record, Renamed):
            member, payload = record.member, MemberRenamed(clean(record.old_name, 200), clean(record.new_name, 200))
        elif isinstance(record, RoleChanged):
            member, payload = record.member, MemberRoleChanged(record.role)
        elif isinstance(record, Recalled):
            target = self._said_by.get(record.target_id)
            member, payload = record.member, MessageRecalled(target[1] if target else record.target_id)
        else:
            title = CommunityRenamed(clean(record.title, 200))
            return Fact(title, at, self.source, key, self._member(record.by), self.community)
        return Fact(payload, at, self.source, key, self._member(member), self.community)

    def _said(self, record: Message) -> MessageSent:
        text = clean(record.text, TEXT_LIMIT)
        answered = self._said_by.get(record.reply_to) if record.reply_to else None
        return MessageSent(
            text,
            record.type,
            tuple(_LINK.findall(text)[:20]) if "://" in text else (),
            answered[1] if answered else record.reply_to,
            self._member(answered[0]) if answered else None,
            tuple(self._members[person.name, person.identities] for person in record.mentions),
            record.type == "text" and is_question(text),
            record.is_recalled,
        )


def instant_of(at: datetime, zone: ZoneInfo, latest: datetime) -> datetime | None:
    """Return the instant of a time in a file, naive ones in ``zone``; None when it cannot be true."""
    try:
        moment = (at.replace(tzinfo=zone) if at.tzinfo is None else at).astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return moment if EARLIEST <= moment <= latest else None


def _identity(record: ChatRecord, at: datetime) -> tuple[str, datetime, str, str, str]:
    """Return what tells the record from others: kind, instant, who, what, and the file's own id."""
    if isinstance(record, Message):
        return "message", at, _who(record.sender), f"{record.type}\x1f{record.text}", record.message_id
    if isinstance(record, ChatRenamed):
        return "title", at, _who(record.by) if record.by else "", record.title, record.message_id
    what = ""
    if isinstance(record, Renamed):
        what = f"{record.old_name}\x1f{record.new_name}"
    elif isinstance(record, RoleChanged):
        what = record.role
    return type(record).__name__.lower(), at, _who(record.member), what, record.message_id


def _who(person: Person) -> str:
    """Return the strongest identity: tools may know more or fewer of them, and names change."""
    return ":".join(person.identities[0]) if person.identities else person.name


def clean(text: str, limit: int) -> str:
    """Return ``text`` composed, without NUL and lone surrogates, which PostgreSQL cannot hold, cut to ``limit``."""
    text = text[:limit]
    if text.isascii():
        return text.replace("\x00", "") if "\x00" in text else text
    return unicodedata.normalize("NFC", text).replace("\x00", "").encode("utf-8", "ignore").decode()


def last_possible(now: datetime) -> datetime:
    """Return the last instant a record may have: clocks and zones differ by up to two days."""
    return now + timedelta(days=2)

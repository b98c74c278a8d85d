"""QQ: the text file of the client's message manager.

A header line says when and who, ``2019-07-16 18:15:05 【管理员】昵称(10001)``; what follows up to the next header was said.
Hours may lack their leading zero, twelve-hour clocks carry AM, PM, 上午 or 下午, and an e-mail address in angle brackets may
stand for the number. Joins, leaves, recalls and renames are sentences of the senders 10000 and 1000000. One file may hold
several chats, each under its own preamble; chats of two people give no numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from django.utils.translation import gettext_lazy as _

from liuliang.importers.base import Chat, Head, Inspection, Options, Read
from liuliang.importers.head import settled_encoding
from liuliang.importers.records import Message, MessageType, Person, Record, RoleChanged
from liuliang.importers.system_lines import read_notice, records_of
from liuliang.importers.text import MAX_BODY, read_blocks, unreadable

_HALF = "(?:AM|PM|am|pm|上午|下午)"
_STAMP = rf"(\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}})[ \t]+({_HALF}[ \t]*)?(\d{{1,2}}:\d{{2}}:\d{{2}})([ \t]*{_HALF})?"
# The name ends in what is no blank, so that blanks are gone over once: a line may have a million of them.
_HEADER = re.compile(rf"{_STAMP}[ \t]+(\S(?:.*[^ \t])?)[ \t]*")
_SENDERS = re.compile(rf"^{_STAMP}[ \t]+(\S[^\n]{{0,200}}?)[ \t]*$", re.MULTILINE)
_SECTION = re.compile(r"^={20,}\n消息对象[:：](.*)\n={20,}$", re.MULTILINE)
_TITLE = "消息记录（此消息记录为文本格式"
_SEPARATORS = frozenset("-/.")
_PREAMBLE = ("=====", "消息分组", "消息对象", "消息记录（")

_ROLES = {"【群主】": "owner", "【管理员】": "admin"}
_SYSTEM = frozenset({"10000", "1000000"})
_ANONYMOUS = "80000000"
_MANY = 50_000
_LONG_NAME = 200

# What the client writes in place of what a text file cannot hold. The first group also stands inside ordinary words.
_INLINE: dict[str, MessageType] = {"[图片]": "image", "[表情]": "sticker", "[动画表情]": "sticker"}
_LABELS: dict[str, MessageType] = {
    "[语音]": "voice", "[视频]": "video", "[短视频]": "video", "[文件]": "file", "[群文件]": "file", "[链接]": "link", "[分享]": "link",
    "[位置]": "location", "[名片]": "card", "[推荐联系人]": "card", "[推荐群聊]": "card", "[QQ小程序]": "mini_program",
    "[小程序]": "mini_program", "[QQ红包]": "red_packet", "[红包]": "red_packet", "[转账]": "transfer", "[QQ转账]": "transfer",
    "[聊天记录]": "forward", "[合并转发]": "forward", "[转发消息]": "forward", "[音乐]": "music", "[投票]": "poll", "[群投票]": "poll",
    "[语音通话]": "call", "[视频通话]": "call",
}  # fmt: skip
_LABEL = re.compile(r"(\[[^\[\]\n]{2,6}\])\s*")
_MENTION = re.compile(r"@([^\s@]{1,60})")


@dataclass(frozen=True, slots=True)
class _Sender:
    """Whoever stands in a header: ``role`` is what the badge before the name says; ``key`` tells people apart."""

    person: Person
    role: str
    key: str
    is_system: bool = False


class _People:
    """The people of a file: by header text, and, for sentences and mentions, by name."""

    def __init__(self, *, needs_number: bool) -> None:
        self._needs_number = needs_number
        self._senders: dict[str, _Sender | None] = {}
        self._named: dict[str, Person | None] = {}

    @property
    def needs_number(self) -> bool:
        """Tell whether only what ends in a number or an address is a header, as in groups."""
        return self._needs_number

    @needs_number.setter
    def needs_number(self, value: bool) -> None:
        if value != self._needs_number:
            self._needs_number = value
            self._senders.clear()

    def meet(self, header: str) -> None:
        """Remember a name, so that sentences that stand before the person's first message find their number too."""
        sender = self.sender(header)
        if sender is None or sender.is_system or not sender.person.identities or len(self._named) > 4 * _MANY:
            return
        name = sender.person.name
        if self._named.setdefault(name, sender.person) != sender.person:
            self._named[name] = None  # two people go by this name: a sentence cannot mean one of them for certain

    def sender(self, header: str) -> _Sender | None:
        """Return who a header names; None when the line is no header, for it lacks the number the others have."""
        try:
            return self._senders[header]
        except KeyError:
            pass
        sender = _read_sender(header, needs_number=self._needs_number)
        if len(header) <= _LONG_NAME:
            if len(self._senders) > _MANY:
                self._senders.clear()
            self._senders[header] = sender
        return sender

    def named(self, name: str) -> Person:
        """Return the person a sentence means by a name, with the number where the file tells it."""
        known = self._named.get(name)
        if known is not None:
            return known
        sender = _read_sender(name, needs_number=True)
        return Person(name=name) if sender is None else sender.person

    def is_known(self, name: str) -> bool:
        """Tell whether somebody of the file goes by this name."""
        return name in self._named

    def mentioned(self, text: str) -> tuple[Person, ...]:
        """Return the people of the file that a text calls by ``@``."""
        found = (self._named.get(name) for name in _MENTION.findall(text))
        return tuple(dict.fromkeys(person for person in found if person is not None))


class QQText:
    """QQ's own text export."""

    key = "qq_txt"
    title = _("QQ 聊天记录 (.txt)")
    kind: Literal["chat"] = "chat"

    def recognise(self, head: Head) -> float:
        """Say how sure the format is this one."""
        if _TITLE in head.text[:2000] or _SECTION.search(head.text):
            return 1.0
        senders = _SENDERS.findall(head.text)
        if not senders:
            return 0.0
        numbered = sum(_read_sender(sender[-1], needs_number=True) is not None for sender in senders)
        return 0.9 if numbered * 2 > len(senders) else 0.0

    def inspect(self, path: Path, head: Head) -> Inspection:
        """Find the chats and the encoding; reads the file once."""
        encoding = settled_encoding(head)
        chats: dict[Chat, None] = {}
        tail = ""
        for block in read_blocks(path, encoding):
            # A preamble may be split between blocks: keep the end of the one before.
            text = tail + "\n" + block.text
            for match in _SECTION.finditer(text):
                chats[_chat(match[1], text[match.end() : match.end() + 20_000])] = None
            tail = text[-300:]
        if not chats:
            chats[_chat(Path(head.name).stem, head.text)] = None
        return Inspection(chats=tuple(chats), encoding=encoding)

    def read(self, path: Path, inspection: Inspection, options: Options) -> Iterator[Read]:
        """Yield every record in file order."""
        encoding = options.encoding or inspection.encoding
        chats = {chat.title: chat for chat in inspection.chats}
        first = inspection.chats[0] if inspection.chats else Chat("qq")
        people = _People(needs_number=first.is_group)
        for block in read_blocks(path, encoding):
            for header in {match[-1] for match in _SENDERS.findall(block.text)}:
                people.meet(header)
        yield from _Reader(chats, first, people).read(path, encoding)


class _Reader:
    """One reading of a file: the chat it is in, the message it is at."""

    def __init__(self, chats: dict[str, Chat], chat: Chat, people: _People) -> None:
        self._chats = chats
        self._chat = chat
        self._people = people
        self._roles: dict[str, str] = {}
        # The message whose lines are being gathered; without a sender what stands there belongs to nobody.
        self._sender: _Sender | None = None
        self._at = datetime(1970, 1, 1)  # noqa: DTZ001 - QQ writes local time without saying which
        self._line = 0
        self._body: list[str] = []
        self._is_orphan = True

    def read(self, path: Path, encoding: str) -> Iterator[Read]:
        body = self._body
        size = 0
        number = position = 0
        for block in read_blocks(path, encoding):
            number, position = block.line - 1, block.position
            if block.flaw:
                yield Read(unreadable(block.line, block.flaw, block.text), self._chat, block.line, position)
            for line in block.text.split("\n"):
                number += 1
                if line[4:5] in _SEPARATORS and (match := _HEADER.fullmatch(line)) is not None:
                    sender = self._people.sender(match[5])
                    # Where nobody has a number, only the blank line before it tells a header from talk of a date.
                    if sender is not None and (self._people.needs_number or not body or not body[-1]):
                        yield from self._finished(position)
                        body, size = self._begin(sender, number), 0
                        at = _instant(match)
                        if at is None:
                            self._sender = None
                            yield Read(unreadable(number, "bad_date", line), self._chat, number, position)
                        else:
                            self._at = at
                        continue
                elif line.startswith("消息对象") and body and body[-1].startswith("====="):
                    _drop_preamble(body)
                    yield from self._finished(position)
                    self._enter(line, number)
                    body = self._body
                    continue
                size += len(line) + 1
                if size <= MAX_BODY:
                    body.append(line)
                elif size - len(line) - 1 <= MAX_BODY:
                    yield Read(unreadable(number, "message_too_long", line), self._chat, number, position)
        yield from self._finished(position)

    def _begin(self, sender: _Sender, line: int) -> list[str]:
        self._sender = sender
        self._line = line
        self._is_orphan = False
        self._body = []
        return self._body

    def _enter(self, line: str, number: int) -> None:
        """Go into the chat that a preamble announces."""
        self._line = number
        title = _chat(line[5:], "").title
        self._chat = self._chats.get(title, Chat("qq", title=title))
        self._people.needs_number = self._chat.is_group
        self._roles.clear()
        self._sender = None
        self._is_orphan = True
        self._body = []

    def _finished(self, position: int) -> Iterator[Read]:
        """Yield what the gathered message says."""
        body, sender, line = self._body, self._sender, self._line
        if sender is None:
            yield from self._orphans(body, position)
            return
        while body and not body[-1]:
            body.pop()
        text = "\n".join(body)
        if sender.is_system:
            for record in self._noticed(text):
                yield Read(record, self._chat, line, position)
            return
        if sender.role or sender.key in self._roles:
            yield from self._badge(sender, position)
        person = sender.person
        if text[:1] == "[":
            kind, text = _labelled(text)
        else:
            kind = "text"
        mentions = self._people.mentioned(text) if "@" in text else ()
        yield Read(Message(self._at, person, text, kind, mentions=mentions), self._chat, line, position)

    def _orphans(self, body: list[str], position: int) -> Iterator[Read]:
        """Report lines that stand before any header: the file was cut there."""
        if not self._is_orphan:  # below a header that could not be read: reported with it
            return
        for number, line in enumerate(body, start=self._line + 1):
            if line.strip() and not line.startswith(_PREAMBLE):
                yield Read(unreadable(number, "no_header", line), self._chat, number, position)
                return

    def _badge(self, sender: _Sender, position: int) -> Iterator[Read]:
        """Yield a change of role where the badge before the name is another than last time."""
        if self._roles.get(sender.key, "") != sender.role and (sender.key in self._roles or len(self._roles) < _MANY):
            self._roles[sender.key] = sender.role
            yield Read(RoleChanged(self._at, sender.person, sender.role), self._chat, self._line, position)

    def _noticed(self, text: str) -> Iterator[Record]:
        people = self._people
        for sentence in text.split("\n"):
            notice = read_notice(sentence)
            if notice is not None:
                yield from records_of(notice, self._at, people.named, is_known=people.is_known)


def _instant(match: re.Match[str]) -> datetime | None:
    day, before, clock, after = match[1], match[2], match[3], match[4]
    if len(day) != 10:
        year, month, date = re.split("[-/.]", day)
        day = f"{year}-{month:0>2}-{date:0>2}"
    try:
        at = datetime.fromisoformat(f"{day[:4]}-{day[5:7]}-{day[8:]} {clock:0>8}")
    except ValueError:
        return None
    half = (before or after or "").strip().lower()
    if not half:
        return at
    if half in {"pm", "下午"}:
        return at + timedelta(hours=12) if at.hour < 12 else at
    return at - timedelta(hours=12) if at.hour == 12 else at


def _read_sender(header: str, *, needs_number: bool) -> _Sender | None:
    """Read ``【管理员】昵称(10001)``, ``昵称<a@example.com>`` or, where nobody has a number, ``昵称``."""
    last = header[-1:]
    name, number, mail = header, "", ""
    if last == ")":
        cut = header.rfind("(")
        if cut >= 0 and header[cut + 1 : -1].isascii() and header[cut + 1 : -1].isdigit():
            name, number = header[:cut], header[cut + 1 : -1]
    elif last == ">":
        cut = header.rfind("<")
        if cut >= 0 and "@" in header[cut:]:
            name, mail = header[:cut], header[cut + 1 : -1].strip().lower()
    if needs_number and not number and not mail:
        return None
    role = ""
    for badge, meaning in _ROLES.items():
        if name.startswith(badge):
            name, role = name[len(badge) :], meaning
    name = name.strip()
    if number in _SYSTEM or name.startswith("系统消息"):
        return _Sender(Person(name=name), "", number, is_system=True)
    if number == _ANONYMOUS:
        return _Sender(Person(name=name or "匿名"), "", "")
    identities: list[tuple[str, str]] = [("qq", number)] if number else []
    if mail:
        local, _at, domain = mail.partition("@")
        if domain == "qq.com" and local.isdigit():
            identities.append(("qq", local))
        identities.append(("email", mail))
    person = Person(name=name or number or mail, identities=tuple(identities))
    return _Sender(person, role, number or mail or name)


def _labelled(text: str) -> tuple[MessageType, str]:
    """Tell from the client's labels what a message is, and leave of the text what a person wrote."""
    match = _LABEL.match(text)
    if match is None:
        return "text", text
    if kind := _LABELS.get(match[1]):
        return kind, text[match.end() :]
    if kind := _INLINE.get(match[1]):
        rest = text
        for label in _INLINE:
            rest = rest.replace(label, "")
        return (kind, "") if not rest.strip() else ("text", text)
    return "text", text


def _chat(title: str, beginning: str) -> Chat:
    """Return the chat of a preamble. Where its first headers carry no numbers, it is a chat of two people."""
    title = title.strip()
    match = re.fullmatch(r"(.+)\((\d{5,12})\)", title)
    section = _SECTION.search(beginning)
    headers = [found[-1] for found in _SENDERS.findall(beginning[: section.start()] if section else beginning)]
    is_group = not headers or any(_read_sender(header, needs_number=True) is not None for header in headers)
    if match:
        return Chat("qq", key=match[2], title=match[1], is_group=is_group)
    return Chat("qq", title=title, is_group=is_group)


def _drop_preamble(body: list[str]) -> None:
    """Remove the lines of a following chat's preamble from the end of a message."""
    while body and (not body[-1].strip() or body[-1].startswith(_PREAMBLE)):
        body.pop()


SOURCE = QQText()

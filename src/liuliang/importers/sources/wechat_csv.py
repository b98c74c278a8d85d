"""WeChat: the CSV files of 留痕 (MemoTrace).

Two kinds are met. The export of everything has the columns of the client's own database (``localId, TalkerId, Type, …``)
with wxids and instants, and several chats in one file; the export of one chat has Chinese columns (``消息ID, 类型, 发送人, …``)
with names and local times. Neither names the group: the file's name does.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path
from typing import Literal, NamedTuple

from django.utils.translation import gettext_lazy as _

from liuliang.importers.base import Chat, Head, Inspection, Options, Read
from liuliang.importers.csv_rows import Row, read_rows
from liuliang.importers.head import settled_encoding
from liuliang.importers.records import Message, MessageType, Person, Record, Unreadable
from liuliang.importers.text import read_blocks, unreadable
from liuliang.importers.wechat_sentences import parse
from liuliang.importers.wechat_types import APPS, NUMBERS

_DATABASE = {
    "TalkerId": "talker", "Type": "type", "SubType": "subtype", "IsSender": "is_self", "CreateTime": "instant",
    "StrContent": "text", "StrTime": "local", "Remark": "remark", "NickName": "nickname", "Sender": "wxid",
}  # fmt: skip
_SINGLE = {
    "消息ID": "id", "类型": "type", "发送人": "sender", "时间": "local", "内容": "text", "备注": "remark", "昵称": "nickname",
}  # fmt: skip
_SIGNS = (("TalkerId", "StrContent", "CreateTime"), ("消息ID", "类型", "发送人", "内容"))

_WORDS: dict[str, MessageType] = {
    "文本": "text", "引用": "text", "图片": "image", "语音": "voice", "视频": "video", "表情包": "sticker", "动画表情": "sticker",
    "名片": "card", "位置": "location", "地图": "location", "文件": "file", "链接": "link", "分享": "link", "视频号": "link",
    "小程序": "mini_program", "红包": "red_packet", "转账": "transfer", "音乐": "music", "音视频通话": "call", "通话": "call",
    "聊天记录": "forward", "合并转发": "forward", "接龙": "text", "公告": "text",
}  # fmt: skip
_SYSTEM = frozenset({"10000", "10002", "系统消息", "系统", "撤回消息", "拍一拍"})
_TITLE = re.compile(r"<title>(?:<!\[CDATA\[)?(.*?)(?:\]\]>)?</title>", re.DOTALL)
_LABEL = re.compile(r"\[[^\[\]]{1,8}\]")
_ALL = re.compile(r"(?:messages?|全部聊天记录|聊天记录)(?:[_\-(（ ].*)?", re.IGNORECASE)
_SUFFIX = re.compile(r"(?:_utf-?8|_gbk|\(\d+\)|_聊天记录|的聊天记录)$", re.IGNORECASE)
_SHARDS = 10
"""The client spreads one chat over this many databases at most, and each numbers its talkers anew."""
_MANY = 50_000
_SECONDS = range(1_000_000_000, 5_000_000_000)


class _Line(NamedTuple):
    """One row with its cells by name; a column the file lacks is empty."""

    talker: str
    id: str
    type: str
    subtype: str
    is_self: str
    instant: str
    text: str
    local: str
    remark: str
    nickname: str
    sender: str
    wxid: str


class WeChatCSV:
    """CSV of 留痕."""

    key = "wechat_csv"
    title = _("微信聊天记录，留痕导出 (.csv)")
    kind: Literal["chat"] = "chat"

    def recognise(self, head: Head) -> float:
        """Say how sure the format is this one, by its columns."""
        return 1.0 if _fields(head.text.lstrip().split("\n", 1)[0]) else 0.0

    def inspect(self, path: Path, head: Head) -> Inspection:
        """Find the chats and the encoding; reads the file once."""
        encoding = settled_encoding(head)
        fields = _fields(head.text.lstrip().split("\n", 1)[0])
        talkers: dict[str, set[str]] = {}
        for _row, line in _lines(path, encoding):
            if isinstance(line, _Line) and len(talkers) < _MANY:
                people = talkers.setdefault(line.talker, set())
                if len(people) < 3 and (person := line.wxid or line.sender):
                    people.add(person)
        is_many = len(talkers) > _SHARDS or (len(talkers) > 1 and _ALL.fullmatch(Path(head.name).stem) is not None)
        chats = _chats(head, talkers, is_many=is_many)
        return Inspection(chats=chats, encoding=encoding, timezone_known="instant" in fields.values())

    def read(self, path: Path, inspection: Inspection, options: Options) -> Iterator[Read]:
        """Yield every record in file order."""
        encoding = options.encoding or inspection.encoding
        chats = {chat.key: chat for chat in inspection.chats}
        first = inspection.chats[0] if inspection.chats else Chat("wechat")
        people = _People()
        for _row, line in _lines(path, encoding):
            if isinstance(line, _Line):
                people.meet(line)
        for row, line in _lines(path, encoding):
            if isinstance(line, Unreadable):
                yield Read(line, first, row.line, row.position)
                continue
            chat = chats.get(_key(line.talker), first)
            for record in _records(line, row.line, people):
                yield Read(record, chat, row.line, row.position)


class _People:
    """The people of a file: by wxid, and by the name a sentence calls them."""

    def __init__(self) -> None:
        self._people: dict[tuple[str, str], Person] = {}
        self._named: dict[str, Person | None] = {}
        self._met: set[tuple[str, ...]] = set()
        self.myself = Person()

    def meet(self, line: _Line) -> None:
        """Remember who speaks in a row, so that sentences before it know them too."""
        if line.type in _SYSTEM:
            return
        who = (line.wxid, line.remark, line.nickname, line.sender, line.is_self)
        if who in self._met:
            return
        if len(self._met) > _MANY:
            self._met.clear()
        self._met.add(who)
        person = self.of(line)
        if line.is_self == "1" and not self.myself.identities:
            self.myself = person
        if not person.identities:
            return
        for name in {line.nickname, line.remark} - {""}:
            known = self._named.get(name, person)
            if len(self._named) < 4 * _MANY:
                is_same = known is not None and known.identities == person.identities
                self._named[name] = known if is_same else None  # None: two people go by this name

    def of(self, line: _Line) -> Person:
        """Return whoever speaks in a row."""
        wxid = "" if line.wxid in {"系统消息", "未知"} else line.wxid
        name = line.remark or line.nickname or line.sender
        person = self._people.get((wxid, name))
        if person is None:
            person = Person(name=name, identities=(("wxid", wxid),) if wxid else ())
            if len(self._people) > _MANY:
                self._people.clear()
            self._people[wxid, name] = person
        return person

    def named(self, name: str) -> Person:
        """Return the person a sentence means."""
        return self._named.get(name) or Person(name=name)


def _records(line: _Line, number: int, people: _People) -> list[Record]:
    at = _instant(line)
    if at is None:
        return [unreadable(number, "bad_date", f"{line.instant} {line.local} {line.text}")]
    if line.type in _SYSTEM:
        return parse(line.text, at, people.myself, people.named, message_id=line.id)
    kind = _kind(line)
    return [Message(at, people.of(line), _text(line, kind), kind, message_id=line.id)]


def _instant(line: _Line) -> datetime | None:
    """Return the instant of a row; local time where the file gives nothing better."""
    if line.instant.isascii() and line.instant.isdecimal() and len(line.instant) < 15:
        seconds = int(line.instant)
        if seconds not in _SECONDS:
            seconds //= 1000
        if seconds in _SECONDS:
            return datetime.fromtimestamp(seconds, UTC)
    if len(line.local) < 19:
        return None
    try:
        at = datetime.fromisoformat(line.local[:19].replace("/", "-"))
    except ValueError:
        return None
    # A file of instants stays one: where one row lacks its own, its local time cannot be told from an instant's.
    return None if line.instant else at


def _kind(line: _Line) -> MessageType:
    if line.type == "49":
        return APPS.get(line.subtype, "other")
    return NUMBERS.get(line.type) or _WORDS.get(line.type) or "other"


def _text(line: _Line, kind: MessageType) -> str:
    """Return what was written: of an XML message only its title, for the rest of it is machinery."""
    text = line.text
    if line.type == "1" or not text.lstrip().startswith("<"):
        return "" if kind != "text" and _LABEL.fullmatch(text) else text
    match = _TITLE.search(text, 0, 20_000) if kind not in {"image", "voice", "video", "sticker"} else None
    return html.unescape(match[1]).strip() if match else ""


def _lines(path: Path, encoding: str) -> Iterator[tuple[Row, _Line | Unreadable]]:
    """Yield the rows below the header by name."""
    pick: Callable[[list[str]], Iterable[str]] | None = None
    for row in read_rows(read_blocks(path, encoding)):
        cells = row.cells
        if isinstance(cells, Unreadable):
            yield row, cells
        elif pick is not None:
            cells.append("")  # stands for the columns the file lacks
            yield row, _Line._make(pick(cells))
        elif names := _names(cells):
            places = {names[header]: place for place, header in enumerate(cells) if header in names}
            first, *others = (places.get(field, -1) for field in _Line._fields)
            pick = itemgetter(first, *others)
        else:
            yield row, unreadable(row.line, "no_header", ",".join(cells))
            return


def _fields(header: str) -> dict[str, str]:
    return _names([cell.strip().strip('"') for cell in header.removeprefix("\ufeff").split(",")])


def _names(cells: list[str]) -> dict[str, str]:
    """Return what the columns of a header mean; empty when it is no header of this format."""
    for sign, names in zip(_SIGNS, (_DATABASE, _SINGLE), strict=True):
        if set(sign) <= set(cells):
            return names
    return {}


def _key(talker: str) -> str:
    return f"talker:{talker}"


def _chats(head: Head, talkers: dict[str, set[str]], *, is_many: bool) -> tuple[Chat, ...]:
    title = Path(head.name).stem
    while (shorter := _SUFFIX.sub("", title)) != title and shorter:
        title = shorter
    if not is_many:
        people = set().union(*talkers.values())
        return (Chat("wechat", title=title, is_group=len(people) != 2),)
    return tuple(Chat("wechat", _key(talker), is_group=len(people) > 2) for talker, people in talkers.items())


SOURCE = WeChatCSV()

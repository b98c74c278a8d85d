"""WhatsApp: the text file of "Export chat", from iOS (``_chat.txt``, often still in its zip) and Android.

iOS writes ``[2023/12/8 下午3:13:07] 名字: 内容``, Android ``2023/12/8 15:13 - 名字: 内容``; dates and clocks are those of the phone's
language, see `liuliang.importers.clocks`. Lines without a stamp go on with the message above. Lines without ``name:`` are the
program's own; iOS puts even those under a name, and marks what the program wrote with U+200E.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

from django.utils.translation import gettext_lazy as _

from liuliang.importers.base import Chat, Head, Inspection, Options, Read
from liuliang.importers.clocks import Clock, OrderVote, is_nearly_stamp, read_stamp
from liuliang.importers.head import head_of, member_head, settled_encoding
from liuliang.importers.records import ChatRenamed, Message, MessageType, Person, Recalled, Record, Unreadable
from liuliang.importers.system_lines import is_deletion, read_notice, records_of
from liuliang.importers.text import MAX_BODY, Block, lines_of, read_blocks, unreadable

_MARKS = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\ufeff"
_PROGRAM = "\u200e"
"""What iOS puts before words that are not a person's."""
_ENDS = frozenset(">)")
_STARTS = frozenset(_MARKS) | {"["}
_LONGEST_STAMP = 48
_MANY = 50_000
_LONG_NAME = 200

_PHONE = re.compile(r"\+\d[\d\s().\-\u2010\u2011]{5,24}")
_NOT_DIGIT = re.compile(r"[^\d+]")
_MENTION = re.compile("@\u2068([^\u2069\n]{1,200})\u2069|@(\\d{8,15})(?!\\d)")
_QUOTE = re.compile('["“「]')

_EXTENSIONS: dict[str, MessageType] = {
    "jpg": "image", "jpeg": "image", "png": "image", "gif": "image", "heic": "image", "webp": "sticker", "opus": "voice",
    "ogg": "voice", "m4a": "voice", "aac": "voice", "amr": "voice", "mp3": "voice", "mp4": "video", "mov": "video",
    "3gp": "video", "vcf": "card",
}  # fmt: skip
_ATTACHED = re.compile(
    r"<[^<>:]{1,30}: (?P<ios>[^<>]+\.(?P<a>\w{1,8}))>|(?P<android>\S[^\n]*\.(?P<b>\w{1,8})) \([^()]{4,40}\)"
)
_ANDROID_FILE = re.compile(
    r"(?:IMG|VID|PTT|AUD|STK|DOC)-\d{8}-WA\d+\.|[^\n]+\.\w{2,5} \((?:file attached|文件附件|附件檔案|檔案已附加|附件)\)"
)
# "image omitted", "图像已忽略": the thing's name and a word for leaving out, in the languages whose exports are met most.
_OMITTED = re.compile(
    r"<[^<>\n]{4,40}>|[^\n]{1,40}?(?:omitted|已忽略|已略去|已省略|omitid[oa]|omis[eo]?|ocultad[oa]|weggelassen|weggelaten|"
    r"omess[oa]|absent[ea]?|diabaikan|tidak disertakan|пропущен[оаы]?|dahil edilmedi|は含まれていません|생략됨)",
    re.IGNORECASE,
)
_MEDIA_OMITTED = re.compile(
    r"<(?:(?:media|médias?|medien|multimedia|mídia|archivo)\b[^<>]{0,30}|[^<>]{0,12}(?:省略|略去|忽略)[^<>]{0,12}|"
    r"без медиафайлов|файл пропущен|メディア[^<>]{0,12}|미디어[^<>]{0,20})>",
    re.IGNORECASE,
)
_THINGS: tuple[tuple[MessageType, str], ...] = (
    (
        "image",
        r"image|imagen|imagem|bild|immagine|afbeelding|photo|foto|gif|图像|图片|圖片|圖像|照片|изображение|画像|이미지|사진",
    ),
    ("video", r"vid[eé]o|视频|視訊|影片|видео|ビデオ|동영상|비디오"),
    ("voice", r"audio|voice|音频|語音|语音|音訊|аудио|音声|오디오"),
    ("sticker", r"sticker|figurinha|贴图|貼圖|стикер|ステッカー|스티커"),
    ("card", r"contact card|contacto|contato|kontakt|contatto|名片|联系人|聯絡人|контакт|連絡先|연락처"),
    ("file", r"document|documento|dokument|文档|文件|檔案|документ|ドキュメント|문서"),
)
_CALLS = re.compile(
    r"(?:Missed |Silenced )?(?:voice|video|group voice|group video) call\b|未接(?:语音|視訊|視像|视频|語音)(?:通话|通話|来电|來電)",
    re.IGNORECASE,
)
_LOCATION = re.compile(r"[^\n:：]{1,30}[:：] ?https://(?:maps\.google\.com/|maps\.apple\.com/|foursquare\.com/)")
_POLL = re.compile(r"(?:POLL|投票|ENCUESTA|ENQUETE|SONDAGE|UMFRAGE)[:：]")
_POLLS = frozenset("PESU投")
_EDITED = re.compile("\\s*\u200e?<(?:This message was edited|已编辑|此消息已编辑|消息已编辑|此訊息已編輯|訊息已編輯)>$")
_PREFIX = re.compile(
    r"(?:WhatsApp Chat (?:with|-) |WhatsApp Group Chat (?:with|-) |WhatsApp Chat mit |Chat de WhatsApp con |"
    r"Conversa do WhatsApp com |Discussion WhatsApp avec |Chat WhatsApp con |Чат WhatsApp с (?:контактом )?)(?P<name>.+)|"
    r"[与與]\s?(?P<zh>.+?)\s?的\s?WhatsApp\s?(?:聊天|对话|對話)(?:记录|記錄|紀錄)?|"
    r"WhatsApp\s?[与與]\s?(?P<zh2>.+?)\s?的(?:聊天|对话|對話)(?:记录|記錄)?|"
    r"WhatsApp\s?(?:[与與]\s?(?:群聊|群组|群組)\s?的\s?)?(?:聊天|对话|對話)(?:记录|記錄|紀錄)?\s?[-–—]\s?(?P<zh3>.+)",
    re.IGNORECASE,
)
_COPY = re.compile(r"\s*\(\d{1,3}\)$")
"""What a browser puts behind a name that it saves for the second time."""
_SAYS_NOTHING = re.compile(
    r"[\W\d_]*(?:(?:whatsapp|chats?|groups?|export(?:ed)?|messages?|history|files?|txt|zip|聊天|对话|對話|记录|記錄|紀錄|群聊|群组|"
    r"群組|导出|匯出|消息|文件|与|與|的)[\W\d_]*)*",
    re.IGNORECASE,
)
"""Names of files that are words for the format alone."""


class WhatsAppText:
    """WhatsApp's own text export."""

    key = "whatsapp_txt"
    title = _("WhatsApp 聊天记录 (.txt, .zip)")
    kind: Literal["chat"] = "chat"

    def recognise(self, head: Head) -> float:
        """Say how sure the format is this one: how many of the first lines begin with a stamp and a name."""
        if head.names:
            member = _member(head)
            return self.recognise(member_head(head, member)) if member else 0.0
        stamps = named = 0
        for line in head.text.split("\n")[:400]:
            parts = _split(line)
            if parts is None or read_stamp(parts[0]) is None:
                continue
            if parts[1].startswith(("<", "* ", "-!- ", "*** ")):  # IRC
                return 0.0
            stamps += 1
            named += ": " in parts[1] or parts[1].endswith(":")
        if named == 0:
            return 0.4 if stamps > 1 else 0.0
        return 0.95 if named > 1 or stamps > 1 else 0.85

    def inspect(self, path: Path, head: Head) -> Inspection:
        """Decide the order of dates from the whole file, and find the chat's title."""
        member = _member(head)
        beginning = member_head(head, member) if member else head
        encoding = settled_encoding(beginning, member=member)
        vote = OrderVote()
        last = " "
        for _number, line, _block in lines_of(read_blocks(path, encoding, member=member)):
            parts = _split(line)
            if parts is None or parts[0].startswith(last):  # the same day again
                continue
            stamp = read_stamp(parts[0])
            if stamp is not None:
                vote.add(stamp)
                last = parts[0][: stamp.date_end] if stamp.date_end > 0 else " "
        order, is_guess = vote.decide()
        return Inspection(
            chats=(_chat(head, beginning, Clock(order)),),
            encoding=encoding,
            date_order=order,
            warnings=("date_order_guessed",) if is_guess else (),
        )

    def read(self, path: Path, inspection: Inspection, options: Options) -> Iterator[Read]:
        """Yield every record in file order."""
        encoding = options.encoding or inspection.encoding
        order = options.date_order or inspection.date_order or "dmy"
        chat = inspection.chats[0] if inspection.chats else Chat("whatsapp")
        member = _zip_member(path)
        yield from _Reader(chat, Clock(order)).read(read_blocks(path, encoding, member=member))


class _Reader:
    """One reading of a file: the message it is at, and who has been met."""

    def __init__(self, chat: Chat, clock: Clock) -> None:
        self._chat = chat
        self._clock = clock
        self._people: dict[str, Person] = {}
        # The message whose lines are being gathered: when, who (empty: a line of the program's own), what.
        self._at: datetime | None = None
        self._name = ""
        self._line = 0
        self._first = ""
        self._more: list[str] = []
        self._has_begun = False
        self._is_bracketed: bool | None = None

    def read(self, blocks: Iterator[Block]) -> Iterator[Read]:
        chat, at_of = self._chat, self._clock.at
        position = size = 0
        for block in blocks:
            position = block.position
            if block.flaw:
                yield Read(unreadable(block.line, block.flaw, block.text), chat, block.line, position)
            for number, line in enumerate(block.text.split("\n"), start=block.line):
                parts = _split(line)
                at = None if parts is None else at_of(parts[0])
                if at is None and (parts is None or read_stamp(parts[0]) is None):
                    parts = self._damaged(line)
                if parts is None:
                    size += len(line) + 1
                    if reason := self._go_on(line, size):
                        yield Read(unreadable(number, reason, line), chat, number, position)
                    continue
                for record in self._finished():
                    yield Read(record, chat, self._line, position)
                self._begin(at, parts[1], number)
                size = 0
                if self._is_bracketed is None:
                    self._is_bracketed = line.lstrip(_MARKS).startswith("[")
                if at is None:
                    yield Read(unreadable(number, "bad_date", line), chat, number, position)
        for record in self._finished():
            yield Read(record, chat, self._line, position)

    def _damaged(self, line: str) -> tuple[str, str] | None:
        """Take a line apart whose stamp is damaged; None when it goes on with the message above.

        People write dates and times too, so it must have the form of the stamps of this file, and a name behind it.
        """
        bare = line.lstrip(_MARKS)
        if self._is_bracketed is None or self._is_bracketed != bare.startswith("["):
            return None
        parts = _split(line)
        if parts is None and self._is_bracketed:  # the bracket that closes it is what was lost
            parts = (bare[1:_LONGEST_STAMP].partition(": ")[0], bare)
        if parts is None or ": " not in parts[1] or not is_nearly_stamp(parts[0]):
            return None
        return parts

    def _go_on(self, line: str, size: int) -> str:
        """Add a line to the message above it; return what is wrong with that, once a message."""
        if not self._has_begun and line.strip():
            self._has_begun = True
            return "no_header"
        if size <= MAX_BODY:
            self._more.append(line)
        elif size - len(line) - 1 <= MAX_BODY:
            return "message_too_long"
        return ""

    def _begin(self, at: datetime | None, rest: str, line: int) -> None:
        self._at = at
        self._line = line
        self._has_begun = True
        name, colon, text = rest.partition(": ")
        if colon:
            self._name, self._first = name, text
        elif rest.endswith(":"):  # an editor trimmed the blank after the colon
            self._name, self._first = rest[:-1], ""
        else:
            self._name, self._first = "", rest
        if self._more:
            self._more = []

    def _finished(self) -> Sequence[Record]:
        """Return what the gathered message says."""
        at, name, text = self._at, self._name, self._first
        if at is None:
            self._more.clear()
            return ()
        if self._more:
            text = "\n".join((text, *self._more)).rstrip("\n")
        person = self._people.get(name)
        if person is None and (not name or _QUOTE.search(name)):
            # A title in quotes may hold a colon: then what looks like a name is the beginning of a sentence.
            records = self._noticed(at, f"{name}: {text}" if name else text)
            if records or not name:
                return records
        if text[:1] == _PROGRAM:
            return self._marked(at, name, text)
        return (self._said(at, person or self._person(name), text),)

    def _marked(self, at: datetime, name: str, text: str) -> Sequence[Record]:
        """Return what a line of the program's own says, which iOS puts under somebody's name."""
        said = self._said(at, self._person(name), text)
        if isinstance(said, Recalled) or (isinstance(said, Message) and said.type != "text"):
            return (said,)
        return self._noticed(at, text)

    def _noticed(self, at: datetime, sentence: str) -> list[Record]:
        notice = read_notice(sentence)
        if notice is None:
            return []
        return list(records_of(notice, at, self._person, is_known=lambda name: _bare(name) in self._people))

    def _said(self, at: datetime, sender: Person, text: str) -> Record:
        if is_deletion(text):
            return Recalled(at, sender)
        mentions = self._mentioned(text) if "@" in text else ()
        kind, words = _kind_of(text)
        return Message(at, sender, words, kind, mentions=mentions)

    def _person(self, name: str) -> Person:
        person = self._people.get(name)
        if person is None:
            person = _read_person(name)
            if len(name) <= _LONG_NAME:
                if len(self._people) > _MANY:
                    self._people.clear()
                self._people[name] = person
        return person

    def _mentioned(self, text: str) -> tuple[Person, ...]:
        found = (self._person(name or f"+{digits}") for name, digits in _MENTION.findall(text))
        return tuple(dict.fromkeys(found))


def _split(line: str) -> tuple[str, str] | None:
    """Cut a line into what may be its stamp and the rest; None when it begins with nothing like one."""
    first = line[:1]
    if first in _STARTS:
        line = line.lstrip(_MARKS)
        if line[:1] == "[":
            end = line.find("]", 8, _LONGEST_STAMP)
            return None if end < 0 else (line[1:end], line[end + 1 :].lstrip(" "))
        first = line[:1]
    if not first.isdigit():
        return None
    end = line.find(" - ", 8, _LONGEST_STAMP)
    if end < 0:
        end = line.find(" – ", 8, _LONGEST_STAMP)
    return None if end < 0 else (line[:end], line[end + 3 :])


def _bare(name: str) -> str:
    return name.strip(_MARKS + " \u2068\u2069\u202f\u00a0")


def _read_person(name: str) -> Person:
    """Return who a name is; somebody who is not in the exporter's address book stands there by number, or as ``~ name``."""
    bare = _bare(name)
    if bare.startswith("~"):
        bare = _bare(bare[1:]) or bare
    if _PHONE.fullmatch(bare):
        return Person(name=" ".join(bare.split()), identities=(("phone", _NOT_DIGIT.sub("", bare)),))
    return Person(name=bare)


def _kind_of(text: str) -> tuple[MessageType, str]:
    """Tell what a message is, and leave of its text what a person wrote."""
    is_marked = _PROGRAM in text
    if is_marked or text[-1:] in _ENDS or "\n" in text:
        text = _EDITED.sub("", text)
        found = _attachment(text, is_marked=is_marked)
        if found is not None:
            return found
        if is_marked:
            text = text.strip(_PROGRAM)
    if "://" in text and _LOCATION.match(text):
        return "location", text
    if is_marked and _CALLS.match(text):
        return "call", text
    if text[:1] in _POLLS and _POLL.match(text):
        return "poll", text
    return "text", text


def _attachment(text: str, *, is_marked: bool) -> tuple[MessageType, str] | None:
    first, _line_end, caption = text.partition("\n")
    if not is_marked and first[-1:] not in _ENDS:
        return None
    bare = first.strip("\u200e\u200f ")
    if _MEDIA_OMITTED.fullmatch(bare):
        return "other", caption
    if is_marked:
        before, _mark, left_out = bare.rpartition(_PROGRAM)
        if _OMITTED.fullmatch(left_out):
            name = before.partition(_PROGRAM)[0].strip(" •")
            return _thing(left_out), "\n".join(part for part in (name, caption) if part)
    match = _ATTACHED.search(bare)
    if match is None or (match["android"] and not _ANDROID_FILE.match(bare)):
        return None
    extension = (match["a"] or match["b"]).lower()
    kind = _EXTENSIONS.get(extension, "file")
    name = (match["ios"] or match["android"]).strip("\u200e") if kind == "file" else ""
    return kind, "\n".join(part for part in (name, caption) if part)


def _thing(words: str) -> MessageType:
    for kind, names in _THINGS:
        if re.search(names, words, re.IGNORECASE):
            return kind
    return "other"


def _member(head: Head) -> str:
    """Return the chat's text inside an archive; empty when the file is none, or holds no such text."""
    texts = [name for name in head.names if name.lower().endswith(".txt")]
    for name in texts:
        base = name.rsplit("/", 1)[-1]
        if base == "_chat.txt" or _PREFIX.fullmatch(base[:-4]):
            return name
    return texts[0] if len(texts) == 1 else ""


def _zip_member(path: Path) -> str:
    with path.open("rb") as stream:
        raw = stream.read(4)
    if raw != b"PK\x03\x04":
        return ""
    return _member(head_of(path))


def _chat(head: Head, beginning: Head, clock: Clock) -> Chat:
    """Find the title, and whether more than two people are there.

    The name that the program gave the file tells it, else what was said in the chat, else the name that a person gave it.
    """
    people: set[Person] = set()
    title = ""
    is_group = False
    lines = Block(beginning.text, 1, 0)
    for read in _Reader(Chat("whatsapp"), clock).read(iter((lines,))):
        record = read.record
        if isinstance(record, Message):
            people.add(record.sender)
        elif not isinstance(record, Recalled | Unreadable):
            is_group = True
            title = record.title if isinstance(record, ChatRenamed) else title
    names = [_COPY.sub("", name) for name in (head.name.rpartition(".")[0], beginning.name.removesuffix(".txt"))]
    given = next((told for name in names if (told := _PREFIX.fullmatch(name))), None)
    if given is not None:
        title = next(filter(None, given.groups())).strip()
    title = title or next((name.strip() for name in names if not _SAYS_NOTHING.fullmatch(name)), "")
    return Chat("whatsapp", title=title, is_group=is_group or len(people) > 2)


SOURCE = WhatsAppText()

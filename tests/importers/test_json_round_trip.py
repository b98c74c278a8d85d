"""Write a chat in a format, read it, and find the same chat: for every JSON format that the simulator writes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liuliang.importers.base import Options, sources
from liuliang.importers.fields import clean
from liuliang.importers.head import recognise
from liuliang.importers.records import ChatRenamed, Joined, Left, Message, Person, Recalled, Record
from liuliang.simulator.formats import entries as written
from liuliang.simulator.formats.catalogue import FORMATS, write_chat
from liuliang.simulator.formats.entries import Came, Entry, Retitled, Said, TookBack, Went, Who
from liuliang.simulator.formats.qq_exporter_json import message_id as qq_id

KINDS = {
    "weflow_json": "wxid",
    "chatlog_json": "wxid",
    "telegram_json": "telegram",
    "discord_json": "discord",
    "qq_exporter_json": "qq",
}
NAMES = st.text("张王李赵小明红芳龙abcXYZ019☕_()（）·", min_size=1, max_size=12).filter(
    lambda name: name.strip() == name
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="["), min_size=1, max_size=60)
TITLES = st.text("读书会咖啡 abc☕", min_size=1, max_size=12).map(str.strip).filter(bool)


@st.composite
def chats(draw: st.DrawFn) -> list[Entry]:
    """A chat in which everybody has spoken, so that notices can be told whom they mean."""
    names = draw(st.lists(NAMES, min_size=3, max_size=6, unique=True))
    people = [Who(str(20_000 + number), name) for number, name in enumerate(names)]
    made: list[Entry] = []

    def number() -> int:
        return 10 * (len(made) + 1)

    def at() -> int:
        return 1_600_000_000 + 60 * len(made)

    for who in people:
        made += [Said(at(), who, draw(TEXTS), number())]
    someone = st.sampled_from(people)
    for kind in draw(
        st.lists(st.sampled_from(["text", "image", "file", "came", "went", "back", "title"]), max_size=12)
    ):
        who = draw(someone)
        if kind == "text":
            said = [entry.id for entry in made if isinstance(entry, Said) and entry.kind == "text"]
            made.append(Said(at(), who, draw(TEXTS), number(), reply_to=draw(st.sampled_from([0, *said]))))
        elif kind == "image":
            made.append(Said(at(), who, "", number(), "image"))
        elif kind == "file":
            made.append(Said(at(), who, draw(TITLES), number(), "file"))
        elif kind == "came":
            how = draw(st.sampled_from(["invite", "alone"]))
            count = draw(st.integers(1, 2)) if how == "invite" else 1
            others = tuple(other for other in people if other != who)[:count]
            made.append(Came(at(), others, number(), who if how == "invite" else None, how))
        elif kind == "went":
            made.append(Went(at(), who, number(), people[0] if who != people[0] else None))
        elif kind == "back":
            made.append(TookBack(at(), who, number()))
        else:
            made.append(Retitled(at(), who, draw(TITLES), number()))
    return made


class Expected:
    """What a format can say of a chat."""

    def __init__(self, key: str, chat: written.Chat, made: list[Entry]) -> None:
        self.key = key
        self.is_wechat = key in {"weflow_json", "chatlog_json"}
        self.chat = chat
        self.made = made
        self.seqs: dict[int, str] = {}

    def person(self, who: Who) -> Person:
        account = f"user{who.id}" if self.key == "telegram_json" else who.id
        return Person(clean(who.name), ((KINDS[self.key], account),))

    def id(self, number: int) -> str:
        if self.key == "qq_exporter_json":
            return qq_id(number)
        return {"weflow_json": "", "chatlog_json": self.seqs.get(number, "")}.get(self.key, str(number))

    def records(self) -> Iterator[Record]:
        for entry in self.made:
            at = datetime.fromtimestamp(entry.at, UTC)
            self.seqs[entry.id] = str(entry.at * 1000)
            if isinstance(entry, Said):
                yield self.said(entry, at)
            elif isinstance(entry, Came):
                yield from self.came(entry, at)
            elif isinstance(entry, Went):
                yield from self.went(entry, at)
            elif isinstance(entry, TookBack):
                if self.is_wechat or self.key == "qq_exporter_json":
                    yield Recalled(at, self.person(entry.who), message_id=self.id(entry.id))
            elif isinstance(entry, Retitled) and self.key != "discord_json":
                yield ChatRenamed(at, self.person(entry.by), entry.title, self.id(entry.id))

    def said(self, entry: Said, at: datetime) -> Message:
        reply = self.id(entry.reply_to) if entry.reply_to else ""
        return Message(at, self.person(entry.who), clean(entry.text), entry.kind, self.id(entry.id), reply)

    def came(self, entry: Came, at: datetime) -> Iterator[Joined]:
        for place, who in enumerate(entry.who):
            inviter = self.person(entry.inviter) if entry.inviter else None
            how = "invite" if inviter else ""
            number = self.id(entry.id)
            number += f"#{place + 1}" if place and number else ""
            if self.key == "discord_json":
                inviter, how, number = None, "", str(entry.id + place)
            elif not inviter:
                how = {"telegram_json": "link", "qq_exporter_json": ""}.get(self.key, "code")
            yield Joined(at, self.person(who), inviter, how, number)

    def went(self, entry: Went, at: datetime) -> Iterator[Left]:
        by = self.person(entry.by) if entry.by else None
        tells_all = self.key in {"telegram_json", "qq_exporter_json"}
        if tells_all or (self.is_wechat and by == self.person(self.chat.exporter)):
            yield Left(at, self.person(entry.who), by, self.id(entry.id))


@pytest.mark.parametrize("key", KINDS)
@settings(max_examples=60, deadline=None)
@given(made=chats(), title=TITLES)
def test_a_chat_that_was_written_is_read_the_same(
    tmp_path_factory: pytest.TempPathFactory, key: str, made: list[Entry], title: str
) -> None:
    exporter = next(entry.who for entry in made if isinstance(entry, Said))
    number = "123456789@chatroom" if KINDS[key] == "wxid" else "123456789"
    chat = written.Chat(number, title, exporter, exported_at=1_700_000_000)
    path = write_chat(tmp_path_factory.getbasetemp() / f"chat{FORMATS[key].suffix}", key, chat, made)
    source, head = recognise(path)
    assert source.key == key
    inspection = source.inspect(path, head)
    assert inspection.timezone_known
    assert title in inspection.chats[0].title
    reads = list(source.read(path, inspection, Options()))
    assert [read.record for read in reads] == list(Expected(key, chat, made).records())


@pytest.mark.parametrize("key", KINDS)
@settings(max_examples=25, deadline=None)
@given(made=chats(), data=st.data())
def test_of_a_file_that_was_cut_off_everything_before_the_cut_is_read(
    tmp_path_factory: pytest.TempPathFactory, key: str, made: list[Entry], data: st.DataObject
) -> None:
    exporter = next(entry.who for entry in made if isinstance(entry, Said))
    chat = written.Chat("123456789", "群", exporter)
    path = write_chat(tmp_path_factory.getbasetemp() / f"cut{FORMATS[key].suffix}", key, chat, made)
    source = sources()[key]
    inspection = source.inspect(path, recognise(path)[1])
    raw = path.read_bytes().rstrip()
    whole = [read.record for read in source.read(path, inspection, Options())]
    path.write_bytes(raw[: data.draw(st.integers(len(raw) // 3, len(raw) - 1))])
    *records, last = [read.record for read in source.read(path, inspection, Options())]
    # Whom a notice means may be told only behind the cut: who is compared by name.
    assert [_named(record) for record in records] == [_named(record) for record in whole[: len(records)]]
    assert last.reason == "truncated_json"  # type: ignore[union-attr]


def _named(record: Record) -> tuple[str, str, datetime | None]:
    who = getattr(record, "sender", None) or getattr(record, "member", Person())
    return type(record).__name__, who.name, getattr(record, "at", None)

"""Write a chat as the real programs do, read it: the same chat. For the text formats, with any people and any words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from typing import Any, Literal, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liuliang.importers.base import Options
from liuliang.importers.head import recognise
from liuliang.importers.records import (
    ChatRenamed,
    Joined,
    Left,
    Message,
    MessageType,
    Person,
    Recalled,
    Record,
    Renamed,
)
from liuliang.simulator.formats import entries as written
from liuliang.simulator.formats import whatsapp_txt
from liuliang.simulator.formats.catalogue import write_chat
from liuliang.simulator.formats.entries import Came, Chat, Entry, Kind, Retitled, Said, TookBack, Went, Who

EAST = 8 * 3600
EXPORTER = Who("10099999", "本人")
CHAT = Chat("123456789", "读书会", EXPORTER, utc_offset=EAST)

names = st.text(st.sampled_from("abcxyzàé赵钱孙李周吴郑🌸1٣"), min_size=1, max_size=8).filter(
    lambda name: not name.isdigit()
)
words = st.text(st.sampled_from("abc 你好，。!?:;()<>#/\"'=-_.、\n🌸é１٣"), max_size=60)
crowds = st.lists(names, min_size=2, max_size=5, unique=True).map(
    lambda found: [Who(str(10_000_001 + n), name) for n, name in enumerate(found)]
)


@st.composite
def chats(draw: st.DrawFn) -> list[Entry]:
    """Draw what happened in a chat, in the order of time."""
    people = draw(crowds)
    someone = st.sampled_from(people)
    gaps = draw(st.lists(st.integers(1, 200_000), min_size=3, max_size=25))
    happened: list[Entry] = []
    for number, at in enumerate(accumulate(gaps, initial=1_700_000_000), start=1):
        who, other = draw(someone), draw(someone)
        what = draw(st.sampled_from(["said", "said", "other", "other", "came", "went", "took", "titled", "named"]))
        if what == "said" or number < 4:
            happened.append(Said(at, who, draw(words), number))
        elif what == "other":
            kind: Kind = draw(st.sampled_from(sorted(set(get_args(Kind)) - {"text"})))
            happened.append(Said(at, who, "", number, kind))
        elif what == "came":
            how: Literal["invite", "alone"] = draw(st.sampled_from(["invite", "alone"]))
            happened.append(Came(at, (who,), number, other if how == "invite" else None, how))
        elif what == "went":
            happened.append(Went(at, who, number, draw(st.sampled_from([None, other]))))
        elif what == "took":
            happened.append(TookBack(at, who, number))
        elif what == "titled":
            happened.append(Retitled(at, who, draw(names), number))
        else:
            happened.append(written.Renamed(at, other, who.name, number))
    return happened


def local(at: int, step: int = 1) -> datetime:
    """Return the local time of an instant, cut to a multiple of ``step`` seconds of the minute."""
    found = datetime.fromtimestamp(at, UTC).replace(tzinfo=None) + timedelta(seconds=EAST)
    return found.replace(second=found.second // step * step)


Knows = Callable[[Who], Person]


def known_by(kind: str, happened: Iterable[Entry]) -> Knows:
    """Return how people are known in a file: by an identity where they have spoken, else by their name."""
    heard = {entry.who.id for entry in happened if isinstance(entry, Said)}
    return lambda who: Person(who.name, ((kind, who.id),) if who.id in heard else ())


def expect(happened: list[Entry], say: Callable[[Said], Iterable[Record]], **more: Any) -> Iterator[Record]:
    """Yield the records of a file in a format that tells everything; ``more`` are the ways in which it differs."""
    who: Knows = more["who"]
    at: Callable[[int], datetime] = more["at"]
    for entry in happened:
        if isinstance(entry, Said):
            yield from say(entry)
        elif isinstance(entry, Came):
            inviter = who(entry.inviter) if entry.inviter else None
            for member in entry.who:
                yield Joined(at(entry.at), who(member), inviter, "invite" if inviter else more["alone"])
        elif isinstance(entry, Went):
            if more.get("tells_leaving", True):
                yield Left(at(entry.at), who(entry.who), who(entry.by) if entry.by else None)
        elif isinstance(entry, TookBack):
            if more.get("tells_recalls", True):
                yield Recalled(at(entry.at), who(entry.who))
        elif isinstance(entry, Retitled):
            yield ChatRenamed(at(entry.at), who(entry.by), entry.title)
        elif more.get("tells_names", False):
            yield Renamed(at(entry.at), Person(entry.old_name), entry.old_name, entry.who.name)


def read_back(path: Path, key: str, options: Options | None = None) -> list[Record]:
    source, head = recognise(path)
    assert source.key == key
    return [read.record for read in source.read(path, source.inspect(path, head), options or Options())]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("chats")


@settings(max_examples=300)
@given(happened=chats())
def test_a_qq_chat_comes_back_whole(folder: Path, happened: list[Entry]) -> None:
    who = known_by("qq", happened)
    path = write_chat(folder / "qq.txt", "qq_txt", CHAT, happened)

    def say(entry: Said) -> Iterator[Record]:
        yield Message(local(entry.at), who(entry.who), entry.text.rstrip("\n"), entry.kind)

    assert read_back(path, "qq_txt") == list(expect(happened, say, who=who, at=local, alone=""))


@pytest.mark.parametrize("style", sorted(whatsapp_txt.STYLES))
@settings(max_examples=300)
@given(happened=chats())
def test_a_whatsapp_chat_comes_back_whole_in_every_style(folder: Path, style: str, happened: list[Entry]) -> None:
    dialect = whatsapp_txt.STYLES[style]
    path = folder / f"{style}.txt"
    path.write_text("".join(whatsapp_txt.render(CHAT, happened, style)), encoding="utf-8")

    def at(instant: int) -> datetime:
        return local(instant, 1 if dialect.is_ios else 60)

    def say(entry: Said) -> Iterator[Record]:
        kind: MessageType = "text"
        if entry.kind in dialect.omitted:
            kind = entry.kind if dialect.is_ios else "other"
        yield Message(at(entry.at), Person(entry.who.name), entry.text.rstrip("\n"), kind)

    # A few days alone cannot always tell the order, which has tests of its own.
    order: Literal["ymd", "mdy", "dmy"] = {"ios_en": "mdy", "android_en": "dmy"}.get(style, "ymd")  # type: ignore[assignment]
    expected = expect(happened, say, who=lambda who: Person(who.name), at=at, alone="link", tells_names=True)
    assert read_back(path, "whatsapp_txt", Options(date_order=order)) == list(expected)


@settings(max_examples=300)
@given(happened=chats())
def test_a_channel_comes_back_line_by_line(folder: Path, happened: list[Entry]) -> None:
    path = folder / f"{local(happened[0].at):%Y-%m-%d}-#读书会.log"
    write_chat(path, "irc_log", CHAT, happened)
    # What people do stands in lines without a time: it belongs to the line above, or to the day that has just begun.
    last = local(happened[0].at).replace(hour=0, minute=0, second=0)
    times: dict[int, datetime] = {}
    for entry in happened:
        at = local(entry.at, 60)
        if at.date() != last.date():
            last = at.replace(hour=0, minute=0)
        if isinstance(entry, Said) and (entry.text or f"[{entry.kind}]").splitlines():
            last = at
        times[entry.at] = last

    def say(entry: Said) -> Iterator[Record]:
        for line in (entry.text or f"[{entry.kind}]").splitlines():
            yield Message(times[entry.at], Person(entry.who.name), line)

    ways = {"at": times.__getitem__, "alone": "", "tells_names": True, "tells_recalls": False}
    expected = list(expect(happened, say, who=lambda who: Person(who.name), **ways))
    # IRC knows no invitations
    plain = [Joined(e.at, e.member) if isinstance(e, Joined) else e for e in expected]
    assert read_back(path, "irc_log") == plain


@settings(max_examples=300)
@given(happened=chats())
def test_a_wechat_chat_comes_back_whole(folder: Path, happened: list[Entry]) -> None:
    who = known_by("wxid", happened)
    path = write_chat(folder / "读书会.csv", "wechat_csv", CHAT, happened)

    def at(instant: int) -> datetime:
        return datetime.fromtimestamp(instant, UTC)

    def say(entry: Said) -> Iterator[Record]:
        yield Message(at(entry.at), who(entry.who), entry.text, entry.kind)

    expected = expect(happened, say, who=who, at=at, alone="code", tells_leaving=False)
    assert read_back(path, "wechat_csv") == list(expected)

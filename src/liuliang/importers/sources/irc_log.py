"""IRC: the logs of the usual clients, bouncers and bots.

They agree on little: ``[15:04] <nick> text`` (mIRC, ZNC, the public channel archives), ``15:04 -!- nick [u@h] has joined #ch``
(irssi), ``2024-01-02 15:04:05<TAB>nick<TAB>text`` (WeeChat), ``Jan 02 15:04:05 <nick> text`` (HexChat). Where lines only tell the
time, the day comes from the file's name and from lines that announce a new day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Literal

from django.utils.translation import gettext_lazy as _

from liuliang.importers.base import Chat, Head, Inspection, Options, Read
from liuliang.importers.head import settled_encoding
from liuliang.importers.records import (
    ChatRenamed,
    Joined,
    Left,
    Message,
    Person,
    Record,
    Renamed,
    RoleChanged,
    Unreadable,
)
from liuliang.importers.text import lines_of, read_blocks, unreadable

_ABBREVIATED = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_ABBREVIATED, start=1)}
_STAMP = re.compile(
    r"\[?(?:(?P<day>\d{4}-\d\d-\d\d)[T ]|(?P<month>[A-Z][a-z]{2}) (?P<date>[ \d]\d) )?"
    r"(?P<clock>\d{1,2}:\d\d(?::\d\d)?)(?:[.,]\d{1,6})?(?: ?(?P<half>[AaPp])[Mm])?(?P<zone>Z|[+-]\d\d:?\d\d)?\]?[ \t](?P<rest>.*)"
)
_ANNOUNCED = re.compile(
    r"(?:---|\*{4}|—+)? ?(?:Day changed(?: to)?|Log (?:opened|closed|started)|Session (?:Start|Time|Close):|"
    r"(?:BEGIN|ENDING) LOGGING AT|Logging started:?) ?,?(?P<when>.*)",
    re.IGNORECASE,
)
_WRITTEN_DAY = re.compile(
    r"(?P<month>[A-Za-z]{3})[a-z]* +(?P<date>\d{1,2})\b.*?(?P<year>(?:19|20)\d\d)|(?P<iso>\d{4}-\d\d-\d\d)"
)
_DAY_IN_NAME = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_.]?([01]\d)[-_.]?([0-3]\d)(?!\d)")
_CHANNEL = re.compile(r"(?:%23|[#&])[^\s,\x07/\\]+")
_NICK = r"[@+%~&!]?(?P<nick>[^\s<>@+%~&!][^<>\t]{0,200}?)"
_SAID = re.compile(rf"<[ ]?{_NICK}>[ \t]?(?P<text>.*)")
_SAID_TAB = re.compile(rf"{_NICK}[ ]*\t(?P<text>.*)")
_CLIENT = re.compile(r"(?:Now talking|Topic (?:for|is|set)|Loaded log|Disconnected|Rejoined|Users on) .*")
_ACTED = re.compile(r"[ ]*\*[ \t]+(?P<nick>[^\s*]\S*) (?P<text>.*)")
_NOTICE = re.compile(r"(?P<mark>===|-!-|\*\*\*|-->|<--|←|→|--|\*)[ \t]+(?P<text>.*)")
_HOST = r"(?: [\[(][^\])\s]*@[^\])\s]*[\])])"

_JOINED = (
    re.compile(rf"(?P<who>\S.*?){_HOST} (?:has )?joined(?: .*)?"),
    re.compile(r"(?P<who>\S+) has joined(?: [#&(].*)?"),
    re.compile(r"Joins: (?P<who>\S.*?)(?: \(.*\))?"),
    re.compile(rf"Join(?:s|ed)?:? (?P<who>\S+?){_HOST}.*"),
)
_KICKED = (
    re.compile(r"(?P<who>\S.*?) was kicked(?: (?:from|off) \S+)? by (?P<by>\S.*?)(?: [\[(].*[\])])?"),
    re.compile(r"(?P<by>\S+) has kicked (?P<who>\S+)(?: .*)?"),
)
_LEFT = (
    re.compile(rf"(?P<who>\S.*?){_HOST} (?:has )?(?:left|quit)(?:[ \[(].*)?"),
    re.compile(r"(?P<who>\S+) has (?:left|quit)(?: (?:IRC|[#&(\[]).*)?"),
    re.compile(r"(?:Parts|Quits): (?P<who>\S.*?)(?: \(.*\))?"),
    re.compile(rf"(?P<who>\S+){_HOST} Quit(?: .*)?"),
)
_RENAMED = re.compile(r"(?P<who>\S.*?) is now known as (?P<new>\S.*?)")
_TOPIC = re.compile(
    r"(?P<by>\S.*?) (?:has )?(?:changed|changes|set|sets) (?:the )?topic(?: (?:of|for|on) \S+)?(?: from .*)? to:? (?P<title>.+)"
)
_MODES = (
    re.compile(r"[Mm]ode[/ ]?\S* \[(?P<modes>[+-]\S+) (?P<who>[^\]]+)\] by .*"),
    re.compile(r"\S+ sets mode:? (?P<modes>[+-]\S+) (?P<who>.+)"),
)
_ROLES = {"q": "owner", "a": "admin", "o": "admin"}
_WITH_ARGUMENT = frozenset("qaohvbeIkl")


class IRCLog:
    """A channel's log."""

    key = "irc_log"
    title = _("IRC 频道日志 (.log, .txt)")
    kind: Literal["chat"] = "chat"

    def recognise(self, head: Head) -> float:
        """Say how sure the format is this one: how many of the first lines are things said or done on a channel."""
        lines = [line for line in head.text.split("\n")[:300] if line.strip()]
        understood = said = 0
        for line in lines:
            if _ANNOUNCED.match(line):
                understood += 1
            elif (match := _STAMP.fullmatch(line)) is not None:
                rest = match["rest"]
                is_irc = bool(_SAID.match(rest) or _SAID_TAB.match(rest) or _NOTICE.match(rest.lstrip()))
                said += is_irc
                understood += is_irc
            elif line.startswith("=== "):
                understood += 1
        if not said or understood * 2 < len(lines):
            return 0.0
        return 0.9 if understood * 10 >= len(lines) * 9 else 0.6

    def inspect(self, path: Path, head: Head) -> Inspection:
        """Find the channel, and the day on which the log begins."""
        day = _day_in(head.name)
        channel = _channel_in(head.name) or _channel_in(head.text)
        warnings: tuple[str, ...] = ()
        if day is None and not _tells_days(head.text):
            warnings = ("date_missing",)
        title = channel or _DAY_IN_NAME.sub("", Path(head.name).stem).strip("-_. ")
        chat = Chat("irc", key=channel.lower(), title=title)
        zoned = any((match := _STAMP.fullmatch(line)) and match["zone"] for line in head.text.split("\n")[:50])
        return Inspection(
            chats=(chat,),
            encoding=settled_encoding(head),
            timezone_known=zoned,
            warnings=warnings,
            first_day=day,
        )

    def read(self, path: Path, inspection: Inspection, options: Options) -> Iterator[Read]:
        """Yield every record in file order; a log that tells no day at all gives one `Unreadable` and nothing else."""
        chat = inspection.chats[0] if inspection.chats else Chat("irc")
        calendar = _Calendar(options.first_day or inspection.first_day)
        is_dateless = False
        for number, line, block in lines_of(read_blocks(path, options.encoding or inspection.encoding)):
            if block.flaw and number == block.line:
                yield Read(unreadable(number, block.flaw, line), chat, number, block.position)
            records = _records(line, number, calendar)
            if records and isinstance(records[0], Unreadable) and records[0].reason == "no_date":
                if is_dateless:
                    continue
                is_dateless = True
            for record in records:
                yield Read(record, chat, number, block.position)


class _Calendar:
    """Which day it is in a log whose lines only tell the time."""

    def __init__(self, day: date | None) -> None:
        self._day = day
        self._last: time | None = None

    def turn_to(self, day: date | None) -> None:
        """Go on with another day, as a line announced."""
        if day is not None:
            self._day = day
            self._last = None

    def at(self, match: re.Match[str]) -> datetime | None:
        """Return when a stamped line was written; None when its day or time never was, or no day is known.

        Midnight may pass without a word: a clock that falls back by more than half a day means the next day.
        """
        try:
            width = 5 if match["clock"].count(":") == 1 else 8
            clock = time.fromisoformat(match["clock"].rjust(width, "0"))
            if match["half"]:
                clock = clock.replace(hour=clock.hour % 12 + (12 if match["half"] in "Pp" else 0))
            if match["day"]:
                self.turn_to(date.fromisoformat(match["day"]))
            elif match["month"]:
                self._turn_to_month(match)
        except ValueError:
            return None
        if self._day is None:
            return None
        if self._last is not None and clock.hour + 12 < self._last.hour:
            self._day += timedelta(days=1)
        self._last = clock
        at = datetime.combine(self._day, clock)
        if zone := match["zone"]:
            return datetime.fromisoformat(at.isoformat() + ("+00:00" if zone == "Z" else zone))
        return at

    @property
    def latest(self) -> datetime | None:
        """Return when the line above was written, to which a line without a time belongs; None when no day is known."""
        return None if self._day is None else datetime.combine(self._day, self._last or time())

    def _turn_to_month(self, match: re.Match[str]) -> None:
        """Go to a day written without its year: the year of the day before it, or the next when the year ended between."""
        if self._day is None:
            return
        month = _MONTHS.get(match["month"].lower(), 0)
        day = date(self._day.year, month, int(match["date"]))
        if day < self._day and (self._day - day).days > 180:
            day = day.replace(year=day.year + 1)
        self.turn_to(day)


def _records(line: str, number: int, calendar: _Calendar) -> list[Record]:
    match = _STAMP.fullmatch(line)
    if match is None:
        return _unstamped(line, number, calendar)
    at = calendar.at(match)
    if at is None:
        return [unreadable(number, "bad_date" if calendar.latest else "no_date", line)]
    return _at(match["rest"], at)


def _unstamped(line: str, number: int, calendar: _Calendar) -> list[Record]:
    """Read a line without a time: a new day, or something done at the time of the line above."""
    if not line.strip() or line.startswith(("Session Ident:", "Session Close")):
        return []
    announced = _ANNOUNCED.fullmatch(line)
    if announced is not None:
        calendar.turn_to(_written_day(announced["when"]))
        return []
    notice = _NOTICE.fullmatch(line)
    if notice is not None:
        at = calendar.latest
        return [] if at is None else _noticed(notice["text"], at, is_certain=notice["mark"] != "*")
    return [unreadable(number, "no_header", line)]


def _at(rest: str, at: datetime) -> list[Record]:
    said = _SAID.fullmatch(rest)
    if said is not None:
        return [Message(at, Person(name=said["nick"]), said["text"])]
    notice = _NOTICE.fullmatch(rest.lstrip())
    if notice is not None:
        is_action = notice["mark"] == "*"
        records = _noticed(notice["text"], at, is_certain=not is_action)
        if records or not is_action or _CLIENT.fullmatch(notice["text"]):
            return records
        acted = _ACTED.fullmatch(rest)
        return [Message(at, Person(name=acted["nick"]), acted["text"])] if acted else []
    said = _SAID_TAB.fullmatch(rest)
    return [Message(at, Person(name=said["nick"]), said["text"])] if said else []


def _noticed(text: str, at: datetime, *, is_certain: bool) -> list[Record]:
    """Read what a client says of people. Where actions bear the same mark, only what no action looks like is believed."""
    if match := _first(_JOINED if is_certain else _JOINED[:1], text):
        return [Joined(at, Person(name=match["who"]))]
    if match := _first(_KICKED, text):
        return [Left(at, Person(name=match["who"]), Person(name=match["by"]))]
    if match := _first(_LEFT if is_certain else (_LEFT[0], _LEFT[3]), text):
        return [Left(at, Person(name=match["who"]))]
    if match := _RENAMED.fullmatch(text):
        return [Renamed(at, Person(name=match["who"]), match["who"], match["new"])]
    if match := _TOPIC.fullmatch(text):
        return [ChatRenamed(at, Person(name=match["by"]), match["title"].strip("'\""))]
    match = _first(_MODES, text)
    return [] if match is None else _roles(match["modes"], match["who"].split(), at)


def _first(patterns: tuple[re.Pattern[str], ...], text: str) -> re.Match[str] | None:
    return next((match for pattern in patterns if (match := pattern.fullmatch(text))), None)


def _roles(modes: str, names: list[str], at: datetime) -> list[Record]:
    """Read ``+o-v alice bob``: who became, or ceased to be, an operator."""
    records: list[Record] = []
    sign, waiting = "+", list(reversed(names))
    for mode in modes:
        if mode in "+-":
            sign = mode
        elif mode in _WITH_ARGUMENT and waiting:
            name = waiting.pop()
            if mode in _ROLES:
                records.append(RoleChanged(at, Person(name=name), _ROLES[mode] if sign == "+" else ""))
    return records


def _written_day(text: str) -> date | None:
    match = _WRITTEN_DAY.search(text)
    if match is None:
        return None
    try:
        if match["iso"]:
            return date.fromisoformat(match["iso"])
        return date(int(match["year"]), _MONTHS[match["month"].lower()], int(match["date"]))
    except (ValueError, KeyError):
        return None


def _tells_days(text: str) -> bool:
    for line in text.split("\n")[:300]:
        match = _STAMP.fullmatch(line)
        if match and match["day"]:
            return True
        announced = _ANNOUNCED.fullmatch(line)
        if announced and _written_day(announced["when"]):
            return True
    return False


def _day_in(name: str) -> date | None:
    match = _DAY_IN_NAME.search(name)
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None


def _channel_in(text: str) -> str:
    """Return the first channel named; a file's name may have the date and the suffix glued to it."""
    match = _CHANNEL.search(text)
    if match is None:
        return ""
    channel = _DAY_IN_NAME.sub("", match[0].replace("%23", "#"))
    return re.sub(r"(?:[-_.]+|\.(?:log|txt|weechatlog))+$", "", channel)


SOURCE = IRCLog()

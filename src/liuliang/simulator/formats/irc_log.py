"""A channel log as IRC clients and loggers keep it, to the minute. The first day is the date in the file's name.

A new day inside the file is announced the way irssi does. A message of several lines becomes several.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from liuliang.simulator.formats.clock import LocalClock
from liuliang.simulator.formats.entries import Came, Chat, Entry, Renamed, Retitled, Said, Went

ENCODING = "utf-8"
NEWLINE = "\n"

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def render(chat: Chat, entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the log line by line."""
    clock = LocalClock(chat.utc_offset)
    today = None
    for entry in entries:
        day, _ = clock.split(entry.at)
        if today is not None and day != today:
            yield f"--- Day changed {_WEEKDAYS[day.weekday()]} {_MONTHS[day.month - 1]} {day.day:02d} {day.year}\n"
        today = day
        minute = clock.minute(entry.at)
        if isinstance(entry, Said):
            words = entry.text or f"[{entry.kind}]"
            for line in words.splitlines():
                yield f"[{minute}] <{entry.who.name}> {line}\n"
        else:
            yield from _notices(chat, entry)


def _notices(chat: Chat, entry: Entry) -> Iterator[str]:
    channel = f"#{chat.title}"
    if isinstance(entry, Came):
        for who in entry.who:
            yield f"=== {who.name} [~{who.id}@example.net] has joined {channel} []\n"
    elif isinstance(entry, Went):
        if entry.by:
            yield f"=== {entry.who.name} was kicked from {channel} by {entry.by.name} []\n"
        else:
            yield f"=== {entry.who.name} [~{entry.who.id}@example.net] has left {channel} []\n"
    elif isinstance(entry, Renamed):
        yield f"=== {entry.old_name} is now known as {entry.who.name}\n"
    elif isinstance(entry, Retitled):
        yield f"=== {entry.by.name} changed the topic of {channel} to: {entry.title}\n"

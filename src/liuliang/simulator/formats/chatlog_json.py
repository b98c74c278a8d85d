"""The JSON that the chatlog tool answers with: a bare array of WeChat messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from liuliang.simulator.formats.clock import LocalClock
from liuliang.simulator.formats.entries import Chat, Entry, Said
from liuliang.simulator.formats.json_text import array, quote
from liuliang.simulator.formats.wechat_lines import sentence

ENCODING = "utf-8"
NEWLINE = "\n"

_TYPES = {
    "text": (1, 0),
    "image": (3, 0),
    "voice": (34, 0),
    "video": (43, 0),
    "sticker": (47, 0),
    "location": (48, 0),
    "card": (42, 0),
    "link": (49, 5),
    "file": (49, 6),
    "mini_program": (49, 33),
    "red_packet": (49, 2001),
    "transfer": (49, 2000),
}


def render(chat: Chat, entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the file piece by piece, one message at a time."""
    yield "["
    yield from array(_messages(chat, entries), "]\n")


def _messages(chat: Chat, entries: Iterable[Entry]) -> Iterator[str]:
    clock = LocalClock(chat.utc_offset)
    talker = f'"talker": {quote(chat.id)},\n    "talkerName": {quote(chat.title)},\n    "isChatRoom": true'
    said_at: dict[int, int] = {}
    # seq is the instant in milliseconds, the last three digits counting messages within a second.
    seq = 0
    for entry in entries:
        seq = max(seq + 1, entry.at * 1000)
        if isinstance(entry, Said):
            who = entry.who
            number, subtype = _TYPES[entry.kind]
            extra = ""
            if entry.kind == "text":
                content = entry.text
                said_at[entry.id] = seq
                if entry.reply_to:
                    number, subtype = 49, 57
                    extra = _contents("refer", f'{{\n        "seq": {said_at.get(entry.reply_to, 0)}\n      }}')
            else:
                content = ""
                extra = _contents("title", quote(entry.text)) if entry.text else ""
            sender = f'"sender": {quote(who.id)},\n    "senderName": {quote(who.name)}'
            is_self = "true" if who.id == chat.exporter.id else "false"
        elif line := sentence(chat, entry):
            number, subtype, content, extra = 10000, 0, line, ""
            sender, is_self = '"sender": "系统消息",\n    "senderName": ""', "false"
        else:
            continue
        yield (
            f"  {{\n"
            f'    "seq": {seq},\n'
            f'    "time": "{clock.offset_stamp(entry.at)}",\n'
            f"    {talker},\n"
            f"    {sender},\n"
            f'    "isSelf": {is_self},\n'
            f'    "type": {number},\n'
            f'    "subType": {subtype},\n'
            f'    "content": {quote(content)}{extra}\n'
            f"  }}"
        )


def _contents(key: str, value: str) -> str:
    return f',\n    "contents": {{\n      "{key}": {value}\n    }}'

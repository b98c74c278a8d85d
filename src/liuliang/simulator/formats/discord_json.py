"""The JSON that DiscordChatExporter writes of one channel.

A join is a message of type ``GuildMemberJoin``; nobody is seen leaving.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from liuliang.simulator.formats.clock import LocalClock
from liuliang.simulator.formats.entries import Came, Chat, Entry, Said, Who
from liuliang.simulator.formats.json_text import array, quote

ENCODING = "utf-8"
NEWLINE = "\n"

_EXTENSIONS = {"image": "jpg", "voice": "ogg", "video": "mp4", "file": "pdf"}


def render(chat: Chat, entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the file piece by piece, one message at a time."""
    clock = LocalClock(chat.utc_offset)
    yield (
        f"{{\n"
        f'  "guild": {{\n'
        f'    "id": {quote(chat.id)},\n'
        f'    "name": {quote(chat.title)},\n'
        '    "iconUrl": ""\n'
        f"  }},\n"
        f'  "channel": {{\n'
        f'    "id": "{int(chat.id) + 1}",\n'
        '    "type": "GuildTextChat",\n'
        '    "categoryId": null,\n'
        '    "category": null,\n'
        '    "name": "general",\n'
        '    "topic": null\n'
        f"  }},\n"
        f'  "dateRange": {{\n'
        '    "after": null,\n'
        '    "before": null\n'
        f"  }},\n"
        f'  "exportedAt": "{clock.offset_stamp(chat.exported_at)}",\n  "messages": ['
    )
    yield from array(_messages(entries, clock), f'  ],\n  "messageCount": {chat.messages}\n}}\n')


def _messages(entries: Iterable[Entry], clock: LocalClock) -> Iterator[str]:
    for entry in entries:
        if isinstance(entry, Said):
            kind = "Reply" if entry.reply_to else "Default"
            reference = (
                f',\n      "reference": {{\n        "messageId": "{entry.reply_to}"\n      }}' if entry.reply_to else ""
            )
            yield _message(clock, entry, entry.id, entry.who, kind=kind, reference=reference)
        elif isinstance(entry, Came):
            for place, who in enumerate(entry.who):
                yield _message(clock, entry, entry.id + place, who, kind="GuildMemberJoin")


def _message(clock: LocalClock, entry: Said | Came, number: int, who: Who, *, kind: str, reference: str = "") -> str:
    stamp = clock.stamp(entry.at, "T") + ".000" + clock.offset_text
    text, attachments = "Joined the server.", "[]"
    if isinstance(entry, Said):
        text = entry.text
        if extension := _EXTENSIONS.get(entry.kind):
            attachments = (
                "[\n"
                f"        {{\n"
                f'          "id": "{number}",\n'
                '          "url": "",\n'
                f'          "fileName": "file.{extension}",\n'
                '          "fileSizeBytes": 184320\n'
                "        }\n"
                "      ]"
            )
    name = quote(who.name)
    return (
        f"    {{\n"
        f'      "id": "{number}",\n'
        f'      "type": "{kind}",\n'
        f'      "timestamp": "{stamp}",\n'
        '      "timestampEdited": null,\n'
        '      "callEndedTimestamp": null,\n'
        '      "isPinned": false,\n'
        f'      "content": {quote(text)},\n'
        f'      "author": {{\n'
        f'        "id": "{who.id}",\n'
        f'        "name": {name},\n'
        '        "discriminator": "0000",\n'
        f'        "nickname": {name},\n'
        '        "color": null,\n'
        '        "isBot": false,\n'
        '        "roles": [],\n'
        '        "avatarUrl": ""\n'
        f"      }},\n"
        f'      "attachments": {attachments},\n'
        '      "embeds": [],\n'
        '      "stickers": [],\n'
        '      "reactions": [],\n'
        f'      "mentions": []{reference}\n    }}'
    )

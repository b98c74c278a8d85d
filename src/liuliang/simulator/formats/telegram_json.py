"""``result.json`` as Telegram Desktop exports it: pretty-printed with one space, links as entities, joins as actions.

Of those who were invited or left, the file gives names only; ids stand with whoever acted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from liuliang.simulator.formats.clock import LocalClock
from liuliang.simulator.formats.entries import Came, Chat, Entry, Retitled, Said, Went, Who
from liuliang.simulator.formats.json_text import array, quote

ENCODING = "utf-8"
NEWLINE = "\n"

_SKIPPED = "(File not included. Change data exporting settings to download.)"
_FILE = f'   "file": "{_SKIPPED}",\n'
_MEDIA = {
    "image": f'   "photo": "{_SKIPPED}",\n   "width": 1280,\n   "height": 960,\n',
    "voice": f'{_FILE}   "media_type": "voice_message",\n   "mime_type": "audio/ogg",\n   "duration_seconds": 7,\n',
    "video": f'{_FILE}   "media_type": "video_file",\n   "mime_type": "video/mp4",\n   "duration_seconds": 15,\n',
    "sticker": f'{_FILE}   "media_type": "sticker",\n   "sticker_emoji": "☕",\n',
    "file": f'{_FILE}   "mime_type": "application/pdf",\n',
}
_URL = re.compile(r"https?://[A-Za-z0-9./?=&_%#~+:-]+")


def render(chat: Chat, entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the file piece by piece, one message at a time."""
    yield f'{{\n "name": {quote(chat.title)},\n "type": "private_supergroup",\n "id": {chat.id},\n "messages": ['
    yield from array(_messages(chat, entries), " ]\n}")


def _messages(chat: Chat, entries: Iterable[Entry]) -> Iterator[str]:
    clock = LocalClock(chat.utc_offset)
    for entry in entries:
        head = f'  {{\n   "id": {entry.id},\n   "type": '
        when = f',\n   "date": "{clock.stamp(entry.at, "T")}",\n   "date_unixtime": "{entry.at}",\n'
        if isinstance(entry, Said):
            yield f'{head}"message"{when}{_said(entry)}\n  }}'
        elif action := _action(chat, entry):
            yield f'{head}"service"{when}{action},\n   "text": "",\n   "text_entities": []\n  }}'


def _said(entry: Said) -> str:
    reply = f'   "reply_to_message_id": {entry.reply_to},\n' if entry.reply_to else ""
    text, entities = _text(entry.text)
    return (
        f'   "from": {quote(entry.who.name)},\n'
        f'   "from_id": "user{entry.who.id}",\n'
        f"{reply}{_MEDIA.get(entry.kind, '')}"
        f'   "text": {text},\n   "text_entities": {entities}'
    )


def _text(text: str) -> tuple[str, str]:
    """Return the text as the file has it, a string or a list with its links apart, and its list of entities."""
    if not text:
        return '""', "[]"
    if "://" not in text or not (found := list(_URL.finditer(text))):
        quoted = quote(text)
        return quoted, f'[\n    {{\n     "type": "plain",\n     "text": {quoted}\n    }}\n   ]'
    parts: list[str] = []
    entities: list[str] = []
    end = 0
    for match in found:
        if plain := text[end : match.start()]:
            parts.append(f"    {quote(plain)}")
            entities.append(f'    {{\n     "type": "plain",\n     "text": {quote(plain)}\n    }}')
        link = f'    {{\n     "type": "link",\n     "text": {quote(match.group())}\n    }}'
        parts.append(link)
        entities.append(link)
        end = match.end()
    if plain := text[end:]:
        entities.append(f'    {{\n     "type": "plain",\n     "text": {quote(plain)}\n    }}')
    parts.append(f"    {quote(plain)}")
    return "[\n" + ",\n".join(parts) + "\n   ]", "[\n" + ",\n".join(entities) + "\n   ]"


def _action(chat: Chat, entry: Entry) -> str:
    if isinstance(entry, Came):
        if entry.how == "created":
            return (
                f'{_actor(entry.who[0])}   "action": "create_group",\n   "title": {quote(chat.title)},\n{_members(())}'
            )
        if entry.how == "invite" and entry.inviter:
            return f'{_actor(entry.inviter)}   "action": "invite_members",\n{_members(entry.who)}'
        inviter = quote(entry.inviter.name) if entry.inviter else "null"
        return f'{_actor(entry.who[0])}   "action": "join_group_by_link",\n   "inviter": {inviter}'
    if isinstance(entry, Went):
        return f'{_actor(entry.by or entry.who)}   "action": "remove_members",\n{_members((entry.who,))}'
    if isinstance(entry, Retitled):
        return f'{_actor(entry.by)}   "action": "edit_group_title",\n   "title": {quote(entry.title)}'
    return ""


def _actor(who: Who) -> str:
    return f'   "actor": {quote(who.name)},\n   "actor_id": "user{who.id}",\n'


def _members(people: tuple[Who, ...]) -> str:
    if not people:
        return '   "members": []'
    return '   "members": [\n' + ",\n".join(f"    {quote(who.name)}" for who in people) + "\n   ]"

"""The JSON that qq-chat-exporter writes of a QQ group: milliseconds, real message ids and reply references."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from liuliang.simulator.formats.clock import LocalClock
from liuliang.simulator.formats.entries import Came, Chat, Entry, Renamed, Retitled, Said, TookBack, Went
from liuliang.simulator.formats.json_text import array, quote

ENCODING = "utf-8"
NEWLINE = "\n"

_NAMED = {
    "image": "[图片]",
    "voice": "[语音]",
    "video": "[视频]",
    "sticker": "[动画表情]",
    "file": "[文件]",
    "link": "[链接]",
    "location": "[位置]",
    "card": "[名片]",
    "mini_program": "[小程序]",
    "red_packet": "[红包]",
    "transfer": "[转账]",
}
_RESOURCES = {"image": "image", "voice": "audio", "video": "video", "file": "file"}


def message_id(number: int) -> str:
    """Return an id of the length QQ gives its messages."""
    return str(7_500_000_000_000_000_000 + number)


def uid_of(qq: str) -> str:
    """Return the opaque user id that stands beside a QQ number."""
    return f"u_{int(qq) * 2_654_435_761 % (1 << 64):016x}" if qq.isdigit() else f"u_{qq}"


def render(chat: Chat, entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the file piece by piece, one message at a time."""
    clock = LocalClock(chat.utc_offset)
    exporter = chat.exporter
    yield (
        "{\n"
        '  "metadata": {\n'
        '    "name": "QQChatExporter V5",\n'
        '    "version": "5.2.0",\n'
        f'    "exportTime": "{clock.offset_stamp(chat.exported_at)}"\n'
        f"  }},\n"
        f'  "chatInfo": {{\n'
        f'    "name": {quote(chat.title)},\n'
        '    "type": "group",\n'
        f'    "peerUin": {quote(chat.id)},\n'
        f'    "selfUid": {quote(uid_of(exporter.id))},\n'
        f'    "selfUin": {quote(exporter.id)},\n'
        f'    "selfName": {quote(exporter.name)}\n'
        f"  }},\n"
        f'  "statistics": {{\n'
        f'    "totalMessages": {chat.messages}\n'
        f"  }},\n"
        '  "messages": ['
    )
    yield from array(_messages(chat, entries, clock), "  ]\n}\n")


def _messages(chat: Chat, entries: Iterable[Entry], clock: LocalClock) -> Iterator[str]:
    for entry in entries:
        if isinstance(entry, Said):
            yield _said(entry, clock)
        elif not isinstance(entry, Renamed):
            yield _system(chat, entry, clock)


def _said(entry: Said, clock: LocalClock) -> str:
    who = entry.who
    text = quote(_NAMED.get(entry.kind, "") + entry.text)
    name = quote(who.name)
    reply = ""
    if entry.reply_to:
        reply = f',\n        "reply": {{\n          "referencedMessageId": "{message_id(entry.reply_to)}"\n        }}'
    resource = _RESOURCES.get(entry.kind)
    resources = f'[\n          {{\n            "type": "{resource}"\n          }}\n        ]' if resource else "[]"
    return (
        f"    {{\n"
        f'      "messageId": "{message_id(entry.id)}",\n'
        f'      "timestamp": {entry.at}000,\n'
        f'      "time": "{clock.stamp(entry.at)}",\n'
        f'      "sender": {{\n'
        f'        "uid": "{uid_of(who.id)}",\n'
        f'        "uin": {quote(who.id)},\n'
        f'        "name": {name}\n'
        f"      }},\n"
        '      "isSystemMessage": false,\n'
        '      "isRecalled": false,\n'
        f'      "content": {{\n'
        f'        "text": {text},\n'
        f'        "resources": {resources}{reply}\n'
        f"      }},\n"
        f'      "rawMessage": {{\n'
        f'        "sendMemberName": {name}\n'
        f"      }}\n"
        f"    }}"
    )


def _system(chat: Chat, entry: Came | Went | TookBack | Retitled, clock: LocalClock) -> str:
    recalled = "true" if isinstance(entry, TookBack) else "false"
    return (
        f"    {{\n"
        f'      "messageId": "{message_id(entry.id)}",\n'
        f'      "timestamp": {entry.at}000,\n'
        f'      "time": "{clock.stamp(entry.at)}",\n'
        f'      "sender": {{\n'
        '        "uid": "",\n'
        '        "uin": "0",\n'
        '        "name": "系统消息"\n'
        f"      }},\n"
        '      "isSystemMessage": true,\n'
        f'      "isRecalled": {recalled},\n'
        f'      "content": {{\n'
        f'        "text": {quote(_sentence(chat, entry))},\n'
        '        "resources": []\n'
        f"      }},\n"
        f'      "rawMessage": {{\n'
        '        "sendMemberName": ""\n'
        f"      }}\n"
        f"    }}"
    )


def _sentence(chat: Chat, entry: Came | Went | TookBack | Retitled) -> str:
    if isinstance(entry, Came):
        names = "、".join(who.name for who in entry.who)
        return f"{entry.inviter.name}邀请{names}加入了群聊。" if entry.inviter else f"{names}加入了群聊。"
    if isinstance(entry, TookBack):
        return "你撤回了一条消息" if entry.who.id == chat.exporter.id else f"{entry.who.name}撤回了一条消息"
    if isinstance(entry, Retitled):
        return f"{entry.by.name}修改群名称为“{entry.title}”"
    return f"{entry.who.name}被{entry.by.name}移出了群聊。" if entry.by else f"{entry.who.name}退出了群聊。"

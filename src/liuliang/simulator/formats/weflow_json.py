"""The JSON that WeFlow writes of a WeChat group.

Everybody appears under the name they have at the time of the export. Which message a quote answers is not said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from liuliang.simulator.formats.clock import LocalClock
from liuliang.simulator.formats.entries import Chat, Entry, Said
from liuliang.simulator.formats.json_text import array, quote
from liuliang.simulator.formats.wechat_lines import sentence

ENCODING = "utf-8"
NEWLINE = "\n"

_TYPES = {
    "text": ("文本消息", 1, ""),
    "image": ("图片消息", 3, "[图片]"),
    "voice": ("语音消息", 34, "[语音消息]"),
    "video": ("视频消息", 43, "[视频]"),
    "sticker": ("动画表情", 47, "[动画表情]"),
    "location": ("位置消息", 48, "[位置] "),
    "card": ("名片消息", 42, "[名片] "),
    "link": ("卡片式链接", 49, "[链接] "),
    "file": ("文件消息", 49, "[文件] "),
    "mini_program": ("小程序分享", 49, "[小程序] "),
    "red_packet": ("红包卡片", 49, "[红包] "),
    "transfer": ("转账卡片", 49, "[转账] "),
}


def render(chat: Chat, entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the file piece by piece, one message at a time."""
    title, room = quote(chat.title), quote(chat.id)
    yield (
        f"{{\n"
        f'  "weflow": {{\n'
        '    "version": "1.0.3",\n'
        f'    "exportedAt": {chat.exported_at},\n'
        '    "generator": "WeFlow"\n'
        f"  }},\n"
        f'  "session": {{\n'
        f'    "wxid": {room},\n'
        f'    "nickname": {title},\n'
        '    "remark": "",\n'
        f'    "displayName": {title},\n'
        '    "type": "群聊",\n'
        f'    "lastTimestamp": {chat.exported_at},\n'
        f'    "messageCount": {chat.messages}\n'
        f"  }},\n"
        f'  "messages": ['
    )
    yield from array(_messages(chat, entries), "  ]\n}\n")


def _messages(chat: Chat, entries: Iterable[Entry]) -> Iterator[str]:
    clock = LocalClock(chat.utc_offset)
    myself = chat.exporter.id
    room, title = quote(chat.id), quote(chat.title)
    for entry in entries:
        if isinstance(entry, Said):
            name, number, prefix = _TYPES[entry.kind]
            if entry.reply_to and entry.kind == "text":
                name, number = "引用消息", 49
            text = quote(prefix + entry.text)
            sent, sender, shown = int(entry.who.id == myself), quote(entry.who.id), quote(entry.who.name)
            yield _message(clock, entry, kind=(name, number), text=text, sent=str(sent), sender=(sender, shown))
        elif line := sentence(chat, entry):
            yield _message(clock, entry, kind=("系统消息", 10000), text=quote(line), sent="null", sender=(room, title))


def _message(
    clock: LocalClock, entry: Entry, *, kind: tuple[str, int], text: str, sent: str, sender: tuple[str, str]
) -> str:
    return (
        f"    {{\n"
        f'      "localId": {entry.id},\n'
        f'      "createTime": {entry.at},\n'
        f'      "formattedTime": "{clock.stamp(entry.at)}",\n'
        f'      "type": "{kind[0]}",\n'
        f'      "localType": {kind[1]},\n'
        f'      "content": {text},\n'
        f'      "isSend": {sent},\n'
        f'      "senderUsername": {sender[0]},\n'
        f'      "senderDisplayName": {sender[1]},\n'
        '      "source": "",\n'
        f'      "senderAvatarKey": {sender[0]}\n'
        f"    }}"
    )

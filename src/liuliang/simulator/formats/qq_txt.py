"""The text file that QQ's own message manager exports.

Names are those of the moment, with the QQ number behind them; replies and quotes leave no trace. Joins, leaves and
recalls are sentences of the sender 10000.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from liuliang.simulator.formats.clock import LocalClock
from liuliang.simulator.formats.entries import Came, Chat, Entry, Renamed, Retitled, Said, TookBack

ENCODING = "utf-8-sig"
NEWLINE = "\r\n"

_RULER = "=" * 64
_BADGE = {"": "", "owner": "【群主】", "admin": "【管理员】"}
_NAMED = {
    "image": "[图片]",
    "voice": "[语音]",
    "video": "[视频]",
    "sticker": "[表情]",
    "file": "[文件]",
    "link": "[分享]",
    "location": "[位置]",
    "card": "[名片]",
    "mini_program": "[QQ小程序]",
    "red_packet": "[QQ红包]",
    "transfer": "[转账]",
}


def render(chat: Chat, entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the file piece by piece, one entry at a time."""
    yield (
        f"消息记录（此消息记录为文本格式，不支持重新导入）\n\n{_RULER}\n消息分组:我的群聊\n{_RULER}\n"
        f"消息对象:{chat.title}\n{_RULER}\n\n"
    )
    clock = LocalClock(chat.utc_offset)
    for entry in entries:
        stamp = _stamp(clock, entry.at)
        if isinstance(entry, Said):
            who = entry.who
            yield f"{stamp} {_BADGE[who.role]}{who.name}({who.id})\n{_NAMED.get(entry.kind, '')}{entry.text}\n\n"
        elif not isinstance(entry, Renamed):
            for sentence in _sentences(chat, entry):
                yield f"{stamp} 系统消息(10000)\n{sentence}\n\n"


def _stamp(clock: LocalClock, at: int) -> str:
    stamp = clock.stamp(at)
    # The message manager writes the hour without a leading zero.
    return stamp[:11] + stamp[12:] if stamp[11] == "0" else stamp


def _sentences(chat: Chat, entry: Entry) -> Iterator[str]:
    if isinstance(entry, Came):
        for who in entry.who:
            yield f"{entry.inviter.name}邀请{who.name}加入了本群。" if entry.inviter else f"{who.name}加入本群。"
    elif isinstance(entry, TookBack):
        yield "你撤回了一条消息" if entry.who.id == chat.exporter.id else f"{entry.who.name}撤回了一条消息"
    elif isinstance(entry, Retitled):
        yield f"{entry.by.name}修改群名称为“{entry.title}”"
    elif not isinstance(entry, Said | Renamed):
        yield f"{entry.who.name}被{entry.by.name}移出了本群。" if entry.by else f"{entry.who.name}退出了本群。"

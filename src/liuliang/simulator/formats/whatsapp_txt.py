"""The text file that WhatsApp exports, as iOS and Android write it in Chinese and in English.

There are no ids: people are the names in the exporter's address book, or telephone numbers. iOS writes seconds, puts
system lines under the name of who caused them, and marks what it wrote itself with U+200E; Android writes minutes and
system lines without a name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from liuliang.simulator.formats.clock import LocalClock
from liuliang.simulator.formats.entries import Came, Chat, Entry, Renamed, Retitled, Said, TookBack, Went

ENCODING = "utf-8"
NEWLINE = "\n"

_MARK = "\u200e"


@dataclass(frozen=True)
class Style:
    """One dialect of the export: how it writes an instant, and its sentences."""

    stamp: Callable[[date, int], str]
    is_ios: bool
    encrypted: str
    created: str
    joined: str
    added: str
    left: str
    removed: str
    deleted: str
    deleted_by_me: str
    renamed: str
    retitled: str
    omitted: dict[str, str]


def _twelve(second: int) -> tuple[int, str]:
    hour = second // 3600
    return (hour % 12 or 12), f"{second // 60 % 60:02d}"


def _ios_chinese(day: date, second: int) -> str:
    hour, minute = _twelve(second)
    half = "上午" if second < 43_200 else "下午"
    return f"[{day.year}/{day.month}/{day.day} {half}{hour}:{minute}:{second % 60:02d}]"


def _android_chinese(day: date, second: int) -> str:
    return f"{day.year}/{day.month}/{day.day} {second // 3600:02d}:{second // 60 % 60:02d}"


def _ios_english(day: date, second: int) -> str:
    hour, minute = _twelve(second)
    half = "AM" if second < 43_200 else "PM"
    return f"[{day.month}/{day.day}/{day.year % 100:02d}, {hour}:{minute}:{second % 60:02d}\u202f{half}]"


def _android_english(day: date, second: int) -> str:
    return f"{day.day:02d}/{day.month:02d}/{day.year}, {second // 3600:02d}:{second // 60 % 60:02d}"


_CHINESE = {
    "encrypted": "消息和通话已进行端到端加密。只有此聊天中的成员可以查看、收听或分享。",
    "created": "{0}创建了此群组",
    "joined": "{0}使用此群组的邀请链接加入",
    "added": "{1}添加了{0}",
    "left": "{0}退出了群组",
    "removed": "{1}移除了{0}",
    "deleted": "这条消息已删除",
    "deleted_by_me": "您已删除这条消息",
    "renamed": "{1}已更换为新号码 {0}",
    "retitled": "{0}将群组名称更改为“{1}”",
}
_ENGLISH = {
    "encrypted": (
        "Messages and calls are end-to-end encrypted. Only people in this chat can read, listen to, or share them."
    ),
    "created": "{0} created this group",
    "joined": "{0} joined using this group's invite link",
    "added": "{1} added {0}",
    "left": "{0} left",
    "removed": "{1} removed {0}",
    "deleted": "This message was deleted.",
    "deleted_by_me": "You deleted this message.",
    "renamed": "{1} changed their phone number to a new number. {0}",
    "retitled": "{0} changed the group name to “{1}”",
}
_OMITTED_CHINESE = {
    "image": "图像已忽略",
    "video": "视频已忽略",
    "voice": "音频已忽略",
    "sticker": "贴图已忽略",
    "file": "文档已忽略",
    "card": "名片已忽略",
}
_OMITTED_ENGLISH = {
    "image": "image omitted",
    "video": "video omitted",
    "voice": "audio omitted",
    "sticker": "sticker omitted",
    "file": "document omitted",
    "card": "Contact card omitted",
}
_MEDIA = ("image", "video", "voice", "sticker", "file", "card")

STYLES = {
    "ios_zh": Style(stamp=_ios_chinese, is_ios=True, omitted=_OMITTED_CHINESE, **_CHINESE),
    "ios_en": Style(stamp=_ios_english, is_ios=True, omitted=_OMITTED_ENGLISH, **_ENGLISH),
    "android_zh": Style(
        stamp=_android_chinese, is_ios=False, omitted=dict.fromkeys(_MEDIA, "<省略影音内容>"), **_CHINESE
    ),
    "android_en": Style(
        stamp=_android_english, is_ios=False, omitted=dict.fromkeys(_MEDIA, "<Media omitted>"), **_ENGLISH
    ),
}


def render(chat: Chat, entries: Iterable[Entry], style: str = "ios_zh") -> Iterator[str]:
    """Yield the file line by line in ``style``, a key of `STYLES`."""
    dialect = STYLES[style]
    clock = LocalClock(chat.utc_offset)
    first = True
    for entry in entries:
        stamp = dialect.stamp(*clock.split(entry.at))
        if first:
            yield _system(dialect, stamp, chat.title, dialect.encrypted)
            first = False
        if isinstance(entry, Said):
            yield _spoken(dialect, stamp, entry.who.name, _words(dialect, entry))
        elif isinstance(entry, TookBack):
            is_mine = entry.who.id == chat.exporter.id
            words = dialect.deleted_by_me if is_mine else dialect.deleted
            yield _spoken(dialect, stamp, entry.who.name, (_MARK if dialect.is_ios else "") + words)
        else:
            for name, sentence in _sentences(dialect, entry):
                yield _system(dialect, stamp, name, sentence)


def _words(dialect: Style, entry: Said) -> str:
    omitted = dialect.omitted.get(entry.kind)
    if omitted is None:
        return entry.text
    if not dialect.is_ios:
        return omitted
    return f"{entry.text} {_MARK}{omitted}" if entry.text and entry.kind == "file" else _MARK + omitted


def _spoken(dialect: Style, stamp: str, name: str, words: str) -> str:
    return f"{stamp} {name}: {words}\n" if dialect.is_ios else f"{stamp} - {name}: {words}\n"


def _system(dialect: Style, stamp: str, name: str, sentence: str) -> str:
    return f"{stamp} {name}: {_MARK}{sentence}\n" if dialect.is_ios else f"{stamp} - {sentence}\n"


def _sentences(dialect: Style, entry: Came | Went | Renamed | Retitled) -> Iterator[tuple[str, str]]:
    """Yield who a system line stands under on iOS, and what it says."""
    if isinstance(entry, Came):
        for who in entry.who:
            if entry.how == "created":
                yield who.name, dialect.created.format(who.name)
            elif entry.how == "invite" and entry.inviter:
                yield entry.inviter.name, dialect.added.format(who.name, entry.inviter.name)
            else:
                yield who.name, dialect.joined.format(who.name)
    elif isinstance(entry, Went):
        if entry.by:
            yield entry.by.name, dialect.removed.format(entry.who.name, entry.by.name)
        else:
            yield entry.who.name, dialect.left.format(entry.who.name)
    elif isinstance(entry, Renamed):
        yield entry.old_name, dialect.renamed.format(entry.who.name, entry.old_name)
    else:
        yield entry.by.name, dialect.retitled.format(entry.by.name, entry.title)

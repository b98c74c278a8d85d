"""The sentences WeChat itself puts into a group (message type 10000), shared by every exporter of its database.

WeChat never says that somebody left on their own; it says who was removed only to the account that removed them.
"""

from __future__ import annotations

from liuliang.simulator.formats.entries import Came, Chat, Entry, Retitled, TookBack, Went, Who


def sentence(chat: Chat, entry: Entry) -> str:
    """Return the line WeChat shows for ``entry``, empty where it shows none."""
    if isinstance(entry, Came):
        return _came(chat, entry)
    if isinstance(entry, Went):
        return f'你将"{entry.who.name}"移出了群聊' if entry.by and _is_self(chat, entry.by) else ""
    if isinstance(entry, TookBack):
        return "你撤回了一条消息" if _is_self(chat, entry.who) else f'"{entry.who.name}" 撤回了一条消息'
    if isinstance(entry, Retitled):
        return f"{_subject(chat, entry.by)}修改群名为“{entry.title}”"
    return ""


def _came(chat: Chat, entry: Came) -> str:
    names = "、".join(who.name for who in entry.who)
    if entry.inviter is None:
        return f'"{names}"通过扫描群二维码加入群聊'
    if entry.how == "code":
        return f'"{names}"通过扫描{_subject(chat, entry.inviter)}分享的二维码加入群聊'
    return f'{_subject(chat, entry.inviter)}邀请"{names}"加入了群聊'


def _subject(chat: Chat, who: Who) -> str:
    return "你" if _is_self(chat, who) else f'"{who.name}"'


def _is_self(chat: Chat, who: Who) -> bool:
    return who.id == chat.exporter.id

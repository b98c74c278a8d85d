"""An import as its card shows it: where it stands, what was recognised, what it brought."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.console import errors
from liuliang.console.imports.refusals import WARNINGS
from liuliang.importers.base import Chat, Inspection, sources
from liuliang.importers.models import Import
from liuliang.kernel.errors import Refused
from liuliang.people.models import Community, CommunityChat
from liuliang.ui.progress import Progress

HOLDS = (
    ("messages", gettext_lazy("条消息")),
    ("joins", gettext_lazy("次进群")),
    ("leaves", gettext_lazy("次退群")),
    ("others", gettext_lazy("次改名、撤回等")),
    ("members", gettext_lazy("位成员")),
    ("orders", gettext_lazy("个订单")),
    ("scores", gettext_lazy("个评分")),
    ("private", gettext_lazy("条私聊，没有导入")),
)
"""What a file may hold."""

_PEOPLE = (
    ("people", gettext_lazy("位新成员")),
    ("memberships", gettext_lazy("位进入这个社群")),
    ("identities", gettext_lazy("个新的账号或号码")),
    ("merged", gettext_lazy("对成员合并为一人")),
    ("proposed", gettext_lazy("对成员可能是同一人，等你判定")),
)
NEWS = {
    "chat": (("added", gettext_lazy("条新记录")), *_PEOPLE),
    "members": _PEOPLE,
    "orders": (
        ("added", gettext_lazy("个新订单")),
        ("changed", gettext_lazy("个订单有变化")),
        *_PEOPLE,
    ),
    "scores": (("added", gettext_lazy("个新评分")), *_PEOPLE),
}
"""What may be new in a file, by the kind of its format."""


@dataclass(frozen=True, slots=True)
class Found:
    """A chat in the file, and the community it is known to be."""

    chat: Chat
    community: Community | None


@dataclass(frozen=True, slots=True)
class Card:
    """What a card needs."""

    row: Import
    progress: Progress | None
    source: str
    chats: tuple[Found, ...]
    warnings: tuple[str, ...]
    holds: tuple[tuple[str, int], ...]
    news: tuple[tuple[str, int], ...]
    error: str
    zone: str

    @property
    def is_moving(self) -> bool:
        """Whether the card should ask for a newer self."""
        return self.row.state in {"uploaded", "queued", "running"}


def card_of(row: Import) -> Card:
    """Return the card of an import."""
    inspection = msgspec.convert(row.inspection, Inspection) if row.inspection else None
    source = sources().get(row.source)
    return Card(
        row,
        _progress(row),
        str(source.title) if source else "",
        tuple(_found(inspection)) if inspection else (),
        tuple(str(WARNINGS.get(code, code)) for code in inspection.warnings) if inspection else (),
        _counted(row, HOLDS),
        _counted(row, NEWS[source.kind]) if source else (),
        errors.sentence(Refused(row.error, **{"name": row.file_name, **row.error_data})) if row.error else "",
        row.timezone if inspection and not inspection.timezone_known else "",
    )


def _counted(row: Import, counts: Iterable[tuple[str, str | Promise]]) -> tuple[tuple[str, int], ...]:
    return tuple((str(title), row.counts[key]) for key, title in counts if row.counts.get(key))


def _progress(row: Import) -> Progress | None:
    if row.state == "uploaded":
        return Progress(_("正在识别格式"), total=None)
    if row.state == "queued":
        return Progress(_("等待导入"), state="waiting")
    if row.state == "running":
        read = row.counts.get("read", 0)
        return Progress(_("正在导入"), row.progress, row.size, detail=_("已读 {count:,} 条").format(count=read))
    return None


def _found(inspection: Inspection) -> Iterator[Found]:
    shown = inspection.chats[:20]
    keys = {chat.key or chat.title for chat in shown}
    known = {
        (each.platform, each.key): each.community
        for each in CommunityChat.objects.filter(key__in=keys).select_related("community")
    }
    for chat in shown:
        yield Found(chat, known.get((chat.platform, chat.key or chat.title)))

"""A member's history in words: what each event says to the person who reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.accounts.permissions import COMMUNITIES_VIEW, MEMBERS_VIEW, TESTIMONIALS_MANAGE
from liuliang.cultivation.kinds import KINDS
from liuliang.cultivation.services import STATES
from liuliang.kernel.events import event_type
from liuliang.kernel.models import LoggedEvent
from liuliang.loyalty.penalties import LADDER
from liuliang.people.access import Access
from liuliang.people.models import Community, Member
from liuliang.ui import formats

MESSAGE_TYPES: dict[str, str | Promise] = {
    "image": gettext_lazy("图片"),
    "voice": gettext_lazy("语音"),
    "video": gettext_lazy("视频"),
    "file": gettext_lazy("文件"),
    "link": gettext_lazy("链接"),
    "sticker": gettext_lazy("表情"),
    "location": gettext_lazy("位置"),
    "card": gettext_lazy("名片"),
    "mini_program": gettext_lazy("小程序"),
    "red_packet": gettext_lazy("红包"),
    "transfer": gettext_lazy("转账"),
    "call": gettext_lazy("通话"),
    "poll": gettext_lazy("投票"),
    "forward": gettext_lazy("聊天记录"),
    "music": gettext_lazy("音乐"),
    "other": gettext_lazy("其他"),
}
HOWS: dict[str, str | Promise] = {
    "invite": gettext_lazy("受邀"),
    "link": gettext_lazy("通过链接"),
    "code": gettext_lazy("扫码"),
    "search": gettext_lazy("搜索"),
    "created": gettext_lazy("建群"),
}
ROLES: dict[str, str | Promise] = {
    "owner": gettext_lazy("群主"),
    "admin": gettext_lazy("管理员"),
    "": gettext_lazy("成员"),
}
TEXT_SHOWN = 300

_TONES = {
    "order.paid": "good",
    "order.claimed": "good",
    "member.joined": "act",
    "member.left": "warn",
    "order.refunded": "warn",
}


@dataclass(frozen=True, slots=True)
class Moment:
    """An event as a timeline draws it."""

    at: datetime
    title: str
    icon: str
    tone: str = ""
    text: str = ""
    url: str = ""
    action_title: str = ""
    action_url: str = ""


def moments(events: Sequence[LoggedEvent], access: Access) -> list[Moment]:
    """Put events into words, with one look-up for all communities and one for all people they name.

    Only who and what the reader may see is named.
    """
    places = _communities({event.community for event in events if event.community}, access)
    people = names_of((other for event in events if (other := _other(event))), access)
    return [_with_action(_moment(event, places, people), event, access) for event in events]


def names_of(records: Iterable[int], access: Access) -> dict[int, Member]:
    """Return whom these records mean, by record, as far as the reader may see them."""
    meant = dict(Member.objects.filter(id__in=set(records)).values_list("id", "canonical_id"))
    seen = access.members(MEMBERS_VIEW).in_bulk({canonical or record for record, canonical in meant.items()})
    return {record: seen[canonical or record] for record, canonical in meant.items() if (canonical or record) in seen}


def _communities(ids: set[int], access: Access) -> Mapping[int, Community]:
    return access.communities(COMMUNITIES_VIEW).only("id", "name", "public_id").in_bulk(ids)


def _other(event: LoggedEvent) -> int | None:
    type_ = event_type(event.kind)
    found = event.data.get(type_.other) if type_ and type_.other else None
    return found if isinstance(found, int) else event.data.get("reply_member")


def _moment(event: LoggedEvent, places: Mapping[int, Community], people: Mapping[int, Member]) -> Moment:
    type_ = event_type(event.kind)
    place = places.get(event.community or 0)
    other = people.get(_other(event) or 0)
    title = str(type_.title) if type_ else event.kind
    if place is not None:
        title = f"{title} · {place.name}"
    return Moment(
        event.occurred_at,
        title,
        type_.icon if type_ else "point",
        _TONES.get(event.kind, ""),
        _said(event.kind, event.data, other.name if other else ""),
    )


def _with_action(moment: Moment, event: LoggedEvent, access: Access) -> Moment:
    """Offer to take what was said as a testimonial, to who may."""
    if event.kind != "message.sent" or not event.data.get("text") or event.community is None:
        return moment
    if not access.may(TESTIMONIALS_MANAGE, event.community):
        return moment
    url = reverse("console:take-testimonial", args=[event.position])
    return replace(moment, action_title=_("取为见证"), action_url=url)


def _said(kind: str, data: dict[str, Any], other: str) -> str:
    """Return what an event says beyond its title; of most kinds that is a name, or nothing."""
    say = _SENTENCES.get(kind)
    return say(data, other) if say else str(data.get("name", ""))


def _joined(data: dict[str, Any], other: str) -> str:
    return _("由 {name} 邀请").format(name=other) if other else str(HOWS.get(data.get("how", ""), ""))


def _left(_data: dict[str, Any], other: str) -> str:
    return _("被 {name} 移出").format(name=other) if other else ""


def _renamed(data: dict[str, Any], _other: str) -> str:
    return f"{data.get('old_name', '')} → {data['new_name']}" if data.get("new_name") else ""


def _role(data: dict[str, Any], _other: str) -> str:
    return str(ROLES.get(data.get("role", ""), data.get("role", "")))


def _sale(data: dict[str, Any], _other: str) -> str:
    amount = formats.money(data.get("amount") or 0, data.get("currency") or "CNY")
    return f"{data.get('product', '')} {amount}".strip()


def _same(_data: dict[str, Any], other: str) -> str:
    return other


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_SHOWN else f"{text[:TEXT_SHOWN]}…"


def _message(data: dict[str, Any], other: str) -> str:
    text = str(data.get("text", "")).strip()
    kind = MESSAGE_TYPES.get(data.get("type", ""))
    if kind is not None:
        text = f"[{kind}] {text}".strip()
    text = _cut(text)
    return _("回复 {name}：{text}").format(name=other, text=text) if other else text


def _candidate(data: dict[str, Any], _other: str) -> str:
    kind, state = KINDS.get(data.get("role", "")), STATES.get(data.get("after", ""), "")
    return f"{kind.title} · {state}" if kind else str(state)


def _answer(data: dict[str, Any], _other: str) -> str:
    score = _("{score} 分").format(score=data.get("score", ""))
    return " · ".join(filter(None, (score, data.get("survey", ""), _cut(data.get("comment", "")))))


def _points(data: dict[str, Any], _other: str) -> str:
    return formats.exact(data.get("amount") or 0)


def _penalty(data: dict[str, Any], _other: str) -> str:
    words = str(LADDER.get(data.get("step", ""), data.get("step", "")))
    return _("{step}，{points} 分").format(step=words, points=data["points"]) if data.get("points") else words


def _level(data: dict[str, Any], _other: str) -> str:
    return _("有 {growth}，要 {needed}").format(growth=data.get("growth", 0), needed=data.get("needed", 0))


_SENTENCES: dict[str, Callable[[dict[str, Any], str], str]] = {
    "message.sent": _message,
    "member.joined": _joined,
    "member.left": _left,
    "member.renamed": _renamed,
    "member.role_changed": _role,
    "member.listed": _role,
    "order.paid": _sale,
    "order.refunded": _sale,
    "order.claimed": _sale,
    "member.merged": _same,
    "member.split": _same,
    "candidate.moved": _candidate,
    "survey.answered": _answer,
    **dict.fromkeys(
        (
            "points.earned",
            "points.spent",
            "points.refunded",
            "points.expired",
            "points.deducted",
            "points.reversed",
            "points.debt_paid",
            "growth.earned",
            "growth.reversed",
        ),
        _points,
    ),
    **dict.fromkeys(("penalty.given", "penalty.appealed", "penalty.upheld", "penalty.lifted"), _penalty),
    **dict.fromkeys(("level.reached", "level.lost"), _level),
}

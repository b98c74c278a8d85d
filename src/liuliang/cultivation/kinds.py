"""The kinds of members worth cultivating, and the measures by which they are found: each a minimum that can be changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.accounts.permissions import ORDERS_VIEW

Minimums = Mapping[str, int]
"""What must be reached, by measure; 0 does not ask for it."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A column of `liuliang.segments.features.Features`: what its minimum is called, and how a value reads in a sentence."""

    title: str | Promise
    sentence: str | Promise
    permission: str = ""


MEASURES: Mapping[str, Measure] = {
    "known_days": Measure(gettext_lazy("认识至少几天"), gettext_lazy("认识 {value} 天")),
    "active_days_30": Measure(gettext_lazy("近 30 天至少说话几天"), gettext_lazy("近 30 天有 {value} 天说话")),
    "messages_90": Measure(gettext_lazy("近 90 天至少发言几条"), gettext_lazy("近 90 天发言 {value} 条")),
    "answered_90": Measure(gettext_lazy("近 90 天至少回复过几个人"), gettext_lazy("回复过 {value} 个人")),
    "answerers_90": Measure(gettext_lazy("近 90 天至少被几个人回复"), gettext_lazy("{value} 个人回复过 TA")),
    "mutual_90": Measure(gettext_lazy("近 90 天至少和几个人互相回复"), gettext_lazy("和 {value} 个人有来有往")),
    "feedback_90": Measure(gettext_lazy("近 90 天至少提过几次建议"), gettext_lazy("提过 {value} 次建议")),
    "invited": Measure(gettext_lazy("至少邀请过几个人"), gettext_lazy("邀请过 {value} 个人")),
    "orders": Measure(gettext_lazy("至少买过几单"), gettext_lazy("买过 {value} 单"), ORDERS_VIEW),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of member worth cultivating, with the ready-made minimums; its measures are those that it asks for."""

    key: str
    title: str | Promise
    meaning: str | Promise
    minimums: Minimums

    @property
    def permission(self) -> str:
        """Return what one must be allowed to see besides members, empty for nothing."""
        return next((MEASURES[key].permission for key in self.minimums if MEASURES[key].permission), "")


KINDS: Mapping[str, Kind] = {
    kind.key: kind
    for kind in (
        Kind(
            "seed", gettext_lazy("种子用户"),
            gettext_lazy("来得早、常在、愿意提建议，适合先试新东西"),
            {"known_days": 30, "active_days_30": 5, "messages_90": 20, "feedback_90": 1},
        ),
        Kind(
            "backbone", gettext_lazy("斗士"),
            gettext_lazy("几乎天天在，肯接别人的话，群靠他们热着"),
            {"active_days_30": 12, "messages_90": 60, "answered_90": 5},
        ),
        Kind(
            "koc", gettext_lazy("消费者领袖 KOC"),
            gettext_lazy("自己买过，说的话有人接，能带动身边的人买"),
            {"orders": 2, "answerers_90": 4, "messages_90": 15},
        ),
        Kind(
            "star", gettext_lazy("明星用户"),
            gettext_lazy("很多人认得、愿意跟着聊，能请来分享"),
            {"answerers_90": 10, "mutual_90": 5, "active_days_30": 8},
        ),
    )
}  # fmt: skip


def evidence_words(evidence: Minimums, minimums: Minimums) -> str:
    """Return what somebody reached, as a sentence: each measure with what was asked for."""
    said = [
        str(MEASURES[key].sentence).format(value=f"{value:,}")
        + (_("（要 {minimum}）").format(minimum=minimums[key]) if minimums.get(key) else "")
        for key, value in evidence.items()
        if key in MEASURES
    ]
    return _("，").join(said)

"""Rules worth trying: people whom most communities should not lose sight of, each with what is usually done for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from liuliang.segments.rules import Rule, read_rule


@dataclass(frozen=True)
class Pattern:
    """A rule (as JSON) with the name of its people, why they matter, and what to do next."""

    key: str
    title: str | Promise
    why: str | Promise
    todo: str | Promise
    data: Mapping[str, Any]

    @cached_property
    def rule(self) -> Rule:
        """Return the rule."""
        return read_rule(self.data)


_SPOKE = {"if": "behaviour", "kind": "message.sent"}


def _spoke(days: int, number: int = 1, count: str = "times") -> dict[str, Any]:
    return {**_SPOKE, "count": count, "number": number, "within": {"last_days": days}}


_HERE = {"if": "membership", "state": "in"}

PATTERNS: Mapping[str, Pattern] = MappingProxyType(
    {
        pattern.key: pattern
        for pattern in (
            Pattern(
                "mute-newcomers",
                _("进群一周还没开口的新人"),
                _("人进来了，还没有开口，就还算不上真正留下。"),
                _("点名欢迎，问一个答得上来的小问题。"),
                {
                    "all": [
                        {"if": "membership", "state": "in", "at_least_days": 7, "at_most_days": 21},
                        {"not": _SPOKE},
                    ]
                },
            ),
            Pattern(
                "silent-buyers",
                _("买过、还在群里、却一个月没说话的人"),
                _("已经花过钱的人，安静下来时最该有人问一声。"),
                _("一对一问问用得怎么样，给一次复购的理由。"),
                {"all": [_HERE, {"if": "orders"}, {"if": "silence", "days": 30}]},
            ),
            Pattern(
                "lively-never-bought",
                _("常说话却从没买过的人"),
                _("近 30 天至少 5 天说过话，说明信任已经有了，差一个合适的第一单。"),
                _("发新人价或小样，问问顾虑在哪里。"),
                {"all": [_HERE, _spoke(30, 5, "days"), {"not": {"if": "orders"}}]},
            ),
            Pattern(
                "due-again",
                _("买过两次以上、两到六个月没再买的人"),
                _("已经养成过习惯，离彻底忘掉还有一点时间。"),
                _("按上次买的东西提醒，不要群发。"),
                {
                    "all": [
                        {"if": "orders", "number": 2},
                        {"if": "orders", "measure": "days_since", "number": 60},
                        {"if": "orders", "measure": "days_since", "compare": "at_most", "number": 180},
                    ]
                },
            ),
            Pattern(
                "hosts",
                _("带来三个人以上、人还留着的成员"),
                _("他们在替你拉人，而且拉来的人留得住。"),
                _("当面道谢，请他们做种子或志愿者。"),
                {"if": "invites", "who": "stayed", "number": 3},
            ),
            Pattern(
                "fading-core",
                _("以前常说话、最近两周没了声音的人"),
                _("近 90 天有 10 天以上在说话，是撑着群的人；他们安静下来，要早一点知道。"),
                _("私下问候一声，请他们来定一个话题。"),
                {"all": [_HERE, _spoke(90, 10, "days"), {"if": "silence", "days": 14}]},
            ),
        )
    }
)
"""The patterns by key, the most pressing first."""

"""Kinds of events as somebody chooses one: by what they concern, the commonest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Choice = tuple[str, str | Promise]

_GROUPS: tuple[tuple[str | Promise, tuple[str, ...]], ...] = (
    (_("消息"), ("message",)),
    (_("群成员"), ("member", "survey")),
    (_("交易"), ("order", "coupon", "mall", "subscription", "testimonial")),
    (_("积分和等级"), ("points", "growth", "level", "badge", "penalty")),
    (_("合伙人"), ("partner", "commission")),
    (_("人群和分层"), ("segment", "layer", "candidate")),
)
_COMMON = ("message.sent", "member.joined", "member.left", "order.paid", "points.earned", "points.spent")
_OTHERS = _("其他")


def grouped(choices: Iterable[Choice]) -> list[tuple[str | Promise, Sequence[Choice]]]:
    """Return kinds with their words, by what they concern; kinds of plug-ins that nobody here knows come last."""
    ordered = sorted(
        choices, key=lambda one: (_COMMON.index(one[0]) if one[0] in _COMMON else len(_COMMON), str(one[1]))
    )
    found: dict[str | Promise, list[Choice]] = {title: [] for title in (*(title for title, _words in _GROUPS), _OTHERS)}
    titles = {word: title for title, words in _GROUPS for word in words}
    for one in ordered:
        found[titles.get(one[0].partition(".")[0], _OTHERS)].append(one)
    return [(title, ones) for title, ones in found.items() if ones]

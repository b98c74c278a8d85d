"""生命周期: which stage a community is in, proposed from what happened, with the reason and what to do next.

The rules are read from top to bottom; the first that holds decides. Dying stands first, because a community that once
grew or sold and falls silent needs a person whatever else is true of it. A community that is only small is not dying: both
ways to be noticed ask how probable what is seen would be if nothing had changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from liuliang.analytics import noise
from liuliang.analytics.attention import binomial_tail
from liuliang.analytics.definitions import Definition
from liuliang.analytics.signals import WINDOW, Signals

SURPRISING = 0.01
"""A silence or a fall counts as dying only where chance would make it at most this often."""

YOUNG_DAYS = 28
"""Days after its first sign of life in which a community is starting, however it does."""

FEW_SPEAKERS = 5
"""Fewer people than this who speak in four weeks are not yet a community."""

QUIET_DAYS = 7
CHANCE = 0.05
"""More coming than going is growth only where a fair coin would give it at most this often."""

GROWING = 0.1
"""Net growth of four weeks, as a share of who was there before, from which on a community is growing."""

FEWEST_BUYERS = 5
BUYING = 0.05
"""Share of active people who paid from which on a community is selling."""

STAGES: Mapping[str, tuple[str | Promise, str | Promise]] = MappingProxyType(
    {
        "cold": (_("冷启动"), _("先把种子用户请进来、认全，让每一句话都有人接；人不齐先不裂变、不卖货。")),
        "growth": (
            _("裂变增长"),
            _("趁着有人愿意带人，把邀请路径做顺，同时盯住新人 7 天内开口的比例，别让进来的人变成潜水。"),
        ),
        "active": (_("活跃"), _("稳住固定栏目和骨干，再挑一个能带来成交或转介绍的动作试一次。")),
        "conversion": (_("转化复购"), _("把买过的人单独运营：晒单、会员价、复购提醒；别用促销把聊天挤没了。")),
        "dying": (_("死群"), _("别再往里投内容。把还在说话的人请到活着的群，然后归档这个群。")),
    }
)
"""Stages in the order of a life: title and the proposed next move."""

LIFECYCLE = Definition(
    "lifecycle",
    _("生命周期"),
    _(
        "从上往下，先符合的算。死群：56 天没有一句话；或安静了至少 7 天，按它以前有话的天数平常不会安静这么久；或说话的人比前 28 天少了一半以上，"
        "且偶然发生的概率不超过 1%。冷启动：第一次有记录不满 28 天，或 28 天里说话的不到 5 人。转化复购：28 天里至少 5 人付款，占活跃的人的至少 5%。"
        "裂变增长：28 天净增至少一成，且进比退多不是偶然。其余是活跃。员工手动定的阶段优先。"
    ),
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A stage and why: ``code`` names the rule that decided, ``data`` the numbers in its sentence."""

    stage: str
    code: str
    data: Mapping[str, float]


def propose(seen: Signals, members: int, *, began: date | None, has_spoken: bool) -> Proposal:
    """Return the stage that the data speaks for.

    Args:
        seen: what happened up to a day.
        members: how many are there.
        began: the first day that anything is known of the community; None for nothing at all.
        has_spoken: whether anybody ever said a word in it.
    """
    if began is None:
        return Proposal("cold", "nothing", {})
    age = (seen.end - began).days + 1
    dying = _dying(seen, members, age) if has_spoken else None
    if dying is not None:
        return dying
    if age < YOUNG_DAYS:
        return Proposal("cold", "young", {"days": max(age, 1), "speakers": seen.spoke})
    if seen.spoke < FEW_SPEAKERS:
        return Proposal("cold", "few", {"speakers": seen.spoke, "members": members})
    return _grown_up(seen, members)


def _grown_up(seen: Signals, members: int) -> Proposal:
    if seen.buyers >= FEWEST_BUYERS and seen.buyers >= BUYING * seen.active:
        share = seen.buyers / seen.active
        return Proposal("conversion", "buying", {"buyers": seen.buyers, "share": share, "again": seen.again})
    net = seen.joined - seen.left
    before = members - net
    is_beyond_chance = binomial_tail(seen.joined, seen.joined + seen.left) <= CHANCE
    if net > 0 and net >= GROWING * before and is_beyond_chance:
        growth = net / before if before > 0 else 1.0
        return Proposal("growth", "growing", {"joined": seen.joined, "left": seen.left, "net": net, "growth": growth})
    return Proposal("active", "talking", {"speakers": seen.spoke, "share": min(1.0, seen.spoke / max(members, 1))})


def _dying(seen: Signals, members: int, age: int) -> Proposal | None:
    if seen.last_spoke is None or not (seen.spoke or seen.spoke_before):
        return Proposal("dying", "dead", {"days": min(age, 2 * WINDOW), "members": members})
    quiet = (seen.end - seen.last_spoke).days
    if quiet >= QUIET_DAYS:
        # The days before the silence, with one of either kind added: how likely a day has words at all.
        known = max(0, min(age, 2 * WINDOW) - quiet)
        lively = (seen.days + seen.days_before + 1) / (known + 2)
        if known and (1 - min(lively, 1.0)) ** quiet <= SURPRISING:
            return Proposal("dying", "silent", {"days": quiet, "members": members, "speakers": seen.spoke})
    if seen.spoke * 2 <= seen.spoke_before:
        change = noise.compare_people(seen.spoke, seen.spoke_before, seen.spoke_either)
        if change.surprise <= SURPRISING:
            return Proposal("dying", "fading", {"speakers": seen.spoke, "before": seen.spoke_before})
    return None

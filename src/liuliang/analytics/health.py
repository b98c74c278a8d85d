"""健康度: how well a community does, from 0 to 100, with its parts, its uncertainty, and what would raise it most.

Every part is a share of people, pairs or days, so that everyone can check it by hand. A share is worth 0 points at the
part's ``empty`` end and 100 at its ``full`` one, and in between in proportion; the score is the weighted mean of the
parts that can be told. The interval of a part is Wilson's of its share. That of the score is the weighted mean of theirs:
the parts are largely of the same people and err together, so nothing is gained by their number. Of a small community
little can be said, and the interval says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from liuliang.analytics import noise
from liuliang.analytics.definitions import Definition
from liuliang.analytics.noise import Comparison
from liuliang.analytics.signals import Signals

HEALTHY, POORLY = 60.0, 40.0
"""Points from which on a community is healthy, and below which it does poorly: the whole interval must be there."""

FEWEST_SPEAKERS = 10
"""People who spoke, now or before, from which on a community gets a colour at all."""

FEWEST_PEERS = 4
"""Communities from which on their best quarter is what one of them is held against."""

FEWEST_COUNTED = 10
"""People, pairs or days below which a part says too little to be acted on first."""

Grade = Literal["good", "fair", "poor", "unsure"]

HEALTH = Definition(
    "health",
    _("健康度"),
    _(
        "最近 28 个整天。七项各算出一个比例，在“0 分线”和“满分线”之间按比例给 0 到 100 分，再按权重平均；算不出的项不参与，权重由其余各项分摊。"
        "区间是各项 95% 区间（Wilson）的加权平均（各项多半是同一批人，会一起偏高或偏低）：群越小区间越宽。整个区间都在 60 分以上才标绿，都在 40 分以下才标红；两个 28 天里说话的都不到 10 人的群不上色。"
    ),
    _("分"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of health: a share, where its points begin and end, and its weight where nobody chose another.

    ``read`` gives how many of how many. ``missing`` says why it cannot be told where that is nothing of nothing.
    """

    key: str
    definition: Definition
    weight: int
    empty: float
    full: float
    read: Callable[[Signals, int], tuple[int, int]]
    missing: str | Promise

    def points(self, share: float) -> float:
        """Return what a share is worth, from 0 to 100."""
        return 100 * min(1.0, max(0.0, (share - self.empty) / (self.full - self.empty)))


PARTS: Mapping[str, Part] = {
    part.key: part
    for part in (
        Part(
            "growth",
            Definition("growth", _("成长"), _("28 天里进群和退群的“人·群”合在一起，进群的占多少。一半是不增不减。")),
            10,
            0.2,
            0.8,
            lambda seen, _members: (seen.joined, seen.joined + seen.left),
            _("28 天里没有人进出"),
        ),
        Part(
            "participation",
            Definition("participation", _("参与"), _("群成员里，28 天内说过话的占多少。")),
            25,
            0.0,
            0.6,
            lambda seen, members: (min(seen.spoke, members), members),
            _("群里没有人"),
        ),
        Part(
            "depth",
            Definition("depth", _("深度"), _("28 天内说过话的人里，在其中至少两周都说过话的占多少。")),
            15,
            0.0,
            0.8,
            lambda seen, _members: (seen.steady, seen.spoke),
            _("28 天里没有人说话"),
        ),
        Part(
            "reciprocity",
            Definition("reciprocity", _("互动"), _("有过回复或引用的两个人里，双方都回复过对方的占多少。")),
            5,
            0.0,
            0.6,
            lambda seen, _members: (seen.mutual, seen.ties),
            _("记录里没有谁回复谁"),
        ),
        Part(
            "response",
            Definition("response", _("响应"), _("有人说话的日子里，当天有第二个人接话的占多少。")),
            15,
            0.3,
            1.0,
            lambda seen, _members: (seen.lively, seen.days),
            _("28 天里没有人说话"),
        ),
        Part(
            "retention",
            Definition("retention", _("留存"), _("再往前 28 天说过话的人里，这 28 天还在说话的占多少。")),
            20,
            0.2,
            0.9,
            lambda seen, _members: (seen.stayed, seen.spoke_before),
            _("再往前 28 天没有人说话"),
        ),
        Part(
            "conversion",
            Definition(
                "conversion",
                _("转化"),
                _("28 天内在群里说过话或下过单的人里，付过款的占多少。订单没有记在哪个群的，算在买家说过话的群。"),
            ),
            10,
            0.0,
            0.3,
            lambda seen, _members: (seen.buyers, seen.active),
            _("没有订单，或你看不到订单"),
        ),
    )
}
"""Every part, in the order they are told."""

Weights = Mapping[str, int]

READY_WEIGHTS: Weights = {key: part.weight for key, part in PARTS.items()}
"""The weights that hold where nobody chose others."""


@dataclass(frozen=True, slots=True)
class Graded:
    """A part of one community: how many of how many, the points with their interval, and its share of the whole weight.

    ``points`` is None where the part cannot be told; it then weighs nothing.
    """

    part: Part
    count: int
    of: int
    points: float | None
    low: float
    high: float
    weight: float

    @property
    def share(self) -> float | None:
        """Return the share itself."""
        return self.count / self.of if self.of else None


@dataclass(frozen=True, slots=True)
class Health:
    """How a community does. ``score`` is None where nothing can be told; points of 100 everywhere."""

    score: float | None
    low: float
    high: float
    parts: tuple[Graded, ...]
    members: int
    signals: Signals

    @property
    def grade(self) -> Grade:
        """Return good or poor only where the whole interval is beyond the bound."""
        if self.score is None or max(self.signals.spoke, self.signals.spoke_before) < FEWEST_SPEAKERS:
            return "unsure"
        if self.low >= HEALTHY:
            return "good"
        if self.high < POORLY:
            return "poor"
        return "fair" if self.high - self.low <= HEALTHY - POORLY else "unsure"


@dataclass(frozen=True, slots=True)
class Lift:
    """What would raise a community most: one part brought to ``goal``.

    ``missing`` is how many more people, pairs or days that takes; ``gain`` is in points of the whole score.
    ``is_of_peers`` tells that the goal is what the best quarter of the other communities reach, not the full mark.
    """

    graded: Graded
    goal: float
    missing: int
    gain: float
    is_of_peers: bool

    @property
    def is_small(self) -> bool:
        """Tell that the part is of so few that one or two more would change it all."""
        return self.graded.of < FEWEST_COUNTED


def health(seen: Signals, members: int, weights: Weights, *, without: frozenset[str] = frozenset()) -> Health:
    """Return the health of one community.

    Args:
        seen: what happened.
        members: how many were in it when the window ended.
        weights: of each part; a part that weighs nothing is shown all the same.
        without: parts that cannot be told here (no orders anywhere, or the viewer may not see them).
    """
    told = {key: (0, 0) if key in without else part.read(seen, members) for key, part in PARTS.items()}
    whole = sum(weights.get(key, 0) for key, (_count, of) in told.items() if of > 0)
    parts = tuple(_graded(PARTS[key], *found, weights.get(key, 0), whole) for key, found in told.items())
    known = [each for each in parts if each.points is not None and each.weight > 0]
    # Of a community in which nobody ever spoke nothing was recorded, which is not the same as doing badly.
    if not known or not (seen.spoke or seen.spoke_before or seen.last_spoke):
        return Health(None, 0.0, 100.0, parts, members, seen)
    score = math.fsum(each.weight * each.points for each in known if each.points is not None)
    low = math.fsum(each.weight * each.low for each in known)
    high = math.fsum(each.weight * each.high for each in known)
    return Health(score, low, high, parts, members, seen)


def compare(now: Health, before: Health) -> Comparison | None:
    """Compare two scores, a whole window apart; None where one of them is not known."""
    if now.score is None or before.score is None:
        return None
    return noise.compare_estimates((now.score, now.low, now.high), (before.score, before.low, before.high))


def lifts(found: Health, peers: Sequence[Health]) -> Sequence[Lift]:
    """Return what would raise the score if it did as well as the best quarter of ``peers``, what raises it most first.

    Parts of very few come last, whatever they would raise: of two people one more or less means nothing. With fewer than `FEWEST_PEERS` communities to go by, the goal is the full mark. Nothing is offered where nothing is known.
    """
    if found.score is None:
        return ()
    known = [one for graded in found.parts if (one := _lift(graded, peers)) is not None]
    return sorted(known, key=lambda one: (one.is_small, -one.gain))


def _graded(part: Part, count: int, of: int, weight: int, whole: int) -> Graded:
    interval = noise.wilson(count, of)
    if interval is None:
        return Graded(part, 0, 0, None, 0.0, 100.0, 0.0)
    low, high = interval
    share = weight / whole if whole else 0.0
    return Graded(part, count, of, part.points(count / of), part.points(low), part.points(high), share)


def _lift(graded: Graded, peers: Sequence[Health]) -> Lift | None:
    share = graded.share
    if share is None or graded.points is None or graded.weight == 0:
        return None
    part = graded.part
    shares = [other.share for peer in peers for other in peer.parts if other.part is part and other.share is not None]
    is_of_peers = len(shares) >= FEWEST_PEERS
    goal = min(part.full, quantiles(shares, n=4, method="inclusive")[2]) if is_of_peers else part.full
    gain = graded.weight * (part.points(goal) - graded.points)
    missing = math.ceil(goal * graded.of - 1e-9) - graded.count
    return Lift(graded, goal, missing, gain, is_of_peers) if gain > 0 and missing > 0 else None

"""What happens with points, growth and levels. Nothing here is personal: causes are ids, amounts are numbers."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from liuliang.kernel.events import Event, event

Endings = tuple[tuple[str, int], ...]
"""Pairs of a last day (ISO; empty for lots that never end) and how much of the amount had it."""


@event("points.earned", title=_("获得积分"), icon="coin", value="amount")
@dataclass(frozen=True, slots=True)
class PointsEarned(Event):
    """Points came into a purse. ``rule`` is the earning rule's id, 0 for none; ``budget`` the key of what paid, if any."""

    transfer: int
    amount: int
    cause: str = ""
    rule: int = 0
    budget: str = ""
    endings: Endings = ()


@event("points.spent", title=_("使用积分"), icon="shopping-bag", value="amount")
@dataclass(frozen=True, slots=True)
class PointsSpent(Event):
    """Points were spent; ``transfer`` names the first of the transfers that did it."""

    transfer: int
    amount: int
    cause: str = ""
    endings: Endings = ()


@event("points.refunded", title=_("积分退回"), icon="arrow-back-up", value="amount")
@dataclass(frozen=True, slots=True)
class PointsRefunded(Event):
    """Spent points came back, into the lots they were taken from."""

    transfer: int
    amount: int
    cause: str = ""
    endings: Endings = ()


@event("points.expired", title=_("积分过期"), icon="hourglass-off", value="amount")
@dataclass(frozen=True, slots=True)
class PointsExpired(Event):
    """Points of a lot ended with their last day."""

    transfer: int
    amount: int
    cause: str = ""
    endings: Endings = ()


@event("points.deducted", title=_("扣除积分"), icon="coin-off", value="amount")
@dataclass(frozen=True, slots=True)
class PointsDeducted(Event):
    """Points were taken away by staff or by the clearing of a season."""

    transfer: int
    amount: int
    cause: str = ""
    endings: Endings = ()


@event("points.reversed", title=_("积分撤回"), icon="rotate-2", value="amount")
@dataclass(frozen=True, slots=True)
class PointsReversed(Event):
    """A reward was taken back because its cause was undone.

    ``amount`` is what was still there, ``owed`` what had been spent and is now a debt, ``forgiven`` what was let go.
    """

    transfer: int
    amount: int
    cause: str = ""
    rule: int = 0
    budget: str = ""
    owed: int = 0
    forgiven: int = 0
    endings: Endings = ()


@event("points.debt_paid", title=_("积分抵扣欠额"), icon="coin-monero", value="amount")
@dataclass(frozen=True, slots=True)
class PointsDebtPaid(Event):
    """Points that came in paid for rewards that were taken back after they had been spent."""

    transfer: int
    amount: int
    cause: str = ""
    endings: Endings = ()


@event("growth.earned", title=_("获得成长值"), icon="trending-up", value="amount")
@dataclass(frozen=True, slots=True)
class GrowthEarned(Event):
    """A member's growth grew."""

    transfer: int
    amount: int
    cause: str = ""
    rule: int = 0


@event("growth.reversed", title=_("成长值撤回"), icon="trending-down", value="amount")
@dataclass(frozen=True, slots=True)
class GrowthReversed(Event):
    """Growth was taken back because its cause was undone."""

    transfer: int
    amount: int
    cause: str = ""
    rule: int = 0


@event("level.reached", title=_("升级"), icon="stairs-up")
@dataclass(frozen=True, slots=True)
class LevelReached(Event):
    """A member rose: ``growth`` is what they had, ``needed`` what the level asks for."""

    level: str
    before: str = ""
    growth: int = 0
    needed: int = 0


@event("level.lost", title=_("降级"), icon="stairs-down")
@dataclass(frozen=True, slots=True)
class LevelLost(Event):
    """A member fell: in the period they earned ``growth``, and keeping the level asked for ``needed``."""

    level: str
    before: str = ""
    growth: int = 0
    needed: int = 0


@event("badge.given", title=_("获得勋章"), icon="award")
@dataclass(frozen=True, slots=True)
class BadgeGiven(Event):
    """A member was given a badge; ``name`` is what it was called then."""

    badge: int
    name: str


@event("badge.revoked", title=_("收回勋章"), icon="award-off")
@dataclass(frozen=True, slots=True)
class BadgeRevoked(Event):
    """A badge was taken away again."""

    badge: int
    name: str


@event("penalty.given", title=_("受到处罚"), icon="gavel")
@dataclass(frozen=True, slots=True)
class PenaltyGiven(Event):
    """A member was warned, muted, had points taken, was removed or blacklisted; ``step`` says which."""

    penalty: int
    step: str
    points: int = 0
    until: str = ""


@event("penalty.appealed", title=_("申诉处罚"), icon="message-exclamation")
@dataclass(frozen=True, slots=True)
class PenaltyAppealed(Event):
    """A member asked for a penalty to be looked at again."""

    penalty: int
    step: str


@event("penalty.upheld", title=_("维持处罚"), icon="gavel")
@dataclass(frozen=True, slots=True)
class PenaltyUpheld(Event):
    """An appeal was refused."""

    penalty: int
    step: str


@event("penalty.lifted", title=pgettext_lazy("event", "撤销处罚"), icon="mood-check")
@dataclass(frozen=True, slots=True)
class PenaltyLifted(Event):
    """A penalty was taken back; points that it took are back too."""

    penalty: int
    step: str
    points: int = 0

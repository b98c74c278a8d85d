"""What an alert asks of a day: a threshold, or to be unlike the same weekday of the weeks before.

Not every metric can be asked everything. One that looks back beyond its day (members, monthly active people) hardly moves
from one day to the next, and a slow rise would be "unusual" for weeks: of these only a threshold makes sense. One that can
only grow while a day goes on may fire upwards before it is over.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from liuliang.analytics.base import SIGNED, Metric
from liuliang.kernel.errors import Refused

Kind = Literal["above", "below", "unusual"]
Direction = Literal["either", "up", "down"]
Sensitivity = Literal["rare", "usual", "keen"]

KINDS: Mapping[Kind, str | Promise] = {
    "below": _("低于一个数"),
    "above": _("高于一个数"),
    "unusual": _("和平常的这一天不一样"),
}

DIRECTIONS: Mapping[Direction, str | Promise] = {
    "down": _("变少才响"),
    "up": _("变多才响"),
    "either": _("变多变少都响"),
}

SENSITIVITIES: Mapping[Sensitivity, tuple[float, str | Promise]] = {
    "rare": (0.999, _("只报大事：平常的日子大约一千天误响一次")),
    "usual": (0.99, _("适中：平常的日子大约一百天误响一次")),
    "keen": (0.95, _("灵敏：平常的日子大约二十天误响一次")),
}
"""The confidence of the interval that a day must leave, and what that means to somebody who is woken by it."""

WEEKS = (4, 8, 12, 26)
"""From how many weeks a usual day may be told."""

FEWEST_WEEKS = 4
"""Weeks that must be known before a day is called unusual."""

FEWEST_PEOPLE = 10
"""Shares and medians of fewer people than this are not judged: one person would be ten per cent."""

LEVELS = frozenset({"members", "mau", "wau", "stickiness", "churn", "ltv", "cac", "roi"})
"""Metrics that look back beyond their day."""

GROWING = frozenset({"messages", "joined", "left", "invites", "active", "dau", "speakers", "orders", "buyers", "gmv"})
"""Metrics that cannot fall while a day goes on."""

LATER: Mapping[str, int] = {
    "retention_1": 1,
    "retention_7": 7,
    "retention_30": 30,
    "activation": 7,
    "k_factor": 30,
    "response_time": 1,
}
"""Whole days after a day until a metric knows all about it."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A threshold in the metric's own unit, or how unusual a day must be, in which direction, beside how many weeks."""

    kind: Kind
    threshold: float | None = None
    direction: Direction = "either"
    sensitivity: Sensitivity = "usual"
    weeks: int = 8

    @property
    def confidence(self) -> float:
        """Return the confidence of the interval that a day must leave."""
        return SENSITIVITIES[self.sensitivity][0]

    @property
    def history(self) -> int:
        """Return how many days before a day are needed to judge it."""
        return 7 * self.weeks if self.kind == "unusual" else 0

    @property
    def looks_up(self) -> bool:
        """Tell whether a day that is too high fires."""
        return self.kind == "above" or (self.kind == "unusual" and self.direction != "down")

    @property
    def written(self) -> dict[str, Any]:
        """Return it as JSON, without what does not matter to its kind."""
        told = asdict(self)
        kept = ("kind", "direction", "sensitivity", "weeks") if self.kind == "unusual" else ("kind", "threshold")
        return {key: told[key] for key in kept}


def read_condition(told: Mapping[str, Any]) -> Condition:
    """Return the condition that JSON holds; what it does not say is as usual."""
    kind, direction, sensitivity = told.get("kind"), told.get("direction"), told.get("sensitivity")
    return Condition(
        cast("Kind", kind if kind in KINDS else "unusual"),
        told.get("threshold"),
        cast("Direction", direction if direction in DIRECTIONS else "either"),
        cast("Sensitivity", sensitivity if sensitivity in SENSITIVITIES else "usual"),
        int(told.get("weeks") or 8),
    )


def may_be_unusual(metric: Metric) -> bool:
    """Tell whether a day of a metric stands by itself, so that it can be unlike others."""
    return metric.key not in LEVELS


def may_fire_early(metric: Metric, condition: Condition) -> bool:
    """Tell whether a day can fire before it is over, because what has been counted by then cannot be taken back."""
    return metric.key in GROWING and condition.looks_up


def check(condition: Condition, metric: Metric) -> None:
    """Refuse a condition that a metric cannot be asked.

    Raises:
        Refused: ``alert.weeks``, ``alert.level`` (unlike other days, of a metric that looks back), ``alert.threshold`` (no
            number), ``alert.never_below`` and ``alert.never_above`` (a threshold that nothing can pass).
    """
    if condition.kind == "unusual":
        if condition.weeks not in WEEKS:
            raise Refused("alert.weeks")
        if not may_be_unusual(metric):
            raise Refused("alert.level", metric=str(metric.definition.title))
        return
    threshold = condition.threshold
    if threshold is None or not math.isfinite(threshold) or abs(threshold) > 1e15:
        raise Refused("alert.threshold")
    if condition.kind == "below" and threshold <= 0 and metric.key not in SIGNED:
        raise Refused("alert.never_below", metric=str(metric.definition.title))
    if condition.kind == "above" and threshold >= 1 and metric.style == "percent" and metric.key != "roi":
        raise Refused("alert.never_above", metric=str(metric.definition.title))

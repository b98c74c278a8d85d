"""The number on a card: its unit, period, change with uncertainty, and picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from liuliang.ui import formats

Format = Literal["count", "money", "percent", "duration", "exact"]


@dataclass(frozen=True, slots=True)
class Change:
    """How a number compares with an earlier one.

    ``ratio`` 0.12 is 12% more; ``low`` and ``high`` are its 95% interval. A change whose interval holds zero, or that is not
    ``is_believed`` for another reason, stays grey; of what changes all the time the interval holds the ``usual`` change
    instead. ``good`` says which way is welcome, or that neither is. With ``in_points`` the difference is of two percentages
    and is written in percentage points.
    """

    ratio: float
    low: float | None = None
    high: float | None = None
    versus: str | Promise = ""
    good: Literal["up", "down", "neither"] = "up"
    in_points: bool = False
    usual: float = 0.0
    is_believed: bool = True

    @classmethod
    def between_counts(
        cls, now: int, before: int, *, versus: str | Promise = "", good: Literal["up", "down", "neither"] = "up"
    ) -> Change | None:
        """Compare two counts of independent happenings (Poisson); None when there was nothing before.

        The interval is that of the log ratio: its variance is 1/now + 1/before.
        """
        if before <= 0:
            return None
        ratio = now / before - 1
        if now <= 0:
            return cls(ratio, versus=versus, good=good)
        spread = 1.96 * math.sqrt(1 / now + 1 / before)
        centre = math.log(now / before)
        return cls(ratio, math.expm1(centre - spread), math.expm1(centre + spread), versus, good)

    @property
    def is_noise(self) -> bool:
        """Tell whether the change is not to be told from chance; without an interval only no change at all is noise."""
        if not self.is_believed:
            return True
        if self.low is None or self.high is None:
            return self.ratio == self.usual
        return self.low <= self.usual <= self.high

    @property
    def tone(self) -> str:
        """Name the colour: good or bad beyond noise, else none."""
        if self.is_noise:
            return "is-noise"
        if self.good == "neither":
            return ""
        return "good" if (self.ratio > self.usual) == (self.good == "up") else "bad"

    @property
    def icon_name(self) -> str:
        """Name the picture of the direction."""
        if self.is_noise:
            return "minus"  # icon
        return "trending-up" if self.ratio > 0 else "trending-down"  # icons

    @property
    def text(self) -> str:
        """Write the change with its sign."""
        return self._write(self.ratio)

    @property
    def ends(self) -> str:
        """Write the 95% interval, or nothing."""
        if self.low is None or self.high is None:
            return ""
        return f"{self._write(self.low)} ~ {self._write(self.high)}"

    @property
    def interval(self) -> str:
        """Write the 95% interval, or nothing; before it the usual change, where there is one."""
        if not self.usual or not self.ends:
            return self.ends
        return _("上一期 {usual}；{ends}").format(usual=self._write(self.usual), ends=self.ends)

    def _write(self, ratio: float) -> str:
        if self.in_points:
            return _("{points} 个百分点").format(points=f"{ratio * 100:+.1f}")
        # Beyond tenfold a percentage says nothing any more.
        if ratio >= 9:
            return f"×{ratio + 1:.0f}" if ratio < 99 else ">×100"
        return f"{ratio * 100:+.1f}%"


USUAL_INTERVAL = gettext_lazy("95% 区间")


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a board. Money is in minor units; ``definition`` answers "how is this counted".

    ``interval`` is the 95% interval of a share, in words; ``is_small`` marks that it is of very few,
    ``doubt`` says in a word why the number itself is not to be trusted.
    """

    title: str | Promise
    value: float | None
    format: Format = "count"
    unit: str | Promise = ""
    period: str | Promise = ""
    change: Change | None = None
    trend: Sequence[float | None] = ()
    definition: str | Promise = ""
    href: str = ""
    currency: str = "CNY"
    interval: str = ""
    interval_title: str | Promise = USUAL_INTERVAL
    is_small: bool = False
    doubt: str = ""

    @property
    def text(self) -> str:
        """Write the number as the card shows it."""
        return show(self.value, self.format, self.currency)

    @property
    def exact_text(self) -> str:
        """Write the number with every digit."""
        return show(self.value, self.format, self.currency, exact=True)


def show(value: float | None, style: Format, currency: str = "CNY", *, exact: bool = False) -> str:
    """Write a value by the name of its format; a missing one is a dash."""
    if value is None:
        return "–"
    if style == "percent":
        return formats.percent(value)
    if style == "duration":
        return formats.duration(value)
    if style == "money":
        return formats.money(int(value), currency) if exact else formats.money_short(int(value), currency)
    return formats.exact(value) if exact or style == "exact" else formats.count(value)

"""What the lists go by: from when on a product is due, and from when on a buyer is lost."""

from __future__ import annotations

from dataclasses import dataclass

from liuliang.kernel.errors import Refused

LONGEST = 3_650
"""The longest time there is sense in, in days."""

HIGHEST = 10**12
"""The largest amount, in minor units."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The thresholds of the lists.

    A product is due when ``early`` to ``late`` percent of its cycle have passed since it was last bought, and overdue from
    then to ``until`` percent; later the buyer has gone elsewhere. A buyer is recently lost from ``lost_days`` days without
    an order on and lost for long from ``long_days``. ``high_amount`` (CNY minor units) is what a lost buyer must have paid
    in all to be of high value; None takes what the best fifth of all buyers paid.
    """

    early: int = 80
    late: int = 125
    until: int = 300
    lost_days: int = 60
    long_days: int = 120
    high_amount: int | None = None

    def check(self) -> None:
        """Refuse rules that contradict themselves.

        Raises:
            Refused: ``winback.percent``, ``winback.days`` or ``winback.amount``.
        """
        if not 1 <= self.early < self.late < self.until <= 10_000:
            raise Refused("winback.percent")
        if not 1 <= self.lost_days < self.long_days <= LONGEST:
            raise Refused("winback.days")
        if self.high_amount is not None and not 1 <= self.high_amount <= HIGHEST:
            raise Refused("winback.amount")

    def due(self, cycle: int) -> tuple[int, int]:
        """Return the first and the last day since the purchase on which a product of this cycle is due."""
        return cycle * self.early // 100, max(1, cycle * self.late // 100)

    def overdue(self, cycle: int) -> tuple[int, int]:
        """Return the first and the last day since the purchase on which a product of this cycle is overdue."""
        first = self.due(cycle)[1] + 1
        return first, max(first, cycle * self.until // 100)

"""How long a product lasts, learned from how long its buyers really took to buy it again.

Every buyer has one vote: the median of the days between their own purchases of it, so that a few who buy all the time do
not speak for the rest. The cycle is the median of the votes. Who never bought again has no vote, so a cycle says how long it
takes those who come back, not how many do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

THIN = 30
"""Buyers who bought again that a cycle must rest on; with fewer, the 95% interval is wider than a third of most cycles."""


@dataclass(frozen=True, slots=True)
class Learned:
    """A cycle in days with the 95% interval of the median, and how many buyers it rests on."""

    days: int
    low: int
    high: int
    basis: int


def learn(votes: Mapping[int, int]) -> Learned | None:
    """Return the cycle that buyers' typical days (day to number of buyers) tell; None where they are too few.

    The interval is that of the order statistics (Conover, Practical Nonparametric Statistics, 3.2).
    """
    basis = sum(votes.values())
    if basis < THIN:
        return None
    spread = 1.959964 * math.sqrt(basis) / 2
    low = max(1, math.floor(basis / 2 - spread))
    high = min(basis, math.ceil(basis / 2 + spread) + 1)
    return Learned(_place(votes, (basis + 1) // 2), _place(votes, low), _place(votes, high), basis)


def _place(votes: Mapping[int, int], place: int) -> int:
    """Return the value at a place (from 1) of all votes in order."""
    for days in sorted(votes):
        place -= votes[days]
        if place <= 0:
            return days
    raise ValueError("there are fewer votes")

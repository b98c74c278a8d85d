"""Which groups a changed share or mean comes from: because theirs changed, or because more of all are in a group with another one.

The whole is the mean of the groups' values, each weighted by its size (of how many it is). Its change is the sum over the
groups of mean weight times own change (within), and change of weight times how far the group's mean value lies from that
of all (mix); nothing is left over (Kitagawa 1955, Components of a difference between two rates). Of a median, and of people
who are in several groups, the groups do not make the whole exactly, and what is said of them is about so much.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contribution:
    """A group behind a changed share or mean: its values and sizes before and now, and what it adds to the change of the whole."""

    id: int
    before: float | None
    now: float | None
    size_before: int
    size_now: int
    within: float
    mix: float

    @property
    def difference(self) -> float:
        """Return what the group adds to the change of the whole."""
        return self.within + self.mix


Values = Mapping[int, tuple[float, int]]
"""A group's value, and of how many it is."""


def contributions(before: Values, now: Values) -> Sequence[Contribution]:
    """Return what each group adds to the change of the whole; nothing where one of the periods has no group of any size."""
    all_before, all_now = (sum(size for _value, size in values.values()) for values in (before, now))
    if not all_before or not all_now:
        return ()
    whole = [
        math.fsum(value * size for value, size in values.values()) / size_of_all
        for values, size_of_all in ((before, all_before), (now, all_now))
    ]
    found: list[Contribution] = []
    for key in sorted(before.keys() | now.keys()):
        value_before, size_before = before.get(key, (None, 0))
        value_now, size_now = now.get(key, (None, 0))
        # A group that is new or gone has not changed in itself; all it does is to be there.
        first = value_before if value_before is not None else value_now
        last = value_now if value_now is not None else value_before
        if first is None or last is None:
            continue
        weight_before, weight_now = size_before / all_before, size_now / all_now
        within = (weight_before + weight_now) / 2 * (last - first)
        mix = (weight_now - weight_before) * ((first + last) / 2 - (whole[0] + whole[1]) / 2)
        found.append(Contribution(key, value_before, value_now, size_before, size_now, within, mix))
    return found

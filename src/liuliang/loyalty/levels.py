"""Levels as pure functions: which one growth reaches, and which one a period keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from liuliang.kernel.errors import Refused
from liuliang.loyalty.validity import add_months

MONTHS = 3
"""Months after which a level is looked at again."""


@dataclass(frozen=True, slots=True)
class Rung:
    """A level: ``threshold`` of growth reaches it, ``keep`` of growth earned in a period keeps it."""

    key: str
    threshold: int
    keep: int = 0


@dataclass(frozen=True, slots=True)
class Move:
    """A step between levels, with what the member had and what the level asked for."""

    before: str
    after: str
    growth: int
    needed: int


HIGHEST = 10**9
"""Growth that a level may ask for: more is a slip of the keys."""


def check_ladder(ladder: Sequence[Rung]) -> None:
    """Refuse a ladder that makes no sense.

    Raises:
        Refused: ``level.thresholds`` unless they grow from the first level on; ``level.highest`` beyond `HIGHEST`; ``level.keep`` when a higher level is kept
            by less than a lower one; ``level.key`` when one name stands twice.
    """
    if any(upper.threshold <= lower.threshold for lower, upper in pairwise(ladder)):
        raise Refused("level.thresholds")
    if any(rung.threshold < 0 for rung in ladder):
        raise Refused("level.thresholds")
    if any(max(rung.threshold, rung.keep) > HIGHEST for rung in ladder):
        raise Refused("level.highest", most=HIGHEST)
    if any(upper.keep < lower.keep for lower, upper in pairwise(ladder)):
        raise Refused("level.keep")
    if any(rung.keep < 0 for rung in ladder):
        raise Refused("level.keep")
    if len({rung.key for rung in ladder}) != len(ladder):
        raise Refused("level.key")


def reached(ladder: Sequence[Rung], growth: int) -> Rung | None:
    """Return the highest level that this much growth reaches; None below the first."""
    found = [rung for rung in ladder if rung.threshold <= growth]
    return found[-1] if found else None


def promotion(ladder: Sequence[Rung], current: str, growth: int) -> Move | None:
    """Return the step up that growth allows now, over several levels where it reaches so far; None for none."""
    best = reached(ladder, growth)
    if best is None or _place(ladder, best.key) <= _place(ladder, current):
        return None
    return Move(current, best.key, growth, best.threshold)


def relegation(ladder: Sequence[Rung], current: str, earned: int) -> Move | None:
    """Return the step down after a period in which ``earned`` of growth was earned; None when the level is kept.

    One step at a time: a person who pauses for a season finds themselves a level lower, not at the bottom. The first
    level is never lost.
    """
    place = _place(ladder, current)
    if place < 1 or earned >= ladder[place].keep:
        return None
    return Move(current, ladder[place - 1].key, earned, ladder[place].keep)


def next_review(day: date) -> date:
    """Return the day on which a level that was reached or kept on ``day`` is looked at again."""
    return add_months(day, MONTHS)


def _place(ladder: Sequence[Rung], key: str) -> int:
    """Return the place of a level; -1 for none, or for one that the ladder no longer has."""
    return next((place for place, rung in enumerate(ladder) if rung.key == key), -1)

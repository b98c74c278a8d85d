"""Finding candidates: who reaches every minimum of a kind, those furthest beyond it first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from liuliang.analytics.remembering import remembered
from liuliang.cultivation.kinds import KINDS, Kind, Minimums
from liuliang.cultivation.models import Criteria, PassedOver
from liuliang.people.models import Member
from liuliang.people.queries import leading, tagged
from liuliang.segments.features import Features, read_features

BEYOND = 3.0
"""How many times a minimum counts at the most: who excels in one thing alone does not lead the list."""


SHOWN = 500
"""People of whom the evidence is told, those who go furthest beyond."""


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody who reaches every minimum: what they reached, and how far beyond on average (1 is exactly)."""

    member: int
    evidence: dict[str, int]
    score: float


@dataclass(frozen=True)
class Search:
    """Everybody who reaches every minimum, the furthest beyond first, and the evidence of the first `SHOWN`."""

    members: NDArray[np.int64]
    best: tuple[Found, ...]

    def __len__(self) -> int:
        return len(self.members)


def minimums_of(kind: Kind) -> dict[str, int]:
    """Return the minimums in force: those that were set, for measures that still exist, else the ready-made ones."""
    row = Criteria.objects.filter(pk=kind.key).first()
    set_ones: dict[str, int] = row.minimums if row else {}
    return {key: int(set_ones.get(key, usual)) for key, usual in kind.minimums.items()}


def passed_over() -> frozenset[int]:
    """Return the tags whose holders are candidates of no kind."""
    return frozenset(PassedOver.objects.values_list("tag", flat=True))


def colleagues(at: datetime) -> frozenset[int]:
    """Return who runs a community or has a tag that is passed over: not who is found, but who finds."""
    return frozenset(leading()).union(Member.objects.filter(tagged(passed_over(), at)).values_list("pk", flat=True))


def find(
    kind: Kind,
    minimums: Minimums,
    *,
    at: datetime,
    among: Iterable[int] | None = None,
    without: frozenset[int] | None = None,
) -> Search:
    """Return everybody, or those of some members, who reaches every minimum.

    Who left all communities is passed over, who is owner or admin of one, and who has one of the tags ``without`` (None: those of
    `passed_over`). What was found of everybody is remembered as long as the lake has not changed, to the hour.
    """
    asked = tuple(minimums.items())
    tags = tuple(sorted(passed_over() if without is None else without))
    if among is None:
        return _of_everybody(kind.key, asked, tags, at.replace(minute=0, second=0, microsecond=0))
    return _search(kind, asked, read_features(at, BitMap(among)), tags, at)


@remembered
def _of_everybody(kind: str, asked: tuple[tuple[str, int], ...], tags: tuple[int, ...], at: datetime) -> Search:
    return _search(KINDS[kind], asked, read_features(at), tags, at)


def _search(
    kind: Kind, asked: tuple[tuple[str, int], ...], people: Features, tags: tuple[int, ...], at: datetime
) -> Search:
    reached, score = weigh(people, dict(asked))
    # Who runs a group is cultivated already, and works here as a rule.
    reached &= ~np.isin(people.member, leading())
    if tags:
        reached &= ~np.isin(people.member, list(Member.objects.filter(tagged(tags, at)).values_list("pk", flat=True)))
    places = np.flatnonzero(reached)
    places = places[np.lexsort((people.member[places], -score[places]))]
    columns = {key: getattr(people, key) for key in kind.minimums}
    best = tuple(
        Found(
            int(people.member[place]),
            {key: int(column[place]) for key, column in columns.items()},
            round(float(score[place]), 2),
        )
        for place in places[:SHOWN]
    )
    return Search(people.member[places], best)


def weigh(people: Features, minimums: Minimums) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return who reaches every minimum, and how far beyond each is on average, each counted up to `BEYOND` times."""
    asked = {key: minimum for key, minimum in minimums.items() if minimum > 0}
    reached = people.is_gone == 0
    score = np.zeros(len(people))
    for key, minimum in asked.items():
        column = getattr(people, key)
        # Of somebody never seen, the days known are a number beyond all days.
        known = np.where(column >= 100_000, 0, column) if key == "known_days" else column
        reached &= known >= minimum
        score += np.minimum(known / minimum, BEYOND) / len(asked)
    return reached, score

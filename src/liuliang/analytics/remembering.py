"""Answers that are kept as long as what they tell of has not changed, and a little longer where they cost much.

While data streams in, the lake changes every few seconds. An answer that took long may then be as old as twenty times
what it cost, at most a minute: a figure of ten milliseconds is never older than a fifth of a second, one of two seconds
never older than forty, and looking at boards takes no more than a twentieth of a processor.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.core.cache import cache

from liuliang.commerce.projections import BuyerProjection
from liuliang.kernel import readers
from liuliang.lake import queries
from liuliang.people.projections import MembershipProjection

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE = 20.0
"""An answer may be this many times as old as it took to compute, while the lake has changed since."""

LONGEST_PATIENCE = 60.0
"""Seconds after which an answer that the lake has outrun is never given any more."""

KEPT = 3600
"""Seconds for which an answer is kept at all."""


@dataclass(frozen=True, slots=True)
class _Kept:
    fingerprint: str
    at: float
    cost: float
    answer: Any

    def serves(self, fingerprint: str) -> bool:
        if self.fingerprint == fingerprint:
            return True
        return time.monotonic() - self.at <= min(self.cost * PATIENCE, LONGEST_PATIENCE)


def remembered(compute: Callable[P, T]) -> Callable[P, T]:
    """Remember the answers of ``compute``, a function of the lake alone, by its (hashable, repr-stable) arguments."""
    return _remembering(compute, queries.fingerprint)


def remembered_of_records(compute: Callable[P, T]) -> Callable[P, T]:
    """Remember the answers of ``compute``, a function of members, memberships, orders and buyers, in the same way.

    Whatever changes them is an event: so they change with the lake, and once more when the projections have followed.
    """
    return _remembering(compute, _of_records)


def _of_records() -> str:
    marks = readers.standing()
    return f"{queries.fingerprint()} {[marks.get(each.name) for each in (MembershipProjection, BuyerProjection)]}"


def _remembering(compute: Callable[P, T], told_apart: Callable[[], str]) -> Callable[P, T]:
    @wraps(compute)
    def answer(*args: P.args, **kwargs: P.kwargs) -> T:
        key = _key(compute, args, kwargs)
        fingerprint = told_apart()
        kept: _Kept | None = cache.get(key)
        if kept is not None and kept.serves(fingerprint):
            known: T = kept.answer
            return known
        started = time.monotonic()
        fresh = compute(*args, **kwargs)
        cache.set(key, _Kept(fingerprint, started, time.monotonic() - started, fresh), KEPT)
        return fresh

    return answer


def _key(compute: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    said = repr((compute.__module__, compute.__qualname__, args, sorted(kwargs.items())))
    return "analytics:" + hashlib.sha256(said.encode()).hexdigest()

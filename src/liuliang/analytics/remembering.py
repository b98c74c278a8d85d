"""Answers that are kept as long as what they tell of has not changed, and a little longer where they cost much.

While data streams in, the lake changes every few seconds. An answer that took long may then be as old as twenty times
what it cost, at most a minute: a figure of ten milliseconds is never older than a fifth of a second, one of two seconds
never older than forty, and looking at boards takes no more than a twentieth of a processor.
"""

from __future__ import annotations

import functools
import hashlib
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, ParamSpec, TypeVar

from django.core.cache import cache

from liuliang.commerce.projections import BuyerProjection
from liuliang.kernel import readers
from liuliang.lake import engine, queries
from liuliang.lake.tables import Table
from liuliang.people.projections import MembershipProjection

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE = 20.0
"""An answer may be this many times as old as it took to compute, while the lake has changed since."""

LONGEST_PATIENCE = 60.0
"""Seconds after which an answer that the lake has outrun is never given any more."""

KEPT = 3600
"""Seconds for which an answer is kept at all."""

_is_part: ContextVar[bool] = ContextVar("is_part", default=False)
"""Whether this is asked while another answer is computed."""


@dataclass(frozen=True, slots=True)
class _Kept:
    fingerprint: str
    at: float
    cost: float
    answer: Any

    def serves(self, fingerprint: str) -> bool:
        if self.fingerprint == fingerprint:
            return True
        if _is_part.get():
            # The whole is kept as fresh, which it is not with a stale part.
            return False
        return time.monotonic() - self.at <= min(self.cost * PATIENCE, LONGEST_PATIENCE)


class Remembered(Generic[P, T]):
    """A function of the lake alone whose answers are kept by its (hashable, repr-stable) arguments.

    ``compute`` is the function itself, which neither looks for a kept answer nor keeps one.
    """

    def __init__(self, compute: Callable[P, T], told_apart: Callable[P, str]) -> None:
        self.compute = compute
        self._told_apart = told_apart
        functools.update_wrapper(self, compute)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Return the answer."""
        asked = self._asked(*args, **kwargs)
        return asked.known.answer if asked.known else asked.keep(_timed(self.compute, *args, **kwargs))

    def begin(self, *args: P.args, **kwargs: P.kwargs) -> Callable[[], T]:
        """Begin with the answer beside what this thread does meanwhile, and return what waits for it.

        For several answers of one page: the engine leaves a good part of the processors idle over one.
        """
        with queries.in_one_state():
            asked = self._asked(*args, **kwargs)
            if asked.known:
                known: T = asked.known.answer
                return lambda: known

            def work() -> tuple[float, T]:
                with engine.one_of_several():
                    return _timed(self.compute, *args, **kwargs)

            coming = queries.beside(work)
        return lambda: asked.keep(coming())

    def _asked(self, *args: P.args, **kwargs: P.kwargs) -> _Asked:
        key, at = _key(self.compute, args, kwargs), time.monotonic()
        fingerprint = self._told_apart(*args, **kwargs)
        kept: _Kept | None = cache.get(key)
        return _Asked(key, at, fingerprint, kept if kept is not None and kept.serves(fingerprint) else None)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was asked, when, and the answer that still serves."""

    key: str
    at: float
    fingerprint: str
    known: _Kept | None

    def keep(self, told: tuple[float, T]) -> T:
        """Keep a fresh answer and return it. It is as old as the question: it may have waited for its turn."""
        cost, fresh = told
        cache.set(self.key, _Kept(self.fingerprint, self.at, cost, fresh), KEPT)
        return fresh


def remembered(compute: Callable[P, T]) -> Remembered[P, T]:
    """Remember the answers of ``compute``, a function of the lake alone, by its (hashable, repr-stable) arguments."""

    def told_apart(*_args: P.args, **_kwargs: P.kwargs) -> str:
        return queries.fingerprint()

    return Remembered(compute, told_apart)


def remembered_within(
    table: Table, span: Callable[..., tuple[datetime, datetime]]
) -> Callable[[Callable[P, T]], Remembered[P, T]]:
    """Remember the answers of a function of one table of the lake, and of no more of it than lies in ``span`` of its arguments.

    What happens today does not change what is known of the days before, so an answer about those stays while the log grows.
    ``span`` returns the first instant and the first one after, such as `liuliang.analytics.scopes.instants_of` for events and
    `liuliang.analytics.scopes.days_of` for rows of ``member_day``.
    """

    def remember(compute: Callable[P, T]) -> Remembered[P, T]:
        def told_apart(*args: P.args, **kwargs: P.kwargs) -> str:
            return queries.fingerprint_within(table, *span(*args, **kwargs))

        return Remembered(compute, told_apart)

    return remember


def remembered_of_records(compute: Callable[P, T]) -> Callable[P, T]:
    """Remember the answers of ``compute``, a function of members, memberships, orders and buyers, in the same way.

    Whatever changes them is an event: so they change with the lake, and once more when the projections have followed.
    """

    def told_apart(*_args: P.args, **_kwargs: P.kwargs) -> str:
        marks = readers.standing()
        return f"{queries.fingerprint()} {[marks.get(each.name) for each in (MembershipProjection, BuyerProjection)]}"

    return Remembered(compute, told_apart)


def _timed(compute: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> tuple[float, T]:
    started = time.monotonic()
    token = _is_part.set(True)
    try:
        fresh = compute(*args, **kwargs)
    finally:
        _is_part.reset(token)
    return time.monotonic() - started, fresh


def _key(compute: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    said = repr((compute.__module__, compute.__qualname__, args, sorted(kwargs.items())))
    return "analytics:" + hashlib.sha256(said.encode()).hexdigest()

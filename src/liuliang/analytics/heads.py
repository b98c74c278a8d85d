"""How many people are in each part at the end of every bucket, whoever is in several of its communities once.

Known is who is there now, and who came and went since. Both are numbers in arrays, of a million memberships as well, and what
happened since the end of a bucket is undone, the latest first: before a coming somebody was not there, before a going they were.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from liuliang.analytics.base import Asked, Statement
from liuliang.analytics.joining import local_day_of
from liuliang.analytics.levels import FLOW_KINDS, last_day_of_moves, parts_of
from liuliang.analytics.periods import ONE_DAY, Period
from liuliang.analytics.presence import pairs_statement
from liuliang.analytics.remembering import remembered_of_records
from liuliang.lake.queries import query_numbers
from liuliang.segments.tables import read_columns

Numbers = NDArray[np.int64]

_EPOCH = date(1970, 1, 1)

_SHIFT = 32
"""Where the first of two ids lies in one number that means both."""


@remembered_of_records
def heads(asked: Asked) -> Mapping[tuple[str, date], int]:
    """Return how many people were in each part at the end of every bucket."""
    return dict(sorted({(end.part, end.start): end.people for end in ends(asked)}.items()))


@dataclass(frozen=True, slots=True)
class End:
    """A part at the end of a bucket: how many people are there. Ask it before the next is taken: what it knows changes."""

    part: str
    start: date
    people: int
    _where: _Where
    _place: int

    def among(self, members: Collection[int]) -> int:
        """Return how many of these people are there."""
        return self._where.among(self._place, members)


def ends(asked: Asked) -> Iterator[End]:
    """Go through the buckets, the latest first, with every part that somebody was in then or later."""
    parts = parts_of(asked)
    names = sorted(set(parts.values()))
    places = np.zeros(max(parts, default=0) + 1, np.int64)
    for community, name in parts.items():
        places[community] = names.index(name)
    told = np.fromiter(parts, np.int64, len(parts))
    day, community, member, is_left = _of(told, _moves(asked), at=1)
    where = _Where(_keyed(*_of(told, _present(asked), at=0)), _keyed(community, member), places)
    done = 0
    for bucket in reversed(asked.buckets):
        upto = int(np.searchsorted(-day, -(bucket.last - _EPOCH).days, side="left"))
        where.undo(slice(done, upto), is_left)
        done = upto
        for place in np.flatnonzero(where.is_known).tolist():
            yield End(names[place], bucket.first, int(where.people[place]), where, place)


def head_statements(asked: Asked) -> tuple[Statement, ...]:
    """Return the queries behind `heads`: who is present now, and who came and went since the first bucket's end."""
    sql, values = pairs_statement(asked.scope)
    return Statement(sql, values, "records"), _move_statement(asked)


class _Where:
    """Who is in which community, and how many people of each part that makes."""

    def __init__(self, present: Numbers, moved: Numbers, places: Numbers) -> None:
        self._pairs, of = np.unique(np.concatenate((present, moved)), return_inverse=True)
        self._moved = of[len(present) :]
        self._is_there = np.zeros(len(self._pairs), bool)
        self._is_there[of[: len(present)]] = True
        place = places[self._pairs >> _SHIFT]
        persons = _keyed(place, self._pairs & ((1 << _SHIFT) - 1))
        self._persons, self._person = np.unique(persons, return_inverse=True)
        self._times = np.bincount(self._person[self._is_there], minlength=len(self._persons))
        self._place = self._persons >> _SHIFT
        count = int(places.max()) + 1
        self.people = np.bincount(self._place[self._times > 0], minlength=count)
        self.is_known = self.people > 0

    def undo(self, moves: slice, is_left: Numbers) -> None:
        """Take some moves back, which are in order with the latest first; of somebody's several the earliest tells."""
        latest_last = self._moved[moves][::-1]
        pairs, first = np.unique(latest_last, return_index=True)
        was_there = is_left[moves][::-1][first] == 1
        self.is_known[self._place[self._person[pairs]]] = True
        changed = self._is_there[pairs] != was_there
        pairs, was_there = pairs[changed], was_there[changed]
        self._is_there[pairs] = was_there
        persons = np.unique(self._person[pairs])
        before = self._times[persons] > 0
        np.add.at(self._times, self._person[pairs], np.where(was_there, 1, -1))
        after = self._times[persons] > 0
        np.add.at(self.people, self._place[persons], after.astype(np.int64) - before)

    def among(self, place: int, members: Collection[int]) -> int:
        """Return how many of some people are in a part."""
        there = self._persons[self._times > 0]
        return int(np.isin(_keyed(np.int64(place), np.array(sorted(members), np.int64)), there).sum())


def _keyed(first: Numbers | np.int64, second: Numbers) -> Numbers:
    return (first << _SHIFT) | second


def _of(communities: Numbers, columns: Numbers, *, at: int) -> Numbers:
    """Keep what is of these communities: one may have been made since it was asked about all there are."""
    return columns[:, np.isin(columns[at], communities)]


def _present(asked: Asked) -> Numbers:
    """Return community and member of everybody who is there now."""
    sql, values = pairs_statement(asked.scope)
    return np.array(read_columns(sql, values, columns=2), np.int64)


def _moves(asked: Asked) -> Numbers:
    """Return day (since 1970), community, member and whether they left of every move, the latest first."""
    sql, values = _select(
        asked, "toInt64({day}) AS day, toInt64(community), toInt64(member), toInt64({left}) AS is_left"
    )
    return query_numbers(sql, values, columns=4)


def _move_statement(asked: Asked) -> Statement:
    return Statement(*_select(asked, "{day} AS day, community, member, {left} AS is_left"))


def _select(asked: Asked, columns: str) -> tuple[str, dict[str, Any]]:
    after, scope = asked.buckets[0].last + ONE_DAY, asked.scope
    among, values = scope.during(Period(after, max(after, last_day_of_moves(asked))))
    told = columns.format(day=local_day_of(scope, "occurred_at"), left="kind = 'member.left'")
    select = (
        f"SELECT {told} FROM {{events}} WHERE kind IN {{flows:Array(String)}} AND {among}"
        " ORDER BY day DESC, occurred_at DESC, is_left DESC"
    )
    return select, {**values, "flows": list(FLOW_KINDS)}

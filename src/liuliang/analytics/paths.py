"""What people do after something, or before it: the commonest sequences of different events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from django.utils.translation import gettext_lazy as _

from liuliang.analytics.acts import told_kinds
from liuliang.analytics.base import Asked, Statement
from liuliang.analytics.definitions import Definition
from liuliang.analytics.happenings import Happening, happened, matching
from liuliang.analytics.periods import Period
from liuliang.analytics.remembering import remembered
from liuliang.kernel.errors import Refused
from liuliang.lake.queries import query

Direction = Literal["after", "before"]

DEPTH = 5
"""Steps followed from the event at the most."""

WIDEST = 6
"""Different events shown at each step; the others are one."""

OTHER = "other"
END = "end"
"""Where a path ends because nothing more happened in the window."""

LONGEST_WINDOW = timedelta(days=92)

PATHS = Definition(
    "paths",
    _("路径"),
    _(
        "每个人只取期内第一次（往前看时取最后一次）做这件事，从那里起看窗口以内接着（往前）发生的事，最多五步。连着发生的同一种事算一步；"
        "每一步只单列人数最多的几种，其余合成“其他”；“到此为止”是窗口内再没有别的事。同一时刻的事按记录的先后。机器人不算。"
    ),
    _("人"),
)


@dataclass(frozen=True, slots=True)
class Question:
    """Paths from (or to) what; ``kinds`` are what may be seen on them."""

    asked: Asked
    origin: Happening
    window: timedelta
    direction: Direction = "after"
    kinds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be counted.

        Raises:
            Refused: ``paths.window``.
        """
        if not timedelta(0) < self.window <= LONGEST_WINDOW:
            raise Refused("paths.window", days=LONGEST_WINDOW.days)


@dataclass(frozen=True, slots=True)
class Node:
    """A kind of event at a step (0 is where all begin): how many people it happened to."""

    step: int
    kind: str
    people: int


@dataclass(frozen=True, slots=True)
class Link:
    """How many people went from one kind at ``step`` to another at the next."""

    step: int
    source: str
    target: str
    people: int


@dataclass(frozen=True, slots=True)
class Paths:
    """All of it: nodes and links for the picture, and the commonest whole sequences."""

    people: int
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    commonest: tuple[tuple[tuple[str, ...], int], ...]


@remembered
def paths(question: Question) -> Paths:
    """Return the paths from the event, or to it."""
    statement = statement_of(question)
    rows = query(statement.sql, statement.values).rows
    return told([(tuple(steps), int(people)) for steps, people in rows], question.origin.kind)


def told(sequences: Sequence[tuple[tuple[str, ...], int]], origin: str) -> Paths:
    """Turn sequences (without the origin) and their people into nodes and links; rare kinds of a step become one."""
    shown: list[set[str]] = []
    for step in range(DEPTH):
        counted: Counter[str] = Counter()
        for steps, people in sequences:
            if step < len(steps):
                counted[steps[step]] += people
        ranked = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
        shown.append({kind for kind, _people in ranked[:WIDEST]})
    nodes: Counter[tuple[int, str]] = Counter()
    links: Counter[tuple[int, str, str]] = Counter()
    total = 0
    for steps, people in sequences:
        total += people
        path = [origin, *(kind if kind in shown[place] else OTHER for place, kind in enumerate(steps))]
        if len(steps) < DEPTH:
            path.append(END)
        for place, kind in enumerate(path):
            nodes[place, kind] += people
            if place:
                links[place - 1, path[place - 1], kind] += people
    return Paths(
        total,
        tuple(Node(step, kind, people) for (step, kind), people in sorted(nodes.items(), key=_first_by_people)),
        tuple(Link(*key, people) for key, people in sorted(links.items(), key=_first_by_people)),
        tuple((steps, people) for steps, people in sequences[:10]),
    )


def _first_by_people(item: tuple[tuple[Any, ...], int]) -> tuple[Any, ...]:
    return item[0][0], -item[1], item[0][1:]


def members_on(question: Question, step: int, kind: str) -> tuple[int, ...]:
    """Return whose path has ``kind`` at ``step`` (from 1); `END` is those whose path ended there."""
    if not 1 <= step <= DEPTH:
        return ()
    relation, values = _sequences(question)
    condition = f"length(steps) = {step - 1}" if kind == END else f"steps[{step}] = {{wanted:String}}"
    rows = query(f"SELECT member FROM {relation} WHERE {condition} ORDER BY member", {**values, "wanted": kind}).rows
    return tuple(int(row[0]) for row in rows)


def statement_of(question: Question) -> Statement:
    """Return the SQL of everybody's path."""
    relation, values = _sequences(question)
    return Statement(
        f"SELECT steps, count() AS people FROM {relation} GROUP BY steps ORDER BY people DESC, steps LIMIT 20000",
        values,
    )


def _sequences(question: Question) -> tuple[str, dict[str, Any]]:
    """Return the relation of everybody's path: member, and the kinds after (before) the event, at most `DEPTH`."""
    asked, is_after = question.asked, question.direction == "after"
    kinds = question.kinds or tuple(kind.kind for kind in told_kinds())
    reach = timedelta(days=question.window.days + 1)
    first, last = asked.period.first, asked.period.last
    whole = Period(first, last + reach) if is_after else Period(first - reach, last)
    events, values = happened(
        asked.scope, sorted({*kinds, question.origin.kind}), whole, by_community=False, name="all"
    )
    origins, more = happened(asked.scope, [question.origin.kind], asked.period, by_community=False, name="origin")
    fits, most = matching(question.origin, "start")
    values |= more | most
    window = int(question.window.total_seconds() * 1000)
    pick = "min" if is_after else "max"
    place = "(occurred_at, position)"
    starts = f"SELECT member, {pick}({place}) AS origin FROM {origins} WHERE {fits} GROUP BY member"
    beyond = ">" if is_after else "<"
    near = f"abs(dateDiff('millisecond', origin.1, occurred_at)) <= {window}"
    sort = "arraySort" if is_after else "arrayReverseSort"
    seen = (
        f"SELECT member, {sort}(groupArray((occurred_at, position, kind))) AS acts FROM {events} AS done"
        f" INNER JOIN ({starts}) AS starts USING (member) WHERE {place} {beyond} origin AND {near} GROUP BY member"
    )
    # Of a run of one kind the first is kept, and a run of the origin's own kind at the beginning is part of the origin.
    values["origin_kind"] = question.origin.kind
    different = (
        f"arraySlice(arrayMap(pair -> pair.1, arrayFilter(pair -> pair.1 != pair.2, arrayZip(names, arrayPushFront("
        f"arrayPopBack(names), {{origin_kind:String}})))), 1, {DEPTH})"
    )
    return (
        f"(SELECT member, if(empty(names), names, {different}) AS steps FROM (SELECT member,"
        f" arrayMap(step -> step.3, acts) AS names FROM ({starts}) AS everybody"
        f" LEFT JOIN ({seen}) AS later USING (member)))"
    ), values

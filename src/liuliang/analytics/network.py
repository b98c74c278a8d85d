"""The social graph of a community: its core, its bridges, those outside, and what would go with one person.

The definitions are ones that can be said in a sentence and checked by hand; the walks over the graph are rustworkx's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
import rustworkx
from django.db import connection
from django.utils.translation import gettext_lazy as _
from numpy.typing import NDArray

from liuliang.analytics.definitions import Definition
from liuliang.analytics.periods import Period
from liuliang.analytics.presence import one_community
from liuliang.analytics.remembering import remembered
from liuliang.analytics.scopes import Scope
from liuliang.analytics.ties import Numbers, Ties, count_ties, read_talk

MOST_PEOPLE = 3_000
"""People whose ties are walked, those with the strongest; the others only count."""

MOST_TIES = 30_000
"""Ties that are walked, the strongest."""

DRAWN_PEOPLE = 120
DRAWN_TIES = 360

BRIDGE = 0.05
"""The share of shortest ways between others that makes somebody a bridge."""

CUT_OFF = 2
"""How many others must lose everybody else to make somebody a bridge."""

FEWEST_TIES = 20
"""Pairs that talk with each other, below which nothing is said of who holds them together."""

FRAGILE_TIES, FRAGILE_ANSWERS, FRAGILE_PEOPLE = 0.25, 0.4, 0.1
"""Shares of ties, of answers or of people that may not hang on one person."""

CANDIDATES = 12
"""People of whom it is worked out what would go with them: the strongest and the most passed through."""

Role = Literal["core", "bridge", "linked", "unheard", "silent"]
ROLES: tuple[Role, ...] = ("core", "bridge", "linked", "unheard", "silent")

GRAPH = Definition(
    "graph",
    _("关系"),
    _(
        "期内两个人之间：一次回复或引用记 3 分，一次 @ 记 2 分，3 分钟之内接着别人说一句记 1 分（已经是回复的不再记），满 3 分算有往来，分数就是往来的多少。"
        "核心：按往来从多到少数，合起来占到一半的那几个人。桥：没有他就有至少两个人和大多数人断开，或者别人之间最短的路有 5% 以上经过他。"
        "说了没人接：期内说过话，和谁都不满 3 分。没说过话：现在在群，期内一句没说。撤回的消息和机器人不算；最多看最近 100 万条消息，"
        "走图时最多取往来最多的 3,000 人和 30,000 对。"
    ),
)
WITHOUT = Definition(
    "without",
    _("没有谁会怎样"),
    _(
        "假定这个人不再说话：往来减少，是他一头的往来占全部的比例；没人回答，是期内有人回答的提问里由他第一个回答的比例（规则同“问题多久有人回应”）；"
        "断开，是原来和大多数人连着、没有他就连不上的人数，不算他自己。往来超过 25%、回答超过 40% 或断开超过 10% 的人，就是一走群就散的人。有往来的不到 20 对的群说不准，不下结论。"
    ),
)


@dataclass(frozen=True, slots=True)
class Without:
    """What would go with one person. Shares are of all ties and of all answered questions; ``cut_off`` is people."""

    member: int
    ties: float
    answers: float
    cut_off: int
    cut_off_share: float

    @property
    def is_fragile(self) -> bool:
        """Tell whether too much hangs on this person."""
        return self.ties > FRAGILE_TIES or self.answers > FRAGILE_ANSWERS or self.cut_off_share > FRAGILE_PEOPLE

    @property
    def loss(self) -> float:
        """Return how bad it would be, each loss measured against what may not hang on one person."""
        return max(self.ties / FRAGILE_TIES, self.answers / FRAGILE_ANSWERS, self.cut_off_share / FRAGILE_PEOPLE)


@dataclass(frozen=True, slots=True)
class Node:
    """A person in the picture, at a place between -1 and 1."""

    member: int
    strength: int
    ties: int
    answered: int
    role: Role
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Network:
    """The graph. ``nodes`` and ``links`` (places of nodes, weight) are the strongest part; the numbers speak of all of it.

    ``roles`` are members' ids; a bridge may be of the core too.
    """

    people: int
    ties: int
    weight: int
    answers: int
    nodes: tuple[Node, ...]
    links: tuple[tuple[int, int, int], ...]
    roles: dict[Role, tuple[int, ...]]
    without: tuple[Without, ...]
    since: datetime | None

    @property
    def is_telling(self) -> bool:
        """Tell whether there are ties enough to say on whom they hang: of a few, somebody always has most."""
        return self.ties >= FEWEST_TIES

    @property
    def weakest(self) -> Without | None:
        """Return the person with whom most would go."""
        return self.without[0] if self.without else None


@remembered
def network(scope: Scope, period: Period) -> Network:
    """Return the graph of one community in the period.

    Raises:
        ValueError: the scope is not one community.
    """
    talk = read_talk(scope, period)
    ties = count_ties(talk)
    count = len(ties.member)
    strength = _sums(ties, ties.weight, count)
    degree = _sums(ties, np.ones(len(ties.weight), dtype=np.int64), count)
    walked, graph = _graph(ties)
    through = np.zeros(count)
    if walked.size:
        passed = rustworkx.graph_betweenness_centrality(graph)
        through[walked] = [passed[place] for place in range(len(walked))]
    core = _core(strength)
    without = _without(ties, strength, through, walked, graph)
    bridges = (through >= BRIDGE) | _cutters(walked, graph, count)
    nodes, links = _picture(ties, strength, degree, core, bridges)
    tied = degree > 0
    spoke = set(ties.member.tolist())
    return Network(
        people=int(tied.sum()),
        ties=len(ties.weight),
        weight=int(ties.weight.sum()),
        answers=int(ties.answered.sum()),
        nodes=nodes,
        links=links,
        roles={
            "core": _ids(ties, core),
            "bridge": _ids(ties, bridges),
            "linked": _ids(ties, tied & ~core & ~bridges),
            "unheard": _ids(ties, ~tied),
            "silent": tuple(sorted(_present(scope) - spoke)),
        },
        without=without,
        since=talk.since,
    )


def _ids(ties: Ties, who: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(ties.member[who].tolist())


def _sums(ties: Ties, weight: Numbers, count: int) -> Numbers:
    found = np.bincount(ties.one, weights=weight, minlength=count) + np.bincount(
        ties.other, weights=weight, minlength=count
    )
    return found.astype(np.int64)


def strongest_part(ties: Ties, *, most_people: int, most_ties: int) -> tuple[Numbers, Numbers]:
    """Return the places of the people with the strongest ties, in order, and those of the strongest ties between them."""
    strength = _sums(ties, ties.weight, len(ties.member))
    people = np.sort(np.argsort(-strength, kind="stable")[:most_people])
    people = people[strength[people] > 0]
    inside = np.isin(ties.one, people) & np.isin(ties.other, people)
    chosen = np.flatnonzero(inside)
    return people, chosen[np.argsort(-ties.weight[chosen], kind="stable")[:most_ties]]


def _graph(ties: Ties) -> tuple[Numbers, rustworkx.PyGraph[int, int]]:
    """Return the graph of the strongest people and ties, and the places of its nodes among all people."""
    people, chosen = strongest_part(ties, most_people=MOST_PEOPLE, most_ties=MOST_TIES)
    graph: rustworkx.PyGraph[int, int] = rustworkx.PyGraph(multigraph=False)
    graph.add_nodes_from(people.tolist())
    ends = (np.searchsorted(people, column[chosen]).tolist() for column in (ties.one, ties.other))
    graph.add_edges_from(list(zip(*ends, ties.weight[chosen].tolist(), strict=True)))
    return people, graph


def _core(strength: Numbers) -> NDArray[np.bool_]:
    """Return the fewest people who together have half of all that goes to and fro."""
    order = np.argsort(-strength, kind="stable")
    before = np.cumsum(strength[order]) - strength[order]
    core = np.zeros(len(strength), dtype=bool)
    core[order] = (before * 2 < strength.sum()) & (strength[order] > 0)
    return core


def _largest(graph: rustworkx.PyGraph[int, int]) -> set[int]:
    return max(rustworkx.connected_components(graph), key=len, default=set())


def _without(
    ties: Ties, strength: Numbers, through: NDArray[np.float64], walked: Numbers, graph: rustworkx.PyGraph[int, int]
) -> tuple[Without, ...]:
    """Return what would go with each of those who matter most, the worst loss first."""
    if not len(walked):
        return ()
    answers = max(int(ties.answered.sum()), 1)
    whole, largest = int(ties.weight.sum()), _largest(graph)
    leading = (strength, through, ties.answered)
    chosen = {int(place) for column in leading for place in np.argsort(-column[walked], kind="stable")[:CANDIDATES]}
    found = []
    for place in sorted(chosen):
        at = int(walked[place])
        cut_off = _cut_off(graph, place, largest)
        found.append(
            Without(
                int(ties.member[at]),
                int(strength[at]) / whole,
                int(ties.answered[at]) / answers,
                cut_off,
                cut_off / max(len(largest) - 1, 1),
            )
        )
    return tuple(sorted(found, key=lambda each: (-each.loss, each.member))[:CANDIDATES])


def _cut_off(graph: rustworkx.PyGraph[int, int], place: int, largest: set[int]) -> int:
    """Return how many others of the largest part are cut off from the rest of it without one person."""
    if place not in largest:
        return 0
    rest = graph.copy()
    rest.remove_node(place)
    return len(largest) - 1 - max((len(largest & part) for part in rustworkx.connected_components(rest)), default=0)


def _cutters(walked: Numbers, graph: rustworkx.PyGraph[int, int], count: int) -> NDArray[np.bool_]:
    """Return those without whom at least `CUT_OFF` others lose the rest."""
    found = np.zeros(count, dtype=bool)
    if len(walked):
        largest = _largest(graph)
        for place in rustworkx.articulation_points(graph):
            if _cut_off(graph, place, largest) >= CUT_OFF:
                found[walked[place]] = True
    return found


def _picture(
    ties: Ties, strength: Numbers, degree: Numbers, core: NDArray[np.bool_], bridges: NDArray[np.bool_]
) -> tuple[tuple[Node, ...], tuple[tuple[int, int, int], ...]]:
    """Return the strongest people with places on a plane, and the strongest ties between them."""
    shown = np.argsort(-strength, kind="stable")[:DRAWN_PEOPLE]
    shown = shown[strength[shown] > 0]
    place_of = {int(at): place for place, at in enumerate(shown)}
    inside = np.flatnonzero(np.isin(ties.one, shown) & np.isin(ties.other, shown))
    inside = inside[np.argsort(-ties.weight[inside], kind="stable")]
    ends = [(place_of[int(ties.one[each])], place_of[int(ties.other[each])], int(ties.weight[each])) for each in inside]
    links = _strongest(ends, len(shown))
    graph: rustworkx.PyGraph[int, int] = rustworkx.PyGraph(multigraph=False)
    graph.add_nodes_from(list(range(len(shown))))
    graph.add_edges_from(list(links))
    spots = _spread(rustworkx.spring_layout(graph, k=1.6 / max(len(shown), 1) ** 0.5, num_iter=200, seed=1), len(shown))
    nodes = tuple(
        Node(
            int(ties.member[at]),
            int(strength[at]),
            int(degree[at]),
            int(ties.answered[at]),
            "bridge" if bridges[at] else "core" if core[at] else "linked",
            round(float(spots[place, 0]), 4),
            round(float(spots[place, 1]), 4),
        )
        for place, at in enumerate(shown)
    )
    return nodes, links


def _strongest(ends: list[tuple[int, int, int]], people: int) -> tuple[tuple[int, int, int], ...]:
    """Return the ties to draw, of those given strongest first: everybody's strongest, then the strongest of all."""
    reached: set[int] = set()
    first: list[tuple[int, int, int]] = []
    for tie in ends:
        if len(reached) == people:
            break
        if not {tie[0], tie[1]} <= reached:
            reached |= {tie[0], tie[1]}
            first.append(tie)
    kept = set(first)
    return tuple((first + [tie for tie in ends if tie not in kept])[: max(DRAWN_TIES, len(first))])


def _spread(spots: Mapping[int, Sequence[float]], people: int) -> NDArray[np.float64]:
    """Return places spread evenly over a disc, in the directions and the order of distance that the springs found.

    Springs crowd the core, which is what people want to see: the ranks of the distances take their place.
    """
    if not people:
        return np.zeros((0, 2))
    found = np.array([spots[place] for place in range(people)])
    found -= found.mean(axis=0)
    angle = np.arctan2(found[:, 1], found[:, 0])
    rank = np.argsort(np.argsort(np.hypot(found[:, 0], found[:, 1]), kind="stable"), kind="stable")
    radius = np.sqrt((rank + 0.5) / people)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _present(scope: Scope) -> set[int]:
    """Return who is in the community now, robots left out."""
    _timezone, community = one_community(scope)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT member_id FROM people_membership WHERE community_id = %s AND is_present"
            " AND NOT member_id = ANY(%s)",
            [community, list(scope.robots)],
        )
        return {row[0] for row in cursor.fetchall()}

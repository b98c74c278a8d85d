"""Circles in the social graph of a community: who keep to themselves more than chance has it, who leads them, how they do.

Circles are found by the Louvain method (Blondel et al. 2008, Fast unfolding of communities in large networks). It finds some
in any graph, so each is held against what it finds where the same ties are dealt out at random.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from django.utils.translation import gettext_lazy as _
from numpy.typing import NDArray

from liuliang.analytics.definitions import Definition
from liuliang.analytics.network import strongest_part
from liuliang.analytics.periods import Period
from liuliang.analytics.presence import one_community
from liuliang.analytics.remembering import remembered
from liuliang.analytics.scopes import Scope
from liuliang.analytics.ties import Numbers, Talk, Ties, count_ties, read_talk

MOST_PEOPLE, MOST_TIES = 1_000, 10_000
"""People and ties that are looked at, the strongest."""

FEWEST_PEOPLE, FEWEST_TIES = 16, 30
"""People with ties, and pairs, below which circles are nothing to tell from chance."""

SMALLEST = 4
"""People of a circle at least."""

DEALS = 19
"""How often the ties are dealt out at random: beyond all of them is beyond one in twenty."""

_SEED = 1
"""What the method goes through the people by: the same talk gives the same circles."""

MARGIN = 0.05
"""By how much the share of ties inside must be beyond chance."""

CIRCLES = Definition(
    "circles",
    _("小圈子"),
    _(
        "往来的算法同“关系”，管群的人和同事不算。圈内占比：圈里人的往来里，两头都在圈里的占多少。只靠运气：保留每个人和多少人往来，把谁和谁往来打乱 19 次再分圈，"
        "差不多大的圈里圈内占比最高的那个。圈内占比比它高 5 个百分点以上、至少 4 个人、不过半数的才提出来。有往来的不到 16 人或 30 对的群说不准，不提。"
        "小头领：圈内往来经过最多的人。最多看往来最多的 1,000 人和 10,000 对。"
    ),
)


@dataclass(frozen=True, slots=True)
class Found:
    """People who keep to themselves, those with the strongest ties inside first.

    Shares are of the weight of ties: ``inside`` of all that the people have, ``chance`` what the tightest circle of about
    the size has where ties are dealt out at random, ``led`` of the inside ones those with the leader.
    """

    members: tuple[int, ...]
    leader: int
    led: float
    inside: float
    chance: float
    ties: int


@dataclass(frozen=True, slots=True)
class Circles:
    """The circles of a community, the tightest beyond chance first, and of how many people with ties they were found."""

    found: tuple[Found, ...]
    people: int
    ties: int

    @property
    def is_telling(self) -> bool:
        """Tell whether there are ties enough to tell circles from chance."""
        return self.people >= FEWEST_PEOPLE and self.ties >= FEWEST_TIES


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days of a circle: who of it spoke, what they said, pairs with a tie, and what the leader said."""

    first: date
    last: date
    speakers: int
    messages: int
    ties: int
    leader: int


@remembered
def circles(scope: Scope, period: Period, without: tuple[int, ...] = ()) -> Circles:
    """Return the circles of one community in the period, some people left out: those who run it speak with everybody.

    Raises:
        ValueError: the scope is not one community.
    """
    return find_circles(count_ties(read_talk(scope, period)), without)


def find_circles(ties: Ties, without: Sequence[int] = ()) -> Circles:
    """Return the circles that the ties make."""
    kept = ~np.isin(ties.member, np.array(without, dtype=np.int64))
    chosen = kept[ties.one] & kept[ties.other]
    ties = Ties(
        ties.member, ties.said, ties.answered, ties.one[chosen], ties.other[chosen], ties.weight[chosen]
    )  # fmt: skip
    people, strongest = strongest_part(ties, most_people=MOST_PEOPLE, most_ties=MOST_TIES)
    graph = _Graph(
        len(people),
        np.searchsorted(people, ties.one[strongest]),
        np.searchsorted(people, ties.other[strongest]),
        ties.weight[strongest],
    )
    whole = Circles((), len(people), len(strongest))
    if not whole.is_telling:
        return whole
    label = divide(graph)
    sizes, inside = _tightness(graph, label)
    by_chance = [_tightness(dealt, divide(dealt)) for dealt in _dealt(graph)]
    chance_sizes, chance_inside = (np.concatenate(column) for column in zip(*by_chance, strict=True))
    found = []
    # More than half of all is not a circle within the group: it is the group.
    for circle in np.flatnonzero((sizes >= SMALLEST) & (sizes * 2 <= graph.count)):
        chance = _chance(int(sizes[circle]), chance_sizes, chance_inside)
        if inside[circle] >= chance + MARGIN:
            found.append(_told(graph, ties.member[people], label == circle, float(inside[circle]), chance))
    found.sort(key=lambda each: (each.chance - each.inside, each.members))
    return Circles(tuple(found), whole.people, whole.ties)


@dataclass(frozen=True)
class _Graph:
    """Ties between places 0 to ``count`` - 1; the same two may have several."""

    count: int
    one: Numbers
    other: Numbers
    weight: Numbers

    @property
    def strength(self) -> Numbers:
        """Return the weight at each place."""
        ends, weight = np.concatenate([self.one, self.other]), np.concatenate([self.weight, self.weight])
        found: Numbers = np.bincount(ends, weights=weight, minlength=self.count).astype(np.int64)
        return found


def _told(graph: _Graph, ids: Numbers, inside: NDArray[np.bool_], share: float, chance: float) -> Found:
    """Return a circle with its leader: whoever has most of the ties inside."""
    within = inside[graph.one] & inside[graph.other]
    strength = _Graph(graph.count, graph.one[within], graph.other[within], graph.weight[within]).strength
    order = np.argsort(-strength, kind="stable")[: int(inside.sum())]
    # Who has no tie inside cannot be in a circle, so the strongest are just the people of it.
    weight = int(graph.weight[within].sum())
    return Found(
        tuple(ids[order].tolist()),
        int(ids[order[0]]),
        round(int(strength[order[0]]) / weight, 4),
        round(share, 4),
        round(chance, 4),
        int(within.sum()),
    )


def _tightness(graph: _Graph, label: Numbers) -> tuple[Numbers, NDArray[np.float64]]:
    """Return of each part how many people it is, and the share of their ties that stay inside."""
    parts = int(label.max(initial=-1)) + 1
    within = label[graph.one] == label[graph.other]
    inside = np.bincount(label[graph.one[within]], weights=2 * graph.weight[within], minlength=parts)
    whole = np.bincount(label, weights=graph.strength, minlength=parts)
    return np.bincount(label, minlength=parts), inside / np.maximum(whole, 1)


def _chance(size: int, sizes: Numbers, inside: NDArray[np.float64]) -> float:
    """Return the share inside of the tightest part that chance made, of those between half and twice the size, if there are any."""
    alike = (sizes * 2 >= size) & (sizes <= size * 2)
    return float(inside[alike if alike.any() else sizes > 0].max())


def _dealt(graph: _Graph) -> Sequence[_Graph]:
    """Return the graph with its ties dealt out at random some times: everybody keeps how many they have, save ties to oneself."""
    random = np.random.default_rng(1)
    found = []
    for _deal in range(DEALS):
        ends = random.permutation(np.concatenate([graph.one, graph.other]))
        one, other = np.sort(ends.reshape(2, -1), axis=0)
        kept = one != other
        found.append(_Graph(graph.count, one[kept], other[kept], graph.weight[kept]))
    return found


def divide(graph: _Graph) -> Numbers:
    """Return the part that each place belongs to: parts that have more ties inside than their strength would give them."""
    # Only a process that looks for circles loads it.
    import networkx as nx

    low, high = np.sort(np.stack([graph.one, graph.other]), axis=0)
    pairs, place = np.unique(low * graph.count + high, return_inverse=True)
    weight = np.bincount(place, weights=graph.weight, minlength=len(pairs))
    drawn: nx.Graph[int] = nx.Graph()
    drawn.add_nodes_from(range(graph.count))
    ends = ((pairs // graph.count).tolist(), (pairs % graph.count).tolist())
    drawn.add_weighted_edges_from(zip(*ends, weight.tolist(), strict=True))
    label = np.zeros(graph.count, np.int64)
    for part, places in enumerate(nx.community.louvain_communities(drawn, seed=_SEED)):
        label[list(places)] = part
    return label


@remembered
def weeks(scope: Scope, period: Period, members: tuple[int, ...], leader: int | None) -> tuple[Week, ...]:
    """Return how some people of one community did in each seven days of the period, the latest last.

    Raises:
        ValueError: the scope is not one community.
    """
    timezone, _community = one_community(scope)
    talk = read_talk(scope, period)
    who = np.array(members, dtype=np.int64)
    found = []
    last = period.last
    while last >= period.first:
        week = Period(max(last - timedelta(days=6), period.first), last)
        part = _during(talk, *week.instants(timezone))
        said = part.member[np.isin(part.member, who)]
        ties = count_ties(part)
        inside = np.isin(ties.member, who)
        found.append(
            Week(
                week.first,
                week.last,
                len(np.unique(said)),
                len(said),
                int((inside[ties.one] & inside[ties.other]).sum()),
                int((said == leader).sum()) if leader is not None else 0,
            )
        )
        last = week.first - timedelta(days=1)
    return tuple(reversed(found))


def _during(talk: Talk, begin: datetime, end: datetime) -> Talk:
    """Return a part of the talk; mentions are known of the whole only, and left out."""
    low, high = np.searchsorted(talk.at, [int(instant.timestamp() * 1000) for instant in (begin, end)])
    part = slice(int(low), int(high))
    return Talk(
        talk.member[part], talk.answers[part], talk.at[part], talk.asks[part], np.zeros((3, 0), dtype=np.int64)
    )  # fmt: skip

"""Reads of segments: trying a rule, samples, growth, overlaps, and why somebody is in or out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import combinations

from django.db.models import QuerySet
from pyroaring import BitMap

from liuliang.kernel import clock
from liuliang.lake.zones import default_zone
from liuliang.people.access import Access
from liuliang.people.models import Member
from liuliang.segments.base import Context, Names
from liuliang.segments.evaluating import context_of, evaluate, everybody, loaded, with_held
from liuliang.segments.models import Segment
from liuliang.segments.rules import All, Leaf, Not, Rule, Some, combine, contradictions, leaves, read_rule
from liuliang.segments.trying import remembered_people, remembered_sets

SAMPLE = 8


@dataclass(frozen=True, slots=True)
class Trial:
    """What a rule means right now: the people, of how many, and the size of every part by its path in the rule.

    A path is the places of a part in its groups, such as ``0.2``; the whole is the empty path. ``impossible`` are
    conditions that are asked for and excluded at once.
    """

    members: BitMap
    of: int
    parts: dict[str, int]
    impossible: tuple[Leaf, ...]

    @property
    def size(self) -> int:
        """Return how many they are."""
        return len(self.members)


def try_rule(rule: Rule, *, community: int | None, at: datetime) -> Trial:
    """Work out what a rule means, while it is being edited. Sets of conditions are remembered for a few seconds.

    Raises:
        Refused: ``lake.too_slow`` or ``lake.too_much``.
    """
    context = context_of(community, at)
    found = list(dict.fromkeys(leaves(rule)))
    people = remembered_people(community, context)
    sets = remembered_sets(community, with_held(context, found), found)
    parts: dict[str, int] = {}

    def measure(part: Rule, path: str) -> BitMap:
        match part:
            case Leaf():
                members = sets[part] & people
            case Not(inner):
                members = people - measure(inner, _below(path, 0))
            case All(inner):
                members = BitMap.intersection(
                    people, *(measure(each, _below(path, at)) for at, each in enumerate(inner))
                )
            case Some(inner):
                members = BitMap.union(BitMap(), *(measure(each, _below(path, at)) for at, each in enumerate(inner)))
        parts[path] = len(members)
        return members

    members = measure(rule, "")
    return Trial(members, len(people), parts, tuple(contradictions(rule)))


def _below(path: str, place: int) -> str:
    return f"{path}.{place}" if path else str(place)


def sample(members: BitMap, count: int = SAMPLE) -> list[Member]:
    """Return some members, spread evenly over the set, so that the same set shows the same faces."""
    if not members:
        return []
    step = max(1, len(members) // count)
    ids = [members[place] for place in range(0, len(members), step)][:count]
    by_id = Member.objects.select_related("activity").in_bulk(ids)
    return [by_id[each] for each in ids if each in by_id]


def members_of(segment: Segment) -> BitMap:
    """Return the set of a segment as it was last worked out."""
    return loaded(segment.members)


def visible(access: Access, permission: str) -> QuerySet[Segment]:
    """Return the segments of branches where ``permission`` holds; those of everywhere only if it holds everywhere."""
    allowed = access.community_ids(permission)
    return Segment.objects.all() if allowed is None else Segment.objects.filter(community__in=allowed)


def using_tag(tag: int) -> list[Segment]:
    """Return the segments whose rules name a tag, by name."""
    return [
        each
        for each in Segment.objects.exclude(rule={}).order_by("name")
        if any(tag in leaf.refs.tags for leaf in leaves(read_rule(each.rule)))
    ]


@dataclass(frozen=True, slots=True)
class Day:
    """A segment on a day: its size at the end, and who came and went."""

    day: date
    size: int
    entered: int
    left: int


def growth(segment: Segment, *, days: int, at: datetime) -> list[Day]:
    """Return the last days of a segment, from its first one on; days on which nothing changed repeat the size before."""
    today = clock.local_day(at, default_zone())
    first = today - timedelta(days=days - 1)
    known = {row.day: row for row in segment.sizes.filter(day__lte=today).order_by("day")}
    earlier = [row for day, row in known.items() if day < first]
    size = earlier[-1].size if earlier else None
    found = []
    for offset in range(days):
        day = first + timedelta(days=offset)
        row = known.get(day)
        if row is not None:
            size = row.size
        if size is not None:
            found.append(Day(day, size, row.entered if row else 0, row.left if row else 0))
    return found


@dataclass(frozen=True, slots=True)
class Region:
    """A part of an overlap: people in exactly these of the segments (their places)."""

    inside: tuple[int, ...]
    members: BitMap


def overlap(sets: Sequence[BitMap]) -> list[Region]:
    """Return all parts into which up to three sets divide their people.

    Raises:
        ValueError: there are fewer than two sets or more than three.
    """
    if not 2 <= len(sets) <= 3:
        raise ValueError("two or three sets overlap in a picture")
    regions = []
    for count in range(1, len(sets) + 1):
        for inside in combinations(range(len(sets)), count):
            members = BitMap.intersection(*(sets[place] for place in inside))
            outside = [sets[place] for place in range(len(sets)) if place not in inside]
            regions.append(Region(inside, members.difference(*outside) if outside else members))
    return regions


@dataclass(frozen=True, slots=True)
class Finding:
    """Why somebody is in or out, for a part of a rule: what it asks, whether it holds, and for a condition what is known."""

    path: str
    joiner: str
    sentence: str
    holds: bool
    fact: str
    parts: tuple[Finding, ...] = ()


def explain(rule: Rule, member: int, *, community: int | None, at: datetime, names: Names) -> Finding:
    """Return for a member what each part of a rule finds, as things are now."""
    found = list(dict.fromkeys(leaves(rule)))
    context = with_held(context_of(community, at), found)
    only = BitMap([member])
    sets = evaluate(found, context, only)
    people = everybody(context, only)
    return _explained(rule, "", member, _Known(sets, people, context, names))


@dataclass(frozen=True, slots=True)
class _Known:
    sets: dict[Leaf, BitMap]
    people: BitMap
    context: Context
    names: Names


def _explained(rule: Rule, path: str, member: int, known: _Known) -> Finding:
    holds = member in combine(rule, known.sets.__getitem__, known.people)
    match rule:
        case Leaf(condition=condition, config=config):
            fact = condition.fact(config, member, known.context, known.names)
            return Finding(path, "if", condition.sentence(config, known.names), holds, fact)
        case Not(part):
            return Finding(path, "not", "", holds, "", (_explained(part, _below(path, 0), member, known),))
        case All(parts) | Some(parts):
            joiner = "all" if isinstance(rule, All) else "any"
            below = tuple(_explained(part, _below(path, at), member, known) for at, part in enumerate(parts))
            return Finding(path, joiner, "", holds, "", below)


def rule_of(segment: Segment) -> Rule | None:
    """Return a segment's rule; None for a list."""
    return read_rule(segment.rule) if segment.rule else None

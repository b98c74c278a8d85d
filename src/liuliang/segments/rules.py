"""A rule: conditions joined by and, or, not, to any depth; how it is read, bounded, told and turned into a set.

As JSON: ``{"all": [rule, …]}``, ``{"any": [rule, …]}``, ``{"not": rule}``, or a condition ``{"if": key, …configuration}``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec
from pydantic import ValidationError
from pyroaring import BitMap

from liuliang.kernel.errors import Refused
from liuliang.segments.base import Condition, Config, Refs, conditions

MOST_LEAVES = 60
"""Conditions in a rule: more than anybody reads, and few enough to answer while somebody waits."""

MOST_DEPTH = 12


@dataclass(frozen=True)
class Leaf:
    """A condition with its configuration."""

    condition: Condition[Any]
    config: Config

    @cached_property
    def key(self) -> str:
        """Return a hash of the condition and what it says: equal leaves mean the same set."""
        said = msgspec.json.encode([self.condition.key, self.config.model_dump(mode="json")], order="sorted")
        return hashlib.sha256(said).hexdigest()[:40]

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Leaf) and other.key == self.key

    @property
    def refs(self) -> Refs:
        """Return what the leaf names."""
        return self.condition.refs(self.config)


@dataclass(frozen=True, slots=True)
class All:
    """Everybody of whom all parts hold; of no parts, everybody."""

    parts: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """Everybody of whom some part holds; of no parts, nobody."""

    parts: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Everybody of whom the part does not hold."""

    part: Rule


Rule = Leaf | All | Some | Not


def read_rule(data: object) -> Rule:
    """Return the rule that JSON data says.

    Raises:
        Refused: ``segment.rule_unreadable``, ``segment.condition_unknown``, ``segment.condition_wrong`` (with the
            ``condition``, and of the first thing wrong its ``field``, its ``problem`` in English, ``why`` (the type of
            pydantic's error) and the ``limit`` that a number exceeds, if it is that), ``segment.too_many_conditions`` or ``segment.too_deep``.
    """
    rule = _read(data, depth=1)
    if sum(1 for _ in leaves(rule)) > MOST_LEAVES:
        raise Refused("segment.too_many_conditions", most=MOST_LEAVES)
    return rule


def _read(data: object, depth: int) -> Rule:
    if depth > MOST_DEPTH:
        raise Refused("segment.too_deep", most=MOST_DEPTH)
    if not isinstance(data, Mapping):
        raise Refused("segment.rule_unreadable")
    if "if" in data:
        return _read_leaf(data)
    match dict(data):
        case {"all": list(parts), **rest} if not rest:
            return All(_read_parts(parts, depth))
        case {"any": list(parts), **rest} if not rest:
            return Some(_read_parts(parts, depth))
        case {"not": part, **rest} if not rest:
            return Not(_read(part, depth + 1))
    raise Refused("segment.rule_unreadable")


def _read_parts(parts: list[object], depth: int) -> tuple[Rule, ...]:
    if len(parts) > MOST_LEAVES:
        raise Refused("segment.too_many_conditions", most=MOST_LEAVES)
    return tuple(_read(part, depth + 1) for part in parts)


def _read_leaf(data: Mapping[str, object]) -> Leaf:
    condition = conditions().get(str(data["if"]))
    if condition is None:
        raise Refused("segment.condition_unknown", condition=str(data["if"])[:60])
    try:
        config = condition.config.model_validate({key: value for key, value in data.items() if key != "if"})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        context = first.get("ctx", {})
        raise Refused(
            "segment.condition_wrong",
            condition=str(condition.title),
            field=".".join(map(str, first["loc"])),
            problem=str(first["msg"]),
            why=str(first["type"]),
            limit=context.get("ge", context.get("le")),
        ) from error
    return Leaf(condition, config)


def written(rule: Rule) -> dict[str, Any]:
    """Return a rule as JSON data; `read_rule` reads it again."""
    match rule:
        case Leaf():
            return {"if": rule.condition.key, **rule.config.model_dump(mode="json", exclude_defaults=True)}
        case All():
            return {"all": [written(part) for part in rule.parts]}
        case Some():
            return {"any": [written(part) for part in rule.parts]}
        case Not():
            return {"not": written(rule.part)}


def leaves(rule: Rule) -> Iterator[Leaf]:
    """Iterate over the conditions of a rule, from left to right; one that stands twice comes twice."""
    match rule:
        case Leaf():
            yield rule
        case Not():
            yield from leaves(rule.part)
        case _:
            for part in rule.parts:
                yield from leaves(part)


def combine(rule: Rule, sets: Callable[[Leaf], BitMap], everybody: BitMap) -> BitMap:
    """Return the set that a rule means, given those of its conditions and who there is at all."""
    match rule:
        case Leaf():
            return sets(rule) & everybody
        case Not():
            return everybody - combine(rule.part, sets, everybody)
        case All():
            return BitMap.intersection(everybody, *(combine(part, sets, everybody) for part in rule.parts))
        case Some():
            return BitMap.union(BitMap(), *(combine(part, sets, everybody) for part in rule.parts))


def contradictions(rule: Rule) -> list[Leaf]:
    """Return the conditions that one "all" asks for and excludes at once: nobody can meet it."""
    found: list[Leaf] = []
    match rule:
        case All():
            asked, excluded = _claims(rule)
            found += [leaf for leaf in asked if leaf in excluded]
            for part in rule.parts:
                found += contradictions(part)
        case Some():
            for part in rule.parts:
                found += contradictions(part)
        case _:
            pass
    return list(dict.fromkeys(found))


def _claims(rule: Rule) -> tuple[list[Leaf], set[Leaf]]:
    """Return the leaves that must hold and those that must not, for the rule to hold."""
    match rule:
        case Leaf():
            return [rule], set()
        case Not(Leaf() as leaf):
            return [], {leaf}
        case Not(Some(parts)):
            return [], {part for part in parts if isinstance(part, Leaf)}
        case All():
            asked: list[Leaf] = []
            excluded: set[Leaf] = set()
            for part in rule.parts:
                more, without = _claims(part)
                asked += more
                excluded |= without
            return asked, excluded
    return [], set()

"""Working out the sets of many conditions at once: those in the lake share a scan, the others are asked one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from pyroaring import BitMap

from liuliang.lake.queries import beside, in_one_state, query, query_sets
from liuliang.people.models import Community
from liuliang.segments.base import Context, LakeSet, ReadySet, TableSet
from liuliang.segments.calendars import calendar
from liuliang.segments.models import LayerSet, Segment
from liuliang.segments.parameters import Parameters
from liuliang.segments.rules import Leaf
from liuliang.segments.tables import PEOPLE, read_members

SECONDS = 20.0
"""Longest time a statement may take; a rule that needs more is refused."""


def context_of(community: int | None, at: datetime) -> Context:
    """Return the circumstances of rules of a branch (None: everywhere), without the sets that rules may name."""
    below: defaultdict[int, set[int]] = defaultdict(set)
    for place, path in Community.objects.values_list("id", "path"):
        for above in path:
            below[above].add(place)
    subtrees = {place: frozenset(ids) for place, ids in below.items()}
    branch = None if community is None else subtrees.get(community, frozenset({community}))
    return Context(calendar(at), branch, subtrees)


def with_held(context: Context, found: Collection[Leaf]) -> Context:
    """Return the circumstances with the sets of the segments and layers that these conditions name."""
    segments = {segment for leaf in found for segment in leaf.refs.segments}
    layers = {layer for leaf in found for layer in leaf.refs.layers}
    held: dict[Any, BitMap] = dict(context.held)
    for segment, members in Segment.objects.filter(id__in=segments - held.keys()).values_list("id", "members"):
        held[segment] = loaded(members)
    dimensions = {dimension for dimension, _ in layers}
    for row in LayerSet.objects.filter(dimension__in=dimensions):
        held[row.dimension, row.layer] = loaded(row.members)
    return replace(context, held=held)


def everybody(context: Context, among: BitMap | None = None) -> BitMap:
    """Return all the people of the branch, or those of them among some members."""
    terms, params = [PEOPLE], dict[str, Any]()
    if among is not None:
        terms.append("m.id = ANY(%(among)s)")
        params["among"] = list(among)
    if context.branch is not None:
        terms.append(
            "EXISTS (SELECT 1 FROM people_membership s WHERE s.member_id = m.id AND s.community_id = ANY(%(branch)s))"
        )
        params["branch"] = sorted(context.branch)
    return read_members(f"SELECT m.id FROM people_member m WHERE {' AND '.join(terms)}", params)


def evaluate(found: Iterable[Leaf], context: Context, among: BitMap | None = None) -> dict[Leaf, BitMap]:
    """Return the set of each condition, or its part among some members.

    ``context.held`` must have what they name. Sets of conditions that are told by exclusion hold everybody else of
    the branch.

    Raises:
        Refused: ``lake.too_slow`` or ``lake.too_much``.
    """
    sets: dict[Leaf, BitMap] = {}
    inverted: list[Leaf] = []
    tables: list[tuple[Leaf, TableSet]] = []
    shared: defaultdict[tuple[str, bool, bool], list[tuple[Leaf, LakeSet]]] = defaultdict(list)
    parameters = Parameters()
    for leaf in dict.fromkeys(found):
        compiled = leaf.condition.compiled(leaf.config, context, parameters)
        match compiled:
            case ReadySet():
                sets[leaf] = compiled.members if among is None else compiled.members & among
                continue
            case TableSet():
                tables.append((leaf, compiled))
            case LakeSet():
                shared[compiled.relation, compiled.reads_data, compiled.is_anywhere].append((leaf, compiled))
        if compiled.is_inverted:
            inverted.append(leaf)
    with in_one_state() if shared else nullcontext():
        statements = [
            (group, _lake_statement([each for _, each in group], context, parameters, among))
            for group in shared.values()
        ]
        # All are written before the first is asked: the values of all are sent with each, and only those named are looked at.
        coming = [(group, beside(partial(_from_lake, statement, parameters))) for group, statement in statements]
        sets |= {leaf: _from_tables(compiled, among) for leaf, compiled in tables}
        people = everybody(context, among) if inverted else BitMap()
        for group, members in coming:
            sets |= zip((leaf for leaf, _ in group), members(), strict=True)
    for leaf in inverted:
        sets[leaf] = people - sets[leaf]
    return sets


def decided_since(
    found: Iterable[Leaf], context: Context, among: BitMap, position: int
) -> dict[Leaf, tuple[BitMap, bool]]:
    """Return for whom events from a position of the log on decide a condition, and whether by that they are in or out.

    Only of conditions that one event decides, and that are asked of the events: however long the log, little of it is read.

    Raises:
        Refused: ``lake.too_slow`` or ``lake.too_much``.
    """
    parameters = Parameters()
    asked: list[tuple[Leaf, LakeSet]] = []
    for leaf in found if among else ():
        compiled = leaf.condition.compiled(leaf.config, context, parameters)
        if not isinstance(compiled, LakeSet) or compiled.is_anywhere:
            continue
        if compiled.by_one and compiled.relation == "events":
            asked.append((leaf, replace(compiled, where=f"position >= {position:d} AND ({compiled.where})")))
    if not asked:
        return {}
    statement = _lake_statement([compiled for _, compiled in asked], context, parameters, among)
    sets = _from_lake(statement, parameters)
    return {leaf: (members, not compiled.is_inverted) for (leaf, compiled), members in zip(asked, sets, strict=True)}


def measured(compiled: LakeSet, member: int, context: Context, parameters: Parameters) -> Any:
    """Return what a condition of the lake measures for one member."""
    branch = _branch_sql(compiled, context, parameters)
    rows = query(
        f"SELECT {compiled.measure} FROM {{{compiled.relation}}}"
        f" WHERE member = {parameters.number(member)} AND kind IN {parameters.texts(compiled.kinds)}"
        f" AND {branch} AND ({compiled.where})",
        parameters.values,
        seconds=SECONDS,
    ).rows
    return rows[0][0] if rows else None


def loaded(members: bytes | memoryview) -> BitMap:
    """Return a stored set."""
    return BitMap.deserialize(bytes(members)) if members else BitMap()


def _from_tables(compiled: TableSet, among: BitMap | None) -> BitMap:
    params = dict(compiled.params)
    restriction = ""
    if among is not None:
        restriction = f"AND {compiled.person} = ANY(%(among)s)"
        params["among"] = list(among)
    return read_members(compiled.select.replace("{among}", restriction), params)


def _from_lake(statement: str, parameters: Parameters) -> list[BitMap]:
    return query_sets(statement, parameters.values, seconds=SECONDS)


def _branch_sql(compiled: LakeSet, context: Context, parameters: Parameters) -> str:
    return "1" if compiled.is_anywhere else context.places_sql((), parameters)


def _lake_statement(group: list[LakeSet], context: Context, parameters: Parameters, among: BitMap | None) -> str:
    """Return the SELECT of the sets of several conditions that read the same rows of one relation, in one scan of it."""
    kinds = frozenset().union(*(each.kinds for each in group))
    terms = [
        "member != 0",
        f"kind IN {parameters.texts(kinds)}",
        _branch_sql(group[0], context, parameters),
        f"({' OR '.join(f'({each.where})' for each in group)})",
    ]
    if among is not None:
        terms.append(f"member IN {parameters.numbers(among)}")
    sets = ", ".join(f"groupBitmapStateIf(who, h{at})" for at in range(len(group)))
    holds = ", ".join(f"({each.holds}) AS h{at}" for at, each in enumerate(group))
    return (
        f"SELECT {sets} FROM (SELECT member AS who, {holds} FROM {{{group[0].relation}}}"
        f" WHERE {' AND '.join(terms)} GROUP BY member)"
    )

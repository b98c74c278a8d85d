"""Who belongs in which tier of a family, who is there, and who is to be asked over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from pyroaring import BitMap

from liuliang.families.models import Family, Invitation, Tier, TierGroup
from liuliang.lake.queries import query_sets
from liuliang.people.queries import leading
from liuliang.segments.base import Context, Names, Refs
from liuliang.segments.evaluating import context_of, evaluate, everybody, with_held
from liuliang.segments.parameters import Parameters
from liuliang.segments.rules import Leaf, Rule, combine, leaves, read_rule
from liuliang.segments.tables import PEOPLE, read_members

REST = timedelta(days=90)
"""Who would not come into a tier is not to be asked into it again before this is over."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A tier as things are: its groups that run, and sets of people, of whom robots and erased people are none.

    ``belongs`` are all people of the tier, in the family or not. The others are in some group of the family: ``inside`` in
    one of this tier's, ``astray`` in one of this tier's though they belong in another, ``waiting`` asked over and not here
    yet, ``settling`` not yet long enough of this tier to be asked, ``declined`` not to be asked again so soon. ``movers`` are
    to be asked over; none where the tier asks nobody.
    """

    tier: Tier
    groups: tuple[int, ...]
    belongs: BitMap
    inside: BitMap
    astray: BitMap
    waiting: BitMap
    settling: BitMap
    declined: BitMap
    movers: BitMap


@dataclass(frozen=True)
class Look:
    """A family looked through: its tiers from the top, and what they are told by."""

    tiers: Sequence[Standing]
    context: Context
    sets: Mapping[Leaf, BitMap]

    @cached_property
    def people(self) -> BitMap:
        """Return who is in any group of the family."""
        return BitMap.union(BitMap(), *(each.inside for each in self.tiers))

    @property
    def to_invite(self) -> int:
        """Return how many are to be asked over."""
        return sum(len(each.movers) for each in self.tiers)

    def at_home(self, standing: Standing) -> int:
        """Return how many of those inside a tier belong there."""
        return len(standing.inside) - len(standing.astray)

    def reason(self, standing: Standing, member: int, names: Names) -> str:
        """Return in one sentence why somebody belongs in a tier; empty where everybody else does."""
        rule = rule_of(standing.tier)
        for leaf in leaves(rule) if rule is not None else ():
            if member in self.sets[leaf]:
                return leaf.condition.fact(leaf.config, member, self.context, names)
        return ""


def rule_of(tier: Tier) -> Rule | None:
    """Return who belongs in a tier, as a rule; None for everybody who belongs in none above."""
    return read_rule(tier.rule) if tier.rule else None


def tiers_of(family: Family) -> list[Tier]:
    """Return a family's tiers from the top."""
    return list(family.tiers.filter(removed_at=None).order_by("place", "pk"))


def refs_of(tiers: Sequence[Tier]) -> Refs:
    """Return the layers and segments that the rules of tiers name."""
    found = [leaf.refs for tier in tiers if (rule := rule_of(tier)) is not None for leaf in leaves(rule)]
    return Refs(
        segments=frozenset().union(*(each.segments for each in found)),
        layers=frozenset().union(*(each.layers for each in found)),
    )


def look_through(family: Family, *, at: datetime) -> Look:
    """Work out who belongs where, and who is to be asked over."""
    tiers = tiers_of(family)
    rows = TierGroup.objects.filter(tier__in=tiers).order_by("pk")
    every = rows.values_list("tier", "community", "community__archived_at")
    # Who is on record in a group that is closed is in it no more: they are to come into one that runs.
    groups = [tuple(group for of, group, closed in every if of == tier.pk and closed is None) for tier in tiers]
    rules = [rule_of(tier) for tier in tiers]
    found = list(dict.fromkeys(leaf for rule in rules if rule is not None for leaf in leaves(rule)))
    context = with_held(context_of(None, at), found)
    sets = evaluate(found, context)
    belongs = _belonging(rules, sets, everybody(context))
    anywhere = BitMap.union(BitMap(), *belongs)
    inside = [_present(places) for places in groups]
    people = _present([group for _tier, group, _closed in every])
    recent = _moved_lately(family, tiers, at)
    asked, declined = _asked(family, at)
    not_asked = BitMap.union(BitMap(leading()), *asked.values())
    looked = []
    for tier, places, those, there, lately in zip(tiers, groups, belongs, inside, recent, strict=True):
        coming = (those & people) - there - not_asked if tier.invites else BitMap()
        refused = coming & declined.get(tier.pk, BitMap())
        coming -= refused
        looked.append(
            Standing(
                tier, places, those, there,
                astray=there & (anywhere - those),
                waiting=asked.get(tier.pk, BitMap()),
                settling=coming & lately,
                declined=refused,
                movers=coming - lately,
            )
        )  # fmt: skip
    return Look(looked, context, sets)


def _belonging(rules: Sequence[Rule | None], sets: Mapping[Leaf, BitMap], left: BitMap) -> list[BitMap]:
    """Return who of all people belongs in each tier: in the first whose rule they meet."""
    belongs = []
    for rule in rules:
        those = left if rule is None else combine(rule, sets.__getitem__, left)
        belongs.append(those)
        left = left - those
    return belongs


def _present(groups: Sequence[int]) -> BitMap:
    return read_members(
        "SELECT DISTINCT s.member_id FROM people_membership s JOIN people_member m ON m.id = s.member_id"
        f" WHERE s.community_id = ANY(%s) AND s.is_present AND {PEOPLE}",
        [list(groups)],
    )


def _asked(family: Family, at: datetime) -> tuple[dict[int, BitMap], dict[int, BitMap]]:
    """Return by tier who is asked and has not come yet, and who declined lately."""
    asked: dict[int, BitMap] = {}
    declined: dict[int, BitMap] = {}
    rows = Invitation.objects.filter(family=family, member__erased_at=None)
    columns = ("tier", "member", "member__canonical")
    for tier, member, canonical in rows.filter(state="invited").values_list(*columns):
        asked.setdefault(tier, BitMap()).add(canonical or member)
    for tier, member, canonical in rows.filter(state="declined", ended_at__gt=at - REST).values_list(*columns):
        declined.setdefault(tier, BitMap()).add(canonical or member)
    return asked, declined


def _moved_lately(family: Family, tiers: Sequence[Tier], at: datetime) -> list[BitMap]:
    """Return for each tier who came to belong there within the days for which it must hold.

    That is told by the log: coming into a layer or segment that its rule names, or leaving one that a tier above it names.
    """
    if not family.steady_days or not tiers:
        return [BitMap() for _tier in tiers]
    parameters = Parameters()
    since = parameters.instant(at - timedelta(days=family.steady_days))
    columns = []
    for place, tier in enumerate(tiers):
        moved = f"{_coming_sql(refs_of([tier]), parameters)} OR {_going_sql(refs_of(tiers[:place]), parameters)}"
        columns.append(f"groupBitmapStateIf(member, {moved})")
    return query_sets(
        f"SELECT {', '.join(columns)} FROM {{events}}"
        " WHERE kind IN ('layer.moved', 'segment.entered', 'segment.left') AND member != 0"
        f" AND occurred_at >= {since}",
        parameters.values,
    )


def _coming_sql(refs: Refs, parameters: Parameters) -> str:
    return _change_sql(refs, parameters, "segment.entered", new="after", old="before")


def _going_sql(refs: Refs, parameters: Parameters) -> str:
    return _change_sql(refs, parameters, "segment.left", new="before", old="after")


def _change_sql(refs: Refs, parameters: Parameters, kind: str, *, new: str, old: str) -> str:
    """Return the condition on moves where ``new`` is one of these layers and ``old`` is not, or on segments of this kind of event."""
    terms = []
    by_dimension: dict[str, list[str]] = {}
    for dimension, layer in sorted(refs.layers):
        by_dimension.setdefault(dimension, []).append(layer)
    for dimension, layers in by_dimension.items():
        named = parameters.texts(layers)
        terms.append(
            f"(kind = 'layer.moved' AND JSONExtractString(data, 'dimension') = {parameters.text(dimension)}"
            f" AND JSONExtractString(data, '{new}') IN {named} AND JSONExtractString(data, '{old}') NOT IN {named})"
        )
    if refs.segments:
        terms.append(f"(kind = '{kind}' AND JSONExtractInt(data, 'segment') IN {parameters.numbers(refs.segments)})")
    return " OR ".join(terms) or "0"

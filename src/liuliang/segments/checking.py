"""Whether a rule can be kept: what it names must exist, and it must not lead back to its own segment."""

from __future__ import annotations

from collections.abc import Collection

from liuliang.kernel.errors import Refused
from liuliang.people.models import Community, Tag
from liuliang.segments.acts import check_properties, is_countable
from liuliang.segments.base import Refs
from liuliang.segments.layering import dimensions
from liuliang.segments.models import Segment
from liuliang.segments.rules import All, Leaf, Not, Rule, Some, leaves, read_rule


def check_rule(rule: Rule, *, segment: int | None = None, community: int | None = None) -> None:
    """Refuse a rule that speaks of what is not there, or of the segment it belongs to.

    Args:
        rule: the rule.
        segment: the segment it is for, if there is one already.
        community: the branch it is for.

    Raises:
        Refused: ``segment.rule_empty``, ``segment.tag_gone``, ``segment.community_gone``, ``segment.event_unknown``,
            ``segment.property_wrong``, ``segment.value_wrong``, ``segment.layer_unknown``, ``segment.segment_gone``,
            ``segment.elsewhere`` (a segment of another branch) or ``segment.circle``.
    """
    if is_empty(rule):
        raise Refused("segment.rule_empty")
    found = [leaf.refs for leaf in leaves(rule)]
    _check_names(found)
    for leaf in leaves(rule):
        _check_properties(leaf)
    _check_segments(found, segment, community)


def is_empty(rule: Rule) -> bool:
    """Tell whether some group of the rule has nothing in it."""
    match rule:
        case All(parts) | Some(parts):
            return not parts or any(is_empty(part) for part in parts)
        case Not(part):
            return is_empty(part)
    return False


def broken(rule: Rule) -> Refused | None:
    """Return why a stored rule no longer means what it did, or None: a tag or a kind of event it names is gone."""
    try:
        _check_names([leaf.refs for leaf in leaves(rule)])
    except Refused as refused:
        return refused
    return None


def _check_names(found: Collection[Refs]) -> None:
    tags = {tag for refs in found for tag in refs.tags}
    if gone := tags - set(Tag.objects.filter(pk__in=tags).values_list("pk", flat=True)):
        raise Refused("segment.tag_gone", count=len(gone))
    places = {place for refs in found for place in refs.communities}
    if places - set(Community.objects.filter(pk__in=places).values_list("pk", flat=True)):
        raise Refused("segment.community_gone")
    for kind in sorted(kind for refs in found for kind in refs.kinds):
        if not is_countable(kind):
            raise Refused("segment.event_unknown", kind=kind)
    for dimension, layer in (layer for refs in found for layer in refs.layers):
        known = dimensions().get(dimension)
        if known is None or layer not in known.layers:
            raise Refused("segment.layer_unknown", layer=layer)


def _check_properties(leaf: Leaf) -> None:
    config = leaf.config
    for part in (config, *getattr(config, "steps", ())):
        if properties := getattr(part, "properties", ()):
            check_properties(part.kind, properties)


def _check_segments(found: Collection[Refs], segment: int | None, community: int | None) -> None:
    """Walk what the rule names, and what that names, and so on."""
    seen: set[int] = set()
    ahead = {named for refs in found for named in refs.segments}
    while ahead:
        if segment is not None and segment in ahead:
            raise Refused("segment.circle")
        rows = list(Segment.objects.filter(pk__in=ahead))
        if len(rows) < len(ahead):
            raise Refused("segment.segment_gone")
        if any(row.community_id not in {None, community} for row in rows) and community is not None:
            raise Refused("segment.elsewhere")
        seen |= ahead
        named = {
            other for row in rows if row.rule for leaf in leaves(read_rule(row.rule)) for other in leaf.refs.segments
        }
        ahead = named - seen

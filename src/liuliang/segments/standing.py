"""Working out everybody's layers, moving people between them, correcting by hand, and trying other rules."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _
from pydantic import ValidationError
from pyroaring import BitMap

from liuliang.accounts import audit
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.kernel.events import Fact
from liuliang.kernel.log import append
from liuliang.lake.bitmaps import from_ids
from liuliang.lake.queries import fingerprint as lake_fingerprint
from liuliang.lake.zones import default_zone
from liuliang.people.models import Member
from liuliang.segments.base import Config
from liuliang.segments.evaluating import loaded
from liuliang.segments.events import LayerMoved
from liuliang.segments.features import Features, read_features
from liuliang.segments.keeping import hold, layers_moved
from liuliang.segments.layering import Dimension, dimensions
from liuliang.segments.models import LayerCorrection, Layering, LayerRules, LayerSet, LayerSize

RULES_CHANGED = audit.action("layer.rules_changed", _("修改分层规则"))
CORRECTED = audit.action("layer.corrected", _("手动修改成员分层"))
UNCORRECTED = audit.action("layer.uncorrected", _("取消手动分层"))

_FACTS = 50_000

Sets = dict[str, BitMap]
"""The members of each layer of a dimension."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A person's layer in one dimension (None: none), why, and the correction if staff said so."""

    dimension: Dimension[Any]
    layer: str | None
    reason: str
    correction: LayerCorrection | None = None

    @property
    def title(self) -> str:
        """Return what the layer is called."""
        return str(self.dimension.layers[self.layer].title) if self.layer else "—"


@dataclass(frozen=True, slots=True)
class Preview:
    """What other rules would do: sizes before and after, and who would move from where to where."""

    before: Mapping[str, int]
    after: Mapping[str, int]
    moves: Mapping[tuple[str, str], BitMap]


def work_out_layers(*, at: datetime, cause: str = "day") -> bool:
    """Work out everybody's layers if anything they are made of has changed; return whether that was so.

    Moves are logged, but not the very first layers of a dimension: nobody moved then.
    """
    with transaction.atomic():
        hold(at)
        now = _fingerprint(at)
        if Layering.objects.filter(fingerprint=now).exists():
            return False
        people = read_features(at)
        corrections = _corrections()
        rules = {dimension.key: rules_of(dimension) for dimension in dimensions()}
        norms = {dimension.key: dimension.norms(people, rules[dimension.key]) for dimension in dimensions()}
        moved = []
        for dimension in dimensions():
            key = dimension.key
            if _store(dimension, _assigned(dimension, people, rules[key], norms[key], corrections), at, cause):
                moved.append(key)
        told = {
            "people": len(people),
            "here": int(people.is_here.sum()),
            "gone": int(people.is_gone.sum()),
            "last_member": int(people.member.max(initial=0)),
        }
        Layering.objects.update_or_create(id=1, defaults={"at": at, "fingerprint": now, "norms": norms, **told})
        if moved:
            layers_moved(moved, at=at)
    return True


def last_layering() -> Layering | None:
    """Return when layers were last worked out, and of whom; None before anybody had one."""
    return Layering.objects.filter(id=1, people__gt=0).first()


def newcomers(layering: Layering | None) -> int:
    """Return how many people are known since layers were last worked out."""
    since = layering.last_member if layering is not None else 0
    return Member.objects.filter(id__gt=since, canonical=None, erased_at=None, is_bot=False).count()


def rules_of(dimension: Dimension[Any]) -> Config:
    """Return the thresholds in force; those that can no longer be read give way to the ready-made ones."""
    row = LayerRules.objects.filter(pk=dimension.key).first()
    try:
        config: Config = dimension.config.model_validate(row.config if row else {})
    except ValidationError:
        config = dimension.config()
    return config


@transaction.atomic
def change_rules(dimension: Dimension[Any], config: Config, *, at: datetime) -> None:
    """Set the thresholds of a dimension and work its layers out by them."""
    before = rules_of(dimension).model_dump()
    row, _is_new = LayerRules.objects.update_or_create(
        pk=dimension.key,
        defaults={"config": config.model_dump(mode="json"), "changed_at": at, "changed_by": audit.actor().staff},
    )
    changes = {key: (before[key], value) for key, value in config.model_dump().items()}
    audit.record(RULES_CHANGED, row, name=str(dimension.title), changes=changes)
    work_out_layers(at=at, cause="rule")


def preview_rules(dimension: Dimension[Any], config: Config, *, at: datetime) -> Preview:
    """Return what these thresholds would do, without changing anything."""
    now = current(dimension)
    people = read_features(at)
    then = _assigned(dimension, people, config, dimension.norms(people, config), _corrections())
    moves = {}
    for before in now:
        for after in then:
            if before != after and (movers := now[before] & then[after]):
                moves[before, after] = movers
    return Preview(_sizes(now), _sizes(then), moves)


def current(dimension: Dimension[Any]) -> Sets:
    """Return the members of each layer, as last worked out."""
    sets = {layer: BitMap() for layer in dimension.layers}
    for row in LayerSet.objects.filter(dimension=dimension.key):
        if row.layer in sets:
            sets[row.layer] = loaded(row.members)
    return sets


def standings(member: int, *, at: datetime) -> list[Standing]:
    """Return a person's layer in every dimension, with the reason as things are now."""
    norms = _norms()
    if not norms:
        return []
    person = read_features(at, BitMap([member]))
    if not len(person):
        return []
    corrections = {row.dimension: row for row in LayerCorrection.objects.filter(member=member).select_related("staff")}
    rows = LayerSet.objects.all()
    held = {row.dimension: row.layer for row in rows if member in loaded(row.members)}
    found = []
    for dimension in dimensions():
        if dimension.key not in norms:
            continue
        reason = dimension.reason(person, rules_of(dimension), norms[dimension.key])
        layer = held.get(dimension.key)
        known = layer if layer in dimension.layers else None
        found.append(Standing(dimension, known, reason, corrections.get(dimension.key)))
    return found


@transaction.atomic
def correct_layer(member: int, dimension: Dimension[Any], layer: str, *, reason: str, at: datetime) -> None:
    """Put a person into a layer by hand; it holds until taken back.

    Raises:
        Refused: ``member.erased``, or ``segment.layer_unknown``.
    """
    if layer not in dimension.layers:
        raise Refused("segment.layer_unknown", layer=layer[:60])
    found = Member.objects.get(pk=member)
    if found.erased_at is not None:
        raise Refused("member.erased")
    hold(at)
    LayerCorrection.objects.update_or_create(
        member=found,
        dimension=dimension.key,
        defaults={"layer": layer, "reason": reason.strip()[:300], "staff": audit.actor().staff, "at": at},
    )
    _move_one(member, dimension, layer, at)
    title = str(dimension.layers[layer].title)
    audit.record(CORRECTED, found, changes={str(dimension.title): ("", title)}, personal={"reason"} if reason else ())


@transaction.atomic
def take_back_correction(member: int, dimension: Dimension[Any], *, at: datetime) -> None:
    """Let the rules decide again where a person belongs."""
    hold(at)
    if not LayerCorrection.objects.filter(member=member, dimension=dimension.key).delete()[0]:
        return
    person = read_features(at, BitMap([member]))
    places = dimension.assign(person, rules_of(dimension), _norms().get(dimension.key, {}))
    layer = list(dimension.layers)[int(places[0])] if len(places) and places[0] >= 0 else ""
    _move_one(member, dimension, layer, at)
    audit.record(UNCORRECTED, Member.objects.get(pk=member), changes={str(dimension.title): ("", layer)})


def _move_one(member: int, dimension: Dimension[Any], layer: str, at: datetime) -> None:
    sets = current(dimension)
    for members in sets.values():
        members.discard(member)
    if layer:
        sets[layer].add(member)
    if _store(dimension, sets, at, "staff"):
        layers_moved([dimension.key], at=at)


def _norms() -> dict[str, dict[str, int]]:
    """Return what people were held against when layers were last worked out; empty before that."""
    row = Layering.objects.filter(id=1).first()
    return row.norms if row else {}


def _assigned(
    dimension: Dimension[Any],
    people: Features,
    config: Config,
    norms: Mapping[str, int],
    corrections: Mapping[str, Sets],
) -> Sets:
    places = dimension.assign(people, config, norms)
    by_hand = corrections.get(dimension.key, {})
    corrected = BitMap.union(BitMap(), *by_hand.values())
    everyone = from_ids(people.member)
    sets = {}
    for place, layer in enumerate(dimension.layers):
        members = from_ids(people.member[places == place])
        sets[layer] = (members - corrected) | (by_hand.get(layer, BitMap()) & everyone)
    return sets


def _corrections() -> dict[str, Sets]:
    found: dict[str, Sets] = {}
    rows = LayerCorrection.objects.values_list("dimension", "layer", "member", "member__canonical")
    for dimension, layer, member, canonical in rows.order_by("at"):
        found.setdefault(dimension, {}).setdefault(layer, BitMap()).add(canonical or member)
    return found


def _store(dimension: Dimension[Any], sets: Sets, at: datetime, cause: str) -> bool:
    """Store the sets of a dimension's layers and log who moved; return whether anybody did."""
    before = current(dimension)
    is_first = not LayerSet.objects.filter(dimension=dimension.key).exists()
    changed = [layer for layer in sets if sets[layer] != before[layer]]
    LayerSet.objects.bulk_create(
        [
            LayerSet(dimension=dimension.key, layer=layer, members=members.serialize(), size=len(members))
            for layer, members in sets.items()
            if is_first or layer in changed
        ],
        update_conflicts=True,
        unique_fields=["dimension", "layer"],
        update_fields=["members", "size"],
    )
    _remember_sizes(dimension, sets, at)
    if is_first or not changed:
        return is_first
    _log(dimension, before, sets, at, cause)
    return True


def _log(dimension: Dimension[Any], before: Sets, after: Sets, at: datetime, cause: str) -> None:
    was = [*before.items(), ("", BitMap.union(*after.values()) - BitMap.union(*before.values()))]
    becomes = [*after.items(), ("", BitMap.union(*before.values()) - BitMap.union(*after.values()))]
    instant = int(at.timestamp() * 1_000_000)
    waiting: list[Fact] = []
    for from_layer, from_members in was:
        for to_layer, to_members in becomes:
            if from_layer == to_layer:
                continue
            payload = LayerMoved(dimension.key, from_layer, to_layer, cause)
            for member in from_members & to_members:
                waiting.append(Fact(payload, at, "segments", f"layer:{dimension.key}:{member}:{instant}", member))
                if len(waiting) == _FACTS:
                    append(waiting)
                    waiting = []
    append(waiting)


def _remember_sizes(dimension: Dimension[Any], sets: Sets, at: datetime) -> None:
    day = clock.local_day(at, default_zone())
    LayerSize.objects.bulk_create(
        [
            LayerSize(dimension=dimension.key, layer=layer, day=day, size=len(members))
            for layer, members in sets.items()
        ],
        update_conflicts=True,
        unique_fields=["dimension", "layer", "day"],
        update_fields=["size"],
    )


def _sizes(sets: Sets) -> dict[str, int]:
    return {layer: len(members) for layer, members in sets.items()}


def _fingerprint(at: datetime) -> str:
    """Return a text that changes whenever the layers may."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT array_agg((dimension, config)::text ORDER BY dimension) FROM segments_layerrules),"
            " (SELECT array_agg((member_id, dimension, layer)::text ORDER BY member_id, dimension)"
            " FROM segments_layercorrection),"
            " (SELECT max(id) FROM people_member),"
            " (SELECT array_agg(id ORDER BY id) FROM people_member WHERE is_bot)"
        )
        made_of = cursor.fetchone()
    known = [*(dimension.key for dimension in dimensions()), *(column.name for column in fields(Features))]
    day = clock.local_day(at, default_zone())
    return hashlib.sha256(repr((lake_fingerprint(), made_of, known, day)).encode()).hexdigest()

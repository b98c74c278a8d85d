"""Keeping dynamic segments up to date: what an event touches is worked out again, and nothing else.

The set of every condition in use is kept. After new events, each is worked out again for just the members whom events of
its kinds concern, or for everybody once time alone may have changed it; then the segments that use it are combined anew,
and who came or went is logged. That this equals working everything out from nothing is a property test.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from pyroaring import BitMap

from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.kernel.events import Fact
from liuliang.kernel.log import append
from liuliang.kernel.logs import get_logger
from liuliang.kernel.readers import Reader, reached, readers
from liuliang.lake.zones import default_zone
from liuliang.segments.base import Context, Touched, conditions
from liuliang.segments.calendars import extent
from liuliang.segments.evaluating import context_of, decided_since, evaluate, everybody, loaded, with_held
from liuliang.segments.events import SegmentEntered, SegmentLeft
from liuliang.segments.models import KeptLeaf, Segment
from liuliang.segments.rules import Leaf, combine, leaves, read_rule
from liuliang.segments.tables import read_columns

READER = "segments.keeping"

MOST_ASKED = 20_000
"""Members asked about one by one; with more, everybody is asked about at once, which is then quicker."""

EVERYBODY = "everybody"
"""The name under which the people of a branch are kept beside the conditions."""

_FACTS = 50_000

_RETRY = timedelta(minutes=15)
"""How long a condition that could not be worked out is left as it was."""

logger = get_logger(__name__)


def hold(at: datetime) -> None:
    """Let nobody else change what is kept until the transaction ends, and bring it up to date with the time."""
    _reader().hold()
    if is_whole():
        keep_up(Touched(), at=at)


def is_whole() -> bool:
    """Tell whether what sets are worked out from holds everything that they have been told of.

    It does not while the lake is copied anew, or the memberships are: who is not there yet would leave every segment.
    """
    limit = _reader().limit()
    return limit is None or limit >= reached(READER)


def _reader() -> Reader:
    return next(reader for reader in readers() if reader.name == READER)


def keep_segment(segment: Segment, *, at: datetime, cause: str) -> None:
    """Work out a segment from its rule and store it; of a dynamic one, keep its conditions from now on.

    Who came and went is logged with ``cause``; nothing is with an empty one. Call after `hold`.
    """
    found = list(dict.fromkeys(leaves(read_rule(segment.rule))))
    if segment.is_dynamic:
        work = _Pass(at)
        branch = work.branch(segment.community_id)
        work.take_up(branch, found)
        work.recombine(segment, branch, cause)
        return
    work = _Pass(at)
    branch = work.branch(segment.community_id)
    context = with_held(branch.context, found)
    sets = evaluate(found, context)
    work.store(segment, combine(read_rule(segment.rule), sets.__getitem__, everybody(context)), cause="")


def keep_up(touched: Touched, *, at: datetime) -> None:
    """Bring every dynamic segment up to date with events that concern these members, and with the time. Call under `hold`."""
    work = _Pass(at)
    for community in KeptLeaf.objects.order_by("community").values_list("community", flat=True).distinct():
        work.settle_branch(work.branch(community), touched)
    for segment in _in_order(_dynamic()):
        branch = work.branch(segment.community_id)
        work.settle_related(segment, branch, touched)
        if work.concerns(segment, branch, touched):
            work.recombine(segment, branch, "event" if touched.members else "time")
    if touched.entirely:
        _settle_lists(touched.entirely)


def layers_moved(dimensions: Collection[str], *, at: datetime) -> None:
    """Bring the segments up to date that speak of these dimensions' layers. Call after `hold`."""
    work = _Pass(at)
    for segment in _in_order(_dynamic()):
        named = {dimension for leaf in leaves(read_rule(segment.rule)) for dimension, _ in leaf.refs.layers}
        if named & set(dimensions) or any(leaf.refs.segments & work.moved for leaf in leaves(read_rule(segment.rule))):
            branch = work.branch(segment.community_id)
            work.settle_related(segment, branch, Touched())
            work.recombine(segment, branch, "time")


def sweep() -> None:
    """Forget the conditions that no dynamic segment uses any more."""
    used = set()
    for segment in _dynamic():
        used.add(_key(segment.community_id, EVERYBODY))
        used |= {_key(segment.community_id, leaf.key) for leaf in leaves(read_rule(segment.rule))}
    KeptLeaf.objects.exclude(key__in=used).delete()


def remember_size(segment: Segment, *, at: datetime, entered: int = 0, left: int = 0) -> None:
    """Note how large the segment is on this day, adding to who came and went."""
    day = clock.local_day(at, default_zone())
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO segments_segmentsize AS known (segment_id, day, size, entered, "left") VALUES (%s, %s, %s, %s, %s)'
            " ON CONFLICT (segment_id, day) DO UPDATE SET size = excluded.size,"
            ' entered = known.entered + excluded.entered, "left" = known."left" + excluded."left"',
            [segment.pk, day, segment.size, entered, left],
        )


@dataclass
class _Branch:
    """What is kept of one branch: rows and sets by leaf key, and which of them this pass has changed."""

    community: int | None
    context: Context
    rows: dict[str, KeptLeaf]
    sets: dict[str, BitMap] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)

    def take_up(self, key: str, condition: str, config: dict[str, Any]) -> None:
        """Begin to keep a set."""
        self.rows[key] = KeptLeaf(
            key=_key(self.community, key), community_id=self.community, condition=condition, config=config
        )

    def members(self, key: str) -> BitMap:
        """Return a kept set."""
        if key not in self.sets:
            row = self.rows[key]
            self.sets[key] = loaded(row.members)
        return self.sets[key]

    def store(self, key: str, members: BitMap, due_at: datetime | None, extent: str) -> None:
        """Keep a set; rows that stay as they are are not written."""
        row = self.rows[key]
        is_new = row.pk is None
        if is_new or members != self.members(key):
            row.members = members.serialize()
            self.changed.add(key)
        elif row.due_at == due_at and row.extent == extent:
            return
        self.sets[key] = members
        row.due_at, row.extent, row.evaluated_at = due_at, extent, self.context.at
        row.save()


class _Pass:
    """One bringing up to date, as of one instant."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.extent = extent() if is_whole() else ""
        self.branches: dict[int | None, _Branch] = {}
        self.moved: set[int] = set()
        """Segments whose members this pass has changed."""

    def branch(self, community: int | None) -> _Branch:
        """Return a branch with what is kept of it."""
        if community not in self.branches:
            context = context_of(community, self.at)
            rows = {}
            for row in KeptLeaf.objects.filter(community=community):
                if row.condition == EVERYBODY:
                    rows[EVERYBODY] = row
                elif conditions().get(row.condition):
                    rows[_leaf(row).key] = row
            self.branches[community] = _Branch(community, context, rows)
        return self.branches[community]

    def take_up(self, branch: _Branch, found: Iterable[Leaf]) -> None:
        """Work out the conditions that are not kept yet, and the people of a branch that is new."""
        if EVERYBODY not in branch.rows:
            branch.take_up(EVERYBODY, EVERYBODY, {})
            branch.store(EVERYBODY, everybody(branch.context), None, self.extent)
        fresh = [leaf for leaf in found if not leaf.condition.is_read and leaf.key not in branch.rows]
        for leaf in fresh:
            branch.take_up(leaf.key, leaf.condition.key, leaf.config.model_dump(mode="json", exclude_defaults=True))
        self._work_out(branch, fresh)

    def settle_branch(self, branch: _Branch, touched: Touched) -> None:
        """Bring the branch's people and all conditions that name no segment up to date."""
        touched = self._settle_people(branch, touched)
        whole: list[Leaf] = []
        partly: list[tuple[Leaf, BitMap]] = []
        for key, row in branch.rows.items():
            if key == EVERYBODY or key in branch.done:
                continue
            leaf = _leaf(row)
            if leaf.refs.segments or self._waits(row):
                continue
            branch.done.add(key)
            asked = None if self._is_due(row) else leaf.condition.touched(leaf.config, touched)
            if asked is None or len(asked) > MOST_ASKED:
                whole.append(leaf)
            elif asked:
                partly.append((leaf, asked))
        self._work_out(branch, whole)
        if partly:
            # One scan for all: to be asked about more members than one's own events concern does no harm.
            together = BitMap.union(*(asked for _, asked in partly))
            if len(together) > MOST_ASKED:
                self._work_out(branch, [leaf for leaf, _ in partly])
                return
            self._work_out_partly(branch, [leaf for leaf, _ in partly], together, touched)

    def settle_related(self, segment: Segment, branch: _Branch, touched: Touched) -> None:
        """Bring the segment's conditions that name other segments up to date; those segments have been."""
        due = []
        for leaf in leaves(read_rule(segment.rule)):
            if leaf.condition.is_read or not leaf.refs.segments or leaf.key in branch.done:
                continue
            row = branch.rows[leaf.key]
            if self._waits(row):
                continue
            branch.done.add(leaf.key)
            is_stale = self._is_due(row) or bool(leaf.refs.segments & self.moved)
            if is_stale or leaf.condition.touched(leaf.config, touched) is None:
                due.append(leaf)
        self._work_out(branch, due)

    def concerns(self, segment: Segment, branch: _Branch, touched: Touched) -> bool:
        """Tell whether anything the segment is made of has changed."""
        if EVERYBODY in branch.changed:
            return True
        for leaf in leaves(read_rule(segment.rule)):
            if leaf.key in branch.changed or leaf.refs.segments & self.moved:
                return True
            if leaf.refs.layers and touched.of(leaf.condition.kinds(leaf.config)):
                return True
        return False

    def recombine(self, segment: Segment, branch: _Branch, cause: str) -> None:
        """Make the segment of its conditions again."""
        rule = read_rule(segment.rule)
        found = list(dict.fromkeys(leaves(rule)))
        read = [leaf for leaf in found if leaf.condition.is_read]
        at_hand = evaluate(read, with_held(branch.context, read)) if read else {}
        members = combine(
            rule,
            lambda leaf: at_hand[leaf] if leaf in at_hand else branch.members(leaf.key),
            branch.members(EVERYBODY),
        )
        self.store(segment, members, cause)

    def store(self, segment: Segment, members: BitMap, cause: str) -> None:
        """Store who is in a segment, and log who came and went."""
        before = loaded(segment.members)
        entered, left = members - before, before - members
        segment.evaluated_at = self.at
        if not entered and not left:
            Segment.objects.filter(pk=segment.pk).update(evaluated_at=self.at)
            if not segment.sizes.exists():
                remember_size(segment, at=self.at)
            return
        segment.members, segment.size = members.serialize(), len(members)
        segment.save(update_fields=["members", "size", "evaluated_at"])
        self.moved.add(segment.pk)
        if not cause:
            remember_size(segment, at=self.at)
            return
        remember_size(segment, at=self.at, entered=len(entered), left=len(left))
        _log(segment.pk, entered, left, self.at, cause)

    def _settle_people(self, branch: _Branch, touched: Touched) -> Touched:
        """Bring the branch's people up to date; of those who came or went, everything is to be worked out."""
        row = branch.rows.get(EVERYBODY)
        if row is None:
            return touched
        everyone = BitMap.union(touched.entirely, *touched.members.values())
        asked = None if self._is_due(row) or len(everyone) > MOST_ASKED else everyone
        if asked is not None and not asked:
            return touched
        before = branch.members(EVERYBODY)
        found = everybody(branch.context, asked)
        now = found if asked is None else (before - asked) | found
        branch.store(EVERYBODY, now, None, self.extent)
        return replace(touched, entirely=touched.entirely | (before ^ now))

    def _work_out_partly(self, branch: _Branch, found: list[Leaf], among: BitMap, touched: Touched) -> None:
        """Work conditions out for some members: where one event decides, by the new events alone."""
        context = with_held(branch.context, found)
        decided = decided_since(found, context, among - touched.entirely, touched.since)
        kept = {leaf: branch.members(leaf.key) for leaf in found}
        for leaf, (newly, are_in) in decided.items():
            kept[leaf] = kept[leaf] | newly if are_in else kept[leaf] - newly
        for asked, part in ((touched.entirely, decided.keys()), (among, set(found) - decided.keys())):
            for leaf, members in (evaluate(part, context, asked) if asked else {}).items():
                kept[leaf] = (kept[leaf] - asked) | members
        for leaf, members in kept.items():
            self._keep(branch, leaf, members, context)

    def _work_out(self, branch: _Branch, found: list[Leaf]) -> None:
        """Work conditions out for everybody. Of several, one that takes too much stays as it was and is tried again later."""
        if not found:
            return
        context = with_held(branch.context, found)
        try:
            sets = evaluate(found, context)
        except Refused as refused:
            if len(found) > 1:
                for leaf in found:
                    self._work_out(branch, [leaf])
                return
            row = branch.rows[found[0].key]
            if row.pk is None:
                raise
            logger.warning("condition not brought up to date", condition=row.condition, code=refused.code)
            row.due_at, row.extent = self.at + _RETRY, ""
            row.save(update_fields=["due_at", "extent"])
            return
        for leaf, members in sets.items():
            self._keep(branch, leaf, members, context)

    def _keep(self, branch: _Branch, leaf: Leaf, members: BitMap, context: Context) -> None:
        """Keep a condition's set; one that was worked out from a part only is due at once."""
        due_at = leaf.condition.due_at(leaf.config, context) if self.extent else self.at
        branch.store(leaf.key, members, due_at, self.extent)

    def _waits(self, row: KeptLeaf) -> bool:
        """Tell whether a set is to be worked out as a whole, and not yet: part of it would look like all of it."""
        return not row.extent and row.due_at is not None and row.due_at > self.at

    def _is_due(self, row: KeptLeaf) -> bool:
        return row.extent != self.extent or (row.due_at is not None and row.due_at <= self.at)


def _dynamic() -> list[Segment]:
    """Return the dynamic segments; those stay as they are whose rule holds a condition that was uninstalled."""
    found = []
    for segment in Segment.objects.filter(is_dynamic=True):
        try:
            read_rule(segment.rule)
        except Refused as refused:
            logger.warning("segment not kept up to date", segment=segment.pk, code=refused.code)
        else:
            found.append(segment)
    return found


def _in_order(segments: Iterable[Segment]) -> list[Segment]:
    """Return segments so that each comes after those that its rule names."""
    by_id = {segment.pk: segment for segment in segments}
    named = {pk: {n for leaf in leaves(read_rule(each.rule)) for n in leaf.refs.segments} for pk, each in by_id.items()}
    ordered: dict[int, Segment] = {}

    def visit(pk: int) -> None:
        if pk in ordered or pk not in by_id:
            return
        for other in sorted(named[pk]):
            visit(other)
        ordered[pk] = by_id[pk]

    for pk in sorted(by_id):
        visit(pk)
    return list(ordered.values())


def _settle_lists(turned: BitMap) -> None:
    """Let lists that were fixed by hand hold the persons that their records mean now, and nobody who was erased."""
    records, persons = read_columns(
        "SELECT m.id, coalesce(m.canonical_id, m.id) FROM people_member m"
        " WHERE m.id = ANY(%(turned)s) AND m.erased_at IS NULL",
        {"turned": list(turned)},
        columns=2,
    )
    meant = dict(zip(records.tolist(), persons.tolist(), strict=True))
    for segment in Segment.objects.filter(is_dynamic=False):
        before = loaded(segment.members)
        concerned = before & turned
        after = (before - concerned) | BitMap([meant[record] for record in concerned if record in meant])
        if after != before:
            segment.members, segment.size = after.serialize(), len(after)
            segment.save(update_fields=["members", "size"])


def _log(segment: int, entered: BitMap, left: BitMap, at: datetime, cause: str) -> None:
    instant = int(at.timestamp() * 1_000_000)
    waiting: list[Fact] = []
    for members, payload in ((entered, SegmentEntered(segment, cause)), (left, SegmentLeft(segment, cause))):
        for member in members:
            key = f"{segment}:{payload.kind}:{member}:{instant}"
            waiting.append(Fact(payload, at, "segments", key, member))
            if len(waiting) == _FACTS:
                append(waiting)
                waiting = []
    append(waiting)


def _leaf(row: KeptLeaf) -> Leaf:
    rule = read_rule({"if": row.condition, **row.config})
    assert isinstance(rule, Leaf)  # noqa: S101 - what a condition reads as
    return rule


def _key(community: int | None, key: str) -> str:
    return hashlib.sha256(f"{community or 0}:{key}".encode()).hexdigest()[:40]

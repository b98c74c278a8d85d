"""Whatever happens in whatever order, the lake says what the log says."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liuliang.kernel import log
from liuliang.kernel.events import Fact
from liuliang.kernel.readers import Mark
from liuliang.lake import aliases, catalogue, compaction, erasure, queries, rewriting, zones
from liuliang.lake.models import LakeAlias, LakeFile
from liuliang.lake.tables import EVENT, MEMBER_DAY

from .conftest import Frozen, Rippled, Truth, ahead, assert_true, read_days, read_events, seal_here

ZONES = ("Asia/Shanghai", "America/New_York", "Asia/Kathmandu", "UTC")
MEMBERS = st.integers(1, 5)
# Around the ends of days, months and years, where mistakes live.
EDGES = (
    datetime(2026, 1, 31, 16, tzinfo=UTC),
    datetime(2026, 3, 1, tzinfo=UTC),
    datetime(2025, 12, 31, 18, tzinfo=UTC),
)
INSTANTS = st.builds(
    lambda edge, seconds, micros: edge + timedelta(seconds=seconds, microseconds=micros),
    st.sampled_from(EDGES),
    st.integers(-30_000, 30_000),
    st.integers(0, 999_999),
)
PAYLOADS = st.one_of(
    st.builds(
        Rippled,
        text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8),
        amount=st.integers(-(2**40), 2**40),
        friend=st.none() | MEMBERS,
    ),
    st.builds(Frozen, depth=st.integers(0, 9)),
)
EVENTS = st.lists(
    st.tuples(PAYLOADS, INSTANTS, st.none() | MEMBERS, st.sampled_from([None, 1, 2, 3])), min_size=1, max_size=6
)
STEPS = st.one_of(
    st.tuples(st.sampled_from(["append", "append_and_seal"]), EVENTS),
    st.tuples(st.sampled_from(["seal", "killed_seal"]), st.integers(1, 8)),
    st.tuples(st.just("merge"), st.tuples(MEMBERS, MEMBERS)),
    st.tuples(st.sampled_from(["split", "erase"]), MEMBERS),
    st.tuples(
        st.sampled_from(["move", "move_and_recount"]), st.tuples(st.sampled_from([1, 2, 3]), st.sampled_from(ZONES))
    ),
    st.tuples(st.sampled_from(["compact", "settle", "recount", "sweep", "killed_tidying"]), st.none()),
)
ENDING = [("seal", 100), ("compact", None), ("settle", None), ("recount", None), ("sweep", None)]


DAYS = sorted({(edge + timedelta(days=days)).date() for edge in EDGES for days in (-1, 0, 1)})


class Undo(Exception):  # noqa: N818
    pass


class Story:
    """One lake's life, beside the truth."""

    def __init__(self, moving: dict[int, str], default: str) -> None:
        self.moving, self.default = moving, default
        self.truth = Truth()
        self.mark = Mark()
        self.appended = 0
        self.remembered: dict[tuple[str, date, str], list[tuple]] = {}

    def run(self, name: str, argument: object) -> None:
        getattr(self, name)(argument)
        assert_true(self.truth, self.mark, self.default)
        self.ask_of_days()

    def ask_of_days(self) -> None:
        """Ask for single days: what has the fingerprint of before must have the answer of before."""
        days, events = read_days(), read_events()
        for day in DAYS:
            since = datetime.combine(day, time(), UTC)
            span = (since, since + timedelta(days=1))
            on_it = sorted((*key, *sums) for key, sums in days.items() if key[1] == day)
            within = [row for row in events if span[0] <= row[3] < span[1]]
            for table, rows in ((MEMBER_DAY, on_it), (EVENT, within)):
                told = queries.fingerprint_within(table, *span)
                assert self.remembered.setdefault((table.name, day, told), rows) == rows

    def append(self, events: list[tuple]) -> None:
        facts = []
        for payload, at, member, community in events:
            self.appended += 1
            facts.append(Fact(payload, at, "story", str(self.appended), member, community))
        log.append(facts)

    def append_and_seal(self, events: list[tuple]) -> None:
        self.append(events)
        self.seal(100)

    def seal(self, limit: int) -> None:
        window = ahead(self.mark, limit)
        self.mark = seal_here(self.mark, limit)
        for event in window.events() if window else ():
            community = event.community or 0
            self.truth.counted_in.setdefault(community, self.moving.get(community, self.default))

    def killed_seal(self, limit: int) -> None:
        with pytest.raises(Undo), transaction.atomic():
            seal_here(self.mark, limit)
            raise Undo

    def merge(self, pair: tuple[int, int]) -> None:
        record, into = pair
        root = self.truth.canonical.get(into, into)
        mine = self.truth.canonical.get(record, record)
        moved = {member: root for member in range(1, 6) if self.truth.canonical.get(member, member) == mine}
        self.truth.canonical |= moved
        aliases.set_canonical(moved)

    def split(self, record: int) -> None:
        self.truth.canonical[record] = record
        aliases.set_canonical({record: record})

    def erase(self, record: int) -> None:
        self.truth.erased.add(record)
        erasure.erase([record])

    def move(self, where: tuple[int, str]) -> None:
        self.moving[where[0]] = where[1]

    def move_and_recount(self, where: tuple[int, str]) -> None:
        self.move(where)
        self.recount(None)

    def compact(self, _: None) -> None:
        compaction.compact()

    def killed_tidying(self, _: None) -> None:
        with pytest.raises(Undo), transaction.atomic():
            compaction.compact()
            rewriting.settle()
            raise Undo

    def settle(self, _: None) -> None:
        rewriting.settle()
        assert not LakeAlias.objects.filter(settled_at=None).exists()

    def recount(self, _: None) -> None:
        zones.recount()
        for community in self.truth.counted_in:
            self.truth.counted_in[community] = self.moving.get(community, self.default)

    def sweep(self, _: None) -> None:
        catalogue.sweep()
        assert {path.name for path in catalogue.root().iterdir()} == set(
            LakeFile.objects.values_list("path", flat=True)
        )


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=6, max_size=20))
def test_any_order_of_sealing_merging_rewriting_and_failing_gives_the_same_answers(
    db, settings, time_zones, tmp_path, monkeypatch, *, steps
):
    monkeypatch.setattr(compaction, "FAN_IN", 2)
    time_zones.clear()
    settings.LAKE_ROOT = tmp_path / uuid.uuid4().hex
    with pytest.raises(Undo), transaction.atomic():
        story = Story(time_zones, settings.TIME_ZONE)
        for name, argument in [*steps, *ENDING]:
            story.run(name, argument)
        raise Undo

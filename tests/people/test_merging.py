from __future__ import annotations

import random
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.db import connection, connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.kernel.events import Fact
from liuliang.kernel.log import append
from liuliang.kernel.models import LoggedEvent
from liuliang.kernel.projections import rebuild
from liuliang.kernel.readers import catch_up
from liuliang.people.events import MemberJoined, MemberLeft, MemberListed, MemberRoleChanged, MessageSent
from liuliang.people.identities import Known, resolve_members
from liuliang.people.merging import member_projections, merge_members, merge_pairs, split_member
from liuliang.people.models import Activity, Community, Member, Membership, Merge, MergeProposal
from liuliang.people.proposals import accept_proposal, propose_pairs, reject_proposal, reopen_proposal

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
MEMBERS = 5


def memberships() -> dict[tuple[int, int], tuple]:
    """Return every row of the projection by member and community."""
    fields = [f.name for f in Membership._meta.fields if f.name not in {"id", "member", "community", "inviter"}]
    rows = Membership.objects.values_list("member_id", "community_id", "inviter", *fields)
    return {row[:2]: row[2:] for row in rows}


def activities() -> dict[int, tuple]:
    rows = Activity.objects.values_list("member_id", "first_seen_at", "last_seen_at", "last_spoke_at", "messages")
    return {row[0]: row[1:] for row in rows}


def fold_everything() -> None:
    for projection in member_projections():
        catch_up(projection)


@dataclass
class Model:
    """What should be known, in plain Python: the facts, and which record means whom."""

    facts: list[Fact] = field(default_factory=list)
    into: dict[int, int] = field(default_factory=dict)

    def person(self, record: int) -> int:
        while record in self.into:
            record = self.into[record]
        return record

    def presence(self) -> dict[tuple[int, int], tuple]:
        known = defaultdict(list)
        for fact in self.facts:
            known[self.person(fact.member), fact.community].append(fact)
        return {place: self._summary(facts) for place, facts in known.items()}

    @staticmethod
    def _summary(facts: list[Fact]) -> tuple:
        def times(kind: type) -> list:
            return [fact.occurred_at for fact in facts if isinstance(fact.payload, kind)]

        left = max(times(MemberLeft), default=None)
        back = max(times(MemberJoined) + times(MessageSent) + times(MemberListed), default=None)
        last_join = max(times(MemberJoined), default=None)
        inviters = [
            fact.payload.inviter
            for fact in facts
            if isinstance(fact.payload, MemberJoined) and fact.occurred_at == last_join
        ]
        return (
            max((inviter for inviter in inviters if inviter is not None), default=None),
            len(times(MessageSent)),
            left is None or (back is not None and left < back),
            min(fact.occurred_at for fact in facts),
        )


def told() -> dict[tuple[int, int], tuple]:
    rows = Membership.objects.values_list(
        "member_id", "community_id", "inviter", "messages", "is_present", "first_seen_at"
    )
    return {row[:2]: row[2:] for row in rows}


STEP = st.one_of(
    st.tuples(st.just("merge"), st.integers(0, MEMBERS - 1), st.integers(0, MEMBERS - 1)),
    st.tuples(st.just("split"), st.integers(0, MEMBERS - 1), st.just(0)),
    st.tuples(st.just("fold"), st.just(0), st.just(0)),
    st.tuples(
        st.sampled_from(["joined", "left", "listed", "spoke", "role"]),
        st.integers(0, MEMBERS - 1),
        st.integers(-6, 6),
    ),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(steps=st.lists(STEP, min_size=4, max_size=24))
def test_any_order_of_events_merges_and_splits_gives_what_a_rebuild_and_a_plain_count_give(transactional_db, steps):
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE people_member, people_community, kernel_event, kernel_cursor, lake_lakealias CASCADE")
    community = Community.objects.create(name="群", type="interest", created_at=AT)
    people = [Member.objects.create(name=f"人{n}", created_at=AT).pk for n in range(MEMBERS)]
    model = Model()
    for number, (what, one, other) in enumerate(steps):
        if what == "merge":
            if model.person(people[one]) != model.person(people[other]):
                model.into[model.person(people[one])] = model.person(people[other])
                merge_members(people[one], people[other], at=AT)
        elif what == "split":
            if model.into.pop(people[one], None):
                split_member(people[one], at=AT)
            else:
                with pytest.raises(Refused, match=r"member\.not_merged"):
                    split_member(people[one], at=AT)
        elif what == "fold":
            fold_everything()
        else:
            payload = {
                "joined": MemberJoined(inviter=people[number % MEMBERS] if number % 2 else None, how="invite"),
                "left": MemberLeft(),
                "listed": MemberListed(role="admin" if number % 2 else ""),
                "spoke": MessageSent("你好"),
                "role": MemberRoleChanged(role="owner" if number % 3 else ""),
            }[what]
            fact = Fact(payload, AT + timedelta(hours=other), "test", str(number), people[one], community.pk)
            model.facts.append(fact)
            append([fact])
    fold_everything()
    assert {m.id: m.canonical_id or m.id for m in Member.objects.all()} == {p: model.person(p) for p in people}
    assert told() == model.presence()
    before = memberships(), activities()
    for projection in member_projections():
        rebuild(projection)
    fold_everything()
    assert (memberships(), activities()) == before


@pytest.fixture
def three(db, at):
    return resolve_members([Known(name, (("qq", name),)) for name in "甲乙丙"], community=None, at=at)


def test_a_record_always_means_the_root_never_a_step_on_the_way(three, at):
    first, second, third = three
    merge_members(first, second, at=at)
    merge_members(second, third, at=at)
    assert set(Member.objects.filter(id__in=[first, second]).values_list("canonical_id", flat=True)) == {third}
    split_member(second, at=at)
    assert Member.objects.get(id=first).canonical_id == second, "what was merged into it before goes with it"
    assert Member.objects.get(id=second).canonical_id is None


def test_a_person_is_found_by_the_names_of_all_records_and_loses_them_again(three, at):
    first, second, _ = three
    merge_members(first, second, at=at + timedelta(days=1))
    assert set(Member.objects.get(id=second).name_grams) == {"甲", "乙"}
    split_member(first, at=at)
    assert Member.objects.get(id=second).name_grams == ["乙"]
    assert Member.objects.get(id=first).name_grams == ["甲"]


def test_merging_one_person_with_themselves_is_refused_and_changes_nothing(three, at):
    first, second, _ = three
    merge_members(first, second, at=at)
    with pytest.raises(Refused, match=r"member\.same"):
        merge_members(second, first, at=at)
    assert Merge.objects.count() == 1


def test_every_merge_and_split_stands_in_the_log_once(three, at):
    first, second, _ = three
    for _ in range(2):
        merge_members(first, second, at=at)
        split_member(first, at=at)
    kinds = LoggedEvent.objects.filter(member=first).order_by("position").values_list("kind", flat=True)
    assert list(kinds) == ["member.merged", "member.split"] * 2


def test_accepting_a_proposal_merges_and_undoing_it_keeps_the_two_apart(three, at):
    first, second, _ = three
    propose_pairs([(second, first)], score=70, evidence={}, at=at)
    accept_proposal(MergeProposal.objects.get().pk, at=at)
    assert Member.objects.get(id=second).canonical_id == first
    split_member(second, at=at)
    assert MergeProposal.objects.get().is_accepted is False
    assert merge_pairs({"same_identity": [(second, first)]}, at=at) == 0


def test_a_rejected_pair_is_neither_proposed_nor_merged_by_rule_until_it_is_reopened(three, at):
    first, second, _ = three
    propose_pairs([(first, second)], score=70, evidence={}, at=at)
    proposal = MergeProposal.objects.get().pk
    reject_proposal(proposal, at=at)
    propose_pairs([(first, second)], score=99, evidence={}, at=at)
    assert MergeProposal.objects.filter(decided_at=None).count() == 0
    assert merge_pairs({"same_identity": [(first, second)]}, at=at) == 0
    reopen_proposal(proposal)
    assert merge_pairs({"same_identity": [(first, second)]}, at=at) == 1
    assert MergeProposal.objects.get().is_accepted is True


def test_a_proposal_is_decided_once(three, at):
    first, second, _ = three
    propose_pairs([(first, second)], score=70, evidence={}, at=at)
    proposal = MergeProposal.objects.get().pk
    accept_proposal(proposal, at=at)
    with pytest.raises(Refused, match=r"proposal\.decided"):
        reject_proposal(proposal, at=at)


def merge_and_split(people: list[int], rng: random.Random) -> None:
    for _ in range(25):
        try:
            if rng.random() < 0.6:
                merge_members(*rng.sample(people, 2), at=AT)
            else:
                split_member(rng.choice(people), at=AT)
        except Refused:
            continue


def speak(people: list[int], community: int, rng: random.Random) -> None:
    for number in range(40):
        facts = [
            Fact(MessageSent("x"), clock.now(), "t", f"{rng.random()}", rng.choice(people), community) for _ in range(5)
        ]
        append(facts)
        resolve_members([Known(f"新{number}", (("qq", str(rng.randrange(12))),))], community=community, at=clock.now())


def test_threads_that_merge_split_append_and_fold_leave_what_a_rebuild_gives(transactional_db, make_community, at):
    community = make_community().id
    people = resolve_members([Known(f"人{n}", (("qq", str(n)),)) for n in range(12)], community=community, at=at)
    failures: list[BaseException] = []
    stop = threading.Event()

    def guarded(work, seed: int) -> threading.Thread:
        def run() -> None:
            try:
                work(random.Random(seed))
            except BaseException as error:  # noqa: BLE001 - shown below, in the test's own thread
                failures.append(error)
            finally:
                connections.close_all()

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def follow(_: random.Random) -> None:
        while not stop.is_set():
            fold_everything()

    followers = [guarded(follow, 0), guarded(follow, 1)]
    merging, speaking = partial(merge_and_split, people), partial(speak, people, community)
    workers = [guarded(merging, 2), guarded(merging, 3), guarded(speaking, 4), guarded(speaking, 5)]
    for worker in workers:
        worker.join()
    stop.set()
    for follower in followers:
        follower.join()
    assert failures == []
    fold_everything()
    before = memberships(), activities()
    assert (
        sum(messages for *_, messages in activities().values())
        == LoggedEvent.objects.filter(kind="message.sent").count()
    )
    for projection in member_projections():
        rebuild(projection)
    fold_everything()
    assert (memberships(), activities()) == before

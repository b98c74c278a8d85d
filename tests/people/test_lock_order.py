"""Imports that merge, imports that only tell names, and staff who decide: nobody waits for each other in a ring."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection, connections, transaction

from liuliang.kernel.errors import Refused
from liuliang.people import identities, merging
from liuliang.people.identities import Known, resolve_members
from liuliang.people.merging import merge_pairs, split_member
from liuliang.people.models import Member, MergeProposal
from liuliang.people.proposals import accept_proposal, propose_pairs

PEOPLE = 40


class Together:
    """Runs several pieces of work at once, each in a thread and a connection of its own."""

    def __init__(self) -> None:
        self.failures: list[Exception] = []
        self._threads: list[threading.Thread] = []

    def start(self, *pieces: Callable[[], object]) -> None:
        gate = threading.Barrier(len(pieces))

        def work(piece: Callable[[], object]) -> None:
            try:
                gate.wait()
                piece()
            except Exception as error:  # noqa: BLE001 - shown by the test, in its own thread
                self.failures.append(error)
            finally:
                connections.close_all()

        started = [threading.Thread(target=work, args=[piece]) for piece in pieces]
        self._threads += started
        for thread in started:
            thread.start()

    def is_over(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    def end(self) -> None:
        for thread in self._threads:
            thread.join()
        assert self.failures == []


def is_somebody_waiting() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted LIMIT 1")
        return cursor.fetchone() is not None


@pytest.fixture
def people(transactional_db, at) -> list[Known]:
    """Everybody known twice, by an account and by a number, and what shows that these are one person."""
    for n in range(PEOPLE):
        resolve_members([Known(f"账号{n}", (("qq", str(n)),))], community=None, at=at)
        resolve_members([Known(f"电话{n}", (("phone", f"1380013{n:04}"),))], community=None, at=at)
    return [Known(f"人{n}", (("qq", str(n)), ("phone", f"1380013{n:04}"))) for n in range(PEOPLE)]


def test_two_imports_that_merge_the_same_people_in_opposite_order_both_end(people, make_community, at):
    here, there = make_community().id, make_community().id
    together = Together()

    def bring(order: list[Known], community: int) -> None:
        for start in range(0, PEOPLE, 4):
            resolve_members(order[start : start + 4], community=community, at=at)

    together.start(lambda: bring(people, here), lambda: bring(people[::-1], there))
    together.end()
    assert Member.objects.exclude(canonical=None).count() == PEOPLE


def test_an_import_that_merges_waits_for_no_names_while_it_holds_the_merged(people, monkeypatch, at):
    """The merging one holds the later member and has the earlier one's name to tell; the other one the other way round."""
    early, late = people[0], people[-1]
    together = Together()
    telling = identities.note_names
    first = threading.Event()

    def tell(persons, at):
        if not first.is_set():
            first.set()
            together.start(lambda: resolve_members(renamed, community=None, at=at))
            while not (is_somebody_waiting() or together.is_over()):
                pass
        return telling(persons, at)

    renamed = [Known("新名甲", early.identities[:1]), Known("新名乙", late.identities[:1])]
    monkeypatch.setattr(identities, "note_names", tell)
    resolve_members([Known("新名丙", early.identities[:1]), late], community=None, at=at)
    together.end()
    assert Member.objects.exclude(canonical=None).count() == 1


def test_all_records_of_who_is_merged_are_held_in_one_order(people, at):
    """Of the winners and the losers of one call now this one, now that one has the smaller id."""
    ids = list(Member.objects.order_by("id").values_list("id", flat=True))
    together = Together()
    pairs = [(ids[n], ids[-1 - n]) if n % 2 else (ids[-1 - n], ids[n]) for n in range(PEOPLE)]
    names = [Known(f"又名{n}", known.identities[:1]) for n, known in enumerate(people)]
    together.start(
        *(lambda part=part: merge_pairs({"same_identity": pairs[part::4]}, at=at) for part in range(4)),
        *(lambda: [resolve_members(names, community=None, at=at) for _ in range(5)] for _ in range(3)),
    )
    together.end()
    assert Member.objects.exclude(canonical=None).count() == PEOPLE


def test_taking_people_apart_and_telling_their_names_do_not_wait_in_a_ring(people, at):
    merge = [resolve_members([known], community=None, at=at)[0] for known in people]
    assert len(set(merge)) == PEOPLE
    losers = list(Member.objects.exclude(canonical=None).order_by("-id").values_list("id", flat=True))
    names = [Known(f"又名{n}", known.identities) for n, known in enumerate(people)]
    together = Together()
    together.start(
        lambda: [split_member(loser, at=at) for loser in losers],
        *(lambda: [resolve_members(names, community=None, at=at, may_merge=False) for _ in range(5)] for _ in range(2)),
    )
    together.end()
    assert not Member.objects.exclude(canonical=None).exists()


def test_a_proposal_is_accepted_while_an_import_merges_the_two(people, monkeypatch, at):
    """Staff hold the proposal and want the cursors; the import holds the cursors and has the proposal to close."""
    pair = [
        Member.objects.get(identities__kind=kind, identities__value=value).pk
        for kind, value in (("qq", "0"), ("phone", "+8613800130000"))
    ]
    propose_pairs([(pair[0], pair[1])], score=70, evidence={}, at=at)
    together = Together()
    outcomes: list[str] = []

    def accept() -> None:
        try:
            accept_proposal(MergeProposal.objects.get().pk, at=at)
            outcomes.append("accepted")
        except Refused as refusal:
            outcomes.append(refusal.code)

    closing = merging._close_proposals

    def close(records, at):
        if threading.current_thread() is threading.main_thread():
            together.start(accept)
            while not (is_somebody_waiting() or together.is_over()):
                pass
        return closing(records, at)

    monkeypatch.setattr(merging, "_close_proposals", close)
    resolve_members(people[:1], community=None, at=at)
    together.end()
    assert outcomes == ["proposal.decided"]
    assert MergeProposal.objects.get().is_accepted is True


def test_two_who_propose_the_same_pairs_in_opposite_order_both_end(people, at):
    ids = list(Member.objects.order_by("id").values_list("id", flat=True))
    pairs = list(zip(ids[::2], ids[1::2], strict=True))
    together = Together()

    def propose(order: list[tuple[int, int]]) -> None:
        with transaction.atomic():
            for pair in order:
                propose_pairs([pair], score=70, evidence={}, at=at)

    together.start(*(lambda order=order: propose(order) for order in (pairs, pairs[::-1]) * 2))
    together.end()
    assert MergeProposal.objects.count() == PEOPLE

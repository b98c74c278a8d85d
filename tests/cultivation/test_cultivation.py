"""Candidates: found by every criterion, moved only forward, and followed in what they lead to."""

from __future__ import annotations

import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

sys.path.insert(0, str(Path(__file__).parent.parent))

from liuliang.accounts.models import AuditEntry
from liuliang.cultivation.finding import find, minimums_of, passed_over
from liuliang.cultivation.kinds import KINDS, MEASURES, evidence_words
from liuliang.cultivation.models import Candidacy
from liuliang.cultivation.results import Result, results
from liuliang.cultivation.services import NEXT, STATES, add_candidates, change_criteria, move_candidate
from liuliang.kernel.errors import Refused
from liuliang.kernel.models import LoggedEvent
from liuliang.people.events import MemberRoleChanged
from liuliang.people.models import MemberTag, Tag, TagGroup
from liuliang.segments.features import Features
from telling import Told, local

NOW = local(2026, 3, 10, 12)
BACKBONE = KINDS["backbone"]


def _busy(told: Told, group, member, others, *, days: int, each: int) -> None:
    """Let somebody answer others on some days up to yesterday, some times a day."""
    for day in range(1, days + 1):
        for turn in range(each):
            whom = others[(day + turn) % len(others)]
            at = NOW - timedelta(days=day, minutes=turn)
            told.says(member, group, at, "好的", reply_member=whom.id)


def test_kinds_ask_for_measures_that_everybody_has():
    for kind in KINDS.values():
        assert kind.minimums
        for measure in kind.minimums:
            assert measure in MEASURES
            assert measure in Features.__dataclass_fields__


def test_who_reaches_every_minimum_is_found_with_the_evidence_and_who_misses_one_is_not(told):
    group = told.community()
    others = [told.member(f"旁人{number}") for number in range(6)]
    hero, silent_lately, gone = told.member("斗士"), told.member("近来不说"), told.member("走了")
    boss = told.member("群主")
    for each in (*others, hero, silent_lately, gone, boss):
        told.joins(each, group, NOW - timedelta(days=100))
    told.happened(MemberRoleChanged("owner"), NOW - timedelta(days=99), boss, group)
    _busy(told, group, boss, others, days=15, each=5)
    _busy(told, group, hero, others, days=15, each=5)
    _busy(told, group, silent_lately, others, days=8, each=9)
    _busy(told, group, gone, others, days=15, each=5)
    told.leaves(gone, group, NOW - timedelta(hours=2))
    told.settle()
    found = find(BACKBONE, minimums_of(BACKBONE), at=NOW)
    assert found.members.tolist() == [hero.id]
    assert found.best[0].evidence == {"active_days_30": 15, "messages_90": 75, "answered_90": 6}
    assert found.best[0].score == pytest.approx((15 / 12 + 75 / 60 + 6 / 5) / 3, abs=0.01)
    assert "15" in evidence_words(found.best[0].evidence, minimums_of(BACKBONE))
    easier = {**minimums_of(BACKBONE), "active_days_30": 8}
    assert set(find(BACKBONE, easier, at=NOW).members.tolist()) == {hero.id, silent_lately.id}
    assert len(find(BACKBONE, easier, at=NOW, among=[others[0].id])) == 0


def test_holders_of_a_tag_that_is_passed_over_are_candidates_of_no_kind(told):
    group = told.community()
    others = [told.member(f"旁人{number}") for number in range(6)]
    hero, colleague = told.member("斗士"), told.member("客服小汀")
    for each in (*others, hero, colleague):
        told.joins(each, group, NOW - timedelta(days=100))
    for each in (hero, colleague):
        _busy(told, group, each, others, days=15, each=5)
    told.settle()
    tags = TagGroup.objects.create(name="身份")
    ours, keen = (Tag.objects.create(group=tags, name=name, created_at=NOW) for name in ("员工", "爱好者"))
    MemberTag.objects.create(member=colleague, tag=ours, source="staff", added_at=NOW)
    MemberTag.objects.create(member=hero, tag=keen, source="staff", added_at=NOW)
    both = {hero.id, colleague.id}
    assert set(find(BACKBONE, BACKBONE.minimums, at=NOW).members.tolist()) == both
    assert find(BACKBONE, BACKBONE.minimums, at=NOW, without=frozenset({ours.pk})).members.tolist() == [hero.id]
    change_criteria(BACKBONE, BACKBONE.minimums, at=NOW, without=[ours.pk])
    assert AuditEntry.objects.get(action="candidate.criteria_changed").changes == {"passed_over": ["", "员工"]}
    for kind in (BACKBONE, KINDS["seed"]):
        assert colleague.id not in find(kind, BACKBONE.minimums if kind is BACKBONE else kind.minimums, at=NOW).members
    assert find(BACKBONE, BACKBONE.minimums, at=NOW, among=both).members.tolist() == [hero.id]
    change_criteria(BACKBONE, BACKBONE.minimums, at=NOW)
    assert passed_over() == {ours.pk}
    ours.delete()
    assert set(find(BACKBONE, BACKBONE.minimums, at=NOW).members.tolist()) == both


def test_criteria_are_changed_with_an_entry_and_impossible_ones_refused(told):
    change_criteria(BACKBONE, {**BACKBONE.minimums, "messages_90": 5}, at=NOW)
    assert minimums_of(BACKBONE)["messages_90"] == 5
    assert AuditEntry.objects.get(action="candidate.criteria_changed").changes == {"messages_90": [60, 5]}
    for wrong, code in (
        (dict.fromkeys(BACKBONE.minimums, 0), "candidate.nothing_asked"),
        ({**BACKBONE.minimums, "messages_90": -1}, "candidate.minimum"),
    ):
        with pytest.raises(Refused) as refused:
            change_criteria(BACKBONE, wrong, at=NOW)
        assert refused.value.code == code
    assert minimums_of(BACKBONE)["messages_90"] == 5


def _candidate(told: Told) -> Candidacy:
    group = told.community()
    others = [told.member(f"旁人{number}") for number in range(6)]
    hero = told.member("斗士")
    told.joins(hero, group, NOW - timedelta(days=100))
    _busy(told, group, hero, others, days=15, each=5)
    told.settle()
    assert add_candidates(BACKBONE, find(BACKBONE, minimums_of(BACKBONE), at=NOW).best, at=NOW) == 1
    return Candidacy.objects.get()


def test_every_step_is_an_event_and_an_entry_and_none_is_taken_twice(told):
    candidacy = _candidate(told)
    assert add_candidates(BACKBONE, find(BACKBONE, minimums_of(BACKBONE), at=NOW).best, at=NOW) == 0
    for hours, state in enumerate(("invited", "accepted", "followed"), start=1):
        at = NOW + timedelta(hours=hours)
        assert move_candidate(candidacy, state, at=at).state == state
        with pytest.raises(Refused) as refused:
            move_candidate(candidacy, state, at=at)
        assert refused.value.code == "candidate.state"
    events = LoggedEvent.objects.filter(kind="candidate.moved").order_by("position")
    assert [event.data["after"] for event in events] == ["candidate", "invited", "accepted", "followed"]
    assert AuditEntry.objects.filter(action="candidate.moved").count() == 4
    candidacy.refresh_from_db()
    assert candidacy.accepted_at == NOW + timedelta(hours=2)


def test_states_lead_only_to_states(told):
    assert set(NEXT) == set(STATES)
    assert all(set(after) <= set(STATES) for after in NEXT.values())


def test_two_who_press_at_once_move_a_candidate_once(told):
    candidacy = _candidate(told)
    done: list[str] = []
    start = threading.Barrier(4)

    def press() -> None:
        start.wait()
        try:
            move_candidate(candidacy, "invited", at=NOW)
            done.append("moved")
        except Refused as refused:
            done.append(refused.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == ["candidate.state"] * 3 + ["moved"]
    assert LoggedEvent.objects.filter(kind="candidate.moved").count() == 2


def test_what_they_led_to_counts_from_when_they_said_yes(told):
    candidacy = _candidate(told)
    group = candidacy.member.memberships.get().community
    hero = candidacy.member
    early, stays, leaves = told.member("早来"), told.member("留下"), told.member("又走")
    told.joins(early, group, NOW - timedelta(days=1), hero)
    move_candidate(candidacy, "invited", at=NOW)
    assert results([Candidacy.objects.select_related("member").get()]) == {}
    move_candidate(candidacy, "accepted", at=NOW + timedelta(hours=1))
    for guest in (stays, leaves):
        told.joins(guest, group, NOW + timedelta(hours=2), hero)
    told.leaves(leaves, group, NOW + timedelta(hours=3))
    told.says(hero, group, NOW + timedelta(hours=4), "欢迎", reply_member=stays.id)
    told.says(hero, group, NOW + timedelta(hours=5), "再见", reply_member=stays.id)
    told.says(hero, group, NOW + timedelta(minutes=30), "答应之前", reply_member=early.id)
    told.settle()
    found = results([Candidacy.objects.select_related("member").get()])
    assert found == {candidacy.pk: Result(invited=2, stayed=1, answered=1, messages=2)}

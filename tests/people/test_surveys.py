"""Answers are in the log once, whoever tells them and however often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from liuliang.accounts import audit
from liuliang.kernel.errors import Refused
from liuliang.kernel.models import LoggedEvent
from liuliang.people.erasure import erase_member
from liuliang.people.merging import merge_members
from liuliang.people.models import Member
from liuliang.people.surveys import COMMENT_LIMIT, Answer, check, note_answer, record_answers

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 3, 5, 4, tzinfo=UTC)


@pytest.fixture
def ming() -> Member:
    return Member.objects.create(name="小明", created_at=NOON)


def answers() -> list[LoggedEvent]:
    return list(LoggedEvent.objects.filter(kind="survey.answered").order_by("position"))


def test_an_answer_is_an_event_of_its_member(ming):
    recorded = record_answers([Answer(ming.pk, 9, NOON, survey=" 三月\n回访 ", comment=" 咖啡好喝\0 ")])

    (found,) = answers()
    assert (recorded.added, recorded.differing) == (1, frozenset())
    assert (found.member, found.community, found.actor, found.occurred_at) == (ming.pk, None, None, NOON)
    assert found.data == {"score": 9, "survey": "三月 回访", "comment": "咖啡好喝"}


def test_told_again_it_counts_once_and_the_first_score_stands(ming):
    said = Answer(ming.pk, 9, NOON)

    assert record_answers([said, said]).added == 1
    assert record_answers([said]).added == 0
    again = record_answers(
        [Answer(ming.pk, 9, NOON), Answer(ming.pk, 3, NOON), Answer(ming.pk, 3, NOON, survey="四月")]
    )

    assert (again.added, again.differing) == (1, frozenset({1}))
    assert [(each.data["score"], each.data["survey"]) for each in answers()] == [(9, ""), (3, "四月")]


def test_who_has_been_merged_since_did_not_answer_twice(ming):
    record = Member.objects.create(name="明明", created_at=NOON)
    record_answers([Answer(record.pk, 7, NOON)])
    merge_members(record.pk, ming.pk, at=NOON)

    for member in (record.pk, ming.pk):
        assert record_answers([Answer(member, 7, NOON)]).added == 0
    assert record_answers([Answer(record.pk, 8, NOON + timedelta(seconds=1))]).added == 1
    assert [each.member for each in answers()] == [record.pk, ming.pk]


@pytest.mark.parametrize("score", [-1, 11])
def test_there_is_no_other_score(ming, score):
    with pytest.raises(ValueError, match="no such scores"):
        record_answers([Answer(ming.pk, score, NOON)])
    with pytest.raises(Refused, match=r"survey\.score"):
        check(score, NOON, now=NOON)
    assert not answers()


def test_noting_one_answer_says_who_did_and_refuses_what_cannot_be(ming, django_user_model):
    staff = django_user_model.objects.create(email="anna@example.org", name="Anna", created_at=NOON)
    with audit.acting(staff, ""):
        note_answer(Answer(ming.pk, 0, NOON, comment="长" * 3_000), at=NOON)
    (found,) = answers()
    assert (found.actor, found.data["score"], len(found.data["comment"])) == (staff.pk, 0, COMMENT_LIMIT)

    with pytest.raises(Refused, match=r"survey\.differs"):
        note_answer(Answer(ming.pk, 5, NOON), at=NOON)
    with pytest.raises(Refused, match=r"survey\.future"):
        note_answer(Answer(ming.pk, 5, NOON + timedelta(days=2)), at=NOON)
    erase_member(ming.pk, at=NOON)
    with pytest.raises(Refused, match=r"member\.erased"):
        note_answer(Answer(ming.pk, 5, NOON + timedelta(hours=1)), at=NOON)
    assert len(answers()) == 1


def test_what_an_erased_member_wrote_is_gone_and_the_score_stays(ming):
    record_answers([Answer(ming.pk, 2, NOON, comment="我的电话是 138…")])
    erase_member(ming.pk, at=NOON)
    (found,) = answers()
    assert found.data == {"score": 2, "survey": ""}

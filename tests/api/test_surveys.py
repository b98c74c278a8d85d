from __future__ import annotations

import pytest

from liuliang.kernel.models import LoggedEvent
from liuliang.people.models import Member

PHONE = {"kind": "phone", "value": "139 0000 0001"}


def answer(score: int = 9, identity=PHONE, **told):
    said = {"score": score, "answered_at": "2026-02-28T20:00:00+08:00", "respondent": {"identities": [identity]}}
    return said | told


def put(system, *answers, key="k", **told):
    return system.call("PUT", "surveys/answers", {"answers": list(answers), **told}, key=key)


def logged() -> list[tuple]:
    rows = LoggedEvent.objects.filter(kind="survey.answered").order_by("position")
    return [(row.member, row.community, row.data["score"], row.data["survey"], row.data["comment"]) for row in rows]


def test_an_answer_told_twice_counts_once_and_the_first_score_stands(ground):
    system = ground.system()
    where = {"community": ground.group.public_id, "survey": "三月回访"}

    first = put(system, answer(comment="好\n喝"), **where)
    again = put(system, answer(comment="好\n喝"), **where)
    later = put(system, answer(), answer(3), key="other", **where)

    assert first.json() == {"added": 1, "unchanged": 0, "differing": []}
    assert (again.content, again["Idempotency-Replayed"]) == (first.content, "true")
    assert later.json() == {"added": 0, "unchanged": 1, "differing": [1]}
    assert logged() == [(ground.member.pk, ground.group.pk, 9, "三月回访", "好\n喝")]


def test_who_is_not_known_yet_becomes_a_member(ground):
    put(ground.system(), answer(identity={"kind": "email", "value": "new@example.com"}))
    ((member, community, score, _survey, _comment),) = logged()
    assert Member.objects.get(pk=member).identities.get().value == "new@example.com"
    assert (community, score) == (None, 9)


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"score": 11}, "/answers/0/score"),
        ({"score": -1}, "/answers/0/score"),
        ({"score": "9"}, "/answers/0/score"),
        ({"score": True}, "/answers/0/score"),
        ({"answered_at": "2026-02-28T20:00:00"}, "/answers/0/answered_at"),
        ({"answered_at": "1970-01-01T00:00:00Z"}, "/answers/0"),
        ({"respondent": {"name": "阿珍"}}, "/answers/0/respondent/identities"),
        ({"respondent": {"identities": []}}, "/answers/0/respondent/identities"),
        ({"comment": "x" * 2_001}, "/answers/0/comment"),
    ],
)
def test_what_nobody_can_have_answered_is_refused_and_said_where(wrong, pointer, ground):
    response = put(ground.system(), answer() | wrong, answer(8))
    assert response.status_code == 422
    assert [one["pointer"] for one in response.json()["errors"]] == [pointer]
    assert not logged()


def test_an_answer_of_tomorrow_is_refused_with_the_whole_batch(ground):
    response = put(ground.system(), answer(), answer(answered_at="2026-03-03T00:00:00+08:00"))
    assert (response.status_code, response.json()["code"]) == (422, "survey.future")
    assert not logged()


def test_a_key_for_some_communities_says_which_one_and_changes_nobody_of_elsewhere(ground):
    system = ground.system(where=ground.group)
    alone = put(system, answer())
    other = put(system, answer(), community=ground.other.public_id, key="b")
    stranger = {"name": "改名", "identities": [{"kind": "phone", "value": "13900000002"}]}
    mine = put(system, answer(), answer(5, respondent=stranger), community=ground.group.public_id, key="c")

    assert [(each.status_code, each.json().get("code")) for each in (alone, other)] == [
        (409, "survey.community"), (404, "community.unknown"),
    ]  # fmt: skip
    assert mine.json()["added"] == 2
    ground.outsider.refresh_from_db()
    assert ground.outsider.name == "小明"
    assert [row[:3] for row in logged()] == [
        (ground.member.pk, ground.group.pk, 9), (ground.outsider.pk, ground.group.pk, 5),
    ]  # fmt: skip

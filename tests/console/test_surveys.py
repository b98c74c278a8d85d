"""Answers on a member's page: noted by staff, shown with what was said, and refused where they cannot be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from liuliang.accounts.models import AuditEntry, Role, Staff
from liuliang.kernel import clock
from liuliang.kernel.models import LoggedEvent
from liuliang.people.models import Grant
from liuliang.people.surveys import Answer, record_answers

pytestmark = pytest.mark.django_db


def told(**more):
    return {"score": "9", "at": "2026-03-01T12:00", "survey": "三月回访", "comment": "豆子好"} | more


def logged():
    return [
        (row.member, row.community, row.actor, row.data["score"])
        for row in LoggedEvent.objects.filter(kind="survey.answered").order_by("position")
    ]


def test_an_answer_is_noted_once_and_shown_with_what_was_said(world):
    client, page = world.sign_in(world.owner), f"/members/{world.member.public_id}/"
    assert "还没有回答过" in client.get(page).content.decode()
    assert "记录推荐意愿" in client.get(f"{page}answers/").content.decode()

    for _time in range(2):
        assert client.post(f"{page}answers/", told()).status_code == 302

    assert logged() == [(world.member.pk, None, world.owner.pk, 9)]
    assert LoggedEvent.objects.get(kind="survey.answered").occurred_at == datetime(2026, 3, 1, 4, tzinfo=UTC)
    text = client.get(page).content.decode()
    for words in ("9 分", "推荐者", "三月回访", "豆子好", "9 分 · 三月回访 · 豆子好"):
        assert words in text
    assert AuditEntry.objects.filter(action="survey.noted").count() == 1


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"score": "11"}, "11"),
        ({"score": ""}, "必填"),
        ({"at": "2199-01-01T00:00"}, "在以后"),
        ({"score": "2", "at": "2026-02-01T12:00"}, "已经记过另一个分数"),
    ],
)
def test_what_cannot_be_is_refused_in_the_form(world, more, words):
    record_answers([Answer(world.member.pk, 7, datetime(2026, 2, 1, 4, tzinfo=UTC), survey="三月回访")])
    client = world.sign_in(world.owner)
    response = client.post(f"/members/{world.member.public_id}/answers/", told(**more))
    assert response.status_code == 422
    assert words in response.content.decode()
    assert len(logged()) == 1


def test_who_works_in_one_group_says_that_it_was_there_and_reads_nothing_of_others(world):
    staff = Staff.objects.create(email="s@example.com", name="客服", created_at=clock.now(), password="!")
    Grant.objects.create(staff=staff, role=Role.objects.get(key="service"), community=world.group)
    now = clock.now()
    record_answers([Answer(world.member.pk, 1, now - timedelta(days=1), world.other.pk, comment="别处说的")])
    client, page = world.sign_in(staff), f"/members/{world.member.public_id}/"

    assert "别处说的" not in client.get(page).content.decode()
    assert client.post(f"{page}answers/", told()).status_code == 422
    assert client.post(f"{page}answers/", told(community=world.other.pk)).status_code == 422
    assert client.post(f"{page}answers/", told(community=world.group.pk)).status_code == 302
    assert logged()[1:] == [(world.member.pk, world.group.pk, staff.pk, 9)]

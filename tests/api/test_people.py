from __future__ import annotations

import pytest
from systems import AT

from liuliang.accounts import audit
from liuliang.kernel.errors import Refused
from liuliang.loyalty.adjusting import approve
from liuliang.loyalty.models import Adjustment, Transfer
from liuliang.loyalty.queries import balance_of
from liuliang.people.models import Member


def adjust(system, ground, amount, key="k", reason="补发", **told):
    path = f"members/{ground.member.public_id}/points/adjustments"
    return system.call("POST", path, {"amount": amount, "reason": reason, **told}, key=key)


def test_points_are_given_and_taken_once_for_a_key(ground, sound):
    system = ground.system()
    answers = [adjust(system, ground, 30).json() for _again in range(3)]
    assert {each["adjustment"] for each in answers} == {Adjustment.objects.get().pk}
    assert answers[0]["available"] == answers[2]["available"] == 530
    assert adjust(system, ground, -130, key="l").json()["available"] == 400
    sound()


def test_more_than_the_limit_waits_for_a_second_person_who_is_not_the_maker_of_the_key(ground):
    told = adjust(ground.system(), ground, 1_000_000).json()
    assert (told["state"], told["available"]) == ("proposed", 500)
    with audit.acting(ground.owner), pytest.raises(Refused, match=r"adjustment\.own"):
        approve(told["adjustment"], at=AT)


@pytest.mark.parametrize(
    ("told", "status", "code"),
    [
        ({"amount": 0}, 422, "adjustment.amount"),
        ({"amount": 10**20}, 422, "request.invalid"),
        ({"amount": 1.5}, 422, "request.invalid"),
        ({"amount": 10**9 + 1}, 422, "request.invalid"),
        ({"amount": -501}, 409, "points.not_enough"),
        # Refused at once, and not when a colleague approves it.
        ({"amount": -1_000_000}, 409, "points.not_enough"),
        ({"amount": 5, "reason": "  "}, 422, "adjustment.reason"),
        ({"amount": 5, "last_day": "2026-02-01"}, 422, "validity.past"),
        ({"amount": 5, "last_day": "2026-02-30"}, 422, "request.invalid"),
    ],
)
def test_what_cannot_be_is_refused_and_moves_nothing(told, status, code, ground):
    before = Transfer.objects.count()
    response = adjust(ground.system(), ground, **told)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert Transfer.objects.count() == before


def test_what_is_given_until_a_day_ends_with_it(ground):
    system = ground.system()
    adjust(system, ground, 7, last_day="2026-03-31")
    told = system.call("GET", f"members/{ground.member.public_id}/points").json()
    assert told["endings"] == [{"last_day": "2026-03-31", "points": 7}, {"last_day": None, "points": 500}]
    assert (told["available"], told["held"], told["owed"]) == (507, 0, 0)


def test_entries_are_walked_page_by_page_to_the_first(ground):
    system = ground.system()
    for number in range(7):
        adjust(system, ground, number + 1, key=str(number))
    path = f"members/{ground.member.public_id}/points/entries"
    found, before = [], ""
    while before is not None:
        page = system.call("GET", f"{path}?limit=3{before}").json()
        found += page["entries"]
        before = f"&before={page['next']}" if page["next"] else None
    assert [one["amount"] for one in found] == [7, 6, 5, 4, 3, 2, 1, 500]
    assert [one["balance"] for one in found] == [528, 521, 515, 510, 506, 503, 501, 500]
    for wrong in ("limit=0", "limit=201", "limit=x", "before=1", "before=1:x", "page=2"):
        assert system.call("GET", f"{path}?{wrong}").status_code == 422, wrong


def test_members_of_others_and_nobody_are_not_found_alike(ground):
    near = ground.system(where=ground.group)
    answers = [
        near.call("POST", "members/find", {"kind": "phone", "value": value})
        for value in ("13900000002", "13900000003", "无")
    ]
    assert {each.status_code for each in answers} == {404}
    assert len({each.content for each in answers}) == 1
    found = near.call("POST", "members/find", {"kind": "phone", "value": "139-0000-0001"}).json()
    assert found == {"member": ground.member.public_id, "name": "阿珍"}


def test_an_old_name_of_a_merged_record_leads_to_the_person(ground):
    merged = Member.objects.create(name="小号", canonical=ground.member, created_at=AT)
    told = ground.system().call("GET", f"members/{merged.public_id}/points").json()
    assert told["available"] == 500


def test_twenty_at_once_with_one_key_give_points_once(shared_ground, at_once, sound):
    system = shared_ground.system()
    results = at_once([lambda: adjust(system, shared_ground, 30) for _number in range(40)], 20)
    assert {each.content for each in results} == {results[0].content}
    assert balance_of(shared_ground.member.pk).available == 530
    sound()

"""Every operation, called by everybody: nobody sees or does more than their key allows, and no cookie opens anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from systems import Ground, System, batch, code_of, order

from liuliang.accounts.models import AuditEntry, Role, Staff
from liuliang.accounts.permissions import PERMISSIONS
from liuliang.api.operations import OPERATIONS, Operation
from liuliang.commerce.services import NewOrder, record_orders
from liuliang.kernel import clock
from liuliang.kernel.models import LoggedEvent
from liuliang.loyalty.models import Transfer
from liuliang.people.identities import Known
from liuliang.people.keys import FOR_KEYS, revoke_key
from liuliang.people.models import Grant
from liuliang.project.urls import urlpatterns

assert urlpatterns  # which declare the operations

SENT: dict[str, Callable[[Ground], Any]] = {
    "put-orders": lambda ground: batch(order("NEW"), community=ground.group.public_id),
    "refund": lambda ground: {"number": "OLD", "amount": 100, "currency": "CNY"},
    "put-answers": lambda ground: {
        "answers": [
            {
                "score": 9,
                "answered_at": "2026-02-28T20:00:00+08:00",
                "respondent": {"identities": [{"kind": "phone", "value": "13900000001"}]},
            }
        ],
        "community": ground.group.public_id,
    },
    "find-member": lambda ground: {"kind": "phone", "value": "13900000001"},
    "adjust-points": lambda ground: {"amount": 5, "reason": "补发"},
    "give-coupon": lambda ground: {"coupon": ground.template.public_id},
    "claim-coupon-code": lambda ground: {"code": code_of(ground)},
    "redeem-item": lambda ground: {"item": ground.item.public_id},
}
QUERY = {"get-order": "?number=OLD"}


def ask(one: Operation, ground: Ground, system: System, key: str = "k") -> Any:
    path = one.path.replace("<str:member>", ground.member.public_id) + QUERY.get(one.name, "")
    told = SENT[one.name](ground) if one.takes else None
    return system.call(one.method, path, told, key=key if one.moves else "")


@pytest.fixture
def world(ground) -> Ground:
    bought = NewOrder("OLD", clock.now(), Known("阿珍", (("phone", "13900000001"),)), 9_900)
    record_orders([bought], source="table", community=ground.group.pk, at=clock.now())
    code_of(ground)
    return ground


def counts() -> tuple[int, int, int]:
    return LoggedEvent.objects.count(), Transfer.objects.count(), AuditEntry.objects.count()


def by_name(one: Operation) -> str:
    return one.name


walk = pytest.mark.parametrize("one", OPERATIONS, ids=by_name)


@walk
def test_a_key_with_everything_may_and_what_it_changes_is_on_the_record(one, world):
    system = world.system()
    before = AuditEntry.objects.count()
    response = ask(one, world, system)
    assert response.status_code == 200, response.content.decode()
    if one.moves:
        assert AuditEntry.objects.count() > before
        entry = AuditEntry.objects.latest("id")
        assert (entry.staff, entry.via) == (world.owner, "商城")
    else:
        assert AuditEntry.objects.count() == before


@walk
def test_strangers_and_keys_that_were_taken_back_get_nowhere(one, world):
    system, left = world.system(), world.system()
    revoke_key(left.key, at=clock.now())
    before = counts()
    for who in (System(""), System("llk_nothing"), System(system.secret + "x"), left):
        response = ask(one, world, who)
        assert response.status_code == 401, who
        assert response["WWW-Authenticate"] == "Bearer"
        assert response["Content-Type"] == "application/problem+json"
        assert response.json()["code"] == "key.missing"
    assert counts() == before


@walk
def test_a_cookie_of_somebody_who_is_signed_in_opens_nothing(one, world):
    browser = Client()
    browser.force_login(world.owner)
    assert ask(one, world, System("", client=browser)).status_code == 401


@walk
def test_each_permission_is_needed(one, world):
    for lacking in one.permissions:
        others = [key for key in FOR_KEYS if key != lacking]
        before = counts()[:2]
        response = ask(one, world, world.system(*others))
        assert response.status_code == 403, lacking
        assert response.json()["code"] == "key.not_allowed"
        assert counts()[:2] == before
    assert ask(one, world, world.system(*one.permissions)).status_code == 200


@walk
def test_a_key_of_another_community_finds_nothing_here(one, world):
    before = counts()[:2]
    response = ask(one, world, world.system(where=world.other))
    assert counts()[:2] == before
    if {"points.view", "points.adjust"} & set(one.permissions):
        assert response.status_code == 403
    elif one.name in {"get-coupons", "get-mall-items"}:
        assert response.status_code == 200
        assert world.template.public_id not in response.content.decode()
        assert world.item.public_id not in response.content.decode()
    else:
        assert response.status_code == 404, response.content
        assert response.json()["code"].endswith(".unknown")


@walk
def test_a_key_of_the_brand_reaches_what_is_below_it(one, world):
    if {"points.view", "points.adjust"} & set(one.permissions):
        return
    assert ask(one, world, world.system(where=world.brand)).status_code == 200


@walk
def test_a_key_loses_what_its_maker_loses(one, world):
    staff = Staff.objects.create(email="a@example.com", name="小王", created_at=clock.now())
    grant = Grant.objects.create(staff=staff, role=Role.objects.get(key="admin"))
    system = world.system(by=staff)
    grant.delete()
    assert ask(one, world, system).status_code == 403
    Grant.objects.create(staff=staff, role=Role.objects.get(key="admin"))
    Staff.objects.filter(pk=staff.pk).update(is_active=False)
    assert ask(one, world, system).status_code == 401


@walk
def test_only_its_own_methods_are_answered(one, world):
    path = one.path.replace("<str:member>", world.member.public_id)
    taken = {each.method for each in OPERATIONS if each.path == one.path}
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - taken:
        response = world.system().call(method, path)
        assert response.status_code == 405
        assert set(response["Allow"].split(", ")) == taken


@pytest.mark.parametrize("one", [one for one in OPERATIONS if one.takes], ids=by_name)
@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b'"\\ud800"', 400),
        (b"[]", 422),
        (b'{"surprise": 1}', 422),
        (b"null", 422),
    ],
)
def test_nonsense_is_refused_and_said_where(one, sent, status, world):
    path = one.path.replace("<str:member>", world.member.public_id)
    before = counts()[:2]
    response = world.system().call(one.method, path, sent, key="k")
    assert response.status_code == status, response.content
    if status == 422:
        assert response.json()["errors"]
    assert counts()[:2] == before


def test_operations_ask_for_what_keys_can_be_given_and_for_all_of_it():
    assert {one for each in OPERATIONS for one in each.permissions} == set(FOR_KEYS)


def test_what_moves_something_demands_a_key_for_itself(world):
    moving = [one for one in OPERATIONS if one.moves]
    assert {one.name for one in moving} == {
        "put-orders", "refund", "adjust-points", "give-coupon", "claim-coupon-code", "redeem-item", "put-answers",
    }  # fmt: skip
    for one in moving:
        for key in ("", "x" * 201):
            response = ask(one, world, world.system(), key=key)
            assert (response.status_code, response.json()["code"]) == (400, "idempotency.key")


def test_what_does_not_move_something_reads_only():
    assert all(one.moves or one.method == "GET" or one.name == "find-member" for one in OPERATIONS)


def test_a_key_that_calls_too_often_waits_for_the_next_minute(world, monkeypatch):
    from liuliang.people import keys

    monkeypatch.setattr(keys, "PER_MINUTE", 3)
    system = world.system()
    answers = [system.call("GET", "coupons").status_code for _number in range(5)]
    assert answers == [200, 200, 200, 429, 429]
    response = system.call("GET", "coupons")
    assert response["Retry-After"] == "60"
    assert world.system().call("GET", "coupons").status_code == 200


def test_a_problem_speaks_the_language_that_was_asked_for(world):
    told = System("").call("GET", "coupons", **{"Accept-Language": "en"}).json()
    assert told["type"] == "urn:liuliang:problem:key.missing"
    assert (told["title"], told["status"]) == ("Unauthorized", 401)
    assert told["detail"].isascii() or "…" in told["detail"]


def test_the_description_is_for_staff_and_for_who_has_a_key(world):
    assert Client().get("/api/v1/openapi.json").status_code == 401
    browser = Client()
    browser.force_login(world.owner)
    told = browser.get("/api/v1/openapi.json").json()
    assert told == world.system().call("GET", "openapi.json").json()
    assert told["openapi"].startswith("3.1")
    described = {each["operationId"] for methods in told["paths"].values() for each in methods.values()}
    assert described == {one.name for one in OPERATIONS}
    moving = {
        each["operationId"] for methods in told["paths"].values() for each in methods.values()
        if any(one["name"] == "Idempotency-Key" and one["required"] for one in each["parameters"])
    }  # fmt: skip
    assert moving == {one.name for one in OPERATIONS if one.moves}
    references = set(_references(told))
    known = {f"#/components/schemas/{name}" for name in told["components"]["schemas"]}
    assert references <= known


def test_permissions_of_an_operation_exist():
    from liuliang.api.operations import Answer, operation

    with pytest.raises(ValueError, match=r"members\.burn"):
        operation("GET", "x", summary="x", permissions=("members.burn",), answers=Answer)
    assert set(FOR_KEYS) <= set(PERMISSIONS)


def _references(told: Any):
    if isinstance(told, dict):
        for name, value in told.items():
            if name == "$ref":
                yield value
            else:
                yield from _references(value)
    elif isinstance(told, list):
        for value in told:
            yield from _references(value)

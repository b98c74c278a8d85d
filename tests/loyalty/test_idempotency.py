from __future__ import annotations

from datetime import timedelta

import pytest

from liuliang.kernel.errors import Refused
from liuliang.loyalty.idempotency import KEPT, drop_old, once
from liuliang.loyalty.models import IdempotencyKey, Transfer
from liuliang.loyalty.points import Reward, earn


def effect_of(member: int, cause: str, at):
    def effect() -> dict:
        (posting,) = earn([Reward(member, 5, cause)], at=at)
        return {"transfer": posting.transfer}

    return effect


def test_the_same_request_has_its_effect_once_and_the_same_answer(ledger, make_member, at):
    member = make_member()
    first = once("k", owner="api:1", body=b"{}", at=at, effect=effect_of(member, "a", at))
    again = once("k", owner="api:1", body=b"{}", at=at, effect=effect_of(member, "b", at))
    assert (again.data, again.is_replayed, first.is_replayed) == (first.data, True, False)
    assert Transfer.objects.count() == 1


def test_another_body_under_the_same_key_is_refused(ledger, make_member, at):
    once("k", owner="api:1", body=b"{}", at=at, effect=lambda: 1)
    with pytest.raises(Refused, match=r"idempotency\.body"):
        once("k", owner="api:1", body=b"{ }", at=at, effect=lambda: 2)


def test_keys_of_others_are_other_keys(ledger, at):
    assert once("k", owner="api:1", body=b"1", at=at, effect=lambda: 1).data == 1
    assert once("k", owner="api:2", body=b"2", at=at, effect=lambda: 2).data == 2


def test_a_refusal_leaves_no_key_and_may_be_tried_again(ledger, at):
    def refuse() -> None:
        raise Refused("stock.sold_out")

    with pytest.raises(Refused, match=r"stock\.sold_out"):
        once("k", owner="api:1", body=b"1", at=at, effect=refuse)
    assert once("k", owner="api:1", body=b"1", at=at, effect=lambda: 7).data == 7


@pytest.mark.parametrize("key", ["", " ", "x" * 201, "a\x00b", "a\nb"])
def test_a_key_that_is_none_is_refused(ledger, at, key):
    with pytest.raises(Refused, match=r"idempotency\.key"):
        once(key, owner="api:1", body=b"", at=at, effect=lambda: 1)


def test_old_keys_are_dropped(ledger, at):
    once("old", owner="api:1", body=b"1", at=at - KEPT - timedelta(seconds=1), effect=lambda: 1)
    once("new", owner="api:1", body=b"1", at=at, effect=lambda: 1)
    assert drop_old(at=at) == 1
    assert IdempotencyKey.objects.get().key == "new"


def test_many_with_one_key_at_once_have_one_effect(shared_ledger, make_member, at_once, at):
    member = make_member()

    def ask(number: int):
        return once("k", owner="api:1", body=b"{}", at=at, effect=effect_of(member, f"cause {number}", at)).data

    results = at_once([lambda number=number: ask(number) for number in range(40)], 20)
    assert len({str(each) for each in results}) == 1
    assert Transfer.objects.count() == 1

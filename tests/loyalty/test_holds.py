from __future__ import annotations

from datetime import timedelta

import pytest

from liuliang.kernel.errors import Refused
from liuliang.loyalty import holds
from liuliang.loyalty.accounts import standing
from liuliang.loyalty.ledger import Transfer, transfer
from liuliang.loyalty.models import Hold

pytestmark = pytest.mark.usefixtures("ledger")
HOUR = timedelta(hours=1)


@pytest.fixture
def sides(account, at) -> tuple[int, int]:
    source, target = account("budget", "source"), account("budget", "target")
    transfer(Transfer(account("issue", "mint"), source, 10, "test", "mint"), at=at)
    return source, target


def reserve(sides, amount, cause, at, **more) -> int:
    return holds.reserve(*sides, amount, kind="test", cause=cause, at=at, until=at + HOUR, **more).hold


def test_what_is_reserved_is_not_there_for_others_but_has_not_moved(sides, at):
    reserve(sides, 7, "a", at)
    assert (standing(sides[0]).balance, standing(sides[0]).available) == (10, 3)
    assert standing(sides[1]).expected == 7
    with pytest.raises(Refused, match=r"ledger\.floor"):
        reserve(sides, 4, "b", at)
    with pytest.raises(Refused, match=r"ledger\.floor"):
        transfer(Transfer(*sides, 4, "test", "c"), at=at)


def test_the_same_cause_reserves_once(sides, at):
    first = holds.reserve(*sides, 7, kind="test", cause="a", at=at, until=at + HOUR)
    again = holds.reserve(*sides, 7, kind="test", cause="a", at=at, until=at + HOUR)
    assert (first.is_new, again.is_new, again.hold) == (True, False, first.hold)


def test_a_ceiling_counts_what_the_target_has_and_what_it_is_to_get(sides, at):
    transfer(Transfer(*sides, 2, "test", "has"), at=at)
    reserve(sides, 2, "a", at, ceiling=5)
    with pytest.raises(Refused, match=r"ledger\.ceiling"):
        reserve(sides, 2, "b", at, ceiling=5)
    reserve(sides, 1, "c", at, ceiling=5)


def test_posting_moves_it_and_posting_again_does_not(sides, at):
    hold = reserve(sides, 7, "a", at)
    first = holds.post_hold(hold, at=at)
    again = holds.post_hold(hold, at=at)
    assert (first.is_new, again.is_new, again.transfer) == (True, False, first.transfer)
    assert (standing(sides[0]).balance, standing(sides[1]).balance, standing(sides[1]).expected) == (3, 7, 0)


def test_voiding_gives_it_back_once(sides, at):
    hold = reserve(sides, 7, "a", at)
    assert holds.void_hold(hold, at=at)
    assert not holds.void_hold(hold, at=at)
    assert standing(sides[0]).available == 10
    with pytest.raises(Refused, match=r"hold\.voided"):
        holds.post_hold(hold, at=at)


def test_what_was_posted_is_not_voided(sides, at):
    hold = reserve(sides, 7, "a", at)
    holds.post_hold(hold, at=at)
    with pytest.raises(Refused, match=r"hold\.posted"):
        holds.void_hold(hold, at=at)


def test_a_hold_ends_at_its_time_whether_or_not_it_was_swept(sides, at):
    hold = reserve(sides, 7, "a", at)
    later = reserve(sides, 1, "b", at + HOUR)
    with pytest.raises(Refused, match=r"hold\.late"):
        holds.post_hold(hold, at=at + HOUR)
    assert holds.time_out(at=at + HOUR) == 1
    assert Hold.objects.get(id=later).state == "open"
    assert standing(sides[0]).available == 9
    with pytest.raises(Refused, match=r"hold\.timed_out"):
        holds.post_hold(hold, at=at)
    assert not holds.void_hold(hold, at=at + HOUR)


def test_there_is_no_such_hold(sides, at):
    with pytest.raises(Refused, match=r"hold\.unknown"):
        holds.post_hold(0, at=at)


@pytest.mark.parametrize("amount", [0, -3, 10**40])
def test_an_amount_that_makes_no_sense_is_not_reserved(sides, at, amount):
    with pytest.raises(Refused, match=r"ledger\.amount"):
        reserve(sides, amount, "a", at)

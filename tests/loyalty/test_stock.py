from __future__ import annotations

import contextlib
import itertools
import os
from collections import Counter
from datetime import timedelta

import pytest
from django.db import DataError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liuliang.kernel.errors import Refused
from liuliang.loyalty import holds
from liuliang.loyalty.models import Hold
from liuliang.loyalty.points import Reward, earn
from liuliang.loyalty.stock import (
    Wanted,
    add,
    give_back,
    open_budget,
    open_stock,
    redeem,
    release,
    remaining,
    reserve,
    reserve_many,
    withdraw,
)  # fmt: skip
from liuliang.people.models import Member

ROUNDS = int(os.environ.get("LIULIANG_ROUNDS", "2"))
"""Rounds of each crowd; the acceptance run takes 20."""

_NUMBERS = itertools.count(1)
HOUR = timedelta(hours=1)
THING = "coupon:1"


@pytest.fixture
def crowd(at):
    def make(count: int) -> list[int]:
        made = Member.objects.bulk_create([Member(name=f"成员{n}", created_at=at) for n in range(count)])
        return [member.id for member in made]

    return make


def ask(stock: int, member: int, at, cause: str = "", quantity: int = 1, *, at_most: int | None = 1) -> int:
    cause = cause or f"claim:{member}"
    return reserve(stock, THING, member, quantity, cause=cause, at=at, until=at + HOUR, at_most=at_most).hold


def codes(results: list[object]) -> Counter[str]:
    return Counter(each.code if isinstance(each, Refused) else type(each).__name__ for each in results)


@pytest.mark.usefixtures("ledger")
def test_what_is_reserved_is_redeemed_or_released(make_member, at):
    stock = open_stock(THING, 10, cause="delivery", at=at)
    member = make_member()
    first, second = ask(stock, member, at, "a", 3, at_most=None), ask(stock, member, at, "b", 2, at_most=None)
    assert (remaining(stock).free, remaining(stock).reserved, remaining(stock).gone) == (5, 5, 0)
    taken = redeem(first, at=at)
    assert release(second, at=at)
    assert (remaining(stock).free, remaining(stock).reserved, remaining(stock).gone) == (7, 0, 3)
    assert taken.transfer is not None
    give_back(taken.transfer, cause="return", at=at, quantity=2)
    assert (remaining(stock).free, remaining(stock).gone) == (9, 1)


@pytest.mark.usefixtures("ledger")
def test_a_person_has_no_more_than_they_may(make_member, at):
    stock = open_stock(THING, 10, cause="delivery", at=at)
    member = make_member()
    redeem(ask(stock, member, at, "a", 1, at_most=2), at=at)
    hold = ask(stock, member, at, "b", 1, at_most=2)
    with pytest.raises(Refused, match=r"stock\.limit"):
        ask(stock, member, at, "c", 1, at_most=2)
    release(hold, at=at)
    ask(stock, member, at, "d", 1, at_most=2)


@pytest.mark.usefixtures("ledger")
def test_a_delivery_counts_once_and_what_is_free_can_be_withdrawn(at):
    stock = open_stock(THING, 10, cause="delivery", at=at)
    assert open_stock(THING, 10, cause="delivery", at=at) == stock
    add(stock, 5, cause="delivery 2", at=at)
    with pytest.raises(Refused, match=r"stock\.not_enough"):
        withdraw(stock, 16, cause="broken", at=at)
    withdraw(stock, 15, cause="broken", at=at)
    assert remaining(stock).free == remaining(stock).gone == 0


@pytest.mark.usefixtures("ledger")
def test_what_was_opened_empty_takes_its_first_delivery_later(at):
    stock = open_stock(THING, 0, cause="opened", at=at)
    add(stock, 5, cause="delivery", at=at)
    assert remaining(stock).free == 5


@pytest.mark.usefixtures("ledger")
def test_an_order_of_many_takes_from_all_buckets(make_member, at):
    stock = open_stock(THING, 20, cause="delivery", at=at, buckets=8)
    redeem(ask(stock, make_member(), at, "a", 19, at_most=None), at=at)
    with pytest.raises(Refused, match=r"stock\.sold_out"):
        ask(stock, make_member(), at, "b", 2, at_most=None)
    ask(stock, make_member(), at, "c", 1, at_most=None)


@pytest.mark.usefixtures("ledger")
def test_a_number_that_makes_no_sense_is_refused(make_member, at):
    stock = open_stock(THING, 20, cause="delivery", at=at)
    for quantity in (0, -1, 10**25):
        with pytest.raises(Refused, match=r"stock\.quantity"):
            ask(stock, make_member(), at, f"{quantity}", quantity)
    with pytest.raises(ValueError, match="coupon"):
        open_stock("points", 5, cause="x", at=at)


@pytest.mark.usefixtures("ledger")
@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(
    amount=st.integers(0, 12),
    at_most=st.sampled_from([None, 1, 2, 4]),
    calls=st.lists(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4), st.booleans()), max_size=6), max_size=4),
)
def test_many_at_once_are_decided_as_one_after_the_other(make_member, at, amount, at_most, calls):
    number = next(_NUMBERS)
    one, many = f"one:{number}", f"many:{number}"
    members = [make_member() for _ in range(6)]
    record = make_member(canonical=members[0])
    stocks = {thing: open_stock(thing, amount, cause=thing, at=at, buckets=3) for thing in (one, many)}
    for thing, stock in stocks.items():
        # What a record had before it was merged counts for the first of them.
        with contextlib.suppress(Refused):
            reserve(stock, thing, record, cause=f"{thing}:record", at=at, until=at + HOUR)
    for turn, call in enumerate(calls):
        asked = {who: (quantity, f"{who if is_again else turn}:{who}") for who, quantity, is_again in call}
        expected = []
        for who, (quantity, cause) in asked.items():
            try:
                found = reserve(
                    stocks[one], one, members[who], quantity, cause=f"{one}:{cause}", at=at, until=at + HOUR,
                    at_most=at_most,
                )  # fmt: skip
                expected.append(found.is_new)
            except Refused as refusal:
                expected.append(refusal.code)
        wanted = [Wanted(members[who], f"{many}:{cause}", quantity) for who, (quantity, cause) in asked.items()]
        answers = reserve_many(stocks[many], many, wanted, at=at, until=at + HOUR, at_most=at_most)
        told = [each.code if isinstance(each, Refused) else each.is_new for each in answers]
        # Who would have too many of what is sold out is told either.
        either = {"stock.sold_out": "none", "stock.limit": "none"}
        assert [either.get(str(each), each) for each in told] == [either.get(str(each), each) for each in expected]
    assert remaining(stocks[many]) == remaining(stocks[one])


@pytest.mark.usefixtures("ledger")
def test_who_is_named_twice_or_wants_what_few_want_is_not_served_at_once(make_member, at):
    stock, member = open_stock(THING, 5, cause="delivery", at=at), make_member()
    for wanted in ([Wanted(member, "a"), Wanted(member, "b")], [Wanted(member, "a"), Wanted(make_member(), "a")]):
        with pytest.raises(ValueError, match="twice"):
            reserve_many(stock, THING, wanted, at=at, until=at + HOUR)
    plain = open_stock("coupon:2", 5, cause="delivery 2", at=at, buckets=0)
    with pytest.raises(DataError, match="no hot stock"), transaction.atomic():
        reserve_many(plain, "coupon:2", [Wanted(member, "a")], at=at, until=at + HOUR)
    assert remaining(plain).free == remaining(stock).free == 5


@pytest.mark.usefixtures("shared_ledger")
def test_single_ones_and_many_at_the_same_time_get_what_there_is_and_no_more(crowd, at_once, at):
    for number in range(ROUNDS):
        thing, members = f"mixed:{number}", crowd(120)
        stock = open_stock(thing, 100, cause=thing, at=at)

        def alone(member: int, thing: str = thing, stock: int = stock) -> int:
            cause = f"{thing}:{member}"
            return int(reserve(stock, thing, member, cause=cause, at=at, until=at + HOUR, at_most=1).is_new)

        def together(turn: int, thing: str = thing, stock: int = stock, members: list[int] = members) -> int:
            # Everybody is asked for by two of them and by themselves, for the same reason or another one.
            some = [members[(turn * 20 + place) % 120] for place in range(40)]
            wanted = [Wanted(each, f"{thing}:{each}" if each % 2 else f"{thing}:{turn}:{each}") for each in some]
            found = reserve_many(stock, thing, wanted, at=at, until=at + HOUR, at_most=1)
            assert set(codes([each for each in found if isinstance(each, Refused)])) <= {
                "stock.limit",
                "stock.sold_out",
            }
            return sum(not isinstance(each, Refused) and each.is_new for each in found)

        works = [lambda member=member: alone(member) for member in members]
        for turn in range(6):
            works.insert(turn * 17, lambda turn=turn: together(turn))
        results = at_once(works, 24)
        assert set(codes(results)) <= {"int", "stock.sold_out", "stock.limit"}
        assert sum(each for each in results if isinstance(each, int)) == 100
        assert (remaining(stock).free, remaining(stock).reserved) == (0, 100)


@pytest.mark.usefixtures("shared_ledger")
def test_two_hundred_at_once_on_fifty_items_are_fifty_winners(crowd, at_once, at):
    for number in range(ROUNDS):
        thing, members = f"item:{number}", crowd(200)
        stock = open_stock(thing, 50, cause=thing, at=at)

        def buy(member: int, thing: str = thing, stock: int = stock) -> int:
            cause = f"{thing}:{member}"
            return reserve(stock, thing, member, cause=cause, at=at, until=at + HOUR, at_most=1).hold

        results = at_once([lambda member=member: buy(member) for member in members], 60)
        assert codes(results) == {"int": 50, "stock.sold_out": 150}
        assert (remaining(stock).free, remaining(stock).reserved) == (0, 50)


@pytest.mark.usefixtures("shared_ledger")
def test_a_thousand_on_one_coupon_with_one_each_get_one_each(crowd, at_once, at):
    # Eighty connections, which go on to the next attempt at once: a server allows 200, and those of
    # the round before may still be closing.
    for number in range(ROUNDS):
        thing, members = f"coupon:{number + 1}", crowd(400)
        stock = open_stock(thing, 300, cause=thing, at=at)

        def claim(attempt: int, thing: str = thing, stock: int = stock, members: list[int] = members) -> int:
            member = members[attempt % 400]
            cause = f"{thing}:{attempt}"
            hold = reserve(stock, thing, member, cause=cause, at=at, until=at + HOUR, at_most=1).hold
            redeem(hold, at=at)
            return member

        results = at_once([lambda attempt=attempt: claim(attempt) for attempt in range(1_000)], 80)
        winners = [each for each in results if isinstance(each, int)]
        assert len(winners) == len(set(winners)) == 300
        assert set(codes(results)) <= {"int", "stock.sold_out", "stock.limit"}
        assert (remaining(stock).free, remaining(stock).reserved, remaining(stock).gone) == (0, 0, 300)


@pytest.mark.usefixtures("shared_ledger")
def test_a_budget_that_ends_in_the_middle_is_paid_out_to_the_last_that_fits(crowd, at_once, at):
    for number in range(ROUNDS):
        key, members = f"campaign {number}", crowd(200)
        budget = open_budget(key, 7 * 60 + 3, cause=key, at=at)

        def reward(member: int, key: str = key) -> str:
            return earn([Reward(member, 7, f"{key}:{member}", budget=key)], at=at)[0].outcome

        results = at_once([lambda member=member: reward(member) for member in members], 50)
        assert Counter(results) == {"posted": 60, "floor": 140}
        assert remaining(budget).free == 3


@pytest.mark.usefixtures("shared_ledger")
def test_a_hold_that_is_posted_voided_and_timed_out_at_once_has_one_end(crowd, at_once, at):
    stock = open_stock(THING, 30, cause="delivery", at=at)
    kept = [ask(stock, member, at) for member in crowd(30)]
    late = at + HOUR

    def end(hold: int, how: int) -> object:
        if how == 2:
            return holds.time_out(at=late)
        return redeem(hold, at=at).outcome if how else release(hold, at=at)

    results = at_once([lambda hold=hold, how=how: end(hold, how) for hold in kept for how in range(3)], 30)
    assert not [each for each in results if isinstance(each, Exception) and not isinstance(each, Refused)]
    states = Counter(Hold.objects.values_list("state", flat=True))
    assert states["open"] == 0
    assert remaining(stock).gone == states["posted"]
    assert remaining(stock).free == 30 - states["posted"]


@pytest.mark.usefixtures("ledger")
def test_what_a_merged_record_has_counts_for_the_persons_limit(make_member, at):
    one, two = make_member(), make_member()
    stock = open_stock("coupon:1", 10, cause="made", at=at)
    until = at + timedelta(hours=1)
    redeem(reserve(stock, "coupon:1", one, 2, cause="a", at=at, until=until, at_most=3).hold, at=at)
    Member.objects.filter(pk=one).update(canonical_id=two)
    with pytest.raises(Refused, match=r"stock\.limit"):
        reserve(stock, "coupon:1", two, 2, cause="b", at=at, until=until, at_most=3)
    assert reserve(stock, "coupon:1", two, 1, cause="c", at=at, until=until, at_most=3).is_new
    assert reserve(stock, "coupon:1", two, 5, cause="d", at=at, until=until).is_new


@pytest.mark.usefixtures("shared_ledger")
def test_what_sells_out_may_be_filled_again_at_the_same_time(crowd, at_once, at):
    for number in range(ROUNDS):
        thing, members = f"refilled:{number}", crowd(120)
        stock = open_stock(thing, 20, cause=thing, at=at, buckets=4)

        def buy(member: int, thing: str = thing, stock: int = stock) -> int:
            return reserve(stock, thing, member, cause=f"{thing}:{member}", at=at, until=at + HOUR).hold

        def fill(turn: int, thing: str = thing, stock: int = stock) -> int:
            return add(stock, 5, cause=f"{thing}:more:{turn}", at=at).transfer

        works = [lambda member=member: buy(member) for member in members]
        for turn in range(12):
            works.insert(turn * 10, lambda turn=turn: fill(turn))
        results = at_once(works, 24)
        assert set(codes(results)) <= {"int", "stock.sold_out"}
        left = remaining(stock)
        assert left.free + left.reserved == 20 + 12 * 5
        assert left.reserved == codes(results)["int"] - 12

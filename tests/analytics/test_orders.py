from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from liuliang.analytics.base import Asked, metrics
from liuliang.analytics.orders import NOWHERE, basket, paid_by_community, sales
from liuliang.analytics.periods import Period
from liuliang.analytics.scopes import Scope
from liuliang.kernel.readers import catch_up, readers
from liuliang.people.merging import merge_members
from liuliang.simulator import truth

WEEK = Period(date(2026, 3, 2), date(2026, 3, 8))
ZONE = "Asia/Shanghai"


def test_orders_count_where_their_buyer_was_when_they_were_placed(told, at, only):
    here, there = told.community(), told.community("别的群")
    buyer, gone, stranger = told.member("甲"), told.member("乙"), told.member("丙")
    told.joins(buyer, here, at(2026, 3, 3, 9))
    told.says(gone, here, at(2026, 1, 1, 9))
    told.leaves(gone, here, at(2026, 3, 4, 9))
    told.joins(buyer, there, at(2026, 3, 5, 9))
    told.buys(buyer, at(2026, 3, 3, 8), 100)  # an hour too early
    told.buys(buyer, at(2026, 3, 4, 9), 200)
    told.buys(buyer, at(2026, 3, 6, 9), 400)  # in both by then
    told.buys(gone, at(2026, 3, 3, 9), 800)
    told.buys(gone, at(2026, 3, 4, 10), 1600)  # left an hour ago
    told.buys(stranger, at(2026, 3, 4, 10), 3200)
    told.buys(stranger, at(2026, 3, 4, 11), 6400, community=here)
    told.buys(None, at(2026, 3, 4, 11), 12800)
    told.buys(buyer, at(2026, 3, 6, 9), 25600, status="cancelled")
    told.settle()

    all_there_is = Scope.of([(here.id, ZONE), (there.id, ZONE)], is_everything=True)
    found = paid_by_community(only(here, there), WEEK, ZONE)
    everything = sales(all_there_is, WEEK, ZONE)
    theirs = sales(only(here, there), WEEK, ZONE)

    assert found == {here.id: 200 + 400 + 800 + 6400, there.id: 400}
    # What no community has: before the first joined, after the second left, of strangers and of nobody.
    nowhere = {NOWHERE: 100 + 1600 + 3200 + 12800}
    assert paid_by_community(all_there_is, WEEK, ZONE) == found | nowhere
    assert (everything.amount, everything.orders) == (100 + 200 + 400 + 800 + 1600 + 3200 + 6400 + 12800, 8)
    # What counts for two communities counts once for both together.
    assert (theirs.amount, theirs.orders) == (200 + 400 + 800 + 6400, 4)


def test_who_bought_again_did_so_in_any_currency_and_robots_are_no_buyers(told, at, only):
    here = told.community()
    people = {
        name: told.member(name, is_bot=name == "机器人") for name in ("一次", "两种", "先美元", "只美元", "机器人")
    }
    for each in people.values():
        told.joins(each, here, at(2026, 1, 1, 9))
        told.says(each, here, at(2026, 1, 1, 9))
    told.buys(people["先美元"], at(2026, 2, 1, 9), 900, currency="USD")
    for name in ("一次", "两种", "先美元", "机器人"):
        told.buys(people[name], at(2026, 3, 3, 9), 100)
    told.buys(people["两种"], at(2026, 3, 4, 9), 900, currency="USD")
    told.buys(people["只美元"], at(2026, 3, 4, 9), 900, currency="USD")
    told.settle()
    scope = Scope.of([(here.id, ZONE)], robots=[people["机器人"].id])

    found = basket(scope, WEEK)
    for whole in (scope, replace(scope, is_everything=True)):
        for split in ("", "community"):
            asked = Asked(whole, WEEK, at(2026, 3, 10, 9), ZONE, split=split)
            ((again,), (buyers,), (gmv,)) = (metrics()[key].read(asked) for key in ("repurchase", "buyers", "gmv"))
            # Money is money, whoever paid it; buyers are people.
            assert (again.count, again.of, buyers.value, gmv.value) == (2, 3, 3, 400)
    assert (found.buyers, found.again) == (3, 2)
    assert people["机器人"].id not in {buyer.member for buyer in found.top_buyers}


def test_orders_count_on_the_local_day_and_other_currencies_apart(told, at, only):
    here = told.community()
    buyer = told.member()
    told.says(buyer, here, at(2026, 1, 1, 9))
    told.buys(buyer, at(2026, 3, 1, 23, 59), 100)
    told.buys(buyer, at(2026, 3, 2, 0, 1), 200, refunded=50)
    told.buys(buyer, at(2026, 3, 2, 0, 1), 700, currency="USD")
    told.settle()

    found = sales(only(here), WEEK, ZONE)

    assert (found.now[0].amount, found.now[0].refunded, found.before[-1].amount) == (200, 50, 100)
    assert found.others == (("USD", 1),)
    assert found.mean_amount == 150
    assert paid_by_community(only(here), WEEK, ZONE) == {here.id: 200}


def test_what_the_records_of_one_person_bought_counts_where_the_person_was(told, at, only):
    here, abroad = told.community(), told.community("海外群", timezone="America/New_York")
    person, other = told.member("甲"), told.member("甲的另一个号")
    told.joins(person, here, at(2026, 3, 1, 9))
    told.joins(other, abroad, at(2026, 3, 1, 9))
    # Already the ninth of March here, still the eighth in New York.
    told.buys(other, at(2026, 3, 9, 10), 100)
    told.buys(person, at(2026, 3, 3, 10), 200)
    told.settle()
    merge_members(other.pk, person.pk, at=at(2026, 3, 9, 11))
    for reader in readers():
        catch_up(reader)

    places = [(here.id, ZONE), (abroad.id, "America/New_York")]

    found = paid_by_community(Scope.of(places, is_everything=True), WEEK, ZONE)

    assert found == {here.id: 200, abroad.id: 100 + 200}
    assert paid_by_community(Scope.of(places), WEEK, ZONE) == found


def test_a_basket_says_who_bought_what_and_who_came_back(told, at, only):
    here = told.community()
    old, twice, once = told.member("老客"), told.member("两次"), told.member("一次")
    for who in (old, twice, once):
        told.says(who, here, at(2026, 1, 1, 9))
    told.buys(old, at(2026, 1, 5, 9), 100, product="茶")
    told.buys(old, at(2026, 3, 3, 9), 300, product="茶")
    told.buys(twice, at(2026, 3, 3, 9), 500, product="咖啡")
    told.buys(twice, at(2026, 3, 4, 9), 500, product="茶")
    told.buys(once, at(2026, 3, 4, 9), 50, product="咖啡")
    told.settle()

    found = basket(only(here), WEEK)

    assert (found.buyers, found.again) == (3, 2)
    assert [(each.name, each.amount, each.orders, each.buyers) for each in found.products] == [
        ("茶", 800, 2, 2),
        ("咖啡", 550, 2, 2),
    ]
    assert [(each.name, each.amount, each.orders) for each in found.top_buyers] == [
        ("两次", 1000, 2),
        ("老客", 300, 1),
        ("一次", 50, 1),
    ]


def test_nothing_sold_is_an_empty_basket(told, only):
    here = told.community()
    told.settle()

    assert basket(only(here), WEEK).buyers == 0
    assert sales(only(here), WEEK, ZONE).amount == 0
    assert sales(only(here), WEEK, ZONE).mean_amount == 0
    assert paid_by_community(Scope(()), WEEK, ZONE) == {}


def test_the_invented_brand_sold_what_it_sold(simulated):
    world = simulated.world
    period = Period(world.starting + timedelta(days=30), world.starting + timedelta(days=59))

    whole = sales(simulated.scope, period, ZONE)

    wanted = truth.sales_per_day(world)
    for day in whole.now:
        assert (day.orders, day.amount, day.refunded) == wanted.get(day.day, (0, 0, 0))

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from liuliang.commerce.prices import COMMUNITY, LEVEL, QUANTITY, Shopper, Terms, price_of, unmet

communities = st.frozensets(st.integers(1, 4), max_size=3)
offers = st.lists(
    st.builds(
        Terms,
        amount=st.integers(0, 120),
        communities=communities,
        level=st.none() | st.integers(0, 3),
        from_quantity=st.integers(1, 4),
    ),
    max_size=5,
).map(lambda found: [replace(each, key=number) for number, each in enumerate(found)])
shoppers = st.builds(Shopper, communities=communities, level=st.none() | st.integers(0, 3))
quantities = st.integers(1, 5)


def test_all_members_of_the_community_get_its_price_and_nobody_else():
    group = Terms(8_000, communities=frozenset({7}))
    assert price_of(9_900, [group], Shopper(frozenset({7, 8}))).amount == 8_000
    stranger = price_of(9_900, [group], Shopper(frozenset({8}), level=10**6), quantity=1_000)
    assert (stranger.amount, stranger.terms) == (9_900, None)
    assert stranger.missed[0].unmet == (COMMUNITY,)


def test_a_level_or_higher_gets_the_price_of_the_level():
    gold = Terms(8_000, level=1_000)
    assert [price_of(9_900, [gold], Shopper(level=level)).amount for level in (None, 999, 1_000, 5_000)] == [
        9_900, 9_900, 8_000, 8_000,
    ]  # fmt: skip


def test_a_tier_begins_with_its_quantity():
    tiers = [Terms(90, from_quantity=3, key=1), Terms(80, from_quantity=10, key=2)]
    assert [price_of(100, tiers, Shopper(), many).amount for many in (1, 2, 3, 9, 10)] == [100, 100, 90, 90, 80]


def test_conditions_of_one_price_hold_together():
    both = Terms(50, communities=frozenset({1}), level=10, from_quantity=2)
    assert both.conditions == (COMMUNITY, LEVEL, QUANTITY)
    assert unmet(both, Shopper(frozenset({1}), level=10), 1) == (QUANTITY,)
    assert price_of(100, [both], Shopper(frozenset({1}), level=10), 2).why == (COMMUNITY, LEVEL, QUANTITY)


@given(st.integers(0, 100), offers, shoppers, quantities)
def test_somebody_pays_the_lowest_price_whose_conditions_they_meet(listed, found, shopper, quantity):
    priced = price_of(listed, found, shopper, quantity)
    met = [
        each.amount
        for each in found
        if (not each.communities or each.communities & shopper.communities)
        and (each.level is None or (shopper.level is not None and each.level <= shopper.level))
        and each.from_quantity <= quantity
    ]
    assert priced.amount == min([listed, *met])
    assert (priced.terms is None) == (priced.amount == listed)
    assert len(priced.missed) == len(found) - (priced.terms is not None)


@given(
    listed=st.integers(0, 100),
    found=offers,
    shopper=shoppers,
    quantity=quantities,
    more=communities,
    step=st.integers(0, 5),
)
def test_being_in_more_communities_having_a_higher_level_or_buying_more_never_costs_more(
    *, listed, found, shopper, quantity, more, step
):
    better = Shopper(shopper.communities | more, max(shopper.level or 0, step))
    assert price_of(listed, found, better, quantity + step).amount <= price_of(listed, found, shopper, quantity).amount


@given(st.integers(0, 100), offers, shoppers, quantities)
def test_the_order_in_which_prices_stand_does_not_matter(listed, found, shopper, quantity):
    there, back = price_of(listed, found, shopper, quantity), price_of(listed, found[::-1], shopper, quantity)
    assert (there.amount, there.terms) == (back.amount, back.terms)

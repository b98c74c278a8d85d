from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuliang.commerce.discounts import AMOUNT, PERCENT, Item, Terms, spread, take_off
from liuliang.kernel.errors import Refused

AT = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def coupon(kind: str = AMOUNT, off: int = 1_000, key: int = 1, **told) -> Terms:
    told = {"currency": "CNY", "starts_at": AT - DAY, "ends_at": AT + DAY, **told}
    return Terms(kind, off, key=key, **told)


LINES = (Item(1, 6_000), Item(2, 4_000))


def apply(*coupons: Terms, items=LINES, currency: str = "CNY", at: datetime = AT):
    return take_off(coupons, items, currency=currency, at=at)


def refused(*coupons: Terms, **told) -> str:
    with pytest.raises(Refused) as found:
        apply(*coupons, **told)
    return found.value.code


def test_an_amount_is_shared_out_over_the_lines_it_is_for():
    assert apply(coupon(off=1_000)).by_line == (600, 400)
    assert apply(coupon(off=1_000, products=frozenset({2}))).by_line == (0, 1_000)


def test_a_percentage_takes_off_no_more_than_its_most_and_the_seller_keeps_the_fraction_of_a_coin():
    assert apply(coupon(PERCENT, 20)).total == 2_000
    assert apply(coupon(PERCENT, 20, most=1_500)).total == 1_500
    assert apply(coupon(PERCENT, 33), items=[Item(1, 100)]).total == 33
    assert apply(coupon(PERCENT, 33), items=[Item(1, 101)]).total == 33


def test_a_threshold_is_measured_on_the_lines_it_is_for_before_any_coupon():
    assert apply(coupon(threshold=10_000)).total == 1_000
    assert refused(coupon(threshold=10_001)) == "coupon.threshold"
    assert refused(coupon(threshold=6_001, products=frozenset({1}))) == "coupon.threshold"
    both = [coupon(PERCENT, 50, 1, is_stacking=True), coupon(AMOUNT, 1, 2, is_stacking=True, threshold=10_000)]
    assert apply(*both).total == 5_001


def test_what_does_not_go_with_the_order_is_refused():
    assert refused(coupon(products=frozenset({3}))) == "coupon.scope"
    assert refused(coupon(currency="USD")) == "coupon.currency"
    assert refused(coupon(starts_at=AT + timedelta(seconds=1))) == "coupon.not_yet"
    assert refused(coupon(ends_at=AT)) == "coupon.ended"
    assert refused(coupon(key=1), coupon(key=2)) == "coupon.stacking"
    assert refused(coupon(key=1, is_stacking=True), coupon(key=2)) == "coupon.stacking"
    assert refused(coupon(key=1, is_stacking=True), coupon(key=1, is_stacking=True)) == "coupon.twice"


def test_percentages_come_before_amounts():
    stacked = [coupon(AMOUNT, 1_000, 1, is_stacking=True), coupon(PERCENT, 10, 2, is_stacking=True)]
    assert apply(*stacked).by_coupon == {2: 1_000, 1: 1_000}


items = st.lists(st.builds(Item, st.integers(1, 3), st.integers(0, 5_000)), min_size=1, max_size=5)
coupons = st.lists(
    st.builds(
        coupon,
        st.sampled_from([AMOUNT, PERCENT]),
        st.integers(1, 100),
        products=st.frozensets(st.integers(1, 3), max_size=2),
        threshold=st.integers(0, 3_000),
        most=st.none() | st.integers(1, 500),
        is_stacking=st.just(True),
    ),
    min_size=1,
    max_size=4,
).map(
    lambda found: [
        Terms(each.kind, each.off, "CNY", each.starts_at, each.ends_at, each.threshold, each.most, each.products,
              is_stacking=True, key=number)
        for number, each in enumerate(found)
    ]
)  # fmt: skip


@given(coupons, items)
def test_no_line_falls_below_nothing_and_both_sums_agree(found, lines):
    try:
        taken = apply(*found, items=lines)
    except Refused:
        return
    assert all(0 <= off <= item.amount for off, item in zip(taken.by_line, lines, strict=True))
    assert sum(taken.by_coupon.values()) == taken.total
    for terms in found:
        reached = [item.amount for item in lines if not terms.products or item.product in terms.products]
        assert sum(reached) >= terms.threshold
        if terms.kind == AMOUNT:
            assert taken.by_coupon[terms.key] <= terms.off
        elif terms.most is not None:
            assert taken.by_coupon[terms.key] <= terms.most
    assert all(
        not off or any(not terms.products or item.product in terms.products for terms in found)
        for off, item in zip(taken.by_line, lines, strict=True)
    )


@given(coupons, items)
def test_the_order_in_which_coupons_are_named_does_not_matter(found, lines):
    try:
        there = apply(*found, items=lines)
    except Refused:
        return
    assert apply(*found[::-1], items=lines) == there


@given(st.data())
def test_shares_add_up_and_none_is_above_its_weight(data):
    weights = data.draw(st.lists(st.integers(0, 10**12), max_size=8))
    amount = data.draw(st.integers(0, sum(weights)))
    shares = spread(amount, weights)
    assert sum(shares) == amount
    assert all(0 <= share <= weight for share, weight in zip(shares, weights, strict=True))

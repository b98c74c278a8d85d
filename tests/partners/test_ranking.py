"""Who brought most in a period, against the same sums in plain Python; places that equals share."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgers import AT
from liuliang.commerce.models import Order
from liuliang.partners.commissions import settle_orders
from liuliang.partners.models import Partner
from liuliang.partners.ranking import MEASURES, Brought, brought, currencies, ranked
from liuliang.partners.services import claim_order
from liuliang.people.models import Member

BEGIN, END = AT - timedelta(days=30), AT


def test_a_period_holds_what_was_brought_in_it_less_what_went_back(
    ledger, make_plan, make_partner, make_member, make_order
):
    seen = random.Random(8)
    plan = make_plan(1_000, 200)
    parent = make_partner(plan)
    partners = [parent, make_partner(plan, parent=parent), make_partner(plan)]
    people = [make_member(f"买家{number}") for number in range(5)]
    alias = make_member("买家0的小号")
    Member.objects.filter(pk=alias.pk).update(canonical=people[0])
    expected: dict[tuple[str, int], list] = defaultdict(lambda: [0, set(), 0, 0])
    for _number in range(60):
        partner, buyer = seen.choice(partners), seen.choice([*people, alias, None])
        amount, currency = seen.randrange(1, 99_999), seen.choice(["CNY", "CNY", "USD"])
        # On the very first instant, within, on the instant after the last, and before.
        day = seen.choice(
            [BEGIN, END - timedelta(microseconds=1), AT - timedelta(days=9), END, BEGIN - timedelta(days=1)]
        )
        order = make_order(buyer, amount, currency=currency, at=day)
        claim_order(order.pk, partner.code, at=AT)
        refunded = seen.choice([0, 0, amount // 3, amount])
        if refunded:
            Order.objects.filter(pk=order.pk).update(refunded=refunded)
            settle_orders([order.pk], at=AT)
        if not BEGIN <= day < END:
            continue
        left = amount - refunded
        mine = expected[currency, partner.pk]
        mine[0] += 1
        mine[1] |= {people[0].pk if buyer == alias else buyer.pk} if buyer else set()
        mine[2] += left
        mine[3] += left * 1_000 // 10_000
        if partner.parent_id:
            expected[currency, partner.parent_id][3] += left * 200 // 10_000
    found = brought(BEGIN, END)
    assert {
        (currency, pk): (one.orders, one.buyers, one.sales, one.earned)
        for currency, rows in found.items()
        for pk, one in rows.items()
    } == {key: (orders, len(buyers), sales, earned) for key, (orders, buyers, sales, earned) in expected.items()}
    assert currencies(found) == ["CNY", "USD"]
    assert brought(END + timedelta(days=1), END + timedelta(days=2)) == {}


def test_who_left_is_ranked_only_with_what_they_brought():
    stays, left, gone = Partner(pk=1), Partner(pk=2, is_active=False), Partner(pk=3, is_active=False)
    rows = ranked([stays, left, gone], {2: Brought(1, 1, 500, 50)}, "sales")
    assert [(row.partner.pk, row.place) for row in rows] == [(1, None), (2, 1)]


@pytest.mark.parametrize("by", MEASURES)
@given(values=st.lists(st.integers(0, 4), max_size=12))
def test_a_place_is_one_more_than_how_many_brought_more(by, values):
    partners = [Partner(pk=number) for number, _value in enumerate(values)]
    found = {number: Brought(**{by: value}) for number, value in enumerate(values)}
    rows = ranked(partners, found, by)
    assert [row.place for row in rows] == [
        1 + sum(other > value for other in values) if value else None for value in values
    ]

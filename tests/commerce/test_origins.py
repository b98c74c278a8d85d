from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liuliang.accounts.models import AuditEntry, Staff
from liuliang.commerce.models import Order
from liuliang.commerce.origins import brought_by, currencies, note_origin
from liuliang.people.models import Community, Member

AT = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    told=st.lists(
        st.tuples(
            st.sampled_from(["", "教程", "直播"]), st.integers(0, 3), st.integers(0, 500), st.integers(0, 500),
            st.sampled_from(["paid", "refunded", "unpaid", "cancelled"]), st.sampled_from(["CNY", "USD"]), st.integers(-1, 3),
        ),
        max_size=25,
    )
)  # fmt: skip
def test_what_each_content_brought_equals_adding_it_up(told):
    Order.objects.all().delete()
    people = [Member.objects.create(name=str(number), created_at=AT) for number in range(4)]
    # The last two are one person.
    Member.objects.filter(pk=people[3].pk).update(canonical=people[2])
    expected: dict[tuple[str, str], list] = defaultdict(lambda: [0, set(), 0])
    for place, (content, buyer, amount, back, status, currency, day) in enumerate(told):
        refunded = min(amount, back)
        Order.objects.create(
            source="shop", number=str(place), member=people[buyer], at=AT + day * DAY, amount=amount, refunded=refunded,
            currency=currency, status=status, content=content,
        )  # fmt: skip
        if status in {"paid", "refunded"} and 0 <= day < 2:
            line = expected[content, currency]
            line[0] += 1
            line[1].add(min(buyer, 2))
            line[2] += amount - refunded
    every = Order.objects.all()
    found = {
        currency: brought_by(every, "content", AT, AT + 2 * DAY, currency)
        for currency in currencies(every, AT, AT + 2 * DAY)
    }
    assert {
        (one.origin, currency): (one.orders, one.buyers, one.amount) for currency, rows in found.items() for one in rows
    } == {key: (orders, len(buyers), amount) for key, (orders, buyers, amount) in expected.items()}
    for rows in found.values():
        assert [one.amount for one in rows] == sorted((one.amount for one in rows), reverse=True)


@pytest.mark.parametrize("by", ["staff", "community"])
def test_namesakes_are_told_apart(by):
    for number in range(2):
        group = Community.objects.create(name="群", type="brand", created_at=AT)
        colleague = Staff.objects.create(email=f"{number}@example.com", name="阿桃", created_at=AT)
        Order.objects.create(
            source="shop", number=str(number), at=AT, amount=100 + number, community=group, staff=colleague
        )
    found = brought_by(Order.objects.all(), by, AT, AT + DAY, "CNY")
    assert [one.amount for one in found] == [101, 100]
    assert len({one.key for one in found}) == 2
    assert len({one.origin for one in found}) == 1


def test_origins_are_noted_on_any_order_and_put_on_record():
    colleague = Staff.objects.create(email="atao@example.com", name="阿桃", created_at=AT)
    group = Community.objects.create(name="群", type="brand", created_at=AT)
    row = Order.objects.create(source="table", number="1", at=AT, amount=100, community=group)
    note_origin(row.pk, content=" 教程 ", play="拼团", staff=colleague)
    row.refresh_from_db()
    assert (row.content, row.play, row.staff) == ("教程", "拼团", colleague)
    every = Order.objects.all()
    assert [(one.origin, one.amount) for one in brought_by(every, "staff", AT, AT + DAY, "CNY")] == [("阿桃", 100)]
    assert [one.origin for one in brought_by(every, "community", AT, AT + DAY, "CNY")] == ["群"]
    entry = AuditEntry.objects.get(action="order.origin_noted")
    assert entry.target_name == "1"

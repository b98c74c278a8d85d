from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liuliang.accounts.models import AuditEntry, Staff
from liuliang.commerce.models import Order
from liuliang.commerce.origins import brought_by, note_origin
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
    found = brought_by(Order.objects.all(), "content", AT, AT + 2 * DAY)
    assert {(one.origin, one.currency): (one.orders, one.buyers, one.amount) for one in found} == {
        key: (orders, len(buyers), amount) for key, (orders, buyers, amount) in expected.items()
    }
    assert [one.amount for one in found] == sorted((one.amount for one in found), reverse=True)


def test_origins_are_noted_on_any_order_and_put_on_record():
    colleague = Staff.objects.create(email="atao@example.com", name="阿桃", created_at=AT)
    group = Community.objects.create(name="群", type="brand", created_at=AT)
    row = Order.objects.create(source="table", number="1", at=AT, amount=100, community=group)
    note_origin(row.pk, content=" 教程 ", play="拼团", staff=colleague)
    row.refresh_from_db()
    assert (row.content, row.play, row.staff) == ("教程", "拼团", colleague)
    assert [(one.origin, one.amount) for one in brought_by(Order.objects.all(), "staff", AT, AT + DAY)] == [
        ("阿桃", 100)
    ]
    assert [one.origin for one in brought_by(Order.objects.all(), "community", AT, AT + DAY)] == ["群"]
    entry = AuditEntry.objects.get(action="order.origin_noted")
    assert entry.target_name == "1"

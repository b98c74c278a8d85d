"""What the audit log says of values that are kept by their keys."""

from __future__ import annotations

import pytest
from django.urls import reverse

from liuliang.accounts.models import AuditEntry
from liuliang.console import history
from liuliang.kernel import clock
from liuliang.people.access import Access

pytestmark = pytest.mark.django_db


def changes(world, target_type, told):
    reverse("console:audit")  # Every area of the console says what its fields are called as its addresses are read.
    entry = AuditEntry(action="x", at=clock.now(), target_type=target_type, target_id="1", changes=told)
    (line,) = history.lines([entry], Access(world.owner))
    return [(one.field, one.before, one.after, one.added) for one in line.changes]


def test_money_is_written_as_money_and_points_as_they_are(world):
    told = {"amount": [None, 9900], "currency": [None, "CNY"]}
    assert changes(world, "commerce.order", told)[0] == ("金额", "", "", ("¥99.00",))
    assert changes(world, "people.member", {"amount": [None, 9900]}) == [("金额", "", "", ("9900",))]


def test_states_uses_and_roles_are_said_in_words(world):
    assert changes(world, "commerce.order", {"status": ["unpaid", "cancelled"]}) == [("状态", "未付款", "已取消", ())]
    assert changes(world, "testimonials.testimonial", {"uses": [[], ["ad"]]}) == [("用途", "", "", ("用在广告里",))]


def test_whoever_takes_a_list_away_stands_in_the_log_with_how_much_it_was(world):
    client = world.sign_in(world.owner)
    file = client.get(reverse("console:members"), {"export": "csv", "q": "没有这个人"})
    assert b"".join(file.streaming_content)
    entry = AuditEntry.objects.get(action="list.exported")
    assert entry.staff == world.owner
    assert entry.changes == {"list": [None, "成员"], "rows": [None, 0]}
    assert "没有这个人" not in str(entry.changes)
    assert "导出列表" in client.get(reverse("console:audit")).content.decode()

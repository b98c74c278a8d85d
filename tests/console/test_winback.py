"""The page of repurchase and win-back: with nothing, with buyers, and for who may see only a part."""

from __future__ import annotations

import io
import re
import sys
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from django.urls import reverse
from python_calamine import CalamineWorkbook

sys.path.insert(0, str(Path(__file__).parent.parent))

from liuliang.accounts.models import AuditEntry
from liuliang.kernel import clock
from liuliang.segments.models import Segment
from liuliang.segments.queries import members_of
from liuliang.winback.models import ProductCycle
from liuliang.winback.queries import rules

PAGE = reverse("console:winback")


@pytest.fixture
def buyers(told):
    """Two who are due for 挂耳 at a cycle of 20 days, one who is overdue, one who was lost long ago; all in one group."""
    group = told.community()
    for name, days, amount in (("甲", 21, 900), ("乙", 18, 900), ("丙", 40, 900), ("丁", 200, 90_000)):
        member = told.member(name)
        told.joins(member, group, clock.now() - timedelta(days=300))
        at = clock.now() - timedelta(days=days)
        told.buys(member, at, amount, product="挂耳" if amount == 900 else "礼盒", community=group)
    told.settle()
    ProductCycle.objects.create(product="挂耳", days=20, changed_at=clock.now())
    return group


def names_in(client, url: str) -> set[str]:
    return set(re.findall(r"<span>(甲|乙|丙|丁)</span>", client.get(url).content.decode()))


def rows_of(response) -> list[list[object]]:
    assert response.status_code == 200
    body = b"".join(response.streaming_content)
    return CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(0).to_python()


def test_the_page_says_what_to_do_without_orders(told, browser):
    text = browser().get(PAGE).content.decode()
    assert "有了订单，这里就能说出谁该再买了" in text
    assert reverse("console:imports") in text


def test_each_list_leads_to_its_people(buyers, browser):
    client = browser()
    text = client.get(PAGE).content.decode()
    links = [unescape(url) for url in re.findall(r'href="(/members/\?behind=winback[^"]+)"', text)]
    assert [names_in(client, url) for url in links[:4]] == [{"甲", "乙"}, {"丙"}, {"丁"}, {"丁"}]
    assert "再有 30 人买第二次才学得出来" in text
    assert "上次下单在 120 天前或更早" in text


def test_a_list_is_one_click_from_a_segment_and_twice_is_once(buyers, browser):
    client = browser()
    asked = {"list": "due", "product": "挂耳", "in": ""}
    for _time in range(2):
        client.post(reverse("console:winback-segment"), asked)
    made = Segment.objects.get()
    assert made.is_dynamic
    assert made.name == "该再买了 · 挂耳"
    assert len(members_of(made)) == 2
    client.post(reverse("console:winback-segment"), {"list": "valued", "in": buyers.public_id})
    assert Segment.objects.filter(community=buyers).get().size == 1


def test_a_list_is_exported_with_what_is_due_when_and_leaves_a_trace(buyers, browser):
    client = browser()
    head, *rows = rows_of(client.get(f"{reverse('console:winback-export')}?list=due"))
    assert head[2:] == ["商品", "上次买在", "买过几天", "该再买的日子"]
    assert {row[0] for row in rows} == {"甲", "乙"}
    assert all((row[5] - row[3]).days == 20 for row in rows)
    _head, row = rows_of(client.get(f"{reverse('console:winback-export')}?list=long"))
    assert (row[0], row[3], row[4]) == ("丁", 1, 900)
    assert AuditEntry.objects.filter(action="winback.exported").count() == 2


def test_a_list_that_does_not_exist_is_not_found(buyers, browser):
    assert browser().get(f"{reverse('console:winback-export')}?list=nobody").status_code == 404


def test_rules_and_cycles_are_changed_in_a_dialog(buyers, browser):
    client = browser()
    assert "周期的百分之几" in client.get(reverse("console:winback-rules")).content.decode()
    told = {"early": 50, "late": 110, "until": 200, "lost_days": 30, "long_days": 250, "high_amount": "500"}
    client.post(reverse("console:winback-rules"), told)
    assert (rules().early, rules().high_amount) == (50, 50_000)
    wrong = client.post(reverse("console:winback-rules"), {**told, "late": 40})
    assert wrong.status_code == 422
    assert "百分比要一个比一个大" in wrong.content.decode()
    client.post(reverse("console:winback-cycle"), {"product": "挂耳", "days": ""})
    assert not ProductCycle.objects.exists()

"""Entries of an account name what they were for: to who may see it, with a page behind it, and in a fixed number of questions."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

sys.path.insert(0, str(Path(__file__).parent.parent))

from liuliang.accounts.models import Role, Staff
from liuliang.commerce.events import OrderRefunded
from liuliang.console.members.listing import member_url
from liuliang.console.rewards.deeds import deeds_of
from liuliang.kernel.models import LoggedEvent
from liuliang.kernel.readers import catch_up, readers
from liuliang.loyalty.models import EarningRule, Transfer
from liuliang.loyalty.penalties import lift, penalise
from liuliang.loyalty.points import Reward, earn
from liuliang.loyalty.reversals import reverse_reward
from liuliang.people.access import Access
from liuliang.people.models import Grant, Membership
from telling import local

NOW = local(2026, 3, 10, 12)


@pytest.fixture(autouse=True)
def _paying(transactional_db):
    """Let the rules pay for what is told from now on: they begin where the log stands when they first look."""
    catch_up(next(each for each in readers() if each.name == "loyalty.earning"))


def rule(number: int, title: str, behaviour: str, **more: object) -> EarningRule:
    """Return a rule that pays from the first of March on."""
    return EarningRule.objects.create(
        pk=number, title=title, behaviour=behaviour, low=1, high=1, starts_at=local(2026, 3, 1), created_at=NOW, **more
    )


def page_of(client, member, **parameters: str) -> str:
    """Return the page of an account."""
    response = client.get(reverse("console:points-account", args=[member.public_id]), parameters)
    assert response.status_code == 200
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return body.decode()


def cells_of(text: str) -> list[str]:
    """Return the rows of a list as plain words."""
    rows = re.findall(r"<tr data-row.*?</tr>", text, re.DOTALL)
    return [re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", row)) for row in rows]


@pytest.fixture
def bought(told):
    """Let somebody buy two things for which a rule pays."""
    member, group = told.member("小满"), told.community()
    rule(1, "每消费 1 元得 1 分", "order", per=100)
    orders = [
        told.buys(member, NOW - timedelta(days=2), 78_700, community=group),
        told.buys(member, NOW - timedelta(days=1), 1_200, community=group),
    ]
    told.joins(member, group, local(2026, 2, 1))
    told.settle()
    return member, group, orders


def test_an_entry_names_the_order_that_earned_it_and_leads_there(bought, browser):
    member, _group, orders = bought
    text = page_of(browser(), member)
    for order, amount in zip(orders, ("¥787.00", "¥12.00"), strict=True):
        address = reverse("console:order", args=[order.pk])
        assert f'<a href="{address}">订单 {order.number} · {amount}</a>' in text


def test_what_was_taken_back_names_the_order_it_was_for(bought, told, browser):
    member, group, orders = bought
    told.happened(OrderRefunded(orders[0].pk, 78_700), NOW, member, group)
    told.settle()
    back = cells_of(page_of(browser(), member))[0]
    assert "撤回" in back
    assert f"订单 {orders[0].number}" in back


def test_who_may_not_see_orders_is_told_the_rule_alone(bought, browser):
    member, _group, orders = bought
    client = browser("analyst")
    assert f"订单 {orders[0].number}" in page_of(client, member)
    Role.objects.filter(key="analyst").update(permissions=["points.view", "members.view", "members.export"])
    for text in (page_of(client, member), page_of(client, member, export="csv")):
        assert "每消费 1 元得 1 分" in text
        assert "¥787.00" not in text
        assert "订单 " not in text


def test_a_file_names_what_earned_as_the_page_does(bought, browser):
    member, _group, orders = bought
    head, *lines = page_of(browser(), member, export="csv").splitlines()
    assert "哪件事" in head
    assert f"订单 {orders[1].number} · ¥12.00" in lines[0]


def test_who_was_invited_is_named_to_who_may_see_them(told, browser):
    host, guest, group = told.member("阿岚"), told.member("新朋友"), told.community()
    rule(2, "邀请", "invite")
    told.joins(host, group, local(2026, 2, 1))
    told.joins(guest, group, NOW - timedelta(days=1), inviter=host)
    told.settle()
    assert f'<a href="{member_url(guest)}">新朋友 · 2026-03-09 进群' in page_of(browser(), host)
    # Somebody may see the inviter, who is in another group too, and not who was invited.
    other = told.community("乙群")
    Membership.objects.create(member=host, community=other, first_seen_at=NOW)
    client = browser("helper", other)
    books = Role.objects.create(name="看账", permissions=["points.view"])
    Grant.objects.create(staff=Staff.objects.get(email="helper@example.com"), role=books)
    text = page_of(client, host)
    assert "规则：邀请" in text
    assert "新朋友" not in text
    assert "读书群" not in text


def test_a_message_is_known_by_its_day_and_its_beginning(told, browser):
    member, group = told.member("小满"), told.community()
    rule(3, "发言", "speak")
    told.joins(member, group, local(2026, 2, 1))
    told.says(member, group, local(2026, 3, 8, 0, 30), "今天的豆子" + "很" * 60)
    told.settle()
    row = cells_of(page_of(browser(), member))[0]
    # Half past midnight in Shanghai is the day before at Greenwich.
    assert "2026-03-08" in row
    assert "今天的豆子很" in row
    assert "很" * 60 not in row


def test_a_deduction_leads_to_the_penalty_that_only_some_may_read(told, browser):
    member = told.member("小满")
    earn([Reward(member.pk, 300, "gift:1")], at=NOW)
    row = penalise(member.pk, "deduct", reason="刷屏广告", at=NOW, points=100)
    lift(row.pk, answer="误判", at=NOW)
    text = page_of(browser(), member)
    assert text.count(reverse("console:penalty", args=[row.pk])) == 2
    assert "处罚：刷屏广告" in text
    client = browser("analyst")
    assert "刷屏广告" not in page_of(client, member)


def test_what_a_redemption_took_leads_to_it(world, read):
    client = world.sign_in(world.owner)
    text = read(client.get(reverse("console:points-account", args=[world.member.public_id])))
    address = reverse("console:redemption", args=[world.redemption.number])
    assert f'<a href="{address}">兑换 {world.redemption.number} · ' in text
    assert "积分商城兑换" in text


def test_what_a_member_day_added_names_what_it_was_added_to(bought, browser):
    member, _group, orders = bought
    first = Transfer.objects.filter(cause__startswith="rule:1:").earliest("id")
    earn([Reward(member.pk, 100, f"member_day:{first.pk}")], at=NOW)
    more = Transfer.objects.get(cause=f"member_day:{first.pk}")
    reverse_reward(more.pk, cause=f"member_day:{first.pk}:{LoggedEvent.objects.first().id}", at=NOW, amount=50)
    rows = cells_of(page_of(browser(), member))
    assert all(f"订单 {orders[0].number}" in row and "会员日" in row for row in rows[:2])


def test_a_page_of_any_length_asks_as_many_questions(told, browser):
    member, group = told.member("小满"), told.community()
    rule(1, "消费", "order", per=100)
    rule(2, "邀请", "invite")
    rule(3, "发言", "speak")
    for number in range(20):
        at = NOW - timedelta(hours=number + 1)
        told.buys(member, at, 1_000 + number, community=group)
        told.says(member, group, at, f"第 {number} 句")
        told.joins(told.member(f"新朋友{number}"), group, at, inviter=member)
    told.settle()
    causes = list(Transfer.objects.filter(cause__startswith="rule:").values_list("cause", flat=True))
    assert len(causes) >= 60

    def questions(some: list[str]) -> int:
        with CaptureQueriesContext(connection) as asked:
            assert len(deeds_of(some, member.pk, Access(staff))) == len(some)
        return len(asked)

    browser()
    staff = Staff.objects.get(email="owner@example.com")
    few = [next(each for each in causes if each.startswith(f"rule:{number}:")) for number in (1, 2, 3)]
    assert questions(causes) == questions(few) <= 8
    assert deeds_of(["rule:3:none", "penalty:x", "redemption:0", "gift:1"], member.pk, Access(staff)) == {}


def test_an_event_is_found_by_its_id_without_reading_the_log(told):
    member, group = told.member("小满"), told.community()
    for number in range(3_000):
        told.says(member, group, NOW - timedelta(minutes=number), "很长的一句话" * 40)
    told.follow()
    with connection.cursor() as cursor:
        cursor.execute("SELECT brin_summarize_new_values('kernel_event_ids')")
        cursor.execute("ANALYZE kernel_event")
        wanted = [each.id for each in LoggedEvent.objects.order_by("-position")[:30]]
    assert "kernel_event_ids" in LoggedEvent.objects.filter(id__in=wanted).explain()

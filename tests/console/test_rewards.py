"""The pages of points: what they say is what the ledger says, and what they do goes through it."""

from __future__ import annotations

import re
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

sys.path.insert(0, str(Path(__file__).parent.parent))

from liuliang.accounts.models import Role, Staff
from liuliang.kernel import clock
from liuliang.loyalty.adjusting import change_programme
from liuliang.loyalty.budgets import change_budget, points_budgets
from liuliang.loyalty.jobs import clear_season
from liuliang.loyalty.ledger import faults
from liuliang.loyalty.leveling import NewLevel, set_ladder
from liuliang.loyalty.models import Adjustment, EarningRule, MemberLevel, Season
from liuliang.loyalty.points import Reward, earn, spend
from liuliang.loyalty.queries import balance_of
from liuliang.people.models import Grant
from telling import local

NOW = local(2026, 3, 10, 12)

RULE = {
    "title": "爱说话", "unit": "points", "behaviour": "speak", "community": "", "low": "2", "starts_on": "2026-01-01",
    "validity": "never", "undo_hours": "24", "budget": "",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _sound(db):
    yield
    assert faults() == []


def plain(response) -> str:
    """Return the words of a page, without its marks."""
    assert response.status_code in {200, 422}, response.status_code
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


def colleague() -> Client:
    """Return the browser of somebody else who may do everything."""
    staff = Staff.objects.create(email="second@example.com", name="第二人", created_at=clock.now())
    Grant.objects.create(staff=staff, role=Role.objects.get(key="admin"))
    client = Client()
    client.force_login(staff)
    return client


def test_without_points_the_page_says_what_it_is_for_and_how_to_begin(told, browser):
    text = plain(browser().get(reverse("console:points")))
    assert "还没有发过积分" in text
    assert "建第一条规则" in text


def test_the_overview_says_what_came_in_what_went_and_what_is_owed_in_money(told, browser):
    member, other = told.member("小满"), told.member("阿北")
    earn([Reward(member.pk, 300, "gift:1"), Reward(other.pk, 50, "gift:2")], at=NOW)
    spend(member.pk, 120, cause="mall:1", at=NOW)
    change_programme(worth_money=100, worth_points=10, approval_from=1_000, set_aside=2_000)
    told.settle()

    text = plain(browser().get(reverse("console:points")))

    assert "350" in text
    assert "120" in text
    assert "230" in text
    # 230 points at 10 for ¥1 are ¥23, of ¥20 kept.
    assert "¥23.00" in text
    assert "115.0%" in text
    assert "超过了预备的 ¥20.00" in text
    assert "小满" in text


def test_the_overview_warns_when_more_is_issued_for_each_point_used_than_before(told, browser):
    member = told.member("小满")

    def month(ago: int, earned: int, spent: int) -> None:
        at = NOW - timedelta(days=ago)
        earn([Reward(member.pk, earned, f"gift:{ago}")], at=at)
        spend(member.pk, spent, cause=f"mall:{ago}", at=at)

    month(80, 10, 10)
    month(40, 100, 100)
    month(5, 300, 100)
    told.settle()

    text = plain(browser().get(reverse("console:points")))

    assert "积分在贬值" in text
    assert "发放 3.00 分；上一期是 1.00 分" in text


def test_an_account_names_each_entry_its_cause_and_for_what_was_spent_the_lots(told, browser):
    member = told.member("小满")
    EarningRule.objects.create(pk=7, title="爱说话", behaviour="speak", low=1, high=1, starts_at=NOW, created_at=NOW)
    earn([Reward(member.pk, 30, "rule:7:abc", ends_on=date(2026, 12, 31), rule=7)], at=NOW - timedelta(days=2))
    earn([Reward(member.pk, 20, "rule:7:def", rule=7)], at=NOW - timedelta(days=1))
    spend(member.pk, 35, cause="mall:1", at=NOW)
    told.settle()

    text = plain(browser().get(reverse("console:points-account", args=[member.public_id])))

    assert "规则：爱说话" in text
    assert "−35" in text
    assert re.search(r"30 分来自批次 #\d+（规则：爱说话，2026", text)
    assert re.search(r"5 分来自批次 #\d+（规则：爱说话，永久有效）", text)


def test_pages_of_an_account_go_forth_and_back_with_true_balances(told, browser):
    member = told.member("小满")
    for number in range(120):
        earn([Reward(member.pk, number + 1, f"gift:{number}")], at=NOW)
    told.settle()
    client = browser()
    url = reverse("console:points-account", args=[member.public_id])
    seen: list[list[tuple[str, str]]] = []

    def rows(text: str) -> list[tuple[str, str]]:
        lines = re.findall(r"<tr data-row.*?</tr>", text, re.DOTALL)
        return [tuple(re.findall(r'<td class="is-end">(?:<data[^>]*>)?([^<]*)', line)[:2]) for line in lines]

    def link(text: str, rel: str) -> str:
        found = re.search(rf'rel="{rel}" href="([^"]*)"', text)
        return found[1].replace("&amp;", "&") if found else ""

    text = client.get(url).content.decode()
    while True:
        seen.append(rows(text))
        following = link(text, "next")
        if not following:
            break
        text = client.get(following).content.decode()
    every = [row for page in seen for row in page]
    assert [int(amount.removeprefix("+")) for amount, _after in every] == list(range(120, 0, -1))
    assert [after for _amount, after in every] == [f"{sum(range(n + 1)):,}" for n in range(120, 0, -1)]
    back = client.get(link(text, "prev")).content.decode()
    assert rows(back) == seen[-2]
    upward = rows(client.get(f"{url}?sort=at").content.decode())
    assert upward[:2] == [("+1", "1"), ("+2", "3")]


def test_an_account_is_exported_whole(told, browser):
    member = told.member("小满")
    for number in range(70):
        earn([Reward(member.pk, 1, f"gift:{number}")], at=NOW)
    response = browser().get(reverse("console:points-account", args=[member.public_id]), {"export": "csv"})
    lines = b"".join(response.streaming_content).decode().splitlines()
    assert len(lines) == 71


def test_who_sees_points_but_not_the_member_does_not_see_the_account(told, browser):
    member = told.member("小满")
    told.settle()
    client = browser("analyst")
    url = reverse("console:points-account", args=[member.public_id])
    assert client.get(url).status_code == 200
    Role.objects.filter(key="analyst").update(permissions=["points.view"])
    assert client.get(url).status_code == 404


def test_a_rule_shows_what_it_would_have_paid_before_it_is_saved(told, browser):
    group = told.community()
    talker, other = told.member("话痨"), told.member("阿北")
    for hour in range(5):
        told.says(talker, group, NOW - timedelta(days=2, hours=hour))
    told.says(other, group, NOW - timedelta(days=3))
    told.settle()
    client = browser()

    text = plain(client.post(reverse("console:new-earning-rule"), {**RULE, "cap_day": "6", "preview": "1"}))

    # Two points a message and at most six a day: five messages of one day bring six, the sixth message two.
    assert "8 给 2 人，共 4 次" in text
    assert "上限又拦下了 4" in text
    assert "话痨" in text
    assert not EarningRule.objects.exists()
    client.post(reverse("console:new-earning-rule"), {**RULE, "save": "1"})
    rule = EarningRule.objects.get()
    assert (rule.title, rule.low, rule.high, rule.behaviour) == ("爱说话", 2, 2, "speak")


def test_a_condition_is_kept_as_it_was_written_and_shown_again(told, browser):
    client = browser()
    posted = {
        **RULE, "behaviour": "order", "save": "1", "condition_field": ["amount", "", ""],
        "condition_operator": ["at_least", "is", "is"], "condition_value": ["99.50", "", ""],
    }  # fmt: skip
    client.post(reverse("console:new-earning-rule"), posted)
    rule = EarningRule.objects.get()
    assert rule.conditions == [{"field": "amount", "operator": "at_least", "value": 9_950}]
    shown = client.get(reverse("console:earning-rule", args=[rule.pk])).content.decode()
    assert 'value="99.5"' in shown


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"title": ""}, "这个字段是必填项"),
        ({"low": "5", "high": "2"}, "最少的不能大于最多的"),
        ({"ends_on": "2025-01-01"}, "结束时间要晚于开始时间"),
        ({"ends_on": "9999-12-31"}, "请填 1900 年到 2999 年之间的日子"),
        ({"validity": "until"}, "已经过去了"),
        ({"per": "10"}, "按金额发放时要选一项数值"),
    ],
)
def test_a_rule_that_makes_no_sense_says_what_to_mend(told, browser, change, sentence):
    text = plain(browser().post(reverse("console:new-earning-rule"), {**RULE, **change, "save": "1"}))
    assert sentence in text
    assert not EarningRule.objects.exists()


def test_a_rule_is_stopped_and_started(told, browser):
    client = browser()
    rule = EarningRule.objects.create(title="签到", behaviour="speak", low=1, high=1, starts_at=NOW, created_at=NOW)
    client.post(reverse("console:stop-earning-rule", args=[rule.pk]))
    assert "已停用" in plain(client.get(reverse("console:earning-rules")))
    client.post(reverse("console:start-earning-rule", args=[rule.pk]))
    assert "生效中" in plain(client.get(reverse("console:earning-rules")))


def test_a_small_gift_is_given_at_once_and_a_large_one_waits_for_somebody_else(told, browser):
    member = told.member("小满")
    client, url = browser(), reverse("console:adjust-points", args=[member.public_id])
    client.post(url, {"way": "give", "amount": "300", "reason": "整理笔记"})
    client.post(url, {"way": "give", "amount": "5000", "reason": "年度贡献"})
    assert balance_of(member.pk).available == 300

    waiting = Adjustment.objects.get(state="proposed")
    approve = reverse("console:approve-adjustment", args=[waiting.pk])
    own = client.post(approve, headers={"HX-Request": "true"})
    assert own.status_code == 409
    assert "别人审批" in own.content.decode()
    other = colleague()
    assert "年度贡献" in plain(other.get(reverse("console:adjustments")))
    assert other.post(approve).status_code == 200
    assert balance_of(member.pk).available == 5_300
    assert other.post(approve, headers={"HX-Request": "true"}).status_code == 409


def test_more_than_there_is_cannot_be_taken_and_the_dialog_says_so(told, browser):
    member = told.member("小满")
    earn([Reward(member.pk, 10, "gift:1")], at=NOW)
    url = reverse("console:adjust-points", args=[member.public_id])
    text = plain(browser().post(url, {"way": "take", "amount": "11", "reason": "刷分"}))
    assert "可用 10，需要 11" in text


def test_a_season_is_previewed_confirmed_and_cleared(told, browser):
    member = told.member("小满")
    earn([Reward(member.pk, 30, "gift:1")], at=NOW - timedelta(days=5))
    earn([Reward(member.pk, 7, "gift:2")], at=NOW)
    client, url = browser(), reverse("console:points-season")
    form = {"title": "冬季", "last_day": "2026-03-08"}

    assert "30 分，来自 1 个账户" in plain(client.post(url, form))
    assert not Season.objects.exists()
    assert "还没有过完" in plain(client.post(url, {**form, "last_day": "2026-03-10"}))
    client.post(url, {**form, "clear": "1"})
    season = Season.objects.get()
    assert (season.purses, season.points, season.finished_at) == (1, 30, None)
    clear_season(str(season.pk), season.cutoff.isoformat())
    assert balance_of(member.pk).available == 7
    assert "已清零" in plain(client.get(url))
    assert "清零：冬季" in plain(client.get(reverse("console:points-account", args=[member.public_id])))
    assert "不能和以前的一样" in plain(client.post(url, {**form, "clear": "1"}))


def test_a_budget_is_filled_once_however_often_the_form_is_sent_and_only_what_is_free_comes_out(told, browser):
    member = told.member("小满")
    client, url = browser(), reverse("console:points-budget")
    for _time in range(2):
        client.post(url, {"key": "春季", "amount": "500", "attempt": "once"})
    earn([Reward(member.pk, 120, "gift:1", budget="春季")], at=NOW)
    (budget,) = points_budgets()
    assert (budget.filled, budget.given, budget.free) == (500, 120, 380)
    assert "还有 380" in plain(client.post(url, {"key": "春季", "amount": "-400", "attempt": "twice"}))
    change_budget("春季", -380, attempt="thrice", at=NOW)
    assert points_budgets()[0].free == 0


def test_what_points_are_worth_is_set_in_yuan(told, browser):
    client = browser()
    form = {"worth_points": "100", "worth_money": "1.50", "set_aside": "", "approval_from": "500"}
    assert client.post(reverse("console:points-programme"), form).status_code == 302
    assert 'value="1.5"' in client.get(reverse("console:points-programme")).content.decode()


def test_a_member_page_says_what_the_member_has_to_those_who_may_see_points(told, browser):
    member = told.member("小满")
    earn([Reward(member.pk, 1_234, "gift:1")], at=NOW)
    told.settle()
    url = reverse("console:member", args=[member.public_id])
    assert "1,234" in plain(browser().get(url))
    assert "积分与等级" not in plain(browser("helper").get(url))


def test_a_member_page_says_since_which_local_day_a_level_is_theirs(told, browser):
    (level,) = set_ladder([NewLevel("new", "新客", 0, 0)])
    member = told.member("早起")
    MemberLevel.objects.create(member=member, level=level, since=local(2026, 3, 10, 1), review_on=NOW.date())
    page = plain(browser().get(reverse("console:member", args=[member.public_id])))
    assert "2026-03-10 起是新客" in page


def test_pages_of_points_ask_few_questions_however_much_there_is(told, browser):
    members = [told.member(f"成员{number}") for number in range(40)]
    for number, member in enumerate(members):
        earn([Reward(member.pk, number + 10, f"gift:{number}")], at=NOW)
        spend(member.pk, 5, cause=f"mall:{number}", at=NOW)
    told.settle()
    client = browser()
    for name, args, most in (
        ("console:points", [], 24), ("console:points-account", [members[0].public_id], 26),
        ("console:earning-rules", [], 12), ("console:adjustments", [], 12),
    ):  # fmt: skip
        client.get(reverse(name, args=args))
        with CaptureQueriesContext(connection) as asked:
            client.get(reverse(name, args=args))
        assert len(asked) <= most, name


def test_a_form_that_is_sent_twice_gives_and_takes_once(world, read):
    client = world.sign_in(world.owner)
    told = {"way": "give", "amount": "7", "reason": "生日", "key": "a"}
    url = reverse("console:adjust-points", args=[world.member.public_id])
    before = balance_of(world.member.pk).available
    for _turn in range(2):
        assert client.post(url, told).status_code == 302
    assert balance_of(world.member.pk).available == before + 7
    assert client.post(url, told | {"amount": "8"}).status_code == 422
    told = {"step": "deduct", "points": "5", "reason": "刷屏", "community": "", "key": "b"}
    url = reverse("console:punish", args=[world.member.public_id])
    answers = [client.post(url, told) for _turn in range(2)]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert balance_of(world.member.pk).available == before + 2

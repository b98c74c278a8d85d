from __future__ import annotations

import re
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

sys.path.insert(0, str(Path(__file__).parent.parent))

from liuliang.analytics import remembering
from liuliang.analytics.noise import wilson
from liuliang.importers.models import Import
from liuliang.kernel import clock
from liuliang.people.communities import create_community
from liuliang.people.models import Community
from liuliang.simulator import truth
from liuliang.simulator.simulation import simulate
from telling import ENDING, Simulated, Told, local, tell_world

OVERVIEW = "console:overview"


def page(client: Client, name: str = OVERVIEW, **query: str) -> str:
    response = client.get(reverse(name), query)
    assert response.status_code == 200
    return response.content.decode()


def table(client: Client, **query: str) -> str:
    """Return the table of communities, for which the page asks once it is shown."""
    headers = {"HX-Request": "true", "HX-Target": "section#list-overview"}
    response = client.get(reverse(OVERVIEW), query, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def row_of(text: str, name: str) -> list[str]:
    """Return the cells of the table's line with this name, as plain text."""
    line = next(line for line in re.findall(r"<tr data-row.*?</tr>", text, re.DOTALL) if name in line)
    cells = re.findall(r"<td.*?</td>", line, re.DOTALL)
    return [re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", cell)).strip() for cell in cells]


def lively(told: Told, community: Community, days: int = 70, *, until: date = date(2026, 3, 9)) -> None:
    """Let three people talk every day up to a day."""
    people = [told.member(f"{community.name}的{name}") for name in "甲乙丙"]
    for number in range(days):
        day = until - timedelta(days=number)
        for hour, who in enumerate(people):
            told.says(who, community, local(day.year, day.month, day.day, 9 + hour), f"第 {number} 天")


def test_without_anything_known_the_page_says_what_it_is_for_and_how_to_begin(told, browser):
    text = page(browser())

    assert "这里会告诉你" in text
    assert reverse("console:imports") in text


def test_the_overview_says_what_is_true_of_the_invented_brand(told, browser):
    simulated: Simulated = tell_world(told, simulate(ending=ENDING, days=70, people=240, communities=4))
    world = simulated.world
    with time_machine.travel(local(ENDING.year, ENDING.month, ENDING.day, 12), tick=False):
        client = browser()
        text, rows = page(client), table(client)

    first, last = ENDING - timedelta(days=30), ENDING - timedelta(days=1)
    assert f"{first:%Y-%m-%d} ~ {last:%m-%d}" in text
    for key, community in simulated.communities.items():
        days = [first + timedelta(days=number) for number in range(30)]
        messages = sum(truth.messages_per_day(world, key)[day] for day in days)
        speakers = set().union(*(truth.speakers_per_day(world, key).get(day, set()) for day in days))
        cells = row_of(rows, community.name)
        assert cells[0] == community.name
        assert f"{messages:,}" in cells
        assert f"{len(speakers):,}" in cells


def test_shares_carry_their_interval_and_those_of_few_are_marked(told, browser):
    small, large = told.community("小群"), told.community("大群")
    lively(told, small)
    for number in range(40):
        member = told.member(f"大群的{number}")
        told.joins(member, large, local(2026, 3, 1, 9))
        if number < 10:
            told.says(member, large, local(2026, 3, 2, 9))
    told.settle()
    with time_machine.travel(local(2026, 3, 10, 12), tick=False):
        client = browser()
        text, rows = page(client), table(client)

    low, high = wilson(13, 43)
    assert f'<small title="95% 区间">{low:.1%} ~ {high:.1%}</small>' in text
    low, high = wilson(40, 40)
    assert f'<span class="faint" title="95% 区间">{low:.1%} ~ {high:.1%}</span>' in text
    low, high = wilson(10, 40)
    assert f'<span title="95% 区间 {low:.1%} ~ {high:.1%}">25.0%</span>' in rows
    assert "小样本 100.0%" in row_of(rows, "小群")
    assert not any("小样本" in cell for cell in row_of(rows, "大群"))


def test_the_sum_of_what_was_kept_is_on_the_page(told, browser):
    here = told.community()
    lively(told, here)
    stayed, left = told.member("留下的"), told.member("走了的")
    for who in (stayed, left):
        told.joins(who, here, local(2026, 3, 1, 9))
    told.leaves(left, here, local(2026, 3, 5, 9))
    told.settle()

    text = page(browser())

    kept = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text[text.index("kept-sum") : text.index("kept-bar")]))
    assert "流量 2" in kept
    assert "蒸发量 1" in kept
    assert "留量 1" in kept
    assert "50.0%" in kept


@pytest.mark.parametrize(
    ("query", "span"),
    [
        ({}, "2026-02-08 ~ 03-09"),
        ({"days": "7"}, "2026-03-03 ~ 03-09"),
        ({"from": "2026-01-20", "to": "2026-02-02"}, "2026-01-20 ~ 02-02"),
        ({"from": "2026-02-02", "to": "2026-01-20"}, "2026-01-20 ~ 02-02"),
        ({"from": "2026-03-01", "to": "2027-01-01"}, "2026-03-01 ~ 03-10"),
        ({"days": "999999"}, "2026-02-08 ~ 03-09"),
        ({"days": "\u0663"}, "2026-02-08 ~ 03-09"),
        ({"from": "2026-13-01", "to": "x"}, "2026-02-08 ~ 03-09"),
        ({"from": "0001-01-01", "to": "0001-01-02"}, "2026-02-08 ~ 03-09"),
        ({"from": "1999-01-01", "to": "2026-01-02"}, "2026-02-08 ~ 03-09"),
    ],
)
def test_the_period_is_chosen_in_the_address(told, query, span, browser):
    lively(told, told.community(), 3)
    told.settle()

    assert span in page(browser(), **query)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"from": "2050-01-01", "to": "2050-02-01"}, "2050-01-01 ~ 2050-02-01 看不了"),
        ({"from": "2026-13-01", "to": "2026-02-01"}, "2026-13-01 ~ 2026-02-01 看不了"),
        ({"from": "2026-02-01"}, "2026-02-01 ~ ? 看不了"),
        ({"from": "1999-01-01", "to": "2026-01-02"}, "1999-01-01 ~ 2026-01-02 看不了"),
    ],
)
@pytest.mark.parametrize("name", ["console:overview", "console:retention", "console:metrics"])
def test_a_period_that_cannot_be_shown_is_said_beside_the_one_shown_instead(told, query, said, name, browser):
    lively(told, told.community(), 3)
    told.settle()

    client = browser()

    text = page(client, name, **query)

    assert said in text
    assert "下面是 2026-02-08 ~ 03-09" in text
    assert "看不了" not in page(client, name, days="7")


def test_a_period_after_the_record_ended_is_said(told, browser):
    lively(told, told.community(), until=date(2025, 6, 30))
    told.settle()

    assert "记录停在 2025-06-30，这一期还没有记录" in page(browser(), **{"from": "2026-01-01", "to": "2026-01-31"})


def test_the_day_that_goes_on_where_all_communities_are_is_not_over_on_any_page(told, browser):
    # At noon in Shanghai, where the installation is, it is six in the evening of the day before in Honolulu.
    far = told.community("檀香山", timezone="Pacific/Honolulu")
    member = told.member()
    for day in (1, 5, 9):
        told.says(member, far, local(2026, 3, day, 17, zone="Pacific/Honolulu"))
        told.buys(member, local(2026, 3, day, 17, zone="Pacific/Honolulu"), 123400, community=far)
    told.settle()
    client = browser()

    pages = [client.get(f"{reverse(f'console:{page}')}?days=7") for page in ("overview", "metrics")]

    assert {page.context["choice"].period.last for page in pages} == {date(2026, 3, 8)}
    # What was bought at five in the afternoon is of that day, which is over in Shanghai.
    sold = client.get(f"{reverse('console:overview-sold')}?from=2026-03-05&to=2026-03-05").content.decode()
    assert "1,234" in sold


def test_a_short_history_shows_figures_but_calls_nothing_a_change(told, browser):
    lively(told, told.community(), 40)
    told.settle()

    text = page(browser())

    assert "没有完整的上一期，所以不显示变化" in text
    assert 'class="change' not in text


def test_an_old_export_ends_the_period_where_it_stopped(told, browser):
    lively(told, told.community(), until=date(2025, 6, 30))
    told.settle()

    text = page(browser())

    assert "聊天记录停在 2025-06-30" in text
    assert "2025-06-01 ~ 06-30" in text


def test_the_tree_of_communities_leads_to_the_figures_of_groups_and_adds_up_below_a_branch(told, browser):
    top = create_community(name="品牌", at=clock.now(), is_group=False)
    groups = [create_community(name=name, at=clock.now(), parent=top) for name in ("一群", "二群")]
    robot = told.member("机器人", is_bot=True)
    for place, group in enumerate(groups):
        for number in range(2 + place):
            told.says(told.member(f"{group.name}{number}"), group, local(2026, 3, 5, 9) - timedelta(days=40 * number))
        told.says(robot, group, local(2026, 3, 5, 9))
    told.settle()

    client = browser()
    text = page(client, "console:communities")
    seats = groups[0].size_limit

    # Of two one spoke lately, of three one: as the overview says of the same 30 days.
    assert row_of(text, "一群")[2:5] == ["2", "50.0%", f"2 / {seats} · {200 / seats:.0f}%"]
    assert row_of(text, "二群")[2:4] == ["3", "33.3%"]
    assert row_of(text, "品牌")[2:5] == ["5", "40.0%", f"5 / {2 * seats} · {250 / seats:.0f}%"]
    assert "40.0%" in page(client)
    assert "小样本 50.0%" in row_of(table(client), "一群")
    ways = dict(zip(("品牌", "一群", "二群"), re.findall(r'data-href="([^"]+)"', text), strict=True))
    assert ways == {
        "品牌": f"/communities/{top.public_id}/plan/",
        "一群": f"/communities/{groups[0].public_id}/",
        "二群": f"/communities/{groups[1].public_id}/",
    }
    assert client.get(f"/communities/{top.public_id}/").headers["Location"] == ways["品牌"]


def test_it_says_why_the_amounts_of_the_communities_do_not_add_up_to_the_whole(told, browser):
    here, there = told.community("一群"), told.community("二群")
    both, nobody = told.member("两个群"), told.member("不在群")
    for group in (here, there):
        told.says(both, group, local(2026, 3, 9, 9))
    told.buys(both, local(2026, 3, 9, 12), 10_000)
    told.settle()
    client = browser()

    assert "，表里各群相加 ¥200.00：¥100.00 是同时在几个群的买家，每个群各算一次。" in page(
        client, "console:overview-sold"
    )
    told.buys(nobody, local(2026, 3, 9, 12), 3_000)
    told.settle()
    text = page(client, "console:overview-sold")
    assert "成交额 ¥130.00，表里各群相加 ¥200.00：¥30.00 的买家下单时不在任何群，不在表里；¥100.00 是" in text


def test_amounts_that_add_up_need_no_words(told, browser):
    buyer = told.member()
    told.says(buyer, told.community(), local(2026, 3, 9, 9))
    told.buys(buyer, local(2026, 3, 9, 12), 10_000)
    told.settle()

    assert "表里各群相加" not in page(browser(), "console:overview-sold")


def test_money_is_exported_in_the_unit_people_count_in(told, browser):
    buyer = told.member()
    told.says(buyer, told.community(), local(2026, 3, 9, 9))
    told.buys(buyer, local(2026, 3, 9, 12), 12_345)
    told.settle()

    export = browser().get(reverse(OVERVIEW), {"export": "csv"})

    assert ",123.45," in b"".join(export.streaming_content).decode()


def test_communities_are_searched_sorted_and_exported(told, browser):
    for name, days in (("安静的群", 2), ("热闹的群", 9)):
        lively(told, told.community(name), days)
    told.settle()
    client = browser()

    found = table(client, q="安静")
    rising = table(client, sort="messages")
    export = client.get(reverse(OVERVIEW), {"export": "csv"})

    assert "热闹的群" not in re.sub(r"<svg.*?</svg>", "", found[found.index("data-table") :])
    assert rising.index("安静的群") < rising.index("热闹的群")
    assert "热闹的群" in b"".join(export.streaming_content).decode()


def test_what_needs_a_person_is_named(told, browser):
    quiet, loud = told.community("静下来的群"), told.community("照常的群")
    lively(told, quiet, until=date(2026, 3, 5))
    lively(told, loud)
    told.settle()
    Import.objects.create(
        file_name="坏文件.txt", path="nowhere", size=1, state="failed", created_at=clock.now(), community=loud
    )

    text = page(browser(), "console:attention")

    assert "4 天没人说话的群" in text
    assert "静下来的群" in text
    assert "照常的群" not in text
    assert "坏文件.txt" in text


def test_a_group_over_its_limit_is_full_and_one_near_it_nearly_full(told, browser):
    for name, limit in (("超员的群", 2), ("刚好的群", 3), ("宽敞的群", 9)):
        here = told.community(name)
        Community.objects.filter(pk=here.pk).update(size_limit=limit)
        lively(told, here, 3)
    nearly = told.community("快满的群组")
    Community.objects.filter(pk=nearly.pk).update(size_limit=20)
    for number in range(19):
        told.joins(told.member(f"第 {number} 位"), nearly, local(2026, 3, 1, 9))
    told.settle()

    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page(browser(), "console:attention")))

    assert "已满的群 2" in text
    assert "超员的群 3 / 2 人，超出 1 人" in text
    assert "刚好的群 3 / 3 人 " in text
    assert "快满的群 1" in text
    assert "快满的群组 19 / 20 人，还剩 1 个位置" in text
    assert "宽敞的群" not in text


def test_a_group_whose_goal_was_to_be_reached_by_now_is_named(told, browser):
    """It is 10 March 2026."""
    plans = {
        "过期的群": {"ends": "2026-03-07"}, "快到的群": {"ends": "2026-03-17"}, "远着的群": {"ends": "2026-03-18"},
        "长期的群": {"ends": None}, "没写的群": {}, "归档的群": {"ends": "2026-03-01"},
    }  # fmt: skip
    for name, plan in plans.items():
        here = told.community(name)
        Community.objects.filter(pk=here.pk).update(
            blueprint=plan, archived_at=clock.now() if name == "归档的群" else None
        )
        lively(told, here, 3)
    told.settle()

    text = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page(browser(), "console:attention")))

    assert "目标到期的群 2 过期的群 2026-03-07 截止，已过 3 天 快到的群 2026-03-17 截止，还有 7 天" in text
    assert not {"远着的群", "长期的群", "没写的群", "归档的群"} & set(text.split())


def test_when_nothing_needs_a_person_the_page_says_so(told, browser):
    lively(told, told.community())
    told.settle()

    assert "没有超出平常的变化" in page(browser(), "console:attention")


def test_staff_see_the_figures_of_their_communities_alone(told, browser):
    mine, other = told.community("我的群"), told.community("别人的群")
    lively(told, mine, 5)
    lively(told, other, 60)
    told.buys(told.member(), local(2026, 3, 1, 9), 123_45, community=other)
    told.settle()
    client = browser("supervisor", mine)

    text = table(client)

    assert "我的群" in text
    assert "别人的群" not in text
    # Fifteen messages are theirs; supervisors see no orders.
    assert row_of(text, "我的群")[8] == "15"
    assert "成交额" not in text + page(client)
    assert "别人的群" not in page(client, "console:attention")


def test_orders_show_where_they_may_be_seen(told, browser):
    mine = told.community("我的群")
    lively(told, mine, 5)
    told.buys(told.member(), local(2026, 3, 1, 9), 123_45, community=mine)
    told.buys(told.member(), local(2026, 3, 1, 9), 100, community=mine, currency="USD")
    told.settle()

    client = browser("service", mine)
    figure = page(client, "console:overview-sold")

    assert "¥123.45" in row_of(table(client), "我的群")
    assert "¥123.45" in figure
    assert "另有 1 笔 USD 订单未计入" in figure
    assert "overview/sold" in page(client)


@pytest.fixture
def lake_queries(monkeypatch) -> Callable[[], int]:
    """Count the questions that reach the lake."""
    from liuliang.lake import queries

    asked: list[str] = []
    fetch = queries.engine.fetch

    def counted(statement: str, *args, **kwargs):
        asked.append(statement)
        return fetch(statement, *args, **kwargs)

    monkeypatch.setattr(queries.engine, "fetch", counted)
    return lambda: len(asked)


@pytest.mark.parametrize(
    ("asked", "of_lake"),
    [
        # Coverage, activity, flows and those since; then the days of what needs a person, or the lines' pictures.
        (page, 4),
        (lambda client: page(client, "console:attention"), 5),
        (table, 5),
        (lambda client: page(client, "console:overview-sold"), 1),
    ],
)
def test_the_number_of_queries_does_not_grow_with_the_communities(told, lake_queries, asked, of_lake, browser):
    for number in range(30):
        lively(told, told.community(f"群 {number}"), 3)
    told.settle()
    client = browser()
    asked(client)

    from django.core.cache import cache

    cache.clear()
    before = lake_queries()
    with CaptureQueriesContext(
        connection,
    ) as cold:
        asked(client)
    assert lake_queries() - before == of_lake
    assert len(cold) <= 30
    with CaptureQueriesContext(connection) as warm:
        asked(client)
    assert lake_queries() - before == of_lake
    assert len(warm) <= 24


def test_a_changed_lake_is_seen_at_once_when_answers_are_cheap(told, monkeypatch, browser):
    monkeypatch.setattr(remembering, "PATIENCE", 0.0)
    here = told.community("我的群")
    lively(told, here, 2)
    told.settle()
    client = browser()
    assert row_of(table(client), "我的群")[8] == "6"

    told.says(told.member(), here, local(2026, 3, 9, 20))
    from liuliang.kernel.log import append
    from liuliang.kernel.readers import catch_up, readers

    append(told.facts)
    for reader in readers():
        catch_up(reader)

    assert row_of(table(client), "我的群")[8] == "7"

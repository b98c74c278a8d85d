"""The pages of AARRR, costs, goals and reviews on the invented brand and on nothing; who may see and change what."""

from __future__ import annotations

import io
import re
from datetime import date, timedelta
from html import unescape

import pypdfium2
import pytest
from django.urls import reverse
from pypdfium2.raw import FPDF_PAGEOBJ_TEXT
from python_calamine import CalamineWorkbook

from liuliang.analytics.models import ChannelCost, Goal
from liuliang.analytics.services import set_stage
from liuliang.console.analysis.aarrr import STAGES
from liuliang.kernel import clock
from liuliang.people.blueprint import Blueprint
from liuliang.people.communities import plan_community
from liuliang.simulator.simulation import simulate
from reading import people_in, text_of
from telling import tell_world

PAGES = ("console:aarrr", "console:reviews")


@pytest.fixture
def simulated(told):
    return tell_world(told, simulate(ending=clock.now().date(), days=70, people=240, communities=4))


def days(first: int, last: int) -> dict[str, str]:
    today = clock.now().date()
    return {"first_day": str(today - timedelta(days=first)), "last_day": str(today + timedelta(days=last))}


def test_with_nothing_at_all_the_pages_say_how_to_begin(told, browser):
    owner = browser()
    for page in PAGES:
        assert "导入聊天记录" in text_of(owner.get(reverse(page)))
    assert "还没有目标" in text_of(owner.get(reverse("console:goals")))
    assert "还没有登记花费" in text_of(owner.get(reverse("console:costs")))


def test_every_number_of_aarrr_opens_its_definition_and_its_people(simulated, browser):
    owner = browser()
    assert text_of(owner.get(reverse("console:aarrr"))).count('hx-get="/analysis/aarrr/stage/') == len(STAGES)
    for key, stage in STAGES.items():
        text = text_of(owner.get(reverse("console:aarrr-stage"), {"stage": key}, headers={"HX-Request": "true"}))
        assert text.count('href="/analysis/metrics/') == len(stage.metrics)
    text = text_of(owner.get(reverse("console:aarrr-stage"), {"stage": "acquisition"}))
    found = re.findall(r'href="(/members/\?behind=[^"]+)">([\d,]+)<', text)
    assert found
    for url, _count in found:
        assert people_in(owner, unescape(url)) > 0
    assert owner.get(reverse("console:aarrr-stage"), {"stage": "luck"}).status_code == 404


def test_aarrr_says_why_a_number_is_missing_and_where_it_is(simulated, browser):
    owner = browser()
    address = reverse("console:aarrr-stage")

    short = text_of(owner.get(address, {"stage": "retention", "days": "30"}))
    referral = text_of(owner.get(address, {"stage": "referral", "days": "30"}))
    long = text_of(owner.get(address, {"stage": "retention", "days": "90"}))

    assert "进来满 30 天的人才算，这段时间里来的人都还没满。" in short
    assert "进来满 7 天的人才算" not in short
    assert unescape(re.search(r'<a href="([^"]+)">看近 90 天', short)[1]) == f"{reverse('console:aarrr')}?days=90"
    assert "进来满 30 天的人才算" in referral
    assert "进来满" not in long


def test_a_cost_gives_every_way_its_price(simulated, browser):
    owner = browser()
    answer = owner.post(
        reverse("console:new-cost"), {**days(20, -1), "how": "invite", "amount": "1234.50", "community": ""}
    )

    assert answer.status_code == 302
    assert ChannelCost.objects.get().amount == 123_450
    assert "¥1,234.50" in text_of(owner.get(reverse("console:costs")))
    text = text_of(owner.get(reverse("console:aarrr-stage"), {"stage": "acquisition"}))
    assert "¥1,234.50" in text
    assert re.search(r"只算登记了花费的 [\d,]+ / [\d,]+ 人次", text)
    assert "只算登记了花费的" in text_of(owner.get(reverse("console:metric", args=["cac"])))
    assert owner.post(reverse("console:new-cost"), {**days(1, -9), "amount": "5"}).status_code == 422
    assert owner.post(reverse("console:delete-cost", args=[ChannelCost.objects.get().public_id])).status_code == 302
    assert not ChannelCost.objects.exists()


def test_money_is_hidden_from_those_who_may_not_see_orders(simulated, browser):
    here = next(iter(simulated.communities.values()))
    officer = browser("content_officer", here)

    text = text_of(officer.get(reverse("console:aarrr-stage"), {"stage": "revenue"}))

    assert "要能看订单才看得到" in text
    assert "¥" not in text
    assert officer.get(reverse("console:costs")).status_code == 403
    assert "成交额" not in text_of(officer.get(reverse("console:reviews")))


def test_a_goal_is_followed_on_its_list_and_on_the_page_of_its_group(simulated, browser):
    here, there = list(simulated.communities.values())[:2]
    mine = browser("community_owner", here)
    told = {**days(9, 20), "metric": "messages", "target": "100000", "community": here.public_id}

    assert mine.post(reverse("console:new-goal"), told).status_code == 302

    assert Goal.objects.get().community == here
    text = text_of(mine.get(reverse("console:goals")))
    assert "照这样达不成" in text
    assert re.search(r"[\d,]+ ~ [\d,]+<", text), "messages are whole"
    assert not re.search(r"\d\.\d+ ~ |~ [\d,]+\.\d", text)
    assert "照这样达不成" in text_of(mine.get(reverse("console:community-goals", args=[here.public_id])))
    assert mine.post(reverse("console:new-goal"), {**told, "community": there.public_id}).status_code == 422
    assert mine.post(reverse("console:new-goal"), {**told, "community": ""}).status_code == 422
    assert mine.post(reverse("console:new-goal"), {**told, "target": "0"}).status_code == 422
    told_of = b"".join(mine.get(reverse("console:goals"), {"export": "csv"}).streaming_content).decode()
    assert f",{float(told['target'])}," in told_of
    assert b"".join(mine.get(reverse("console:goals"), {"export": "xlsx"}).streaming_content)[:2] == b"PK"
    assert mine.post(reverse("console:delete-goal", args=[Goal.objects.get().public_id])).status_code == 302


def test_money_and_shares_are_typed_as_people_write_them(simulated, browser):
    owner = browser()
    for metric, target in (("gmv", "5000"), ("rate", "30")):
        owner.post(reverse("console:new-goal"), {**days(9, 20), "metric": metric, "target": target, "community": ""})

    assert {each.metric: each.target for each in Goal.objects.all()} == {"gmv": 500_000, "rate": pytest.approx(0.3)}
    text = text_of(owner.get(reverse("console:goals")))
    assert "¥5,000.00" in text
    assert "30.0%" in text


def test_a_review_is_on_screen_and_in_a_workbook(simulated, browser):
    owner = browser()
    for unit in ("week", "month"):
        text = text_of(owner.get(reverse("console:reviews"), {"unit": unit}))
        assert "消息" in text
        assert "接下来做什么" in text
        answer = owner.get(reverse("console:reviews"), {"unit": unit, "export": "xlsx"})
        book = CalamineWorkbook.from_filelike(io.BytesIO(b"".join(answer.streaming_content)))
        assert book.sheet_names == ["变化", "变化在哪里", "做什么", "说明"]
        rows = book.get_sheet_by_name("变化").to_python()
        assert {"消息", "群成员", "说话的人"} <= {row[0] for row in rows}
        for row in rows[1:]:
            # What can be counted can be reckoned with; a dash stands where nothing was before.
            assert all(isinstance(cell, float) or cell == "–" for cell in (*row[1:3], *row[4:7])), row
        said = next(row for row in rows if row[0] == "消息")
        assert f"{said[2]:,.0f}" in text
        assert said[4] == pytest.approx(said[2] / said[1] - 1)


def test_a_week_that_is_not_over_is_not_held_against_a_whole_one(told, browser):
    """Everybody speaks once a week, as ever; it is Tuesday 10 March."""
    here, started = told.community(), clock.now() - timedelta(days=50)
    for number in range(140):
        member = told.member(f"成员{number}")
        told.joins(member, here, started)
        for day in range(number % 7, 50, 7):
            told.says(member, here, started + timedelta(days=day))
    told.settle()
    owner = browser()

    now = text_of(owner.get(reverse("console:reviews"), {"start": "2026-03-09"}))

    assert "1 项超出平常" not in now
    assert "这里的记录停在" not in now
    assert "说话率" in now
    assert "这一期还没过完" in now
    assert "没有一项超出平常的波动" not in now
    assert "这一期还没过完" not in text_of(owner.get(reverse("console:reviews"), {"start": "2026-03-02"}))
    # A stage up to today speaks of the days that are over.
    stage = {"unit": "stage", "from": "2026-02-25", "to": "2026-03-10"}
    assert "2026-02-25 ~ 03-09" in text_of(owner.get(reverse("console:reviews"), stage))


def test_a_group_that_fell_silent_within_a_week_is_held_against_the_one_before(told, browser):
    here, other = told.community("热闹群"), told.community("另一个群")
    people = [told.member(f"成员{number}") for number in range(40)]
    for member in people:
        told.joins(member, here, clock.now() - timedelta(days=50))
        for day in range(8, 50):
            told.says(member, here, clock.now() - timedelta(days=day))
    told.says(people[0], other, clock.now() - timedelta(days=1))
    told.settle()

    text = text_of(browser().get(reverse("console:reviews"), {"community": here.public_id, "start": "2026-03-02"}))

    assert "还没过完" not in text
    assert "项超出平常" in text


def test_a_group_that_is_silent_for_weeks_is_reviewed_in_them_all_the_same(told, browser):
    here, other = told.community("热闹群"), told.community("另一个群")
    people = [told.member(f"成员{number}") for number in range(40)]
    for member in people:
        told.joins(member, here, clock.now() - timedelta(days=60))
        for day in range(20, 60):
            told.says(member, here, clock.now() - timedelta(days=day))
    told.says(people[0], other, clock.now() - timedelta(days=1))
    told.settle()

    owner = browser()
    text = text_of(owner.get(reverse("console:reviews"), {"community": here.public_id}))

    assert "2026-03-02 ~ 03-08" in text
    assert "这里的记录停在 2026-02-18" in text
    set_stage(here, "dying", reason="没人了", at=clock.now() - timedelta(days=10))
    stage = text_of(owner.get(reverse("console:reviews"), {"community": here.public_id, "unit": "stage"}))
    assert "2026-02-28 ~ 03-09" in stage


def test_where_nothing_can_be_compared_nothing_is_called_calm(told, browser):
    here = told.community()
    for day in range(1, 10):
        told.says(told.member(), here, clock.now() - timedelta(days=day))
    told.settle()
    owner = browser()
    text = text_of(owner.get(reverse("console:reviews")))
    assert "没有完整的上一期，所以说不出变化" in text
    assert "没有一项超出平常的波动" not in text
    paper = owner.get(reverse("console:reviews"), {"export": "pdf"})
    assert paper.status_code == 200


def test_a_review_of_a_past_week_advises_what_was_to_do_then(told, browser):
    """A group lively for two months, in which nobody has said a word for the last four weeks; it is Tuesday 10 March."""
    here = told.community("热闹群")
    people = [told.member(f"成员{number}") for number in range(12)]
    for back in range(28, 80):
        for each in people:
            told.says(each, here, clock.now() - timedelta(days=back))
    told.says(people[0], told.community("另一个群"), clock.now() - timedelta(days=1))
    told.settle()
    owner = browser()

    now = text_of(owner.get(reverse("console:reviews"), {"start": "2026-03-02"}))
    then = text_of(owner.get(reverse("console:reviews"), {"start": "2026-01-26"}))
    set_stage(here, "dying", reason="没人了", at=clock.now())
    later = text_of(owner.get(reverse("console:reviews"), {"start": "2026-01-26"}))

    assert "按 2026-03-08 的情况" in now
    assert "死群" in now
    for text in (then, later):
        assert "死群" not in text
        assert "没人说话" not in text
    book = CalamineWorkbook.from_filelike(
        io.BytesIO(b"".join(owner.get(reverse("console:reviews"), {"export": "xlsx"}).streaming_content))
    )
    assert ["做什么", "按 2026-03-08 的情况"] in book.get_sheet_by_name("说明").to_python()


def test_a_review_names_the_group_of_a_rate_and_who_is_behind_it(told, browser):
    """Of 40 who came on each of two Mondays 36 spoke, then 4, and 60 left that week; it is Tuesday 10 March."""
    bad, good = told.community("变差的群"), told.community("照旧的群")
    for back, spoke in ((22, 36), (15, 4)):
        for number in range(40):
            newcomer = told.member(f"新人{number}")
            came = clock.now() - timedelta(days=back)
            told.joins(newcomer, bad, came)
            if number < spoke:
                told.says(newcomer, bad, came + timedelta(hours=1))
            told.joins(newcomer, good, came)
    for number in range(60):
        leaver = told.member(f"走的{number}")
        told.joins(leaver, bad, clock.now() - timedelta(days=40))
        told.leaves(leaver, bad, clock.now() - timedelta(days=10 + number % 5))
    # Of who came it is known since whether they spoke.
    told.says(told.member(), good, clock.now() - timedelta(days=1))
    told.settle()
    owner = browser()
    asked = {"start": "2026-02-23"}

    text = text_of(owner.get(reverse("console:reviews"), asked))
    keeper = text_of(browser("content_officer", bad).get(reverse("console:reviews"), asked))

    assert "90.0% → 10.0%" in text
    assert "样本 40 → 40" in text
    assert "退群的人：" in text
    url = unescape(re.search(r'<a href="([^"]+side%3Dwent[^"]*)">全部名单', text)[1])
    assert people_in(owner, url) == 60
    assert "退群" in keeper
    paper = b"".join(owner.get(reverse("console:reviews"), {**asked, "export": "pdf"}).streaming_content)
    document = pypdfium2.PdfDocument(paper)
    assert "退群的人：" in "".join(page.get_textpage().get_text_range() for page in document)
    book = CalamineWorkbook.from_filelike(
        io.BytesIO(b"".join(owner.get(reverse("console:reviews"), {**asked, "export": "xlsx"}).streaming_content))
    )
    rows = book.get_sheet_by_name("变化在哪里").to_python()
    assert any(row[2] == "变差的群" and "样本 40 → 40" in row[-1] for row in rows)


def test_a_review_on_paper_says_in_its_own_typeface_what_the_page_says(simulated, browser):
    owner = browser()
    group = simulated.communities[0]
    type(group).objects.filter(pk=group.pk).update(name="#panic() $x$ 😀 *读书*" + "长" * 50)
    for unit, title in (("week", "周复盘"), ("month", "月复盘")):
        answer = owner.get(reverse("console:reviews"), {"unit": unit, "export": "pdf", "community": group.public_id})
        assert answer["Content-Type"] == "application/pdf"
        paper = b"".join(answer.streaming_content)
        assert len(paper) < 300_000
        document = pypdfium2.PdfDocument(paper)
        assert 1 <= len(document) <= 6
        text = "".join(page.get_textpage().get_text_range() for page in document)
        text = re.sub(r"\s", "", text)
        for said in (title, "#panic()$x$*读书*", "什么变了", "其余的和平常一样", "怎么算的", "响应时间"):
            assert said in text
        assert "😀" not in text
        texts = (each for page in document for each in page.get_objects(filter=[FPDF_PAGEOBJ_TEXT]))
        assert all("NotoSansSC" in each.get_font().get_base_name() for each in texts)
        page = re.sub(
            r"\s", "", text_of(owner.get(reverse("console:reviews"), {"unit": unit, "community": group.public_id}))
        )
        numbers = re.findall(r'<tdclass="is-end">([^<]+)</td><tdclass="is-end">([^<]+)</td>', page)
        assert numbers
        for number in {each for pair in numbers for each in pair}:
            assert number in text


def test_a_review_goes_back_and_takes_nonsense_for_the_latest(simulated, browser):
    owner = browser()
    for start in ("2026-13-45", "1066-01-01", "9999-01-01", "x", "2026-02-18"):
        text_of(owner.get(reverse("console:reviews"), {"start": start}))
    assert "2026-02-16 ~ 02-22" in text_of(owner.get(reverse("console:reviews"), {"start": "2026-02-18"}))


def test_a_stage_is_reviewed_over_its_own_days_beside_as_many_before(told, browser):
    """It is Tuesday 10 March: 20 days on which all ten speak, after 20 days on which two did."""
    group = told.community("训练营")
    people = [told.member(f"成员{number}") for number in range(10)]
    for back in range(1, 61):
        for each in people if back <= 20 else people[:2]:
            told.says(each, group, clock.now() - timedelta(days=back))
    told.settle()
    owner = browser()
    stage = {"unit": "stage", "from": "2026-02-18", "to": "2026-03-09"}

    text = text_of(owner.get(reverse("console:reviews"), stage))

    assert "阶段复盘" in text
    assert "2026-02-18 ~ 03-09" in text
    assert re.search(r"40\s*→\s*<strong>200</strong>", text), text
    assert "from=2026-01-29&amp;to=2026-02-17" in text
    assert 'name="from" value="2026-02-18"' in text
    book = CalamineWorkbook.from_filelike(
        io.BytesIO(b"".join(owner.get(reverse("console:reviews"), {**stage, "export": "xlsx"}).streaming_content))
    )
    said = next(row for row in book.get_sheet_by_name("变化").to_python() if row[0] == "消息")
    assert said[1:3] == [40, 200]
    paper = owner.get(reverse("console:reviews"), {**stage, "export": "pdf"})
    assert "20260218-20260309.pdf" in paper["Content-Disposition"]


def test_a_stage_that_staff_decided_is_reviewed_from_that_day_and_any_other_over_ninety(told, browser):
    group = told.community("训练营")
    for back in range(1, 130):
        told.says(
            told.member("小满") if back == 1 else told.member(f"成员{back}"), group, clock.now() - timedelta(days=back)
        )
    other = told.community("短期营")
    for back in (50, 20):
        told.says(told.member(), other, clock.now() - timedelta(days=back))
    told.settle()
    owner = browser()
    set_stage(group, "conversion", reason="开卖了", at=clock.now() - timedelta(days=30))
    alone = {"unit": "stage", "community": group.public_id}

    assert "2026-02-08 ~ 03-09" in (text := text_of(owner.get(reverse("console:reviews"), alone)))
    assert "从 2026-02-08 定为“转化复购”那天起" in text
    # A group of which nobody said so is reviewed from the first day of its blueprint to its goal's last.
    plan_community(other.id, blueprint=Blueprint(begins=date(2026, 1, 5), ends=date(2026, 1, 25)))
    text = text_of(owner.get(reverse("console:reviews"), {"unit": "stage", "community": other.public_id}))
    assert "2026-01-05 ~ 01-25" in text
    assert "按蓝图里写的起止日" in text
    # Any other question, and one that cannot be understood, is of the last ninety days.
    for asked in ({"unit": "stage"}, {"unit": "stage", "from": "x", "to": "2026-13-45"}):
        text = text_of(owner.get(reverse("console:reviews"), asked))
        assert "2025-12-10 ~ 2026-03-09" in text
        assert "那天起" not in text
    # Leaving the stage for a week leaves its days behind.
    assert 'href="?unit=week"' in text

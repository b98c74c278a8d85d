"""Every kind of card: what all of them keep, and the figures of layers, forecasts, paths and alerts."""

from __future__ import annotations

import json
import re
import sys
from datetime import date, timedelta
from html import unescape
from io import BytesIO
from pathlib import Path

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from python_calamine import CalamineWorkbook

sys.path.insert(0, str(Path(__file__).parent.parent))

from boarding import board_of, card_on, drawn, fire, owner, people_behind, shared

from liuliang.accounts.models import Staff
from liuliang.alerting.services import acknowledge
from liuliang.analytics.services import set_goal
from liuliang.console.dashboards.face import faces
from liuliang.dashboards.questions import KINDS
from liuliang.kernel import clock
from liuliang.people.models import Member
from liuliang.segments.services import create_list
from liuliang.segments.standing import work_out_layers
from reading import people_in, text_of
from telling import local, tell_shoppers

KEYS = sorted(KINDS)
PLACED = sorted(face.key for face in faces() if face.has_places)
PAGES = sorted(face.key for face in faces() if face.page)


@pytest.fixture
def questions(two):
    """The two groups, with something to see on a card of every kind; by kind, a question that can be asked."""

    def asked() -> dict[str, dict]:
        now = clock.now()
        work_out_layers(at=now)
        few = create_list("几个人", Member.objects.values_list("pk", flat=True)[:3], community=None, at=now)
        today = clock.local_day(now, two[1].timezone)
        first = today - timedelta(days=10)
        set_goal(community=two[1], metric="messages", first_day=first, last_day=today, target=100, at=now)
        fire("说话的人太少", two[1], 2, owner())
        return {
            "metric": {"metric": "speakers"},
            "funnel": {"steps": [{"kind": "member.joined"}, {"kind": "message.sent"}], "window": "30d"},
            "retention": {},
            "survival": {},
            "segment": {"segment": few.public_id},
            "health": {},
            "goals": {},
            "stage": {},
            "review": {},
            "layers": {},
            "predictions": {},
            "paths": {},
            "alerts": {},
        }

    return asked


def file_of(client, board) -> tuple[list, list]:
    answer = client.get(f"{reverse('console:dashboard', args=[board.public_id])}?export=xlsx")
    book = CalamineWorkbook.from_filelike(BytesIO(b"".join(answer.streaming_content)))
    numbers, words = (book.get_sheet_by_index(at).to_python()[1:] for at in (0, 1))
    return numbers, words


def test_every_kind_of_question_has_a_face():
    assert sorted(face.key for face in faces()) == KEYS


@pytest.mark.parametrize("kind", KEYS)
def test_a_card_of_every_kind_tells_its_definition_and_query_on_screen_and_in_the_file(
    questions, browser, kind, lake_queries
):
    client = browser()
    board = board_of()
    card = card_on(board, kind, questions()[kind])
    drawn(client, card)
    lake_queries.clear()
    with CaptureQueriesContext(connection) as asked:
        text = drawn(client, card)
    assert len(asked) <= 60
    assert len(lake_queries) <= 8
    assert "怎么算的" in text
    assert "SELECT" in text
    assert " style=" not in text
    assert "dash-withheld" not in text
    assert re.search(r'<h2><a href="/[^"]+">', text)
    numbers, words = file_of(client, board)
    # Of so few people nothing is foretold.
    assert bool(numbers) == (kind != "predictions")
    assert words[0][2:5].count("") <= 1
    assert "SELECT" in words[0][4]


@pytest.mark.parametrize("kind", KEYS)
def test_whatever_the_form_of_a_kind_offers_first_can_be_asked_and_changed(questions, browser, kind):
    client = browser()
    questions()
    board = board_of()
    url = f"{reverse('console:new-card', args=[board.public_id])}?kind={kind}"
    given = filled(text_of(client.get(url)))
    assert client.post(url, given).status_code == 302
    card = board.cards.get()
    assert card.kind == kind
    assert "怎么算的" in drawn(client, card)
    edit = reverse("console:edit-card", args=[card.public_id])
    before = card.question
    assert client.post(edit, filled(text_of(client.get(edit)))).status_code == 302
    card.refresh_from_db()
    assert card.question == before


def filled(form: str) -> dict[str, str]:
    """Return what a form holds when nobody touches it."""
    given = {}
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)"[^>]*selected', options) or re.search(r'value="([^"]*)"', options)
        given[name] = chosen[1]
    return given


@pytest.mark.parametrize("kind", PLACED)
def test_of_a_community_that_is_not_theirs_a_reader_sees_only_why_a_card_is_withheld(two, questions, browser, kind):
    browser()
    board = shared(board_of(), "partner")
    card = card_on(board, kind, questions()[kind], follows=False, community=two[1], title="乙群的事")
    reader = browser("partner", two[0])
    text = drawn(reader, card)
    assert "没有分给你" in text
    for secret in ("乙群", "SELECT", "说话的人太少"):
        assert secret not in text
    assert not re.search(r"\d", re.sub(r"<[^>]*>", " ", text))
    numbers, words = file_of(reader, board)
    assert not numbers
    assert "乙群" not in str(words)


@pytest.mark.parametrize("kind", PAGES)
def test_every_page_that_asks_what_a_card_asks_can_be_put_on_a_dashboard(two, questions, browser, kind):
    client = browser()
    questions()
    board = board_of()
    path = reverse(f"console:{faces()[kind].page}", args=["speakers"] if kind == "metric" else [])
    assert reverse("console:put-card") in text_of(client.get(path))
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{path}?community={two[0].public_id}"}
    dialog = client.get(reverse("console:put-card"), headers=headers).content.decode()
    assert ("keeps_place" in dialog) == faces()[kind].has_places
    assert ("keeps_days" in dialog) == faces()[kind].has_days
    told = unescape(re.search(r'name="told" value="([^"]*)"', dialog)[1])
    assert json.loads(told)["kind"] == kind
    given = {"board": board.public_id, "told": told, "keeps_place": "on", "keeps_days": "on"}
    assert client.post(reverse("console:put-card"), given).status_code == 302
    card = board.cards.get()
    assert card.community == (two[0] if faces()[kind].has_places else None)
    assert "怎么算的" in drawn(client, card)


def test_layers_count_as_their_page_does_and_lead_to_the_people_of_each(two, browser):
    client = browser()
    card = card_on(board_of(), "layers", {"dimension": "activity"})
    assert "还没有算出谁在哪一层" in drawn(client, card)
    work_out_layers(at=clock.now())
    text = drawn(client, card, f"asked=1&community={two[0].public_id}")
    chart = json.loads(re.search(r'<script type="application/json">(.*?)</script>', text, re.DOTALL)[1])
    sizes = chart["series"][0]["values"]
    assert sum(sizes) == 8
    assert [people_in(client, url) for url in chart["links"]] == sizes
    page = text_of(client.get(f"{reverse('console:layers')}?by=activity"))
    assert all(f">{size}</a>" in page for size in sizes)


def test_layers_are_withheld_from_who_sees_only_some_members(two, browser):
    browser()
    work_out_layers(at=clock.now())
    board = shared(board_of(), "supervisor")
    card = card_on(board, "layers", {"dimension": "activity"})
    text = drawn(browser("supervisor", two[0]), card)
    assert "只看一部分社群的人看不到" in text
    assert "application/json" not in text


def test_a_forecast_is_withheld_with_the_reason_where_there_is_too_little(two, browser):
    client = browser()
    text = drawn(client, card_on(board_of(), "predictions", {"subject": "speaking", "horizon": 60}))
    assert "数据还不够，不给预测" in text
    assert "180 天" in text
    assert "<table" not in text


def test_a_forecast_leads_to_the_people_it_counts_and_needs_orders_for_buying(told, browser):
    group = tell_shoppers(told)
    client = browser()
    board = shared(board_of(), "supervisor")
    card = card_on(board, "predictions", {"subject": "buying"})
    text = drawn(client, card)
    rows = re.findall(r'<td class="is-end"><a href="(/members/\?behind=[^"]+)">([\d,]+)</a></td>', text)
    assert rows
    for url, number in rows:
        assert people_in(client, unescape(url)) == int(number)
    assert "照上一期估" in text
    numbers, _words = file_of(client, board)
    assert {row[6] for row in numbers} == {"人", "元"}
    assert sum(row[5] for row in numbers[1:6]) == sum(int(number) for _url, number in rows)
    reader = browser("supervisor", group)
    assert "查看订单" in drawn(reader, card)
    assert "<table" not in drawn(reader, card)


def test_goals_run_on_the_days_where_the_brand_is(two, browser):
    first, last = date(2026, 3, 1), date(2026, 3, 2)
    with time_machine.travel(local(2026, 3, 1, 3), tick=False) as moving:
        set_goal(community=None, metric="messages", first_day=first, last_day=last, target=9, at=clock.now())
        client, card = browser(), card_on(board_of(), "goals", {})
        for at, is_running in ((clock.now(), True), (local(2026, 3, 2, 23), True), (local(2026, 3, 3, 3), False)):
            moving.move_to(at, tick=False)
            assert ("没有正在走的目标" in drawn(client, card)) != is_running


def test_a_stage_has_its_metrics_with_their_people_and_hides_what_takes_orders(two, browser):
    client = browser()
    board = shared(board_of(), "partner")
    card = card_on(board, "stage", {"stage": "retention"})
    text = drawn(client, card)
    page = text_of(client.get(f"{reverse('console:aarrr-stage')}?stage=retention"))
    for title in ("次日留存", "7 日留存", "30 日留存", "流失率"):
        assert title in text
        assert title in page
    acquisition = card_on(board, "stage", {"stage": "acquisition"})
    assert "获客成本" in drawn(client, acquisition)
    narrow = drawn(browser("partner", two[0]), acquisition)
    assert "获客成本" not in narrow
    assert "要能看订单才看得到" in narrow


def test_paths_lead_to_the_people_of_each_step(two, browser):
    client = browser()
    card = card_on(board_of(), "paths", {"kind": "message.sent", "direction": "before", "window": "30d"})
    text = drawn(client, card)
    assert "8 个人，30 天以内" in re.sub(r"<[^>]*>", "", text)
    assert '<svg class="flow"' in text
    steps = re.findall(r'<td class="is-end"><a href="(/members/\?behind=paths[^"]+)">([\d,]+)</a></td>', text)
    assert steps
    for url, number in steps:
        assert people_in(client, unescape(url)) == int(number)
    orders = card_on(shared(card.dashboard, "partner"), "paths", {"kind": "order.paid"})
    assert "查看订单" in drawn(browser("partner", two[0]), orders)


def test_alerts_that_nobody_took_say_for_whom_and_lead_to_who_was_counted(two, browser):
    client = browser()
    board = shared(board_of(), "partner")
    every = card_on(board, "alerts", {})
    mine = card_on(board, "alerts", {"whose": "mine"})
    assert "响过的都有人接手了" in drawn(client, every)
    ours = fire("甲群太静", two[0], 5, owner())
    colleague = Staff.objects.create(email="other@example.com", name="同事", is_owner=True, created_at=clock.now())
    fire("乙群太静", two[1], 1, colleague)
    fire("早就太静", two[1], 20, colleague)
    text = drawn(client, every, "days=7")
    assert "甲群太静" in text
    assert "员工" in text
    assert "同事" in text
    assert text.index("乙群太静") < text.index("甲群太静")
    assert "早就太静" not in text
    assert "更早还有 1 次没人接手" in text
    assert people_behind(client, text) == 5
    assert "乙群太静" not in drawn(client, mine, "days=7")
    assert "乙群太静" not in drawn(client, every, f"asked=1&days=7&community={two[0].public_id}")
    reader = drawn(browser("partner", two[0]), every, "days=90")
    assert "甲群太静" in reader
    assert "乙群" not in reader
    acknowledge(ours, at=clock.now())
    assert "甲群太静" not in drawn(client, every)


@pytest.mark.parametrize(
    ("kind", "question"),
    [
        ("funnel", {"steps": [{"kind": "member.joined"}, {"kind": "message.sent"}], "window": "30d"}),
        ("retention", {"unit": "week"}),
    ],
)
def test_a_share_of_few_people_is_marked_and_has_its_interval(two, browser, kind, question):
    text = drawn(browser(), card_on(board_of(), kind, question))
    note = re.search(r'dash-note">(.*?)</p>', text, re.DOTALL)[1]
    assert "小样本" in note
    assert re.search(r"95% 区间 [\d.]+% ~ [\d.]+%", note)

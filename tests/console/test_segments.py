"""The builder of segments: what is wrong is said beside it, and nothing is counted until it is right."""

from __future__ import annotations

import html
import re
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

sys.path.insert(0, str(Path(__file__).parent.parent))

from liuliang.console.segments.detail import growth_chart
from liuliang.kernel import clock
from liuliang.segments import trying
from liuliang.segments.models import Segment
from liuliang.segments.rules import read_rule
from liuliang.segments.services import change_segment, create_list, create_segment
from reading import text_of
from telling import local

SPOKE = {"r|join": "all", "r.0|if": "behaviour", "r.0|kind": "message.sent"}


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    trying.forget()


def built(client: Client, **fields: str) -> str:
    answer = client.post(
        reverse("console:new-segment"), SPOKE | {f"r.0|{name}": value for name, value in fields.items()}
    )
    return text_of(answer)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"within.how": "last", "within.last_days": "0"}, "“天数”不能小于 1。"),
        ({"within.how": "last", "within.last_days": ""}, "“天数”要填一个整数。"),
        ({"within.how": "last", "within.last_days": "9999"}, "“天数”不能大于 3650。"),
        ({"number": "-5"}, "“数量”不能小于 0。"),
        ({"number": "1.5"}, "“数量”要填一个整数。"),
        (
            {"within.how": "between", "within.since": "2026-11-20", "within.until": "2026-11-10"},
            "结束日期早于开始日期。",
        ),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_counted(told, browser, fields, wrong):
    told.says(told.member("说过话"), told.community(), local(2026, 3, 1, 9))
    told.settle()
    client = browser()

    page = built(client, **fields)

    assert wrong in page
    assert "人，共" not in page
    for name, value in fields.items():
        assert name == "within.how" or re.search(rf'name="r.0\|{name}"[^>]* value="{value}"', page)


def test_a_window_made_one_of_the_last_days_begins_with_thirty(told, browser):
    page = built(browser(), **{"within.how": "last"})

    assert 'value="30"' in page
    assert "人，共" in page


def test_days_are_those_where_the_brand_is(told, browser):
    spoke = {"if": "behaviour", "kind": "message.sent"}
    # Where the brand is it is the third already: the window begins 30 days before, and the rule changed today.
    with time_machine.travel(local(2026, 3, 3, 3), tick=False):
        client = browser()
        page = built(client, **{"within.how": "between"})
        segment = create_segment("说过话", read_rule(spoke), community=None, at=clock.now() - timedelta(days=4))
        again = read_rule(spoke | {"number": 2})
        change_segment(segment, name=segment.name, rule=again, at=clock.now(), is_dynamic=True)
        (mark,) = growth_chart(Segment.objects.get()).marks

    assert 'value="2026-02-01"' in page
    assert mark.at == "2026-03-03"


def test_money_of_an_event_is_asked_for_in_yuan_and_points_are_points(told, browser):
    rich, poor = told.member("买得多"), told.member("买得少")
    told.buys(rich, local(2026, 3, 1, 9), 50_000)
    told.buys(poor, local(2026, 3, 1, 9), 900)
    told.settle()
    client = browser()
    asked = {"kind": "order.paid", "properties.field": "amount", "properties.operator": "at_least"}

    page = built(client, **asked, **{"properties.value": "99.50"})
    client.post(
        reverse("console:new-segment"),
        SPOKE
        | {f"r.0|{name}": value for name, value in asked.items()}
        | {"r.0|properties.value": "99.50", "save": "1", "name": "一单过百"},
    )
    earned = built(
        client, **{"kind": "points.earned", "properties.field": "", "properties.operator": "is", "properties.value": ""}
    )

    assert '<option value="amount" selected>金额（元）</option>' in page
    assert 'value="99.50"' in page
    assert "买得多" in page
    assert "买得少" not in page
    kept = Segment.objects.get(name="一单过百")
    assert kept.rule["all"][0]["properties"] == [{"field": "amount", "operator": "at_least", "value": "9950"}]
    assert "金额（元）至少「99.50」" in text_of(client.get(reverse("console:segment", args=[kept.public_id])))
    assert '<option value="amount">积分</option>' in earned
    assert "金额" not in earned


def test_every_part_of_an_overlap_opens_whom_it_counts(told, browser):
    one, both, other, neither = (told.member(name) for name in ("甲", "乙", "丙", "丁"))
    here = told.community()
    for who in (one, both, other, neither):
        told.says(who, here, local(2026, 3, 1, 9))
    told.settle()
    client = browser()
    named = {
        name: create_list(name, [who.pk for who in people], community=None, at=clock.now())
        for name, people in {"早来": (one, both), "常来": (both, other)}.items()
    }
    page = text_of(
        client.get(reverse("console:segment", args=[named["早来"].public_id]), {"with": named["常来"].public_id})
    )

    parts = dict.fromkeys(html.unescape(url) for url in re.findall(r'<td class="is-end"><a href="([^"]+)"', page))

    listed = [text_of(client.get(url)) for url in parts]
    assert [{name for name in "甲乙丙丁" if f"<span>{name}</span>" in text} for text in listed] == [
        {"甲"},
        {"丙"},
        {"乙"},
    ]
    assert "在人群“早来”里，不在“常来”里" in listed[0]
    assert "同时在人群“早来、常来”里" in listed[2]
    gone = text_of(client.get(next(iter(parts)).replace("inside%3D0", "inside%3D7")))
    assert "这个问题已经读不懂了" in gone
    named["常来"].delete()
    assert "规则里的人群已经删除了" in client.get(next(iter(parts))).content.decode()


def test_what_is_filled_in_is_counted_beside_what_is_not_yet(told, browser):
    group = told.community()
    for number in range(3):
        told.says(told.member(f"说过话{number}"), group, local(2026, 3, 1, 9))
    told.settle()
    client = browser()
    form = SPOKE | {"name": "常说话", "r.0|number": "1"}

    page = text_of(
        client.post(reverse("console:new-segment"), {**form, "do": "add:r:tag"}, headers={"HX-Request": "true"})
    )

    assert re.search(r"figure-value[^>]*>3 ", page)
    assert "先不算它" in page
    assert "还没填好的条件没有算在内" in page
    assert "is-wrong" not in page
    # It is counted as it says in its own place, and the open one says no number.
    assert page.count("3 人</span>") == 2
    # To save it all must be filled in, and what is not is said in red.
    kept = client.post(
        reverse("console:new-segment"), {**form, "r.1|if": "tag", "save": "1"}, headers={"HX-Request": "true"}
    )
    assert "is-wrong" in text_of(kept)
    assert not Segment.objects.exists()
    # Beside something wrong nothing is counted.
    wrong = client.post(
        reverse("console:new-segment"), {**form, "r.0|number": "-5", "r.1|if": "tag"}, headers={"HX-Request": "true"}
    )
    assert not re.search(r"figure-value[^>]*>", text_of(wrong))

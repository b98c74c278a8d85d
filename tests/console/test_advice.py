from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.urls import reverse

sys.path.insert(0, str(Path(__file__).parent.parent))

from liuliang.segments import trying
from liuliang.segments.patterns import PATTERNS
from liuliang.simulator.simulation import simulate
from reading import text_of
from telling import ENDING, local, tell_world

PARTS = ("console:advice-lost", "console:advice-hours")


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    trying.forget()


def people(client, key: str, **query: str) -> str:
    return text_of(client.get(reverse("console:advice-people", args=[key]), query))


def test_with_nothing_known_every_part_says_what_is_missing(told, browser):
    client = browser()

    assert "值得圈出来的人" in text_of(client.get(reverse("console:advice")))
    assert "现在没有" in people(client, "hosts")
    assert "记录还太短" in text_of(client.get(reverse("console:advice-lost")))
    assert "最近没有人说话" in text_of(client.get(reverse("console:advice-hours")))


def test_people_worth_a_segment_are_counted_and_become_one_by_a_click(told, browser):
    here = told.community()
    mute, talker, buyer = told.member("没开口"), told.member("开了口"), told.member("买过")
    for who in (mute, talker):
        told.joins(who, here, local(2026, 2, 28, 9))
    told.says(talker, here, local(2026, 3, 1, 9))
    told.says(buyer, here, local(2026, 1, 1, 9))
    told.buys(buyer, local(2026, 1, 2, 9), 10_000)
    told.settle()
    client = browser()

    row = people(client, "mute-newcomers")
    editor = text_of(client.get(reverse("console:new-segment"), {"like": "mute-newcomers"}))

    assert "<strong>1</strong>" in row
    assert "like=mute-newcomers" in row
    assert 'value="进群一周还没开口的新人"' in editor
    assert "没开口" in editor
    assert "开了口" not in editor
    assert "<strong>1</strong>" in people(client, "silent-buyers")


def test_who_may_not_see_orders_is_not_told_of_them(told, browser):
    mine = told.community("我的群")
    told.says(told.member(), mine, local(2026, 3, 9, 9))
    told.settle()
    client = browser("content_officer", mine)

    page = text_of(client.get(reverse("console:advice")))

    assert str(PATTERNS["mute-newcomers"].title) in page
    assert str(PATTERNS["silent-buyers"].title) not in page
    assert client.get(reverse("console:advice-people", args=["silent-buyers"])).status_code == 404
    # Layers are of everybody, so who sees one group is not told of them.
    assert reverse("console:advice-lost") not in page
    assert "安静" not in text_of(client.get(reverse("console:advice-lost")))


def test_the_invented_brand_gets_evidence_and_hours(told, browser):
    tell_world(told, simulate(ending=ENDING, days=120, people=240, communities=3))
    with time_machine.travel(local(ENDING.year, ENDING.month, ENDING.day, 12), tick=False):
        client = browser()
        lost, hours = (text_of(client.get(reverse(name))) for name in PARTS)

    assert "现在的规则：30 天没动静就算流失。" in lost
    assert "安静这么久的人，后来还有动静吗" in lost
    assert "8 次里有" in hours


def test_a_proposed_threshold_leads_to_the_preview_of_the_rules(told, browser):
    here = told.community()
    # Half come every forty days: thirty are too few to call them lost. Half came once.
    for number in range(60):
        often, once = told.member(f"常来 {number}"), told.member(f"来过 {number}")
        for day in (-180, -140, -100, -60, -20):
            told.says(often, here, local(2026, 3, 9, 9) + timedelta(days=day))
        told.says(once, here, local(2026, 3, 9, 9) - timedelta(days=150))
    told.settle()
    client = browser()

    part = text_of(client.get(reverse("console:advice-lost")))

    assert "建议改成 45 天" in part
    assert 'name="silent_days" value="45"' in part
    assert reverse("console:layer-rules", args=["activity"]) in part

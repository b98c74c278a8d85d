from __future__ import annotations

import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

sys.path.insert(0, str(Path(__file__).parent.parent))

from liuliang.lake import queries
from liuliang.people.models import Community
from liuliang.simulator import truth
from liuliang.simulator.simulation import simulate
from telling import ENDING, Simulated, Told, local, tell_world

CARDS = {
    # The card, and how many questions it may ask the lake beside its coverage.
    "speakers": 2,
    "silence": 0,
    "newcomers": 0,
    "hours": 1,
    "conversation": 1,
    "words": 1,
    "links": 1,
    "orders": 0,
}


def address(community: Community, card: str = "") -> str:
    return reverse(f"console:community-{card}" if card else "console:community", args=[community.public_id])


def page(client: Client, community: Community, card: str = "", **query: str) -> str:
    # A card is a part that its page asks for.
    response = client.get(address(community, card), query, headers={"HX-Request": "true"} if card else None)
    assert response.status_code == 200
    return response.content.decode()


def full(told: Told, people: int = 6, days: int = 65) -> Community:
    """Tell of a community in which everything happened."""
    here = told.community("热闹的群")
    members = [told.member(f"成员{number}") for number in range(people)]
    for number in range(days):
        day = date(2026, 3, 9) - timedelta(days=number)
        for place, who in enumerate(members):
            text = "燕麦拿铁什么时候到货？" if place == 0 else "燕麦拿铁到货了"
            told.says(who, here, local(day.year, day.month, day.day, 9, place), text)
    link = "https://shop.example/a"
    told.says(members[0], here, local(2026, 3, 8, 20), f"看 {link}", links=(link,))
    for number in range(people):
        newcomer = told.member(f"新人{number}")
        told.joins(newcomer, here, local(2026, 2, 20, 9, number), members[0])
        if number % 2:
            told.says(newcomer, here, local(2026, 2, 21, 9, number))
    told.says(members[1], here, local(2026, 3, 9, 22), "有人知道怎么退货吗？")
    told.buys(members[0], local(2026, 3, 1, 9), 123_45, product="挂耳")
    told.settle()
    return here


def test_the_board_says_what_is_true_of_the_invented_brand(told, browser):
    simulated: Simulated = tell_world(told, simulate(ending=ENDING, days=70, people=240, communities=2))
    world = simulated.world
    with time_machine.travel(local(ENDING.year, ENDING.month, ENDING.day, 12), tick=False):
        client = browser()
        for key, community in simulated.communities.items():
            board = page(client, community)
            speakers = page(client, community, "speakers")
            silence = page(client, community, "silence")

            days = [ENDING - timedelta(days=number) for number in range(1, 31)]
            messages = sum(truth.messages_per_day(world, key)[day] for day in days)
            assert f"{messages:,}" in board
            spoke = set().union(*(truth.speakers_per_day(world, key).get(day, set()) for day in days))
            assert f"{len(spoke):,} 人说过话" in speakers
            unseen = {join.person for join in world.joins if join.community == key and not join.is_told}
            assert f"<strong>{len(truth.never_spoke(world, key) - unseen):,}</strong>" in silence


@pytest.mark.parametrize("card", ["", *CARDS])
def test_an_empty_community_has_a_page_and_cards(told, card, browser):
    here = told.community("空的群")
    told.settle()

    text = page(browser(), here, card)

    assert "空的群" in text if not card else "<section" in text


@pytest.mark.parametrize("card", ["", *CARDS])
def test_a_member_who_said_one_thing_is_enough(told, card, browser):
    here = told.community("新的群")
    told.says(told.member("小满"), here, local(2026, 3, 10, 9), "大家好")
    told.settle()

    assert "<section" in page(browser(), here, card, days="7")


def test_every_card_tells_its_story(told, browser):
    here = full(told)
    client = browser()

    assert "成员0" in page(client, here, "speakers")
    assert "新人0" in page(client, here, "silence")
    newcomers = page(client, here, "newcomers")
    assert "来了 6 位新人" in newcomers
    assert "成员0" in newcomers
    assert "9 点最热闹" in page(client, here, "hours")
    conversation = page(client, here, "conversation")
    assert "燕麦拿铁什么时候到货？" in conversation
    assert "还不满 24 小时" in conversation
    assert "燕麦" in page(client, here, "words")
    assert "https://shop.example/a" in page(client, here, "links")
    orders = page(client, here, "orders")
    assert "¥123.45" in orders
    assert "挂耳" in orders


def test_every_card_says_how_it_is_counted(told, browser):
    here = full(told)
    client = browser()

    for card in ("", *CARDS):
        assert "怎么算的" in page(client, here, card), card


def test_who_may_not_see_members_learns_no_names_and_no_words(told, browser):
    here = full(told)
    client = browser("partner", here)

    for card in ("", *CARDS):
        if card == "orders":
            assert client.get(address(here, card)).status_code == 403
            continue
        text = page(client, here, card)
        assert "成员0" not in text, card
        assert "新人0" not in text, card
        assert "什么时候到货？" not in text, card
    assert "成员买了什么" not in page(client, here)


def test_a_community_of_others_is_not_there(told, browser):
    mine, other = told.community("我的群"), told.community("别人的群")
    told.settle()
    client = browser("community_owner", mine)

    for card in ("", *CARDS):
        assert client.get(address(other, card)).status_code == 404
        assert client.get(address(mine, card)).status_code == 200


@pytest.mark.parametrize("card", ["", *CARDS])
def test_queries_of_a_page_and_of_each_card_are_few(told, monkeypatch, card, browser):
    here = full(told)
    client = browser()
    page(client, here, card)
    asked: list[str] = []
    fetch = queries.engine.fetch

    def counted(statement: str, *args, **kwargs):
        asked.append(statement)
        return fetch(statement, *args, **kwargs)

    monkeypatch.setattr(queries.engine, "fetch", counted)
    cache.clear()

    with CaptureQueriesContext(connection) as cold:
        page(client, here, card)
    # The page: coverage, activity, flows and those since.
    few = 4 if not card else 1 + CARDS[card]
    assert len(asked) == few
    assert len(cold) <= (24 if not card else 16)
    with CaptureQueriesContext(connection) as warm:
        page(client, here, card)
    assert len(asked) == few
    assert len(warm) <= 18


def test_days_are_those_of_the_community(told, browser):
    here = told.community("纽约群", "America/New_York")
    # 23:30 on the eighth in New York is noon and a half of the ninth in Shanghai.
    told.says(told.member(), here, local(2026, 3, 8, 23, 30, zone="America/New_York"), "晚安")
    told.settle()

    text = page(browser(), here, **{"from": "2026-03-08", "to": "2026-03-08"})

    assert "2026-03-08" in text
    assert 'title="1"' in text

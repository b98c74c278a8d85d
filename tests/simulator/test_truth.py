"""A world of three people, small enough to count on one's fingers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from liuliang.simulator import World, truth
from liuliang.simulator.identities import appearances, distinct_people
from liuliang.simulator.truth import Newcomer
from liuliang.simulator.world import (
    Community,
    Join,
    Leave,
    Membership,
    Message,
    Order,
    Person,
    Recall,
    Registration,
    Thread,
)

ANNA, BEN, CARL = 0, 1, 2
MONDAY = date(2026, 1, 5)


def at(day: int, hour: int, minute: int = 0) -> int:
    """Return an instant by the clock of Shanghai, on the given day after the Monday."""
    local = datetime(2026, 1, 5, hour, minute, tzinfo=UTC) + timedelta(days=day)
    return int(local.timestamp()) - 8 * 3600


def person(key: int, name: str) -> Person:
    return Person(key, {"qq": name}, f"+861660000000{key}", "", f"1000{key}", "", name, "", "上海", date(1990, 1, 1))


def order(number: str, when: int, who: int | None, fen: tuple[int, int], status: str) -> Order:
    amount, refunded = fen
    return Order(number, when, who, "买家", "+8616600000001", "", "豆子", 1, amount, refunded, status)  # type: ignore[arg-type]


@pytest.fixture
def world() -> World:
    return World(
        brand="小店",
        seed=0,
        starting=MONDAY,
        days=3,
        exported_at=at(3, 0),
        people=(person(ANNA, "安娜"), person(BEN, "本"), person(CARL, "卡尔")),
        communities=(
            Community(0, "shop", "小店群", "fans", "qq", "qq_txt", "1", "Asia/Shanghai", ANNA, ANNA, at(0, 9)),
        ),
        memberships=(
            Membership(0, ANNA, "安娜", "owner", "staff"),
            Membership(0, BEN, "本", "", "core"),
            Membership(0, CARL, "卡尔", "", "lurker"),
        ),
        joins=(
            Join(at(0, 9), 0, ANNA, "created", None, is_told=False),
            Join(at(0, 10), 0, BEN, "invite", ANNA),
            Join(at(1, 8), 0, CARL, "invite", BEN),
            Join(at(2, 20), 0, BEN, "alone", None),
        ),
        leaves=(Leave(at(1, 12), 0, BEN, None),),
        messages=(
            Message(at(0, 23, 50), 0, BEN, "本", "几点开门？", 1),
            Message(at(1, 0, 10), 0, BEN, "本", "https://a.example/x 和 https://a.example/x", 2),
            Message(at(1, 0, 20), 0, ANNA, "安娜", "九点，见 https://a.example/y", 3, reply_to=1),
            Message(at(2, 9), 0, ANNA, "安娜", "有人吗?", 4),
            Message(at(2, 9, 1), 0, ANNA, "安娜", "", 5, "image"),
        ),
        recalls=(Recall(at(2, 9, 2), 0, ANNA),),
        renames=(),
        retitles=(),
        threads=(Thread(0, 1, (3,)), Thread(0, 4, ())),
        circles=(),
        registrations=(),
        orders=(
            order("1", at(0, 9, 30), BEN, (1000, 0), "已完成"),
            order("2", at(0, 11), BEN, (2000, 500), "部分退款"),
            order("3", at(1, 13), BEN, (4000, 0), "已完成"),
            order("4", at(1, 14), CARL, (0, 0), "已取消"),
            order("5", at(2, 21), None, (8000, 0), "已发货"),
        ),
    )


def test_a_day_begins_at_the_communitys_midnight(world: World) -> None:
    assert truth.speakers_per_day(world, 0) == {
        MONDAY: {BEN},
        date(2026, 1, 6): {ANNA, BEN},
        date(2026, 1, 7): {ANNA},
    }
    assert truth.messages_per_day(world, 0) == {MONDAY: 1, date(2026, 1, 6): 2, date(2026, 1, 7): 2}
    assert truth.days(world) == [MONDAY, date(2026, 1, 6), date(2026, 1, 7)]


def test_joins_and_leaves_fall_on_their_days(world: World) -> None:
    assert truth.joins_per_day(world, 0) == {MONDAY: 1, date(2026, 1, 6): 1, date(2026, 1, 7): 1}
    assert truth.joins_per_day(world, 0, only_told=False)[MONDAY] == 2
    assert truth.leaves_per_day(world, 0) == {date(2026, 1, 6): 1}


def test_membership_follows_joins_and_leaves(world: World) -> None:
    assert truth.members_on(world, 0, MONDAY) == {ANNA, BEN}
    assert truth.members_on(world, 0, date(2026, 1, 6)) == {ANNA, CARL}
    assert truth.members_on(world, 0, date(2026, 1, 7)) == {ANNA, BEN, CARL}
    assert truth.members_at(world, 0, at(1, 12)) == {ANNA, BEN, CARL}


def test_the_busiest_come_first(world: World) -> None:
    assert truth.top_speakers(world, 0) == [(ANNA, 3), (BEN, 2)]
    assert truth.concentration(world, 0, 1) == pytest.approx(0.6)


def test_who_never_spoke_and_who_has_gone_quiet(world: World) -> None:
    assert truth.never_spoke(world, 0) == {CARL}
    assert truth.silent_since(world, 0, at(2, 0)) == {BEN, CARL}


def test_what_became_of_newcomers(world: World) -> None:
    assert truth.newcomers(world, 0) == [
        Newcomer(ANNA, at(0, 9), at(1, 0, 20), None),
        Newcomer(BEN, at(0, 10), at(0, 23, 50), at(1, 12)),
        Newcomer(CARL, at(1, 8), None, None),
    ]


def test_the_heat_map_is_local(world: World) -> None:
    table = truth.heat_map(world, 0)
    assert table[0][23] == 1
    assert table[1][0] == 2
    assert table[2][9] == 2
    assert sum(map(sum, table)) == 5


def test_inviters_and_links(world: World) -> None:
    assert truth.brought_by(world, 0) == {ANNA: {BEN}, BEN: {CARL}}
    assert truth.links_shared(world, 0) == {"https://a.example/x": 1, "https://a.example/y": 1}


def test_waits_run_from_a_question_to_somebody_elses_words(world: World) -> None:
    assert truth.waits_by_thread(world, 0) == [(1, 1800), (4, None)]
    assert truth.waits_by_text(world, 0) == [(1, 1800), (4, None)]
    assert truth.waits_by_text(world, 0, within=600) == [(1, None), (4, None)]


def test_asking_twice_before_an_answer_is_one_question_and_a_question_is_no_answer(world: World) -> None:
    said = (
        Message(at(0, 10), 0, ANNA, "安娜", "在吗？", 1),
        Message(at(0, 11), 0, ANNA, "安娜", "有人吗？", 2),
        Message(at(0, 12), 0, BEN, "本", "什么？", 3),
        Message(at(0, 13), 0, CARL, "卡尔", "在", 4),
        Message(at(0, 14), 0, ANNA, "安娜", "好？", 5),
    )
    assert truth.waits_by_text(replace(world, messages=said), 0) == [(1, 3 * 3600), (3, 3600), (5, None)]


def test_a_reply_answers_even_by_asking_where_the_file_shows_replies(world: World) -> None:
    said = (
        Message(at(0, 10), 0, ANNA, "安娜", "在吗？", 1),
        Message(at(0, 12), 0, BEN, "本", "什么？", 2, reply_to=1),
    )
    telegram = (replace(world.communities[0], source="telegram_json"),)
    assert truth.waits_by_text(replace(world, messages=said), 0) == [(1, None), (2, None)]
    assert truth.waits_by_text(replace(world, messages=said, communities=telegram), 0)[0] == (1, 2 * 3600)


def test_who_was_kept_is_who_came_and_stayed(world: World) -> None:
    tuesday, wednesday = date(2026, 1, 6), date(2026, 1, 7)
    assert truth.people_joined(world, 0, MONDAY, tuesday) == {BEN, CARL}
    assert truth.people_left(world, 0, MONDAY, wednesday) == {BEN}
    assert truth.people_kept(world, 0, MONDAY, tuesday) == {CARL}
    assert truth.people_kept(world, 0, MONDAY, wednesday) == {BEN, CARL}


def test_people_are_tied_together_by_accounts_only(world: World) -> None:
    silent, seen = ("name in shop", "卡尔"), ("qq", "10001")
    assert appearances(world) == {
        ANNA: [{("qq", "10000")}],
        BEN: [{seen}, {("phone", "+8616600000001")}],
        CARL: [{silent}, {("phone", "+8616600000001")}],
    }
    listed = replace(world, registrations=(Registration(BEN, "1", at(0, 9), "", (), "", False, True),))
    assert appearances(listed)[BEN] == [{seen, ("phone", "+8616600000001")}]
    assert distinct_people(listed) == 5


def test_orders_count_for_a_community_while_the_buyer_is_in_it(world: World) -> None:
    assert [order.number for order in truth.orders_of(world)] == ["1", "2", "3", "5"]
    assert [order.number for order in truth.orders_of(world, 0)] == ["2"]
    assert truth.sales_per_day(world)[MONDAY] == (2, 3000, 500)
    assert truth.sales_per_person(world) == {BEN: (3, 7000, 500)}


def test_daily_counts_add_up_to_the_whole(small_world: World) -> None:
    for community in small_world.communities:
        key = community.key
        joined = sum(truth.joins_per_day(small_world, key, only_told=False).values())
        left = sum(truth.leaves_per_day(small_world, key).values())
        assert joined - left == len(truth.members_at(small_world, key, small_world.exported_at))
        assert sum(truth.messages_per_day(small_world, key).values()) == sum(map(sum, truth.heat_map(small_world, key)))

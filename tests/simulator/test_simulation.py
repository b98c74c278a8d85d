from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest

from liuliang.simulator import World, simulate, truth
from liuliang.simulator.world import Community

DAY = 86_400


def of(world: World, slug: str) -> Community:
    return next(community for community in world.communities if community.slug == slug)


def test_the_same_arguments_give_the_same_world() -> None:
    arguments = {"ending": date(2026, 3, 1), "seed": 5, "days": 20, "people": 80}
    assert simulate(**arguments) == simulate(**arguments)


def test_another_seed_gives_another_world() -> None:
    one, other = (simulate(ending=date(2026, 3, 1), seed=seed, days=20, people=80) for seed in (1, 2))
    assert one.messages != other.messages


def test_the_demo_has_the_size_it_promises(demo_world: World) -> None:
    assert len(demo_world.people) == 3_000
    assert len(demo_world.communities) == 8
    assert demo_world.days == 180
    assert 290_000 < len(demo_world.messages) < 310_000
    assert 6_000 < len(demo_world.orders) < 7_000
    assert len({community.type for community in demo_world.communities}) == 8


def test_everybody_is_somewhere_and_some_are_in_several_places(demo_world: World) -> None:
    places = Counter(membership.person for membership in demo_world.memberships)
    assert len(places) > 0.98 * len(demo_world.people)
    assert sum(1 for count in places.values() if count > 1) > 300


def test_no_wechat_group_is_fuller_than_wechat_allows(demo_world: World) -> None:
    for community in demo_world.communities:
        if community.platform == "wechat":
            assert len(truth.members_at(demo_world, community.key, demo_world.exported_at)) <= 500


def test_history_ends_with_the_midnight_that_begins_the_last_day(small_world: World) -> None:
    first = truth.local_day(small_world, 0, min(message.at for message in small_world.messages))
    last = truth.local_day(small_world, 0, max(message.at for message in small_world.messages))
    assert first == small_world.starting
    assert last == small_world.starting + timedelta(days=small_world.days - 1) == date(2026, 2, 28)


def test_only_members_speak(small_world: World) -> None:
    stays: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for join in small_world.joins:
        stays.setdefault((join.community, join.person), []).append((join.at, 1))
    for leave in small_world.leaves:
        stays[leave.community, leave.person].append((leave.at, 0))
    for message in small_world.messages:
        before = [change for change in sorted(stays[message.community, message.person]) if change[0] <= message.at]
        assert before[-1][1] == 1


def test_lurkers_never_speak_and_the_silent_have_fallen_silent(demo_world: World) -> None:
    layers = {(row.community, row.person): row.layer for row in demo_world.memberships}
    recently = demo_world.exported_at - 30 * DAY
    joined = {(join.community, join.person): join.at for join in demo_world.joins}
    for message in demo_world.messages:
        place = (message.community, message.person)
        assert layers[place] != "lurker"
        if layers[place] in {"silent", "lost"} and joined[place] < recently - DAY:
            assert message.at < recently


def test_names_are_unique_within_a_community(demo_world: World) -> None:
    names = [(row.community, row.name) for row in demo_world.memberships]
    assert len(set(names)) == len(names)


def test_different_people_share_a_name_on_different_platforms(demo_world: World) -> None:
    owners: dict[str, set[int]] = {}
    for person in demo_world.people:
        for name in person.names.values():
            owners.setdefault(name, set()).add(person.key)
    assert any(len(keys) > 1 for keys in owners.values())


def test_nobody_is_seen_leaving_wechat_but_whom_the_exporter_removed(demo_world: World) -> None:
    for leave in demo_world.leaves:
        community = demo_world.communities[leave.community]
        if community.platform == "wechat":
            assert leave.by == community.exporter


def test_nothing_is_taken_back_where_the_file_would_not_tell(demo_world: World) -> None:
    assert demo_world.recalls
    for recall in demo_world.recalls:
        community = demo_world.communities[recall.community]
        assert community.platform != "telegram"
        assert community.source != "qq_txt" or recall.person != community.exporter


def test_the_nights_are_quiet_and_the_evenings_are_not(demo_world: World) -> None:
    hours = [sum(day) for day in zip(*truth.heat_map(demo_world, 0), strict=True)]
    assert sum(hours[2:6]) < 0.02 * sum(hours)
    assert hours[20] > 3 * hours[6]


def test_friday_is_the_day_of_deals(demo_world: World) -> None:
    week = [sum(day) for day in truth.heat_map(demo_world, of(demo_world, "deals").key)]
    assert max(range(7), key=week.__getitem__) == 4


def test_a_launch_is_a_burst(demo_world: World) -> None:
    per_day = truth.messages_per_day(demo_world, of(demo_world, "deals").key)
    launch = demo_world.starting + timedelta(days=int(0.52 * demo_world.days))
    before = [per_day[launch - timedelta(days=7 * weeks)] for weeks in (1, 2)]
    assert per_day[launch] > 1.8 * max(before)


def test_one_group_is_dying(demo_world: World) -> None:
    said = [message.at for message in truth.messages_of(demo_world, of(demo_world, "partners").key)]
    begin = demo_world.exported_at - demo_world.days * DAY
    first = sum(1 for at in said if at < begin + 30 * DAY)
    last = sum(1 for at in said if at >= demo_world.exported_at - 30 * DAY)
    assert last < first / 8


def test_one_group_grows_because_its_members_bring_others(demo_world: World) -> None:
    key = of(demo_world, "deals").key
    staff = {person.key for person in demo_world.people if person.is_staff}
    brought = truth.brought_by(demo_world, key)
    by_members = sum(len(people) for inviter, people in brought.items() if inviter not in staff)
    joins = sum(truth.joins_per_day(demo_world, key).values())
    middle = demo_world.exported_at - demo_world.days * DAY // 2
    late = sum(1 for join in demo_world.joins if join.community == key and join.at >= middle)
    assert by_members > joins / 2
    assert late > 1.5 * (joins - late)


def test_one_group_rests_on_one_pillar(demo_world: World) -> None:
    key = of(demo_world, "gear").key
    ((pillar, said), (_, next_most)) = truth.top_speakers(demo_world, key, 2)
    layer = next(row.layer for row in demo_world.memberships if (row.community, row.person) == (key, pillar))
    assert layer == "pillar"
    assert said > 2 * next_most


def test_a_flash_group_is_over_after_its_time(demo_world: World) -> None:
    per_day = truth.messages_per_day(demo_world, of(demo_world, "flash").key)
    alive = [day for day, count in per_day.items() if count > 50]
    assert 7 < len(alive) < 30


def test_questions_are_questions_and_answers_come_later_from_others(demo_world: World) -> None:
    said = {(message.community, message.id): message for message in demo_world.messages}
    assert len(demo_world.threads) > 10_000
    for thread in demo_world.threads:
        question = said[thread.community, thread.question]
        assert question.text.endswith(("？", "?"))
        for answer in thread.answers:
            assert said[thread.community, answer].at > question.at
            assert said[thread.community, answer].person != question.person


def test_replies_point_back(demo_world: World) -> None:
    said = {(message.community, message.id): message.at for message in demo_world.messages}
    replies = [message for message in demo_world.messages if message.reply_to]
    assert replies
    assert all(said[reply.community, reply.reply_to] <= reply.at for reply in replies)


def test_a_new_name_holds_from_the_message_it_came_with(demo_world: World) -> None:
    rename = demo_world.renames[0]
    said = [message for message in truth.messages_of(demo_world, rename.community) if message.person == rename.person]
    assert {message.name for message in said if message.at < rename.at} == {rename.old_name}
    assert said[0].at < rename.at
    assert {message.name for message in said if message.at > rename.at} <= {rename.new_name}


def test_weekdays_in_greetings_are_right(demo_world: World) -> None:
    said = [message for message in demo_world.messages if message.text.startswith("早上好呀，今天周")]
    assert said
    for message in said:
        weekday = truth.local_time(demo_world, message.community, message.at).weekday()
        assert message.text.startswith(f"早上好呀，今天周{'一二三四五六日'[weekday]}")


def test_orders_add_up(demo_world: World) -> None:
    for order in demo_world.orders:
        assert 0 <= order.refunded <= order.amount
        assert (order.amount == 0) == (order.status == "已取消")
    assert len({order.number for order in demo_world.orders}) == len(demo_world.orders)


@pytest.mark.parametrize("arguments", [{"days": 3}, {"people": 10}, {"communities": 0}, {"communities": 9}])
def test_a_world_that_is_too_small_is_refused(arguments: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"at least|between"):
        simulate(ending=date(2026, 3, 1), **arguments)


def test_fewer_communities_are_the_first_ones() -> None:
    world = simulate(ending=date(2026, 3, 1), days=14, people=40, communities=2)
    assert [community.slug for community in world.communities] == ["fans", "learning"]

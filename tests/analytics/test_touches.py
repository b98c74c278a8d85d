from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from liuliang.analytics.base import Asked
from liuliang.analytics.periods import Period
from liuliang.analytics.scopes import Population
from liuliang.analytics.touches import FIRSTS, Group, Question, Sold, judged, members_in, sold, touches
from liuliang.kernel.errors import Refused
from liuliang.simulator import truth

WEEK = Period(date(2026, 3, 2), date(2026, 3, 8))
UNTIL = datetime(2026, 3, 20, tzinfo=UTC)


def asks(scope, *words, product="挂耳", days=7, period=WEEK, until=UNTIL) -> Question:
    asked = Asked(scope, period, until, "Asia/Shanghai")
    return Question(asked, product, words or (product,), timedelta(days=days))


def buyers(found) -> dict[int, int]:
    return {group.first: group.buyers for group in found.groups if group.buyers}


def test_a_touch_is_a_day_s_first_message_of_somebody_else_that_was_seen_there(told, at, only):
    here, there = told.community(), told.community("茶友群")
    host, robot = told.member(), told.member(is_bot=True)
    always, late, gone, speaker, stranger = (told.member() for _ in range(5))
    for member in (host, always, gone, speaker):
        told.joins(member, here, at(2026, 1, 5, 9))
    told.joins(always, there, at(2026, 1, 5, 9))
    told.says(host, here, at(2026, 2, 20, 9), "挂耳上新")  # Too long ago.
    told.says(host, here, at(2026, 2, 27, 9), "挂耳上新")
    told.says(host, here, at(2026, 2, 27, 21), "挂耳还有")  # The same day and community.
    told.says(
        robot, there, at(2026, 2, 27, 9), "早安，挂耳在此"
    )  # Another community, and a robot's words are read too.
    told.leaves(gone, here, at(2026, 2, 28, 9))
    told.says(speaker, here, at(2026, 3, 1, 8), "挂耳好喝吗")  # One's own word is no touch of oneself.
    told.says(host, here, at(2026, 3, 1, 9), "挂耳好喝")  # But the host's is.
    told.says(host, here, at(2026, 3, 1, 22), "挂耳", is_recalled=True)
    told.says(host, here, at(2026, 3, 2, 9), "咖啡豆")
    told.joins(late, here, at(2026, 3, 2, 12))
    told.joins(gone, here, at(2026, 3, 3, 9))
    for member in (always, late, gone, speaker, stranger):
        told.buys(member, at(2026, 3, 4, 10), 100, product="挂耳")
    told.says(host, here, at(2026, 3, 4, 11), "谢谢大家买挂耳")  # After they bought.
    told.buys(host, at(2026, 3, 4, 10), 100, product="豆子")
    told.settle()

    found = touches(asks(only(here, there)))

    # always: 27 Feb twice (two communities) and 1 March; gone and speaker: see above; late: nothing; stranger was nowhere.
    assert {place: members_in(asks(only(here, there)), place) for place in range(4)} == {
        0: (late.id,), 1: tuple(sorted((gone.id, speaker.id))), 2: (always.id,), 3: (),
    }  # fmt: skip
    assert buyers(found) == {0: 1, 1: 2, 3: 1}
    assert (found.buyers, found.outside, found.messages, found.days) == (4, 0, 6, 4)
    assert sold(asks(only(here, there)).asked) == (Sold("挂耳", 4), Sold("豆子", 1))
    # With a longer look back the first message counts as well; with other words for it, other messages.
    assert members_in(asks(only(here), days=14), 2) == tuple(sorted((always.id, speaker.id)))
    assert buyers(touches(asks(only(here, there), "咖啡豆"))) == {0: 2, 1: 2}
    # All products: the host met the beans by another's word alone.
    assert buyers(touches(asks(only(here, there), "咖啡豆", "好喝", product=""))) == {0: 2, 1: 3}


def test_time_is_counted_until_the_first_order_and_only_while_there(told, at, only):
    here = told.community()
    host, buyer, guest = (told.member() for _ in range(3))
    told.joins(host, here, at(2026, 1, 5, 9))
    told.joins(buyer, here, at(2026, 1, 5, 9))
    told.joins(guest, here, at(2026, 3, 3, 0))
    told.leaves(guest, here, at(2026, 3, 5, 12))
    told.says(host, here, at(2026, 3, 4, 0), "挂耳")
    told.buys(buyer, at(2026, 3, 4, 6), 100, product="挂耳")
    told.buys(buyer, at(2026, 3, 6, 6), 100, product="挂耳")
    told.settle()

    found = touches(asks(only(here), days=2))

    # Of who was there for two days at least. Never met it: host the whole week, buyer two days and guest not yet. Met it:
    # buyer 6 hours until he bought; guest, who was settled from the 5th on, the rest of the half day.
    nothing, once = found.groups[:2]
    assert (nothing.people, nothing.buyers, nothing.days) == (2, 0, pytest.approx(7 + 2))
    assert (once.people, once.buyers, once.days) == (2, 1, pytest.approx(0.25 + 0.5))
    assert once.rate == pytest.approx(1 / 0.75)
    assert once.is_small
    assert found.judgements == ("",) * len(FIRSTS)
    only_guest = asks(only(here).among(Population.of([guest.id])), days=2)
    assert [group.people for group in touches(only_guest).groups[:2]] == [0, 1]


def test_newcomers_are_counted_as_buyers_and_not_compared(told, at, only):
    here = told.community()
    host, guest = told.member(), told.member()
    told.joins(host, here, at(2026, 1, 5, 9))
    told.joins(guest, here, at(2026, 3, 3, 9))
    told.says(host, here, at(2026, 3, 4, 9), "挂耳")
    told.buys(guest, at(2026, 3, 4, 12), 100, product="挂耳")
    told.settle()

    found = touches(asks(only(here)))

    assert (buyers(found), found.newcomers, found.settled_buyers) == ({1: 1}, 1, 0)
    assert (found.groups[1].people, found.groups[1].days) == (0, 0)


@pytest.mark.parametrize("length", [7, 30])
def test_groups_equal_a_plain_count_of_the_invented_brand(simulated, length):
    world, product, word = simulated.world, "晨雾挂耳 10包装", "挂耳"
    last = world.starting + timedelta(days=world.days - 8)
    period = Period(last - timedelta(days=27), last)
    zone = ZoneInfo("Asia/Shanghai")
    question = asks(simulated.scope, word, product=product, days=length, period=period)

    found = touches(question)

    begin, end = (instant.timestamp() for instant in period.instants(str(zone)))
    firsts: dict[int, float] = {}
    for order in world.orders:
        if (
            order.person is not None
            and order.product == product
            and order.status != "已取消"
            and begin <= order.at < end
        ):
            firsts[order.person] = min(order.at, firsts.get(order.person, end))
    expected = Counter[int]()
    for person, bought in firsts.items():
        met = set()
        stays = {each.key: _stays(world, person, each.key) for each in world.communities}
        if not any(start <= bought < stop for each in stays.values() for start, stop in each):
            continue
        for community, mine in stays.items():
            by_day: dict[date, int] = {}
            for message in truth.messages_of(world, community):
                if word in message.text and message.person != person:
                    day = truth.local_day(world, community, message.at)
                    by_day[day] = min(message.at, by_day.get(day, message.at))
            for day, said in by_day.items():
                if bought - length * 86_400 < said <= bought and any(start <= said < stop for start, stop in mine):
                    met.add((community, day))
        expected[max(first for first in FIRSTS if first <= len(met))] += 1
    assert expected
    assert buyers(found) == dict(expected)
    assert found.outside == len(firsts) - sum(expected.values())


def _stays(world, person, community) -> list[tuple[float, float]]:
    """Return when somebody was there as the log tells it: untold joins have been there all along."""
    joins = [join for join in world.joins if (join.person, join.community) == (person, community)]
    leaves = [leave.at for leave in world.leaves if (leave.person, leave.community) == (person, community)]
    spoke = [
        message.at for message in world.messages if (message.person, message.community) == (person, community)
    ]  # fmt: skip
    moves = sorted([(join.at, 1) for join in joins if join.is_told] + [(at, 0) for at in leaves])
    if not moves and not spoke:
        return []
    if not moves or not moves[0][1] or (spoke and truth.local_day(world, community, min(spoke)) < truth.local_day(
        world, community, moves[0][0]
    )):  # fmt: skip
        moves.insert(0, (0, 1))
    ends = [*(at for at, _is_here in moves[1:]), float("inf")]
    return [(at, end) for (at, is_here), end in zip(moves, ends, strict=True) if is_here]


def test_groups_say_where_it_was_too_little_enough_and_too_much():
    def of(*numbers: tuple[int, int, float]) -> tuple[str, ...]:
        return judged([Group(first, None, each[1], *each) for first, each in zip(FIRSTS, numbers, strict=False)])

    assert of((900, 10, 9000), (500, 60, 5000), (300, 80, 3000), (200, 54, 2000), (100, 4, 1000)) == (
        "few", "few", "enough", "more", "less",
    )  # fmt: skip
    assert of((900, 50, 5000), (500, 50, 5000), (300, 52, 5000)) == ("", "", "")
    # A dip before the last sure rise is no "too many", and where fewer touches did better than later ones nothing is said.
    assert of((900, 10, 9000), (500, 40, 1000), (300, 12, 1000), (200, 400, 8000)) == ("few", "", "few", "enough")
    assert of((900, 90, 900), (500, 10, 5000), (300, 60, 3000)) == ("", "", "")
    assert of((900, 2, 9000), (500, 20, 900)) == ("", "")  # Too few buyers in all.
    assert of((900, 5, 9000), (500, 60, 5000), (29, 20, 90)) == ("few", "enough", "")
    assert of((900, 90, 900), (500, 10, 5000)) == ("enough", "less")
    assert of((900, 40, 900)) == ("",)


def test_nothing_is_nothing_and_nonsense_is_refused(told, only):
    here = told.community()
    told.settle()
    found = touches(asks(only(here)))
    assert (found.buyers, found.outside, found.messages, sold(asks(only(here)).asked)) == (0, 0, 0, ())
    assert touches(replace(asks(only(here)), words=())).messages == 0
    assert all(group.rate is None and group.interval is None for group in found.groups)
    for days in (0, 400):
        with pytest.raises(Refused, match=r"touches\.window"):
            asks(only(here), days=days)
    for words in (("x",), ("咖啡",) * 51, ("长" * 121,)):
        with pytest.raises(Refused, match=r"touches\.words"):
            asks(only(here), *words)

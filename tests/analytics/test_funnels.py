from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liuliang.analytics import funnels
from liuliang.analytics.acts import told_kinds
from liuliang.analytics.base import Asked
from liuliang.analytics.funnels import Funnel, compare, funnel, members_at
from liuliang.analytics.happenings import Condition, Happening, properties_of
from liuliang.analytics.periods import Period
from liuliang.analytics.scopes import Scope
from liuliang.kernel.errors import Refused
from liuliang.lake import engine
from liuliang.loyalty.events import PointsSpent
from liuliang.people.merging import merge_members

WEEK = Period(date(2026, 3, 2), date(2026, 3, 8))
UNTIL = datetime(2026, 3, 20, tzinfo=UTC)
JOINED, SAID, LEFT, BOUGHT = (
    Happening(kind) for kind in ("member.joined", "message.sent", "member.left", "order.paid")
)
DAY = timedelta(days=1)


def asks(scope, *steps, window=DAY, without=None, **more) -> Funnel:
    return Funnel(Asked(scope, WEEK, UNTIL, "Asia/Shanghai", **more), steps, window, without)


def reached(question) -> list[int]:
    return [stage.reached for stage in funnel(question)[0].stages]


def longest_chain(events, steps, window, without=None):
    """Try every chain: different events, none earlier than the one before, all within the window after the first."""
    best = 0

    def is_cut(first, last):
        return without is not None and any(kind == without and first < at < last for at, kind in events)

    def follow(level, first, last, used):
        nonlocal best
        best = max(best, level)
        if level == len(steps):
            return
        for place, (at, kind) in enumerate(events):
            if place in used or kind not in steps[level] or at < last:
                continue
            if level and (at - first > window or is_cut(first, at)):
                continue
            follow(level + 1, at if level == 0 else first, at, used | {place})

    follow(0, 0, -1, frozenset())
    return best


def test_the_period_before_is_watched_as_long_over_a_change_of_the_clock(told, at):
    group = told.community(timezone="Europe/Berlin")
    # The clock goes forward on 29 March 2026. Both come at eleven at night, and speak half an hour later.
    for day in (27, 3):
        member, month = told.member(), 3 if day == 27 else 4
        told.joins(member, group, at(2026, month, day, 23, zone="Europe/Berlin"))
        told.says(member, group, at(2026, month, day, 23, 30, zone="Europe/Berlin"))
    told.settle()
    period = Period(date(2026, 3, 28), date(2026, 4, 3))
    until = at(2026, 4, 4, zone="Europe/Berlin")
    question = Funnel(Asked(Scope.of([(group.id, group.timezone)]), period, until, group.timezone), (JOINED, SAID), DAY)
    assert reached(question) == [1, 1]
    assert reached(question.before) == [1, 1]
    # So it is back in autumn, where nothing may be counted of the period before that is not yet of this one.
    for day in (18, 19, 25):
        told.joins(told.member(), group, at(2026, 10, day, 23, 30, zone="Europe/Berlin"))
    told.settle()
    autumn = Period(date(2026, 10, 19), date(2026, 10, 25))
    late = replace(question, asked=replace(question.asked, period=autumn, until=at(2026, 10, 26, zone="Europe/Berlin")))
    assert late.before.until == at(2026, 10, 19, zone="Europe/Berlin")


def test_a_window_is_over_when_that_of_the_last_minute_is(told, at):
    group = told.community()
    period = Period(date(2026, 3, 2), date(2026, 3, 8))
    scope = Scope.of([(group.id, group.timezone)])

    def is_over(window, *until):
        asked = Asked(scope, period, at(*until), "Asia/Shanghai")
        return Funnel(asked, (JOINED, SAID), window).is_over

    assert not is_over(timedelta(hours=1), 2026, 3, 9)
    assert is_over(timedelta(hours=1), 2026, 3, 9, 1)
    assert not is_over(DAY, 2026, 3, 9, 23)
    assert is_over(DAY, 2026, 3, 10)


KINDS = {"a": "message.sent", "b": "member.joined", "c": "member.renamed", "d": "member.left"}


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 6), st.sampled_from("abcd")), min_size=1, max_size=7), min_size=1, max_size=6
    ),
    st.lists(st.sampled_from("abcd"), min_size=2, max_size=4),
    st.integers(1, 5),
    st.sampled_from(["", "a", "c", "d"]),
)
def test_any_history_comes_as_far_as_trying_every_chain(monkeypatch_events, histories, steps, window, without):
    """Repeating first steps, equal instants, one kind for several steps, exclusions: against brute force."""
    rows = [
        f"('{KINDS[kind]}', {member}, {at}, {place})"
        for member, history in enumerate(histories, start=1)
        for place, (at, kind) in enumerate(history)
    ]
    monkeypatch_events(rows)
    question = Funnel(
        Asked(funnels_scope(), WEEK, UNTIL, "UTC"),
        tuple(Happening(KINDS[step]) for step in steps),
        timedelta(seconds=window),
        Happening(KINDS[without]) if without else None,
    )
    expected = [longest_chain(history, steps, window, without or None) for history in histories]

    relation, values = funnels._levels(question)
    found = dict(funnels.query(f"SELECT member, level FROM {relation}", values).rows)

    assert [found.get(member, 0) for member in range(1, len(histories) + 1)] == expected


def funnels_scope():
    from liuliang.analytics.scopes import Scope

    return Scope((("UTC", (1,)),), is_everything=True)


@pytest.fixture
def monkeypatch_events(monkeypatch):
    """Let the lake be a few rows, seconds after the period's beginning."""
    held: list[str] = []

    def ask(statement, values):
        begin = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp() * 1000)
        relation = (
            "(SELECT kind, toUInt32(member) AS member, toUInt32(1) AS community,"
            f" fromUnixTimestamp64Milli(toInt64({begin} + second * 1000), 'UTC') AS occurred_at, toUInt64(place) AS position,"
            " toInt64(0) AS value, toUInt32(0) AS other, '' AS data FROM"
            f" values('kind String, member UInt32, second UInt32, place UInt32', {held[-1]}))"
        )
        _columns, rows = engine.fetch(statement.replace("{events}", relation), values)
        return type("Answer", (), {"rows": rows})

    monkeypatch.setattr(funnels, "query", ask)
    return lambda rows: held.append(", ".join(rows))


def test_a_later_first_step_can_reach_further(told, at, only):
    here = told.community()
    member = told.member()
    told.says(member, here, at(2026, 3, 2, 9))
    told.says(member, here, at(2026, 3, 5, 9))
    told.leaves(member, here, at(2026, 3, 5, 20))
    told.settle()

    assert reached(asks(only(here), SAID, LEFT)) == [1, 1]
    # The second message is another one, and the leave is within a day of it but not of the first.
    assert reached(asks(only(here), SAID, SAID, LEFT)) == [1, 0, 0]
    assert reached(asks(only(here), SAID, SAID, LEFT, window=5 * DAY)) == [1, 1, 1]


def test_one_message_is_one_step(told, at, only):
    here = told.community()
    once, twice = told.member(), told.member()
    told.says(once, here, at(2026, 3, 2, 9))
    for minute in (0, 0):
        told.says(twice, here, at(2026, 3, 2, 9, minute))
    told.settle()

    assert reached(asks(only(here), SAID, SAID)) == [2, 1]


def test_the_first_step_lies_in_the_period_and_the_rest_may_follow_it(told, at, only):
    here = told.community()
    early, late, in_time = (told.member() for _ in range(3))
    told.joins(early, here, at(2026, 3, 1, 23, 59))
    told.says(early, here, at(2026, 3, 2, 9))
    told.joins(late, here, at(2026, 3, 9, 0, 0))
    told.joins(in_time, here, at(2026, 3, 8, 23, 59))
    told.says(in_time, here, at(2026, 3, 9, 23, 59))
    told.settle()

    assert reached(asks(only(here), JOINED, SAID)) == [1, 1]
    assert reached(asks(only(here), JOINED, SAID, window=DAY - timedelta(milliseconds=1))) == [1, 0]
    assert members_at(asks(only(here), JOINED, SAID), 2, is_lost=False) == (in_time.id,)


def test_properties_narrow_a_step(told, at, only):
    here = told.community()
    asker, painter, nobody = (told.member() for _ in range(3))
    for member in (asker, painter, nobody):
        told.joins(member, here, at(2026, 3, 2, 9))
    told.says(asker, here, at(2026, 3, 2, 10), "怎么冲？")
    told.says(painter, here, at(2026, 3, 2, 10), "看图", type="image")
    told.says(nobody, here, at(2026, 3, 2, 10), "好的")
    told.buys(asker, at(2026, 3, 2, 11), 1990)
    told.buys(painter, at(2026, 3, 2, 11), 2000)
    told.settle()

    def narrowed(key, relation, value, kind="message.sent"):
        return members_at(
            asks(only(here), JOINED, Happening(kind, (Condition(key, relation, value),))), 2, is_lost=False
        )

    assert narrowed("is_question", "is", "1") == (asker.id,)
    assert narrowed("is_question", "is", "0") == (painter.id, nobody.id)
    assert narrowed("type", "is", "image") == (painter.id,)
    assert narrowed("type", "is_not", "image") == (asker.id, nobody.id)
    assert narrowed("text", "contains", "冲") == (asker.id,)
    assert narrowed("amount", "at_least", "20", "order.paid") == (painter.id,)
    assert narrowed("amount", "at_most", "19.90", "order.paid") == (asker.id,)
    assert narrowed("amount", "is", "20", "order.paid") == (painter.id,)
    assert {one.key for one in properties_of("order.paid")} == {"amount", "currency", "product", "quantity"}
    for key, relation, value in (
        ("amount", "contains", "1"),
        ("bank", "is", "1"),
        ("amount", "is", "many"),
        ("amount", "is", "1e99"),
    ):
        with pytest.raises(Refused, match=r"happening\."):
            narrowed(key, relation, value, "order.paid")


def test_who_was_lost_where(told, at, only):
    here = told.community()
    stays, silent, leaves = (told.member() for _ in range(3))
    for member in (stays, silent, leaves):
        told.joins(member, here, at(2026, 3, 2, 9))
    told.says(stays, here, at(2026, 3, 2, 10))
    told.leaves(leaves, here, at(2026, 3, 2, 9, 30))
    told.says(leaves, here, at(2026, 3, 2, 10))
    told.settle()
    question = asks(only(here), JOINED, SAID)

    assert reached(question) == [3, 2]
    assert members_at(question, 2, is_lost=True) == (silent.id,)
    assert members_at(question, 1, is_lost=False) == (stays.id, silent.id, leaves.id)
    assert members_at(question, 1, is_lost=True) == ()
    assert members_at(question, 9, is_lost=True) == ()
    without = replace(question, without=LEFT)
    assert reached(without) == [3, 1]
    assert members_at(without, 2, is_lost=True) == (silent.id, leaves.id)


def test_split_by_community_type_and_way(told, at, only):
    here, there = told.community(), told.community("别的群")
    both, one = told.member(), told.member()
    for community in (here, there):
        told.joins(both, community, at(2026, 3, 2, 9))
    told.joins(one, there, at(2026, 3, 2, 9))
    told.says(both, here, at(2026, 3, 2, 10))
    told.buys(one, at(2026, 3, 2, 12), 100)
    told.buys(both, at(2026, 3, 2, 12), 100)
    told.settle()
    question = asks(only(here, there), JOINED, SAID, types=((here.id, "interest"), (there.id, "service")))

    def parts(split, steps=(JOINED, SAID)):
        asked = replace(question.asked, split=split)
        return {
            flow.part: [s.reached for s in flow.stages] for flow in funnel(replace(question, asked=asked, steps=steps))
        }

    assert parts("") == {"": [2, 1]}
    assert parts("community") == {str(there.id): [2, 0], str(here.id): [1, 1]}
    assert parts("type") == {"service": [2, 0], "interest": [1, 1]}
    assert parts("how") == {"unknown": [2, 1]}
    # An order without a community is everywhere its buyer is; told together it is one.
    assert parts("community", (JOINED, BOUGHT)) == {str(there.id): [2, 2], str(here.id): [1, 1]}
    assert parts("", (JOINED, BOUGHT, BOUGHT)) == {"": [2, 2, 0]}
    split = replace(question, asked=replace(question.asked, split="community"))
    assert members_at(split, 2, is_lost=True, part=str(there.id)) == (both.id, one.id)


def test_what_happens_in_no_community_counts_wherever_its_member_is(told, at, only):
    here, there = told.community("本群"), told.community("那群")
    member, stranger = told.member(), told.member()
    told.joins(member, here, at(2026, 3, 2, 9))
    told.joins(stranger, there, at(2026, 3, 2, 9))
    for one in (member, stranger):
        told.happened(PointsSpent(1, 10, "gift:1"), at(2026, 3, 3, 9), one, None)
    told.happened(PointsSpent(1, 10, "gift:1"), at(2026, 3, 1, 9), member, None)
    told.settle()
    spent = Happening("points.spent")

    everything = replace(only(here, there), is_everything=True)
    assert reached(asks(everything, JOINED, spent)) == [2, 2]
    # The one before the period is nobody's first step.
    assert reached(asks(everything, spent, JOINED)) == [2, 0]
    assert reached(asks(only(here), JOINED, spent)) == [1, 1]
    assert reached(asks(only(here), JOINED, spent, spent)) == [1, 1, 0]


def test_two_periods_compared(told, at, only):
    here = told.community()
    for place in range(40):
        member = told.member()
        week = 2 if place < 20 else 9
        told.joins(member, here, at(2026, 3, week, 9))
        if place < 4 or place >= 22:
            told.says(member, here, at(2026, 3, week, 10))
    told.settle()
    question = asks(only(here), JOINED, SAID)
    later = replace(question, asked=replace(question.asked, period=Period(date(2026, 3, 9), date(2026, 3, 15))))

    (now,), (before,) = funnel(later), funnel(later.before)

    assert ([s.reached for s in now.stages], [s.reached for s in before.stages]) == ([20, 18], [20, 4])
    assert not compare(now, before)[1].is_noise
    assert compare(now, now)[1].is_noise


def test_the_period_before_is_watched_for_as_long(told, at, only):
    here = told.community()
    for week in (2, 9):
        for day in range(3):
            member = told.member()
            told.joins(member, here, at(2026, 3, week + day, 9))
            # Everybody speaks two days after they came.
            told.says(member, here, at(2026, 3, week + day + 2, 9))
    told.settle()
    known = datetime(2026, 3, 12, 12, tzinfo=UTC)
    asked = Asked(only(here), Period(date(2026, 3, 9), date(2026, 3, 15)), known, "Asia/Shanghai")
    question = Funnel(replace(asked, until=known), (JOINED, SAID), 7 * DAY)

    # By the twelfth those of the ninth and the tenth have spoken (the log here knows what comes later), of the week before as many.
    assert reached(question.before) == [3, 2]
    assert reached(replace(question.before, until=None)) == [3, 3]
    over = replace(question, asked=replace(asked, until=datetime(2026, 3, 24, tzinfo=UTC)))
    assert over.before.until is None


def test_merged_members_robots_and_nobody(told, at, only):
    here = told.community()
    person, record = told.member(), told.member()
    told.joins(person, here, at(2026, 3, 2, 9))
    told.says(record, here, at(2026, 3, 2, 10))
    told.settle()
    assert reached(asks(only(here), JOINED, SAID)) == [1, 0]
    merge_members(record.id, person.id, at=at(2026, 3, 9))
    told.settle()
    assert reached(asks(only(here), JOINED, SAID)) == [1, 1]
    assert reached(asks(replace(only(here), robots=(person.id,)), JOINED, SAID)) == [0, 0]
    assert reached(asks(only(told.community("空群")), JOINED, SAID)) == [0, 0]
    assert funnel(asks(only(here), JOINED, SAID, split="community"))[0].part == str(here.id)


def test_what_cannot_be_counted_is_refused_and_twenty_steps_are_not(told, at, only):
    here = told.community()
    member = told.member()
    for minute in range(20):
        told.says(member, here, at(2026, 3, 2, 9, minute))
    told.settle()

    assert reached(asks(only(here), *[SAID] * 10)) == [1] * 10
    assert reached(asks(only(here), *[SAID] * 10, without=LEFT)) == [1] * 10
    kinds = [Happening(each.kind) for each in told_kinds()][:20]
    assert len(reached(asks(only(here), SAID, *[kind for kind in kinds if kind != SAID][:19]))) == 20
    for steps in ([SAID] * 11, [SAID, JOINED] * 6):
        with pytest.raises(Refused, match=r"funnel\.alike"):
            asks(only(here), *steps)
    for steps, window in (([SAID], DAY), ([SAID] * 21, DAY), ([SAID] * 2, timedelta(0)), ([SAID] * 2, 400 * DAY)):
        with pytest.raises(Refused, match=r"funnel\."):
            asks(only(here), *steps, window=window)
    for kind in ("flying.saucer", "member.merged", ""):
        with pytest.raises(Refused, match=r"happening\.unknown"):
            funnel(asks(only(here), SAID, Happening(kind)))


def test_time_zones_have_their_own_days(told, at, only):
    here, there = told.community(), told.community("纽约群", "America/New_York")
    shanghai, york = told.member(), told.member()
    # 2026-03-09 00:30 in Shanghai is after the week; in New York it is still Sunday the 8th.
    for member, community in ((shanghai, here), (york, there)):
        told.joins(member, community, at(2026, 3, 9, 0, 30))
    told.settle()

    assert reached(asks(only(here, there), JOINED, SAID)) == [1, 0]
    assert members_at(asks(only(here, there), JOINED, SAID), 1, is_lost=False) == (york.id,)


def test_what_happens_in_no_community_has_the_days_of_each_community_it_counts_for(told, at, only):
    york, here = told.community("纽约群", "America/New_York"), told.community()
    early, late = told.member(), told.member()
    for member in (early, late):
        told.joins(member, here, at(2026, 2, 20))
        told.joins(member, york, at(2026, 2, 20))
    # Monday in Shanghai, still the Sunday before the week in New York; a week later the other way round.
    told.happened(PointsSpent(1, 10, "gift:1"), at(2026, 3, 2, 3), early, None)
    told.happened(PointsSpent(2, 10, "gift:2"), at(2026, 3, 9, 3), late, None)
    told.settle()
    spent = Happening("points.spent")

    def who(scope, part):
        question = asks(scope, spent, SAID, split="community")
        return members_at(question, 1, is_lost=False, part=str(part.id))

    for scope in (only(york, here), replace(only(york, here), is_everything=True)):
        assert who(scope, here) == (early.id,) == who(only(here), here)
        assert who(scope, york) == (late.id,) == who(only(york), york)

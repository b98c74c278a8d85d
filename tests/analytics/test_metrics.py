"""Every metric against a plain computation over the invented brand, and a few by hand."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from statistics import fmean

import pytest

from liuliang.analytics import traffic
from liuliang.analytics.base import DIMENSIONS, STAGES, Asked, metrics
from liuliang.analytics.conversation import Said, response
from liuliang.analytics.overview import overview
from liuliang.analytics.periods import Period
from liuliang.analytics.scopes import Population, Scope
from liuliang.people.events import MemberJoined
from liuliang.people.merging import merge_members
from liuliang.simulator import truth

ZONE = "Asia/Shanghai"
WEEK = Period(date(2026, 3, 2), date(2026, 3, 8))
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Plain:
    """One thing that happened, as plain Python knows it."""

    kind: str
    community: int
    person: int
    at: datetime
    day: date
    other: int | None = None


class Reckoning:
    """The world as a list of facts, and the most plodding way to count each metric."""

    def __init__(self, simulated) -> None:
        world = simulated.world
        self.world, self.members, self.ids = world, simulated.members, simulated.communities
        self.facts: list[Plain] = []
        for join in world.joins:
            if join.is_told:
                self._add("joined", join, join.inviter)
        for leave in world.leaves:
            self._add("left", leave)
        for message in world.messages:
            self._add("said", message)
        self.facts.sort(key=lambda fact: fact.at)
        self.until = datetime.fromtimestamp(world.exported_at, UTC)

    def _add(self, kind, thing, other=None) -> None:
        at = datetime.fromtimestamp(thing.at, UTC)
        day = truth.local_day(self.world, thing.community, thing.at)
        self.facts.append(Plain(kind, thing.community, thing.person, at, day, other))

    def within(self, period, *kinds):
        return [fact for fact in self.facts if fact.kind in kinds and fact.day in period]

    def pairs(self, period, kind):
        return {(fact.community, fact.person) for fact in self.within(period, kind)}

    def active(self, period):
        return {fact.person for fact in self.within(period, "said")}

    def first_joins(self, unit):
        """Return who was not seen before their first join: by unit, the fact of that join."""
        seen: dict = {}
        for fact in self.facts:
            seen.setdefault(unit(fact), fact)
        # Of several facts in one second or day, a join makes them new.
        found = {}
        for fact in self.facts:
            if fact.kind == "joined" and unit(fact) not in found:
                found[unit(fact)] = fact
        return {key: fact for key, fact in found.items() if seen[key].at >= fact.at or seen[key].kind == "joined"}

    def newcomers_by_day(self, period):
        """Return the day of each person's first join, of those not seen on any day before."""
        first_day: dict[int, date] = {}
        joined: dict[int, date] = {}
        for fact in self.facts:
            first_day[fact.person] = min(first_day.get(fact.person, fact.day), fact.day)
            if fact.kind == "joined":
                joined[fact.person] = min(joined.get(fact.person, fact.day), fact.day)
        return {who: day for who, day in joined.items() if day in period and day == first_day[who]}


@pytest.fixture
def reckoned(simulated) -> Reckoning:
    return Reckoning(simulated)


@pytest.fixture
def period(simulated) -> Period:
    start = simulated.world.starting
    return Period(start + 30 * DAY, start + 59 * DAY)


@pytest.fixture
def asked(simulated, reckoned, period) -> Asked:
    types = tuple((simulated.communities[each.key].id, each.type) for each in simulated.world.communities)
    return Asked(simulated.scope, period, reckoned.until, ZONE, types=types)


def whole(key: str, asked: Asked):
    (reading,) = metrics()[key].read(asked)
    assert (reading.part, reading.start) == ("", asked.period.first)
    return reading


def test_every_metric_has_its_words_and_reads_every_way_it_says(asked):
    for metric in metrics():
        assert str(metric.definition.title)
        assert str(metric.definition.counted)
        assert metric.stage in STAGES
        assert set(metric.dimensions) <= DIMENSIONS.keys()
        for split in ("", *metric.dimensions):
            for step in ("whole", "day", "week", "month"):
                question = replace(asked, split=split, step=step)
                for reading in metric.read(question):
                    assert reading.start in question.starts, (metric.key, split, step)
                    assert (reading.part == "") == (split == "")
                    if reading.low is not None:
                        assert reading.low <= reading.value <= reading.high
        assert metric.statements(asked)


def test_nothing_known_is_no_value_and_no_error(told, only):
    here = told.community()
    told.settle()
    asked = Asked(only(here), WEEK, datetime(2026, 3, 20, tzinfo=UTC), ZONE, types=((here.id, "interest"),))

    for metric in metrics():
        for split in ("", *metric.dimensions):
            for step in ("whole", "day"):
                for reading in metric.read(replace(asked, split=split, step=step)):
                    assert not reading.value, (metric.key, split, step)


def test_counts_are_those_of_plain_python(asked, reckoned, period):
    assert whole("messages", asked).value == len(reckoned.within(period, "said"))
    assert whole("speakers", asked).value == whole("active", asked).value == len(reckoned.active(period))
    joined, left = (len(reckoned.pairs(period, kind)) for kind in ("joined", "left"))
    assert whole("joined", asked).value == joined
    assert whole("left", asked).value == left
    assert whole("net", asked).value == joined - left
    brought = {
        (fact.community, fact.person)
        for fact in reckoned.within(period, "joined")
        if fact.other is not None and fact.other != fact.person
    }
    assert whole("invites", asked).value == len(brought)


def test_steps_and_splits_are_those_of_plain_python(asked, reckoned, period):
    by_day = {reading.start: reading.value for reading in metrics()["active"].read(replace(asked, step="day"))}
    assert by_day == {day: len(people) for day in period.days if (people := reckoned.active(Period(day, day)))}
    weeks = {reading.start: reading.value for reading in metrics()["active"].read(replace(asked, step="week"))}
    for bucket in replace(asked, step="week").buckets:
        assert weeks[bucket.first] == len(reckoned.active(bucket))
        assert bucket.first == period.first or bucket.first.weekday() == 0
    by_community = {r.part: r.value for r in metrics()["active"].read(replace(asked, split="community"))}
    for key, community in reckoned.ids.items():
        people = {fact.person for fact in reckoned.within(period, "said") if fact.community == key}
        assert by_community.get(str(community.id), 0) == len(people)
    by_type = {r.part: r.value for r in metrics()["active"].read(replace(asked, split="type"))}
    for type_ in {each.type for each in reckoned.world.communities}:
        keys = {each.key for each in reckoned.world.communities if each.type == type_}
        people = {fact.person for fact in reckoned.within(period, "said") if fact.community in keys}
        assert by_type.get(type_, 0) == len(people)


def test_days_weeks_and_months_of_activity_are_those_of_plain_python(asked, reckoned, period):
    per_day = [len(reckoned.active(Period(day, day))) for day in period.days]
    dau = whole("dau", asked)
    assert dau.value == pytest.approx(fmean(per_day))
    assert dau.of == len(period)
    assert whole("wau", asked).value == len(reckoned.active(Period(period.last - 6 * DAY, period.last)))
    month = Period(period.last - 29 * DAY, period.last)
    assert whole("mau", asked).value == len(reckoned.active(month))
    month_days = [len(reckoned.active(Period(day, day))) for day in month.days]
    assert whole("stickiness", asked).value == pytest.approx(fmean(month_days) / len(reckoned.active(month)))
    before, now = reckoned.active(month.previous), reckoned.active(month)
    churn = whole("churn", asked)
    assert (churn.count, churn.of) == (len(before - now), len(before))
    by_day = {r.start: r.value for r in metrics()["mau"].read(replace(asked, step="day"))}
    for day in period.days[::7]:
        assert by_day[day] == len(reckoned.active(Period(day - 29 * DAY, day)))


@pytest.mark.parametrize("after", [1, 7, 30])
def test_retention_on_a_day_is_that_of_plain_python(asked, reckoned, period, after):
    came = reckoned.newcomers_by_day(period)
    observed = {who: day for who, day in came.items() if day + after * DAY <= asked.last_day}
    kept = [
        who for who, day in observed.items() if who in reckoned.active(Period(day + after * DAY, day + after * DAY))
    ]

    found = whole(f"retention_{after}", asked)

    assert observed
    assert (found.count, found.of) == (len(kept), len(observed))


def test_activation_and_the_k_factor_are_those_of_plain_python(asked, reckoned, period):
    firsts = reckoned.first_joins(lambda fact: (fact.community, fact.person))
    came = {key: fact for key, fact in firsts.items() if fact.day in period}
    words: dict = {}
    for fact in reckoned.facts:
        if fact.kind == "said":
            words.setdefault((fact.community, fact.person), fact.at)
    had_time = {key: fact for key, fact in came.items() if fact.at <= reckoned.until - 7 * DAY}
    spoke = [key for key, fact in had_time.items() if key in words and words[key] - fact.at < 7 * DAY]
    activation = whole("activation", asked)
    assert (activation.count, activation.of) == (len(spoke), len(had_time))

    had_a_month = {key: fact for key, fact in came.items() if fact.at <= reckoned.until - 30 * DAY}
    brought = {
        key: sum(
            1
            for new in firsts.values()
            if new.community == fact.community
            and new.other == fact.person != new.person
            and timedelta(0) <= new.at - fact.at < 30 * DAY
        )
        for key, fact in had_a_month.items()
    }
    k = whole("k_factor", asked)
    assert brought
    assert (k.count, k.of) == (sum(brought.values()), len(brought))


def test_members_and_the_speaking_rate_are_those_of_the_overview(asked, simulated, reckoned, period):
    today = period.last + 11 * DAY
    question = replace(asked, until=datetime.combine(today, datetime.min.time(), UTC))
    board = overview(simulated.scope, period, today=today, known=None).totals

    assert whole("members", question).value == board.members
    rate = whole("rate", question)
    assert rate.value == pytest.approx(board.rate)
    days = {r.start: r.value for r in metrics()["members"].read(replace(question, step="day"))}
    assert tuple(days[day] for day in period.days) == board.members_by_day
    parts = metrics()["members"].read(replace(question, split="community"))
    assert sum(part.value for part in parts) == board.members


def _there(asked, community):
    question = replace(asked, split="community")
    return metrics()["members"].people(question, str(community), asked.period.first, "there")


def test_money_is_that_of_plain_python(asked, simulated, reckoned, period):
    orders = [
        order for order in truth.orders_of(reckoned.world) if truth.local_day(reckoned.world, 0, order.at) in period
    ]
    buyers: defaultdict[int, int] = defaultdict(int)
    for order in orders:
        if order.person is not None:
            buyers[order.person] += 1
    begin, _end = period.instants(ZONE)
    earlier = {
        order.person for order in truth.orders_of(reckoned.world) if datetime.fromtimestamp(order.at, UTC) < begin
    }

    assert whole("gmv", asked).value == sum(order.amount for order in orders)
    assert whole("orders", asked).value == len(orders)
    assert whole("buyers", asked).value == len(buyers)
    again = whole("repurchase", asked)
    assert again.of == len(buyers)
    assert again.count == sum(1 for who, count in buyers.items() if count > 1 or who in earlier)
    there = {member for community in asked.scope.communities for member in _there(asked, community)}
    converted = whole("conversion", asked)
    ids = {simulated.members[person].id for person in buyers}
    assert (converted.count, converted.of) == (len(ids & there), len(there))
    assert converted.value == pytest.approx(len(ids & there) / len(there))
    members = whole("members", asked).value
    assert whole("arpu", asked).value == pytest.approx(sum(order.amount for order in orders) / members)
    for key, community in simulated.communities.items():
        mine = [
            order
            for order in truth.orders_of(reckoned.world, key)
            if truth.local_day(reckoned.world, key, order.at) in period
        ]
        parts = {r.part: r.value for r in metrics()["gmv"].read(replace(asked, split="community"))}
        # Whoever came before the files begin is in no community as far as the log knows.
        assert parts.get(str(community.id), 0) <= sum(order.amount for order in mine)
        alone = replace(asked, scope=simulated.one(key))
        assert parts.get(str(community.id), 0) == sum(r.value for r in metrics()["gmv"].read(alone))


def test_the_response_time_is_that_of_the_rule_told_in_python(asked, simulated, reckoned, period):
    for key in simulated.communities:
        question = replace(asked, scope=simulated.one(key), split="")
        span = Period(period.first, period.last + DAY)
        from liuliang.analytics.conversation import conversation
        from liuliang.lake.queries import query

        during, values = question.scope.during(span)
        rows = query(
            "SELECT member, occurred_at, other, JSONExtractBool(data, 'is_question') FROM {events}"
            f" WHERE kind = 'message.sent' AND {during} ORDER BY occurred_at, position",
            values,
        ).rows
        said = [Said(row[0], row[1], row[2], bool(row[3])) for row in rows]
        expected = response(said, before=period.instants(simulated.communities[key].timezone)[1], until=reckoned.until)
        found = metrics()["response_time"].read(question)
        assert conversation(question.scope, period, reckoned.until).response.median == expected.median
        if expected.answered:
            assert found[0].value == expected.median
            assert found[0].of == expected.answered
        else:
            assert not found


def test_waits_told_by_hand(told, at, only):
    here = told.community()
    asker, helper, other = (told.member() for _ in range(3))
    told.says(asker, here, at(2026, 3, 2, 9), "几点开门？")
    told.says(asker, here, at(2026, 3, 2, 9, 1), "有人吗？")  # the same question
    told.says(asker, here, at(2026, 3, 2, 9, 2), "唉")  # nobody answers themselves
    told.says(other, here, at(2026, 3, 2, 9, 3), "几点关门？")  # asks too
    told.says(helper, here, at(2026, 3, 2, 9, 10), "十点")  # answers both
    told.says(asker, here, at(2026, 3, 4, 9), "周末呢？")  # answered too late
    told.says(asker, here, at(2026, 3, 5, 10), "周末呢？")  # a day and more later: another one, answered in two hours
    told.says(helper, here, at(2026, 3, 5, 12), "也开")
    told.says(other, here, at(2026, 3, 6, 9), "在吗？")
    told.says(helper, here, at(2026, 3, 6, 9, 5), "你说呢？", reply_member=other.id)  # a reply may ask
    told.settle()
    asked = Asked(only(here), WEEK, datetime(2026, 3, 20, tzinfo=UTC), ZONE)

    by_day = {r.start: (r.value, r.of) for r in metrics()["response_time"].read(replace(asked, step="day"))}

    assert by_day == {
        date(2026, 3, 2): (420.0, 2),
        date(2026, 3, 5): (7200.0, 1),
        date(2026, 3, 6): (300.0, 1),
    }


def test_merged_members_robots_and_late_events(told, at, only):
    here = told.community()
    person, record, robot = told.member("小满"), told.member("满满"), told.member("助手", is_bot=True)
    told.joins(person, here, at(2026, 3, 2, 8))
    told.joins(record, here, at(2026, 3, 2, 9))
    told.says(person, here, at(2026, 3, 3, 9))
    told.says(record, here, at(2026, 3, 3, 10))
    told.says(robot, here, at(2026, 3, 3, 10))
    told.settle()
    until = datetime(2026, 3, 20, tzinfo=UTC)
    asked = Asked(replace(only(here), robots=(robot.id,)), WEEK, until, ZONE)
    assert whole("active", asked).value == 2
    assert (whole("retention_1", asked).count, whole("retention_1", asked).of) == (2, 2)

    merge_members(record.id, person.id, at=at(2026, 3, 9))
    told.settle()
    assert whole("active", asked).value == 1
    assert whole("joined", asked).value == 1
    assert (whole("retention_1", asked).count, whole("retention_1", asked).of) == (1, 1)

    # An older export comes in later and says they were there before: they are not new any more.
    told.says(person, here, at(2026, 2, 1, 9))
    told.settle()
    assert not metrics()["retention_1"].read(asked)
    assert not metrics()["activation"].read(asked)


def test_the_ways_in_which_new_ones_came_add_up_to_all_new_ones(told, at, only):
    here, there = told.community("甲群"), told.community("乙群")
    stayed, wandered, quiet, old = (told.member(name) for name in ("留下的", "换群的", "安静的", "老成员"))

    def comes(member, community, how, *when):
        told.happened(MemberJoined(how=how), at(2026, 3, *when), member, community)

    told.happened(MemberJoined(how="link"), at(2026, 2, 1, 9), old, there)
    comes(stayed, here, "invite", 2, 9)
    comes(stayed, there, "code", 3, 9)
    comes(wandered, here, "code", 4, 9)
    comes(wandered, there, "invite", 4, 10)
    comes(quiet, there, "", 5, 9)
    comes(old, here, "code", 3, 9)
    # Seven days after they came: one in the first group, one in the other.
    told.says(stayed, here, at(2026, 3, 9, 9))
    told.says(wandered, there, at(2026, 3, 11, 9))
    told.says(old, here, at(2026, 3, 10, 9))
    told.settle()
    asked = Asked(only(here, there), WEEK, datetime(2026, 3, 20, tzinfo=UTC), ZONE)
    kept = metrics()["retention_7"]

    (all_,) = kept.read(asked)
    ways = {each.part: each for each in kept.read(replace(asked, split="how"))}

    assert (all_.count, all_.of) == (2, 3)
    assert {key: (each.count, each.of) for key, each in ways.items()} == {
        "invite": (1, 1), "code": (1, 1), "unknown": (0, 1),
    }  # fmt: skip
    by_way = replace(asked, split="how")
    assert kept.people(by_way, "code", WEEK.first) == (wandered.id,)
    assert kept.people(by_way, "unknown", WEEK.first, "lost") == (quiet.id,)
    assert kept.people(by_way, "invite", WEEK.first, "lost") == ()


def test_a_population_narrows_every_metric(simulated, asked, reckoned, period):
    chosen = {key for key in simulated.members if key % 3 == 0}
    population = Population.of(simulated.members[key].id for key in chosen)
    narrowed = replace(asked, scope=asked.scope.among(population))

    assert whole("active", narrowed).value == len(reckoned.active(period) & chosen)
    joined = {pair for pair in reckoned.pairs(period, "joined") if pair[1] in chosen}
    assert whole("joined", narrowed).value == len(joined)
    assert whole("members", narrowed).value < whole("members", asked).value
    assert whole("gmv", narrowed).value < whole("gmv", asked).value
    nobody = replace(asked, scope=asked.scope.among(Population.of(())))
    for metric in metrics():
        assert not any(reading.value for reading in metric.read(nobody)), metric.key


def test_metrics_are_those_of_the_boards(asked, simulated, period):
    board = traffic.activity(simulated.scope, period)
    for key in ("messages", "speakers", "joined", "left"):
        by_day = {r.start: r.value for r in metrics()[key].read(replace(asked, step="day"))}
        assert [by_day.get(day.day, 0) for day in board.now] == [getattr(day, key) for day in board.now]
    assert not math.isnan(whole("dau", asked).low)


def test_the_people_behind_a_metric_are_those_of_plain_python(asked, simulated, reckoned, period):
    ids = {member.id: key for key, member in simulated.members.items()}

    def behind(key: str, side: str = "") -> set[int]:
        return {ids[each] for each in metrics()[key].people(asked, "", period.first, side)}

    assert behind("active") == reckoned.active(period)
    month = Period(period.last - 29 * DAY, period.last)
    assert behind("churn") == reckoned.active(month.previous) - reckoned.active(month)
    came = reckoned.newcomers_by_day(period)
    observed = {who: day for who, day in came.items() if day + DAY <= asked.last_day}
    back = {who for who, day in observed.items() if who in reckoned.active(Period(day + DAY, day + DAY))}
    assert behind("retention_1") == back
    assert behind("retention_1", "lost") == observed.keys() - back


def test_who_buys_without_being_there_does_not_convert_those_who_are(told, at):
    tea, books = told.community("茶"), told.community("书")
    here, gone, *others = (told.member() for _ in range(5))
    for member in (here, gone, *others):
        told.joins(member, tea, at(2026, 1, 5, 9))
    told.joins(here, books, at(2026, 1, 5, 9))
    for member in (here, gone, *(told.member(f"路人{n}") for n in range(7))):
        told.buys(member, at(2026, 1, 8, 9), 1_000)
    told.leaves(gone, tea, at(2026, 1, 9, 9))
    told.settle()
    scope = Scope.of([(each.id, each.timezone) for each in (tea, books)], is_everything=True)
    period = Period(date(2026, 1, 5), date(2026, 1, 11))
    asked = Asked(scope, period, at(2026, 1, 12, 9), ZONE, types=((tea.id, "interest"), (books.id, "interest")))

    reading = whole("conversion", asked)

    assert (reading.count, reading.of) == (1, 4)
    people = metrics()["conversion"].people
    assert people(asked, "", period.first, "paid") == (here.id,)
    assert people(asked, "", period.first, "others") == tuple(each.id for each in others)
    parts = {
        each.part: (each.count, each.of) for each in metrics()["conversion"].read(replace(asked, split="community"))
    }
    assert parts == {str(tea.id): (1, 4), str(books.id): (1, 1)}
    days = metrics()["conversion"].read(replace(asked, step="day"))
    assert [(each.count, each.of) for each in days] == [(0, 5), (0, 5), (0, 5), (2, 5), (0, 4), (0, 4), (0, 4)]

from __future__ import annotations

from datetime import date, timedelta

from liuliang.analytics import remembering, traffic
from liuliang.analytics.periods import Period
from liuliang.analytics.scopes import Scope
from liuliang.analytics.traffic import Coverage, Flow, Flows, Speakers, Talk
from liuliang.people.merging import merge_members
from liuliang.simulator import truth

WEEK = Period(date(2026, 3, 2), date(2026, 3, 8))


def test_a_message_counts_on_the_community_s_local_day(told, at, only):
    here, there = told.community(), told.community("纽约群", "America/New_York")
    someone = told.member()
    # One minute before and one after midnight in Shanghai; both are the first of March in New York.
    told.says(someone, here, at(2026, 3, 1, 23, 59))
    told.says(someone, here, at(2026, 3, 2, 0, 1))
    told.says(someone, there, at(2026, 3, 2, 0, 1))
    told.settle()

    found = traffic.activity(only(here, there), WEEK)

    assert found.now[0].day == date(2026, 3, 2)
    assert [day.messages for day in found.now] == [1, 0, 0, 0, 0, 0, 0]
    assert found.before[-1].messages == 2
    assert found.before[-1].speakers == 1
    assert traffic.activity(only(here, there), WEEK).speakers == Speakers(1, 1, 1)


def test_days_of_a_clock_change_are_whole(told, at, only):
    # New York's clocks went forward on 8 March 2026: that day has 23 hours.
    there = told.community("纽约群", "America/New_York")
    someone = told.member()
    told.joins(someone, there, at(2026, 3, 8, 23, 30, zone="America/New_York"))
    told.leaves(someone, there, at(2026, 3, 9, 0, 30, zone="America/New_York"))
    told.settle()

    found = traffic.flows(only(there), WEEK, date(2026, 3, 9))

    assert found[there.id] == Flows(now=Flow(1, 0, 1, 1), since=Flow(0, 1, 0, -1))


def test_a_merged_member_is_one_person(told, at, only):
    here = told.community()
    person, record = told.member("小满"), told.member("满满")
    told.joins(person, here, at(2026, 3, 3, 8))
    told.says(person, here, at(2026, 3, 3, 9))
    told.joins(record, here, at(2026, 3, 4, 9))
    told.says(record, here, at(2026, 3, 4, 10))
    told.settle()
    before = traffic.activity(only(here), WEEK).speakers

    merge_members(record.id, person.id, at=at(2026, 3, 9))
    told.settle()

    assert before == Speakers(2, 0, 2)
    assert traffic.activity(only(here), WEEK).speakers == Speakers(1, 0, 1)
    assert sum(day.messages for day in traffic.activity(only(here), WEEK).now) == 2
    assert traffic.flows(only(here), WEEK, WEEK.last)[here.id].now == Flow(joined=1, left=0, kept=1, grown=1)


def test_kept_are_those_who_came_and_did_not_leave_after_they_last_came(told, at, only):
    here = told.community()
    stayed, left, came_back, came_back_and_left, old = (told.member() for _ in range(5))
    told.joins(old, here, at(2026, 1, 10, 9))
    told.joins(stayed, here, at(2026, 3, 3, 9))
    told.joins(left, here, at(2026, 3, 3, 9))
    told.leaves(left, here, at(2026, 3, 3, 9))  # in the same second: gone
    told.joins(came_back, here, at(2026, 3, 3, 9))
    told.leaves(came_back, here, at(2026, 3, 4, 9))
    told.joins(came_back, here, at(2026, 3, 5, 9))
    told.joins(came_back_and_left, here, at(2026, 3, 5, 9))
    told.leaves(came_back_and_left, here, at(2026, 3, 9, 9))  # after the period
    told.leaves(old, here, at(2026, 3, 5, 9))
    told.settle()

    found = traffic.flows(only(here), WEEK, date(2026, 3, 10))[here.id]

    assert found.now == Flow(joined=4, left=3, kept=3, grown=2)
    assert found.now.evaporated == 1
    assert found.now.kept_share == 0.75
    assert found.since == Flow(joined=0, left=1, kept=0, grown=-1)
    assert found.before == Flow()


def test_other_communities_and_robots_are_left_out(told, at, only):
    here, elsewhere = told.community(), told.community("别的群")
    person, robot = told.member(), told.member("小助手", is_bot=True)
    for community in (here, elsewhere):
        for who in (person, robot):
            told.joins(who, community, at(2026, 3, 3, 9))
            told.says(who, community, at(2026, 3, 3, 10))
    told.settle()
    scope = Scope.of([(here.id, here.timezone)], robots=[robot.id])

    assert sum(day.messages for day in traffic.activity(scope, WEEK).now) == 1
    assert traffic.activity(scope, WEEK).talk == {here.id: Talk(1, 1, 0, 0, 1)}
    assert traffic.flows(scope, WEEK, WEEK.last) == {here.id: Flows(now=Flow(1, 0, 1, 1))}


def test_what_happens_today_leaves_what_is_known_of_the_days_before(told, at, only, monkeypatch):
    here = told.community()
    someone, other = told.member(), told.member()
    told.joins(someone, here, at(2026, 3, 3, 8))
    told.says(someone, here, at(2026, 3, 8, 23, 59))
    told.follow()
    asked: list[str] = []
    query = traffic.query
    monkeypatch.setattr(traffic, "query", lambda sql, values: asked.append(sql) or query(sql, values))
    monkeypatch.setattr(remembering, "PATIENCE", 0.0)

    def look() -> tuple[object, ...]:
        asked.clear()
        scope, today = only(here), date(2026, 3, 9)
        return traffic.activity(scope, WEEK), traffic.flows(scope, WEEK, today)[here.id]

    before = look()
    assert len(asked) == 3
    told.joins(other, here, at(2026, 3, 9, 0, 0))
    told.says(other, here, at(2026, 3, 9, 0, 0))
    told.follow()
    assert look()[0] == before[0]
    assert len(asked) == 1, "who came since is asked for, and nothing else"
    assert look()[1] == Flows(now=Flow(1, 0, 1, 1), since=Flow(1, 0, 1, 1))
    told.says(other, here, at(2026, 3, 8, 23, 59))
    told.follow()
    assert look()[0].speakers == Speakers(2, 0, 2)


def test_nothing_known_is_no_coverage(told, only):
    here = told.community()
    told.settle()

    assert traffic.coverage(only(here)) is None
    assert traffic.coverage(Scope(())) is None
    assert traffic.activity(Scope(()), WEEK).speakers == Speakers(0, 0, 0)
    assert traffic.flows(Scope(()), WEEK, WEEK.last) == {}


def test_the_invented_brand_has_the_traffic_that_is_true_of_it(simulated):
    world = simulated.world
    keys = simulated.communities
    period = Period(world.starting + timedelta(days=30), world.starting + timedelta(days=59))

    found = traffic.activity(simulated.scope, period)
    said = found.talk
    moved = traffic.flows(simulated.scope, period, world.starting + timedelta(days=world.days))

    for place, day in enumerate(period.days):
        assert found.now[place].messages == sum(truth.messages_per_day(world, key)[day] for key in keys)
        speakers = set().union(*(truth.speakers_per_day(world, key).get(day, set()) for key in keys))
        assert found.now[place].speakers == len(speakers)
        assert found.now[place].joined == sum(truth.joins_per_day(world, key)[day] for key in keys)
        assert found.now[place].left == sum(truth.leaves_per_day(world, key)[day] for key in keys)
    now, before = (
        {who for key in keys for day in span.days for who in truth.speakers_per_day(world, key).get(day, set())}
        for span in (period, period.previous)
    )
    assert traffic.activity(simulated.scope, period).speakers == Speakers(len(now), len(before), len(now | before))
    for key, community in keys.items():
        by_day = truth.speakers_per_day(world, key)
        now, before = (
            set().union(*(by_day.get(day, set()) for day in span.days)) for span in (period, period.previous)
        )
        talk = said.get(community.id, Talk())
        assert (talk.speakers, talk.speakers_before, talk.speakers_either) == (len(now), len(before), len(now | before))
        joined = {
            join.person
            for join in world.joins
            if join.community == key and join.is_told and truth.local_day(world, key, join.at) in period
        }
        assert moved[community.id].now.joined == len(joined)
        assert moved[community.id].now.kept == len(joined & truth.members_on(world, key, period.last))
    told = [each for each in (*world.joins, *world.messages, *world.leaves) if getattr(each, "is_told", True)]
    days = [truth.local_day(world, each.community, each.at) for each in told]
    assert traffic.coverage(simulated.scope) == Coverage(min(days), max(days))

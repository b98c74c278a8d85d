from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from liuliang.analytics.periods import Period
from liuliang.analytics.retention import AGES, Question, fitting_unit, members_behind, retention
from liuliang.analytics.scopes import Population, Scope
from liuliang.kernel.errors import Refused
from liuliang.people.erasure import erase_member
from liuliang.people.merging import merge_members
from liuliang.simulator import truth

DAY = timedelta(days=1)


def plain(world, question, chosen=None):
    """Return the matrix in plain Python: by cohort, its people and who was active in each unit after."""
    seen: dict[int, date] = {}
    joined: dict[int, date] = {}
    spoke: dict[int, date] = {}
    active: dict[date, set[int]] = {}
    for message in world.messages:
        day = truth.local_day(world, message.community, message.at)
        seen[message.person] = min(seen.get(message.person, day), day)
        spoke[message.person] = min(spoke.get(message.person, day), day)
        active.setdefault(question.start_of(day), set()).add(message.person)
    for leave in world.leaves:
        day = truth.local_day(world, leave.community, leave.at)
        seen[leave.person] = min(seen.get(leave.person, day), day)
    for join in world.joins:
        if join.is_told:
            day = truth.local_day(world, join.community, join.at)
            seen[join.person] = min(seen.get(join.person, day), day)
            joined[join.person] = min(joined.get(join.person, day), day)
    began = spoke if question.began == "spoke" else {who: day for who, day in joined.items() if day == seen[who]}
    cohorts: dict[date, set[int]] = {start: set() for start in question.starts}
    for who, day in began.items():
        if day in question.period and (chosen is None or who in chosen):
            cohorts[question.start_of(day)].add(who)
    return cohorts, active


@pytest.fixture
def ask(simulated):
    world = simulated.world
    end = world.starting + timedelta(days=world.days - 1)

    def make(unit, **more):
        return Question(simulated.scope, Period(world.starting + 20 * DAY, end), unit, end, **more)

    return make


@pytest.mark.parametrize("unit", ["day", "week", "month"])
@pytest.mark.parametrize("began", ["joined", "spoke"])
def test_the_matrix_of_the_invented_brand_is_exact(simulated, ask, unit, began):
    question = ask(unit, began=began)

    found = retention(question)

    cohorts, active = plain(simulated.world, question)
    assert found.size == sum(len(people) for people in cohorts.values()) > 0
    for cohort in found.cohorts:
        people = cohorts[cohort.start]
        assert cohort.size == len(people)
        for cell in cohort.cells:
            days = question.after(cohort.start, cell.age)
            assert cell.count == len(people & active.get(days.first, set()))
            assert cell.is_complete == (days.last <= question.last_day)
    filled = fitted(found)
    assert len(found.average) == len(filled)
    for mean, share in zip(found.average, filled, strict=True):
        over = [c for c in found.cohorts if c.size and len(c.cells) > mean.age and c.cells[mean.age].is_complete]
        assert (mean.seen, mean.cohorts) == (sum(c.size for c in over), len(over))
        assert mean.share == pytest.approx(share, abs=1e-6)
        low, high = mean.interval
        assert low <= mean.share <= high


def fitted(matrix):
    """Return the means with the cells to come filled in by levels times a shape, fitted by proportional fitting."""
    rows = [[c.count for c in one.cells if c.is_complete] for one in matrix.cohorts if one.size]
    sizes = [one.size for one in matrix.cohorts if one.size and one.cells[0].is_complete]
    rows = [row for row in rows if row]
    ages = range(max(map(len, rows), default=0))
    shape = [1.0 for _age in ages]
    for _turn in range(3000):
        levels = [sum(row) / (sum(shape[: len(row)]) or 1) for row in rows]
        reached = [[n for n, row in enumerate(rows) if len(row) > age] for age in ages]
        shape = [sum(rows[n][age] for n in reached[age]) / (sum(levels[n] for n in reached[age]) or 1) for age in ages]
    return [
        sum(row[age] if len(row) > age else level * shape[age] for row, level in zip(rows, levels, strict=True))
        / sum(sizes)
        for age in ages
    ]


def test_the_mean_does_not_rise_because_the_better_cohorts_are_the_older_ones(told, at, only):
    group = told.community()
    monday = date(2026, 1, 5)
    for week, (size, kept) in enumerate([(10, 8), (40, 8), (50, 10)]):
        for number in range(size):
            person = told.member(f"{week}-{number}")
            told.joins(person, group, at(2026, 1, 5 + 7 * week, 9))
            for later in range(1, 4 - week):
                if number < kept:
                    told.says(person, group, at(2026, 1, 5 + 7 * (week + later), 10))
                elif later == 1 and week == 0:
                    told.says(person, group, at(2026, 1, 5, 10))
    told.settle()
    period = Period(monday, monday + 20 * DAY)

    means = retention(Question(only(group), period, "week", monday + 27 * DAY)).average

    # Whoever has got that far would be 26 %, 32 % and 80 %; nobody came back.
    assert [(mean.seen, mean.cohorts) for mean in means] == [(100, 3), (100, 3), (50, 2), (10, 1)]
    assert means[1].share == pytest.approx(0.26)
    assert means[3].share <= means[2].share <= 0.33
    assert [mean.is_thin for mean in means] == [False, False, False, True]
    assert [mean.is_small for mean in means] == [False, False, False, True]


def test_the_members_behind_a_cell_are_those_it_counts(simulated, ask):
    question = ask("week")
    cohorts, active = plain(simulated.world, question)
    matrix = retention(question)
    ids = {member.id: key for key, member in simulated.members.items()}
    for cohort in matrix.cohorts:
        everyone = {ids[each] for each in members_behind(question, cohort.start, None)}
        assert everyone == cohorts[cohort.start]
        for cell in cohort.cells:
            back = {ids[each] for each in members_behind(question, cohort.start, cell.age)}
            gone = {ids[each] for each in members_behind(question, cohort.start, cell.age, is_back=False)}
            assert back == everyone & active.get(question.after(cohort.start, cell.age).first, set())
            assert (back | gone, back & gone) == (everyone, set())
    assert members_behind(question, date(1999, 1, 4), 0) == ()
    assert members_behind(question, matrix.cohorts[0].start, 400) == ()
    assert members_behind(question, matrix.cohorts[-1].start, AGES["week"]) == ()


def test_one_group_a_channel_and_a_population(simulated, ask):
    whole = ask("month")
    alone = replace(whole, scope=simulated.one(0))
    assert 0 < retention(alone).size < retention(whole).size
    # Told without a way, everybody came in a way that is unknown.
    assert retention(replace(whole, how="unknown")).size == retention(whole).size
    assert retention(replace(whole, how="code")).size == 0
    chosen = {key for key in simulated.members if key % 2}
    population = Population.of(simulated.members[key].id for key in chosen)
    narrowed = replace(whole, scope=whole.scope.among(population))
    cohorts, _active = plain(simulated.world, whole, chosen)
    assert [cohort.size for cohort in retention(narrowed).cohorts] == [len(cohorts[start]) for start in whole.starts]


def test_staying_is_not_having_left(told, at, only):
    here, there = told.community(), told.community("别的群")
    stays, leaves, returns, both = (told.member() for _ in range(4))
    for member in (stays, leaves, returns, both):
        told.joins(member, here, at(2026, 3, 2, 9))
    told.leaves(leaves, here, at(2026, 3, 3, 9))
    told.leaves(returns, here, at(2026, 3, 3, 9))
    told.joins(returns, here, at(2026, 3, 5, 9))
    told.joins(both, there, at(2026, 3, 2, 10))
    told.leaves(both, here, at(2026, 3, 3, 9))
    told.settle()
    day = date(2026, 3, 2)
    question = Question(only(here, there), Period(day, day), "day", date(2026, 3, 6), back="stayed")

    (cohort,) = retention(question).cohorts
    (alone,) = retention(replace(question, scope=only(here))).cohorts

    assert [cell.count for cell in cohort.cells] == [4, 2, 2, 3, 3]
    assert [cell.count for cell in alone.cells] == [4, 1, 1, 2, 2]
    assert set(members_behind(question, day, 1, is_back=False)) == {leaves.id, returns.id}


def test_words_without_a_join_stay_too(told, at, only):
    here = told.community()
    talks, goes = told.member(), told.member()
    for member in (talks, goes):
        told.says(member, here, at(2026, 3, 2, 9))
    told.leaves(goes, here, at(2026, 3, 4, 9))
    told.settle()
    day = date(2026, 3, 2)
    question = Question(only(here), Period(day, day), "day", date(2026, 3, 5), began="spoke", back="stayed")

    (cohort,) = retention(question).cohorts

    assert [cell.count for cell in cohort.cells] == [2, 2, 1, 1]


def test_merges_erasure_and_late_events_correct_the_past(told, at, only):
    here = told.community()
    person, record, erased = told.member("小满"), told.member("满满"), told.member("阿珍")
    told.joins(person, here, at(2026, 3, 2, 9))
    told.joins(record, here, at(2026, 3, 3, 9))
    told.joins(erased, here, at(2026, 3, 2, 9))
    told.says(record, here, at(2026, 3, 4, 9))
    told.says(erased, here, at(2026, 3, 4, 9))
    told.settle()
    question = Question(only(here), Period(date(2026, 3, 2), date(2026, 3, 3)), "day", date(2026, 3, 8))
    assert [cohort.size for cohort in retention(question).cohorts] == [2, 1]

    merge_members(record.id, person.id, at=at(2026, 3, 9))
    erase_member(erased.id, at=at(2026, 3, 9))
    told.settle()
    first, second = retention(question).cohorts
    # What counts without a name remains.
    assert (first.size, second.size) == (2, 0)
    assert first.cells[2].count == 2

    told.says(person, here, at(2026, 2, 1, 9))
    told.settle()
    assert [cohort.size for cohort in retention(question).cohorts] == [1, 0]


def test_nothing_is_a_matrix_of_nothing_and_too_much_is_refused(told, only):
    here = told.community()
    told.settle()
    day = date(2026, 3, 2)
    for scope in (only(here), Scope(())):
        for began in ("joined", "spoke"):
            for back in ("active", "stayed"):
                question = Question(scope, Period(day, day + 6 * DAY), "day", day + 9 * DAY, began=began, back=back)
                matrix = retention(question)
                assert matrix.size == 0
                assert matrix.average == ()
                assert [cell.share for cell in matrix.cohorts[0].cells] == [None] * 10
    with pytest.raises(Refused, match=r"retention\.too_many_cohorts"):
        retention(Question(only(here), Period(day, day + 400 * DAY), "day", day))


@pytest.mark.parametrize(("a_day", "unit"), [(30, "day"), (29, "week"), (5, "week"), (4, "month"), (0, "week")])
def test_the_unit_that_fits_is_the_shortest_whose_cohorts_are_no_small_sample(told, at, only, a_day, unit):
    group = told.community()
    for day in range(1, 29):
        for number in range(a_day):
            told.joins(told.member(f"{day}-{number}"), group, at(2026, 2, day, 9))
    told.says(told.member("一直在"), group, at(2026, 1, 1, 9))
    told.settle()
    question = Question(only(group), Period(date(2026, 2, 1), date(2026, 2, 28)), "day", date(2026, 3, 8))

    assert fitting_unit(question) == unit

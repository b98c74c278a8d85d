from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuliang.kernel.errors import Refused
from liuliang.loyalty.behaviours import Behaviour, behaviour, behaviours, register
from liuliang.loyalty.levels import Rung, check_ladder, promotion, reached, relegation
from liuliang.loyalty.rules import HIGHEST, Condition, Earned, Happening, Terms, award, undone, worth
from liuliang.loyalty.validity import Validity, add_months

AT = datetime(2026, 3, 1, 4, tzinfo=UTC)


def happening(position: int = 1, community: int | None = 7, at: datetime = AT, **data) -> Happening:
    return Happening(position, community, at, data)


@given(st.integers(1, 50), st.integers(0, 50), st.integers(1, 10**9), st.integers(1, 10**6))
def test_a_range_is_drawn_by_the_event_and_always_the_same(low, more, position, rule):
    terms = Terms(rule, low, low + more)
    drawn = worth(terms, happening(position))
    assert low <= drawn <= low + more
    assert drawn == worth(terms, happening(position, text="again"))


def test_a_range_is_drawn_evenly():
    drawn = [worth(Terms(1, 1, 5), happening(position)) for position in range(5_000)]
    assert all(850 < drawn.count(points) < 1_150 for points in range(1, 6))


@given(
    st.integers(0, 500),
    st.lists(st.one_of(st.none(), st.integers(1, 300)), min_size=3, max_size=3),
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 60)), max_size=60),
)
def test_caps_are_never_passed_and_never_waste_what_they_leave(amount, caps, events):
    terms = Terms(1, 1, 1, cap_day=caps[0], cap_week=caps[1], cap_total=caps[2])
    days: dict[int, int] = {}
    for day, worthy in sorted(events):
        week = sum(given_ for other, given_ in days.items() if other // 7 == day // 7)
        earned = Earned(days.get(day, 0), week, sum(days.values()))
        given_now = award(terms, worthy, earned)
        left = [cap - had for cap, had in zip(caps, (earned.day, earned.week, earned.total), strict=True) if cap]
        assert given_now == max(0, min([worthy, *left]))
        days[day] = days.get(day, 0) + given_now
    assert caps[0] is None or all(each <= caps[0] for each in days.values())
    assert caps[2] is None or sum(days.values()) <= caps[2]
    assert award(terms, amount, Earned(10**6, 10**6, 10**6)) == (amount if caps == [None] * 3 else 0)


def test_a_rule_holds_from_its_start_to_before_its_end_and_in_its_communities():
    terms = Terms(1, 5, 5, communities=frozenset({7}), starts_at=AT, ends_at=AT + timedelta(hours=1))
    assert worth(terms, happening()) == 5
    assert worth(terms, happening(at=AT - timedelta(microseconds=1))) == 0
    assert worth(terms, happening(at=AT + timedelta(hours=1))) == 0
    assert worth(terms, happening(community=8)) == worth(terms, happening(community=None)) == 0


@pytest.mark.parametrize(
    ("condition", "data", "holds"),
    [
        (Condition("type", "is", "text"), {"type": "text"}, True),
        (Condition("type", "is", "text"), {}, False),
        (Condition("type", "is_not", "image"), {"type": "text"}, True),
        (Condition("text", "contains", "打卡"), {"text": "今天打卡"}, True),
        (Condition("text", "contains", "打卡"), {"text": None}, False),
        (Condition("text", "longer_than", 3), {"text": " 三个字 "}, False),
        (Condition("text", "longer_than", 2), {"text": "三个字"}, True),
        (Condition("amount", "at_least", 100), {"amount": 100}, True),
        (Condition("amount", "at_most", 100), {"amount": 101}, False),
        (Condition("amount", "at_least", 0), {"amount": True}, False),
        (Condition("amount", "at_least", 0), {"amount": "9"}, False),
        (Condition("is_question", "is", True), {"is_question": True}, True),
    ],
)  # fmt: skip
def test_a_condition_asks_about_the_payload(condition, data, holds):
    assert condition.holds(data) is holds


def test_points_by_amount_count_full_parts_only():
    terms = Terms(1, 2, 2, per=1000, amount_field="amount")
    assert [worth(terms, happening(amount=each)) for each in (999, 1000, 2999, 0, -5000)] == [0, 2, 4, 0, 0]
    assert worth(terms, happening(amount="1000")) == worth(terms, happening()) == 0
    assert worth(terms, happening(amount=10**15)) == HIGHEST


@given(st.integers(0, 10**6), st.integers(1, 10**9), st.integers(-5, 10**9), st.booleans())
def test_what_is_undone_goes_back_and_never_more_than_was_given(amount, whole, part, by_amount):
    terms = Terms(1, 1, 1, per=100 if by_amount else 0, amount_field="amount")
    back = undone(amount, terms, part, whole)
    assert 0 <= back <= amount
    assert back == amount or part < whole
    assert by_amount or back in {0, amount}


@pytest.mark.parametrize(
    "wrong",
    [
        {"low": 0}, {"low": -5}, {"low": 6}, {"high": HIGHEST + 1}, {"per": -1}, {"per": 100}, {"cap_day": 0},
        {"cap_total": -1}, {"starts_at": AT, "ends_at": AT}, {"conditions": (Condition("text", "sounds_like", "x"),)},
        {"conditions": (Condition("amount", "at_least", "much"),)}, {"conditions": (Condition("", "is", 1),)},
    ],
)  # fmt: skip
def test_a_rule_that_makes_no_sense_is_refused(wrong):
    Terms(1, 5, 5).check()
    with pytest.raises(Refused, match=r"rule\."):
        replace(Terms(1, 5, 5), **wrong).check()


def test_a_rule_that_pays_for_being_paid_is_refused():
    for kind in ("points.earned", "points.refunded", "growth.earned", "level.reached"):
        with pytest.raises(Refused, match=r"rule\.loop"):
            behaviour(f"event:{kind}")
        with pytest.raises(Refused, match=r"rule\.loop"):
            register(Behaviour("paid", "paid", ("member.joined", kind)))


def test_any_known_event_can_be_rewarded_and_an_unknown_one_not():
    assert behaviour("event:member.listed").kinds == ("member.listed",)
    for key in ("event:member.flew", "flying", ""):
        with pytest.raises(Refused, match=r"rule\.behaviour"):
            behaviour(key)
    assert {each.key for each in behaviours()} >= {"speak", "join", "invite", "order"}
    with pytest.raises(ValueError, match="two behaviours"):
        register(replace(behaviour("speak"), title="other"))
    with pytest.raises(ValueError, match="not the other member"):
        register(Behaviour("leave", "leave", ("member.left",), earner="inviter"))


LADDER = st.lists(st.integers(0, 1000), min_size=1, max_size=6, unique=True).flatmap(
    lambda thresholds: st.lists(st.integers(0, 500), min_size=len(thresholds), max_size=len(thresholds)).map(
        lambda keeps: [
            Rung(f"l{place}", threshold, keep)
            for place, (threshold, keep) in enumerate(zip(sorted(thresholds), sorted(keeps), strict=True))
        ]
    )
)


@given(LADDER, st.integers(0, 1200), st.integers(0, 1200))
def test_more_growth_never_means_a_lower_level(ladder, growth, more):
    check_ladder(ladder)
    before, after = reached(ladder, growth), reached(ladder, growth + more)
    assert before is None or (after is not None and after.threshold >= before.threshold)


@given(LADDER, st.integers(0, 1200), st.integers(0, 5))
def test_a_promotion_only_goes_up_and_goes_as_far_as_growth_reaches(ladder, growth, start):
    current = ladder[start].key if start < len(ladder) else ""
    move = promotion(ladder, current, growth)
    best = reached(ladder, growth)
    if move is None:
        assert best is None or (start < len(ladder) and best.threshold <= ladder[start].threshold)
    else:
        assert best is not None
        assert (move.after, move.needed) == (best.key, best.threshold)
        assert promotion(ladder, move.after, growth) is None, "one step is enough"


@given(LADDER, st.integers(0, 600), st.integers(0, 5))
def test_a_relegation_is_one_step_and_never_off_the_ladder(ladder, earned, start):
    rung = ladder[start % len(ladder)]
    move = relegation(ladder, rung.key, earned)
    keys = [each.key for each in ladder]
    if move is None:
        assert earned >= rung.keep or rung.key == keys[0]
    else:
        assert keys.index(move.after) == keys.index(rung.key) - 1
        assert earned < move.needed == rung.keep
    assert relegation(ladder, "gone", earned) is None


@pytest.mark.parametrize(
    "ladder",
    [
        [Rung("a", 5), Rung("b", 5)], [Rung("a", 5), Rung("b", 3)], [Rung("a", -1)], [Rung("a", 0, 5), Rung("b", 9, 3)],
        [Rung("a", 0, -1)], [Rung("a", 0), Rung("a", 1)],
    ],
)  # fmt: skip
def test_a_ladder_that_makes_no_sense_is_refused(ladder):
    with pytest.raises(Refused, match=r"level\."):
        check_ladder(ladder)


def test_how_long_points_count():
    day = date(2024, 1, 31)
    assert Validity().ends_on(day) is None
    assert Validity("days", 30).ends_on(day) == date(2024, 3, 1)
    assert Validity("months", 1).ends_on(day) == date(2024, 2, 29)
    assert Validity("month_end", 0).ends_on(day) == date(2024, 1, 31)
    assert Validity("month_end", 1).ends_on(day) == date(2024, 2, 29)
    assert Validity("year_end", 0).ends_on(day) == date(2024, 12, 31)
    assert Validity("year_end", 1).ends_on(day) == date(2025, 12, 31)
    assert Validity("until", day=date(2024, 5, 1)).ends_on(day) == date(2024, 5, 1)


@given(st.dates(date(1990, 1, 1), date(2200, 1, 1)), st.integers(0, 600))
def test_months_later_is_the_same_day_or_the_last_of_the_month(day, months):
    later = add_months(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later + timedelta(days=1)).day == 1


@pytest.mark.parametrize(
    "wrong",
    [
        Validity("sometimes"), Validity("days", 0), Validity("days", -3), Validity("months", 10**6),
        Validity("until"), Validity("until", day=date(2026, 2, 28)),
    ],
)  # fmt: skip
def test_an_end_that_makes_no_sense_or_has_passed_is_refused(wrong):
    with pytest.raises(Refused, match=r"validity\."):
        wrong.check(date(2026, 3, 1))


def test_yuan_are_not_counted_in_other_currencies_unless_a_rule_asks_for_one():
    by_amount = Terms(1, 1, 1, per=100, amount_field="amount")
    assert worth(by_amount, happening(amount=10_000)) == 100
    assert worth(by_amount, happening(amount=10_000, currency="CNY")) == 100
    assert worth(by_amount, happening(amount=10_000, currency="JPY")) == 0
    in_yen = replace(by_amount, conditions=(Condition("currency", "is", "JPY"),))
    assert worth(in_yen, happening(amount=10_000, currency="JPY")) == 100
    above = Terms(1, 5, 5, conditions=(Condition("amount", "at_least", 5_000),), money=frozenset({"amount"}))
    assert worth(above, happening(amount=10_000, currency="CNY")) == 5
    assert worth(above, happening(amount=10_000, currency="JPY")) == 0
    assert worth(Terms(1, 5, 5, money=frozenset({"amount"})), happening(amount=10_000, currency="JPY")) == 5

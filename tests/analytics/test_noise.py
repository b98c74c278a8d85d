from __future__ import annotations

import math
from itertools import pairwise
from random import Random
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuliang.analytics import noise

COUNTS = st.lists(st.integers(0, 10_000), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("freedom", "quantile"),
    # Tables of Student's distribution, 97.5 %.
    [(1, 12.706), (2, 4.303), (5, 2.571), (6, 2.447), (10, 2.228), (30, 2.042), (120, 1.980), (math.inf, 1.960)],
)
def test_student_s_quantiles_are_those_of_the_tables(freedom, quantile):
    assert noise.student_quantile(0.975, freedom) == pytest.approx(quantile, abs=0.0006)


@given(COUNTS)
def test_the_same_days_twice_are_no_change(days):
    for found in (noise.compare_counts(days, days), noise.compare_days(days, days)):
        assert found.difference == 0
        assert found.is_noise
        assert found.surprise == pytest.approx(1)


@given(COUNTS, st.integers(1, 1_000))
def test_the_interval_of_a_difference_holds_it_and_turns_with_it(days, more):
    changed = [day + more for day in days]
    up, down = noise.compare_days(changed, days), noise.compare_days(days, changed)

    assert up.low <= up.difference <= up.high
    assert (up.low, up.high) == pytest.approx((-down.high, -down.low))
    assert 0 <= up.surprise <= 1


@given(COUNTS, COUNTS)
def test_no_count_falls_by_more_than_there_was(now, before):
    length = min(len(now), len(before))
    found = noise.compare_counts(now[:length], before[:length])

    assert found.low <= found.difference <= found.high
    assert not found.before or found.low >= -found.before
    assert 0 <= found.surprise <= 1
    # What is shown as a change is one by its probability, and the other way round.
    assert found.is_noise == (found.surprise > 0.05) or found.surprise == pytest.approx(0.05, abs=1e-6)


@given(st.lists(st.integers(0, 10_000), min_size=7, max_size=7), st.integers(1, 1_000))
def test_the_interval_of_a_ratio_turns_with_it(days, more):
    changed = [day + more for day in days]
    up, down = noise.compare_counts(changed, days), noise.compare_counts(days, changed)

    if up.before:
        for end, other in ((up.low, down.high), (up.high, down.low)):
            assert (1 + end / up.before) * (1 + other / down.before) == pytest.approx(1)
    assert up.surprise == pytest.approx(down.surprise)


def holds(found: noise.Comparison, worth: float, quantile: float) -> None:
    """Check that the ends are the ratios of which the share that was seen is just not too far from theirs."""
    both = found.now + found.before
    for end in (found.low, found.high):
        ratio = 1 + end / found.before
        share = ratio / (1 + ratio)
        assert abs(found.now / both - share) == pytest.approx(
            quantile * math.sqrt(share * (1 - share) / worth), abs=1e-3
        )


def test_days_without_any_noise_are_worth_their_happenings():
    found = noise.compare_counts([10] * 7, [5] * 7)

    # 105 happenings; fourteen days less seven weekdays and one more period leave six.
    holds(found, 105, 2.447)


def test_happenings_that_come_in_heaps_are_worth_less():
    found = noise.compare_counts([4, 12], [2, 6])

    # 4, 4, 8 and 8 were to be expected: (2² + 2²) / 4 + (4² + 4²) / 8 = 6, for two days of freedom, is three times as
    # much as of independent happenings, so that 24 are worth 8.
    holds(found, 8, 4.303)
    assert noise.compare_counts([4, 12], [2, 6], totals=(8, 4)).high == pytest.approx(found.high / 2)


def test_a_quiet_record_says_that_it_cannot_say():
    # A flash sale of one evening, and none before: three times as much, and as well nothing.
    heap = noise.compare_counts([0, 0, 0, 0, 300, 0, 0], [0, 100, 0, 0, 0, 0, 0])
    assert heap.is_open
    assert heap.low >= -100
    assert noise.compare_counts([100] * 7, [98] * 7).is_noise
    assert not noise.compare_counts([100] * 7, [98] * 7).is_open
    assert not noise.compare_counts([100] * 7, [20] * 7).is_open
    assert not noise.compare_counts([0] * 7, [0] * 7).is_open


def test_money_in_other_units_is_the_same_change():
    now, before = [1200, 0, 3400, 560, 0, 980, 100], [200, 300, 0, 0, 990, 0, 120]
    yuan = noise.compare_counts(now, before, unit=100)
    fen = noise.compare_counts([100 * day for day in now], [100 * day for day in before], unit=10_000)

    assert fen.low == pytest.approx(100 * yuan.low)
    assert fen.surprise == pytest.approx(yuan.surprise)


@pytest.mark.parametrize("length", [7, 30, 90])
def test_about_one_in_twenty_unchanged_communities_looks_changed(length):
    dice = Random(length)
    alarms = 0
    for _trial in range(600):
        pull, days = 0.0, []
        for place in range(2 * length):
            # Days that pull their neighbours along, and livelier weekends.
            pull = 0.4 * pull + dice.gauss(0, 8)
            days.append(max(0.0, 100 * (1.4 if place % 7 > 4 else 1) + pull))
        alarms += not noise.compare_counts(days[length:], days[:length]).is_noise
    assert 0.01 <= alarms / 600 <= 0.09


def test_a_real_doubling_is_seen():
    dice = Random(5)
    before = [100 + dice.gauss(0, 15) for _day in range(30)]
    now = [200 + dice.gauss(0, 15) for _day in range(30)]

    assert not noise.compare_counts(now, before).is_noise


def test_counts_of_very_few_are_never_called_a_change():
    assert noise.compare_counts([0, 0, 1, 0, 1, 0, 1], [0, 0, 0, 0, 1, 0, 0]).is_noise


def test_unequal_lengths_are_refused():
    for compare in (noise.compare_counts, noise.compare_days):
        with pytest.raises(ValueError, match="compared"):
            compare([1, 2], [1])


def test_who_spoke_in_both_periods_says_nothing_about_a_change():
    # 100 and 90 people; with everybody the same but ten, that is a change; with nobody the same it is not.
    assert not noise.compare_people(100, 90, 100).is_noise
    assert noise.compare_people(100, 90, 190).is_noise
    # McNemar's: of 10 who spoke in one period only, all in the later, sqrt(10) standard errors.
    assert noise.compare_people(100, 90, 100).surprise == pytest.approx(2 * NormalDist().cdf(-math.sqrt(10)))
    assert noise.compare_people(0, 3, 3).low == -3


def test_shares_of_none_are_not_compared():
    assert noise.compare_shares(0, 0, 3, 9) is None
    assert noise.compare_shares(3, 9, 0, 0) is None


@given(st.integers(0, 300), st.integers(1, 300), st.integers(0, 300), st.integers(1, 300))
def test_the_interval_of_shares_is_finite_and_honest_at_the_ends(now, of_now, before, of_before):
    found = noise.compare_shares(min(now, of_now), of_now, min(before, of_before), of_before)

    assert found is not None
    assert -2 < found.low < found.high < 2


def test_nine_of_ten_against_eight_of_ten_is_no_news_but_of_a_thousand_it_is():
    assert noise.compare_shares(9, 10, 8, 10).is_noise
    assert not noise.compare_shares(900, 1000, 800, 1000).is_noise


def test_a_level_that_grows_as_ever_is_no_news():
    level, weeks = 3000, [[24, 20, 25, 22, 23, 26, 24], [25, 22, 23, 24, 24, 27, 25], [23, 24, 26, 25, 22, 27, 26]]
    for before, now in pairwise(weeks):
        level += sum(now)
        found = noise.compare_level(now, before, level)
        assert (found.now, found.before, found.usual) == (level, level - sum(now), sum(before))
        assert found.is_noise
    # The flows of both weeks differ by 70, where days differ by two or three.
    assert not noise.compare_level([day + 10 for day in weeks[2]], weeks[1], level).is_noise
    assert not noise.compare_level([0] * 7, weeks[2], level).is_noise
    assert noise.compare_level([9, -8, 7, -9, 8, -6, 1], [0] * 7, 102).is_noise
    assert noise.compare_level([0, 0, 0], [0, 0, 0], 5).is_noise


def test_what_cannot_be_below_nothing_is_compared_by_its_ratio():
    now, before = (120.0, 60.0, 240.0), (100.0, 25.0, 300.0)
    found = noise.compare_amounts(now, before)

    # The logarithm of 1.2, and from it the ends of both: ln 2 and ln 3 below, ln 2 and ln 4 above.
    low = 1.2 * math.exp(-math.hypot(math.log(2), math.log(3)))
    high = 1.2 * math.exp(math.hypot(math.log(2), math.log(4)))
    assert (found.low, found.high) == (pytest.approx(100 * (low - 1)), pytest.approx(100 * (high - 1)))
    assert noise.compare_estimates(now, before).low < -100
    assert noise.compare_amounts((0.0, 0.0, 50.0), before).low == -100
    assert noise.compare_amounts((20.0, 0.0, 50.0), before).low == -100


@given(st.lists(st.floats(0, 1), max_size=60))
def test_discoveries_are_the_most_surprising_ones(surprises):
    believed = noise.discoveries(surprises)

    assert len(believed) == len(surprises)
    kept = [surprise for surprise, is_real in zip(surprises, believed, strict=True) if is_real]
    rest = [surprise for surprise, is_real in zip(surprises, believed, strict=True) if not is_real]
    assert not kept or max(kept) < min(rest, default=2)
    # The largest believed one is within the step-up rule's bound.
    assert all(surprise <= len(kept) / len(surprises) * 0.05 for surprise in kept)


def test_the_step_up_rule_believes_what_its_authors_believe():
    # The example of Benjamini and Hochberg (1995), section 4: the first four of fifteen at 5 %.
    surprises = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0,
    ]  # fmt: skip
    assert sum(noise.discoveries(surprises)) == 4


@given(st.integers(1, 400).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))))
def test_wilson_s_interval_holds_the_share_and_its_ends_solve_the_equation(drawn):
    successes, trials = drawn
    low, high = noise.wilson(successes, trials)
    share, z = successes / trials, 1.959963984540054
    assert 0 <= low <= share <= high <= 1
    for end in (low, high):
        if 0 < end < 1:
            assert abs(share - end) == pytest.approx(z * math.sqrt(end * (1 - end) / trials), abs=1e-9)


def test_intervals_of_nothing_and_of_what_is_all_alike_are_none():
    assert noise.wilson(0, 0) is None
    assert noise.mean_interval(5.0, 25.0, 1) is None
    assert noise.mean_interval(0.0, 0.0, 12) is None
    # Student 1908: the mean of 1, 2, 3 with two degrees of freedom is 2 plus or minus 4.303 / sqrt(3).
    low, high = noise.mean_interval(6.0, 14.0, 3)
    assert (low, high) == (pytest.approx(2 - 4.3026527 / math.sqrt(3)), pytest.approx(2 + 4.3026527 / math.sqrt(3)))


def test_a_rate_s_interval_holds_what_the_exact_one_does_and_knows_none():
    # The exact interval of 10 happenings is 4.80 to 18.39 (Garwood 1936); the score interval is a little narrower.
    low, high = noise.rate_interval(10, 2.0)
    assert (low * 2, high * 2) == (pytest.approx(5.43, abs=0.01), pytest.approx(18.41, abs=0.01))
    assert noise.rate_interval(0, 4.0) == (0.0, pytest.approx(3.841 / 4, abs=0.001))
    assert noise.rate_interval(3, 0.0) is None


@pytest.mark.parametrize(("up", "down"), [(0.5, 0.2), (0.9, 0.05), (0.1, 0.6), (0.3, 0.3), (0.02, 0.02), (0.96, 0.0)])
@pytest.mark.parametrize("trials", [8, 20, 60])
def test_the_interval_of_a_balance_holds_the_truth_nineteen_times_in_twenty(up, down, trials):
    held = 0.0
    for ups in range(trials + 1):
        for downs in range(trials - ups + 1):
            rest = trials - ups - downs
            ways = math.comb(trials, ups) * math.comb(trials - ups, downs)
            chance = ways * up**ups * down**downs * (1 - up - down) ** rest
            low, high = noise.balance_interval(ups, downs, trials)
            assert low <= (ups - downs) / trials <= high
            held += chance * (low <= up - down <= high)
    assert held > 0.93


def test_a_balance_of_nothing_has_no_interval_and_of_one_almost_any():
    assert noise.balance_interval(0, 0, 0) is None
    low, high = noise.balance_interval(1, 0, 1)
    assert (low, high) == (pytest.approx(-0.73, abs=0.01), 1.0)

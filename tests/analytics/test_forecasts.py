"""Forecasts: the published results, an independent computation, people of whom the truth is known, and thin data."""

from __future__ import annotations

import csv
import math
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import integrate, special
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from liuliang.analytics.forecasts import buying, spending
from liuliang.analytics.forecasts.buying import Buying, Histories
from liuliang.analytics.forecasts.forecast import GROUPS, Fitted, Withheld, fitted, members_in, outlook, report, widened
from liuliang.analytics.forecasts.habits import known_at
from liuliang.analytics.forecasts.histories import Question, read
from liuliang.commerce.events import OrderClaimed, OrderRefunded
from liuliang.simulator.simulation import simulate
from telling import tell_world

ENDING = date(2026, 3, 2)


@pytest.fixture(scope="module")
def cdnow():
    """The 1/10 sample of the CDNOW customers, in weeks: it comes with a package that only tests install."""
    folder = Path(find_spec("lifetimes").origin).parent / "datasets"
    with (folder / "cdnow_customers_summary_with_transactions.csv").open() as lines:
        rows = [[float(row[name]) for name in ("x", "t_x", "T", "zbar")] for row in csv.DictReader(lines)]
    x, recency, age, mean = np.array(rows).T
    return Histories(x, recency, age, np.ones(len(x))), mean


def test_the_published_fit_of_bg_nbd_is_found(cdnow):
    told, _mean = cdnow
    model = buying.fit(told)
    assert len(told) == 2357
    assert (model.r, model.alpha, model.a, model.b) == pytest.approx((0.2426, 4.4135, 0.7929, 2.4259), abs=6e-4)
    assert model.log_likelihood == pytest.approx(-9582.43, abs=0.01)


def test_the_published_fit_of_gamma_gamma_is_found(cdnow):
    told, mean = cdnow
    paying = (told.x > 0) & (mean > 0)
    model = spending.fit(told.x[paying], mean[paying])
    assert paying.sum() == 946
    assert (model.p, model.q, model.v) == pytest.approx((6.2488, 3.7446, 15.4477), rel=2e-3)


def test_expected_acts_are_those_of_the_formula_in_the_paper(cdnow):
    told, _mean = cdnow
    model = Buying(0.2426, 4.4135, 0.7929, 2.4259, 0.0)
    some = Histories(*(column[::50] for column in (told.x, told.recency, told.age, told.people)))
    ahead = 39.0
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    for place, (x, recency, age) in enumerate(zip(some.x, some.recency, some.age, strict=True)):
        series = special.hyp2f1(r + x, b + x, a + b + x - 1, ahead / (alpha + age + ahead))
        shrunk = ((alpha + age) / (alpha + age + ahead)) ** (r + x) * series
        gone = a / (b + x - 1) * ((alpha + age) / (alpha + recency)) ** (r + x) if x else 0.0
        wanted = (a + b + x - 1) / (a - 1) * (1 - shrunk) / (1 + gone)
        assert model.expected(some, ahead)[place] == pytest.approx(wanted, rel=2e-5)
        assert model.alive(some)[place] == pytest.approx(1 / (1 + gone), rel=1e-9)


def test_grouping_changes_nothing(cdnow):
    told, _mean = cdnow
    days = [np.round(column * 7).astype(np.int64) for column in (told.recency, told.age)]
    grouped, place = buying.group(told.x.astype(np.int64), *days)
    whole = Histories(told.x, days[0].astype(float), days[1].astype(float), told.people)
    assert grouped.people.sum() == len(told)
    assert len(grouped) < len(told)
    assert (grouped.x[place] == whole.x).all()
    assert (grouped.recency[place] == whole.recency).all()
    one, other = buying.fit(grouped), buying.fit(whole)
    assert one.log_likelihood == pytest.approx(other.log_likelihood, abs=1e-4)
    assert (one.r, one.alpha, one.a, one.b) == pytest.approx((other.r, other.alpha, other.a, other.b), rel=1e-3)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    x=st.integers(0, 60),
    share=st.floats(0, 1),
    age=st.floats(1, 900),
    ahead=st.floats(1, 400),
    r=st.floats(0.05, 20),
    alpha=st.floats(0.1, 300),
    a=st.floats(0.05, 30),
    b=st.floats(0.05, 60),
)
def test_probabilities_are_probabilities_and_agree_with_each_other(*, x, share, age, ahead, r, alpha, a, b):
    told = Histories(*(np.array([value]) for value in (float(x), share * age if x else 0.0, age, 1.0)))
    model = Buying(r, alpha, a, b, 0.0)
    alive, acts, expected = (
        float(each[0]) for each in (model.alive(told), model.acts_within(told, ahead), model.expected(told, ahead))
    )
    assert 0 <= acts <= alive <= 1
    # Who acts at all acts at least once, and nobody acts oftener than at their rate.
    assert acts * (1 - 1e-6) <= expected <= alive * (r + x) * ahead / (alpha + age) * (1 + 1e-6)


def test_the_probability_to_act_is_that_of_an_independent_integral():
    model = Buying(0.7, 40.0, 1.3, 4.0, 0.0)
    x, recency, age, ahead = 3.0, 50.0, 90.0, 30.0
    told = Histories(*(np.array([value]) for value in (x, recency, age, 1.0)))

    def density(rate: float) -> float:
        shape, scale = model.r + x, model.alpha + age
        return scale**shape * rate ** (shape - 1) * math.exp(-scale * rate) / math.gamma(shape)

    acting, _error = integrate.quad(lambda rate: density(rate) * (1 - math.exp(-rate * ahead)), 0, 10)
    assert model.acts_within(told, ahead)[0] == pytest.approx(model.alive(told)[0] * acting, rel=1e-6)


def _shoppers(told, at, *, people=400, days=300, seed=7):
    """People who buy by the model itself, and one group to be in; return the truth about who is still there."""
    rng = np.random.default_rng(seed)
    group = told.community()
    active = {}
    start = ENDING - timedelta(days=days - 1)
    for number in range(people):
        member = told.member(f"买家{number}")
        rate, leaving = rng.gamma(0.8, 1 / 20), rng.beta(0.9, 3.0)
        day = float(rng.integers(0, days // 3))
        amount = int(rng.gamma(6, 2_000)) + 100
        is_active = True
        while day < days:
            when = start + timedelta(days=int(day))
            told.buys(member, at(when.year, when.month, when.day, 12), amount, community=group)
            if rng.random() < leaving:
                is_active = False
                break
            day += rng.exponential(1 / rate)
        active[member.id] = is_active
    told.settle()
    return group, active


def _asked(scope, subject="buying", horizon=60, last=ENDING):
    return Question(scope, subject, horizon, last, "Asia/Shanghai")


def test_people_who_follow_the_model_are_foretold_well_and_better_than_by_the_simple_rule(told, at, only):
    group, active = _shoppers(told, at)
    known = fitted(_asked(only(group)))
    assert isinstance(known, Fitted)
    assert known.test.chance.model < known.test.chance.simple
    assert known.test.is_better
    assert known.test.foretold == pytest.approx(known.test.happened, rel=0.25)
    seen = outlook(_asked(only(group)), known)
    truth = np.array([active[member] for member in seen.told.member.tolist()])
    again = seen.told.acts > 1
    assert seen.alive[again].mean() == pytest.approx(truth[again].mean(), abs=0.1)
    # Who is said to be gone is gone, and who is said to be there is there.
    assert truth[again & (seen.alive > 0.8)].mean() > 0.75
    assert truth[again & (seen.alive < 0.2)].mean() < 0.25
    assert known.money is not None
    assert seen.value.sum() > 0


def test_the_report_adds_up_and_names_those_with_most_at_stake(told, at, only):
    group, _active = _shoppers(told, at)
    question = _asked(only(group))
    found = report(question)
    assert not isinstance(found, Withheld)
    assert sum(share.people for share in found.shares) == found.people == 400
    assert sum(share.acting for share in found.shares) == pytest.approx(found.acting)
    assert sum(share.value for share in found.shares) == pytest.approx(found.value)
    stakes = [risk.at_stake for risk in found.risks]
    assert stakes == sorted(stakes, reverse=True)
    for share in found.shares:
        assert len(members_in(question, (share.group,))) == share.people
    endangered = set(members_in(question, ("wavering", "fading")))
    assert {risk.member for risk in found.risks} <= endangered
    assert sum(each.people for each in found.fitted.test.bins) == found.fitted.test.people
    low, high = found.acting_range
    assert 0 <= low <= found.acting - found.spread
    assert found.acting + found.spread <= high <= found.people
    assert low < found.acting * found.fitted.test.people_ratio < high


@pytest.mark.parametrize(("ratio", "ends"), [(1.6, (100.0, 160.0)), (0.5, (50.0, 100.0)), (1.0, (100.0, 100.0))])
def test_a_foretold_number_is_widened_by_the_error_of_the_test(ratio, ends):
    assert widened(100.0, ratio) == pytest.approx(ends)


def test_histories_are_those_of_a_plain_computation(told, at, only):
    group, other = told.community(), told.community("别的群")
    kim, lee, stranger = told.member("金"), told.member("李"), told.member("外人")
    told.joins(kim, group, at(2026, 1, 1, 9))
    told.joins(stranger, other, at(2026, 1, 1, 9))
    told.buys(kim, at(2026, 1, 2, 12), 1_000, community=group)
    told.buys(kim, at(2026, 1, 2, 18), 500, community=group)
    told.buys(kim, at(2026, 2, 1, 12), 3_000)
    back = told.buys(kim, at(2026, 2, 10, 12), 700, community=group)
    told.happened(OrderRefunded(back.id, 700), back.at, kim, group)
    told.buys(kim, at(2026, 2, 20, 12), 900, currency="USD", community=group)
    told.happened(OrderClaimed(99, 2_000, 400), at(2026, 2, 25, 12), lee, group)
    told.buys(stranger, at(2026, 2, 1, 12), 4_000)
    told.buys(stranger, at(2026, 2, 2, 12), 4_000, community=other)
    told.settle()
    found = read(Question(only(group), "buying", 10, ENDING, "Asia/Shanghai"))
    assert found.member.tolist() == [kim.id, lee.id]
    # Two orders of one day are one act, an order that went back is none, dollars count without an amount.
    assert found.acts.tolist() == [3, 1]
    assert found.money_acts.tolist() == [2, 1]
    assert found.money.tolist() == [4_500, 1_600]
    # The cut is the 20th of February, so the order of that day is still known then, and the 25th is not.
    assert found.acts_at_cut.tolist() == [3, 0]
    assert found.acts_before_cut.tolist() == [1, 0]
    assert read(Question(only(other), "buying", 10, ENDING, "Asia/Shanghai")).acts.tolist() == [2]


def test_what_is_too_thin_is_withheld_with_the_reason(told, at, only):
    group = told.community()
    told.settle()
    assert fitted(_asked(only(group))) == Withheld("nobody")
    member = told.member()
    told.buys(member, at(2026, 3, 1, 12), 100, community=group)
    told.settle()
    assert fitted(_asked(only(group))) == Withheld("history", 180, 2)
    told.buys(member, at(2025, 3, 1, 12), 100, community=group)
    told.settle()
    assert fitted(_asked(only(group))) == Withheld("people", 100, 1)
    for number in range(99):
        told.buys(told.member(f"{number}"), at(2025, 3, 2, 12), 100, community=group)
    told.settle()
    assert fitted(_asked(only(group))) == Withheld("again", 30, 0)
    assert report(_asked(only(group))) == Withheld("again", 30, 0)
    assert members_in(_asked(only(group)), GROUPS) == ()


def test_speaking_is_foretold_from_days_of_speaking(told):
    simulated = tell_world(told, simulate(ending=ENDING, days=80, people=500, communities=4))
    last = simulated.world.starting + timedelta(days=simulated.world.days - 1)
    question = Question(simulated.scope, "speaking", 20, last, "Asia/Shanghai")
    found = report(question)
    assert not isinstance(found, Withheld)
    assert found.value == 0
    assert found.fitted.money is None
    assert found.fitted.test.foretold == pytest.approx(found.fitted.test.happened, rel=0.35)


def _regulars_and_droppers(told, at, *, days=130, people=360, seed=5):
    """People whose last weeks tell much more of the next one than how often they came in all: many come weekly, and stop."""
    rng = np.random.default_rng(seed)
    group = told.community()
    start = ENDING - timedelta(days=days - 1)
    for number in range(people):
        member = told.member(f"客{number}")
        pace, day = (7, float(rng.integers(0, 7))) if number % 2 else (1.5, float(rng.integers(0, 40)))
        until = days if number % 2 else int(rng.integers(15, days))
        while day < until:
            when = start + timedelta(days=int(day))
            told.says(member, group, at(when.year, when.month, when.day, 12))
            day += pace if number % 2 else float(rng.exponential(pace)) + 1
    told.settle()
    return group


def test_what_is_learnt_is_used_where_it_is_better_and_everything_agrees_with_it(told, at, only):
    question = _asked(only(_regulars_and_droppers(told, at)), "speaking", 30)
    known = fitted(question)
    assert isinstance(known, Fitted)
    test = known.test
    assert test.learned is not None
    assert test.learned_beside_formula.verdict == "better"
    assert test.uses_learned
    assert test.chance is test.learned
    assert test.learned.model < test.formula.model
    assert test.learned.simple == test.formula.simple
    assert test.learned_beside_formula.simple == test.formula.model
    assert test.leans[0].rise == max(lean.rise for lean in test.leans) > 0
    assert {lean.theme for lean in test.leans} <= {"talk", "rhythm", "volume", "groups", "past"}
    assert sum(each.foretold * each.people for each in test.bins) == pytest.approx(test.foretold_people)
    seen = outlook(question, known)
    assert (seen.acts_within <= seen.alive).all()
    assert (seen.acts_within <= seen.expected * (1 + 1e-9)).all()
    # Of some members alone the same is foretold.
    some = tuple(seen.told.member[::40].tolist())
    assert outlook(question, known, some).acts_within == pytest.approx(seen.acts_within[::40])


def test_the_error_of_what_is_learnt_is_that_of_an_independent_computation(told, at, only):
    question = _asked(only(_regulars_and_droppers(told, at)), "speaking", 30)
    spoke = read(question)
    before, then = known_at(question, spoke, 2), known_at(question, spoke, 1)
    pipeline = make_pipeline(FunctionTransformer(np.log1p), StandardScaler(), LogisticRegression(max_iter=1_000))
    chance = pipeline.fit(before.table, before.did).predict_proba(then.table)[:, 1]
    test = fitted(question).test
    assert test.learned.model == pytest.approx(np.mean((chance - then.did) ** 2), rel=1e-6)
    assert test.happened_people == then.did.sum()


def test_with_too_few_people_the_formula_stays(told, at, only):
    group, _active = _shoppers(told, at, people=150)
    known = fitted(_asked(only(group)))
    assert isinstance(known, Fitted)
    assert known.learned is None
    assert known.test.learned is None
    assert not known.test.uses_learned
    assert known.test.leans == ()
    assert known.test.chance is known.test.formula


def test_what_is_learnt_and_not_better_is_not_used(told, at, only):
    """People who follow BG/NBD by the letter: nothing is left to learn."""
    group, _active = _shoppers(told, at, people=700)
    known = fitted(_asked(only(group)))
    assert known.test.learned is not None
    assert known.test.learned_beside_formula.verdict != "better"
    assert known.learned is None
    assert known.test.chance is known.test.formula

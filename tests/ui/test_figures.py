from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuliang.ui.figures import Change, Figure
from liuliang.ui.sparklines import sparkline
from liuliang.ui.templatetags.ui import initials


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_the_interval_of_two_counts_holds_the_change_itself(now, before):
    change = Change.between_counts(now, before)
    assert change.low <= change.ratio <= change.high


def test_ten_more_of_a_hundred_is_noise_and_of_ten_thousand_is_not():
    assert Change.between_counts(110, 100).is_noise
    assert Change.between_counts(110, 100).tone == "is-noise"
    assert Change.between_counts(11_000, 10_000).tone == "good"


def test_fewer_is_bad_unless_fewer_is_welcome():
    assert Change.between_counts(8_000, 10_000).tone == "bad"
    assert Change.between_counts(8_000, 10_000, good="down").tone == "good"
    assert Change.between_counts(8_000, 10_000, good="neither").tone == ""


def test_nothing_is_compared_with_nothing():
    assert Change.between_counts(5, 0) is None


@pytest.mark.parametrize(("ratio", "text"), [(0.1234, "+12.3%"), (-0.5, "-50.0%"), (11.0, "×12")])
def test_a_change_is_written_with_its_sign(ratio, text):
    assert Change(ratio).text == text


def test_a_figure_without_a_value_is_a_dash():
    assert Figure("成交额", None, "money").text == "–"


@given(st.lists(st.none() | st.floats(-1e9, 1e9), max_size=40))
def test_a_sparkline_stays_within_its_picture_whatever_the_values(values):
    svg = sparkline(values)
    assert "nan" not in svg
    assert " style=" not in svg


@pytest.mark.parametrize(
    ("name", "shown"),
    [("陈立", "立"), ("欧阳子涵", "涵"), ("Ada Lovelace", "AL"), ("🦊", "🦊"), ("  ", "?"), ("小明的妈妈在北京", "小")],
)
def test_initials_stand_for_a_name(name, shown):
    assert initials(name) == shown

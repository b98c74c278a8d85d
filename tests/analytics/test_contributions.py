"""What groups add to a changed share: by hand, and the sum of all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuliang.analytics.contributions import contributions

sizes = st.integers(1, 500)
groups = st.lists(st.tuples(st.integers(0, 100), sizes), min_size=1, max_size=5).map(
    lambda drawn: {number: (percent / 100, size) for number, (percent, size) in enumerate(drawn)}
)


def test_a_group_that_changed_and_a_group_that_grew_are_told_apart():
    """A fell from 8 to 6 of 10. B stayed at 1 of 10, and has 30 now."""
    found = {each.id: each for each in contributions({1: (0.8, 10), 2: (0.1, 10)}, {1: (0.6, 10), 2: (0.1, 30)})}

    # The whole fell from 9 of 20 to 9 of 40: 0.45 to 0.225. A weighs 1/2 and then 1/4: 0.375 times -0.2 within.
    assert found[1].within == pytest.approx(-0.075)
    assert found[2].within == 0
    # Weights moved by a quarter; A's mean of 0.7 lies 0.3625 above the mean of the whole, B's of 0.1 0.2375 below it.
    assert found[1].mix == pytest.approx(-0.25 * 0.3625)
    assert found[2].mix == pytest.approx(0.25 * -0.2375)
    assert sum(each.difference for each in found.values()) == pytest.approx(0.225 - 0.45)


@given(groups, groups)
def test_what_the_groups_add_is_the_whole_change(before, now):
    whole = [sum(value * size for value, size in each.values()) / sum(size for _value, size in each.values())
             for each in (before, now)]  # fmt: skip

    assert sum(each.difference for each in contributions(before, now)) == pytest.approx(whole[1] - whole[0], abs=1e-9)


def test_of_nobody_nothing_is_said():
    assert contributions({}, {1: (0.5, 3)}) == ()
    assert contributions({1: (0.5, 3)}, {1: (0.0, 0)}) == ()

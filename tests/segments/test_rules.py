from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from liuliang.kernel.errors import Refused
from liuliang.segments.rules import combine, contradictions, leaves, read_rule, written

SPOKE = {"if": "behaviour", "kind": "message.sent"}
BOUGHT = {"if": "orders"}


def a_rule(depth: int = 3):
    leaf = st.integers(1, 5).map(lambda number: {"if": "segment", "segment": number})
    return st.recursive(
        leaf,
        lambda part: st.one_of(
            st.lists(part, max_size=3).map(lambda parts: {"all": parts}),
            st.lists(part, max_size=3).map(lambda parts: {"any": parts}),
            part.map(lambda one: {"not": one}),
        ),
        max_leaves=8,
    )


@given(a_rule())
def test_a_rule_reads_back_as_it_was_written(data):
    assert written(read_rule(data)) == data


@given(a_rule(), st.lists(st.frozensets(st.integers(0, 20)), min_size=5, max_size=5))
def test_sets_combine_as_logic_does_member_by_member(data, sets):
    rule = read_rule(data)
    people = BitMap(range(21))

    def holds(part, member):
        if "if" in part:
            return member in sets[part["segment"] - 1]
        if "not" in part:
            return not holds(part["not"], member)
        if "all" in part:
            return all(holds(each, member) for each in part["all"])
        return any(holds(each, member) for each in part["any"])

    members = combine(rule, lambda leaf: BitMap(sets[leaf.config.segment - 1]), people)
    assert set(members) == {member for member in range(21) if holds(data, member)}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ([], "segment.rule_unreadable"),
        ({}, "segment.rule_unreadable"),
        ({"all": [], "any": []}, "segment.rule_unreadable"),
        ({"if": "telepathy"}, "segment.condition_unknown"),
        ({"if": "orders", "number": -1}, "segment.condition_wrong"),
        ({"if": "orders", "colour": "red"}, "segment.condition_wrong"),
        (
            {"if": "behaviour", "kind": "x", "within": {"last_days": 3, "since": "2026-01-01"}},
            "segment.condition_wrong",
        ),
        (
            {"if": "behaviour", "kind": "x", "within": {"since": "2026-02-01", "until": "2026-01-01"}},
            "segment.condition_wrong",
        ),
        ({"if": "sequence", "steps": [{"kind": "a", "is_absent": True}, {"kind": "b"}]}, "segment.condition_wrong"),
        ({"if": "membership", "at_least_days": 5, "at_most_days": 4}, "segment.condition_wrong"),
        ({"all": [SPOKE] * 61}, "segment.too_many_conditions"),
        ({"all": [{"any": [SPOKE] * 40}, {"any": [BOUGHT] * 40}]}, "segment.too_many_conditions"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(data, code):
    with pytest.raises(Refused) as refusal:
        read_rule(data)
    assert refusal.value.code == code


def test_a_rule_nested_without_end_is_refused():
    deep: dict = SPOKE
    for _ in range(5_000):
        deep = {"not": deep}
    with pytest.raises(Refused, match="too_deep"):
        read_rule(deep)


def test_a_condition_asked_for_and_excluded_at_once_is_found():
    rule = read_rule({"all": [SPOKE, {"all": [BOUGHT, {"not": SPOKE}]}]})
    assert [leaf.condition.key for leaf in contradictions(rule)] == ["behaviour"]
    assert contradictions(read_rule({"any": [SPOKE, {"not": SPOKE}]})) == []
    assert len(list(leaves(rule))) == 3

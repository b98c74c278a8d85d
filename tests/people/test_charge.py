"""Who is in charge of which groups, and when a change is more than they can run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuliang.accounts.models import Role, Staff
from liuliang.accounts.permissions import ensure_built_in_roles
from liuliang.people.capacity import READY, Limits, Load
from liuliang.people.charge import NEW, Charge, charge_of, overload, standings
from liuliang.people.models import Grant

ANN, BEN = 1, 2


def charge(named, *, groups=5, members=(), own=()) -> Charge:
    """Return ``groups`` groups 11, 12, … below the branch 1, with ``named`` staff by community."""
    paths = {10 + number: (1, 10 + number) for number in range(1, groups + 1)}
    told = {community: frozenset(staff) for community, staff in named.items()}
    names = {ANN: "安", BEN: "本"}
    return Charge(paths, dict(members), told, names, Limits(READY, dict(own)))


def with_one_more(before: Charge) -> Charge:
    return before.with_groups({NEW: (1, NEW)}, {})


def test_the_nearest_who_is_named_is_in_charge():
    found = charge({1: {ANN}, 12: {BEN}}, groups=3, members={11: 40, 12: 7})

    assert found.of_group == {11: {ANN}, 12: {BEN}, 13: {ANN}}
    assert found.loads == {ANN: Load(2, 40), BEN: Load(1, 7)}
    assert not found.unattended


def test_a_shared_group_counts_whole_for_each_and_once_for_all():
    found = charge({11: {ANN, BEN}}, groups=2, members={11: 40, 12: 2})

    assert found.loads == {ANN: Load(1, 40), BEN: Load(1, 40)}
    assert found.total == Load(2, 42)
    assert found.unattended == [12]


@pytest.mark.parametrize(("groups", "is_asked"), [(3, False), (4, False), (5, True), (6, True)])
def test_the_warning_comes_with_the_first_group_beyond_the_limit(groups, is_asked):
    before = charge({1: {ANN}}, groups=groups)

    found = overload(before, with_one_more(before))

    assert (found is not None) == is_asked
    if found is not None:
        assert [(each.name, each.load.groups) for each in found.over] == [("安", groups + 1)]


def test_members_beyond_the_limit_warn_and_exactly_at_it_do_not():
    at_most = charge({1: {ANN}}, groups=1, members={11: READY.members})
    beyond = charge({1: {ANN}}, groups=1, members={11: READY.members + 1})

    assert overload(at_most, with_one_more(at_most)) is None
    assert overload(beyond, with_one_more(beyond)) is not None


def test_a_limit_of_ones_own_goes_before_that_of_everybody():
    before = charge({1: {ANN}}, groups=2, own={ANN: Load(2, 500)})

    found = overload(before, with_one_more(before))

    assert found is not None
    assert found.over[0].most == Load(2, 500)


def test_who_has_room_is_named_the_freest_first():
    before = charge({11: {ANN}, 12: {ANN}, 13: {BEN}}, groups=3, own={ANN: Load(1, 500)})
    after = before.with_named(14, ANN, "安").with_groups({14: (1, 14)}, {})

    found = overload(before, after)

    assert found is not None
    assert [(each.name, each.room) for each in found.free] == [("本", 4)]


def test_groups_that_nobody_is_in_charge_of_count_for_all_together():
    nobody = charge({}, groups=5)

    found = overload(nobody, with_one_more(nobody))

    assert found is not None
    assert not found.over
    assert found.together == (Load(6, 0), READY)
    # Somebody who takes one of them makes them no more.
    assert overload(nobody, nobody.with_named(11, ANN, "安")) is None


def test_being_too_much_already_is_no_reason_to_ask_about_something_else():
    before = charge({11: {ANN}, 12: {ANN}, 13: {BEN}}, groups=3, own={ANN: Load(1, 500)})
    after = before.with_named(13, BEN, "本").with_named(12, BEN, "本")

    assert overload(before, after) is None


@given(
    st.dictionaries(st.integers(1, 9), st.frozensets(st.integers(1, 4), min_size=1), max_size=6),
    st.lists(st.lists(st.integers(1, 9), max_size=3), max_size=12),
)
def test_loads_are_those_of_plain_counting(named, above):
    paths = {100 + number: (*steps, 100 + number) for number, steps in enumerate(above)}
    found = Charge(paths, dict.fromkeys(paths, 3), named, dict.fromkeys(range(5), ""), Limits(READY, {}))

    for each in range(1, 5):
        mine = 0
        for path in paths.values():
            nearest = [step for step in path if step in named][-1:]
            mine += bool(nearest) and each in named[nearest[0]]
        assert found.loads.get(each, Load()) == Load(mine, 3 * mine)
    assert [each.staff for each in standings(found)] == sorted(found.loads)


def test_only_a_role_that_runs_a_group_and_names_it_puts_somebody_in_charge(make_community, at):
    ensure_built_in_roles(Role)
    here = make_community()
    for name, role, where in (("安", "community_owner", here), ("本", "analyst", here), ("陈", "admin", None)):
        staff = Staff.objects.create(email=f"{role}@example.com", name=name, created_at=at)
        Grant.objects.create(staff=staff, role=Role.objects.get(key=role), community=where)
    left = Staff.objects.create(email="left@example.com", name="走", created_at=at, is_active=False)
    Grant.objects.create(staff=left, role=Role.objects.get(key="community_owner"), community=here)

    found = charge_of({here.id: (here.id,)}, {})

    assert [each.name for each in standings(found)] == ["安"]

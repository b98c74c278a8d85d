"""What staff may do, and where."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from liuliang.accounts.models import Role, Staff
from liuliang.accounts.permissions import (
    COMMUNITIES_EDIT,
    COMMUNITIES_VIEW,
    MEMBERS_MERGE,
    MEMBERS_VIEW,
    PERMISSIONS,
    STAFF_MANAGE,
)
from liuliang.people.access import Access, effective
from liuliang.people.models import Community, Grant, Member, Membership


@pytest.fixture
def staff(db, at):
    return Staff.objects.create(email="wang@example.com", name="王", created_at=at)


@pytest.fixture
def give(staff):
    def give(*permissions: str, to: Community | None, whom: Staff | None = None) -> Grant:
        role = Role.objects.create(name=f"role {Role.objects.count()}", permissions=list(permissions))
        return Grant.objects.create(staff=whom or staff, role=role, community=to)

    return give


@pytest.fixture
def tree(make_community):
    """Two brands, each with groups: 北 > (北一 > 北一甲, 北二), 南 > 南一."""
    north = make_community("北")
    first = make_community("北一", north)
    south = make_community("南")
    return {
        "北": north,
        "北一": first,
        "北一甲": make_community("北一甲", first),
        "北二": make_community("北二", north),
        "南": south,
        "南一": make_community("南一", south),
    }


def names(queryset) -> set[str]:
    return set(queryset.values_list("name", flat=True))


def member(name: str, at, *communities: Community, **fields: object) -> Member:
    made = Member.objects.create(name=name, created_at=at, **fields)
    for community in communities:
        Membership.objects.create(member=made, community=community, first_seen_at=at)
    return made


def test_without_a_grant_there_is_nothing(staff, tree, at):
    member("甲", at, tree["北"])
    access = Access(staff)
    assert not any(access.may(permission) for permission in PERMISSIONS)
    assert access.community_ids(MEMBERS_VIEW) == frozenset()
    assert not access.communities(COMMUNITIES_VIEW).exists()
    assert not access.members(MEMBERS_VIEW).exists()
    assert not access.colleagues(STAFF_MANAGE).exists()


def test_an_owner_may_everything_until_deactivated(staff, tree):
    staff.is_owner = True
    assert all(Access(staff).may_everywhere(permission) for permission in PERMISSIONS)
    assert Access(staff).community_ids(MEMBERS_VIEW) is None
    staff.is_active = False
    assert not any(Access(staff).may(permission) for permission in PERMISSIONS)


def test_a_deactivated_person_may_nothing_whatever_was_granted(staff, tree, give):
    give(COMMUNITIES_VIEW, to=None)
    staff.is_active = False
    assert not Access(staff).may(COMMUNITIES_VIEW)


def test_a_grant_reaches_down_the_tree_and_nowhere_else(staff, tree, give):
    give(COMMUNITIES_VIEW, COMMUNITIES_EDIT, to=tree["北一"])
    give(COMMUNITIES_VIEW, to=tree["南一"])
    access = Access(staff)
    assert names(access.communities(COMMUNITIES_VIEW)) == {"北一", "北一甲", "南一"}
    assert names(access.communities(COMMUNITIES_EDIT)) == {"北一", "北一甲"}
    assert access.may(COMMUNITIES_EDIT, tree["北一甲"])
    assert access.may(COMMUNITIES_EDIT, tree["北一甲"].id)
    assert not access.may(COMMUNITIES_EDIT, tree["北"])
    assert not access.may(COMMUNITIES_EDIT, tree["南一"])
    assert not access.may_everywhere(COMMUNITIES_VIEW)


def test_a_community_that_moves_takes_its_reach_along(staff, tree, give):
    give(COMMUNITIES_VIEW, to=tree["南"])
    moved = tree["北一甲"]
    Community.objects.filter(pk=moved.pk).update(parent=tree["南一"], path=[*tree["南一"].path, moved.pk])
    assert names(Access(staff).communities(COMMUNITIES_VIEW)) == {"南", "南一", "北一甲"}


def test_a_grant_everywhere_includes_communities_made_tomorrow(staff, tree, give, make_community):
    give(COMMUNITIES_VIEW, to=None)
    access = Access(staff)
    assert access.community_ids(COMMUNITIES_VIEW) is None
    tomorrow = make_community("明天")
    assert access.may(COMMUNITIES_VIEW, tomorrow)


def test_what_concerns_the_whole_installation_counts_only_when_granted_everywhere(staff, tree, give):
    grant = give(MEMBERS_MERGE, to=tree["北"])
    assert not Access(staff).may(MEMBERS_MERGE)
    assert not Access(staff).may(MEMBERS_MERGE, tree["北"])
    assert effective(grant.role, tree["北"]) == frozenset()
    give(MEMBERS_MERGE, to=None)
    assert Access(staff).may(MEMBERS_MERGE)


def test_a_permission_the_code_has_forgotten_means_nothing_and_asking_for_it_is_a_mistake(staff, tree, give):
    give("coupons.burn", COMMUNITIES_VIEW, to=None)
    assert Access(staff).held(None) == {COMMUNITIES_VIEW}
    with pytest.raises(ValueError, match=r"coupons\.burn"):
        Access(staff).may("coupons.burn")


def test_members_are_those_with_a_membership_in_reach_once_each_and_by_their_own_record(staff, tree, give, at):
    give(MEMBERS_VIEW, to=tree["北"])
    member("两群", at, tree["北一"], tree["北二"])
    member("也在南", at, tree["北一"], tree["南一"])
    member("在南", at, tree["南一"])
    member("不在群", at)
    person = member("本尊", at, tree["北二"])
    member("马甲", at, tree["北二"], canonical=person)
    Member.objects.filter(pk=person.pk).update(canonical=person)
    member("已删除", at, tree["北二"], erased_at=at)
    assert sorted(Access(staff).members(MEMBERS_VIEW).values_list("name", flat=True)) == ["两群", "也在南", "本尊"]


def test_unrestricted_staff_see_people_of_no_community_too(staff, tree, give, at):
    give(MEMBERS_VIEW, to=None)
    person = member("不在群", at)
    member("马甲", at, canonical=person)
    assert names(Access(staff).members(MEMBERS_VIEW)) == {"不在群"}


def test_colleagues_are_those_with_a_role_in_reach(staff, tree, give, at):
    give(STAFF_MANAGE, to=tree["北"])
    near, far, everywhere = (
        Staff.objects.create(email=f"{name}@example.com", name=name, created_at=at) for name in ("near", "far", "all")
    )
    give(COMMUNITIES_VIEW, to=tree["北一"], whom=near)
    give(COMMUNITIES_VIEW, to=tree["南一"], whom=far)
    give(COMMUNITIES_VIEW, to=None, whom=everywhere)
    assert names(Access(staff).colleagues(STAFF_MANAGE)) == {"王", "near"}


def test_all_of_it_takes_two_queries(staff, tree, give):
    give(COMMUNITIES_VIEW, MEMBERS_VIEW, to=tree["北一"])
    give(COMMUNITIES_VIEW, COMMUNITIES_EDIT, to=tree["南"])
    access = Access(staff)
    with CaptureQueriesContext(connection) as queries:
        for permission in PERMISSIONS:
            access.may(permission)
            access.community_ids(permission)
            for community in tree.values():
                access.may(permission, community)
                access.held(community)
    assert len(queries) == 2


@given(
    parents=st.lists(st.integers(-1, 7), min_size=1, max_size=8),
    grants=st.lists(
        st.tuples(st.integers(-1, 7), st.sets(st.sampled_from([COMMUNITIES_VIEW, COMMUNITIES_EDIT, MEMBERS_MERGE]))),
        max_size=4,
    ),
)
def test_reach_is_what_walking_up_the_tree_says(parents, grants):
    """Compare with the plain definition: it holds where the community or one of its ancestors was named."""
    tree = [None if parent < 0 or parent >= place else parent for place, parent in enumerate(parents)]
    rows = [(place if 0 <= place < len(tree) else None, permissions) for place, permissions in grants]

    def up(place: int | None) -> list[int]:
        return [] if place is None else [place, *up(tree[place])]

    access = Access(Staff(is_active=True))
    access.__dict__["_grants"], access.__dict__["_below"] = _as_loaded(tree, rows, up)
    for permission in (COMMUNITIES_VIEW, COMMUNITIES_EDIT, MEMBERS_MERGE):
        for place in range(len(tree)):
            expected = any(
                permission in permissions
                and (named is None or (PERMISSIONS[permission].per_community and named in up(place)))
                for named, permissions in rows
            )
            assert access.may(permission, place) == expected


def _as_loaded(tree, rows, up):
    everywhere = frozenset().union(*(permissions for named, permissions in rows if named is None))
    named: dict[str, frozenset[int]] = {}
    for place, permissions in rows:
        for key in permissions if place is not None else ():
            if PERMISSIONS[key].per_community:
                named[key] = named.get(key, frozenset()) | {place}
    below = {root: frozenset(place for place in range(len(tree)) if root in up(place)) for root in range(len(tree))}
    return (everywhere, named), below

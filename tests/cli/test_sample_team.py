from __future__ import annotations

from datetime import UTC, datetime

import pytest

from liuliang.accounts.models import Role, Staff
from liuliang.accounts.permissions import ANALYTICS_VIEW, ensure_built_in_roles
from liuliang.cli.sample_team import appoint_team, tell_colleagues_apart
from liuliang.cultivation.finding import passed_over
from liuliang.people.access import Access
from liuliang.people.communities import create_community
from liuliang.people.identities import Known, resolve_members
from liuliang.people.models import MemberTag
from liuliang.simulator import brand

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)


def test_every_group_has_one_person_in_charge_and_nobody_a_password():
    ensure_built_in_roles(Role)
    top = create_community(name="雾汀", type_key="brand", is_group=False, at=NOW)
    groups = [create_community(name=f"{n} 群", type_key="brand", parent=top, at=NOW) for n in range(5)]
    owner = Staff.objects.create(email="demo@liuliang.example", name="雾汀运营", is_owner=True, created_at=NOW)

    appoint_team(top, groups, owner)

    team = Staff.objects.exclude(pk=owner.pk).order_by("name")
    assert [one.has_usable_password() for one in team] == [False] * 4
    theirs = [Access(one).community_ids(ANALYTICS_VIEW) for one in team.exclude(name="小岚")]
    assert sorted(key for ids in theirs for key in ids) == [group.id for group in groups]
    assert Access(team.get(name="小岚")).community_ids(ANALYTICS_VIEW) == {top.id, *(group.id for group in groups)}


def test_members_who_work_for_the_brand_are_candidates_for_nothing():
    owner = Staff.objects.create(email="demo@liuliang.example", name="雾汀运营", is_owner=True, created_at=NOW)
    works, _buys = resolve_members(
        [Known(brand.STAFF[2], (("wxid", "a"),)), Known("小雨", (("wxid", "b"),))], community=None, at=NOW
    )

    tell_colleagues_apart(owner, at=NOW)

    assert list(MemberTag.objects.values_list("member", "tag")) == [(works, tag) for tag in passed_over()]

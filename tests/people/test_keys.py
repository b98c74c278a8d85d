from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest

from liuliang.accounts.models import AuditEntry, Role, Staff
from liuliang.accounts.permissions import ensure_built_in_roles
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access, KeyAccess
from liuliang.people.keys import keys, make_key, revoke_key, use_key
from liuliang.people.models import ApiKey, Community, Grant

pytestmark = pytest.mark.django_db


@pytest.fixture
def group() -> Community:
    made = Community.objects.create(name="甲群", type="learning", created_at=clock.now())
    made.path = [made.id]
    made.save()
    return made


@pytest.fixture
def leader(group) -> Staff:
    """Somebody who manages one community."""
    ensure_built_in_roles(Role)
    staff = Staff.objects.create(email="a@example.com", name="小王", created_at=clock.now())
    Grant.objects.create(staff=staff, role=Role.objects.get(key="admin"), community=group)
    return staff


def make(by: Staff, *permissions: str, where: Community | None = None, name: str = "商城"):
    return make_key(Access(by), name=name, permissions=permissions, community=where, at=clock.now())


def test_the_secret_stands_nowhere(leader, group):
    made = make(leader, "orders.edit", where=group)
    row = ApiKey.objects.get()
    kept = {str(value) for value in row.__dict__.values()}
    assert not any(made.secret in value for value in kept)
    assert row.digest == hashlib.sha256(made.secret.encode()).hexdigest()
    assert made.secret.startswith("llk_")
    assert made.secret.endswith(row.hint)
    assert made.secret not in str(list(AuditEntry.objects.values()))
    assert AuditEntry.objects.get().action == "key.made"


def test_nobody_gives_a_key_more_than_they_hold_there(leader, group):
    other = Community.objects.create(name="乙群", type="learning", created_at=clock.now())
    other.path = [other.id]
    other.save()
    for permissions, where in (
        (["orders.edit"], None),
        (["orders.edit"], other),
        (["points.adjust"], group),
        ([], group),
    ):
        with pytest.raises(Refused, match=r"key\."):
            make(leader, *permissions, where=where)
    with pytest.raises(Refused, match=r"key\.name"):
        make(leader, "orders.edit", where=group, name=" ")
    with pytest.raises(ValueError, match=r"members\.erase"):
        make(leader, "members.erase", where=group)
    assert not ApiKey.objects.exists()


def test_who_may_not_manage_keys_makes_none(leader, group):
    Grant.objects.filter(staff=leader).update(role=Role.objects.get(key="community_owner"))
    with pytest.raises(Refused, match=r"key\.beyond_you"):
        make(leader, "orders.edit", where=group)


def test_a_key_of_an_owner_is_no_owner(group):
    owner = Staff.objects.create(email="o@example.com", name="老板", is_owner=True, created_at=clock.now())
    access = KeyAccess(make(owner, "orders.view").key)
    assert (access.is_owner, access.may("orders.view"), access.may("orders.edit")) == (False, True, False)
    assert access.community_ids("orders.view") is None
    near = KeyAccess(make(owner, "orders.view", where=group).key)
    assert near.community_ids("orders.view") == {group.pk}


def test_a_key_that_was_taken_back_is_used_no_more(leader, group):
    made, at = make(leader, "orders.view", where=group), clock.now()
    assert use_key(made.secret, at=at) == made.key
    assert ApiKey.objects.get().used_at == at
    revoke_key(made.key, at=at)
    revoke_key(made.key, at=at + timedelta(seconds=1))
    assert use_key(made.secret, at=at) is None
    assert ApiKey.objects.get().revoked_at == at
    assert AuditEntry.objects.filter(action="key.revoked").count() == 1


def test_keys_are_seen_where_one_manages_them(leader, group):
    owner = Staff.objects.create(email="o@example.com", name="老板", is_owner=True, created_at=clock.now())
    make(owner, "orders.view")
    near = make(owner, "orders.view", where=group).key
    assert list(keys(Access(leader))) == [near]
    assert keys(Access(owner)).count() == 2


def test_calls_are_counted_by_the_minute(leader, group, monkeypatch):
    monkeypatch.setattr("liuliang.people.keys.PER_MINUTE", 2)
    made = make(leader, "orders.view", where=group)
    at = clock.now().replace(second=20, microsecond=0)
    assert use_key(made.secret, at=at)
    assert use_key(made.secret, at=at)
    with pytest.raises(Refused, match=r"key\.too_many") as refusal:
        use_key(made.secret, at=at)
    assert refusal.value.data["seconds"] == 40
    assert use_key(made.secret, at=at + timedelta(minutes=1))

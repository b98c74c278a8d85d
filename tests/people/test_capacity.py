"""What one person can run: who may say it, and what the audit log says of it."""

from __future__ import annotations

import pytest

from liuliang.accounts.models import AuditEntry, Role, Staff
from liuliang.accounts.permissions import ensure_built_in_roles
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access
from liuliang.people.capacity import READY, Load, limits, set_capacity, set_own_capacity
from liuliang.people.models import Grant


@pytest.fixture
def hire(db, at):
    def hired(name, role="", where=None, **fields):
        ensure_built_in_roles(Role)
        staff = Staff.objects.create(email=f"{name}@example.com", name=name, created_at=at, **fields)
        if role:
            Grant.objects.create(staff=staff, role=Role.objects.get(key=role), community=where)
        return staff

    return hired


def test_numbers_hold_for_all_but_those_with_their_own(hire):
    owner, ann, ben = Access(hire("老板", is_owner=True)), hire("安"), hire("本")
    assert limits().of(ann.pk) == READY

    set_capacity(owner, Load(4, 900))
    set_own_capacity(owner, ann, Load(2, 300))

    assert limits().of(ann.pk) == Load(2, 300)
    assert limits().of(ben.pk) == Load(4, 900)
    changes = [entry.changes for entry in AuditEntry.objects.order_by("id")]
    assert changes[0] == {"able_groups": [5, 4], "able_members": [1500, 900]}
    assert changes[1] == {"able_groups": [None, 2], "able_members": [None, 300]}

    set_own_capacity(owner, ann, None)
    assert limits().of(ann.pk) == Load(4, 900)


def test_saying_the_same_again_is_no_change(hire):
    owner, ann = Access(hire("老板", is_owner=True)), hire("安")

    set_capacity(owner, READY)
    set_own_capacity(owner, ann, None)

    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    ("most", "code"),
    [(Load(0, 10), "groups"), (Load(1_001, 10), "groups"), (Load(1, 0), "members"), (Load(1, 1_000_001), "members")],
)
def test_numbers_nobody_could_mean_are_refused(hire, most, code):
    owner = Access(hire("老板", is_owner=True))

    with pytest.raises(Refused) as refused:
        set_capacity(owner, most)

    assert refused.value.code == f"capacity.{code}"
    assert limits().usual == READY


def test_an_area_lead_sets_those_of_their_area_and_nothing_for_everybody(hire, make_community):
    here, elsewhere = make_community("华东"), make_community("华南")
    lead = Access(hire("领", "admin", here))
    mine, other = hire("安", "community_owner", here), hire("本", "community_owner", elsewhere)

    set_own_capacity(lead, mine, Load(2, 300))

    assert limits().of(mine.pk) == Load(2, 300)
    for change in (lambda: set_own_capacity(lead, other, Load(2, 300)), lambda: set_capacity(lead, Load(1, 1))):
        with pytest.raises(Refused):
            change()

from __future__ import annotations

import io

import pytest

from liuliang.accounts.models import Role, Staff
from liuliang.accounts.permissions import IMPORTS_RUN, MEMBERS_MERGE
from liuliang.importers import services
from liuliang.kernel import clock
from liuliang.people.identities import Known, resolve_members
from liuliang.people.models import Community, Grant, Member, MergeProposal

LISTS = {
    "成员.csv": "昵称,QQ号,手机号\n小雨,10001,13800138000\n",
    "订单.csv": "订单号,下单时间,QQ号,手机号,实付金额\nA1,2026-03-01 10:00:00,10001,13800138000,100\n",
}


@pytest.fixture(autouse=True)
def _uploads(tmp_path, settings):
    settings.UPLOAD_ROOT = tmp_path / "uploads"


@pytest.fixture
def community(db) -> Community:
    made = Community.objects.create(name="读书群", type="learning", created_at=clock.now())
    made.path = [made.pk]
    made.save()
    return made


@pytest.fixture
def staff(db) -> Staff:
    return Staff.objects.create(email="wang@example.com", name="王", created_at=clock.now())


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    ("granted", "merged"),
    [
        ({"here": (IMPORTS_RUN,)}, 0),
        ({"here": (IMPORTS_RUN, MEMBERS_MERGE)}, 0),
        ({"here": (IMPORTS_RUN,), "everywhere": (MEMBERS_MERGE,)}, 1),
        (None, 1),
    ],
)
def test_a_row_merges_members_only_for_who_may_merge_everywhere(community, staff, name, granted, merged):
    """Without grants to look at, the import was started from the shell."""
    for place, permissions in (granted or {}).items():
        role = Role.objects.create(name=place, permissions=list(permissions))
        Grant.objects.create(staff=staff, role=role, community=community if place == "here" else None)
    resolve_members(
        [Known("甲", (("qq", "10001"),)), Known("乙", (("phone", "13800138000"),))], community=None, at=clock.now()
    )
    row = services.receive(io.BytesIO(LISTS[name].encode()), name, staff=None if granted is None else staff)
    assert services.examine(row) is not None
    services.queue(row, community=community)
    assert services.run(row.pk).state == "done"
    assert Member.objects.exclude(canonical=None).count() == merged
    assert MergeProposal.objects.filter(decided_at=None).count() == 1 - merged

from __future__ import annotations

import io
import json
import zipfile

import pytest

from liuliang.accounts.models import Role, Staff
from liuliang.accounts.permissions import IMPORTS_RUN, MEMBERS_MERGE
from liuliang.commerce.models import Order
from liuliang.commerce.services import NewOrder, record_orders
from liuliang.importers import services
from liuliang.importers.models import ImportProblem
from liuliang.kernel import clock
from liuliang.kernel.models import LoggedEvent
from liuliang.people.identities import Known, resolve_members
from liuliang.people.models import Community, Grant, Identity, Member, Membership, Merge, MergeProposal

TWICE = (("qq", "10001"), ("phone", "13800138000"), ("slack", "T1:U1"), ("email", "yu@example.com"))


def slack_export() -> bytes:
    """Write a chat whose one member has an account and an address."""
    user = {"id": "U1", "team_id": "T1", "name": "小雨", "profile": {"email": "yu@example.com"}}
    said = {"user": "U1", "text": "早", "ts": "1772330000.000100"}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in (
            ("users.json", [user]),
            ("channels.json", [{"id": "C1", "name": "general"}]),
            ("general/2026-03-01.json", [said]),
        ):
            archive.writestr(name, json.dumps(content))
    return made.getvalue()


FILES = {
    "成员.csv": "昵称,QQ号,手机号\n小雨,10001,13800138000\n".encode(),
    "订单.csv": "订单号,下单时间,QQ号,手机号,实付金额\nA1,2026-03-01 10:00:00,10001,13800138000,100\n".encode(),
    "slack.zip": slack_export(),
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


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    ("granted", "merged"),
    [
        ({"here": (IMPORTS_RUN,)}, 0),
        ({"here": (IMPORTS_RUN, MEMBERS_MERGE)}, 0),
        ({"here": (IMPORTS_RUN,), "everywhere": (MEMBERS_MERGE,)}, 1),
        (None, 1),
    ],
)
def test_a_file_merges_members_only_for_who_may_merge_everywhere(community, staff, name, granted, merged):
    """Without grants to look at, the import was started from the shell."""
    for place, permissions in (granted or {}).items():
        role = Role.objects.create(name=place, permissions=list(permissions))
        Grant.objects.create(staff=staff, role=role, community=community if place == "here" else None)
    resolve_members([Known(kind, ((kind, value),)) for kind, value in TWICE], community=None, at=clock.now())
    row = services.receive(io.BytesIO(FILES[name]), name, staff=None if granted is None else staff)
    assert services.examine(row) is not None
    services.queue(row, community=community)
    assert services.run(row.pk).state == "done"
    assert Member.objects.exclude(canonical=None).count() == merged
    assert MergeProposal.objects.filter(decided_at=None).count() == 1 - merged


def test_the_chat_still_tells_whose_account_a_name_is_for_who_may_merge_nobody(community, staff):
    """Who joined stands there by name, who speaks by number; both are one person, and nobody of anywhere else is touched."""
    role = Role.objects.create(name="here", permissions=[IMPORTS_RUN])
    Grant.objects.create(staff=staff, role=role, community=community)
    resolve_members([Known("小雨", (("qq", "10001"),))], community=None, at=clock.now())
    resolve_members([Known("小雨")], community=community.pk, at=clock.now())
    said = "消息记录（此消息记录为文本格式，不支持重新导入）\n\n2026-03-01 10:00:00 小雨(10001)\n早\n"
    row = services.receive(io.BytesIO(said.encode()), "群.txt", staff=staff)
    assert services.examine(row) is not None
    services.queue(row, community=community)
    assert services.run(row.pk).counts["messages"] == 1
    assert Merge.objects.get().rule == "chat_name"
    assert not MergeProposal.objects.exists()


def test_a_list_of_numbers_opens_nobody_s_file(community, staff):
    """Else whoever may import into one group could list any number, and read what is known of its owner."""
    other = Community.objects.create(name="跑步群", type="learning", created_at=clock.now())
    role = Role.objects.create(name="导入", permissions=[IMPORTS_RUN])
    Grant.objects.create(staff=staff, role=role, community=community)
    (known,) = resolve_members([Known("小雨", (("phone", "13900000001"),))], community=other.pk, at=clock.now())
    Membership.objects.create(member_id=known, community=other, first_seen_at=clock.now())
    listed = "昵称,手机号,邮箱,城市\n改名,13900000001,evil@example.com,北京\n新人,13900000002,new@example.com,上海\n"
    row = services.receive(io.BytesIO(listed.encode()), "成员.csv", staff=staff)
    assert services.examine(row) is not None
    services.queue(row, community=community)
    done = services.run(row.pk)
    assert (done.state, done.counts["members"], done.unreadable) == ("done", 1, 1)
    problem = ImportProblem.objects.get(import_run=row)
    assert (problem.line, problem.reason) == (2, "member_elsewhere")
    member = Member.objects.get(pk=known)
    assert (member.name, member.attributes) == ("小雨", {})
    assert not LoggedEvent.objects.filter(member=known, community=community.pk).exists()
    assert set(Identity.objects.filter(kind="email").values_list("value", flat=True)) == {"new@example.com"}


def test_a_file_for_one_community_leaves_the_orders_of_others_as_they_are(community, staff):
    other = Community.objects.create(name="跑步群", type="learning", created_at=clock.now())
    role = Role.objects.create(name="导入", permissions=[IMPORTS_RUN])
    Grant.objects.create(staff=staff, role=role, community=community)
    head = "订单号,下单时间,实付金额,退款金额,手机号\n"
    paid = "A1,2026-03-01 08:00:00,100.00,{back},13900000001\n"

    def bring_in(text: str, into: Community, by: Staff | None) -> ImportProblem | None:
        row = services.receive(io.BytesIO(text.encode()), "订单.csv", staff=by)
        assert services.examine(row) is not None
        services.queue(row, community=into)
        assert services.run(row.pk).state == "done"
        return ImportProblem.objects.filter(import_run=row).first()

    assert bring_in(head + paid.format(back="0"), other, None) is None
    refunded = head + paid.format(back="100.00") + "B2,2026-03-01 09:00:00,80.00,0,13900000002\n"
    problem = bring_in(refunded, community, staff)
    assert problem is not None
    assert (problem.line, problem.reason, problem.excerpt) == (2, "order_elsewhere", "A1")
    orders = Order.objects.order_by("number").values_list("number", "refunded", "community__name")
    assert list(orders) == [("A1", 0, "跑步群"), ("B2", 0, "读书群")]
    # Who may see to all communities says it of the order wherever it is.
    assert bring_in(refunded, community, None) is None
    assert Order.objects.get(number="A1").refunded == 10_000


def test_what_an_import_adds_is_recorded_though_its_right_has_gone_meanwhile(community):
    order = NewOrder("A1", clock.now(), Known("小雨"), 10_000, 0, "CNY", "", 1, "paid")
    told = record_orders([order], source="table", community=community.pk, at=clock.now(), among=frozenset())
    assert (told.added, told.elsewhere) == (1, ())
    assert Order.objects.get().status == "paid"

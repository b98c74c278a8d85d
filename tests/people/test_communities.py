from __future__ import annotations

import base64
import contextlib
import random
import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from liuliang.accounts.models import AuditEntry, Role, Staff
from liuliang.accounts.permissions import COMMUNITIES_EDIT, COMMUNITIES_VIEW, MEMBERS_CONTACT
from liuliang.kernel.errors import Refused
from liuliang.people.access import Access
from liuliang.people.blueprint import Blueprint, CommunityIdentity, logo_from, read_blueprint, read_identity
from liuliang.people.communities import (
    TYPES,
    archive_community,
    change_community,
    change_type,
    chat_community,
    create_community,
    move_community,
    plan_community,
    remember_chat,
    restore_community,
)
from liuliang.people.models import Community, CommunityChat, Grant
from liuliang.people.types import carry_over

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
OWNER = Access(Staff(is_owner=True))


def create(name: str = "群", parent: Community | None = None, **told) -> Community:
    return create_community(name=name, at=AT, parent=parent, **told)


def assert_tree_is_sound() -> None:
    nodes = {c.id: c for c in Community.objects.all()}
    for node in nodes.values():
        path, above = [node.id], node.parent_id
        while above is not None:
            assert above not in path, "no cycles"
            path.insert(0, above)
            above = nodes[above].parent_id
        assert node.path == path


@pytest.mark.parametrize("key", list(TYPES))
def test_every_type_fills_a_new_community_with_a_plan_that_can_be_used(db, key):
    community = create(type_key=key)
    type_ = TYPES[key]
    plan = read_blueprint(community.blueprint)
    identity = read_identity(community.identity)
    assert plan == type_.blueprint
    assert identity == type_.identity
    assert all([plan.goal, plan.structure, plan.service_standard, *plan.purpose.model_dump().values()])
    assert "{nickname}" in identity.reception.welcome
    assert len(community.house_rules.splitlines()) >= 5
    assert type_.gates
    assert type_.targets
    assert type_.calendar or type_.days


def test_there_are_the_nine_types_of_the_handbook():
    assert list(TYPES) == ["brand", "learning", "kol", "interest", "deals", "paid", "service", "partner", "flash"]


def test_changing_the_type_brings_the_new_plan_and_keeps_what_was_edited(db):
    community = create(type_key="brand")
    plan = read_blueprint(community.blueprint)
    plan.goal = "三个月内 200 人"
    plan.persona.city = "成都"
    plan_community(community.id, blueprint=plan)
    changed = change_type(community.id, "paid")
    after = read_blueprint(changed.blueprint)
    assert (after.goal, after.persona.city) == ("三个月内 200 人", "成都")
    assert after.purpose == TYPES["paid"].blueprint.purpose
    assert changed.house_rules == TYPES["paid"].house_rules
    with pytest.raises(Refused, match=r"community\.type_same"):
        change_type(community.id, "paid")


JSON = st.recursive(
    st.one_of(st.text(max_size=3), st.integers(0, 3)), lambda inner: st.dictionaries(st.sampled_from("abc"), inner)
)


@given(JSON, JSON)
def test_what_nobody_edited_becomes_the_new_template(old, new):
    carried = carry_over(old, old, new)
    assert carried == new or (isinstance(old, dict) and isinstance(new, dict) and set(carried) == {*old, *new})


def test_moving_a_branch_takes_everything_below_along(db):
    root, other = create("品牌"), create("另一个品牌")
    branch = create("华东", root)
    leaf = create("上海", branch)
    move_community(OWNER, branch.id, other.id)
    assert Community.objects.get(id=leaf.id).path == [other.id, branch.id, leaf.id]
    move_community(OWNER, branch.id, None)
    assert Community.objects.get(id=leaf.id).path == [branch.id, leaf.id]
    assert_tree_is_sound()


def test_a_branch_cannot_hang_below_itself(db):
    root = create()
    leaf = create("下", create("中", root))
    for target in (root.id, leaf.id):
        with pytest.raises(Refused, match=r"community\.cycle"):
            move_community(OWNER, root.id, target)
    assert_tree_is_sound()


def staff_with(**permissions_in: tuple[Community | None, tuple[str, ...]]) -> Access:
    """Return someone with a role of their own for each community given."""
    staff = Staff.objects.create(email="mover@example.com", name="mover", created_at=AT)
    for name, (community, permissions) in permissions_in.items():
        role = Role.objects.create(name=name, permissions=[*permissions])
        Grant.objects.create(staff=staff, role=role, community=community)
    return Access(staff)


def test_a_move_gives_the_mover_no_rights_over_what_is_moved(db):
    rich, poor, poorer = create("甲"), create("乙"), create("丙")
    mover = staff_with(
        much=(rich, (COMMUNITIES_EDIT, MEMBERS_CONTACT)),
        little=(poor, (COMMUNITIES_EDIT,)),
        same=(poorer, (COMMUNITIES_EDIT,)),
    )
    with pytest.raises(Refused, match=r"community\.move_gives"):
        move_community(mover, poor.id, rich.id)
    assert not mover.may(MEMBERS_CONTACT, poor)
    with pytest.raises(Refused, match=r"community\.move_gives"):
        move_community(mover, create("下", poor).id, None)
    assert move_community(mover, poor.id, poorer.id).parent_id == poorer.id
    assert_tree_is_sound()


def test_a_community_is_taken_from_its_tree_only_by_who_may_edit_the_tree(db):
    brand, mine = create("品牌"), create("我的")
    group = create("群", brand)
    mover = staff_with(group=(group, (COMMUNITIES_EDIT, COMMUNITIES_VIEW)), mine=(mine, (COMMUNITIES_EDIT,)))
    with pytest.raises(Refused, match=r"community\.move_takes"):
        move_community(mover, group.id, mine.id)
    everywhere = Role.objects.create(name="all", permissions=[COMMUNITIES_EDIT, MEMBERS_CONTACT])
    Grant.objects.create(staff=mover.staff, role=everywhere, community=None)
    assert move_community(Access(mover.staff), group.id, mine.id).parent_id == mine.id


def test_two_moves_at_once_that_are_each_harmless_make_no_cycle(transactional_db):
    nodes = [create(str(n)).id for n in range(6)]

    def work(seed: int) -> None:
        rng = random.Random(seed)
        try:
            for _ in range(20):
                try:
                    move_community(OWNER, rng.choice(nodes), rng.choice([*nodes, None]))
                except Refused:
                    continue
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=[seed]) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert_tree_is_sound()


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 7)), max_size=25))
def test_any_moves_leave_a_sound_tree(transactional_db, moves):
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE people_community CASCADE")
    nodes = [create(str(n)).id for n in range(7)]
    for which, target in moves:
        with contextlib.suppress(Refused):
            move_community(OWNER, nodes[which], nodes[target] if target < 7 else None)
    assert_tree_is_sound()


def test_archiving_closes_the_branch_and_restoring_opens_what_was_closed_with_it(db):
    root = create()
    branch = create("中", root)
    leaf = create("下", branch)
    archive_community(leaf.id, at=AT.replace(hour=1))
    archive_community(root.id, at=AT)
    with pytest.raises(Refused, match=r"community\.parent_archived"):
        create("新", root)
    with pytest.raises(Refused, match=r"community\.parent_archived"):
        restore_community(branch.id)
    restore_community(root.id)
    archived = Community.objects.filter(archived_at__isnull=False).values_list("id", flat=True)
    assert list(archived) == [leaf.id], "what had been closed before stays closed"


def test_a_change_is_in_the_audit_log_with_before_and_after(db):
    community = create()
    change_community(
        community.id, name="新名", timezone="Asia/Tokyo", size_limit=100, house_rules="一条", is_group=True
    )
    entry = AuditEntry.objects.get(action="community.changed")
    assert entry.changes["timezone"] == [community.timezone, "Asia/Tokyo"]
    assert entry.community == community.id


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"name": " \u200e "}, "name_empty"),
        ({"timezone": "Mars/Base"}, "zone_unknown"),
        ({"timezone": "../etc/passwd"}, "zone_unknown"),
        ({"size_limit": 0}, "size_unusable"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(db, told, code):
    community = create()
    fine = {"name": "群", "timezone": "Asia/Shanghai", "size_limit": 10, "house_rules": "", "is_group": True}
    with pytest.raises(Refused, match=rf"community\.{code}"):
        change_community(community.id, **{**fine, **told})
    assert Community.objects.get(id=community.id).size_limit == community.size_limit


def test_a_chat_is_one_community_for_ten_imports_at_once(transactional_db):
    found: list[int] = []

    def work() -> None:
        try:
            found.append(chat_community("qq", "123", "咖啡群", at=AT).id)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 10
    assert len(set(found)) == Community.objects.count() == CommunityChat.objects.count() == 1


def test_a_chat_that_is_known_keeps_its_community(db):
    first = chat_community("qq", "123", "咖啡群", at=AT)
    assert first.size_limit == 2_000  # what the platform holds: the group is there, and its type is not chosen yet
    assert chat_community("discord", "9", "说话", at=AT).size_limit is None
    remember_chat(create("别的群"), "qq", "123")
    assert chat_community("qq", "123", "改名了", at=AT).id == first.id


def test_a_logo_is_a_small_picture(db):
    png = b"\x89PNG\r\n\x1a\n" + b"0" * 100
    identity = CommunityIdentity(logo=logo_from(png))
    assert base64.b64decode(identity.logo.split(",")[1]) == png
    for bad in (b"<svg onload=alert(1)>", b"\x89PNG" + b"0" * 200_000, b""):
        with pytest.raises(Refused, match=r"community\.logo_unusable"):
            logo_from(bad)
    with pytest.raises(ValidationError):
        CommunityIdentity(logo="https://example.cn/x.png")


def test_a_plan_that_an_older_release_stored_is_still_read():
    assert read_blueprint({"goal": "x", "structure": "spiral", "gone": 1}) == Blueprint(goal="x")


def test_a_goal_ends_no_earlier_than_the_community_begins():
    day = date(2026, 3, 1)
    told = Blueprint(begins=day, ends=day)
    assert read_blueprint(told.model_dump(mode="json")) == told
    with pytest.raises(ValidationError):
        Blueprint(begins=day, ends=day - timedelta(days=1))
    # Of a stored one that cannot be, the rest stays.
    assert read_blueprint({"goal": "x", "begins": "2026-03-02", "ends": "2026-03-01"}) == Blueprint(
        goal="x", begins=date(2026, 3, 2)
    )

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections
from hypothesis import given
from hypothesis import strategies as st

from liuliang.accounts import audit
from liuliang.accounts.models import AuditEntry, Staff
from liuliang.kernel.errors import Refused
from liuliang.kernel.events import Fact
from liuliang.kernel.log import append
from liuliang.kernel.models import LoggedEvent
from liuliang.people import queries
from liuliang.people.events import MessageSent
from liuliang.people.identities import CONTACT_KINDS, Known, resolve_members
from liuliang.people.merging import merge_members, split_member
from liuliang.people.models import AttributeDefinition, Member, MemberTag, Tag
from liuliang.people.profile import add_note, define_attribute, delete_note, read_value, set_attribute, set_needs
from liuliang.people.tagging import (
    create_group,
    create_tag,
    delete_group,
    delete_tag,
    drop_expired,
    tag_members,
    untag_members,
)

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def people(db):
    return resolve_members([Known(f"成员{n}", (("qq", f"9{n}"),)) for n in range(4)], community=None, at=AT)


@pytest.fixture
def staff(db):
    return Staff.objects.create(email="a@x.cn", name="小雨", created_at=AT)


def names(member: int, at: datetime = AT) -> list[str]:
    return [held.tag.name for held in queries.tags_by_person([member], at).get(member, [])]


@pytest.fixture
def level(db):
    group = create_group("等级", is_exclusive=True)
    return [create_tag(group, name, at=AT) for name in ("铁粉", "普通")]


def test_tagging_a_queryset_tags_everybody_in_it_once(people, level):
    assert tag_members(Member.objects.all(), level[0], at=AT) == 4
    assert tag_members(Member.objects.all(), level[0], at=AT) == 0
    assert LoggedEvent.objects.filter(kind="member.tagged").count() == 4
    assert untag_members(people[:1], level[0], at=AT) == 1
    assert [names(member) for member in people[:2]] == [[], ["铁粉"]]


def test_of_an_exclusive_group_the_new_tag_takes_the_place_of_the_old(people, level):
    tag_members(people, level[0], at=AT)
    tag_members(people[:1], level[1], at=AT)
    assert names(people[0]) == ["普通"]
    assert MemberTag.objects.filter(member=people[0]).count() == 1
    assert LoggedEvent.objects.filter(kind="member.untagged", member=people[0]).count() == 1


def test_two_tags_of_an_exclusive_group_put_on_at_once_leave_one(transactional_db, people, level):
    def work(tag: Tag) -> None:
        try:
            tag_members(people, tag, at=AT)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=[level[n % 2]]) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert MemberTag.objects.count() == len(people)


def test_a_merged_person_has_the_latest_of_an_exclusive_group_and_gets_theirs_back(people, level):
    first, second = people[:2]
    tag_members([first], level[0], at=AT)
    tag_members([second], level[1], at=AT + timedelta(hours=1))
    merge_members(first, second, at=AT)
    assert names(second) == ["普通"]
    assert set(Member.objects.filter(queries.tagged([level[0].pk], AT))) == set()
    assert list(Member.objects.filter(queries.tagged([level[1].pk], AT)).values_list("id", flat=True)) == [second]
    split_member(first, at=AT)
    assert (names(first), names(second)) == (["铁粉"], ["普通"])


def test_an_expired_tag_does_not_count_and_is_dropped_with_an_event(people, level):
    tag_members(people[:2], level[0], at=AT, expires_at=AT + timedelta(days=1))
    later = AT + timedelta(days=2)
    assert names(people[0], later) == []
    assert not Member.objects.filter(queries.tagged([level[0].pk], later)).exists()
    assert drop_expired(at=later) == 2
    assert drop_expired(at=later) == 0
    tag_members(people[:1], level[0], at=later)
    assert names(people[0], later) == ["铁粉"]


def test_a_group_with_tags_is_not_deleted_and_a_deleted_tag_is_gone_from_everybody(people, level):
    tag_members(people, level[0], at=AT)
    with pytest.raises(Refused, match=r"tag_group\.in_use"):
        delete_group(level[0].group)
    assert delete_tag(level[0]) == 4
    delete_tag(level[1])
    delete_group(level[0].group)


def test_names_of_tags_and_groups_are_taken_once(level):
    with pytest.raises(Refused, match=r"tag\.name_taken"):
        create_tag(level[0].group, "铁粉", at=AT)
    with pytest.raises(Refused, match=r"tag_group\.name_taken"):
        create_group("等级", is_exclusive=False)
    with pytest.raises(Refused, match=r"tag\.name_empty"):
        create_tag(level[0].group, " \x00 ", at=AT)


@pytest.mark.parametrize(
    ("type_", "written", "value"),
    [
        ("text", "  成都  ", "成都"),
        ("number", "1,234", 1234),
        ("number", "1.5", 1.5),
        ("date", "1990-02-03", "1990-02-03"),
        ("boolean", "是", True),
        ("boolean", "no", False),
        ("choice", "女", "女"),
        ("text", "", None),
    ],
)
def test_what_is_written_becomes_a_value_of_the_type(type_, written, value):
    assert read_value(AttributeDefinition(title="x", type=type_, choices=["男", "女"]), written) == value


@pytest.mark.parametrize(
    ("type_", "written"),
    [
        ("number", "abc"),
        ("number", "NaN"),
        ("number", "1e99"),
        ("date", "2月3日"),
        ("boolean", "也许"),
        ("choice", "x"),
    ],
)
def test_what_is_no_value_of_the_type_is_refused(type_, written):
    with pytest.raises(Refused, match=r"attribute\.unreadable"):
        read_value(AttributeDefinition(title="x", type=type_, choices=["男", "女"]), written)


@given(st.sampled_from(["text", "number", "date", "boolean", "choice"]), st.text(max_size=40))
def test_anything_written_is_a_value_or_refused(type_, written):
    try:
        read_value(AttributeDefinition(title="x", type=type_, choices=["男"]), written)
    except Refused as refusal:
        assert refusal.code == "attribute.unreadable"  # noqa: PT017 - both outcomes are right


def test_an_attribute_of_a_merged_record_shows_until_another_is_written(people):
    city = define_attribute("城市")
    first, second = people[:2]
    set_attribute(first, city, "成都")
    merge_members(first, second, at=AT)

    def known() -> dict:
        return queries.attributes_of([*Member.objects.filter(id=second), *Member.objects.filter(canonical=second)])

    assert known() == {"城市": "成都"}
    set_attribute(second, city, "")
    assert known() == {}
    set_attribute(second, city, "上海")
    assert known() == {"城市": "上海"}


def test_what_is_personal_is_not_in_the_audit_log(people, staff):
    city = define_attribute("城市")
    with audit.acting(staff):
        set_attribute(people[0], city, "秘密之城")
        note = add_note(people[0], "怕黑", at=AT)
        set_needs(people[0], ["social", "practical"])
        delete_note(note)
    assert Member.objects.get(id=people[0]).needs == ["practical", "social"]
    entries = list(AuditEntry.objects.filter(staff=staff))
    assert len(entries) == 4
    assert not any("秘密" in str(entry.changes) or "怕黑" in str(entry.changes) for entry in entries)


def test_a_field_whose_title_is_taken_is_refused(db):
    define_attribute("城市")
    with pytest.raises(Refused, match=r"attribute\.title_taken"):
        define_attribute("城市")
    with pytest.raises(Refused, match=r"attribute\.no_choices"):
        define_attribute("性别", type_="choice", choices=[" "])


def test_a_timeline_pages_through_all_records_newest_first_without_gaps(people, make_community):
    here, there = make_community().id, make_community().id
    facts = [
        Fact(MessageSent(str(n)), AT + timedelta(minutes=n // 3), "t", str(n), people[n % 2], here if n % 5 else there)
        for n in range(60)
    ]
    append(facts)
    merge_members(people[0], people[1], at=AT - timedelta(days=1))
    records = queries.records_of(Member.objects.get(id=people[1]))
    seen, place = [], None
    while page := queries.timeline(records, communities=None, kinds=["message.sent"], after=place, size=7):
        seen += [event.data["text"] for event in page]
        place = queries.Place(page[-1].occurred_at, page[-1].position)
    assert seen == sorted(seen, key=int, reverse=True)
    assert len(seen) == 60
    limited = queries.timeline(records, communities=[there], kinds=["message.sent"], size=99)
    assert {event.community for event in limited} == {there}


@pytest.mark.parametrize(
    ("text", "with_contacts", "found"),
    [
        ("员2", False, True),
        ("成 员2", False, True),
        ("成员２", False, True),
        ("13800138", True, True),
        ("+8613800138000", True, True),
        ("13800138", False, False),
        ("wecom_x", False, True),
        ("不在", False, False),
        ("", False, False),
    ],
)
def test_a_person_is_found_by_part_of_a_name_or_the_beginning_of_an_identity(people, text, with_contacts, found):
    ids = resolve_members(
        [Known("成员2", (("qq", "92"), ("phone", "13800138000"), ("wecom", "wecom_x1")))], community=None, at=AT
    )
    hits = Member.objects.filter(queries.named(text, with_contacts=with_contacts, contact_kinds=CONTACT_KINDS))
    assert (ids[0] in {member.id for member in hits}) == found

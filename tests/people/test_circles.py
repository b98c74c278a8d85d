"""Circles that staff confirm: who is in them through merges and erasures, changes that are undone, and two at once."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections

from liuliang.accounts.models import AuditEntry
from liuliang.kernel.errors import Refused
from liuliang.kernel.models import LoggedEvent
from liuliang.people.circles import (
    add_to_circle,
    change_circle,
    disband_circle,
    form_circle,
    leader_of,
    people_in,
    restore_circle,
    take_from_circle,
)
from liuliang.people.erasure import erase_member
from liuliang.people.merging import merge_members
from liuliang.people.models import Circle, CircleMember, Member, Membership


@pytest.fixture
def group(make_community):
    return make_community()


@pytest.fixture
def people(group, at):
    made = [Member.objects.create(name=f"人{number}", created_at=at) for number in range(6)]
    for each in made:
        Membership.objects.create(member=each, community=group, first_seen_at=at)
    return [each.pk for each in made]


def _refused(code, work, *args, **more):
    with pytest.raises(Refused) as refusal:
        work(*args, **more)
    assert refusal.value.code == code


def test_a_circle_is_formed_of_those_who_are_there_and_told_of(group, people, make_community, at):
    stranger = Member.objects.create(name="外人", created_at=at)
    Membership.objects.create(member=stranger, community=make_community("别的群"), first_seen_at=at)
    made = form_circle(group, name="  手冲组 ", members=[*people[:3], stranger.pk], leader=people[1], at=at)
    assert made.name == "手冲组"
    assert people_in(made) == people[:3]
    assert leader_of(made) == people[1]
    assert LoggedEvent.objects.filter(kind="circle.joined").count() == 3
    entry = AuditEntry.objects.get(action="circle.formed")
    assert (entry.community, entry.changes) == (group.pk, {"members": [0, 3]})


def test_what_makes_no_circle_is_refused(group, people, at):
    _refused("circle.name_empty", form_circle, group, name=" ", members=people, leader=None, at=at)
    _refused("circle.size", form_circle, group, name="独", members=people[:1], leader=None, at=at)
    _refused("circle.leader", form_circle, group, name="三", members=people[:3], leader=people[4], at=at)
    form_circle(group, name="三", members=people[:3], leader=None, at=at)
    _refused("circle.name_taken", form_circle, group, name="三", members=people[3:], leader=None, at=at)
    _refused("circle.known", form_circle, group, name="又三", members=people[:4], leader=None, at=at)
    assert Circle.objects.count() == 1


def test_people_are_added_taken_out_and_put_back(group, people, at):
    made = form_circle(group, name="三", members=people[:3], leader=people[0], at=at)
    later = at + timedelta(hours=1)
    assert add_to_circle(made, people[2:4], at=later) == 1
    take_from_circle(made, people[0], at=later)
    _refused("circle.not_in", take_from_circle, made, people[0], at=later)
    made.refresh_from_db()
    assert leader_of(made) is None
    assert (people_in(made), people_in(made, were=True)) == ([people[1], people[2], people[3]], [people[0]])
    assert add_to_circle(made, [people[0]], at=later + timedelta(hours=1)) == 1
    assert people_in(made, were=True) == []
    assert LoggedEvent.objects.filter(kind="circle.joined", member=people[0]).count() == 2


def test_name_and_leader_change_and_the_leader_is_one_of_them(group, people, at):
    made = form_circle(group, name="三", members=people[:3], leader=None, at=at)
    form_circle(group, name="别", members=people[3:], leader=None, at=at)
    change_circle(made, name="手冲组", leader=people[2])
    made.refresh_from_db()
    assert (made.name, leader_of(made)) == ("手冲组", people[2])
    _refused("circle.leader", change_circle, made, name="手冲组", leader=people[4])
    _refused("circle.name_taken", change_circle, made, name="别", leader=None)
    entry = AuditEntry.objects.get(action="circle.changed")
    assert entry.changes == {"name": ["三", "手冲组"], "leader": None}


def test_a_disbanded_circle_comes_back_with_everybody(group, people, at):
    made = form_circle(group, name="三", members=people[:3], leader=people[0], at=at)
    later = at + timedelta(hours=1)
    disband_circle(made, at=later)
    for work in (disband_circle, lambda circle, at: add_to_circle(circle, people, at=at)):
        _refused("circle.disbanded", work, made, at=later)
    assert LoggedEvent.objects.filter(kind="circle.left").count() == 3
    restore_circle(made, at=later + timedelta(hours=1))
    _refused("circle.standing", restore_circle, made, at=later)
    assert people_in(made) == people[:3]
    disband_circle(made, at=later + timedelta(hours=2))
    form_circle(group, name="三", members=people[:3], leader=None, at=later)
    _refused("circle.name_taken", restore_circle, made, at=later + timedelta(hours=3))
    assert AuditEntry.objects.filter(action__in=("circle.disbanded", "circle.restored")).count() == 3


def test_a_disbanded_circle_does_not_come_back_beside_one_of_the_same_people(group, people, at):
    made = form_circle(group, name="三", members=people[:3], leader=None, at=at)
    disband_circle(made, at=at + timedelta(hours=1))
    form_circle(group, name="新三", members=people[:3], leader=None, at=at + timedelta(hours=2))
    _refused("circle.known", restore_circle, made, at=at + timedelta(hours=3))


@pytest.mark.django_db(transaction=True)
def test_merged_people_are_one_in_a_circle_and_erased_ones_are_gone(group, people, at):
    made = form_circle(group, name="四", members=people[:4], leader=people[0], at=at)
    merge_members(people[0], people[1], at=at)
    made.refresh_from_db()
    assert people_in(made) == [people[1], people[2], people[3]]
    assert leader_of(made) == people[1]
    take_from_circle(made, people[1], at=at + timedelta(hours=1))
    assert people_in(made) == people[2:4]
    erase_member(people[2], at=at + timedelta(hours=2))
    assert people_in(made) == [people[3]]
    assert not CircleMember.objects.filter(member=people[2]).exists()
    change_circle(made, name="四", leader=people[3])
    erase_member(people[3], at=at + timedelta(hours=3))
    made.refresh_from_db()
    assert (leader_of(made), people_in(made)) == (None, [])


@pytest.mark.django_db(transaction=True)
def test_many_who_confirm_the_same_circle_at_once_make_one(group, people, at):
    outcomes = []

    def work(number):
        try:
            form_circle(group, name=f"第{number}个", members=people, leader=people[0], at=at)
            outcomes.append("made")
        except Refused as refusal:
            outcomes.append(refusal.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=[number]) for number in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(outcomes) == ["circle.known"] * 5 + ["made"]
    assert Circle.objects.count() == 1
    assert CircleMember.objects.count() == len(people)


@pytest.mark.django_db(transaction=True)
def test_somebody_taken_out_by_two_at_once_is_taken_out_once(group, people, at):
    made = form_circle(group, name="六", members=people, leader=people[0], at=at)
    outcomes = []

    def work():
        try:
            take_from_circle(made, people[0], at=at)
            outcomes.append("taken")
        except Refused as refusal:
            outcomes.append(refusal.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(outcomes) == ["circle.not_in"] * 3 + ["taken"]
    assert LoggedEvent.objects.filter(kind="circle.left").count() == 1

"""The first owner, further ones, and handing over."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.db import connection

from liuliang.accounts.models import AuditEntry, Staff
from liuliang.accounts.services import owners
from liuliang.kernel import clock
from liuliang.kernel.errors import Refused

PASSWORD = "a long enough pass phrase"


def first(token: str, email: str = "Owner@Example.com") -> Staff:
    return owners.create_first_owner(token, email=email, name="  王  经理 ", password=PASSWORD)


def test_the_holder_of_the_link_becomes_the_first_owner_and_it_is_recorded(db: None) -> None:
    staff = first(owners.setup_token())
    assert (staff.email, staff.name, staff.is_owner) == ("owner@example.com", "王 经理", True)
    assert staff.password.startswith("argon2")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.staff) == ("owner.first", staff)


def test_without_the_link_there_is_no_first_owner(db: None) -> None:
    for token in ("", "guess", owners.setup_token() + "x"):
        with pytest.raises(Refused, match=r"setup\.link_invalid"):
            first(token)
    assert not Staff.objects.exists()


def test_an_old_link_has_ended(db: None) -> None:
    with time_machine.travel(clock.now() - owners.SETUP_VALID - timedelta(minutes=1)):
        token = owners.setup_token()
    with pytest.raises(Refused, match=r"setup\.link_invalid"):
        first(token)


def test_once_there_is_staff_the_link_is_worth_nothing(make_staff: Callable[..., Staff]) -> None:
    token = owners.setup_token()
    make_staff(is_active=False)
    with pytest.raises(Refused, match=r"setup\.done"):
        first(token)


def test_a_weak_password_is_refused_and_makes_nobody(db: None) -> None:
    with pytest.raises(Refused, match=r"password\.weak"):
        owners.create_first_owner(owners.setup_token(), email="o@example.com", name="O", password="1234567890")
    assert not Staff.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_who_try_at_once_one_becomes_the_first_owner() -> None:
    token = owners.setup_token()
    answers: list[str] = []

    def attempt(number: int) -> None:
        try:
            first(token, f"person{number}@example.com")
            answers.append("owner")
        except Refused as refusal:
            answers.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["owner"] + ["setup.done"] * 7
    assert Staff.objects.count() == 1


def test_ownership_is_handed_over_by_adding_and_then_leaving(make_staff: Callable[..., Staff]) -> None:
    old, new = make_staff("old@example.com", is_owner=True), make_staff("new@example.com")
    with pytest.raises(Refused, match=r"owner\.last"):
        owners.remove_owner(old, old)
    owners.add_owner(old, new)
    owners.remove_owner(old, old)
    assert list(Staff.objects.filter(is_owner=True)) == [new]
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == ["owner.added", "owner.removed"]


def test_a_deactivated_owner_does_not_count_as_the_one_who_stays(make_staff: Callable[..., Staff]) -> None:
    owner = make_staff("owner@example.com", is_owner=True)
    make_staff("gone@example.com", is_owner=True, is_active=False)
    with pytest.raises(Refused, match=r"owner\.last"):
        owners.remove_owner(owner, owner)


def test_only_owners_make_owners_and_only_of_people_who_have_joined(make_staff: Callable[..., Staff]) -> None:
    owner, other = make_staff("owner@example.com", is_owner=True), make_staff("other@example.com")
    with pytest.raises(Refused, match=r"owner\.only_owners"):
        owners.add_owner(other, other)
    with pytest.raises(Refused, match=r"owner\.only_owners"):
        owners.remove_owner(other, owner)
    with pytest.raises(Refused, match=r"staff\.not_joined"):
        owners.add_owner(owner, make_staff("invited@example.com", password=None))
    with pytest.raises(Refused, match=r"staff\.not_active"):
        owners.add_owner(owner, make_staff("gone@example.com", is_active=False))


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_leave_at_once_do_not_leave_none(make_staff: Callable[..., Staff]) -> None:
    pair = [make_staff(f"owner{number}@example.com", is_owner=True) for number in range(2)]
    answers: list[str] = []

    def leave(staff: Staff) -> None:
        try:
            owners.remove_owner(staff, staff)
            answers.append("left")
        except Refused as refusal:
            answers.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=leave, args=(staff,)) for staff in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["left", "owner.last"]
    assert Staff.objects.filter(is_owner=True).count() == 1
